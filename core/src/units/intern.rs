//! Interned strings: each distinct text once, named by a small number.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::visible;
use super::texts::Texts;

/// The number of an interned string. Compare for equality only; order follows first appearance, not the alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sym(pub u32);

impl Sym {
    /// The empty string, which every [`Interner`] holds first.
    pub const EMPTY: Sym = Sym(0);
}

/// A set of strings that hands out a [`Sym`] for each. What it holds is harmless wherever it is shown: what could move a cursor or turn the
/// reading order round is written out, by [`visible`], when it comes in and when it is looked up. No name or label that Kubernetes accepts has any. Cloning shares the table until one of the copies grows.
///
/// ```
/// use wavetank_core::units::intern::Interner;
/// let mut names = Interner::default();
/// let zone = names.intern("zone-a");
/// assert_eq!(names.intern("zone-a"), zone);
/// assert_eq!(names.text(zone), "zone-a");
/// assert_eq!(names.get("zone-b"), None);
/// let odd = names.intern("a\u{202e}b");
/// assert_eq!((names.text(odd), names.get("a\u{202e}b")), (r"a\u{202e}b", Some(odd)));
/// ```
#[derive(Clone, Debug)]
pub struct Interner(Arc<Texts>);

impl Default for Interner {
    fn default() -> Self {
        let mut interner = Interner(Arc::default());
        interner.intern("");
        interner
    }
}

impl Interner {
    /// The number of `text`, given out now if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        let text = visible(text);
        match self.0.find(&text) {
            Some(known) => Sym(known),
            None => Sym(Arc::make_mut(&mut self.0).add(&text)),
        }
    }

    /// The number of `text` if it has one.
    pub fn get(&self, text: &str) -> Option<Sym> {
        self.0.find(&visible(text)).map(Sym)
    }

    /// The text of a number; empty for one that this interner did not give out.
    pub fn text(&self, sym: Sym) -> &str {
        self.0.get(sym.0)
    }

    /// How many distinct strings are held.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true: the empty string is always held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

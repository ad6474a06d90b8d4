//! Distinct texts, each kept once and named by its number, in one long string: hundreds of thousands of them cost little more than their bytes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// Texts by number, and numbers by text.
///
/// ```
/// use wavetank_core::units::texts::Texts;
/// let mut texts = Texts::default();
/// assert_eq!((texts.add("web"), texts.add("api"), texts.add("web")), (0, 1, 0));
/// assert_eq!((texts.get(1), texts.find("api"), texts.find("db")), ("api", Some(1), None));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// All of them, one after the other.
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// The number of the text with this hash; one that finds its place taken by another text has the next that is free. Looked up by key only,
    /// never walked.
    numbers: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
}

/// The hasher of what is a hash already.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Texts {
    /// The number of a text, given out now if it is new; numbers follow each other from zero.
    pub fn add(&mut self, text: &str) -> u32 {
        let free = match self.look_up(text) {
            Ok(known) => return known,
            Err(free) => free,
        };
        // 2^32 distinct texts do not fit into the memory limits of reading and running.
        let number = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.numbers.insert(free, number);
        number
    }

    /// The number of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.look_up(text).ok()
    }

    /// The text of a number; empty for one that was not given out.
    pub fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { Some(0) } else { self.ends.get(number - 1).copied() };
        start.zip(self.ends.get(number)).and_then(|(start, &end)| self.text.get(start..end)).unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.get(number as u32))
    }

    /// The number of a text, or the free place that it would take.
    fn look_up(&self, text: &str) -> Result<u32, u64> {
        // A keyed hash that nobody finds many collisions of: the texts are the user's.
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let mut place = hasher.finish();
        loop {
            match self.numbers.get(&place) {
                None => return Err(place),
                Some(&number) if self.get(number) == text => return Ok(number),
                Some(_) => place = place.wrapping_add(1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_one_number_and_is_found_by_it() {
        let mut texts = Texts::default();
        let all: Vec<String> = (0..10_000).map(|nth| format!("pod-{}-ä", nth % 5_000)).collect();
        for text in &all {
            let number = texts.add(text);
            assert_eq!((texts.get(number), texts.find(text)), (text.as_str(), Some(number)));
        }
        assert_eq!(texts.len(), 5_000);
        assert!(texts.iter().eq(all[..5_000].iter().map(String::as_str)));
        assert_eq!((texts.find("pod"), texts.find(""), texts.get(5_000)), (None, None, ""));
        assert_eq!(texts.add(""), 5_000);
        assert_eq!((texts.find(""), texts.get(5_000)), (Some(5_000), ""));
        let fork = texts.clone();
        texts.add("only here");
        assert_eq!((fork.find("only here"), fork.len() + 1), (None, texts.len()));
    }
}

//! Light and dark: as the system has it, unless the user says otherwise.

use super::dom;

/// The colour scheme in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

const KEY: &str = "wavetank-scheme";

impl Scheme {
    /// What the user chose last, or what the system has.
    pub(crate) fn first() -> Scheme {
        let kept = dom::window().local_storage().ok().flatten().and_then(|storage| storage.get_item(KEY).ok().flatten());
        match kept.as_deref() {
            Some("dark") => Scheme::Dark,
            Some("light") => Scheme::Light,
            _ => Scheme::of_system(),
        }
    }

    /// What the system has.
    pub(crate) fn of_system() -> Scheme {
        if dom::matches("(prefers-color-scheme: dark)") { Scheme::Dark } else { Scheme::Light }
    }

    /// Whether it is the dark one.
    pub(crate) fn dark(self) -> bool {
        self == Scheme::Dark
    }

    /// The other one.
    pub(crate) fn next(self) -> Scheme {
        if self.dark() { Scheme::Light } else { Scheme::Dark }
    }

    /// What a button that leads to it says.
    pub(crate) fn label(self) -> &'static str {
        if self.dark() { "Dark colours" } else { "Light colours" }
    }

    fn name(self) -> &'static str {
        if self.dark() { "dark" } else { "light" }
    }

    /// Puts it in force; a choice that differs from the system's is kept.
    pub(crate) fn apply(self) {
        if let Some(root) = dom::document().document_element() {
            let _ = root.set_attribute("data-scheme", self.name());
        }
        if let Ok(Some(storage)) = dom::window().local_storage() {
            let _ = if self == Scheme::of_system() { storage.remove_item(KEY) } else { storage.set_item(KEY, self.name()) };
        }
    }
}

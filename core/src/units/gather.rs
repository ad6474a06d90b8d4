//! Collecting into maps and sets where programs have to be small: `collect` sorts first, with a sort of its own for every type.

/// A `collect` that puts one item in after the other.
///
/// ```
/// use std::collections::BTreeSet;
/// use wavetank_core::units::gather::Gather;
/// let letters: BTreeSet<char> = "banana".chars().gather();
/// assert_eq!(letters.len(), 3);
/// ```
pub trait Gather: Iterator + Sized {
    /// As `collect`.
    fn gather<C: Default + Extend<Self::Item>>(self) -> C {
        let mut all = C::default();
        all.extend(self);
        all
    }
}

impl<I: Iterator> Gather for I {}

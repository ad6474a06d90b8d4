//! The only source of chance: ChaCha with eight rounds, seeded by a number and a purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of pseudo-random numbers, the same on every target for the same seed and purpose.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream for `seed` and `purpose`. Each part of the engine that needs chance has its own purpose, so that one
    /// drawing more does not shift the draws of another.
    pub fn new(seed: u64, purpose: &str) -> Chance {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Chance(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// A number in `0..bound`; 0 if `bound` is 0. The bias of the modulo is below 2^-32 for bounds below 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.next_u64() % bound }
    }

    /// Puts `items` into a random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let pick = self.below(last as u64 + 1) as usize;
            items.swap(last, pick);
        }
    }
}

/// The orders that Kubernetes leaves open - by races, by walks over maps, by random names - and that a seed decides. Seed 0 leaves everything
/// in the order at hand, which is one of those that are possible: what it gives is reproducible without a draw.
///
/// A draw hangs on nothing but the seed, its purpose and what it is about (a pod, a moment): none shifts another, and a fork draws
/// what its origin would have drawn.
///
/// ```
/// use wavetank_core::units::rng::Orders;
/// let mut names = ["a", "b", "c"];
/// Orders::of(0).shuffle("example", &[], &mut names);
/// assert_eq!(names, ["a", "b", "c"]);
/// assert_eq!(Orders::of(7).below("example", &[1], 5), Orders::of(7).below("example", &[1], 5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders(u64);

impl Orders {
    /// Those of a seed.
    pub const fn of(seed: u64) -> Orders {
        Orders(seed)
    }

    /// Whether everything stays in the order at hand.
    pub const fn are_given(self) -> bool {
        self.0 == 0
    }

    /// A number in `0..bound` for a purpose and what it is about; 0 where the orders are given.
    pub fn below(self, purpose: &str, about: &[u64], bound: u64) -> u64 {
        if self.are_given() { 0 } else { self.chance(purpose, about).below(bound) }
    }

    /// What ranks one among equals, as a random name would; 0 for all where the orders are given.
    pub fn rank(self, purpose: &str, about: &[u64]) -> u64 {
        if self.are_given() { 0 } else { self.chance(purpose, about).0.next_u64() }
    }

    /// Puts `items` into another order, unless the orders are given.
    pub fn shuffle<T>(self, purpose: &str, about: &[u64], items: &mut [T]) {
        if !self.are_given() {
            self.chance(purpose, about).shuffle(items);
        }
    }

    fn chance(self, purpose: &str, about: &[u64]) -> Chance {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.to_le_bytes());
        about.iter().for_each(|number| {
            hasher.update(&number.to_le_bytes());
        });
        hasher.update(purpose.as_bytes());
        Chance(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_zero_leaves_the_order_at_hand_and_others_make_every_order() {
        let order = |seed| {
            let mut items = [0, 1, 2];
            Orders::of(seed).shuffle("order", &[], &mut items);
            items
        };
        assert_eq!(order(0), [0, 1, 2]);
        assert_eq!((1..100).map(order).collect::<std::collections::BTreeSet<_>>().len(), 6);
        assert_eq!((Orders::of(0).rank("r", &[3]), Orders::of(0).below("r", &[3], 9)), (0, 0));
        assert_ne!(Orders::of(1).rank("r", &[3]), Orders::of(1).rank("r", &[4]));
        assert_ne!(Orders::of(1).rank("r", &[3]), Orders::of(1).rank("s", &[3]));
    }

    #[test]
    fn seed_and_purpose_decide_the_stream() {
        let draw = |seed, purpose: &str| {
            let mut chance = Chance::new(seed, purpose);
            (0..4).map(|_| chance.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, "ties"), draw(1, "ties"));
        assert_ne!(draw(1, "ties"), draw(2, "ties"));
        assert_ne!(draw(1, "ties"), draw(1, "kubelet"));
    }
}

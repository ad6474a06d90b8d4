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

#[cfg(test)]
mod tests {
    use super::*;

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

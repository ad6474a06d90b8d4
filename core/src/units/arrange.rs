//! Sorting where programs have to be small: the standard library's sort is made anew for every type, some 6 KB each time, and a hundred of them
//! were a tenth of the worker's program. Here one of them arranges numbers, and the things follow.

use std::cmp::Ordering;

/// Sorts that exist once. As stable as the standard library's, a little slower: not for what happens at every event.
///
/// ```
/// use wavetank_core::units::arrange::Arrange;
/// let mut words = ["three", "one", "two"];
/// words.arrange_by_key(|word| word.len());
/// assert_eq!(words, ["one", "two", "three"]);
/// ```
pub trait Arrange<T> {
    /// As `sort`.
    fn arrange(&mut self)
    where
        T: Ord;
    /// As `sort_by`.
    fn arrange_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);
    /// As `sort_by_key`.
    fn arrange_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K);
}

impl<T> Arrange<T> for [T] {
    fn arrange(&mut self)
    where
        T: Ord,
    {
        self.arrange_by(T::cmp);
    }

    fn arrange_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let mut order = order(self.len(), &|one, other| compare(&self[one], &self[other]));
        follow(&mut order, &mut |one, other| self.swap(one, other));
    }

    fn arrange_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.arrange_by(|one, other| key(one).cmp(&key(other)));
    }
}

/// For each place the number of what belongs there.
fn order(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|&one, &other| compare(one, other));
    order
}

/// Moves everything to its place, round after round of what follows each other.
fn follow(order: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for first in 0..order.len() {
        let mut place = first;
        loop {
            let next = std::mem::replace(&mut order[place], place);
            if next == first || next == place {
                break;
            }
            swap(place, next);
            place = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::rng::Chance;

    #[test]
    fn it_is_the_standard_order() {
        let mut draws = Chance::new(7, "lists");
        for len in 0..200 {
            let list: Vec<(u64, usize)> = (0..len).map(|nth| (draws.below(12), nth)).collect();
            let (mut ours, mut standard) = (list.clone(), list.clone());
            ours.arrange_by_key(|of| of.0);
            standard.sort_by_key(|of| of.0);
            assert_eq!(ours, standard, "equal ones keep their order");
            ours.arrange_by(|one, other| other.cmp(one));
            assert!(ours.is_sorted_by(|one, other| one >= other));
            ours.arrange();
            assert!(ours.is_sorted());
        }
    }
}

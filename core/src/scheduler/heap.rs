//! Go's `container/heap` over pods, so that pods that compare equal leave in the order in which they leave kube-scheduler's queue.

use crate::cluster::ids::PodId;
use crate::units::grow;

/// The place of a pod that is not there.
const ABSENT: u32 = u32::MAX;

/// A binary heap of pods with a key each.
#[derive(Clone, Debug)]
pub(super) struct PodHeap<K> {
    items: Vec<(PodId, K)>,
    // Where each pod is, by pod.
    places: Vec<u32>,
    before: fn(&K, &K) -> bool,
}

impl<K: Copy> PodHeap<K> {
    /// An empty heap whose root comes before all others.
    pub(super) fn new(before: fn(&K, &K) -> bool) -> PodHeap<K> {
        PodHeap { items: Vec::new(), places: Vec::new(), before }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn peek(&self) -> Option<(PodId, K)> {
        self.items.first().copied()
    }

    /// Gives back the room of pods that have left.
    pub(super) fn give_back(&mut self) {
        self.items.shrink_to_fit();
    }

    fn place(&self, pod: PodId) -> Option<usize> {
        self.places.get(pod.index()).filter(|&&place| place != ABSENT).map(|&place| place as usize)
    }

    /// Adds a pod, or gives one that is there another key.
    pub(super) fn push(&mut self, pod: PodId, key: K) {
        if let Some(place) = self.place(pod) {
            self.items[place].1 = key;
            self.fix(place);
            return;
        }
        *grow::at(&mut self.places, pod.index(), || ABSENT) = self.items.len() as u32;
        self.items.push((pod, key));
        self.up(self.items.len() - 1);
    }

    pub(super) fn pop(&mut self) -> Option<(PodId, K)> {
        let last = self.items.len().checked_sub(1)?;
        self.swap(0, last);
        self.down(0, last);
        self.take_last()
    }

    pub(super) fn remove(&mut self, pod: PodId) -> bool {
        let Some(place) = self.place(pod) else { return false };
        let last = self.items.len() - 1;
        if place != last {
            self.swap(place, last);
            if !self.down(place, last) {
                self.up(place);
            }
        }
        self.take_last();
        true
    }

    fn take_last(&mut self) -> Option<(PodId, K)> {
        let item = self.items.pop()?;
        self.places[item.0.index()] = ABSENT;
        Some(item)
    }

    fn fix(&mut self, place: usize) {
        if !self.down(place, self.items.len()) {
            self.up(place);
        }
    }

    fn less(&self, a: usize, b: usize) -> bool {
        (self.before)(&self.items[a].1, &self.items[b].1)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.items.swap(a, b);
        self.places[self.items[a].0.index()] = a as u32;
        self.places[self.items[b].0.index()] = b as u32;
    }

    fn up(&mut self, mut child: usize) {
        while child > 0 {
            let parent = (child - 1) / 2;
            if !self.less(child, parent) {
                return;
            }
            self.swap(parent, child);
            child = parent;
        }
    }

    fn down(&mut self, start: usize, len: usize) -> bool {
        let mut root = start;
        loop {
            let left = 2 * root + 1;
            if left >= len {
                break;
            }
            let child = if left + 1 < len && self.less(left + 1, left) { left + 1 } else { left };
            if !self.less(child, root) {
                break;
            }
            self.swap(root, child);
            root = child;
        }
        root > start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_leave_by_key() {
        let mut heap: PodHeap<i32> = PodHeap::new(|a, b| a < b);
        for (pod, key) in [(1, 5), (2, 3), (3, 9), (4, 1), (5, 4)] {
            heap.push(PodId(pod), key);
        }
        heap.push(PodId(3), 0);
        assert!(heap.remove(PodId(2)) && !heap.remove(PodId(2)));
        let order: Vec<u32> = std::iter::from_fn(|| heap.pop()).map(|item| item.0.0).collect();
        assert_eq!(order, [3, 4, 5, 1]);
    }

    #[test]
    fn equal_pods_leave_by_heap_shape() {
        let mut heap: PodHeap<()> = PodHeap::new(|_, _| false);
        (0..5).for_each(|pod| heap.push(PodId(pod), ()));
        let order: Vec<u32> = std::iter::from_fn(|| heap.pop()).map(|item| item.0.0).collect();
        assert_eq!(order, [0, 4, 3, 2, 1], "the last takes the root's place");
    }
}

//! How many nodes are looked at, and which of the best is taken (`pkg/scheduler/schedule_one.go`, `framework/sorted_nodes.go`, v1.37).

use crate::cluster::ids::PodId;
use crate::units::rng::Orders;
use crate::units::time::Time;

/// Below this many nodes, all are looked at.
const MIN_FEASIBLE_NODES: i64 = 100;

/// After how many feasible nodes the search ends: `numFeasibleNodesToFind` with the profile's percentage, else the global one,
/// else the adaptive one.
pub fn feasible_nodes_to_find(nodes: usize, of_profile: Option<i64>, global: i64) -> usize {
    let nodes = nodes as i64;
    if nodes < MIN_FEASIBLE_NODES {
        return nodes as usize;
    }
    let percentage = match of_profile.unwrap_or(global) {
        0 => (50 - nodes / 125).max(5),
        given => given,
    };
    (nodes * percentage / 100).clamp(MIN_FEASIBLE_NODES, nodes.max(MIN_FEASIBLE_NODES)) as usize
}

/// The place of the node that is taken: the root of the binary heap that `container/heap.Init` makes of the totals, which is
/// the first maximum in pre-order of the implicit tree.
///
/// ```
/// use wavetank_core::scheduler::selection::heap_root;
/// assert_eq!(heap_root(&[5, 9, 7, 9, 9]), Some(1));
/// assert_eq!(heap_root(&[1, 2, 3, 3, 3]), Some(3));
/// assert_eq!(heap_root::<i64>(&[]), None);
/// ```
pub fn heap_root<T: Ord + Copy>(totals: &[T]) -> Option<usize> {
    let max = totals.iter().fold(*totals.first()?, |max, &total| max.max(total));
    // Where many are equal, the walk meets one of them soon.
    let mut place = 0;
    for _ in 0..MAX_WALK {
        if totals[place] == max {
            return Some(place);
        }
        match next_in_preorder(place, totals.len()) {
            Some(next) => place = next,
            None => return None,
        }
    }
    // Where few are, they are compared, and stretches without one are passed over.
    let mut best: Option<((u32, u32), usize)> = None;
    for (stretch, some) in totals.chunks(STRETCH).enumerate() {
        if some.iter().fold(false, |any, &total| any | (total == max)) {
            for (i, _) in some.iter().enumerate().filter(|t| *t.1 == max) {
                let place = stretch * STRETCH + i;
                let rank = preorder_rank(place);
                if best.is_none_or(|(least, _)| rank < least) {
                    best = Some((rank, place));
                }
            }
        }
    }
    best.map(|(_, place)| place)
}

/// The place of the node that is taken for a pod. Sixteen workers look at nodes at once, so that the order in which feasible ones come into
/// the heap, and with it which of the best is its root, is a race (`schedule_one.go` findNodesThatPassFilters): a seed takes any of them.
pub fn taken<T: Ord + Copy>(orders: Orders, pod: PodId, now: Time, totals: &[T]) -> usize {
    let root = heap_root(totals).unwrap_or(0);
    if orders.are_given() {
        return root;
    }
    let Some(&best) = totals.get(root) else { return root };
    let equals = || totals.iter().enumerate().filter(|(_, total)| **total == best).map(|(place, _)| place);
    let pick = orders.below("equal scores", &[u64::from(pod.0), now.millis().unsigned_abs()], equals().count() as u64);
    equals().nth(pick as usize).unwrap_or(root)
}

/// Nodes that are looked at together.
const STRETCH: usize = 32;

/// Nodes of the implicit tree that are walked before all that are equal are compared.
const MAX_WALK: usize = 16;

/// The node of an implicit tree of `len` nodes that follows `at` in pre-order.
fn next_in_preorder(at: usize, len: usize) -> Option<usize> {
    if 2 * at + 1 < len {
        return Some(2 * at + 1);
    }
    let mut at = at;
    loop {
        // A left child has an odd number.
        if at % 2 == 1 && at + 1 < len {
            return Some(at + 1);
        }
        at = at.checked_sub(1)? / 2;
    }
}

/// What orders the nodes of an implicit tree as pre-order does. The path to a node is read off its number: made equally long, paths are
/// ordered as the nodes are, and of those that become equal the shortest, which is the ancestor's, comes first.
fn preorder_rank(place: usize) -> (u32, u32) {
    let number = place as u32 + 1;
    let depth = number.ilog2();
    (number << (31 - depth), depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adaptive_percentages() {
        let table = [
            (99, 99),
            (100, 100),
            (200, 100),
            (250, 120),
            (500, 230),
            (1000, 420),
            (1500, 570),
            (2000, 680),
            (3000, 780),
            (5000, 500),
            (6000, 300),
            (10000, 500),
            (15000, 750),
        ];
        for (nodes, expected) in table {
            assert_eq!(feasible_nodes_to_find(nodes, None, 0), expected, "{nodes} nodes");
        }
        assert_eq!(feasible_nodes_to_find(1000, Some(100), 0), 1000);
        assert_eq!(feasible_nodes_to_find(1000, Some(0), 70), 420, "a profile's zero is adaptive, too");
    }

    #[test]
    fn the_root_is_what_heap_init_leaves_there() {
        let simulate = |totals: &[i64]| {
            let mut heap: Vec<usize> = (0..totals.len()).collect();
            for start in (0..totals.len() / 2).rev() {
                let mut i = start;
                loop {
                    let left = 2 * i + 1;
                    if left >= heap.len() {
                        break;
                    }
                    let right = left + 1;
                    let child = if right < heap.len() && totals[heap[right]] > totals[heap[left]] { right } else { left };
                    if totals[heap[child]] <= totals[heap[i]] {
                        break;
                    }
                    heap.swap(i, child);
                    i = child;
                }
            }
            heap.first().copied()
        };
        let mut seed = 1u64;
        for len in 0..40 {
            for _ in 0..50 {
                let totals: Vec<i64> = (0..len)
                    .map(|_| {
                        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        (seed >> 33) as i64 % 4
                    })
                    .collect();
                assert_eq!(heap_root(&totals), simulate(&totals), "{totals:?}");
            }
        }
        for len in [300, 511, 512, 513] {
            for best in 0..len {
                let mut totals = vec![0; len];
                (totals[best], totals[len - 1 - best / 2]) = (1, 1);
                assert_eq!(heap_root(&totals), simulate(&totals), "{len} nodes, {best}");
            }
        }
    }
}

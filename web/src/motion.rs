//! What moved between two moments, so that an eye can follow it: pods that went elsewhere, and pods that took the place of others. Pure comparison.

use std::collections::BTreeMap;

use crate::frame::Frame;
use wavetank_core::trace::PodState;

/// Where a pod comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its own place before.
    Own,
    /// The place of a pod of its workload that was lost at the same time.
    Of(u32),
    /// Nowhere: it is new.
    New,
}

/// A pod that is drawn elsewhere than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The pod.
    pub pod: u32,
    /// Where it comes from.
    pub origin: Origin,
}

/// The pods that are on another node or newly there, in order; none where more than `most` are: nobody follows so many with an eye.
pub fn moved(before: &Frame, after: &Frame, workload_of: impl Fn(usize) -> Option<usize>, most: usize) -> Option<Vec<Moved>> {
    let gone = |pod: usize| {
        let (was, is) = (before.look(pod), after.look(pod));
        let counted = matches!(was, PodState::Ready | PodState::Unready | PodState::Starting);
        counted && matches!(is, PodState::Terminating | PodState::Failed | PodState::Absent)
    };
    let mut moved = Vec::new();
    let mut lost: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (number, is) in after.pods.iter().enumerate() {
        let was = before.pods.get(number).copied().unwrap_or_default();
        if was == *is {
            continue;
        }
        if gone(number)
            && let Some(workload) = workload_of(number)
        {
            lost.entry(workload).or_default().push(number as u32);
        }
        if is.present() && was.present() && was.node() != is.node() {
            moved.push(Moved { pod: number as u32, origin: Origin::Own });
        } else if is.present() && !was.present() {
            moved.push(Moved { pod: number as u32, origin: Origin::New });
        }
        if moved.len() > most {
            return None;
        }
    }
    // Only forwards does one pod take the place of another: the first lost is replaced first.
    if after.at_ms >= before.at_ms {
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        for of in moved.iter_mut().filter(|of| of.origin == Origin::New) {
            let Some(workload) = workload_of(of.pod as usize) else { continue };
            let next = taken.entry(workload).or_default();
            if let Some(&pod) = lost.get(&workload).and_then(|lost| lost.get(*next)) {
                of.origin = Origin::Of(pod);
                *next += 1;
            }
        }
    }
    Some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{NodeLook, PodLook};

    fn frame(at_ms: i64, pods: &[(Option<u32>, PodState)]) -> Frame {
        Frame {
            at_ms,
            nodes: vec![NodeLook::default(); 3],
            pods: pods.iter().map(|&(node, state)| PodLook::new(node, state)).collect(),
            ..Frame::default()
        }
    }

    #[test]
    fn a_replacement_comes_from_the_pod_that_it_replaces() {
        use PodState::*;
        let before = frame(0, &[(Some(0), Ready), (Some(0), Ready), (Some(1), Ready), (None, Absent), (None, Absent), (None, Pending)]);
        let after = frame(
            9,
            &[(Some(0), Terminating), (Some(0), Terminating), (Some(1), Ready), (Some(2), Starting), (None, Pending), (Some(1), Starting)],
        );
        let of = |pod: usize| Some([1, 2, 1, 1, 2, 3][pod]);
        let moved_all = moved(&before, &after, of, 10).unwrap();
        let origins: Vec<_> = moved_all.iter().map(|of| (of.pod, of.origin)).collect();
        assert_eq!(origins, [(3, Origin::Of(0)), (4, Origin::Of(1)), (5, Origin::Own)]);
        assert_eq!(moved(&before, &after, of, 2), None, "too many to follow");
        let back = moved(&after, &before, of, 10).unwrap();
        assert_eq!(back.iter().map(|of| (of.pod, of.origin)).collect::<Vec<_>>(), [(5, Origin::Own)], "backwards nothing is replaced");
        assert_eq!(moved(&after, &after, of, 10), Some(Vec::new()));
    }
}

//! Which pods are on which node at a moment, and the rows of a table of all of them. Counting; it draws nothing.

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

use crate::frame::{Frame, PodLook};

/// Which pods are on which node, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    frame: Rc<Frame>,
    /// Made when somebody asks: where a node is one tile nobody does.
    by_node: OnceCell<ByNode>,
    /// Pods that wait outside of any node.
    pub waiting: Vec<u32>,
}

/// The pods of all nodes one after the other, and where those of each node begin; at the end, where the last ones end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ByNode {
    starts: Vec<u32>,
    pods: Vec<u32>,
}

impl ByNode {
    /// One pass to count, one to place.
    fn of(frame: &Frame) -> ByNode {
        let all = frame.nodes.len();
        let places = || frame.pods.iter().enumerate().filter_map(|(pod, look)| Some((pod, on_node(*look, all)?)));
        let mut starts = vec![0u32; all + 1];
        places().for_each(|(_, node)| starts[node + 1] += 1);
        for node in 1..starts.len() {
            starts[node] += starts[node - 1];
        }
        let mut next = starts.clone();
        let mut pods = vec![0; starts.last().map_or(0, |&end| end as usize)];
        for (pod, node) in places() {
            pods[next[node] as usize] = pod as u32;
            next[node] += 1;
        }
        ByNode { starts, pods }
    }
}

/// The node of a pod that is there, if it is one of so many.
fn on_node(look: PodLook, all: usize) -> Option<usize> {
    look.node().map(|node| node as usize).filter(|&node| look.present() && node < all)
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A node.
    Node(usize),
    /// A pod, below its node.
    Pod(usize),
    /// A pod without a node: before all nodes.
    Waiting(usize),
}

impl Crowd {
    /// The pods of a frame.
    pub fn of(frame: &Rc<Frame>) -> Crowd {
        let all = frame.nodes.len();
        let waits = |look: &PodLook| look.present() && on_node(*look, all).is_none();
        let waiting = frame.pods.iter().enumerate().filter(|(_, look)| waits(look)).map(|(pod, _)| pod as u32).collect();
        Crowd { frame: frame.clone(), by_node: OnceCell::new(), waiting }
    }

    fn by_node(&self) -> &ByNode {
        self.by_node.get_or_init(|| ByNode::of(&self.frame))
    }

    /// The pods of a node.
    pub fn on(&self, node: usize) -> &[u32] {
        let ByNode { starts, pods } = self.by_node();
        match (starts.get(node), starts.get(node + 1)) {
            (Some(&from), Some(&to)) => &pods[from as usize..to as usize],
            _ => &[],
        }
    }

    /// How many rows a table of everything has.
    pub fn rows(&self) -> usize {
        self.waiting.len() + self.frame.nodes.len() + self.by_node().pods.len()
    }

    /// One row of it: pods that wait, then each node with its pods below it. Found without making the rows before it.
    pub fn row(&self, nth: usize) -> Option<Row> {
        let Some(at) = nth.checked_sub(self.waiting.len()) else { return Some(Row::Waiting(self.waiting[nth] as usize)) };
        if nth >= self.rows() {
            return None;
        }
        // The row of a node is its number and the pods before it.
        let ByNode { starts, pods } = self.by_node();
        let (mut low, mut high) = (0, starts.len() - 1);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if starts[middle] as usize + middle <= at { low = middle } else { high = middle }
        }
        let first = starts[low] as usize + low;
        Some(if at == first { Row::Node(low) } else { Row::Pod(pods[starts[low] as usize + at - first - 1] as usize) })
    }

    /// The row of a node.
    pub fn row_of(&self, node: usize) -> Option<usize> {
        Some(self.waiting.len() + *self.by_node().starts.get(node)? as usize + node).filter(|&row| row < self.rows())
    }
}

/// The rows in a window over a long table that is scrolled so far, with some on either side: those that are drawn.
pub fn window(top: f64, height: f64, row: f64, rows: usize) -> Range<usize> {
    const BESIDE: usize = 6;
    let first = ((top / row).max(0.0) as usize).min(rows);
    let last = (first + (height / row).ceil().max(0.0) as usize + 1 + BESIDE).min(rows);
    first.saturating_sub(BESIDE).min(last)..last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::NodeLook;
    use wavetank_core::trace::PodState;

    fn frame() -> Frame {
        let pod = |node, state| PodLook::new(node, state);
        Frame {
            nodes: vec![NodeLook::default(); 4],
            pods: vec![
                pod(Some(2), PodState::Ready),
                PodLook::default(),
                pod(None, PodState::Pending),
                pod(Some(0), PodState::Ready),
                pod(Some(2), PodState::Starting),
            ],
            ..Frame::default()
        }
    }

    #[test]
    fn pods_are_found_by_node() {
        let crowd = Crowd::of(&Rc::new(frame()));
        assert_eq!((crowd.on(2), crowd.on(0), crowd.on(1), crowd.on(99)), (&[0, 4][..], &[3][..], &[][..], &[][..]));
        assert_eq!(crowd.waiting, [2]);
    }

    #[test]
    fn every_row_is_found_by_itself() {
        let crowd = Crowd::of(&Rc::new(frame()));
        let rows: Vec<Row> = (0..crowd.rows()).filter_map(|nth| crowd.row(nth)).collect();
        use Row::*;
        assert_eq!(rows, [Waiting(2), Node(0), Pod(3), Node(1), Node(2), Pod(0), Pod(4), Node(3)]);
        assert_eq!(crowd.row(crowd.rows()), None);
        assert_eq!(
            (0..4).map(|node| crowd.row_of(node).and_then(|row| crowd.row(row))).collect::<Vec<_>>(),
            [0, 1, 2, 3].map(|n| Some(Node(n)))
        );
        assert_eq!((Crowd::default().rows(), Crowd::default().row(0)), (0, None));
        let none = Crowd::of(&Rc::new(Frame { pods: vec![PodLook::new(None, PodState::Pending)], ..Frame::default() }));
        assert_eq!((none.rows(), none.row(0), none.row(1)), (1, Some(Waiting(0)), None));
    }

    #[test]
    fn only_what_is_seen_is_drawn() {
        assert_eq!(window(0.0, 300.0, 30.0, 155_000), 0..17);
        assert_eq!(window(3_000.0, 300.0, 30.0, 155_000), 94..117);
        assert_eq!(window(4_650_000.0, 300.0, 30.0, 155_000), 154_994..155_000);
        assert_eq!((window(0.0, 300.0, 30.0, 3), window(999.0, 0.0, 30.0, 0)), (0..3, 0..0));
    }
}

//! The visible state at a moment as flat bytes: written by the worker, read by the page. Knows no meaning beyond its own layout.
//!
//! Little-endian: magic, generation, number of this frame, number of the frame it builds on (0 for none; `u32` each), virtual milliseconds
//! (`i64`), number of all nodes, of all pods, of the nodes that follow, of the pods that follow (`u32` each). Then each node that changed: its
//! number (`u32`), flags (`u16`), requested cpu and memory, used cpu and memory, pods, ready pods (`u16` each). Then each pod that changed: its number and
//! its place and state (`u32` each). Where a frame builds on none, all nodes and pods follow in order, and pods go without their numbers.

use wavetank_core::trace::PodState;

/// The first four bytes of a frame of this layout.
pub const MAGIC: u32 = 0x3257_5446;
const HEADER: usize = 40;
const NODE: usize = 18;

/// What is the matter with a node: bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeFlags(pub u8);

impl NodeFlags {
    /// It exists.
    pub const PRESENT: u8 = 1;
    /// Its machine is dead.
    pub const FAILED: u8 = 2;
    /// Kubernetes knows that it is not ready.
    pub const NOT_READY: u8 = 4;
    /// Cordoned.
    pub const CORDONED: u8 = 8;
    /// Under memory pressure.
    pub const PRESSURE: u8 = 16;

    /// Whether a bit is set.
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// What the table says.
    pub fn label(self) -> &'static str {
        match self {
            f if !f.has(Self::PRESENT) => "gone",
            f if f.has(Self::FAILED) && f.has(Self::NOT_READY) => "lost, not ready",
            f if f.has(Self::FAILED) => "lost, not noticed yet",
            f if f.has(Self::NOT_READY) => "not ready",
            f if f.has(Self::PRESSURE) => "memory pressure",
            f if f.has(Self::CORDONED) => "cordoned",
            _ => "ready",
        }
    }
}

/// A node in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeLook {
    /// What is the matter with it.
    pub flags: NodeFlags,
    /// Processor time requested, in thousandths of what is allocatable.
    pub cpu: u16,
    /// Memory requested, in thousandths of what is allocatable.
    pub memory: u16,
    /// Processor time in use, in thousandths of what is allocatable.
    pub used_cpu: u16,
    /// Memory in use, in thousandths of what is allocatable.
    pub used_memory: u16,
    /// Pods bound to it.
    pub pods: u16,
    /// Those of them that are ready or have ended well.
    pub ready: u16,
}

/// Where a pod is and how it looks, in one word: the state in the lowest four bits, above them the number of its node plus one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PodLook(pub u32);

impl PodLook {
    /// A pod on a node, or on none.
    pub const fn new(node: Option<u32>, state: PodState) -> PodLook {
        let place = match node {
            Some(node) => node + 1,
            None => 0,
        };
        PodLook(place << 4 | state as u32)
    }

    /// Its state.
    pub const fn state(self) -> PodState {
        PodState::from_byte((self.0 & 15) as u8)
    }

    /// Its node.
    pub const fn node(self) -> Option<u32> {
        (self.0 >> 4).checked_sub(1)
    }

    /// Whether it is there.
    pub const fn present(self) -> bool {
        self.0 & 15 != 0
    }
}

/// The visible state at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Of which run.
    pub generation: u32,
    /// When, in virtual milliseconds.
    pub at_ms: i64,
    /// Counts the frames of a worker; zero for one that was not sent.
    pub number: u32,
    /// Nodes, by number.
    pub nodes: Vec<NodeLook>,
    /// Pods, by number.
    pub pods: Vec<PodLook>,
}

impl Frame {
    /// The state of a pod; absent where there is none of that number.
    pub fn look(&self, pod: usize) -> PodState {
        self.pods.get(pod).map_or(PodState::Absent, |pod| pod.state())
    }

    /// The node of a pod.
    pub fn place(&self, pod: usize) -> Option<usize> {
        self.pods.get(pod).and_then(|pod| pod.node()).map(|node| node as usize).filter(|&node| node < self.nodes.len())
    }

    /// How many pods there are in each state, by the number of the state; those that are absent do not count.
    pub fn counts(&self) -> [usize; 16] {
        let mut counts = [0; 16];
        for pod in &self.pods {
            counts[(pod.0 & 15) as usize] += 1;
        }
        counts[PodState::Absent as usize] = 0;
        counts
    }

    /// Pods that are there, by number.
    pub fn present(&self) -> impl Iterator<Item = usize> + '_ {
        self.pods.iter().enumerate().filter(|(_, pod)| pod.present()).map(|(pod, _)| pod)
    }

    /// All of it, as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let counts = (self.nodes.len(), self.pods.len());
        let mut bytes = self.header(0, counts);
        for (number, node) in self.nodes.iter().enumerate() {
            write_node(&mut bytes, number as u32, node);
        }
        bytes.extend(self.pods.iter().flat_map(|pod| pod.0.to_le_bytes()));
        bytes
    }

    /// What changed since the frame of number `base`, as bytes.
    pub fn to_delta(&self, base: u32, nodes: &[u32], pods: &[u32]) -> Vec<u8> {
        let mut bytes = self.header(base, (nodes.len(), pods.len()));
        for &number in nodes {
            write_node(&mut bytes, number, &self.nodes.get(number as usize).copied().unwrap_or_default());
        }
        for &number in pods {
            bytes.extend(number.to_le_bytes());
            bytes.extend(self.pods.get(number as usize).copied().unwrap_or_default().0.to_le_bytes());
        }
        bytes
    }

    fn header(&self, base: u32, (nodes, pods): (usize, usize)) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + nodes * NODE + pods * 8);
        for word in [MAGIC, self.generation, self.number, base] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(self.at_ms.to_le_bytes());
        for count in [self.nodes.len(), self.pods.len(), nodes, pods] {
            bytes.extend((count as u32).to_le_bytes());
        }
        bytes
    }

    /// Of which run the frame is that these bytes are; none where they are too few.
    pub fn generation_of(bytes: &[u8]) -> Option<u32> {
        bytes.get(4..8).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
    }

    /// The frame after `before`, from bytes; none where they are not a frame, or build on another one than `before`.
    pub fn from_bytes(bytes: &[u8], before: Option<&Frame>) -> Option<Frame> {
        let word = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
        if word(0)? != MAGIC {
            return None;
        }
        let (generation, number, base) = (Frame::generation_of(bytes)?, word(8)?, word(12)?);
        let at_ms = i64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
        let [all_nodes, all_pods, nodes, pods] = [word(24)? as usize, word(28)? as usize, word(32)? as usize, word(36)? as usize];
        let whole = base == 0;
        let pods_at = nodes.checked_mul(NODE)?.checked_add(HEADER)?;
        let end = pods.checked_mul(if whole { 4 } else { 8 })?.checked_add(pods_at)?;
        if bytes.len() != end || whole && (nodes, pods) != (all_nodes, all_pods) {
            return None;
        }
        let mut frame = if whole {
            Frame { nodes: vec![NodeLook::default(); all_nodes], ..Frame::default() }
        } else {
            before.filter(|before| before.number == base && before.generation == generation)?.clone()
        };
        if !whole && (frame.nodes.len(), frame.pods.len()) != (all_nodes, all_pods) {
            return None;
        }
        (frame.generation, frame.number, frame.at_ms) = (generation, number, at_ms);
        let half = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        let full = |four: &[u8]| u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        for node in bytes[HEADER..pods_at].chunks_exact(NODE) {
            *frame.nodes.get_mut(full(&node[..4]) as usize)? = NodeLook {
                flags: NodeFlags(node[4]),
                cpu: half(&node[6..8]),
                memory: half(&node[8..10]),
                used_cpu: half(&node[10..12]),
                used_memory: half(&node[12..14]),
                pods: half(&node[14..16]),
                ready: half(&node[16..18]),
            };
        }
        if whole {
            frame.pods = bytes[pods_at..].chunks_exact(4).map(|four| PodLook(full(four))).collect();
        } else {
            for pod in bytes[pods_at..].chunks_exact(8) {
                *frame.pods.get_mut(full(&pod[..4]) as usize)? = PodLook(full(&pod[4..8]));
            }
        }
        Some(frame)
    }
}

fn write_node(bytes: &mut Vec<u8>, number: u32, node: &NodeLook) {
    bytes.extend(number.to_le_bytes());
    bytes.extend([node.flags.0, 0]);
    for share in [node.cpu, node.memory, node.used_cpu, node.used_memory, node.pods, node.ready] {
        bytes.extend(share.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            generation: 7,
            at_ms: -3,
            number: 4,
            nodes: vec![
                NodeLook {
                    flags: NodeFlags(NodeFlags::PRESENT),
                    cpu: 500,
                    memory: 1200,
                    used_cpu: 1,
                    used_memory: 2,
                    pods: 2,
                    ready: 1
                };
                2
            ],
            pods: vec![
                PodLook::new(Some(0), PodState::Ready),
                PodLook::new(None, PodState::Pending),
                PodLook::new(Some(0), PodState::Absent),
            ],
        }
    }

    #[test]
    fn bytes_and_back() {
        assert_eq!(Frame::from_bytes(&frame().to_bytes(), None), Some(frame()));
        assert_eq!(Frame::from_bytes(&Frame::default().to_bytes(), None), Some(Frame::default()));
    }

    #[test]
    fn what_changed_makes_the_next_frame_of_the_one_before() {
        let before = frame();
        let mut after = Frame { number: 5, at_ms: 9, ..before.clone() };
        after.nodes[1].pods = 9;
        after.pods[2] = PodLook::new(Some(1), PodState::Starting);
        let delta = after.to_delta(4, &[1], &[2]);
        assert_eq!(Frame::from_bytes(&delta, Some(&before)), Some(after));
        assert_eq!(Frame::from_bytes(&delta, None), None, "nothing to build on");
        assert_eq!(Frame::from_bytes(&delta, Some(&Frame { number: 3, ..before.clone() })), None, "another one to build on");
        let outside = before.to_delta(4, &[2], &[]);
        assert_eq!(Frame::from_bytes(&outside, Some(&before)), None, "there is no such node");
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let bytes = frame().to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Frame::from_bytes(&bytes[..end], None), None);
        }
        let mut vast = bytes.clone();
        vast[24..40].fill(0xff);
        assert_eq!(Frame::from_bytes(&vast, None), None);
        let mut other = bytes;
        other[0] ^= 1;
        assert_eq!(Frame::from_bytes(&other, None), None);
    }

    #[test]
    fn places_are_nodes_that_exist() {
        let mut frame = frame();
        assert_eq!((frame.place(0), frame.place(1), frame.place(9)), (Some(0), None, None));
        frame.pods[0] = PodLook::new(Some(5), PodState::Ready);
        assert_eq!((frame.place(0), frame.look(0)), (None, PodState::Ready));
        assert_eq!(frame.present().collect::<Vec<_>>(), [0, 1]);
    }
}

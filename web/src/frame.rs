//! The visible state at a moment as flat bytes: written by the worker, read by the page. Knows no meaning beyond its own layout.
//!
//! Little-endian: magic, generation (`u32` each), virtual milliseconds (`i64`), number of nodes, of pods (`u32` each); then eight bytes a node (flags,
//! a spare, processor and memory requested in thousandths of what is allocatable, pods: `u8 u8 u16 u16 u16`); then `u32` a pod (its node); then `u8` a pod (its state).

use wavetank_core::trace::PodState;

/// The first four bytes of a frame of this layout.
pub const MAGIC: u32 = 0x3157_5446;
const HEADER: usize = 24;
const NODE: usize = 8;

/// The number that stands for "on no node".
pub const NO_NODE: u32 = u32::MAX;

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
    /// Pods bound to it.
    pub pods: u16,
}

/// The visible state at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Of which run.
    pub generation: u32,
    /// When, in virtual milliseconds.
    pub at_ms: i64,
    /// Nodes, by number.
    pub nodes: Vec<NodeLook>,
    /// The node of each pod, by number, or [`NO_NODE`].
    pub places: Vec<u32>,
    /// The state of each pod, as [`PodState`]'s bytes.
    pub looks: Vec<u8>,
}

impl Frame {
    /// The look of a pod; absent where there is none of that number.
    pub fn look(&self, pod: usize) -> PodState {
        PodState::from_byte(self.looks.get(pod).copied().unwrap_or_default())
    }

    /// The node of a pod.
    pub fn place(&self, pod: usize) -> Option<usize> {
        self.places.get(pod).copied().filter(|&node| (node as usize) < self.nodes.len()).map(|node| node as usize)
    }

    /// Pods that are there, by number.
    pub fn present(&self) -> impl Iterator<Item = usize> + '_ {
        self.looks.iter().enumerate().filter(|&(_, &look)| look != 0).map(|(pod, _)| pod)
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.nodes.len() * NODE + self.places.len() * 5);
        bytes.extend(MAGIC.to_le_bytes());
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.at_ms.to_le_bytes());
        bytes.extend((self.nodes.len() as u32).to_le_bytes());
        bytes.extend((self.places.len() as u32).to_le_bytes());
        for node in &self.nodes {
            bytes.extend([node.flags.0, 0]);
            for number in [node.cpu, node.memory, node.pods] {
                bytes.extend(number.to_le_bytes());
            }
        }
        for place in &self.places {
            bytes.extend(place.to_le_bytes());
        }
        bytes.extend(self.looks.iter().copied().chain(std::iter::repeat(0)).take(self.places.len()));
        bytes
    }

    /// From bytes; none where they are not a frame.
    pub fn from_bytes(bytes: &[u8]) -> Option<Frame> {
        let word = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
        if word(0)? != MAGIC {
            return None;
        }
        let at_ms = i64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?);
        let (nodes, pods) = (word(16)? as usize, word(20)? as usize);
        let places_at = nodes.checked_mul(NODE)?.checked_add(HEADER)?;
        let looks_at = pods.checked_mul(4)?.checked_add(places_at)?;
        if bytes.len() != looks_at.checked_add(pods)? {
            return None;
        }
        let half = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        Some(Frame {
            generation: word(4)?,
            at_ms,
            nodes: bytes[HEADER..places_at]
                .chunks_exact(NODE)
                .map(|node| NodeLook {
                    flags: NodeFlags(node[0]),
                    cpu: half(&node[2..4]),
                    memory: half(&node[4..6]),
                    pods: half(&node[6..8]),
                })
                .collect(),
            places: bytes[places_at..looks_at]
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect(),
            looks: bytes[looks_at..].to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            generation: 7,
            at_ms: -3,
            nodes: vec![NodeLook { flags: NodeFlags(NodeFlags::PRESENT), cpu: 500, memory: 1200, pods: 2 }],
            places: vec![0, NO_NODE, 0],
            looks: vec![PodState::Ready as u8, PodState::Pending as u8, PodState::Absent as u8],
        }
    }

    #[test]
    fn bytes_and_back() {
        assert_eq!(Frame::from_bytes(&frame().to_bytes()), Some(frame()));
        assert_eq!(Frame::from_bytes(&Frame::default().to_bytes()), Some(Frame::default()));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let bytes = frame().to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Frame::from_bytes(&bytes[..end]), None);
        }
        let mut vast = bytes.clone();
        vast[16..24].fill(0xff);
        assert_eq!(Frame::from_bytes(&vast), None);
        let mut other = bytes;
        other[0] ^= 1;
        assert_eq!(Frame::from_bytes(&other), None);
    }

    #[test]
    fn places_are_nodes_that_exist() {
        let mut frame = frame();
        assert_eq!((frame.place(0), frame.place(1), frame.place(9)), (Some(0), None, None));
        frame.places[0] = 5;
        assert_eq!(frame.place(0), None);
        assert_eq!(frame.present().collect::<Vec<_>>(), [0, 1]);
    }
}

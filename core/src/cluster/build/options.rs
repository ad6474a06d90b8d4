//! What can be said about the cluster besides the manifests: flags of the command line, fields of the page.

use std::collections::BTreeMap;

use crate::units::quantity::Quantity;
use crate::units::time::Time;

/// How much of a node there is: `cpu=4,memory=16Gi,pods=110`.
///
/// ```
/// use wavetank_core::cluster::build::NodeShape;
/// let shape = NodeShape::parse("cpu=2,memory=8Gi")?;
/// assert_eq!(shape.to_string(), "cpu=2,memory=8Gi,pods=110");
/// assert!(NodeShape::parse("cpu=many").is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeShape {
    /// Amounts by resource name; `cpu`, `memory` and `pods` are always there.
    pub amounts: BTreeMap<String, Quantity>,
}

impl Default for NodeShape {
    fn default() -> NodeShape {
        let of = |name: &str, amount: Quantity| (name.to_owned(), amount);
        let amounts =
            [of("cpu", Quantity::from_value(4)), of("memory", Quantity::from_bytes(16 << 30)), of("pods", Quantity::from_value(110))];
        NodeShape { amounts: amounts.into() }
    }
}

impl NodeShape {
    /// Reads `cpu=4,memory=16Gi,pods=110`; what is not named keeps its default.
    ///
    /// # Errors
    /// A sentence for a person: what is no `name=quantity`, or negative.
    pub fn parse(text: &str) -> Result<NodeShape, String> {
        let mut shape = NodeShape::default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (name, amount) = part.split_once('=').ok_or_else(|| format!("{part:?} is not of the form name=quantity, such as cpu=4"))?;
            let quantity = Quantity::parse(amount.trim()).map_err(|e| format!("{part:?}: {e}"))?;
            if quantity.sign() < 0 {
                return Err(format!("{part:?}: a node can't have less than nothing"));
            }
            shape.amounts.insert(name.trim().to_owned(), quantity);
        }
        Ok(shape)
    }
}

impl std::fmt::Display for NodeShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (name, amount)) in self.amounts.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{name}={amount}")?;
        }
        Ok(())
    }
}

/// Which admission plugins pods go through before they are compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Those of a normal cluster: Priority, DefaultTolerationSeconds, RuntimeClass, LimitRanger's defaults.
    #[default]
    Cluster,
    /// Priority alone.
    PriorityOnly,
}

/// What a manifest leaves open, and who closes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gaps {
    /// Nodes and storage classes that are used but not given are made up, each named as an assumption.
    #[default]
    Assume,
    /// Nothing is made up.
    Keep,
}

/// Which moment the timestamps in objects (of a dump) are placed against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Epoch {
    /// The latest timestamp of all is the start of the run, if any is later than [`crate::units::time::EPOCH_UNIX_MS`].
    #[default]
    Latest,
    /// [`crate::units::time::EPOCH_UNIX_MS`] is the start of the run.
    Fixed,
}

/// Equal nodes to assume whatever nodes are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedPool {
    /// How its nodes are called, with their zone and number after it; also their `node.kubernetes.io/instance-type`.
    pub name: String,
    /// How large each is.
    pub shape: NodeShape,
    /// How many in each zone.
    pub in_each_zone: u32,
}

/// The choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterOptions {
    /// The nodes, in [`ClusterOptions::zones`]: those that are given are left out, and so is what is bound to them, unless this is empty.
    pub pools: Vec<AssumedPool>,
    /// Zones of the assumed nodes; empty for the default three.
    pub zones: Vec<String>,
    /// How many nodes to assume; none for as few as hold everything with one zone's room to spare.
    pub nodes: Option<u32>,
    /// How large an assumed node is; none for the default, or larger where a pod needs it.
    pub shape: Option<NodeShape>,
    /// Admission.
    pub admission: Admission,
    /// Gaps.
    pub gaps: Gaps,
    /// Timestamps.
    pub epoch: Epoch,
    /// When objects without a timestamp were created.
    pub now: Time,
}

impl ClusterOptions {
    /// Objects as they are: nothing assumed, no admission beyond priorities, timestamps as written. What recorded decisions of
    /// a real scheduler are replayed with.
    pub fn verbatim() -> ClusterOptions {
        ClusterOptions { admission: Admission::PriorityOnly, gaps: Gaps::Keep, epoch: Epoch::Fixed, ..ClusterOptions::default() }
    }
}

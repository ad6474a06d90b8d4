//! The trace by subject and by cause, so that a story is found without walking all records again.

use crate::cluster::ids::{NodeId, PodId};
use crate::trace::{Record, RecordId, Subject, Trace};

/// Lists by key in one array: the items of key `k` are `items[starts[k]..starts[k + 1]]`.
#[derive(Clone, Debug, Default)]
struct Lists {
    starts: Vec<u32>,
    items: Vec<RecordId>,
}

impl Lists {
    fn new(trace: &Trace, keys: usize, key: impl Fn(&Record) -> Option<usize>) -> Lists {
        let pairs = || trace.numbered().filter_map(|(id, record)| key(record).filter(|&key| key < keys).map(|key| (key, id)));
        let mut starts = vec![0u32; keys + 1];
        pairs().for_each(|(key, _)| starts[key + 1] += 1);
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut items = vec![RecordId(0); starts[keys] as usize];
        for (key, item) in pairs() {
            items[next[key] as usize] = item;
            next[key] += 1;
        }
        Lists { starts, items }
    }

    fn of(&self, key: usize) -> &[RecordId] {
        match (self.starts.get(key), self.starts.get(key + 1)) {
            (Some(&from), Some(&to)) => &self.items[from as usize..to as usize],
            _ => &[],
        }
    }
}

/// Records by pod, by node, and by the record that caused them; each list in order of time.
#[derive(Clone, Debug, Default)]
pub struct Index {
    by_pod: Lists,
    by_node: Lists,
    by_cause: Lists,
}

impl Index {
    /// The index of a trace over a cluster with `pods` pods.
    pub fn new(trace: &Trace, pods: usize) -> Index {
        let of_pod = |record: &Record| match record.subject {
            Subject::Pod(pod) => Some(pod.index()),
            _ => None,
        };
        let of_node = |record: &Record| match record.subject {
            Subject::Node(node) => Some(node.index()),
            _ => None,
        };
        let nodes = trace.records().iter().filter_map(of_node).max().map_or(0, |last| last + 1);
        let of_cause = |record: &Record| record.cause.map(|cause| cause.0 as usize);
        Index {
            by_pod: Lists::new(trace, pods, of_pod),
            by_node: Lists::new(trace, nodes, of_node),
            by_cause: Lists::new(trace, trace.len(), of_cause),
        }
    }

    /// What happened to a pod.
    pub fn of_pod(&self, pod: PodId) -> &[RecordId] {
        self.by_pod.of(pod.index())
    }

    /// What happened to a node.
    pub fn of_node(&self, node: NodeId) -> &[RecordId] {
        self.by_node.of(node.index())
    }

    /// What followed directly from a record.
    pub fn effects(&self, record: RecordId) -> &[RecordId] {
        self.by_cause.of(record.0 as usize)
    }
}

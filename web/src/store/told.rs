//! A run's story and what is looked up in it.

use crate::clock;
use crate::layout::Wanted;
use crate::moments;
use crate::wire::Story;

/// A run's story, with what is looked up in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Of which question.
    pub generation: u32,
    /// What the worker told.
    pub story: Story,
    /// The moments the arrow keys visit.
    pub stops: Vec<i64>,
    /// The moments that are visited with shift.
    pub phases: Vec<i64>,
    /// The moment at which most is missing.
    pub worst_ms: i64,
}

impl Told {
    /// A story, ready to be looked things up in.
    pub fn new(generation: u32, story: Story) -> Told {
        let stops = clock::stops(&story.marks, story.duration_ms, false);
        let phases = clock::stops(&story.marks, story.duration_ms, true);
        let worst_ms = moments::worst(&story);
        Told { generation, story, stops, phases, worst_ms }
    }

    /// The name of a pod; empty for none.
    pub fn pod_name(&self, pod: usize) -> String {
        self.story.pod_names.get(pod)
    }

    /// The workload of a pod, by number.
    pub fn workload_of(&self, pod: usize) -> Option<usize> {
        self.story.pod_workloads.get(pod).map(|&workload| workload as usize).filter(|&workload| workload < self.story.workloads.len())
    }

    /// What has to find room on the canvas at any time of the run.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            zones: self.story.zones.len(),
            node_zones: self.story.nodes.iter().map(|node| node.zone as usize).collect(),
            node_pools: self.story.nodes.iter().map(|node| node.pool as usize).collect(),
            peak: self.story.nodes.iter().map(|node| node.peak_pods as usize).max().unwrap_or(0),
            // More are counted and not drawn: the tray is for a glance.
            waiting: self.story.pod_names.len().min(24),
        }
    }

    /// The sentence of the narrative that a moment lies in.
    pub fn sentence_at(&self, at_ms: i64) -> Option<usize> {
        self.story.narrative.partition_point(|line| line.at_ms <= at_ms).checked_sub(1)
    }
}

//! One pass over a run for what the page draws of it: the most pods each node ever has, the pods of each zone over time. Constant work a record.

use wavetank_core::cluster::Cluster;
use wavetank_core::session::Run;
use wavetank_core::trace::{PodState, Subject, View};

use crate::wire::Point;

/// The most points of a curve: those closer together become one.
const MOST_POINTS: i64 = 2_000;

/// What the pass gathers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The most pods that each node ever has.
    pub peaks: Vec<u32>,
    /// The pods of each zone that has nodes, over time.
    pub zones: Vec<Vec<Point>>,
}

struct Pass<'a> {
    cluster: &'a Cluster,
    /// For each zone of the cluster its number among those that have nodes.
    zones: &'a [Option<u32>],
    view: View,
    /// Pods on each node, and those of them that are ready.
    on: Vec<(u32, u32)>,
    /// Pods that answer and pods that are believed ready, by zone.
    levels: Vec<(u32, u32)>,
    grain: i64,
    folded: Folded,
}

impl Folded {
    /// Gathers; `zones` has for each zone of the cluster its number among those that have nodes.
    pub fn of(run: &Run, zones: &[Option<u32>], last_ms: i64) -> Folded {
        let end = run.end();
        let count = zones.iter().flatten().count().max(1);
        let mut pass = Pass {
            cluster: end,
            zones,
            view: View::of(run.start()),
            on: vec![(0, 0); end.nodes.len()],
            levels: vec![(0, 0); count],
            grain: (last_ms / MOST_POINTS).max(1),
            folded: Folded { peaks: vec![0; end.nodes.len()], zones: vec![Vec::new(); count] },
        };
        for pod in 0..pass.view.pods.len() {
            pass.count(pod, true);
        }
        pass.mark(0);
        for record in run.trace().records() {
            match record.subject {
                Subject::Pod(pod) => {
                    pass.count(pod.index(), false);
                    pass.view.apply(record.subject, record.change);
                    pass.count(pod.index(), true);
                }
                Subject::Node(node) => {
                    let before = pass.alive(node.index());
                    pass.view.apply(record.subject, record.change);
                    let after = pass.alive(node.index());
                    let ready = pass.on.get(node.index()).map_or(0, |&(_, ready)| ready);
                    if before != after
                        && let Some(level) = pass.level(node.index())
                    {
                        level.0 = if after { level.0 + ready } else { level.0.saturating_sub(ready) };
                    }
                }
                _ => continue,
            }
            pass.mark(record.time.millis());
        }
        pass.folded
    }
}

impl Pass<'_> {
    fn alive(&self, node: usize) -> bool {
        self.view.nodes.get(node).is_some_and(|node| node.present && !node.failed)
    }

    fn level(&mut self, node: usize) -> Option<&mut (u32, u32)> {
        let zone = self.zones.get(self.cluster.nodes.get(node)?.zone.index()).copied().flatten()?;
        self.levels.get_mut(zone as usize)
    }

    /// Adds a pod as it is now to all sums, or takes it out of them.
    fn count(&mut self, pod: usize, more: bool) {
        let Some(place) = self.view.pods.get(pod).copied() else { return };
        let Some(node) = place.node.map(|node| node.index()).filter(|&node| node < self.on.len()) else { return };
        let change = |number: &mut u32| *number = if more { *number + 1 } else { number.saturating_sub(1) };
        let (alive, ready) = (self.alive(node), place.state == PodState::Ready);
        let on = &mut self.on[node];
        change(&mut on.0);
        self.folded.peaks[node] = self.folded.peaks[node].max(on.0);
        if ready {
            change(&mut on.1);
            if let Some(level) = self.level(node) {
                change(&mut level.1);
                if alive {
                    change(&mut level.0);
                }
            }
        }
    }

    fn mark(&mut self, at_ms: i64) {
        for (curve, &(ready, believed)) in self.folded.zones.iter_mut().zip(&self.levels) {
            match curve.last_mut() {
                Some(last) if (last.ready, last.believed) == (ready, believed) => {}
                Some(last) if last.at_ms / self.grain == at_ms / self.grain => (last.ready, last.believed) = (ready, believed),
                _ => curve.push(Point { at_ms, ready, believed }),
            }
        }
    }
}

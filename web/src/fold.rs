//! One pass over a run for what the page draws of it: the most pods each node ever has, the pods of each zone over time, the ticks of each lane,
//! and the reel that frames come from. Constant work a record.

use wavetank_core::cluster::Cluster;
use wavetank_core::session::{self, Run};
use wavetank_core::trace::{PodPlace, PodState, Subject, View};

use crate::reel::Reel;
use crate::wire::{Mark, MarkKind, Point};

/// The most points of a curve: those closer together become one.
const MOST_POINTS: i64 = 2_000;
/// The most ticks of one kind in a lane: those closer together become one.
const MOST_LANE_MARKS: i64 = 300;
/// The most ticks of all lanes together; later ones are left out.
const MOST_MARKS: usize = 60_000;

/// What the pass gathers.
#[derive(Debug, Default)]
pub struct Folded {
    /// The most pods that each node ever has.
    pub peaks: Vec<u32>,
    /// The pods of each zone that has nodes, over time.
    pub zones: Vec<Vec<Point>>,
    /// What happened in each zone that has nodes.
    pub zone_marks: Vec<Vec<Mark>>,
    /// What happened to the pods of each workload.
    pub workload_marks: Vec<Vec<Mark>>,
    /// The moves.
    pub reel: Reel,
}

/// The kind of tick for a kind of the core.
pub(crate) fn kind(of: session::MarkKind) -> MarkKind {
    use session::MarkKind as Kind;
    match of {
        Kind::Step => MarkKind::Step,
        Kind::Machine | Kind::Node => MarkKind::Node,
        Kind::Loss => MarkKind::Loss,
        Kind::Placement | Kind::Rollout => MarkKind::Placed,
        Kind::Refusal => MarkKind::Unplaced,
        Kind::Ready => MarkKind::Ready,
    }
}

/// The ticks of lanes, as they come.
struct Lanes {
    marks: Vec<Vec<Mark>>,
    /// For each lane and kind, where the last tick of that kind is.
    last: Vec<[usize; MarkKind::ALL.len()]>,
    grain: i64,
    count: usize,
}

impl Lanes {
    fn new(lanes: usize, last_ms: i64) -> Lanes {
        let none = [usize::MAX; MarkKind::ALL.len()];
        Lanes { marks: vec![Vec::new(); lanes], last: vec![none; lanes], grain: (last_ms / MOST_LANE_MARKS).max(1), count: 0 }
    }

    fn add(&mut self, lane: usize, at_ms: i64, kind: MarkKind) {
        let (Some(marks), Some(last)) = (self.marks.get_mut(lane), self.last.get_mut(lane)) else { return };
        let last = &mut last[kind as usize];
        match marks.get_mut(*last).filter(|mark| mark.at_ms / self.grain == at_ms / self.grain) {
            Some(mark) => mark.count += 1,
            None if self.count < MOST_MARKS => {
                *last = marks.len();
                marks.push(Mark { at_ms, kind, count: 1 });
                self.count += 1;
            }
            None => {}
        }
    }
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
    /// Gathers; `zones` has for each zone of the cluster its number among those that have nodes, `workloads` for each pod its workload's.
    pub fn of(run: &Run, generation: u32, zones: &[Option<u32>], workloads: (&[u32], usize), last_ms: i64) -> Folded {
        let end = run.end();
        let count = zones.iter().flatten().count().max(1);
        let view = View::of(run.start());
        let reel = Reel::new(&view, end, generation);
        let mut pass = Pass {
            cluster: end,
            zones,
            view,
            on: vec![(0, 0); end.nodes.len()],
            levels: vec![(0, 0); count],
            grain: (last_ms / MOST_POINTS).max(1),
            folded: Folded { peaks: vec![0; end.nodes.len()], zones: vec![Vec::new(); count], reel, ..Folded::default() },
        };
        let mut by_zone = Lanes::new(count, last_ms);
        let mut by_workload = Lanes::new(workloads.1, last_ms);
        for pod in 0..pass.view.pods.len() {
            pass.count(pass.view.pods[pod], true);
        }
        pass.mark(0);
        for record in run.trace().records() {
            let at_ms = record.time.millis();
            let tick = session::MarkKind::of(record.change).map(kind);
            match record.subject {
                Subject::Pod(pod) => {
                    let was = pass.view.pods.get(pod.index()).copied().unwrap_or_default();
                    pass.view.apply(record.subject, record.change);
                    let is = pass.view.pods.get(pod.index()).copied().unwrap_or_default();
                    if let Some(tick) = tick {
                        by_workload.add(workloads.0.get(pod.index()).map_or(usize::MAX, |&nth| nth as usize), at_ms, tick);
                        let node = is.node.or(was.node).map(|node| node.index());
                        by_zone.add(node.and_then(|node| pass.zone(node)).unwrap_or(usize::MAX), at_ms, tick);
                    }
                    if was == is {
                        continue;
                    }
                    pass.count(was, false);
                    pass.count(is, true);
                    pass.folded.reel.pod_moves(at_ms, pod.index(), was, is);
                }
                Subject::Node(node) => {
                    let was = pass.view.nodes.get(node.index()).copied().unwrap_or_default();
                    let before = pass.alive(node.index());
                    pass.view.apply(record.subject, record.change);
                    let after = pass.alive(node.index());
                    let ready = pass.on.get(node.index()).map_or(0, |&(_, ready)| ready);
                    if let Some(tick) = tick {
                        by_zone.add(pass.zone(node.index()).unwrap_or(usize::MAX), at_ms, tick);
                    }
                    if before != after
                        && let Some(level) = pass.level(node.index())
                    {
                        level.0 = if after { level.0 + ready } else { level.0.saturating_sub(ready) };
                    }
                    let is = pass.view.nodes.get(node.index()).copied().unwrap_or_default();
                    pass.folded.reel.node_moves(at_ms, node.index(), was, is);
                }
                _ => continue,
            }
            pass.mark(at_ms);
        }
        (pass.folded.zone_marks, pass.folded.workload_marks) = (by_zone.marks, by_workload.marks);
        pass.folded
    }
}

impl Pass<'_> {
    fn alive(&self, node: usize) -> bool {
        self.view.nodes.get(node).is_some_and(|node| node.present && !node.failed)
    }

    fn zone(&self, node: usize) -> Option<usize> {
        self.zones.get(self.cluster.nodes.get(node)?.zone.index()).copied().flatten().map(|zone| zone as usize)
    }

    fn level(&mut self, node: usize) -> Option<&mut (u32, u32)> {
        let zone = self.zone(node)?;
        self.levels.get_mut(zone)
    }

    /// Adds a pod as it is to all sums, or takes it out of them.
    fn count(&mut self, pod: PodPlace, more: bool) {
        let Some(node) = pod.node.map(|node| node.index()).filter(|&node| node < self.on.len()) else { return };
        let change = |number: &mut u32| *number = if more { *number + 1 } else { number.saturating_sub(1) };
        let (alive, ready) = (self.alive(node), pod.state == PodState::Ready);
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

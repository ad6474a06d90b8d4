//! What stops if something goes, and what everything hangs on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::graph::NodeIndex;

use super::model::{Graph, Kind, Relation};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;

/// How badly an object is hit. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It is gone, or does nothing any more.
    Stops,
    /// It goes on with less: fewer pods, fewer paths, a call that fails.
    Degraded,
    /// It goes on as it is, but nothing of it can start anew.
    CannotStart,
    /// It has nothing left to act on.
    Idle,
    /// Something happened to it, and nothing was lost.
    Touched,
}

impl Effect {
    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Effect::Stops => "stops",
            Effect::Degraded => "degraded",
            Effect::CannotStart => "cannot start anew",
            Effect::Idle => "idle",
            Effect::Touched => "touched",
        }
    }
}

/// An object that is hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The object.
    pub vertex: NodeIndex,
    /// How badly.
    pub effect: Effect,
    /// Why: a clause about the object, such as `all 3 of its pods run there`.
    pub reason: String,
    /// What hit it: the start of the walk, or another object that was hit.
    pub via: NodeIndex,
}

/// What is hit if an object goes, at once and before anything is replaced: the object itself first, then in the order in which it
/// spreads. A run tells what Kubernetes then does about it.
pub fn blast_radius(graph: &Graph, gone: NodeIndex) -> Vec<Hit> {
    let mut spread = Spread { graph, hits: BTreeMap::new(), order: Vec::new(), waiting: VecDeque::new(), lost_pods: BTreeMap::new() };
    spread.hit(gone, Effect::Stops, "it is gone".to_owned(), gone);
    while let Some(at) = spread.waiting.pop_front() {
        spread.from(at);
    }
    let Spread { mut hits, order, .. } = spread;
    order.into_iter().filter_map(|at| hits.remove(&at)).collect()
}

/// What stands behind objects that were hit and is hit with them: Services whose pods are gone, what routes to these, and what calls them.
/// The hits that are given come first, as they are.
pub fn behind(graph: &Graph, given: Vec<Hit>) -> Vec<Hit> {
    let mut spread = Spread { graph, hits: BTreeMap::new(), order: Vec::new(), waiting: VecDeque::new(), lost_pods: BTreeMap::new() };
    let own: BTreeSet<NodeIndex> = given.iter().map(|hit| hit.vertex).gather();
    for hit in given {
        spread.hit(hit.vertex, hit.effect, hit.reason, hit.via);
    }
    while let Some(at) = spread.waiting.pop_front() {
        let Some(effect) = spread.hits.get(&at).map(|hit| hit.effect) else { continue };
        let (stops, name) = (effect == Effect::Stops, graph.vertex(at).label());
        for (user, edge) in graph.into(at) {
            if own.contains(&user) {
                continue;
            }
            match edge.relation {
                Relation::Selects if stops => {
                    spread.left(user, Relation::Selects, "no pod is left behind it", "a part of the pods behind it is gone", at);
                }
                Relation::Selects if effect == Effect::Degraded => {
                    spread.hit(user, Effect::Degraded, format!("{name} has fewer pods"), at);
                }
                Relation::Routes if stops => {
                    spread.left(user, Relation::Routes, "nothing it routes to answers", "a part of what it routes to does not answer", at);
                }
                Relation::Calls if stops => spread.hit(user, Effect::Degraded, format!("it calls {name}, which does not answer"), at),
                _ => {}
            }
        }
    }
    let Spread { mut hits, order, .. } = spread;
    order.into_iter().filter_map(|at| hits.remove(&at)).collect()
}

struct Spread<'g> {
    graph: &'g Graph,
    hits: BTreeMap<NodeIndex, Hit>,
    order: Vec<NodeIndex>,
    waiting: VecDeque<NodeIndex>,
    /// Pods lost so far, by workload.
    lost_pods: BTreeMap<NodeIndex, u32>,
}

impl Spread<'_> {
    /// Notes a hit; a worse one replaces a lighter one and spreads again. Effects only get worse, so this ends.
    fn hit(&mut self, at: NodeIndex, effect: Effect, reason: String, via: NodeIndex) {
        match self.hits.get(&at) {
            Some(known) if known.effect <= effect => return,
            Some(_) => {}
            None => self.order.push(at),
        }
        self.hits.insert(at, Hit { vertex: at, effect, reason, via });
        self.waiting.push_back(at);
    }

    fn stopped(&self, at: NodeIndex) -> bool {
        self.hits.get(&at).is_some_and(|h| h.effect == Effect::Stops)
    }

    fn from(&mut self, at: NodeIndex) {
        let Some(effect) = self.hits.get(&at).map(|h| h.effect) else { return };
        if effect != Effect::Stops {
            return;
        }
        let graph = self.graph;
        let (kind, name) = (graph.vertex(at).kind, graph.vertex(at).label());
        for (user, edge) in graph.into(at) {
            match edge.relation {
                Relation::InZone => self.hit(user, Effect::Stops, format!("it stands in {name}"), at),
                Relation::RunsOn => self.pods_lost(user, edge.count, &name, at),
                Relation::Owns if kind == Kind::Pod => self.pods_lost(user, 1, &name, at),
                Relation::Mounts | Relation::References if edge.optional => {}
                Relation::Mounts | Relation::References => match kind {
                    Kind::Claim | Kind::Volume => self.hit(user, Effect::Stops, format!("its data is in {name}"), at),
                    _ if graph.vertex(user).kind == Kind::Ingress => {
                        self.hit(user, Effect::Degraded, format!("its certificate is {name}"), at)
                    }
                    _ => self.hit(user, Effect::CannotStart, format!("its containers can't be created without {name}"), at),
                },
                Relation::Binds => match kind {
                    Kind::StorageClass => self.hit(user, Effect::CannotStart, format!("no new volume is made without {name}"), at),
                    _ => self.hit(user, Effect::Stops, format!("its data is on {name}"), at),
                },
                Relation::Selects => {
                    self.left(user, Relation::Selects, "no pod is left behind it", "a part of the pods behind it is gone", at)
                }
                Relation::Routes => {
                    self.left(user, Relation::Routes, "nothing it routes to answers", "a part of what it routes to does not answer", at)
                }
                Relation::Calls => self.hit(user, Effect::Degraded, format!("it calls {name}, which does not answer"), at),
                Relation::Scales | Relation::Protects => {
                    let others = graph.out(user).into_iter().any(|(to, e)| e.relation == edge.relation && !self.stopped(to));
                    if !others {
                        self.hit(user, Effect::Idle, format!("{name} was all it acted on"), at);
                    }
                }
                Relation::Owns | Relation::Restricts | Relation::Allows => {}
            }
        }
        // What an object makes goes with it.
        for (made, edge) in graph.out(at) {
            if edge.relation == Relation::Owns {
                self.hit(made, Effect::Stops, format!("{name} owns it"), at);
            }
        }
    }

    /// A workload loses pods: all of them, or some.
    fn pods_lost(&mut self, workload: NodeIndex, count: u32, place: &str, via: NodeIndex) {
        let graph = self.graph;
        let lost = self.lost_pods.entry(workload).or_insert(0);
        *lost += count;
        let lost = *lost;
        let placed: u32 = match graph.out(workload).iter().filter(|(_, e)| e.relation == Relation::RunsOn).map(|(_, e)| e.count).sum() {
            0 => graph.out(workload).iter().filter(|(_, e)| e.relation == Relation::Owns).map(|(_, e)| e.count).sum(),
            placed => placed,
        };
        let (effect, reason) = match (lost >= placed, placed) {
            (true, 1) => (Effect::Stops, format!("its only pod runs on {place}")),
            (true, _) if count == placed => (Effect::Stops, format!("all {placed} of its pods run on {place}")),
            (true, _) => (Effect::Stops, format!("all {placed} of its pods are lost")),
            (false, _) => (Effect::Degraded, format!("{lost} of its {placed} pods are lost")),
        };
        // A larger loss of the same effect is told anew.
        if effect == Effect::Degraded
            && let Some(known) = self.hits.get_mut(&workload).filter(|h| h.effect == Effect::Degraded)
        {
            known.reason = reason;
            return;
        }
        self.hit(workload, effect, reason, via);
        if effect == Effect::Degraded {
            self.thin(workload);
        }
    }

    /// Services of a workload that lost some of its pods have fewer endpoints.
    fn thin(&mut self, workload: NodeIndex) {
        let name = self.graph.vertex(workload).label();
        for (service, edge) in self.graph.into(workload) {
            if edge.relation == Relation::Selects {
                self.hit(service, Effect::Degraded, format!("{name} has fewer pods"), workload);
            }
        }
    }

    /// A selector or a router stops when nothing is left of what it leads to.
    fn left(&mut self, user: NodeIndex, relation: Relation, all: &str, some: &str, via: NodeIndex) {
        let others = self.graph.out(user).into_iter().any(|(to, e)| e.relation == relation && !self.stopped(to));
        let (effect, reason) = if others { (Effect::Degraded, some) } else { (Effect::Stops, all) };
        self.hit(user, effect, reason.to_owned(), via);
    }
}

/// One thing whose loss stops others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakness {
    /// The thing.
    pub point: NodeIndex,
    /// What stops with it: workloads, Services, Ingresses, in the order of the graph.
    pub stops: Vec<NodeIndex>,
    /// Why it is alone, in a sentence.
    pub reason: String,
}

/// Nodes and zones whose loss stops a workload or Service, workloads of a single pod that others need, pods that nothing would
/// make again. Those that stop the most come first.
pub fn single_points_of_failure(graph: &Graph) -> Vec<Weakness> {
    let mut found: Vec<Weakness> = graph.vertices().filter_map(|(at, _)| weakness(graph, at)).collect();
    found.arrange_by_key(|w| (std::cmp::Reverse(w.stops.len()), w.point));
    found
}

fn weakness(graph: &Graph, at: NodeIndex) -> Option<Weakness> {
    let vertex = graph.vertex(at);
    let single = vertex.wanted == Some(1) && !matches!(vertex.kind, Kind::Job | Kind::CronJob);
    let place = matches!(vertex.kind, Kind::Node | Kind::Zone);
    if !(place || vertex.kind.runs_pods() && single) {
        return None;
    }
    let serves = |kind: Kind| {
        matches!(kind, Kind::Service | Kind::Ingress | Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet | Kind::Pod | Kind::Owner)
    };
    // Of a place, what has several pods and they all stand there: single pods are a weakness of their own.
    let counts = |hit: &NodeIndex| {
        let v = graph.vertex(*hit);
        serves(v.kind) && (!place || v.wanted != Some(1))
    };
    let hits = blast_radius(graph, at);
    let stops: Vec<NodeIndex> = hits.iter().filter(|h| h.effect == Effect::Stops && h.vertex != at).map(|h| h.vertex).collect();
    let is_service = |i: &NodeIndex| matches!(graph.vertex(*i).kind, Kind::Service | Kind::Ingress);
    // A Service stops because of a place only if one of its workloads is whole there.
    let whole = stops.iter().any(|i| counts(i) && !is_service(i));
    let mut stops: Vec<NodeIndex> = stops.into_iter().filter(|i| counts(i) && (!place || whole)).collect();
    stops.arrange();
    if place && stops.is_empty() {
        return None;
    }
    if !place && stops.is_empty() && vertex.kind != Kind::Pod {
        return None;
    }
    let reason = match vertex.kind {
        Kind::Node | Kind::Zone => {
            let first = stops.iter().find(|i| !is_service(i)).map(|&i| graph.vertex(i).label()).unwrap_or_default();
            let others = stops.iter().filter(|i| !is_service(i)).count().saturating_sub(1);
            let more = if others > 0 { format!(" and of {others} more") } else { String::new() };
            format!("all pods of {first}{more} run there")
        }
        Kind::Pod => "a pod without a controller: nothing makes it again when its node is lost or drained".to_owned(),
        _ => "one replica: the loss or the drain of its node, or a rollout that is not surging, leaves none".to_owned(),
    };
    Some(Weakness { point: at, stops, reason })
}

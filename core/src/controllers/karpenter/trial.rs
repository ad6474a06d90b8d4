//! What if these pods had to find a place: on the nodes that are there, on those that are on their way, or on new ones
//! (`karpenter/pkg/controllers/provisioning/scheduling/scheduler.go`). Whether a node takes a pod is the project's own scheduler's to say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::apiserver::Known;
use crate::cluster::Cluster;
use crate::cluster::ids::{KarpenterPoolId, NodeId, PodId, TemplateId};
use crate::cluster::karpenter::{KarpenterPool, LaunchOption, PoolLimits};
use crate::cluster::node::{Node, Taint};
use crate::cluster::template::{Affinity, NodeSelectorTerm, PodTemplate, TaintEffect};
use crate::controllers::cluster_autoscaler::world::World;
use crate::scheduler::plugins::node_affinity::RequiredNodeAffinity;
use crate::units::arrange::Arrange;
use crate::units::resources::Resources;
use crate::units::time::Time;

/// A node that would be launched.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// From this pool.
    pub(super) pool: KarpenterPoolId,
    /// The options that would do, the cheapest first.
    pub(super) options: Vec<usize>,
    /// For these pods.
    pub(super) pods: Vec<PodId>,
    node: NodeId,
    used: Resources,
}

impl Claim {
    /// The option that is launched: of those that would do the cheapest; spot goes before what is had on demand.
    pub(super) fn launched(&self, pool: &KarpenterPool) -> Option<usize> {
        let spot = self.options.iter().find(|&&o| pool.options.get(o).is_some_and(|o| o.spot));
        spot.or(self.options.first()).copied()
    }
}

/// What a node of the trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// There, and ready for pods.
    Settled,
    /// There, but pods that need not move must not come: something happened on it lately (`consolidateAfter`).
    Restless,
    /// A machine on its way, by position.
    Starting(usize),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// New nodes.
    pub(super) claims: Vec<Claim>,
    /// Pods that would find no place.
    pub(super) failed: Vec<PodId>,
    /// Pods that would go to nodes that are there or on their way.
    pub(super) placed: Vec<(PodId, Standing, NodeId)>,
}

/// A trial: pods are placed in it one after the other.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    world: World,
    standing: BTreeMap<NodeId, Standing>,
    left: Vec<PoolLimits>,
    strict: BTreeMap<TemplateId, Option<TemplateId>>,
    overheads: BTreeMap<(usize, usize), (Resources, i64)>,
    /// Pools in the order in which they are tried.
    order: Vec<usize>,
}

/// Label of a node's zone.
pub(super) const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// The taints that are over once a node has started (`karpenter/pkg/scheduling/taints.go` KnownEphemeralTaints).
pub(super) fn is_ephemeral(taint: &Taint, known: Known) -> bool {
    (taint.key == known.not_ready || taint.key == known.unreachable) && taint.effect == TaintEffect::NoSchedule
}

impl Trial {
    /// The cluster as it is, with machines on their way as if they were there. Nodes on which something happened lately are `restless`.
    pub(super) fn new(cluster: &Cluster, known: Known, now: Time, restless: &BTreeSet<NodeId>) -> Trial {
        let karpenter = &cluster.karpenter;
        let mut standing: BTreeMap<NodeId, Standing> = BTreeMap::new();
        for (id, _) in cluster.live_nodes() {
            standing.insert(id, if restless.contains(&id) { Standing::Restless } else { Standing::Settled });
        }
        let mut order: Vec<usize> = (0..karpenter.pools.len()).collect();
        order.arrange_by(|&a, &b| {
            let (a, b) = (&karpenter.pools[a], &karpenter.pools[b]);
            b.weight.cmp(&a.weight).then_with(|| cluster.text(a.name).cmp(cluster.text(b.name)))
        });
        let left: Vec<PoolLimits> = karpenter.pools.iter().map(|p| p.limits).collect();
        let world = World::thorough(cluster, now);
        let mut trial = Trial { world, standing, left, strict: BTreeMap::new(), overheads: BTreeMap::new(), order };
        for (index, machine) in karpenter.machines.iter().enumerate().filter(|(_, m)| !m.gone) {
            let Some(option) = karpenter.option_of(machine) else { continue };
            take(&mut trial.left[machine.pool.index()], option);
            match machine.node {
                Some(node) if machine.initialized.is_none() => {
                    let startup = &karpenter.pools[machine.pool.index()].startup_taints;
                    trial.world.change(node, |node| node.taints.retain(|t| !startup.contains(t) && !is_ephemeral(t, known)));
                    trial.standing.insert(node, Standing::Starting(index));
                }
                Some(_) => {}
                None => {
                    let (overhead, pods) = trial.overhead(cluster, machine.pool.index(), machine.option);
                    let mut node = option.node.clone();
                    node.allocatable.subtract(&overhead);
                    node.allocatable_pods -= pods;
                    let node = trial.world.add(&node);
                    trial.standing.insert(node, Standing::Starting(index));
                }
            }
        }
        trial.add_domains(cluster);
        trial
    }

    /// Zones and hosts in which a pool could launch count as domains to spread over, though nothing is there yet
    /// (`topology.go` buildDomainGroups): nodes without any room stand for them.
    fn add_domains(&mut self, cluster: &Cluster) {
        for pool in &cluster.karpenter.pools {
            let mut seen = BTreeSet::new();
            for option in pool.options.iter().filter(|o| o.offered) {
                if seen.insert((option.node.zone, option.spot)) {
                    let nothing = Resources::default();
                    self.world.add(&Node { allocatable: nothing, allocatable_pods: 0, ..option.node.clone() });
                }
            }
        }
    }

    /// Takes a node away; its pods wait.
    pub(super) fn take_away(&mut self, node: NodeId) -> Vec<PodId> {
        self.standing.remove(&node);
        self.world.take_away(node)
    }

    /// Finds places for pods, the largest first. Those in `moved` need not move: they go to no node on which something happened lately.
    pub(super) fn solve(&mut self, cluster: &Cluster, mut pods: Vec<PodId>, moved: &BTreeSet<PodId>) -> Plan {
        pods.arrange_by_key(|&id| {
            let requests = &cluster.template_of(id).requests;
            (std::cmp::Reverse(requests.cpu_milli), std::cmp::Reverse(requests.memory), cluster.pod(id).created, id)
        });
        let mut plan = Plan::default();
        // As long as pods find places others may follow them: affinity, spread.
        loop {
            let before = pods.len();
            let mut left = Vec::new();
            // What found no place finds none until something else has.
            let mut hopeless: BTreeSet<TemplateId> = BTreeSet::new();
            for id in pods {
                let template = cluster.pod(id).template;
                let hopeless_too = hopeless.contains(&template);
                if !hopeless_too && self.place(cluster, &mut plan, id, template, moved.contains(&id)) {
                    hopeless.clear();
                } else {
                    hopeless.insert(template);
                    left.push(id);
                }
            }
            if left.is_empty() || left.len() == before {
                plan.failed = left;
                return plan;
            }
            pods = left;
        }
    }

    /// Places a pod: with its preferences as if they were demands, else without.
    fn place(&mut self, cluster: &Cluster, plan: &mut Plan, id: PodId, template: TemplateId, moved: bool) -> bool {
        if let Some(strict) = self.strict_of(template) {
            self.world.set_template(id, strict);
            if self.add(cluster, plan, id, strict, moved) {
                return true;
            }
            self.world.set_template(id, template);
        }
        self.add(cluster, plan, id, template, moved)
    }

    fn add(&mut self, cluster: &Cluster, plan: &mut Plan, id: PodId, template: TemplateId, moved: bool) -> bool {
        let template = self.world.cluster.templates[template.index()].clone();
        self.relabel(cluster, plan, &template);
        let feasible = self.world.feasible(id);
        let mut there: Vec<(u8, NodeId, Standing)> = Vec::new();
        for &node in &feasible {
            match self.standing.get(&node) {
                Some(Standing::Restless) if moved => {}
                Some(Standing::Starting(machine)) => there.push((1, node, Standing::Starting(*machine))),
                Some(standing) => there.push((0, node, *standing)),
                None => {}
            }
        }
        if let Some(&(_, node, standing)) = there.iter().min_by_key(|(starting, node, _)| (*starting, *node)) {
            self.world.put(id, node);
            plan.placed.push((id, standing, node));
            return true;
        }
        let mut open: Vec<usize> = (0..plan.claims.len()).filter(|&c| feasible.contains(&plan.claims[c].node)).collect();
        open.arrange_by_key(|&c| (plan.claims[c].pods.len(), c));
        for at in open {
            let claim = &plan.claims[at];
            let mut used = claim.used.clone();
            used.add(&template.requests);
            let (pool, pods) = (claim.pool.index(), claim.pods.len() as i64 + 1);
            let options = self.that_hold(cluster, pool, &claim.options, &template, &used, pods);
            // A claim is for one zone.
            let zone = cluster.text.get(ZONE_LABEL);
            if !options.is_empty() && cluster.karpenter.pools[pool].is_varied(&options, zone) {
                let claim = &mut plan.claims[at];
                (claim.options, claim.used) = (options, used);
                claim.pods.push(id);
                self.world.put(id, plan.claims[at].node);
                return true;
            }
        }
        (0..self.order.len()).any(|at| self.open_claim(cluster, plan, id, &template, self.order[at]))
    }

    /// Claims show the labels of one of their options: where the pod demands others and another option has them, they show those.
    fn relabel(&mut self, cluster: &Cluster, plan: &Plan, template: &PodTemplate) {
        let demands = RequiredNodeAffinity::of(template, None);
        if demands.is_absent() {
            return;
        }
        for claim in &plan.claims {
            let node = self.world.cluster.node(claim.node);
            if demands.admits_labels(node.name, &node.labels, &self.world.cluster.text) {
                continue;
            }
            let options = &cluster.karpenter.pools[claim.pool.index()].options;
            let fits = |o: &&LaunchOption| demands.admits_labels(node.name, &o.node.labels, &self.world.cluster.text);
            if let Some(option) = claim.options.iter().filter_map(|&o| options.get(o)).find(fits) {
                let (labels, hostname, name) =
                    (option.node.labels.clone(), self.world.cluster.text.get("kubernetes.io/hostname"), node.name);
                self.world.change(claim.node, |node| {
                    node.labels = labels;
                    if let Some(hostname) = hostname {
                        node.labels.set(hostname, name);
                    }
                });
            }
        }
    }

    /// A new node of a pool for a pod; false if none takes it.
    fn open_claim(&mut self, cluster: &Cluster, plan: &mut Plan, id: PodId, template: &PodTemplate, pool: usize) -> bool {
        let Some(of) = cluster.karpenter.pools.get(pool) else { return false };
        let left = self.left[pool];
        let untolerated = |t: &Taint| {
            t.effect != TaintEffect::PreferNoSchedule && !template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect))
        };
        let may = |&o: &usize| {
            let option = &of.options[o];
            option.offered && within(&left, option) && !option.node.taints.iter().any(untolerated)
        };
        let all: Vec<usize> = (0..of.options.len()).filter(may).collect();
        let options = self.that_hold(cluster, pool, &all, template, &template.requests, 1);
        if !of.is_varied(&options, None) {
            return false;
        }
        let mut zones: Vec<_> = options.iter().map(|&o| of.options[o].node.zone).collect();
        zones.arrange();
        zones.dedup();
        // The cheapest zone; among equally cheap ones the one with the fewest nodes.
        zones.arrange_by_key(|&zone| {
            let here: Vec<usize> = options.iter().copied().filter(|&o| of.options[o].node.zone == zone).collect();
            let first = here.iter().find(|&&o| of.options[o].spot).or(here.first());
            let price = first.map_or(i64::MAX, |&o| of.options[o].price);
            let nodes = self.world.cluster.live_nodes().filter(|(_, n)| n.zone == zone).count();
            (price, nodes, zone)
        });
        for zone in zones {
            let here: Vec<usize> = options.iter().copied().filter(|&o| of.options[o].node.zone == zone).collect();
            let Some(prototype) = self.envelope(cluster, pool, &here) else { continue };
            let node = self.world.add(&prototype);
            if self.world.feasible(id).contains(&node) {
                self.world.put(id, node);
                let most = here.iter().map(|&o| &of.options[o]);
                take_most(&mut self.left[pool], most);
                let claim =
                    Claim { pool: KarpenterPoolId::from_index(pool), options: here, pods: vec![id], node, used: template.requests.clone() };
                plan.claims.push(claim);
                return true;
            }
            self.world.take_away(node);
        }
        false
    }

    /// A node with the labels of the first option and the room of the largest.
    fn envelope(&mut self, cluster: &Cluster, pool: usize, options: &[usize]) -> Option<Node> {
        let of = &cluster.karpenter.pools.get(pool)?.options;
        let mut node = of.get(*options.first()?)?.node.clone();
        let (mut room, mut pods) = (Resources::default(), 0);
        for &option in options {
            let (overhead, count) = self.overhead(cluster, pool, option);
            let mut own = of[option].node.allocatable.clone();
            own.subtract(&overhead);
            room.raise_to(&own);
            pods = pods.max(of[option].node.allocatable_pods - count);
        }
        (node.allocatable, node.allocatable_pods) = (room, pods);
        Some(node)
    }

    /// The options that hold so much in so many pods, and have the labels that the pod demands.
    fn that_hold(
        &mut self,
        cluster: &Cluster,
        pool: usize,
        options: &[usize],
        template: &PodTemplate,
        used: &Resources,
        pods: i64,
    ) -> Vec<usize> {
        let of = &cluster.karpenter.pools[pool].options;
        let demands = RequiredNodeAffinity::of(template, None);
        let mut hold = Vec::new();
        for &option in options {
            let node = &of[option].node;
            if !demands.admits_labels(node.name, &node.labels, &self.world.cluster.text) {
                continue;
            }
            let (overhead, count) = self.overhead(cluster, pool, option);
            let mut room = node.allocatable.clone();
            room.subtract(&overhead);
            let scalars = used.scalars.iter().all(|&(name, amount)| amount <= 0 || amount <= room.scalar(name));
            let fits = used.cpu_milli <= room.cpu_milli
                && used.memory <= room.memory
                && (used.ephemeral_storage <= 0 || room.ephemeral_storage <= 0 || used.ephemeral_storage <= room.ephemeral_storage)
                && scalars
                && pods + count <= node.allocatable_pods;
            if fits {
                hold.push(option);
            }
        }
        hold
    }

    /// What DaemonSets take of a new node: requests and pods.
    fn overhead(&mut self, cluster: &Cluster, pool: usize, option: usize) -> (Resources, i64) {
        if let Some(known) = self.overheads.get(&(pool, option)) {
            return known.clone();
        }
        let (mut sum, mut count) = (Resources::default(), 0);
        if let Some(node) = cluster.karpenter.pools.get(pool).and_then(|p| p.options.get(option)).map(|o| &o.node) {
            for set in cluster.daemon_sets.iter().filter(|d| !d.meta.gone) {
                let template = cluster.template(set.template);
                let kept_off = |t: &Taint| {
                    t.effect != TaintEffect::PreferNoSchedule && !template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect))
                };
                let demands = RequiredNodeAffinity::of(template, None);
                if demands.admits_labels(node.name, &node.labels, &cluster.text) && !node.taints.iter().any(kept_off) {
                    sum.add(&template.requests);
                    count += 1;
                }
            }
        }
        self.overheads.insert((pool, option), (sum.clone(), count));
        (sum, count)
    }

    /// The template with preferences as demands; none where it prefers nothing (`preferences.go`: they are given up where nothing else helps).
    fn strict_of(&mut self, id: TemplateId) -> Option<TemplateId> {
        if let Some(known) = self.strict.get(&id) {
            return *known;
        }
        let strict = hardened(&self.world.cluster.templates[id.index()]).map(|template| {
            self.world.cluster.templates.push(Arc::new(template));
            TemplateId::from_index(self.world.cluster.templates.len() - 1)
        });
        self.strict.insert(id, strict);
        strict
    }
}

fn hardened(template: &PodTemplate) -> Option<PodTemplate> {
    let mut strict = template.clone();
    let mut changed = false;
    for constraint in strict.spread.iter_mut().filter(|c| !c.hard) {
        constraint.hard = true;
        changed = true;
    }
    if let Some(affinity) = strict.affinity.as_deref_mut() {
        changed |= harden(affinity);
    }
    changed.then_some(strict)
}

fn harden(affinity: &mut Affinity) -> bool {
    let preferred = affinity.node_preferred.as_deref().unwrap_or_default();
    let heaviest = preferred.iter().max_by_key(|t| t.weight).map(|t| t.term.clone());
    let mut changed = heaviest.is_some();
    if let Some(term) = heaviest {
        let add = |to: &mut NodeSelectorTerm| {
            to.expressions.extend(term.expressions.iter().cloned());
            to.names.extend(term.names.iter().cloned());
        };
        match &mut affinity.node_required {
            Some(terms) => terms.iter_mut().for_each(add),
            None => affinity.node_required = Some(vec![term]),
        }
    }
    changed |= !affinity.pod_preferred.is_empty() || !affinity.anti_preferred.is_empty();
    affinity.pod_required.extend(std::mem::take(&mut affinity.pod_preferred).into_iter().map(|t| t.term));
    affinity.anti_required.extend(std::mem::take(&mut affinity.anti_preferred).into_iter().map(|t| t.term));
    changed
}

fn take(left: &mut PoolLimits, option: &LaunchOption) {
    let less = |left: &mut Option<i64>, by: i64| *left = left.map(|l| l.saturating_sub(by));
    less(&mut left.cpu_milli, option.node.capacity.cpu_milli);
    less(&mut left.memory, option.node.capacity.memory);
    less(&mut left.nodes, 1);
}

/// A node that may become any of these takes as much as the largest (`subtractMax`).
fn take_most<'a>(left: &mut PoolLimits, options: impl Iterator<Item = &'a LaunchOption>) {
    let (cpu, memory) = options.fold((0, 0), |(c, m), o| (c.max(o.node.capacity.cpu_milli), m.max(o.node.capacity.memory)));
    left.cpu_milli = left.cpu_milli.map(|l| l.saturating_sub(cpu));
    left.memory = left.memory.map(|l| l.saturating_sub(memory));
    left.nodes = left.nodes.map(|l| l.saturating_sub(1));
}

fn within(left: &PoolLimits, option: &LaunchOption) -> bool {
    left.cpu_milli.is_none_or(|l| option.node.capacity.cpu_milli <= l)
        && left.memory.is_none_or(|l| option.node.capacity.memory <= l)
        && left.nodes.is_none_or(|l| l >= 1)
}

/// The zone and way in which a pool would have to give a machine, for the sentence that says why it gives none.
pub(super) fn why_not(cluster: &Cluster, pod: PodId) -> String {
    let template = cluster.template_of(pod);
    let demands = RequiredNodeAffinity::of(template, None);
    let mut reasons = Vec::new();
    for pool in &cluster.karpenter.pools {
        let name = cluster.text(pool.name);
        let untolerated = |t: &&Taint| {
            t.effect != TaintEffect::PreferNoSchedule && !template.tolerations.iter().any(|o| o.tolerates(t.key, t.value, t.effect))
        };
        let offered: Vec<&LaunchOption> = pool.options.iter().filter(|o| o.offered).collect();
        let taint = offered.first().and_then(|o| o.node.taints.iter().find(untolerated));
        let labelled: Vec<&&LaunchOption> =
            offered.iter().filter(|o| demands.admits_labels(o.node.name, &o.node.labels, &cluster.text)).collect();
        let large = |o: &&&LaunchOption| {
            let (have, want) = (&o.node.allocatable, &template.requests);
            want.cpu_milli <= have.cpu_milli
                && want.memory <= have.memory
                && want.scalars.iter().all(|&(name, amount)| amount <= have.scalar(name))
        };
        let fits =
            |(at, o): (usize, &LaunchOption)| (o.offered && labelled.iter().any(|l| std::ptr::eq(**l, o)) && large(&&o)).then_some(at);
        let fitting: Vec<usize> = pool.options.iter().enumerate().filter_map(fits).collect();
        let reason = if let Some(taint) = taint {
            format!("did not tolerate taint (taint={}:{})", cluster.text(taint.key), effect(taint.effect))
        } else if labelled.is_empty() {
            "no instance type met the scheduling requirements".to_owned()
        } else if !labelled.iter().any(large) {
            "no instance type has enough resources".to_owned()
        } else if let Some(key) = pool.lacking(&fitting, None) {
            let key = cluster.text(key);
            format!("minValues requirement is not met for label(s) (label(s)=[{key}])")
        } else {
            "all available instance types exceed limits for nodepool, or its spread or affinity allows none".to_owned()
        };
        reasons.push(format!("incompatible with nodepool \"{name}\", {reason}"));
    }
    format!("Failed to schedule pod, {}", reasons.join("; "))
}

const fn effect(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    }
}

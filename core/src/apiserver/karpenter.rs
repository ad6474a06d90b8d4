//! Machines that Karpenter launches and gives back: what its cloud provider does, and what becomes of their nodes.

use super::api::Api;
use super::notice::{NodeChange, Watched};
use crate::cluster::ids::{KarpenterPoolId, NodeId};
use crate::cluster::karpenter::{LeaveReason, Machine};
use crate::cluster::node::{NodeReady, Taint};
use crate::cluster::template::TaintEffect;
use crate::cluster::volumes::{CsiNode, CsiNodeDriver};
use crate::trace::{Change, RecordId, Subject};
use crate::units::arrange::Arrange;
use crate::units::intern::Sym;
use crate::units::time::Time;

/// The taint of a node that is on its way out (`karpenter/pkg/apis/v1/taints.go`).
pub(crate) const DISRUPTED: &str = "karpenter.sh/disrupted";
/// The component that Karpenter's events name.
const SOURCE: &str = "karpenter";

impl Api {
    /// Launches machines of a pool, each by the number of its option; tells the record and the positions of the machines.
    pub fn launch_machines(&mut self, pool: KarpenterPoolId, options: &[usize], why: &str) -> (RecordId, Vec<usize>) {
        let now = self.now();
        let from = self.cluster.karpenter.size(pool);
        let mut launched = Vec::new();
        for &option in options {
            let Some(of) = self.cluster.karpenter.pools.get_mut(pool.index()) else { continue };
            let Some(start_up) = of.options.get(option).map(|o| o.start_up) else { continue };
            let (expire_after, termination_grace, template_hash) = (of.expire_after, of.termination_grace, of.template_hash);
            let name = loop {
                of.made += 1;
                let name = format!("{}-{}", self.cluster.text.text(of.name), of.made);
                // Nodes of a dump may be called so already.
                if self.cluster.text.get(&name).is_none_or(|name| !self.cluster.nodes.iter().any(|n| n.name == name)) {
                    break self.cluster.text.intern(&name);
                }
            };
            launched.push(self.cluster.karpenter.machines.len());
            self.cluster.karpenter.machines.push(Machine {
                pool,
                option,
                name,
                node: None,
                asked: now,
                due: now + start_up,
                initialized: None,
                expire_after,
                termination_grace,
                template_hash,
                drifted: None,
                leaving: None,
                gone: false,
            });
        }
        let to = self.cluster.karpenter.size(pool);
        let why = self.trace_mut().text_id(why);
        (self.record(Subject::KarpenterPool(pool), Change::PoolScaled(from, to, why)), launched)
    }

    /// A machine has started: its node joins, with the startup taints of its pool.
    pub fn machine_joins(&mut self, machine: usize) -> Option<NodeId> {
        let now = self.now();
        let known = self.known();
        let is = self.cluster.karpenter.machines.get(machine).filter(|m| !m.gone && m.node.is_none())?;
        let (name, pool) = (is.name, is.pool);
        let mut node = self.cluster.karpenter.option_of(is)?.node.clone();
        node.taints.extend(self.cluster.karpenter.pools.get(pool.index()).iter().flat_map(|p| &p.startup_taints).copied());
        node.name = name;
        node.labels.set(known.hostname, name);
        (node.created, node.ready, node.ready_since) = (now, NodeReady::True, now);
        self.install_drivers(name);
        let id = self.add_node(node);
        self.cluster.karpenter.machines[machine].node = Some(id);
        Some(id)
    }

    /// The storage drivers of a new node: those of the others, else those that storage classes name.
    fn install_drivers(&mut self, node: Sym) {
        let storage = &self.cluster.storage;
        let new = match storage.csi_nodes.last() {
            Some(like) => CsiNode { node, ..like.clone() },
            None => {
                let zone = self.known().zone;
                let mut drivers: Vec<Sym> = self.cluster.storage.classes.iter().map(|c| c.provisioner).collect();
                drivers.arrange();
                drivers.dedup();
                drivers.retain(|&d| !self.cluster.text(d).starts_with("kubernetes.io/"));
                let of = |driver| CsiNodeDriver { driver, limit: None, topology_keys: vec![zone] };
                CsiNode { node, drivers: drivers.into_iter().map(of).collect(), migrated: Vec::new() }
            }
        };
        if !new.drivers.is_empty() {
            self.cluster.storage.csi_nodes.push(new);
        }
    }

    /// A machine's node is ready for pods: what had to start on it has, and takes the startup taints away.
    pub fn machine_initialized(&mut self, machine: usize) {
        let now = self.now();
        let Some(is) = self.cluster.karpenter.machines.get_mut(machine).filter(|m| !m.gone && m.initialized.is_none()) else { return };
        is.initialized = Some(now);
        let (pool, node) = (is.pool, is.node);
        let taints: Vec<Taint> = self.cluster.karpenter.pools.get(pool.index()).map_or(Vec::new(), |p| p.startup_taints.clone());
        for (taint, node) in taints.into_iter().filter_map(|taint| Some((taint, node?))) {
            self.remove_taint(node, taint.key, taint.effect);
        }
    }

    /// A machine is to go: from now on nothing new comes to its node. `why` is in words.
    pub fn machine_leaves(&mut self, machine: usize, reason: LeaveReason, why: &str) -> Option<RecordId> {
        let now = self.now();
        let is = self.cluster.karpenter.machines.get_mut(machine).filter(|m| !m.gone)?;
        if let Some((since, _)) = is.leaving {
            // Whatever took it first, a machine that is taken away has no time.
            if reason == LeaveReason::Interrupted {
                is.leaving = Some((since, reason));
            }
            return None;
        }
        is.leaving = Some((now, reason));
        let node = is.node?;
        let why = self.trace_mut().text_id(why);
        let record = self.announce(Subject::Node(node), Change::NodeLeaves(why), Watched::Node(node, NodeChange::Leaving));
        let before = self.cause();
        self.set_cause(Some(record));
        self.taint_disrupted(node);
        self.set_cause(before);
        Some(record)
    }

    /// Keeps new pods off a node that is to go.
    pub fn taint_disrupted(&mut self, node: NodeId) {
        let key = self.cluster.text.intern(DISRUPTED);
        self.add_taint(node, Taint { key, value: Sym::EMPTY, effect: TaintEffect::NoSchedule });
    }

    /// A spot machine is to be taken away: Karpenter hears of it. False for nodes that are not Karpenter's.
    pub fn interrupt_machine(&mut self, node: NodeId, why: &str) -> bool {
        let Some(machine) = self.cluster.karpenter.machine_of(node) else { return false };
        let record = self.event(Subject::Node(node), true, "SpotInterrupted", "Spot interruption warning was triggered", SOURCE);
        let before = self.cause();
        self.set_cause(Some(record));
        self.machine_leaves(machine, LeaveReason::Interrupted, why);
        self.set_cause(before);
        true
    }

    /// A machine is given back, or was taken: its node is deleted.
    pub fn end_machine(&mut self, machine: usize, why: &str) {
        let Some(is) = self.cluster.karpenter.machines.get(machine).filter(|m| !m.gone) else { return };
        let (pool, node) = (is.pool, is.node);
        let from = self.cluster.karpenter.size(pool);
        self.cluster.karpenter.machines[machine].gone = true;
        let why = self.trace_mut().text_id(why);
        let record = self.record(Subject::KarpenterPool(pool), Change::PoolScaled(from, from - 1, why));
        let before = self.cause();
        self.set_cause(Some(record));
        if let Some(node) = node {
            self.delete_node(node);
        }
        self.set_cause(before);
    }

    /// When the next machine that was asked for joins.
    pub fn next_machine(&self) -> Option<Time> {
        self.cluster.karpenter.machines.iter().filter(|m| !m.gone && m.node.is_none()).map(|m| m.due).min()
    }
}

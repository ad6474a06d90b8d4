//! Which nodes go when: empty ones first, then several for one, then one (`karpenter/pkg/controllers/disruption`: controller, emptiness,
//! multinodeconsolidation, singlenodeconsolidation, validation, queue).

use std::collections::BTreeMap;

use super::KarpenterController;
use super::consolidation::{Candidate, Move};
use crate::apiserver::{Api, DISRUPTED};
use crate::cluster::ids::{KarpenterPoolId, NodeId};
use crate::cluster::karpenter::{ConsolidationPolicy, DisruptionCause, LeaveReason, Machine, dollars};
use crate::cluster::template::TaintEffect;
use crate::controllers::queue::{Key, WorkQueue};
use crate::trace::RecordId;
use crate::units::arrange::Arrange;
use crate::units::time::{Millis, SECOND, Time};

/// What is decided is looked at again after so long, and only then done (`consolidationTTL`).
const VALIDATION: Millis = 15 * SECOND;
/// At most so many nodes are looked at together.
const MOST_TOGETHER: usize = 100;
/// At most so many are looked at one by one in one look.
const MOST_SINGLE: usize = 100;

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    machines: Vec<usize>,
    cause: DisruptionCause,
    /// How; none for empty nodes.
    by: Option<Move>,
}

/// Nodes that go as soon as another has taken their place.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) machines: Vec<usize>,
    replacements: Vec<usize>,
    /// Why they go.
    reason: DisruptionCause,
    saved: i64,
    pub(super) cause: Option<RecordId>,
}

impl KarpenterController {
    /// One look of the disruption controller.
    pub(in crate::controllers) fn disrupt(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let now = api.now();
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = None;
        }
        self.go_on_replacing(api);
        if let Some((at, decision)) = self.decided.take() {
            if now < at {
                self.decided = Some((at, decision));
                return;
            }
            self.carry_out(api, queue, &decision);
            self.changed = true;
        }
        let by_calendar = api.cluster().karpenter.pools.iter().any(|p| p.budgets.iter().any(|b| b.window.is_some()));
        if !std::mem::take(&mut self.changed) && !by_calendar {
            return;
        }
        let candidates = self.candidates(api);
        let mut decision = self.decide_empty(api, &candidates);
        if decision.is_none() && self.replace_drifted(api, queue) {
            self.changed = true;
            return self.plan_look(api, queue, now + 1);
        }
        decision = decision.or_else(|| self.decide(api, &candidates));
        if let Some(decision) = decision {
            self.decided = Some((now + VALIDATION, decision));
            return queue.add_at(Key::KarpenterDisruption, now + VALIDATION, api.cause());
        }
        self.plan_windows(api, queue);
        // Nodes that are not left alone long enough yet.
        let cluster = api.cluster();
        let machines = cluster.karpenter.machines.iter().enumerate().filter(|(i, m)| !m.gone && !self.goes(*i, m));
        let times = machines.flat_map(|(i, m)| [m.node.and_then(|node| self.calm_at(cluster, node)), self.nominated.get(&i).copied()]);
        if let Some(at) = times.flatten().filter(|&at| at > now).min() {
            self.changed = true;
            self.plan_look(api, queue, at);
        }
    }

    /// The candidates that budgets let go for a cause.
    fn within_budget(
        &self,
        api: &Api,
        candidates: &[Candidate],
        cause: DisruptionCause,
        wanted: impl Fn(&Candidate) -> bool,
    ) -> Vec<Candidate> {
        let mut allowed = self.allowed(api.cluster(), cause, api.now());
        let mut chosen = Vec::new();
        for candidate in candidates.iter().filter(|c| wanted(c)) {
            if allowed[candidate.pool.index()] > 0 {
                allowed[candidate.pool.index()] -= 1;
                chosen.push(candidate.clone());
            }
        }
        chosen
    }

    fn decide_empty(&self, api: &Api, candidates: &[Candidate]) -> Option<Decision> {
        let empty = self.within_budget(api, candidates, DisruptionCause::Empty, Candidate::is_empty);
        let machines = empty.iter().map(|c| c.machine).collect();
        (!empty.is_empty()).then_some(Decision { machines, cause: DisruptionCause::Empty, by: None })
    }

    fn decide(&self, api: &Api, candidates: &[Candidate]) -> Option<Decision> {
        let (cluster, now) = (api.cluster(), api.now());
        let may = |c: &Candidate| {
            !c.is_empty() && cluster.karpenter.pools[c.pool.index()].policy == ConsolidationPolicy::WhenEmptyOrUnderutilized
        };
        let together = self.within_budget(api, candidates, DisruptionCause::Underutilized, may);
        if together.is_empty() {
            return None;
        }
        let ground = self.ground(api);
        let cause = DisruptionCause::Underutilized;
        let decided =
            |chosen: &[Candidate], by: Move| Decision { machines: chosen.iter().map(|c| c.machine).collect(), cause, by: Some(by) };
        // The most nodes from the front that can go together, by halves.
        let (mut least, mut most) = (2, together.len().min(MOST_TOGETHER));
        let mut best = None;
        while least <= most && together.len() >= 2 {
            let count = (least + most) / 2;
            match ground.consolidate(cluster, &together[..count]) {
                Some(by) => {
                    best = Some(decided(&together[..count], by));
                    least = count + 1;
                }
                None => most = count - 1,
            }
        }
        if best.is_some() {
            return best;
        }
        let allowed = self.allowed(cluster, cause, now);
        let single = candidates.iter().filter(|c| may(c) && allowed[c.pool.index()] > 0).take(MOST_SINGLE);
        single.into_iter().find_map(|c| Some(decided(std::slice::from_ref(c), ground.consolidate(cluster, std::slice::from_ref(c))?)))
    }

    /// Does what was decided, if it still holds.
    fn carry_out(&mut self, api: &mut Api, queue: &mut WorkQueue, decision: &Decision) {
        let now = api.now();
        let candidates = self.candidates(api);
        let mut chosen: Vec<Candidate> = candidates.into_iter().filter(|c| decision.machines.contains(&c.machine)).collect();
        let mut allowed = self.allowed(api.cluster(), decision.cause, now);
        chosen.retain(|c| {
            allowed[c.pool.index()] -= 1;
            allowed[c.pool.index()] >= 0
        });
        let Some(before) = &decision.by else {
            for candidate in chosen.iter().filter(|c| c.is_empty()) {
                let why = format!("nothing runs on it{}", less(candidate.price));
                api.machine_leaves(candidate.machine, LeaveReason::Disrupted(decision.cause), &why);
            }
            return;
        };
        if chosen.len() < decision.machines.len() {
            return;
        }
        let Some(by) = self.ground(api).consolidate(api.cluster(), &chosen) else { return };
        if by.replacement.is_some() != before.replacement.is_some() {
            return;
        }
        let Some((pool, option)) = by.replacement else {
            for candidate in &chosen {
                let pods = if candidate.pods == 1 { "its pod fits".to_owned() } else { format!("its {} pods fit", candidate.pods) };
                let why = format!("{pods} on other nodes{}", less(candidate.price));
                api.machine_leaves(candidate.machine, LeaveReason::Disrupted(decision.cause), &why);
            }
            return;
        };
        let names: Vec<String> = chosen.iter().map(|c| api.cluster().text(api.cluster().node(c.node).name).to_owned()).collect();
        let machine = super::provisioning::machines_told(api.cluster(), pool.index(), &[option]);
        let why = format!("{machine} takes the place of {}{}", names.join(" and "), less(by.saved));
        let (record, launched) = api.launch_machines(pool, &[option], &why);
        let cause = api.cause();
        api.set_cause(Some(record));
        chosen.iter().for_each(|c| api.taint_disrupted(c.node));
        api.set_cause(cause);
        self.asked.extend(launched.iter().map(|&replacement| (replacement, record)));
        let (machines, reason) = (decision.machines.clone(), decision.cause);
        self.commands.push(Command { machines, replacements: launched, reason, saved: by.saved, cause: Some(record) });
        self.plan_machines(api, queue);
    }

    /// Replaces one node that is not as its pool says any longer (`disruption/drift.go`): the one that is so for longest, of those with
    /// pods that find a place. Empty ones go for being empty. False if there is none that may go.
    fn replace_drifted(&mut self, api: &mut Api, queue: &mut WorkQueue) -> bool {
        let now = api.now();
        let cluster = api.cluster();
        let drifted = cluster.karpenter.machines.iter().enumerate().filter_map(|(index, machine)| {
            let expected = self.nominated.get(&index).is_some_and(|&until| until > now);
            let stays = machine.gone || machine.initialized.is_none() || self.goes(index, machine) || expected;
            let node = machine.node.filter(|&node| !stays && !cluster.node(node).gone)?;
            Some((machine.drifted?, index, node, machine.pool, machine.termination_grace.is_some()))
        });
        let mut drifted: Vec<(Time, usize, NodeId, KarpenterPoolId, bool)> = drifted.collect();
        drifted.arrange_by_key(|&(since, index, ..)| (since, index));
        if drifted.is_empty() {
            return false;
        }
        let allowed = self.allowed(cluster, DisruptionCause::Drifted, now);
        for (_, index, node, pool, ends) in drifted {
            if allowed[pool.index()] <= 0 || super::reschedulable(api.cluster(), node).is_empty() || (self.is_held(api, node) && !ends) {
                continue;
            }
            if let Some(new) = self.ground(api).replace(api.cluster(), node) {
                self.replace(api, queue, index, node, new);
                return true;
            }
        }
        false
    }

    /// A machine that has drifted goes, once what takes its place is there.
    fn replace(&mut self, api: &mut Api, queue: &mut WorkQueue, index: usize, node: NodeId, new: Vec<(KarpenterPoolId, usize)>) {
        let before = api.cause();
        api.set_cause(before.or(self.pool_applied));
        let name = api.cluster().text(api.cluster().node(node).name).to_owned();
        let mut by_pool: BTreeMap<KarpenterPoolId, Vec<usize>> = BTreeMap::new();
        new.into_iter().for_each(|(pool, option)| by_pool.entry(pool).or_default().push(option));
        let mut command =
            Command { machines: vec![index], replacements: Vec::new(), reason: DisruptionCause::Drifted, saved: 0, cause: api.cause() };
        for (pool, options) in by_pool {
            let machines = super::provisioning::machines_told(api.cluster(), pool.index(), &options);
            let takes = if options.len() > 1 { "take" } else { "takes" };
            let why = format!("{machines} {takes} the place of {name}, which is not as its NodePool says any longer");
            let (record, launched) = api.launch_machines(pool, &options, &why);
            command.cause = Some(record);
            self.asked.extend(launched.iter().map(|&replacement| (replacement, record)));
            command.replacements.extend(launched);
        }
        if command.replacements.is_empty() {
            let why = "it is not as its NodePool says any longer, and its pods fit on other nodes";
            api.machine_leaves(index, LeaveReason::Disrupted(DisruptionCause::Drifted), why);
        } else {
            api.set_cause(command.cause);
            api.taint_disrupted(node);
            self.commands.push(command);
        }
        api.set_cause(before);
        self.plan_machines(api, queue);
    }

    /// Nodes whose replacement is ready go; where it is gone they stay.
    fn go_on_replacing(&mut self, api: &mut Api) {
        for command in std::mem::take(&mut self.commands) {
            let machines = &api.cluster().karpenter.machines;
            let new: Vec<&Machine> = command.replacements.iter().filter_map(|&replacement| machines.get(replacement)).collect();
            let (lost, there) = (new.iter().any(|m| m.gone), new.iter().all(|m| m.initialized.is_some()));
            let names: Vec<&str> = new.iter().map(|m| api.cluster().text(m.name)).collect();
            let takes = if names.len() > 1 { "take" } else { "takes" };
            let why = format!("{} {takes} its place{}", names.join(" and "), less(command.saved));
            let before = api.cause();
            api.set_cause(command.cause);
            if lost {
                self.keep(api, &command.machines);
            } else if there {
                for &machine in &command.machines {
                    api.machine_leaves(machine, LeaveReason::Disrupted(command.reason), &why);
                }
            } else {
                self.commands.push(command);
            }
            api.set_cause(before);
        }
    }

    /// What was to be replaced stays.
    fn keep(&mut self, api: &mut Api, machines: &[usize]) {
        let key = api.cluster_mut().text.intern(DISRUPTED);
        for &machine in machines {
            let node = api.cluster().karpenter.machines.get(machine).filter(|m| m.leaving.is_none()).and_then(|m| m.node);
            if let Some(node) = node {
                api.remove_taint(node, key, TaintEffect::NoSchedule);
            }
        }
    }
}

/// `, $0.10/h less`; nothing where no price is known.
fn less(micros: i64) -> String {
    if micros > 0 { format!(", {}/h less", dollars(micros)) } else { String::new() }
}

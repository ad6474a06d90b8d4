//! Which nodes go when: empty ones first, then several for one, then one (`karpenter/pkg/controllers/disruption`: controller, emptiness,
//! multinodeconsolidation, singlenodeconsolidation, validation, queue).

use super::KarpenterController;
use super::consolidation::{Candidate, Move};
use crate::apiserver::{Api, DISRUPTED};
use crate::cluster::karpenter::{ConsolidationPolicy, DisruptionCause, LeaveReason, dollars};
use crate::cluster::template::TaintEffect;
use crate::controllers::queue::{Key, WorkQueue};
use crate::trace::RecordId;
use crate::units::time::{Millis, SECOND};

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
    replacement: usize,
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
        if let Some(decision) = self.decide(api, &candidates) {
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

    fn decide(&self, api: &Api, candidates: &[Candidate]) -> Option<Decision> {
        let (cluster, now) = (api.cluster(), api.now());
        let within_budget = |cause: DisruptionCause, wanted: &dyn Fn(&Candidate) -> bool| {
            let mut allowed = self.allowed(cluster, cause, now);
            let mut chosen = Vec::new();
            for candidate in candidates.iter().filter(|c| wanted(c)) {
                if allowed[candidate.pool.index()] > 0 {
                    allowed[candidate.pool.index()] -= 1;
                    chosen.push(candidate.clone());
                }
            }
            chosen
        };
        let empty = within_budget(DisruptionCause::Empty, &Candidate::is_empty);
        if !empty.is_empty() {
            let machines = empty.iter().map(|c| c.machine).collect();
            return Some(Decision { machines, cause: DisruptionCause::Empty, by: None });
        }
        let may = |c: &Candidate| {
            !c.is_empty() && cluster.karpenter.pools[c.pool.index()].policy == ConsolidationPolicy::WhenEmptyOrUnderutilized
        };
        let together = within_budget(DisruptionCause::Underutilized, &may);
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
        for replacement in launched {
            self.asked.insert(replacement, record);
            let machines = decision.machines.clone();
            self.commands.push(Command { machines, replacement, saved: by.saved, cause: Some(record) });
        }
        self.plan_machines(api, queue);
    }

    /// Nodes whose replacement is ready go; where it is gone they stay.
    fn go_on_replacing(&mut self, api: &mut Api) {
        for command in std::mem::take(&mut self.commands) {
            let Some(replacement) = api.cluster().karpenter.machines.get(command.replacement).cloned() else { continue };
            let before = api.cause();
            api.set_cause(command.cause);
            if replacement.gone {
                self.keep(api, &command.machines);
            } else if replacement.initialized.is_some() {
                let name = api.cluster().text(replacement.name).to_owned();
                for &machine in &command.machines {
                    let why = format!("{name} takes its place{}", less(command.saved));
                    api.machine_leaves(machine, LeaveReason::Disrupted(DisruptionCause::Underutilized), &why);
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

//! The containers of a pod one by one (`pkg/kubelet/kuberuntime/kuberuntime_manager.go`, v1.37): init containers in order, sidecars that stay,
//! app containers together, each with its own probes, ends and back-off. Only for pods of which something is said about single containers:
//! those of all others are one, in `life`.

use super::backoff::Backoff;
use super::life::Stage;
use super::probes;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::behavior::ContainerBehavior;
use crate::cluster::ids::PodId;
use crate::cluster::template::{Container, PodTemplate, RestartPolicy};
use crate::trace::Subject;
use crate::units::time::{Millis, SECOND};

/// Exit code of a container that a probe had killed.
const KILLED: i32 = 137;
/// A sidecar whose turn to stop comes late still has this long.
const LEAST_STOP: Millis = 2 * SECOND;

/// How far one container is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// Its image is pulled, it is created.
    Starting,
    /// It runs.
    Running,
    /// It ended and is started again later.
    BackOff,
    /// It ended for good: exit code.
    Ended(i32),
}

/// One container of a pod.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    state: State,
    started: bool,
    ready: bool,
    backoff: Backoff,
    /// How often it was started.
    starts: u32,
    /// Raised whenever its waiting timers become void.
    epoch: u32,
}

/// The containers of one pod: init containers first.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    parts: Vec<Part>,
    /// Init containers before this one are done, or stay as sidecars.
    turn: usize,
}

/// What happens to one container.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// It begins to run.
    Runs,
    /// It counts as started.
    Started,
    /// Its readiness changes.
    Ready(bool),
    /// It ends by itself.
    Exits(i32),
    /// A probe has it killed; whether it is the liveness probe.
    Killed(bool),
    /// Its back-off is over.
    Restarts,
}

/// The container at a position of a sequence.
fn container(template: &PodTemplate, at: usize) -> Option<&Container> {
    let inits = template.init_containers.len();
    if at < inits { template.init_containers.get(at) } else { template.containers.get(at - inits) }
}

/// What is said of a container, or what follows from what is said of its pod.
fn behavior_of(cluster: &Cluster, id: PodId, at: usize) -> ContainerBehavior {
    let template = cluster.template_of(id);
    let Some(container) = container(template, at) else { return ContainerBehavior::default() };
    let name = cluster.text(container.name);
    let said = template.behavior.containers.iter().find(|(of, _)| of == name).map(|(_, said)| said.clone());
    let (inits, behavior) = (template.init_containers.len(), &template.behavior);
    said.unwrap_or_else(|| ContainerBehavior {
        responds: if at < inits { Some(0) } else { behavior.ready_of(cluster.pod(id).ordinal_of_owner) },
        exits: if at == inits { behavior.exits.clone() } else { Vec::new() },
        stop: behavior.stop,
        ..ContainerBehavior::default()
    })
}

impl Kubelets {
    /// Whether the containers of a pod are looked at one by one.
    pub(super) fn is_sequenced(cluster: &Cluster, id: PodId) -> bool {
        !cluster.template_of(id).behavior.containers.is_empty()
    }

    /// The sandbox is there: the first container's turn.
    pub(super) fn begin_sequence(&mut self, api: &mut Api, id: PodId) {
        let template = api.cluster().template_of(id);
        let count = template.init_containers.len() + template.containers.len();
        self.sequences.insert(id, Sequence { parts: vec![Part::default(); count], turn: 0 });
        self.advance_sequence(api, id);
    }

    /// Starts what may be started now.
    fn advance_sequence(&mut self, api: &mut Api, id: PodId) {
        let template = api.cluster().template_of(id);
        let inits: Vec<bool> = template.init_containers.iter().map(|c| c.sidecar).collect();
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        while let Some(&sidecar) = inits.get(sequence.turn) {
            let part = sequence.parts[sequence.turn];
            let done = if sidecar { part.started } else { part.state == State::Ended(0) };
            if !done {
                let waits = part.state == State::Waiting;
                let turn = sequence.turn;
                if waits {
                    self.start_part(api, id, turn);
                }
                return;
            }
            sequence.turn += 1;
        }
        let waiting: Vec<usize> = (inits.len()..sequence.parts.len()).filter(|&at| sequence.parts[at].state == State::Waiting).collect();
        for at in waiting {
            self.start_part(api, id, at);
        }
    }

    fn start_part(&mut self, api: &mut Api, id: PodId, at: usize) {
        let behavior = behavior_of(api.cluster(), id, at);
        let Some(part) = self.part(id, at) else { return };
        part.state = State::Starting;
        let first = part.starts == 0;
        let pull = if first { behavior.pull } else { 0 };
        self.plan_part(api, id, at, pull + behavior.start, Step::Runs);
    }

    fn part(&mut self, id: PodId, at: usize) -> Option<&mut Part> {
        self.sequences.get_mut(&id)?.parts.get_mut(at)
    }

    fn plan_part(&mut self, api: &Api, id: PodId, at: usize, after: Millis, step: Step) {
        let Some(epoch) = self.part(id, at).map(|part| part.epoch) else { return };
        let cause = api.cause();
        self.agenda.add(api.now() + after.max(0), (Timer::Part(id, at as u32, epoch, step), cause));
    }

    /// Something happens to one container.
    pub(super) fn step_part(&mut self, api: &mut Api, id: PodId, at: usize, epoch: u32, step: Step) {
        match self.part(id, at) {
            Some(part) if part.epoch == epoch => {}
            _ => return,
        }
        match step {
            Step::Runs => self.part_runs(api, id, at),
            Step::Started => {
                if let Some(part) = self.part(id, at) {
                    part.started = true;
                }
                self.advance_sequence(api, id);
                self.post_sequence(api, id);
            }
            Step::Ready(ready) => {
                if let Some(part) = self.part(id, at) {
                    part.ready = ready;
                }
                self.post_sequence(api, id);
            }
            Step::Exits(code) => self.part_ends(api, id, at, code),
            Step::Killed(liveness) => {
                let template = api.cluster().template_of(id);
                let name = container(template, at).map_or(String::new(), |c| api.cluster().text(c.name).to_owned());
                let init = if at < template.init_containers.len() { "Init container" } else { "Container" };
                let again = if template.restart_policy == RestartPolicy::Never { "" } else { ", will be restarted" };
                let probe = if liveness { "liveness" } else { "startup" };
                api.event(Subject::Pod(id), false, "Killing", &format!("{init} {name} failed {probe} probe{again}"), "kubelet");
                let behavior = behavior_of(api.cluster(), id, at);
                let stop = (behavior.pre_stop + behavior.stop).min(api.cluster().template_of(id).grace);
                if let Some(part) = self.part(id, at) {
                    part.epoch += 1;
                }
                self.plan_part(api, id, at, stop, Step::Exits(KILLED));
            }
            Step::Restarts => {
                self.life(id).restarts += 1;
                self.post_restarts(api, id);
                self.start_part(api, id, at);
                self.post_sequence(api, id);
            }
        }
    }

    fn part_runs(&mut self, api: &mut Api, id: PodId, at: usize) {
        let template = api.cluster().template_of(id);
        let Some(of) = container(template, at) else { return };
        let behavior = behavior_of(api.cluster(), id, at);
        let found = probes::find(of, &behavior);
        let name = api.cluster().text(of.name).to_owned();
        let app = at >= template.init_containers.len();
        let Some(part) = self.part(id, at) else { return };
        part.state = State::Running;
        part.starts += 1;
        let last = behavior.exits.len().saturating_sub(1);
        let exit = behavior.exits.get((part.starts as usize - 1).min(last)).copied();
        let exit = exit.or_else(|| (!app && !of_sidecar(api, id, at)).then_some(crate::cluster::behavior::Exit { after: 0, code: 0 }));
        api.event(Subject::Pod(id), false, "Started", &format!("Container {name} started"), "kubelet");
        if app {
            let life = self.life(id);
            life.since = api.now();
            life.ran = true;
        }
        let hook = behavior.post_start;
        if let Some(exit) = exit {
            self.plan_part(api, id, at, exit.after, Step::Exits(exit.code));
        }
        if let Some((killed, probe)) = found.killed {
            self.plan_part(api, id, at, killed, Step::Killed(probe == "liveness"));
        }
        if let Some(started) = found.started {
            self.plan_part(api, id, at, started.max(hook), Step::Started);
        }
        for (after, ready) in found.ready {
            self.plan_part(api, id, at, after.max(hook), Step::Ready(ready));
        }
        self.post_sequence(api, id);
    }

    /// A container ended; its own policy or the pod's says what follows (`pkg/kubelet/container/helpers.go`, v1.37).
    fn part_ends(&mut self, api: &mut Api, id: PodId, at: usize, code: i32) {
        let template = api.cluster().template_of(id);
        let inits = template.init_containers.len();
        let sidecar = of_sidecar(api, id, at);
        let again = match template.restart_policy {
            _ if sidecar => true,
            RestartPolicy::Always if at >= inits => true,
            RestartPolicy::Always | RestartPolicy::OnFailure => code != 0,
            RestartPolicy::Never => false,
        };
        let now = api.now();
        let Some(part) = self.part(id, at) else { return };
        part.epoch += 1;
        (part.started, part.ready) = (false, false);
        if again {
            let restart = part.backoff.restart_at(now);
            part.state = State::BackOff;
            self.plan_part(api, id, at, restart - now, Step::Restarts);
            return self.post_sequence(api, id);
        }
        part.state = State::Ended(code);
        if at < inits {
            if code == 0 {
                return self.advance_sequence(api, id);
            }
            return self.end_sequence(api, id, code);
        }
        let Some(sequence) = self.sequences.get(&id) else { return };
        let mut codes = sequence.parts[inits..].iter().map(|part| match part.state {
            State::Ended(code) => Some(code),
            _ => None,
        });
        match codes.try_fold(0, |worst, code| code.map(|code| if worst == 0 { code } else { worst })) {
            Some(code) => self.end_sequence(api, id, code),
            None => self.post_sequence(api, id),
        }
    }

    /// All that had to end has ended: sidecars are stopped, and the pod is over.
    fn end_sequence(&mut self, api: &mut Api, id: PodId, code: i32) {
        self.sequences.remove(&id);
        self.life(id).stage = Stage::Ended(code);
        if api.cluster().pod(id).phase == crate::cluster::pod::Phase::Pending {
            let record = api.mark_finished(id, code);
            api.set_cause(Some(record));
        }
        self.post(api, id);
    }

    /// What the containers together are for the pod.
    fn post_sequence(&mut self, api: &mut Api, id: PodId) {
        let inits = api.cluster().template_of(id).init_containers.len();
        let sidecars: Vec<bool> = api.cluster().template_of(id).init_containers.iter().map(|c| c.sidecar).collect();
        let Some(sequence) = self.sequences.get(&id) else { return };
        let apps = &sequence.parts[inits..];
        if apps.iter().all(|part| part.starts == 0) {
            return;
        }
        let needed = sidecars.iter().zip(&sequence.parts).filter(|(sidecar, _)| **sidecar).map(|(_, part)| part).chain(apps);
        let ready = needed.into_iter().all(|part| part.ready || matches!(part.state, State::Ended(_)));
        let runs = apps.iter().any(|part| part.state == State::Running);
        let life = self.life(id);
        if life.readiness_held && runs {
            return self.post(api, id);
        }
        life.stage = match (ready, runs) {
            (true, _) => Stage::Ready,
            (false, true) => Stage::Running,
            (false, false) => Stage::BackOff,
        };
        self.post(api, id);
    }

    /// Ends the first app container of a pod now; false if its containers are not looked at one by one.
    pub(super) fn exit_first_app(&mut self, api: &mut Api, id: PodId, code: i32) -> bool {
        let inits = api.cluster().template_of(id).init_containers.len();
        match self.part(id, inits) {
            Some(part) if part.state == State::Running => {
                self.part_ends(api, id, inits, code);
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    /// From a deletion to the last container's end, if all had the time they need: preStop hooks count, and sidecars wait for what is after them
    /// (`pkg/kubelet/kuberuntime/kuberuntime_termination_order.go`, v1.37). The second value tells whether somebody had to be killed.
    pub(super) fn stop_span(cluster: &Cluster, id: PodId, grace: Millis) -> (Millis, bool) {
        let template = cluster.template_of(id);
        let hook = |of: &Container| of.pre_stop.unwrap_or(0).saturating_mul(SECOND);
        if template.behavior.containers.is_empty() {
            let hook = template.containers.iter().map(hook).max().unwrap_or(0);
            let takes = hook.saturating_add(template.behavior.stop);
            return (takes.clamp(0, grace), takes > grace);
        }
        let inits = template.init_containers.len();
        let (mut over, mut killed) = (0, false);
        for at in inits..inits + template.containers.len() {
            let behavior = behavior_of(cluster, id, at);
            let hook = container(template, at).map_or(0, hook).max(behavior.pre_stop);
            let takes = hook.saturating_add(behavior.stop);
            killed |= takes > grace;
            over = over.max(takes.min(grace));
        }
        for at in (0..inits).rev().filter(|&at| template.init_containers[at].sidecar) {
            let behavior = behavior_of(cluster, id, at);
            let left = (grace - over).max(if grace == 0 { 0 } else { LEAST_STOP });
            killed |= behavior.stop > left;
            over += behavior.stop.min(left);
        }
        (over, killed)
    }
}

fn of_sidecar(api: &Api, id: PodId, at: usize) -> bool {
    api.cluster().template_of(id).init_containers.get(at).is_some_and(|c| c.sidecar)
}

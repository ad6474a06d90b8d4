//! The life of a pod on its node: accepted, running, ready, ended and started again, stopped (`pkg/kubelet/kubelet.go` SyncPod,
//! SyncTerminatingPod; `pkg/kubelet/status/status_manager.go`, v1.37). Durations are assumptions: [`PodBehavior`](crate::cluster::behavior::PodBehavior).

use super::admission;
use super::backoff::Backoff;
use super::{Kubelets, Timer};
use crate::apiserver::Api;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Phase;
use crate::cluster::template::RestartPolicy;
use crate::trace::{Subject, UnreadyReason};
use crate::units::time::{Millis, SECOND, Time};

/// From seeing a pod to posting that it is refused: the two round trips between which its owner cannot make the next one. An assumption,
/// of the size that recorded round trips have.
const REFUSES_AFTER: Millis = 250;
/// Exit code of a container that had to be killed.
const KILLED: i32 = 137;

/// How far a pod is, as its kubelet knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// The kubelet has not seen it.
    #[default]
    Unseen,
    /// Images are pulled, containers created.
    Starting,
    /// Containers run, not ready.
    Running,
    /// Containers run and are ready.
    Ready,
    /// The main container ended and waits to be started again.
    BackOff,
    /// All containers ended by themselves: exit code.
    Ended(i32),
    /// All containers were stopped after a deletion: exit code.
    Stopped(i32),
    /// The kubelet is done with it.
    Over,
}

/// What a kubelet keeps of a pod.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life {
    /// How far it is.
    pub(super) stage: Stage,
    /// Raised whenever waiting timers become void.
    pub(super) epoch: u32,
    /// In-place restarts.
    pub(super) restarts: u32,
    /// The main container's back-off.
    pub(super) backoff: Backoff,
    /// A readiness set from outside: no probe result changes it until the container starts again.
    pub(super) readiness_held: bool,
    /// When its last container will have ended, once it is being stopped.
    pub(super) stops: Option<Time>,
    /// The k-th pod of its index (indexed Job).
    pub(super) of_index: u32,
    /// It waits for volumes to be attached to its node.
    pub(super) awaits_volumes: bool,
    /// When its main container was last started.
    pub(super) since: Time,
    /// It is about to be refused.
    pub(super) refused: bool,
    /// The pause after the next failed pull; 0 before the first.
    pub(super) pull_pause: Millis,
    /// Its containers ran once: their images are on the node.
    pub(super) ran: bool,
}

impl Kubelets {
    /// A pod was bound to a node: its kubelet admits it and begins to start it.
    pub(super) fn take_on(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id);
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) || self.life(id).stage != Stage::Unseen {
            return;
        }
        let shutting_down = pod.node.is_some_and(|node| self.agent(node).shutting_down);
        if let Some(rejection) = admission::rejection(api.cluster(), api.known(), id, shutting_down) {
            if rejection.is_shortage()
                && let Some(over) = self.make_room(api, id)
            {
                let (cause, epoch) = (api.cause(), self.life(id).epoch);
                return self.agenda.add(over, (Timer::TakeOn(id, epoch), cause));
            }
            if !std::mem::replace(&mut self.life(id).refused, true) {
                let (now, cause, epoch) = (api.now(), api.cause(), self.life(id).epoch);
                self.agenda.add(now + REFUSES_AFTER, (Timer::TakeOn(id, epoch), cause));
                return;
            }
            self.life(id).stage = Stage::Over;
            let message = format!("Pod was rejected: {}", rejection.message);
            let record = api.fail_pod(id, &rejection.reason, &message);
            api.set_cause(Some(record));
            api.event(Subject::Pod(id), true, &rejection.reason, &rejection.message, "kubelet");
            return;
        }
        api.accept(id);
        self.life(id).stage = Stage::Starting;
        let (now, cause) = (api.now(), api.cause());
        let template = api.cluster().template_of(id);
        if let Some(deadline) = template.active_deadline {
            self.agenda.add(now + deadline, (Timer::Deadline(id), cause));
        }
        if !api.cluster().is_all_attached(id) {
            self.life(id).awaits_volumes = true;
            return;
        }
        self.begin_start(api, id);
    }

    /// A volume was attached to a node: pods there that waited for it last begin to start.
    pub(super) fn volumes_attached(&mut self, api: &mut Api, node: NodeId) {
        let waiting: Vec<PodId> = api
            .cluster()
            .node(node)
            .pods
            .iter()
            .copied()
            .filter(|id| self.lives.get(id.index()).is_some_and(|l| l.awaits_volumes))
            .collect();
        for id in waiting {
            if Self::is_heard(api, id) && api.cluster().is_all_attached(id) {
                self.begin_start(api, id);
            }
        }
    }

    /// Everything is attached: images are pulled, containers created.
    fn begin_start(&mut self, api: &mut Api, id: PodId) {
        self.life(id).awaits_volumes = false;
        if self.life(id).stage != Stage::Starting {
            return;
        }
        let template = api.cluster().template_of(id);
        if template.behavior.pull_fails {
            api.event(Subject::Pod(id), true, "Failed", "Error: ImagePullBackOff", "kubelet");
            return;
        }
        self.pull(api, id);
    }

    /// A pod found bound when the simulation begins: it goes on from where its status says it is.
    pub(super) fn find_running(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id);
        let (phase, ready, restarts, deleting) = (pod.phase, pod.ready, pod.restarts, pod.deletion.is_some());
        match phase {
            Phase::Pending => self.take_on(api, id),
            Phase::Running => {
                let life = self.life(id);
                life.stage = if ready { Stage::Ready } else { Stage::Running };
                life.restarts = restarts;
                life.ran = true;
                self.plan_run(api, id);
                self.memory_may_be_short(api, id);
                self.processes_may_be_short(api, id);
            }
            Phase::Succeeded | Phase::Failed => self.life(id).stage = Stage::Over,
        }
        if deleting {
            self.begin_stop(api, id);
        }
    }

    /// The containers start.
    pub(super) fn containers_start(&mut self, api: &mut Api, id: PodId) {
        if Self::is_sequenced(api.cluster(), id) {
            return self.begin_sequence(api, id);
        }
        let life = self.life(id);
        life.stage = Stage::Running;
        life.ran = true;
        self.post(api, id);
        self.plan_run(api, id);
        self.memory_may_be_short(api, id);
        self.processes_may_be_short(api, id);
    }

    /// What will happen to containers that have just started: they get ready, and may end.
    fn plan_run(&mut self, api: &mut Api, id: PodId) {
        let (now, cause) = (api.now(), api.cause());
        let ready = api.cluster().template_of(id).behavior.ready_of(api.cluster().pod(id).ordinal_of_owner);
        let (exit, oom) = (self.exit_of(api, id), self.oom_of(api.cluster(), id));
        let exit = [exit, oom].into_iter().flatten().min_by_key(|exit| exit.after);
        let life = self.life(id);
        life.since = now;
        let (epoch, running) = (life.epoch, life.stage == Stage::Running);
        if let Some(ready) = ready
            && running
        {
            self.agenda.add(now + ready, (Timer::Ready(id, epoch), cause));
        }
        if let Some(exit) = exit {
            self.agenda.add(now + exit.after, (Timer::Exit(id, epoch, exit.code), cause));
        }
    }

    /// The containers have become ready.
    pub(super) fn containers_ready(&mut self, api: &mut Api, id: PodId) {
        let life = self.life(id);
        if life.stage == Stage::Running && !life.readiness_held {
            life.stage = Stage::Ready;
            self.post(api, id);
        }
    }

    /// The main container ends by itself; the restart policy says what follows (`pkg/kubelet/container/helpers.go`, v1.37).
    pub(super) fn container_ends(&mut self, api: &mut Api, id: PodId, code: i32) {
        let template = api.cluster().template_of(id);
        let (policy, ready_at_once) =
            (template.restart_policy, template.behavior.ready_of(api.cluster().pod(id).ordinal_of_owner) == Some(0));
        let now = api.now();
        let life = self.life(id);
        if !matches!(life.stage, Stage::Running | Stage::Ready) {
            return;
        }
        life.epoch += 1;
        let again = life.stops.is_none()
            && match policy {
                RestartPolicy::Always => true,
                RestartPolicy::OnFailure => code != 0,
                RestartPolicy::Never => false,
            };
        if !again {
            life.stage = Stage::Ended(code);
            return self.post(api, id);
        }
        let was_ready = life.stage == Stage::Ready;
        life.stage = Stage::BackOff;
        let (at, epoch) = (life.backoff.restart_at(now), life.epoch);
        if at <= now && ready_at_once && was_ready {
            // Over before the status is posted: only the restart shows.
            life.stage = Stage::Ready;
            life.readiness_held = false;
            life.restarts = life.restarts.saturating_add(1);
            self.post(api, id);
            return self.plan_run(api, id);
        }
        self.post(api, id);
        if at <= now {
            return self.container_restarts(api, id);
        }
        let cause = api.cause();
        self.agenda.add(at, (Timer::Restart(id, epoch), cause));
    }

    /// The main container starts again in place.
    pub(super) fn container_restarts(&mut self, api: &mut Api, id: PodId) {
        let life = self.life(id);
        if life.stage != Stage::BackOff {
            return;
        }
        life.stage = Stage::Running;
        life.readiness_held = false;
        life.restarts = life.restarts.saturating_add(1);
        self.post(api, id);
        self.plan_run(api, id);
        self.memory_may_be_short(api, id);
        self.processes_may_be_short(api, id);
    }

    /// A deletion was noticed: the containers are told to stop, and are killed when the grace period is over.
    pub(super) fn begin_stop(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id);
        let Some(deletion) = pod.deletion else { return };
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) {
            return;
        }
        let (now, cause) = (api.now(), api.cause());
        let grace = deletion.grace_seconds.max(0).saturating_mul(SECOND);
        let (takes, _) = Self::stop_span(api.cluster(), id, grace);
        let life = self.life(id);
        match life.stage {
            Stage::Unseen | Stage::Starting => {
                life.epoch += 1;
                life.stage = Stage::Over;
                self.sequences.remove(&id);
                if pod.created == now {
                    // Deleted as soon as it was made: the kubelet has to hear of it first.
                    self.agenda.add(now + REFUSES_AFTER, (Timer::LetGo(id), cause));
                } else {
                    self.let_go(api, id);
                }
            }
            Stage::Running | Stage::Ready | Stage::BackOff | Stage::Ended(_) => {
                if life.stops.is_none() {
                    // No container is started again; whether one that ran gets ready no longer matters.
                    life.epoch += 1;
                    self.sequences.remove(&id);
                }
                let life = self.life(id);
                let nothing_runs = matches!(life.stage, Stage::Ended(_));
                let at = if nothing_runs { now } else { (deletion.requested + takes).max(now) };
                if life.stops.is_none_or(|stops| at < stops) {
                    life.stops = Some(at);
                    self.agenda.add(at, (Timer::Stopped(id), cause));
                }
            }
            Stage::Stopped(_) | Stage::Over => {}
        }
    }

    /// The last container has ended after a deletion.
    pub(super) fn containers_stopped(&mut self, api: &mut Api, id: PodId) {
        let now = api.now();
        let template = api.cluster().template_of(id);
        let grace = api.cluster().pod(id).deletion.map_or(0, |d| d.grace_seconds.saturating_mul(SECOND));
        // Killed where stopping takes longer than the grace period allows.
        let (_, killed) = Self::stop_span(api.cluster(), id, grace);
        let code = if killed { KILLED } else { template.behavior.stop_code };
        let life = self.life(id);
        if life.stops.is_none_or(|stops| stops > now)
            || !matches!(life.stage, Stage::Running | Stage::Ready | Stage::BackOff | Stage::Ended(_))
        {
            return;
        }
        let code = if let Stage::Ended(own) = life.stage { own } else { code };
        life.epoch += 1;
        life.stage = Stage::Stopped(code);
        self.post(api, id);
    }

    /// `activeDeadlineSeconds` of the pod is over.
    pub(super) fn deadline_over(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id);
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) {
            return;
        }
        self.end(id);
        api.fail_pod(id, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
    }

    /// The kubelet is done with the pod: its timers are void.
    pub(super) fn end(&mut self, id: PodId) {
        self.sequences.remove(&id);
        let life = self.life(id);
        life.epoch += 1;
        life.stage = Stage::Over;
    }

    /// The pod is gone from the API.
    pub(super) fn forget(&mut self, id: PodId) {
        if self.lives.get(id.index()).is_some_and(|life| life.stage != Stage::Unseen) {
            self.end(id);
        }
    }

    /// Sets a running pod's readiness from outside: its probe passes or fails from now on.
    pub fn set_ready(&mut self, api: &mut Api, id: PodId, ready: bool) {
        let life = self.life(id);
        if !matches!(life.stage, Stage::Running | Stage::Ready) {
            return;
        }
        life.readiness_held = true;
        life.stage = if ready { Stage::Ready } else { Stage::Running };
        if ready || !Self::is_heard(api, id) {
            return self.post(api, id);
        }
        if let Some(record) = api.mark_unready(id, UnreadyReason::Probe) {
            api.set_cause(Some(record));
        }
    }

    /// Ends the main container of a running pod now.
    pub fn exit_container(&mut self, api: &mut Api, id: PodId, code: i32) {
        if !self.exit_first_app(api, id, code) {
            self.container_ends(api, id, code);
        }
    }

    /// Posts what the API does not know yet of a pod, and makes the last record the cause of what follows.
    pub(super) fn post(&mut self, api: &mut Api, id: PodId) {
        let life = *self.life(id);
        let pod = api.cluster().pod(id);
        if pod.gone || pod.phase.is_terminal() || !Self::is_heard(api, id) {
            return;
        }
        let ran = !matches!(life.stage, Stage::Unseen | Stage::Starting | Stage::Over);
        if ran && pod.phase == Phase::Pending {
            let record = api.mark_running(id);
            api.set_cause(Some(record));
        }
        match life.stage {
            Stage::Running | Stage::BackOff => {
                if let Some(record) = api.mark_unready(id, UnreadyReason::ContainerEnded) {
                    api.set_cause(Some(record));
                }
            }
            Stage::Ready => {
                if let Some(record) = api.mark_ready(id) {
                    api.set_cause(Some(record));
                }
            }
            Stage::Ended(code) => {
                let record = api.mark_finished(id, code);
                api.set_cause(Some(record));
                if api.cluster().pod(id).deletion.is_some() {
                    self.let_go(api, id);
                }
            }
            Stage::Stopped(code) => {
                let record = api.mark_finished(id, code);
                api.set_cause(Some(record));
                self.let_go(api, id);
            }
            Stage::Unseen | Stage::Starting | Stage::Over => {}
        }
        if ran {
            self.post_restarts(api, id);
        }
    }

    /// Posts restarts that the API does not know of yet.
    pub(super) fn post_restarts(&mut self, api: &mut Api, id: PodId) {
        let restarts = self.life(id).restarts;
        while Self::is_heard(api, id) && !api.cluster().pod(id).gone && api.cluster().pod(id).restarts < restarts {
            let record = api.mark_restarted(id);
            api.set_cause(Some(record));
        }
    }

    /// The kubelet's own last DELETE with grace 0. A finalizer keeps the object.
    pub(super) fn let_go(&mut self, api: &mut Api, id: PodId) {
        self.life(id).stage = Stage::Over;
        let finalizers = &api.cluster().template_of(id).finalizers;
        if finalizers.is_empty() {
            return api.remove_pod(id);
        }
        let names: Vec<&str> = finalizers.iter().map(|&name| api.cluster().text(name)).collect();
        let told = crate::apiserver::stays(&names);
        let text = api.trace_mut().text_id(&told);
        api.record(Subject::Pod(id), crate::trace::Change::StepNote(text));
    }
}

//! The simulation: one virtual clock over the API server, the scheduler, the controllers, the kubelets and kubectl's drains.
//!
//! Everything that happens at one moment is done before the clock moves: notices are delivered first, then one controller key, one
//! scheduling attempt or one timer at a time, in an order that the input alone decides.

use super::drain::Drains;
use super::invariants::{Invariants, Violation};
use super::scheduling::Scheduling;
use super::ties::Ties;
use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::ids::PodId;
use crate::controllers::{Controllers, WorkQueue};
use crate::kubelet::Kubelets;
use crate::trace::{Change, Trace};
use crate::units::rng::Orders;
use crate::units::time::{MINUTE, Millis, Time};

/// How long the cluster has been left alone before a what-if begins: the settling runs from minus this to zero.
pub const SETTLE_SPAN: Millis = 60 * MINUTE;

/// The most actions (attempts, syncs, timers) of one run, unless the caller says otherwise: a run that needs more goes in circles.
pub const DEFAULT_BUDGET: u64 = 50_000_000;

/// The most actions within one moment, and how many more for each node and each pod that is there or wanted: more means that two
/// controllers undo each other's work without time passing.
const MOMENT_BUDGET: u64 = 1_000;
const MOMENT_BUDGET_EACH: u64 = 64;

/// What a simulation is begun with, beside the cluster.
#[derive(Clone, Debug, Default)]
pub struct SimOptions {
    /// Decides what Kubernetes leaves open; 0 for one order that needs no draw: see [`Orders`].
    pub seed: u64,
    /// A `KubeSchedulerConfiguration` document; none for the default profile.
    pub scheduler_configuration: Option<serde_json::Value>,
    /// Whether what must always hold is checked after every event: [`Sim::check_invariants`] from the beginning.
    pub check_invariants: bool,
    /// The most actions; none for [`DEFAULT_BUDGET`].
    pub budget: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// Nothing is left to happen.
    Quiet,
    /// The time given is over; more would happen later.
    TimeUp,
    /// The event budget is used up: something goes round in circles.
    BudgetSpent,
}

/// The most changes of nodes answered one by one within a moment: by then all others have arrived. Calibrated by recordings: of pods that
/// got ready in one second the controllers mostly counted the first, then the first two, then all.
const SINGLE_ANSWERS: u32 = 2;

/// How far the controllers are within a moment. What happens on nodes at one moment reaches them at nearly one time: each change wakes
/// them, and once they have answered one with a decision (a size, a pod made or deleted) they see all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    /// No controller has anything to look at.
    Nobody,
    /// The first change of a node is being answered.
    First,
    /// All changes of the moment are seen before the next look.
    All,
}

/// How many nodes and pods there are, and pods are wanted. Of pods that have ended those of this moment do not count: what goes in circles
/// leaves many. Those of before do: a drain asks for each of them.
fn size(cluster: &Cluster, now: Time) -> u64 {
    let wanted = |n: i32| u64::from(n.max(0).unsigned_abs());
    let sum = cluster.deployments.iter().map(|d| 2 * wanted(d.replicas)).sum::<u64>()
        + cluster.replica_sets.iter().filter(|r| !r.meta.gone).map(|r| wanted(r.replicas)).sum::<u64>()
        + cluster.stateful_sets.iter().map(|s| wanted(s.replicas)).sum::<u64>()
        + cluster.jobs.iter().map(|j| wanted(j.parallelism)).sum::<u64>();
    let on_each_node = 1 + cluster.daemon_sets.len() as u64;
    let sum = sum + cluster.live_pods().filter(|(_, pod)| !pod.phase.is_terminal() || pod.created < now).count() as u64;
    sum.saturating_add(cluster.nodes.len() as u64 * on_each_node)
}

/// A running simulation. Cloning it forks it: both go on from the same state.
#[derive(Clone, Debug)]
pub struct Sim {
    pub(super) api: Api,
    pub(super) controllers: Controllers,
    pub(super) queue: WorkQueue,
    pub(super) kubelets: Kubelets,
    pub(super) drains: Drains,
    pub(super) scheduling: Scheduling,
    /// kube-scheduler has no leader: no pod is tried.
    no_scheduler: bool,
    actions: u64,
    budget: u64,
    invariants: Option<Box<Invariants>>,
}

/// A program of the control plane of which one instance leads and others stand by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
}

impl Component {
    /// All of them.
    pub const ALL: [Component; 2] = [Component::ControllerManager, Component::Scheduler];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Component::ControllerManager => "kube-controller-manager",
            Component::Scheduler => "kube-scheduler",
        }
    }
}

impl Sim {
    /// A simulation of `cluster` that begins at `start`: controllers and kubelets look at what exists, nothing has happened yet.
    pub fn new(mut cluster: Cluster, options: &SimOptions, start: Time) -> Sim {
        for pod in &mut cluster.pods {
            // What the manifests have is there from the beginning.
            (pod.created, pod.ready_since) = (pod.created.min(start), pod.ready_since.min(start));
        }
        let scheduling = Scheduling::new(options, &mut cluster, start);
        let mut api = Api::new(cluster, start);
        api.set_orders(Orders::of(options.seed));
        let mut controllers = Controllers::default();
        let mut queue = WorkQueue::default();
        queue.set_orders(Orders::of(options.seed));
        let mut kubelets = Kubelets::default();
        kubelets.start(&mut api);
        controllers.start(&mut api, &mut queue);
        let budget = options.budget.unwrap_or(DEFAULT_BUDGET);
        let invariants = options.check_invariants.then(Box::default);
        Sim {
            api,
            controllers,
            queue,
            kubelets,
            drains: Drains::default(),
            scheduling,
            no_scheduler: false,
            actions: 0,
            budget,
            invariants,
        }
    }

    /// Lets a cluster come to rest: from minus [`SETTLE_SPAN`] until nothing happens any more, at most to time zero, where the clock then
    /// stands. Gives the simulation, the trace of the settling and how it ended. The simulation's own trace is empty: a what-if begins.
    pub fn settled(cluster: Cluster, options: &SimOptions) -> (Sim, Trace, Ended) {
        Sim::new(cluster, options, Time::ZERO + -SETTLE_SPAN).settle()
    }

    /// As [`Sim::settled`], with another rule for the choice among equally good nodes: see [`Scheduling::ties`].
    pub fn settled_with(cluster: Cluster, options: &SimOptions, ties: Ties) -> (Sim, Trace, Ended) {
        let mut sim = Sim::new(cluster, options, Time::ZERO + -SETTLE_SPAN);
        sim.scheduling.set_ties(ties);
        sim.settle()
    }

    fn settle(mut self) -> (Sim, Trace, Ended) {
        let ended = self.run_until(Time::at(-1));
        self.api.advance_to(Time::ZERO);
        let trace = self.begin_what_if();
        (self, trace, ended)
    }

    /// As [`Sim::settled`], with every attempt to schedule a pod kept: see [`Scheduling::attempts`].
    pub fn settled_watching(cluster: Cluster, options: &SimOptions, pod: PodId) -> (Sim, Trace, Ended) {
        let mut sim = Sim::new(cluster, options, Time::ZERO + -SETTLE_SPAN);
        sim.scheduling.watch(pod);
        sim.settle()
    }

    /// Empties the trace and gives what it held: what comes now is told from here. Timers set before have no cause any more.
    pub fn begin_what_if(&mut self) -> Trace {
        self.queue.forget_causes();
        self.controllers.forget_causes();
        self.kubelets.forget_causes();
        self.drains.forget_causes();
        self.scheduling.forget_causes();
        self.controllers.forget_causes();
        // Settling makes all pods at once: what follows takes less room.
        self.kubelets.give_back();
        self.scheduling.give_back();
        self.actions = 0;
        if let Some(invariants) = &mut self.invariants {
            invariants.begin();
        }
        self.api.take_trace()
    }

    /// Limits the actions of this run; see [`DEFAULT_BUDGET`].
    pub fn set_budget(&mut self, budget: u64) {
        self.budget = budget;
    }

    /// From now on checks after every event what must always hold; see [`Sim::violations`].
    pub fn check_invariants(&mut self) {
        self.invariants.get_or_insert_default();
    }

    /// What was found to be violated since [`Sim::check_invariants`]: nothing, unless this simulator is at fault.
    pub fn violations(&self) -> &[Violation] {
        self.invariants.as_ref().map_or(&[], |invariants| invariants.violations())
    }

    /// How many actions were done so far: syncs, attempts, timers.
    pub fn actions(&self) -> u64 {
        self.actions
    }

    /// The API server: cluster and trace to read.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Whether a component has no leader.
    pub fn is_away(&self, component: Component) -> bool {
        match component {
            Component::ControllerManager => self.controllers.are_away(),
            Component::Scheduler => self.no_scheduler,
        }
    }

    /// A component loses its leader, and nobody leads: what it does is not done until [`Sim::take_over`].
    pub fn stop_component(&mut self, component: Component) {
        match component {
            Component::ControllerManager => {
                self.api.stop_collecting();
                self.controllers.stop(&mut self.queue);
            }
            Component::Scheduler => self.no_scheduler = true,
        }
    }

    /// Another instance of a component leads: it starts as after a restart. What it does at first has the cause of the API.
    pub fn take_over(&mut self, component: Component) {
        match component {
            Component::ControllerManager => {
                self.api.collect_again();
                self.controllers.take_over(&mut self.api, &mut self.queue);
            }
            Component::Scheduler => {
                self.no_scheduler = false;
                self.scheduling.restart(&self.api);
            }
        }
    }

    /// The API server, to write as a user would.
    pub fn api_mut(&mut self) -> &mut Api {
        &mut self.api
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        self.api.cluster()
    }

    /// Virtual time now.
    pub fn now(&self) -> Time {
        self.api.now()
    }

    /// The scheduler's side: its last attempts, for explanations.
    pub fn scheduling(&self) -> &Scheduling {
        &self.scheduling
    }

    /// Chooses among equally good nodes by another rule from now on: see [`Scheduling::ties`].
    pub fn set_ties(&mut self, ties: Ties) {
        self.scheduling.set_ties(ties);
    }

    /// Keeps every attempt to schedule a pod from now on: see [`Scheduling::attempts`].
    pub fn watch_attempts(&mut self, pod: PodId) {
        self.scheduling.watch(pod);
    }

    /// The drains under way and done.
    pub fn drains(&self) -> &Drains {
        &self.drains
    }

    /// The drains and the API server, to start one as a user would.
    pub fn drains_mut(&mut self) -> (&mut Drains, &mut Api) {
        (&mut self.drains, &mut self.api)
    }

    /// The kubelets and the API server, for faults that only a kubelet knows of.
    pub fn kubelets_mut(&mut self) -> (&mut Kubelets, &mut Api) {
        (&mut self.kubelets, &mut self.api)
    }

    /// The controllers, to set their flags.
    pub fn controllers_mut(&mut self) -> &mut Controllers {
        &mut self.controllers
    }

    /// The controllers' work queue, to ask for a look from outside.
    pub fn queue_mut(&mut self) -> &mut WorkQueue {
        &mut self.queue
    }

    /// When the next thing is due that follows from something; none if all that is left is what calendars say.
    pub fn next_consequence(&self) -> Option<Time> {
        self.next_of(self.queue.next_consequence())
    }

    /// When the next thing is due; none if nothing is.
    pub fn next_time(&self) -> Option<Time> {
        self.next_of(self.queue.next_time())
    }

    fn next_of(&self, queued: Option<Time>) -> Option<Time> {
        let scheduling = if self.no_scheduler { None } else { self.scheduling.next_time() };
        let due = [queued, self.kubelets.next_time(), self.drains.next_time(), scheduling];
        due.into_iter().flatten().min().map(|t| t.max(self.api.now()))
    }

    /// Does everything that is to be done at this moment. False if the budget ended it first.
    pub fn run_moment(&mut self) -> bool {
        let first = self.actions;
        let mut most = MOMENT_BUDGET;
        let (mut wake, mut nodes_acted) = (Wake::Nobody, false);
        let (mut answers, mut answered_from) = (0, 0);
        // Conditions carry whole seconds: what waits for `minReadySeconds` is due a little before what nodes do in that second.
        self.queue.release(self.api.now());
        let mut early = self.queue.counts_pods();
        loop {
            if let Some(invariants) = &mut self.invariants {
                invariants.look(&self.api);
            }
            if self.actions - first >= most && most == MOMENT_BUDGET {
                most += MOMENT_BUDGET_EACH.saturating_mul(size(self.api.cluster(), self.api.now()));
            }
            if self.actions >= self.budget || self.actions - first >= most {
                return false;
            }
            if let Some(notice) = self.api.next_notice() {
                // Without a leader too: others ask what the scheduler would make of a pod, and the next leader begins anew anyway.
                self.scheduling.observe(&mut self.api, &notice);
                self.kubelets.observe(&mut self.api, &notice);
                self.controllers.observe(&mut self.api, &notice, &mut self.queue);
                continue;
            }
            self.actions += 1;
            self.queue.release(self.api.now());
            if self.queue.is_waiting() && wake == Wake::Nobody {
                wake = if nodes_acted { Wake::First } else { Wake::All };
                answered_from = self.api.trace().len();
            }
            if wake != Wake::First && !early && self.kubelets.run_due(&mut self.api) {
                nodes_acted = true;
                self.api.set_causes(&[]);
                continue;
            }
            if let Some((key, causes)) = self.queue.take() {
                self.api.set_causes(&causes);
                self.controllers.sync(key, &mut self.api, &mut self.queue);
                self.api.set_causes(&[]);
                continue;
            }
            if early {
                (early, wake) = (false, Wake::Nobody);
                continue;
            }
            if wake == Wake::First {
                answers += 1;
                let more = answers < SINGLE_ANSWERS && !self.decided_since(answered_from);
                (wake, nodes_acted) = (if more { Wake::Nobody } else { Wake::All }, false);
                continue;
            }
            if self.drains.run_due(&mut self.api) || (!self.no_scheduler && self.scheduling.run_due(&mut self.api)) {
                self.api.set_causes(&[]);
                continue;
            }
            if let Some((key, causes)) = self.queue.take_look() {
                self.api.set_causes(&causes);
                self.controllers.sync(key, &mut self.api, &mut self.queue);
                self.api.set_causes(&[]);
                continue;
            }
            // What controllers keep in step is not, as long as none of them is there.
            if let Some(invariants) = self.invariants.as_mut().filter(|_| !self.controllers.are_away()) {
                invariants.rest(&self.api, &self.scheduling);
            }
            return true;
        }
    }

    /// Whether a controller decided anything in the records from `first` on.
    fn decided_since(&self, first: usize) -> bool {
        let records = self.api.trace().records().get(first..).unwrap_or_default();
        records.iter().any(|r| matches!(r.change, Change::PodCreated | Change::PodDeleting(_) | Change::ReplicaSetScaled(..)))
    }

    /// Runs until nothing is left to happen or `end` is over; things due at `end` still happen. Then the clock stands at the last
    /// thing that happened, or at `end` if time is up.
    pub fn run_until(&mut self, end: Time) -> Ended {
        self.run_watched(end, |_| true)
    }

    /// Like [`Sim::run_until`], calling `watch` after every moment; it says whether to go on. Stopping early counts as time up.
    pub fn run_watched(&mut self, end: Time, mut watch: impl FnMut(&Sim) -> bool) -> Ended {
        loop {
            if !self.run_moment() {
                return Ended::BudgetSpent;
            }
            if !watch(self) {
                return Ended::TimeUp;
            }
            match self.next_time() {
                None => return Ended::Quiet,
                Some(next) if next > end => {
                    self.api.advance_to(end);
                    return Ended::TimeUp;
                }
                Some(next) => self.api.advance_to(next),
            }
        }
    }
}

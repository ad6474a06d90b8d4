//! Assumptions about what the manifests cannot say: how long a pod takes to start, to get ready and to stop, and what it uses.

use crate::units::time::{Millis, SECOND};

/// How one container's process ends, in turn for the first, second, … pod or restart of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// After its start.
    pub after: Millis,
    /// Exit code.
    pub code: i32,
}

/// How one container behaves, where something is said of it. Times count from its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerBehavior {
    /// How long its image is pulled before its first start.
    pub pull: Millis,
    /// From then to running.
    pub start: Millis,
    /// How long its `postStart` hook takes: it counts as started no sooner.
    pub post_start: Millis,
    /// When it begins to answer its probes well; none for never.
    pub responds: Option<Millis>,
    /// When it stops doing so; none for never.
    pub fails: Option<Millis>,
    /// When it answers well again; none for not before it is started anew.
    pub recovers: Option<Millis>,
    /// How its runs end, the last for all later ones. Empty: it runs until it is stopped, an init container ends well at once.
    pub exits: Vec<Exit>,
    /// How long its `preStop` hook takes.
    pub pre_stop: Millis,
    /// From the signal to its end.
    pub stop: Millis,
}

/// How the pods of a template behave. Every default is an assumption that the report names.
#[derive(Clone, Debug, PartialEq)]
pub struct PodBehavior {
    /// From being bound to Running, image pull included.
    pub start: Millis,
    /// From Running to Ready; none for never.
    pub ready: Option<Millis>,
    /// Those of the pods created by its owner, counted from 1, that never become ready whatever is said of the others.
    pub unready_pods: Vec<u32>,
    /// From the deletion to the last container's end, cut off by the grace period.
    pub stop: Millis,
    /// The k-th pod created by its owner starts `stagger * ((k-1) mod stagger_of)` later.
    pub stagger: Millis,
    /// See `stagger`; 0 or 1 for none.
    pub stagger_of: u32,
    /// The image can't be pulled.
    pub pull_fails: bool,
    /// Exit code after a stop that was obeyed.
    pub stop_code: i32,
    /// The ends of the main container: the k-th entry for the k-th pod of the owner (with in-place restarts: the k-th start);
    /// the last repeats. Empty: runs until stopped.
    pub exits: Vec<Exit>,
    /// Ends by completion index, before `exits`.
    pub exits_by_index: Vec<(u32, Vec<Exit>)>,
    /// What is said of single containers, by name: its init containers, sidecars and probes are then looked at one by one.
    pub containers: Vec<(String, ContainerBehavior)>,
    /// Memory in use by a running pod in bytes; none: its request.
    pub memory_usage: Option<i64>,
    /// By how many bytes the memory in use grows each second after a start; 0 for not at all.
    pub memory_growth: i64,
    /// cpu in use by a running pod in millicores; none: its request.
    pub cpu_usage: Option<i64>,
    /// Processes of a running pod; none: one of each container.
    pub processes: Option<u32>,
}

impl PodBehavior {
    /// The defaults: 5 s to start (image pull and start-up), ready 5 s later, 2 s to stop.
    pub fn assumed() -> PodBehavior {
        PodBehavior {
            start: 5 * SECOND,
            ready: Some(5 * SECOND),
            unready_pods: Vec::new(),
            stop: 2 * SECOND,
            stagger: 0,
            stagger_of: 0,
            pull_fails: false,
            stop_code: 143,
            exits: Vec::new(),
            exits_by_index: Vec::new(),
            containers: Vec::new(),
            memory_usage: None,
            memory_growth: 0,
            cpu_usage: None,
            processes: None,
        }
    }

    /// From Running to Ready for the k-th pod created by its owner; none for never.
    pub fn ready_of(&self, k: u32) -> Option<Millis> {
        self.ready.filter(|_| !self.unready_pods.contains(&k))
    }
}

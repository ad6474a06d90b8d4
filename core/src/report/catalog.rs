//! What outcomes of a run mean, as rules that code hosts can list and `wavetank explain WT5001` prints.

use crate::manifest::DiagnosticId;
use crate::manifest::diagnostic::DiagnosticInfo;

/// A workload is down and stays down.
pub const DOWN: DiagnosticId = DiagnosticId("WT5001");
/// A workload does not serve for a while.
pub const OUTAGE: DiagnosticId = DiagnosticId("WT5002");
/// A workload stays short of replicas.
pub const SHORT: DiagnosticId = DiagnosticId("WT5003");
/// A workload is short of replicas for a while.
pub const DIPPED: DiagnosticId = DiagnosticId("WT5004");
/// Pods find no node before anything is broken.
pub const NO_NODE: DiagnosticId = DiagnosticId("WT5005");
/// A budget that blocks every eviction.
pub const BLOCKED: DiagnosticId = DiagnosticId("WT5006");
/// An expectation does not hold.
pub const EXPECTATION: DiagnosticId = DiagnosticId("WT5007");
/// A step was not done.
pub const NOT_DONE: DiagnosticId = DiagnosticId("WT5008");

/// A rollout or a Job that does not come to its end.
pub const STUCK: DiagnosticId = DiagnosticId("WT5009");

const fn info(id: DiagnosticId, title: &'static str, explanation: &'static str) -> DiagnosticInfo {
    DiagnosticInfo { id, title, explanation }
}

/// The explanations, by id.
pub static CATALOG: &[DiagnosticInfo] = &[
    info(
        DOWN,
        "A workload goes down and stays down",
        "After what was done to the cluster no pod of the workload serves, and none does when watching stops. The chain of causes in the report ends \
         at what keeps its pods from coming back: no node that they fit on, a volume in a lost zone, a name that must not run twice.",
    ),
    info(
        OUTAGE,
        "A workload does not serve for a while",
        "For a time none of the workload's pods served, though some were wanted; later they did. One replica, or all replicas in one zone or on one \
         node, is the usual reason; the wait before pods leave a lost node (300 s unless tolerations say otherwise) is most of the time.",
    ),
    info(
        SHORT,
        "A workload stays short of replicas",
        "When watching stops fewer pods serve than are wanted. The rest find no node, or cannot be replaced while their machine might still run them.",
    ),
    info(
        DIPPED,
        "A workload is short of replicas for a while",
        "Fewer pods served than wanted, at least one did, and all came back. Whether that is harm depends on the load: a budget or an expectation says so.",
    ),
    info(
        NO_NODE,
        "Pods find no node",
        "Before anything is broken the scheduler finds no node for the pods. The message is kube-scheduler's own FailedScheduling text.",
    ),
    info(
        BLOCKED,
        "A budget that blocks every eviction",
        "The PodDisruptionBudget demands as many healthy pods as there are, so the eviction API refuses each eviction and `kubectl drain` retries for \
         ever. Allow one disruption (maxUnavailable: 1), or run one replica more than minAvailable.",
    ),
    info(
        EXPECTATION,
        "An expectation does not hold",
        "A Scenario says what must hold (always, never, eventually, finally), and in this run it does not. The message has the moment and the values.",
    ),
    info(
        NOT_DONE,
        "A step was not done",
        "What a step names is not there, its time is after the end, or the condition it waits for never held.",
    ),
    info(
        STUCK,
        "A rollout or a Job does not come to its end",
        "Nothing that serves is lost, but the new revision is never fully there, or the Job fails: the old pods serve on, and every later release waits \
         behind this one. A new pod that finds no node (no room for the surge, anti-affinity with as many nodes as replicas) or never gets ready holds \
         a rollout up; `kubectl rollout status` fails after progressDeadlineSeconds, and nothing is rolled back by itself.",
    ),
];

//! The diagnostics of scenarios and of our own documents: ids and what `wavetank explain` says of each.

use crate::manifest::diagnostic::{DiagnosticId, DiagnosticInfo};

/// A key that no such document has.
pub const UNKNOWN_FIELD: DiagnosticId = DiagnosticId("WT4001");
/// A value of the wrong sort.
pub const WRONG_VALUE: DiagnosticId = DiagnosticId("WT4002");
/// A key that must be there is not.
pub const MISSING_FIELD: DiagnosticId = DiagnosticId("WT4003");
/// No verb in a step, or more than one.
pub const ONE_VERB: DiagnosticId = DiagnosticId("WT4004");
/// A step names what does not exist.
pub const UNKNOWN_NAME: DiagnosticId = DiagnosticId("WT4005");
/// A step can't be done to what it names.
pub const CANNOT_APPLY: DiagnosticId = DiagnosticId("WT4006");
/// An expression that can't be read or evaluated.
pub const BAD_EXPRESSION: DiagnosticId = DiagnosticId("WT4007");
/// A step that is due after the end of the run.
pub const NEVER_DUE: DiagnosticId = DiagnosticId("WT4008");
/// A condition that did not come true during the run.
pub const NEVER_HELD: DiagnosticId = DiagnosticId("WT4009");
/// A scenario that expects nothing.
pub const NOTHING_EXPECTED: DiagnosticId = DiagnosticId("WT4010");
/// More steps, expectations or text than is read.
pub const TOO_MUCH: DiagnosticId = DiagnosticId("WT4011");
/// An expectation that does not hold.
pub const NOT_HELD: DiagnosticId = DiagnosticId("WT4012");
/// The run used up its budget of actions.
pub const BUDGET_SPENT: DiagnosticId = DiagnosticId("WT4013");

/// An experiment of another tool that is read as a scenario.
pub const CHAOS_READ: DiagnosticId = DiagnosticId("WT4014");
/// An experiment of another tool that has no equal.
pub const CHAOS_UNKNOWN: DiagnosticId = DiagnosticId("WT4015");

/// A step that lies in the past.
pub const IN_THE_PAST: DiagnosticId = DiagnosticId("WT4016");

const fn info(id: DiagnosticId, title: &'static str, explanation: &'static str) -> DiagnosticInfo {
    DiagnosticInfo { id, title, explanation }
}

/// The explanations, by id.
pub const CATALOG: &[DiagnosticInfo] = &[
    info(
        UNKNOWN_FIELD,
        "unknown field",
        "A document of apiVersion wavetank.dev/v1alpha1 has a key that its kind does not know. Kubernetes ignores most unknown keys; these \
         documents do not, because a step with a mistyped key would quietly do nothing.\n\nThe nearest known key is offered. `wavetank schema \
         scenario` prints all of them as a JSON Schema that editors complete from.",
    ),
    info(
        WRONG_VALUE,
        "wrong value",
        "A value is of another sort than its key takes: a number where a string is expected, a word that is none of those known, a duration \
         without a unit.\n\nDurations are written as Go writes them: 90s, 10m, 1h30m. Text that YAML would read as something else needs quotes.",
    ),
    info(MISSING_FIELD, "missing field", "A key without which the document, the step or the expectation has no meaning is not there."),
    info(
        ONE_VERB,
        "not exactly one verb",
        "A step does exactly one thing, and an expectation makes exactly one promise. Write two list items for two things: those without `at`, \
         `after` and `when` follow the one before at once.",
    ),
    info(
        UNKNOWN_NAME,
        "no such thing",
        "A step names a node, zone, workload or object that the manifests do not have. Nodes and zones are named as in the cluster; of a zone \
         whose name ends in -b, `b` is enough. Workloads are named kind/name (deployment/web, sts/db, ds/agent), in another namespace than \
         default namespace/kind/name.",
    ),
    info(
        CANNOT_APPLY,
        "step without effect",
        "What the step names exists, but the step cannot be done to it: a DaemonSet has no replicas to scale, a workload with a single \
         revision has none to go back to, a node that runs cannot recover.",
    ),
    info(
        BAD_EXPRESSION,
        "bad expression",
        "An expression is not valid CEL, names something that is not known, or is not true or false at the moment at which it was asked.\n\n\
         Known are: workload(\"deployment/web\") with the fields desired, ready, serving, available, updated, pods, unschedulable, restarts, \
         succeeded, failed, nodes, zones and conditions (texts such as Available=True MinimumReplicasAvailable: …); zone(\"zone-b\") with nodes, \
         readyNodes, pods and readyPods; budget(\"web\") with allowed, healthy, desired and expected; \
         autoscaler(\"web\") with current, desired, least, most and conditions; pods, nodes, claims, volumes, events and notes (what \
         commands were answered, with the HTTP code of refused evictions), lists to use with exists, all and filter; \
         unschedulable(); and time, in seconds since the start.",
    ),
    info(
        NEVER_DUE,
        "step after the end",
        "The step is due later than `until`, so it never begins. Raise `until`, or leave it out: then the run ends when nothing happens any more.",
    ),
    info(
        NEVER_HELD,
        "condition never held",
        "A step waits for a condition (`when`) that did not come true before the end of the run, so neither the step nor those after it that \
         count from it began. The values at the end say what was missing.",
    ),
    info(
        NOTHING_EXPECTED,
        "nothing is expected",
        "The scenario has no `expect`, so a test of it cannot fail. Say what must hold: always, never, eventually or finally.",
    ),
    info(
        TOO_MUCH,
        "too much",
        "The document has more steps or expectations, or a longer expression, than is read; the limits are far above what a person writes.",
    ),
    info(
        NOT_HELD,
        "expectation does not hold",
        "The expression of an expectation was false when it had to be true (always, finally), true when it had to be false (never), or did not \
         come true in time (eventually). The message names the moment, the values and what led there.",
    ),
    info(
        CHAOS_READ,
        "experiment read",
        "An experiment of Chaos Mesh (PodChaos, StressChaos of memory) or LitmusChaos (a ChaosEngine with pod-delete, container-kill, \
         pod-memory-hog, node-drain, node-taint, node-poweroff, node-restart, node-memory-hog or kubelet-service-kill) is run as a scenario. The \
         pods it selects are those of the workload in the same set that carries its labels; a share of them is taken whole.",
    ),
    info(
        CHAOS_UNKNOWN,
        "experiment without an equal",
        "An experiment of Chaos Mesh or LitmusChaos does something that this simulation has no equal for (networks, clocks, disks, DNS, HTTP), or \
         selects pods by something other than labels. It is named, and nothing is done.",
    ),
    info(
        IN_THE_PAST,
        "step in the past",
        "A step begins before the start of the run (a negative time), or earlier than the step above it in the document. Times count from the start \
         (`at`) or from the step above (`after`). A step with an earlier time is done at that time all the same, so the document reads in another \
         order than it runs: move it up, or write `after`.",
    ),
    info(
        BUDGET_SPENT,
        "budget spent",
        "The run did more than its budget of actions allows: something goes round in circles, for example two controllers that undo each \
         other's work. What it did until then is shown; nothing is concluded from it.",
    ),
];

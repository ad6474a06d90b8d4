//! The shape of `Scenario` documents. The table is what the reader checks against and what the JSON Schema is printed from.

use super::shape::{Field, Fields, Shape, field, fields, required};

/// `apiVersion` of our own documents.
pub const API_VERSION: &str = "wavetank.dev/v1alpha1";

const EFFECTS: Shape = Shape::Word(&["NoSchedule", "PreferNoSchedule", "NoExecute"]);
const REPLICAS: Shape = Shape::Integer(0, 1_000_000);
const TEXT: Shape = Shape::Text;

pub(super) static METADATA: Fields = fields(
    "what it is called",
    &[
        required("name", Shape::Text, "What it is called in reports and links."),
        field("namespace", Shape::Text, "Ignored: kept for tools that demand one."),
        field("labels", Shape::Map(&Shape::Text), "For your own tools; not read."),
        field("annotations", Shape::Map(&Shape::Text), "For your own tools; not read."),
    ],
);

static NODE: Fields = fields("a node", &[required("node", Shape::Text, "The node's name.")]);
static ZONE: Fields = fields("a zone", &[required("zone", Shape::Text, "The zone's name; of zone-b, b is enough.")]);
static PLACE: Fields = Fields {
    doc: "nodes",
    fields: &[field("node", Shape::Text, "The node's name."), field("zone", Shape::Text, "Every node of this zone.")],
    exactly_one: &["node", "zone"],
};

static FAIL_NODES: Fields = fields(
    "a part of a zone",
    &[
        required("zone", Shape::Text, "The zone's name; of zone-b, b is enough."),
        required("nodes", Shape::Integer(1, 20_000), "How many machines, in the order of their arrival."),
    ],
);

static FLAP: Fields = fields(
    "a node that comes and goes",
    &[
        required("node", Shape::Text, "The node's name."),
        field("down", Shape::Duration, "For how long it is gone each time; 1m unless said otherwise."),
        field("up", Shape::Duration, "For how long it is back each time; 1m unless said otherwise."),
        field("times", Shape::Integer(1, 1_000), "How often it dies; 3 times unless said otherwise."),
    ],
);

static SPOT: Fields = fields(
    "a spot instance that is taken away",
    &[
        required("node", Shape::Text, "The node's name."),
        field("notice", Shape::Duration, "From the notice to the end; 2m unless said otherwise."),
    ],
);

const COMPONENT: Shape = Shape::Word(&["kube-controller-manager", "kube-scheduler"]);

static STOP_COMPONENT: Fields = fields(
    "a component without a leader",
    &[
        required("name", COMPONENT, "The component."),
        field("for", Shape::Duration, "Until another instance leads; 17s, where one stands by, unless said otherwise."),
    ],
);

static START_COMPONENT: Fields = fields("a component", &[required("name", COMPONENT, "The component.")]);

static SHUTDOWN: Fields = fields(
    "a planned shutdown",
    &[
        required("node", Shape::Text, "The node's name."),
        field(
            "gracePeriod",
            Shape::Duration,
            "The kubelet's shutdownGracePeriod; without it what a KubeletConfiguration says, else 0s: no time.",
        ),
        field("criticalGracePeriod", Shape::Duration, "shutdownGracePeriodCriticalPods: the part of it kept for critical pods."),
    ],
);

static REGISTRY: Fields =
    fields("an image registry", &[field("registry", Shape::Text, "Only images whose names begin so; all unless said otherwise.")]);

static SLOW: Fields = fields(
    "a slow start",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        required("by", Shape::Duration, "How much longer its pods take to start."),
    ],
);

static CRASH_LOOP: Fields = fields(
    "containers that end again and again",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        field("after", Shape::Duration, "How long after each start; 1s unless said otherwise."),
        field("exitCode", Shape::Integer(0, 255), "The exit code; 1 unless said otherwise."),
    ],
);

static WORKLOAD: Fields = fields("a workload", &[required("workload", Shape::Text, "kind/name, or namespace/kind/name.")]);

static DRAIN: Fields = fields(
    "kubectl drain",
    &[
        required("node", Shape::Text, "The node's name."),
        field("ignoreDaemonSets", Shape::Bool, "--ignore-daemonsets; here on unless switched off."),
        field("deleteEmptyDirData", Shape::Bool, "--delete-emptydir-data; here on unless switched off."),
        field("force", Shape::Bool, "--force: pods without a controller too."),
        field("gracePeriod", Shape::Duration, "--grace-period; without it each pod's own."),
        field("timeout", Shape::Duration, "--timeout; without it the drain tries for ever."),
    ],
);

static TAINT: Fields = fields(
    "kubectl taint",
    &[
        required("node", Shape::Text, "The node's name."),
        required("key", Shape::Text, "The taint's key."),
        field("value", Shape::Text, "The taint's value."),
        required("effect", EFFECTS, "What it does to pods that do not tolerate it."),
    ],
);

static UNTAINT: Fields = fields(
    "kubectl taint with a minus",
    &[
        required("node", Shape::Text, "The node's name."),
        required("key", Shape::Text, "The taint's key."),
        field("effect", EFFECTS, "Only taints of this effect."),
    ],
);

static PRESSURE: Fields = fields(
    "a shortage on a node",
    &[
        required("node", Shape::Text, "The node's name."),
        field("available", Shape::Quantity, "What is left of the memory: 50Mi unless said otherwise; below 100Mi the kubelet evicts."),
    ],
);

static DISK_PRESSURE: Fields = fields(
    "a full disk",
    &[
        required("node", Shape::Text, "The node's name."),
        field(
            "available",
            Shape::Quantity,
            "What is left of the disk. Unless it is said nothing is, and whatever the kubelet deletes is filled again.",
        ),
    ],
);

static PID_PRESSURE: Fields = fields(
    "a shortage of process numbers",
    &[
        required("node", Shape::Text, "The node's name."),
        field("available", Shape::Integer(0, 32_768), "How many are left of 32768; none unless said otherwise."),
    ],
);

static GROW: Fields = fields(
    "memory in use",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        field("perPod", Shape::Quantity, "By each pod; without it what was assumed before."),
    ],
);

static LOAD: Fields = fields(
    "what there is to do",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        field("times", Shape::Number, "So many times as much as before: 3 is a spike, 0.5 half."),
        field("cpu", Shape::Quantity, "cpu in all, shared by the pods that are ready."),
        field("memory", Shape::Quantity, "Memory by each pod."),
        field("metric", Shape::Text, "The name of another metric that an autoscaler looks at."),
        field("value", Shape::Quantity, "The value of that metric, in all."),
    ],
);

const SOME_PODS: Shape = Shape::Integer(1, 1_000_000);

static CRASH: Fields = fields(
    "containers that end",
    &[
        required("workload", Shape::Text, "kind/name, namespace/kind/name, or pod/name."),
        field("pods", SOME_PODS, "How many pods, the oldest first; all unless said otherwise."),
        field("exitCode", Shape::Integer(0, 255), "The exit code; 1 unless said otherwise."),
    ],
);

static KILL: Fields = fields(
    "pods that are deleted",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        field("pods", SOME_PODS, "How many pods, the oldest first; all unless said otherwise."),
        field("gracePeriod", Shape::Duration, "--grace-period; 0s deletes at once."),
    ],
);

static READINESS: Fields = fields(
    "readiness probes",
    &[
        required("workload", Shape::Text, "kind/name, namespace/kind/name, or pod/name."),
        field("pods", SOME_PODS, "How many pods, the oldest first; all unless said otherwise."),
    ],
);

static NOTHING: Fields = fields("nothing more to say", &[]);

static ADD_NODE: Fields = fields(
    "a new node",
    &[required("name", Shape::Text, "Its name."), required("like", Shape::Text, "The node whose zone, labels and sizes it has.")],
);

static SCALE: Fields = fields(
    "kubectl scale",
    &[required("workload", Shape::Text, "kind/name, or namespace/kind/name."), required("replicas", REPLICAS, "--replicas.")],
);

static ROLLOUT: Fields = fields(
    "kubectl set image",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        field("image", Shape::Text, "The new image; without it the template changes in no other way than a restart."),
        field("container", Shape::Text, "The container; the first unless said otherwise."),
        field("broken", Shape::Bool, "The new revision starts but never gets ready."),
    ],
);

static UNDO: Fields = fields(
    "kubectl rollout undo",
    &[
        required("workload", Shape::Text, "kind/name, or namespace/kind/name."),
        field("toRevision", Shape::Integer(1, i64::MAX), "--to-revision; the one before unless said otherwise."),
    ],
);

static DELETE: Fields = fields(
    "kubectl delete",
    &[
        required(
            "target",
            Shape::Text,
            "pod/name, deployment/name, node/name, namespace/name, cronjob/name, hpa/name, pvc/name, validatingwebhookconfiguration/name …",
        ),
        field("gracePeriod", Shape::Duration, "--grace-period; 0s deletes at once."),
        field(
            "cascade",
            Shape::Word(&["background", "foreground", "orphan"]),
            "--cascade: what it owns follows it (background, unless said otherwise), goes first, or stays.",
        ),
    ],
);

/// The verbs, in the order in which help lists them.
pub const VERBS: &[&str] = &[
    "failNode",
    "recoverNode",
    "failZone",
    "recoverZone",
    "failNodes",
    "flapNode",
    "partition",
    "reconnect",
    "stopKubelet",
    "startKubelet",
    "stopComponent",
    "startComponent",
    "spotNotice",
    "shutdownNode",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "untaint",
    "pressure",
    "relievePressure",
    "diskPressure",
    "relieveDiskPressure",
    "pidPressure",
    "relievePidPressure",
    "registryOutage",
    "registryRecovers",
    "slowStart",
    "crashLoop",
    "endCrashLoop",
    "growMemory",
    "load",
    "killPods",
    "crash",
    "failReadiness",
    "passReadiness",
    "kubeletNotReady",
    "kubeletReady",
    "addNode",
    "apply",
    "scale",
    "rollout",
    "restart",
    "undo",
    "pause",
    "resume",
    "delete",
];

static STEP: Fields = Fields {
    doc: "what the step does",
    fields: &[
        field("at", Shape::Duration, "When, counted from the start."),
        field("after", Shape::Duration, "When, counted from the step before this one."),
        field("when", Shape::Expression, "As soon as this expression holds, once the step before has begun."),
        field("failNode", Shape::Short(&TEXT, &NODE), "The machine dies; Kubernetes learns of it by silence."),
        field("recoverNode", Shape::Short(&TEXT, &NODE), "The machine is back."),
        field("failZone", Shape::Short(&TEXT, &ZONE), "Every machine of the zone dies at once."),
        field("recoverZone", Shape::Short(&TEXT, &ZONE), "Every machine of the zone is back."),
        field("failNodes", Shape::Fields(&FAIL_NODES), "Some machines of the zone die at once."),
        field("flapNode", Shape::Short(&TEXT, &FLAP), "The machine dies and comes back, again and again."),
        field("partition", Shape::Short(&TEXT, &PLACE), "Nodes and the control plane cannot reach each other; pods serve on."),
        field("reconnect", Shape::Short(&TEXT, &PLACE), "They can reach each other again."),
        field("stopKubelet", Shape::Short(&TEXT, &NODE), "The kubelet stops; containers run on."),
        field("startKubelet", Shape::Short(&TEXT, &NODE), "The kubelet is started again."),
        field(
            "stopComponent",
            Shape::Short(&COMPONENT, &STOP_COMPONENT),
            "A component of the control plane loses its leader; another instance takes over and starts as after a restart.",
        ),
        field("startComponent", Shape::Short(&COMPONENT, &START_COMPONENT), "Another instance of the component takes over now."),
        field("spotNotice", Shape::Short(&TEXT, &SPOT), "The node is drained at once, and its machine dies when the notice is over."),
        field("shutdownNode", Shape::Short(&TEXT, &SHUTDOWN), "The machine is shut down; the kubelet ends pods first if it is given time."),
        field("cordon", Shape::Short(&TEXT, &NODE), "kubectl cordon."),
        field("uncordon", Shape::Short(&TEXT, &NODE), "kubectl uncordon."),
        field("drain", Shape::Short(&TEXT, &DRAIN), "kubectl drain."),
        field("taint", Shape::Fields(&TAINT), "kubectl taint."),
        field("untaint", Shape::Fields(&UNTAINT), "kubectl taint with a minus."),
        field("pressure", Shape::Short(&TEXT, &PRESSURE), "Memory runs short: the kubelet reports it and evicts."),
        field("relievePressure", Shape::Short(&TEXT, &NODE), "The memory is free again."),
        field("diskPressure", Shape::Short(&TEXT, &DISK_PRESSURE), "The disk is full of what is not the pods': no new pods are taken."),
        field("relieveDiskPressure", Shape::Short(&TEXT, &NODE), "The disk has room again."),
        field("pidPressure", Shape::Short(&TEXT, &PID_PRESSURE), "Process numbers run short: the kubelet evicts if it has a threshold."),
        field("relievePidPressure", Shape::Short(&TEXT, &NODE), "Process numbers are free again."),
        field("registryOutage", Shape::Fields(&REGISTRY), "Images cannot be pulled: {} for all."),
        field("registryRecovers", Shape::Fields(&NOTHING), "Images can be pulled again: {}."),
        field("slowStart", Shape::Fields(&SLOW), "Pods of a workload take longer to start from now on."),
        field("crashLoop", Shape::Short(&TEXT, &CRASH_LOOP), "Main containers of a workload end now and after each start."),
        field("endCrashLoop", Shape::Short(&TEXT, &WORKLOAD), "They run on after their next start."),
        field("growMemory", Shape::Fields(&GROW), "The pods of a workload use that much memory from now on."),
        field("load", Shape::Fields(&LOAD), "More or less to do: what autoscalers measure changes."),
        field("killPods", Shape::Short(&TEXT, &KILL), "kubectl delete pod, of pods of a workload."),
        field("crash", Shape::Short(&TEXT, &CRASH), "Main containers end; their restart policy decides what follows."),
        field("failReadiness", Shape::Short(&TEXT, &READINESS), "Readiness probes fail until their containers start again."),
        field("passReadiness", Shape::Short(&TEXT, &READINESS), "Readiness probes pass again."),
        field("kubeletNotReady", Shape::Short(&TEXT, &NODE), "The kubelet itself reports that the node is not ready."),
        field("kubeletReady", Shape::Short(&TEXT, &NODE), "The kubelet reports ready again."),
        field("addNode", Shape::Fields(&ADD_NODE), "Another node joins."),
        field("apply", Shape::List(&Shape::Any), "kubectl apply of these objects."),
        field("scale", Shape::Fields(&SCALE), "kubectl scale."),
        field("rollout", Shape::Fields(&ROLLOUT), "A new pod template, as kubectl set image makes one."),
        field("restart", Shape::Short(&TEXT, &WORKLOAD), "kubectl rollout restart."),
        field("undo", Shape::Short(&TEXT, &UNDO), "kubectl rollout undo."),
        field("pause", Shape::Short(&TEXT, &WORKLOAD), "kubectl rollout pause."),
        field("resume", Shape::Short(&TEXT, &WORKLOAD), "kubectl rollout resume."),
        field("delete", Shape::Short(&TEXT, &DELETE), "kubectl delete."),
    ],
    exactly_one: VERBS,
};

static EXPECT: Fields = Fields {
    doc: "what must hold",
    fields: &[
        field("always", Shape::Expression, "Holds at every moment."),
        field("never", Shape::Expression, "Holds at no moment."),
        field("eventually", Shape::Expression, "Holds at one moment at least."),
        field("finally", Shape::Expression, "Holds at the end."),
        field("within", Shape::Duration, "With eventually: no later than this after `from`."),
        field("from", Shape::Duration, "Moments before this one do not count; 0s unless said otherwise."),
        field("name", Shape::Text, "What reports call it."),
    ],
    exactly_one: &["always", "never", "eventually", "finally"],
};

static SCENARIO_SPEC: Fields = fields(
    "the scenario",
    &[
        field("description", Shape::Text, "What it promises, in a sentence."),
        field(
            "manifests",
            Shape::List(&TEXT),
            "Files and directories, relative to this file; the directory it stands in unless said otherwise.",
        ),
        field(
            "start",
            Shape::Word(&["settled", "applied"]),
            "settled: everything that could start has started. applied: the manifests are applied at 0s.",
        ),
        field("until", Shape::Duration, "When the run ends; otherwise when nothing happens any more, an hour after the last step at most."),
        field(
            "seed",
            Shape::Integer(0, i64::MAX),
            "Decides what Kubernetes leaves open; 0, which is one order that needs no draw, unless said otherwise.",
        ),
        field("steps", Shape::List(&Shape::Fields(&STEP)), "What is done, in order."),
        field("expect", Shape::List(&Shape::Fields(&EXPECT)), "What must hold."),
    ],
);

/// A whole `Scenario` document.
pub static SCENARIO: Fields = fields(
    "What is done to a cluster and when, and what must hold meanwhile.",
    &[
        required("apiVersion", Shape::Word(&[API_VERSION]), "The version of this document's form."),
        required("kind", Shape::Word(&["Scenario"]), "Scenario."),
        required("metadata", Shape::Fields(&METADATA), "What it is called."),
        required("spec", Shape::Fields(&SCENARIO_SPEC), "The scenario."),
    ],
);

static SWEEP_SPEC: Fields = fields(
    "the sweep",
    &[
        field("description", Shape::Text, "What it is for, in a sentence."),
        required(
            "each",
            Shape::List(&Shape::Word(&["zone", "node", "nodePair", "drain", "rollout", "brokenRollout"])),
            "What is varied: each zone dies, each node, each pair of nodes, each node is drained, each workload rolled out.",
        ),
        field(
            "replicates",
            Shape::Integer(1, 10_000),
            "How often each what-if is run, with a seed of its own each time; once unless said otherwise.",
        ),
        field("seed", Shape::Integer(0, i64::MAX), "The first of the seeds."),
        field("until", Shape::Duration, "When each run ends; otherwise when nothing happens any more."),
        field("expect", Shape::List(&Shape::Fields(&EXPECT)), "What must hold in every run."),
    ],
);

/// A whole `Sweep` document.
pub static SWEEP: Fields = fields(
    "Which what-ifs to try on a settled cluster, and what must hold in each.",
    &[
        required("apiVersion", Shape::Word(&[API_VERSION]), "The version of this document's form."),
        required("kind", Shape::Word(&["Sweep"]), "Sweep."),
        required("metadata", Shape::Fields(&METADATA), "What it is called."),
        required("spec", Shape::Fields(&SWEEP_SPEC), "The sweep."),
    ],
);

/// The fields of one verb's long form, for flags and forms; none for an unknown verb.
pub fn verb_fields(verb: &str) -> Option<&'static [Field]> {
    let field = STEP.fields.iter().find(|field| field.key == verb && VERBS.contains(&verb))?;
    match field.shape {
        Shape::Fields(fields) | Shape::Short(_, fields) => Some(fields.fields),
        _ => None,
    }
}

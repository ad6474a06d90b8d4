//! The shapes of `Cluster` and `Behavior` documents, which building the cluster reads: for editors and `wavetank schema`.

use super::schema::{API_VERSION, METADATA};
use super::shape::{Field, Fields, Shape, field, fields, required};

const TEXT: Shape = Shape::Text;
const SECONDS: Shape = Shape::Number;
const QUANTITY: Shape = Shape::Quantity;

static POOL: Fields = fields(
    "a pool of equal nodes",
    &[
        field("name", Shape::Text, "Its nodes are called name-1, name-2 …"),
        field("zones", Shape::List(&TEXT), "Its nodes are dealt out over these zones in turn."),
        field("count", Shape::Integer(0, 20_000), "How many nodes; 1 unless said otherwise."),
        field("capacity", Shape::Map(&QUANTITY), "What each node has: cpu, memory, pods, ephemeral-storage, extended resources."),
        field("labels", Shape::Map(&TEXT), "Labels of each node."),
        field("taints", Shape::List(&Shape::Any), "Taints of each node, as a Node has them."),
        field("min", Shape::Integer(0, 20_000), "With max: the fewest nodes the Cluster Autoscaler leaves; 1 unless said otherwise."),
        field(
            "max",
            Shape::Integer(0, 20_000),
            "The most nodes: the Cluster Autoscaler adds nodes for pods that find none, and removes what nobody needs.",
        ),
        field("startSeconds", Shape::Integer(0, 86_400), "With max: from being asked for to joining; 120 unless said otherwise."),
    ],
);

static SCALE_DOWN: Fields = fields(
    "how pools shrink",
    &[
        field("unneededSeconds", Shape::Integer(0, 1_000_000), "So long must nobody need a node; 600 unless said otherwise."),
        field(
            "delayAfterAddSeconds",
            Shape::Integer(0, 1_000_000),
            "So long after nodes were added nothing is removed; 600 unless said otherwise.",
        ),
        field(
            "utilizationPercent",
            Shape::Integer(0, 100),
            "A node of which less than this is asked for may go; 50 unless said otherwise.",
        ),
    ],
);

static STORAGE: Fields = fields(
    "how long volumes take",
    &[
        field("provisionSeconds", SECONDS, "From a claim's being due to its volume; 2 unless said otherwise."),
        field("attachSeconds", SECONDS, "Until a volume is attached to a node; 3 unless said otherwise."),
        field("detachSeconds", SECONDS, "Until it is detached; 2 unless said otherwise."),
        field("reclaimSeconds", SECONDS, "Until a released volume is deleted, where its policy says so; 1 unless said otherwise."),
    ],
);

static CLUSTER_SPEC: Fields = fields(
    "the cluster",
    &[
        field("kubernetesVersion", Shape::Text, "Whose rules are meant; 1.37 is known."),
        field("time", Shape::Text, "What the clocks show at 0s, such as 2026-03-29T00:55:00Z: schedules of CronJobs are due by them."),
        field(
            "podCIDR",
            Shape::Text,
            "All pod addresses, as --cluster-cidr: every node gets a part, and one that gets none is never ready.",
        ),
        field(
            "nodeCIDRMaskSize",
            Shape::Integer(1, 128),
            "How large a node's part is, as --node-cidr-mask-size: 24 unless said otherwise (64 of IPv6).",
        ),
        field("scaleDown", Shape::Fields(&SCALE_DOWN), "Flags of the Cluster Autoscaler, for pools with max."),
        field("storage", Shape::Fields(&STORAGE), "How long volumes take."),
        field("nodePools", Shape::List(&Shape::Fields(&POOL)), "The nodes, where none are given as Nodes."),
    ],
);

/// A whole `Cluster` document.
pub static CLUSTER: Fields = fields(
    "Which nodes there are, where the manifests give none.",
    &[
        required("apiVersion", Shape::Word(&[API_VERSION]), "The version of this document's form."),
        required("kind", Shape::Word(&["Cluster"]), "Cluster."),
        field("metadata", Shape::Fields(&METADATA), "What it is called."),
        required("spec", Shape::Fields(&CLUSTER_SPEC), "The cluster."),
    ],
);

static EXIT: Fields = fields(
    "the end of a container",
    &[
        required("afterSeconds", SECONDS, "After its start."),
        field("code", Shape::Integer(-2_147_483_648, 2_147_483_647), "Its exit code; 0 unless said otherwise."),
    ],
);

const AMOUNT: Shape = Shape::OneOf(&[Shape::Number, Shape::Text]);

static LOAD: Fields = fields(
    "what there is to do",
    &[
        field("at", Shape::Duration, "From when on, counted from the start; 0s unless said otherwise."),
        field("times", Shape::Number, "What was before is multiplied by this."),
        field("cpu", AMOUNT, "cpu in all, shared by the pods that are ready."),
        field("cpuPerPod", AMOUNT, "cpu by each running pod."),
        field("memory", AMOUNT, "Memory in all, shared by the pods that are ready."),
        field("memoryPerPod", AMOUNT, "Memory by each running pod."),
        field(
            "metrics",
            Shape::Map(&AMOUNT),
            "Other metrics in all, by name: shared by the pods that are ready, of an object, from outside.",
        ),
        field("metricsPerPod", Shape::Map(&AMOUNT), "Other metrics of each running pod, by name."),
    ],
);

static CONTAINER: Fields = fields(
    "one container",
    &[
        field("pullSeconds", SECONDS, "How long its image is pulled before its first start."),
        field("startSeconds", SECONDS, "From then to running."),
        field("postStartSeconds", SECONDS, "How long its postStart hook takes."),
        field(
            "respondsAfterSeconds",
            Shape::OneOf(&[Shape::Number, Shape::Word(&["never"])]),
            "When it begins to answer its probes, counted from its start.",
        ),
        field("failsAfterSeconds", SECONDS, "When it stops answering them."),
        field("recoversAfterSeconds", SECONDS, "When it answers them again."),
        field("exits", Shape::List(&Shape::Fields(&EXIT)), "How its first, second … run ends; the last holds for all later ones."),
        field("preStopSeconds", SECONDS, "How long its preStop hook takes."),
        field("stopSeconds", SECONDS, "From the signal to its end."),
    ],
);

/// What can be said of any pods. Kept as a macro's list, because a table of constants cannot be joined to another.
macro_rules! behavior_fields {
    ($($before:expr),*) => {
        &[
            $($before,)*
            field("startSeconds", SECONDS, "From being bound to Running, image pull included."),
            field("readySeconds", Shape::OneOf(&[Shape::Number, Shape::Word(&["never"])]), "From Running to Ready."),
            field(
                "unreadyPods",
                Shape::List(&Shape::Integer(1, 1_000_000)),
                "Which pods of an owner, counted from 1 as they are created, never get ready: [4, 5]."
            ),
            field("stopSeconds", SECONDS, "From the deletion to the last container's end, cut off by the grace period."),
            field("staggerSeconds", SECONDS, "The k-th pod of an owner starts this much later than the one before it."),
            field("staggerOf", Shape::Integer(0, 1_000_000), "After so many pods the stagger begins again."),
            field("pullFails", Shape::Bool, "The image cannot be pulled."),
            field("stopCode", Shape::Integer(-2_147_483_648, 2_147_483_647), "Exit code after a stop that was obeyed."),
            field("exits", Shape::List(&Shape::Fields(&EXIT)), "The ends of the main container: of the first, second … pod or restart."),
            field("exitsByIndex", Shape::Map(&Shape::List(&Shape::Fields(&EXIT))), "The same by completion index of a Job."),
            field("containers", Shape::Map(&Shape::Fields(&CONTAINER)), "Single containers, by name: init containers, sidecars and probes are then run one by one."),
            field("memoryUsage", Shape::OneOf(&[Shape::Number, Shape::Text]), "Memory in use: a quantity, or percent of the request."),
            field("memoryGrowth", Shape::Quantity, "By how much the memory in use grows each second after a start."),
            field("processes", Shape::Integer(0, 1_000_000), "Processes of a running pod; one of each container unless said otherwise."),
            field("cpuUsage", Shape::OneOf(&[Shape::Number, Shape::Text]), "cpu in use: a quantity, or percent of the request."),
            field("load", Shape::List(&Shape::Fields(&LOAD)), "What there is to do, as autoscalers measure it, from when on.")
        ]
    };
}

static DEFAULTS: Fields = fields("what holds for all pods", behavior_fields!());

static RULE: Fields = fields(
    "what holds for some pods",
    behavior_fields!(
        field("match", Shape::Text, "name, kind/name or namespace/kind/name of the workload."),
        field("selector", Shape::Any, "A label selector over the pods."),
        field("namespace", Shape::Text, "Pods of this namespace."),
        field("image", Shape::Text, "Pods whose first container has this image.")
    ),
);

static SIDECAR: Fields = fields(
    "a container that a webhook adds",
    &[
        required("name", Shape::Text, "Its name; a pod that has a container of that name gets no other."),
        field("image", Shape::Text, "Its image."),
        field("requests", Shape::Map(&QUANTITY), "What it asks for: cpu, memory."),
    ],
);

static WEBHOOK: Fields = fields(
    "how an admission webhook answers",
    &[
        required("name", Shape::Text, "The webhook's name in its configuration: v.example.com."),
        field(
            "latencySeconds",
            Shape::OneOf(&[Shape::Number, Shape::Word(&["never"])]),
            "How long an answer takes; at once unless said otherwise. From timeoutSeconds on there is none.",
        ),
        field("deniesImages", Shape::List(&TEXT), "Pods with an image that fits one of these are denied; * stands for any text."),
        field("message", Shape::Text, "What it says when it denies."),
        field("injects", Shape::Fields(&SIDECAR), "What a mutating webhook adds to each pod."),
    ],
);

static BEHAVIOR_SPEC: Fields = fields(
    "the behaviour",
    &[
        field("defaults", Shape::Fields(&DEFAULTS), "For all pods."),
        field("workloads", Shape::List(&Shape::Fields(&RULE)), "For some pods; of several rules that fit the later counts."),
        field("webhooks", Shape::List(&Shape::Fields(&WEBHOOK)), "How admission webhooks answer, by their names."),
    ],
);

/// A whole `Behavior` document.
pub static BEHAVIOR: Fields = fields(
    "What the manifests cannot say: how long pods take to start, get ready and stop, how containers end, what they use.",
    &[
        required("apiVersion", Shape::Word(&[API_VERSION]), "The version of this document's form."),
        required("kind", Shape::Word(&["Behavior"]), "Behavior."),
        field("metadata", Shape::Fields(&METADATA), "What it is called."),
        required("spec", Shape::Fields(&BEHAVIOR_SPEC), "The behaviour."),
    ],
);

/// The fields of a pod's behaviour, for forms.
pub fn behavior_fields() -> &'static [Field] {
    DEFAULTS.fields
}

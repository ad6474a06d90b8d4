//! From a pod spec to a [`PodTemplate`]: the API server's defaults, admission, and what the owner's controller adds.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container as WrittenContainer, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Builder;
use super::behaviors::Question;
use super::options::Admission;
use super::selectors::{Map, labels};
use super::{affinity, containers, requests, volumes};
use crate::cluster::Cluster;
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::origin::Origin;
use crate::cluster::template::{PodTemplate, PodVolume, RestartPolicy, VolumeSource};
use crate::manifest::pod_security::WrittenPod;
use crate::units::time::SECOND;

/// Labels that controllers add to tell revisions apart; not part of a template's digest.
pub(super) const HASH_LABELS: [&str; 2] = ["pod-template-hash", "controller-revision-hash"];
/// Grace period of a pod that names none, in seconds.
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// Whose pods a template is for, as far as that changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pod of its own.
    Pod,
    /// A Deployment's: the label `pod-template-hash` is added, made from the digest.
    Deployment,
    /// A ReplicaSet's or ReplicationController's.
    ReplicaSet,
    /// A StatefulSet's: `controller-revision-hash` is added.
    StatefulSet,
    /// A DaemonSet's: `controller-revision-hash` and the tolerations of daemons are added.
    DaemonSet,
    /// A Job's.
    Job,
}

/// A pod spec and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Whose pods.
    pub kind: Kind,
    /// Name of the owner, or of the pod itself.
    pub name: &'a str,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Metadata of the template or of the pod.
    pub metadata: Option<&'a ObjectMeta>,
    /// The spec.
    pub spec: &'a PodSpec,
    /// Status of a pod that runs already.
    pub status: Option<&'a PodStatus>,
    /// Names of the claim templates of a StatefulSet: each is a volume of its pods.
    pub claim_templates: &'a [String],
    /// Where it stands.
    pub origin: Option<Origin>,
}

impl Builder<'_> {
    /// Compiles a pod spec, or finds the template that the same spec gave before.
    pub fn compile_template(&mut self, source: &Source<'_>) -> TemplateId {
        let admitted = self.admitted(source.namespace, source.spec);
        let source = &Source { spec: &admitted, ..*source };
        let digest = digest(source);
        if let Some(&known) = self.templates.get(&digest.whole) {
            return known;
        }
        let template = self.new_template(source, digest.revision);
        let id = TemplateId::from_index(self.cluster.templates.len());
        self.cluster.templates.push(Arc::new(template));
        self.templates.insert(digest.whole, id);
        id
    }

    /// Drops a template that turned out not to be needed, if it is the one compiled last.
    pub(super) fn drop_template(&mut self, id: TemplateId) {
        if id.index() + 1 == self.cluster.templates.len() {
            self.cluster.templates.pop();
            self.templates.retain(|_, &mut kept| kept != id);
        }
    }

    fn new_template(&mut self, source: &Source<'_>, revision: u64) -> PodTemplate {
        let (spec, priority) = (source.spec, self.priority(source.spec));
        let text = &mut self.cluster.text;
        let host_network = spec.host_network.unwrap_or(false);
        let mut own = labels(text, source.metadata.and_then(|m| m.labels.as_ref()));
        let hash_label = match source.kind {
            Kind::Deployment => Some(HASH_LABELS[0]),
            Kind::StatefulSet | Kind::DaemonSet => Some(HASH_LABELS[1]),
            Kind::Pod | Kind::ReplicaSet | Kind::Job => None,
        };
        if let Some(label) = hash_label {
            let (key, value) = (text.intern(label), text.intern(&revision_hash(revision)));
            own.set(key, value);
        }

        let compiled =
            |text: &mut _, list: &[WrittenContainer]| list.iter().map(|c| containers::container(text, c, host_network)).collect::<Vec<_>>();
        let init = spec.init_containers.as_deref().unwrap_or_default();
        let (regular, init_containers) = (compiled(text, &spec.containers), compiled(text, init));
        let written: Vec<&WrittenContainer> = init.iter().chain(&spec.containers).collect();
        let written_volumes = spec.volumes.as_deref().unwrap_or_default();
        let env_references = containers::references(text, &written, written_volumes);
        let image_volumes = written_volumes.iter().filter_map(|v| v.image.as_ref()?.reference.as_deref());
        let image_names: Vec<&str> = written.iter().map(|c| c.image.as_deref().unwrap_or_default()).chain(image_volumes).collect();
        let images = image_names.into_iter().map(|i| containers::normalised_image(text, i)).collect();

        // Claim templates of a StatefulSet come first and hide volumes of the same name (`stateful_set_utils.go` updateStorage).
        let mut pod_volumes: Vec<PodVolume> =
            source.claim_templates.iter().map(|n| PodVolume { name: text.intern(n), source: VolumeSource::OwnClaim }).collect();
        let others = written_volumes.iter().filter(|v| !source.claim_templates.contains(&v.name) && !is_injected(&v.name));
        pod_volumes.extend(others.map(|v| volumes::volume(text, v)));

        let mut tolerations = affinity::tolerations(text, spec);
        if source.kind == Kind::DaemonSet {
            affinity::add_daemon_tolerations(text, &mut tolerations, host_network);
        }
        if self.options.admission == Admission::Cluster {
            affinity::add_admission_tolerations(text, &mut tolerations);
        }

        let requests = requests::pod_requests(text, spec, source.status);
        let mut host_ports: Vec<_> =
            regular.iter().chain(init_containers.iter().filter(|c| c.sidecar)).flat_map(|c| c.host_ports.clone()).collect();
        host_ports.dedup();
        let account = spec.service_account_name.as_deref().or(spec.service_account.as_deref()).filter(|s| !s.is_empty());
        let resource_claims = spec.resource_claims.iter().flatten();
        let claim_names = resource_claims.filter_map(|c| c.resource_claim_name.as_deref().or(c.resource_claim_template_name.as_deref()));

        let template = PodTemplate {
            namespace: source.namespace,
            deletion_cost: deletion_cost(source.metadata),
            digest: revision,
            origin: source.origin,
            written: Arc::new(WrittenPod {
                spec: spec.clone(),
                annotations: source.metadata.and_then(|m| m.annotations.clone()).unwrap_or_default(),
            }),
            requests: requests.requests,
            nonzero: requests.nonzero,
            score_nonzero: requests.score_nonzero,
            score_requests: requests.score_requests,
            demand: requests.demand,
            qos: requests.qos,
            node_selector: spec.node_selector.as_ref().map(|s| labels(text, Some(s))),
            affinity: affinity::affinity(text, spec.affinity.as_ref(), &own),
            tolerations,
            spread: affinity::spread(text, spec.topology_spread_constraints.as_deref(), &own),
            host_ports,
            images,
            volumes: pod_volumes,
            env_references,
            service_account: account.map(|s| text.intern(s)),
            scheduling_gates: spec.scheduling_gates.iter().flatten().map(|g| text.intern(&g.name)).collect(),
            scheduler_name: text.intern(spec.scheduler_name.as_deref().filter(|s| !s.is_empty()).unwrap_or("default-scheduler")),
            priority_class: spec.priority_class_name.as_deref().filter(|s| !s.is_empty()).map(|s| text.intern(s)),
            priority: priority.0,
            never_preempts: priority.1,
            node_name: spec.node_name.as_deref().filter(|s| !s.is_empty()).map(|s| text.intern(s)),
            restart_policy: match spec.restart_policy.as_deref() {
                Some("OnFailure") => RestartPolicy::OnFailure,
                Some("Never") => RestartPolicy::Never,
                _ => RestartPolicy::Always,
            },
            grace: spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS).max(0).saturating_mul(SECOND),
            active_deadline: spec.active_deadline_seconds.map(|s| s.max(0).saturating_mul(SECOND)),
            host_network,
            user_namespace: spec.host_users == Some(false),
            resource_claims: claim_names.map(|c| text.intern(c)).collect(),
            finalizers: source.metadata.and_then(|m| m.finalizers.as_ref()).into_iter().flatten().map(|f| text.intern(f)).collect(),
            safe_to_evict: safe_to_evict(source.metadata),
            do_not_disrupt: do_not_disrupt(source.metadata),
            behavior: crate::cluster::behavior::PodBehavior::assumed(),
            labels: own,
            containers: regular,
            init_containers,
        };
        let question = Question {
            kind: source.kind,
            name: source.name,
            namespace: self.cluster.namespace_name(source.namespace),
            labels: source.metadata.and_then(|m| m.labels.as_ref()),
            image: spec.containers.first().and_then(|c| c.image.as_deref()).unwrap_or_default(),
        };
        PodTemplate { behavior: self.behaviors.answer(&question, &template), ..template }
    }

    /// Priority and whether preemption is renounced, as the admission plugin Priority sets them
    /// (`plugin/pkg/admission/priority/admission.go`, v1.37).
    fn priority(&self, spec: &PodSpec) -> (i32, bool) {
        let classes = &self.cluster.priority_classes;
        let class = match spec.priority_class_name.as_deref().filter(|n| !n.is_empty()) {
            Some(name) => self.cluster.text.get(name).and_then(|sym| classes.iter().find(|c| c.name == sym)),
            None if spec.priority.is_some() => None,
            None => classes.iter().filter(|c| c.global_default).min_by_key(|c| c.value),
        };
        let value = class.map(|c| c.value).or(spec.priority).unwrap_or(0);
        let never = match spec.preemption_policy.as_deref() {
            Some(policy) => policy == "Never",
            None => class.is_some_and(|c| c.never_preempts),
        };
        (value, never)
    }
}

/// The template with another regular container, as a webhook adds one when a pod is created; the same one if it has a container of that
/// name. It is the same revision of its owner.
pub fn with_container(cluster: &mut Cluster, id: TemplateId, added: &WrittenContainer) -> TemplateId {
    let base = cluster.template(id);
    if base.written.spec.containers.iter().any(|c| c.name == added.name) {
        return id;
    }
    let mut new = base.clone();
    let mut written = (*base.written).clone();
    written.spec.containers.push(added.clone());
    let text = &mut cluster.text;
    let requests = requests::pod_requests(text, &written.spec, None);
    new.containers.push(containers::container(text, added, new.host_network));
    new.images.push(containers::normalised_image(text, added.image.as_deref().unwrap_or_default()));
    new.written = Arc::new(written);
    (new.requests, new.nonzero) = (requests.requests, requests.nonzero);
    (new.score_nonzero, new.score_requests) = (requests.score_nonzero, requests.score_requests);
    (new.demand, new.qos) = (requests.demand, requests.qos);
    if let Some(known) = cluster.templates.iter().rposition(|known| **known == new) {
        return TemplateId::from_index(known);
    }
    cluster.templates.push(Arc::new(new));
    TemplateId::from_index(cluster.templates.len() - 1)
}

/// The template of a pod that policies changed when it was created: another spec, other labels and annotations. It is the same revision of
/// its owner, with what its owner's controller adds.
pub fn with_written(cluster: &mut Cluster, id: TemplateId, metadata: &ObjectMeta, spec: &PodSpec) -> TemplateId {
    let base = cluster.templates[id.index()].clone();
    let (namespace, text) = (base.namespace, &mut cluster.text);
    // What the controller of a DaemonSet added is in no spec.
    let of_spec = affinity::tolerations(text, &base.written.spec);
    let added = base.tolerations.iter().filter(|t| !of_spec.contains(t)).cloned().collect::<Vec<_>>();
    let own_claims = base.volumes.iter().filter(|v| v.source == VolumeSource::OwnClaim);
    let claim_templates: Vec<String> = own_claims.map(|v| text.text(v.name).to_owned()).collect();
    let mut builder = Builder::new(cluster, super::ClusterOptions::default());
    let admitted = builder.admitted(namespace, spec).into_owned();
    let source = Source {
        kind: Kind::Pod,
        name: "",
        namespace,
        metadata: Some(metadata),
        spec: &admitted,
        status: None,
        claim_templates: &claim_templates,
        origin: base.origin,
    };
    let mut new = builder.new_template(&source, base.digest);
    new.tolerations.extend(added.into_iter().filter(|t| !new.tolerations.contains(t)).collect::<Vec<_>>());
    new.behavior = base.behavior.clone();
    if let Some(known) = cluster.templates.iter().rposition(|known| **known == new) {
        return TemplateId::from_index(known);
    }
    cluster.templates.push(Arc::new(new));
    TemplateId::from_index(cluster.templates.len() - 1)
}

/// The volume with a pod's service account token, which admission adds to every pod of a live cluster.
fn is_injected(volume: &str) -> bool {
    volume.starts_with("kube-api-access-")
}

/// What the Cluster Autoscaler is told of a pod (`cluster-autoscaler/utils/drain/drain.go`).
fn safe_to_evict(metadata: Option<&ObjectMeta>) -> Option<bool> {
    match metadata?.annotations.as_ref()?.get("cluster-autoscaler.kubernetes.io/safe-to-evict")?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether Karpenter must leave the node of a pod alone (`karpenter/pkg/apis/v1/labels.go` DoNotDisruptAnnotationKey).
fn do_not_disrupt(metadata: Option<&ObjectMeta>) -> bool {
    let annotations = metadata.and_then(|m| m.annotations.as_ref());
    annotations.and_then(|a| a.get("karpenter.sh/do-not-disrupt")).is_some_and(|said| said == "true")
}

fn deletion_cost(metadata: Option<&ObjectMeta>) -> i32 {
    let annotations = metadata.and_then(|m| m.annotations.as_ref());
    annotations.and_then(|a| a.get("controller.kubernetes.io/pod-deletion-cost")).and_then(|c| c.parse().ok()).unwrap_or(0)
}

/// Two numbers for a pod spec: which template it gives, and which revision of its owner it is.
struct Digest {
    /// Over everything that the compiled template depends on.
    whole: [u8; 32],
    /// Over the template as written, without hash labels (`pkg/controller/deployment/util` EqualIgnoreHash).
    revision: u64,
}

fn digest(source: &Source<'_>) -> Digest {
    let without_hash =
        |map: &Map| map.iter().filter(|(k, _)| !HASH_LABELS.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect::<Map>();
    let labels = source.metadata.and_then(|m| m.labels.as_ref());
    let annotations = source.metadata.and_then(|m| m.annotations.as_ref()).filter(|_| source.kind != Kind::Pod);
    // What can be read as JSON can be written as JSON; an empty text would only make two templates share a revision.
    let written = serde_json::to_vec(&(source.spec, labels.map(without_hash), annotations)).unwrap_or_default();
    let revision = blake3::hash(&written);
    let origin = source.origin.map(|o| (o.document.0, o.pointer));
    let surroundings =
        (labels, format!("{:?}", source.kind), source.name, source.namespace.0, origin, source.claim_templates, source.status);
    let mut whole = blake3::Hasher::new();
    whole.update(revision.as_bytes());
    whole.update(&deletion_cost(source.metadata).to_le_bytes());
    whole.update(&[safe_to_evict(source.metadata).map_or(2, u8::from), u8::from(do_not_disrupt(source.metadata))]);
    whole.update(&serde_json::to_vec(&surroundings).unwrap_or_default());
    let mut first = [0; 8];
    first.copy_from_slice(&revision.as_bytes()[..8]);
    Digest { whole: *whole.finalize().as_bytes(), revision: u64::from_le_bytes(first) }
}

/// The value of the hash labels for a revision: ten letters as `rand.SafeEncodeString` makes them. Real ones come from a hash of
/// Go's in-memory form, which nothing outside can reproduce; only that equal templates give equal names matters.
fn revision_hash(revision: u64) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = revision;
    let mut name = String::with_capacity(10);
    for _ in 0..10 {
        name.push(char::from(LETTERS[(rest % 27) as usize]));
        rest /= 27;
    }
    name
}

//! New pod templates: what `kubectl set image`, `kubectl rollout restart` and a broken release make of the present one.
//!
//! Owns the change of a template. The rollout that follows is the controllers'.

use std::sync::Arc;

use crate::apiserver::Api;
use crate::cluster::Cluster;
use crate::cluster::behavior::PodBehavior;
use crate::cluster::ids::{StatefulSetId, TemplateId};
use crate::cluster::state::Workload;
use crate::cluster::template::PodTemplate;
use crate::units::intern::Sym;
use crate::units::text::visible;
use crate::units::time::Time;

/// What is to be different.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    pub(super) image: Option<&'a str>,
    pub(super) container: Option<&'a str>,
    pub(super) broken: bool,
}

/// The template a workload wants now; none for those that do not roll out.
fn wanted(cluster: &Cluster, workload: Workload) -> Option<TemplateId> {
    match workload {
        Workload::Deployment(id) => Some(cluster.deployments[id.index()].template),
        Workload::StatefulSet(id) => Some(cluster.stateful_sets[id.index()].template),
        Workload::DaemonSet(id) => Some(cluster.daemon_sets[id.index()].template),
        Workload::ReplicaSet(_) | Workload::Job(_) | Workload::Pod(_) => None,
    }
}

fn wanted_or_say(cluster: &Cluster, workload: Workload) -> Result<TemplateId, String> {
    wanted(cluster, workload).ok_or_else(|| format!("{} does not roll out a new template", visible(&cluster.workload_label(workload))))
}

/// The position of a container by name; the first without one.
///
/// # Errors
/// There is none of that name.
pub(super) fn container(cluster: &Cluster, workload: Workload, name: Option<&str>) -> Result<usize, String> {
    let template = cluster.template(wanted_or_say(cluster, workload)?);
    let Some(name) = name else {
        return if template.containers.is_empty() { Err("the template has no container".to_owned()) } else { Ok(0) };
    };
    template.containers.iter().position(|c| cluster.text(c.name) == name).ok_or_else(|| {
        let known: Vec<_> = template.containers.iter().map(|c| visible(cluster.text(c.name))).collect();
        format!("{} has no container {}; it has {}", visible(&cluster.workload_label(workload)), visible(name), known.join(", "))
    })
}

/// Rolls out a changed template.
///
/// # Errors
/// The workload does not roll out, or has no such container.
pub(super) fn roll_out(api: &mut Api, workload: Workload, change: &Change<'_>) -> Result<(), String> {
    let at = container(api.cluster(), workload, change.container)?;
    let base = wanted_or_say(api.cluster(), workload)?;
    // Without a new image something about the template has to change, or nothing would roll out.
    let restarted = change.image.is_none().then(|| api.now());
    let cluster = api.cluster_mut();
    let first = first_of(cluster, base);
    let mut template = cluster.template(base).clone();
    template.behavior = cluster.template(first).behavior.clone();
    if change.broken {
        template.behavior.ready = None;
    }
    if let Some(image) = change.image {
        let before = template.containers[at].image;
        let image = cluster.text.intern(image);
        template.containers[at].image = image;
        if let Some(written) = Arc::make_mut(&mut template.written).spec.containers.get_mut(at) {
            written.image = Some(cluster.text.text(image).to_owned());
        }
        if let Some(listed) = position_of_image(cluster, &template, before) {
            let text = normalized_image(cluster.text(image));
            template.images[listed] = cluster.text.intern(&text);
        }
        if image != before {
            // A pull that failed was that of the old image.
            template.behavior.pull_fails = false;
            let text = cluster.text(image).to_owned();
            if at == 0
                && let Some(said) = said_of_image(cluster, workload, &template, &text)
            {
                template.behavior = said;
                if change.broken {
                    template.behavior.ready = None;
                }
            }
        }
    }
    let annotation = match restarted {
        Some(now) => annotation(now),
        None => cluster.template(base).digest ^ images(cluster, first, cluster.template(base)),
    };
    template.digest = images(cluster, first, &template) ^ annotation;
    let template = put(cluster, template);
    api.set_template(workload, template);
    Ok(())
}

/// The behaviour of a workload's pods with another image, where a rule speaks of that image.
fn said_of_image(cluster: &Cluster, workload: Workload, template: &PodTemplate, image: &str) -> Option<PodBehavior> {
    let behaviors = cluster.behaviors.clone();
    behaviors.rules.iter().any(|(matched, _)| matched.image.as_deref() == Some(image)).then(|| {
        let label = cluster.workload_label(workload);
        let mut back = label.rsplit('/');
        let (name, kind) = (back.next().unwrap_or_default(), back.next().unwrap_or_default());
        behaviors.of_image(kind, name, cluster.namespace_name(template.namespace), image, template)
    })
}

/// `kubectl rollout restart`: the same template with an annotation that no other has.
///
/// # Errors
/// The workload does not roll out.
pub(super) fn restart(api: &mut Api, workload: Workload) -> Result<(), String> {
    let base = wanted_or_say(api.cluster(), workload)?;
    let now = api.now();
    let cluster = api.cluster_mut();
    let first = first_of(cluster, base);
    let mut template = cluster.template(base).clone();
    template.digest = images(cluster, first, &template) ^ annotation(now);
    let template = put(cluster, template);
    api.set_template(workload, template);
    Ok(())
}

// A template's digest is that of its images, crossed with that of its `restartedAt` annotation (0 for none): so that an image that was
// there before finds its revision again, and a restart survives a change of image, as both do in Kubernetes.

/// The template as the manifests have it.
fn first_of(cluster: &Cluster, base: TemplateId) -> TemplateId {
    let template = cluster.template(base);
    // Hash labels are the controllers': they tell revisions apart, not workloads.
    let hashes = ["pod-template-hash", "controller-revision-hash"].map(|key| cluster.text.get(key));
    let own = |t: &PodTemplate| {
        let mut labels = t.labels.clone();
        for &key in hashes.iter().flatten() {
            labels.remove(key);
        }
        labels
    };
    let labels = own(template);
    let same = |t: &Arc<PodTemplate>| t.origin == template.origin && t.namespace == template.namespace && own(t) == labels;
    cluster.templates.iter().position(same).map_or(base, TemplateId::from_index)
}

/// The part of a digest that stands for images and whether the revision is broken; the first template's own where neither differs.
fn images(cluster: &Cluster, first: TemplateId, of: &PodTemplate) -> u64 {
    let written = cluster.template(first);
    if written.behavior.ready == of.behavior.ready && written.containers.iter().map(|c| c.image).eq(of.containers.iter().map(|c| c.image)) {
        return written.digest;
    }
    let mut parts = vec![written.digest.to_le_bytes().to_vec(), vec![u8::from(of.behavior.ready.is_none())]];
    parts.extend(of.containers.iter().map(|c| cluster.text(c.image).as_bytes().to_vec()));
    digest(&parts)
}

/// The part of a digest that stands for `restartedAt`, which has whole seconds: two restarts within one second are one.
fn annotation(now: Time) -> u64 {
    digest(&[b"restartedAt".to_vec(), now.whole_seconds().to_le_bytes().to_vec()])
}

fn position_of_image(cluster: &Cluster, template: &PodTemplate, image: Sym) -> Option<usize> {
    let wanted = normalized_image(cluster.text(image));
    template.images.iter().position(|&listed| cluster.text(listed) == wanted)
}

/// `kubectl rollout undo` of a StatefulSet: an earlier revision's template is wanted again (`polymorphichelpers/rollback.go`, v1.37).
///
/// # Errors
/// There is no such revision.
pub(super) fn undo_stateful_set(api: &mut Api, id: StatefulSetId, revision: Option<i64>) -> Result<(), String> {
    let set = &api.cluster().stateful_sets[id.index()];
    let history = &set.revisions;
    let found = match revision {
        Some(wanted) => usize::try_from(wanted).ok().and_then(|n| n.checked_sub(1)).and_then(|n| history.get(n)),
        None => history.iter().rev().find(|&&template| template != set.template),
    };
    let name = visible(api.cluster().text(set.meta.name)).into_owned();
    let Some(&template) = found else {
        return Err(match revision {
            Some(revision) => format!("unable to find specified revision {revision} in history"),
            None => format!("no rollout history found for statefulset \"{name}\""),
        });
    };
    api.set_template(Workload::StatefulSet(id), template);
    Ok(())
}

/// The template's number; one that exists already is found again.
fn put(cluster: &mut Cluster, template: PodTemplate) -> TemplateId {
    if let Some(known) = cluster.templates.iter().rposition(|t| t.digest == template.digest && **t == template) {
        return TemplateId::from_index(known);
    }
    cluster.templates.push(Arc::new(template));
    TemplateId::from_index(cluster.templates.len() - 1)
}

fn digest(parts: &[Vec<u8>]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// An image's name with the tag that is meant where none is written (`pkg/scheduler/framework/plugins/imagelocality`, v1.37).
fn normalized_image(image: &str) -> String {
    let tagged = image.rfind(':').is_some_and(|colon| image.rfind('/').is_none_or(|slash| colon > slash));
    if tagged { image.to_owned() } else { format!("{image}:latest") }
}

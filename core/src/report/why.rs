//! Why: of a pod, where it could not go; of a record, what led to it and what followed; of a diagnostic, what it means.

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::model::{Link, MOST_NAMES};
use super::told::Told;
use crate::cluster::ids::PodId;
use crate::manifest::diagnostic::{self, DiagnosticInfo};
use crate::trace::{Change, RecordId};
use crate::units::time::Time;

/// A record with its causes and its effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordStory {
    /// From the first cause to the record itself.
    pub causes: Vec<Link>,
    /// What followed directly.
    pub effects: Vec<Link>,
    /// How many records followed in all.
    pub followed: usize,
}

/// The story of a record; none if there is no such record.
pub fn record(told: &Told<'_>, id: RecordId) -> Option<RecordStory> {
    told.trace.record(id)?;
    let mut causes = told.trace.causes(id);
    causes.reverse();
    let effects = told.trace.effects(id);
    let direct = effects.iter().copied().filter(|&e| told.trace.record(e).is_some_and(|r| r.cause == Some(id)));
    let links = |ids: &mut dyn Iterator<Item = RecordId>| ids.filter_map(|id| link(told, id)).collect();
    Some(RecordStory {
        causes: links(&mut causes.into_iter()),
        effects: links(&mut direct.take(MOST_NAMES)),
        followed: effects.len().saturating_sub(1),
    })
}

/// A record as a link of a chain.
pub fn link(told: &Told<'_>, id: RecordId) -> Option<Link> {
    let record = told.trace.record(id)?;
    Some(Link { at_ms: record.time.millis(), text: told.sentence(record), record: id.0 })
}

/// A pod's life up to a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodStory {
    /// Its name, with its namespace unless that is `default`.
    pub pod: String,
    /// Its workload.
    pub workload: String,
    /// Its node then, if it has one.
    pub node: Option<String>,
    /// What happened to it, with the causes of its beginning in front.
    pub life: Vec<Link>,
    /// The message of the last FailedScheduling event up to then.
    pub refusal: Option<String>,
    /// What the message means, in words.
    pub meaning: Option<String>,
}

/// The story of a pod up to `at`, over traces that follow each other (settling, what-if), each with its index.
pub fn pod(told: &[Told<'_>], indexes: &[Index], id: PodId, at: Time) -> PodStory {
    let mut story = PodStory { pod: String::new(), workload: String::new(), node: None, life: Vec::new(), refusal: None, meaning: None };
    for (told, index) in told.iter().zip(indexes) {
        let Some(pod) = told.cluster.pods.get(id.index()) else { continue };
        if story.pod.is_empty() {
            // A pod that was given with its node has no record of being placed.
            story.node = pod.bound.is_none().then_some(pod.node).flatten().map(|node| told.node(node).to_owned());
        }
        story.pod = told.pod(id);
        story.workload = told.workload(told.cluster.workload_of(id));
        let until = |record: &RecordId| told.trace.record(*record).is_some_and(|r| r.time <= at);
        let own: Vec<RecordId> = index.of_pod(id).iter().copied().filter(until).collect();
        let mut shown = own.first().map_or_else(Vec::new, |&first| {
            let mut causes = told.trace.causes(first);
            causes.reverse();
            causes
        });
        shown.extend(own.iter().skip(1));
        for record in own.iter().filter_map(|&id| told.trace.record(id)) {
            match record.change {
                Change::PodBound(to) => (story.node, story.refusal) = (Some(told.node(to).to_owned()), None),
                Change::PodUnschedulable(text) => story.refusal = Some(told.trace.text(text).to_owned()),
                Change::PodGone => story.node = None,
                _ => {}
            }
        }
        story.life.extend(shown.into_iter().filter_map(|id| link(told, id)));
    }
    story.meaning = story.refusal.as_deref().map(super::refusals::meaning);
    story
}

/// The pods whose name, with or without namespace, is `name`; those that exist last come last.
pub fn pods_named(told: &Told<'_>, name: &str) -> Vec<PodId> {
    let name = name.strip_prefix("pod/").unwrap_or(name);
    let (namespace, name) = name.split_once('/').map_or((None, name), |(namespace, name)| (Some(namespace), name));
    let all = (0..told.cluster.pods.len()).map(PodId::from_index);
    all.filter(|&id| {
        let space = told.cluster.namespace_name(told.cluster.pod(id).namespace);
        namespace.is_none_or(|wanted| wanted == space) && told.cluster.pod_name(id) == name
    })
    .collect()
}

/// Every sort of diagnostic that there is, of all stages.
pub fn diagnostics() -> impl Iterator<Item = &'static DiagnosticInfo> {
    let before = diagnostic::catalog().iter().chain(crate::cluster::build::catalog());
    before.chain(crate::scenario::catalog::CATALOG).chain(super::catalog::CATALOG)
}

/// What a sort of diagnostic means.
pub fn diagnostic(id: &str) -> Option<&'static DiagnosticInfo> {
    diagnostics().find(|info| info.id.0.eq_ignore_ascii_case(id))
}

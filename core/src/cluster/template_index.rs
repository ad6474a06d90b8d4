//! Finding a pod template by its labels, however many there are: each Job of a CronJob has one of its own.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Cluster;
use super::ids::TemplateId;
use super::labels::Labels;
use super::template::PodTemplate;

/// The newest template of each kind. It learns of new ones when it is asked: templates are never changed and never removed.
#[derive(Clone, Debug, Default)]
pub struct TemplateIndex {
    /// How many templates it knows.
    known: usize,
    newest: BTreeMap<u64, TemplateId>,
}

/// A number that templates which differ in their labels alone do not share, but for chance.
fn number(template: &PodTemplate, labels: &Labels) -> u64 {
    let mut hasher = DefaultHasher::new();
    (template.digest, template.namespace, labels, template.deletion_cost).hash(&mut hasher);
    hasher.finish()
}

impl Cluster {
    /// The newest template that is like this one, but with these labels.
    pub fn template_with_labels(&mut self, base: TemplateId, labels: &Labels) -> Option<TemplateId> {
        let Cluster { templates, template_index: index, .. } = self;
        for (at, template) in templates.iter().enumerate().skip(index.known) {
            index.newest.insert(number(template, &template.labels), TemplateId::from_index(at));
        }
        index.known = templates.len();
        let base = templates.get(base.index())?;
        let found = *index.newest.get(&number(base, labels))?;
        let like = |t: &PodTemplate| (t.digest, t.namespace, t.deletion_cost) == (base.digest, base.namespace, base.deletion_cost);
        templates.get(found.index()).is_some_and(|t| like(t) && t.labels == *labels).then_some(found)
    }
}

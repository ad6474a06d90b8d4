//! What the API server would answer to an object, as far as reading can tell.
//!
//! Owns the order of its stages up to decoding, and the checks of validation that need nothing but the
//! object. It keeps no state: that other objects exist, quotas and policies are not its matter.

use super::field::FieldError;
use super::kinds::{self, Kind};
use super::names::is_path_segment;
use super::schema::{self, Problem};
use super::tree::{NodeId, NodeKind, Tree};
use super::{stored, validate};
use crate::units::arrange::Arrange;

/// Where the answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// `kubectl` does not send it.
    Kubectl,
    /// There is no such kind in that version.
    Mapping,
    /// A value of the wrong type or form.
    Decode,
    /// Unknown fields.
    Strict,
    /// Server-side apply finds it at odds with the schema.
    Schema,
    /// Field errors.
    Validation,
    /// It would be stored, for all that reading knows.
    Accepted,
}

impl Stage {
    /// `kubectl`, `mapping`, `decode`, `strict`, `schema`, `validation` or `accepted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubectl => "kubectl",
            Self::Mapping => "mapping",
            Self::Decode => "decode",
            Self::Strict => "strict",
            Self::Schema => "schema",
            Self::Validation => "validation",
            Self::Accepted => "accepted",
        }
    }
}

/// One reason for a refusal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The field as the server writes it; of decoding errors, as Go does.
    pub field: String,
    /// The server's reason, such as `FieldValueRequired`.
    pub reason: &'static str,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where it ended.
    pub stage: Stage,
    /// Why, sorted; empty at the stages that give no field.
    pub causes: Vec<Cause>,
}

impl Verdict {
    fn at(stage: Stage) -> Self {
        Self { stage, causes: Vec::new() }
    }

    fn because(stage: Stage, mut causes: Vec<Cause>) -> Self {
        causes.arrange();
        causes.dedup();
        Self { stage, causes }
    }

    /// Whether the object would be stored.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.stage == Stage::Accepted
    }
}

/// The answer to creating the object that is the tree's root, with strict field validation or without.
#[must_use]
pub fn verdict(tree: &Tree, strict: bool) -> Verdict {
    match kind_of(tree) {
        Ok((root, kind)) => of_kind(tree, root, kind, strict),
        Err(verdict) => verdict,
    }
}

/// The root and its kind, or why there is none.
fn kind_of(tree: &Tree) -> Result<(NodeId, &'static Kind), Verdict> {
    let Some(root) = tree.root().filter(|root| tree.kind(*root) == NodeKind::Map) else { return Err(Verdict::at(Stage::Kubectl)) };
    let text = |key: &str| tree.get(root, key).and_then(|node| tree.str(node)).unwrap_or("");
    let (version, kind) = (text("apiVersion"), text("kind"));
    // `schema.ParseGroupVersion` takes at most one slash.
    if kind.is_empty() || version.matches('/').count() > 1 {
        return Err(Verdict::at(Stage::Kubectl));
    }
    let Some(kind) = kinds::served(version, kind) else { return Err(Verdict::at(Stage::Mapping)) };
    // A namespace is a part of the path that is asked for.
    let namespace = tree.at("/metadata/namespace").and_then(|node| tree.str(node)).unwrap_or("");
    if kind.namespaced && !is_path_segment(namespace) {
        return Err(Verdict::at(Stage::Kubectl));
    }
    Ok((root, kind))
}

/// An object that exists, and how it came to be.
#[derive(Clone, Debug)]
pub struct Existing {
    /// What was applied.
    pub last: serde_json::Value,
    /// What is stored.
    pub stored: serde_json::Value,
}

impl Existing {
    /// The object that creating the tree's root leaves; nothing if it is of no kind that is served.
    #[must_use]
    pub fn of(tree: &Tree) -> Option<Self> {
        let (root, kind) = kind_of(tree).ok()?;
        Some(Self { last: stored::written(tree, root, kind), stored: stored::created(tree, root, kind) })
    }
}

/// How an object is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A `PUT` of the whole object.
    Replace,
    /// Server-side apply by the manager that made it.
    Apply,
}

/// The answer to changing an object that exists into the one that is the tree's root.
#[must_use]
pub fn of_change(tree: &Tree, existing: &Existing, change: Change) -> Verdict {
    let (root, kind) = match kind_of(tree) {
        Ok(found) => found,
        Err(verdict) => return verdict,
    };
    match decoding(tree, root, kind, true) {
        // Apply reads by the schema, in which there is no such field.
        Some(verdict) if verdict.stage == Stage::Strict && change == Change::Apply => return Verdict::at(Stage::Schema),
        Some(verdict) => return verdict,
        None => {}
    }
    let new = match change {
        Change::Replace => stored::replacing(tree, root, kind, &existing.stored),
        Change::Apply => stored::applying(tree, root, kind, &existing.last, &existing.stored),
    };
    answer(validate::of_update(&new, &existing.stored, kind))
}

fn of_kind(tree: &Tree, root: NodeId, kind: &Kind, strict: bool) -> Verdict {
    decoding(tree, root, kind, strict).unwrap_or_else(|| answer(validate::check(tree, root, kind)))
}

fn answer(errors: Vec<FieldError>) -> Verdict {
    let causes: Vec<Cause> = errors.into_iter().map(|fault| Cause { field: fault.field, reason: fault.reason.name() }).collect();
    if causes.is_empty() { Verdict::at(Stage::Accepted) } else { Verdict::because(Stage::Validation, causes) }
}

/// The answer, where the object does not get as far as validation.
fn decoding(tree: &Tree, root: NodeId, kind: &Kind, strict: bool) -> Option<Verdict> {
    let faults = schema::check(tree, root, kind);
    let fatal: Vec<Cause> = faults
        .iter()
        .filter(|fault| fault.problem.is_fatal())
        .map(|fault| {
            let undecodable = fault.go_path.is_empty() || matches!(fault.problem, Problem::BadForm(..));
            Cause { field: fault.go_path.clone(), reason: if undecodable { "Undecodable" } else { "WrongType" } }
        })
        .collect();
    if !fatal.is_empty() {
        return Some(Verdict::because(Stage::Decode, fatal));
    }
    if strict && !faults.is_empty() {
        let unknown = faults.into_iter().map(|fault| Cause { field: fault.path, reason: "UnknownField" }).collect();
        return Some(Verdict::because(Stage::Strict, unknown));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Limits, parse};

    fn tree(text: &str) -> Tree {
        parse(&text.into(), &Limits::default()).remove(0).unwrap()
    }

    fn deployment(replicas: i32, app: &str) -> Tree {
        tree(&format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: {app}}}}}, template: {{metadata: {{labels: {{app: {app}}}}}, spec: {{containers: [{{name: a, image: a}}]}}}}}}}}"
        ))
    }

    #[test]
    fn stages_come_in_order() {
        let stage = |text: &str| verdict(&tree(text), true).stage;
        assert_eq!(stage("{kind: Pod}"), Stage::Mapping);
        assert_eq!(stage("{apiVersion: v1, kind: ''}"), Stage::Kubectl);
        assert_eq!(stage("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: a/b}}"), Stage::Kubectl);
        assert_eq!(stage("{apiVersion: v1, kind: ConfigMap, metadata: {name: 1}, more: 1}"), Stage::Decode);
        assert_eq!(stage("{apiVersion: v1, kind: ConfigMap, metadata: {name: A}, more: 1}"), Stage::Strict);
        assert_eq!(stage("{apiVersion: v1, kind: ConfigMap, metadata: {name: A}}"), Stage::Validation);
        assert_eq!(stage("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"), Stage::Accepted);
    }

    #[test]
    fn what_is_immutable_cannot_be_changed() {
        let old = Existing::of(&deployment(3, "a")).unwrap();
        for change in [Change::Replace, Change::Apply] {
            assert!(of_change(&deployment(5, "a"), &old, change).accepted());
            let verdict = of_change(&deployment(3, "b"), &old, change);
            assert_eq!(verdict.causes, [Cause { field: "spec.selector".to_owned(), reason: "FieldValueInvalid" }]);
        }
    }
}

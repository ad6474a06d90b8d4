//! What the API server would answer to an object, as far as reading can tell.
//!
//! Owns the order of its stages up to decoding, and the checks of validation that need nothing but the
//! object. It keeps no state: that other objects exist, quotas and policies are not its matter.

use super::kinds::{self, Kind};
use super::schema::{self, Problem};
use super::tree::{NodeId, NodeKind, Tree};
use super::validate;

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
    /// Field errors.
    Validation,
    /// It would be stored, for all that reading knows.
    Accepted,
}

impl Stage {
    /// `kubectl`, `mapping`, `decode`, `strict`, `validation` or `accepted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubectl => "kubectl",
            Self::Mapping => "mapping",
            Self::Decode => "decode",
            Self::Strict => "strict",
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
        causes.sort();
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
    let Some(root) = tree.root().filter(|root| tree.kind(*root) == NodeKind::Map) else { return Verdict::at(Stage::Kubectl) };
    let text = |key: &str| tree.get(root, key).and_then(|node| tree.str(node)).unwrap_or("");
    let (version, kind) = (text("apiVersion"), text("kind"));
    // `schema.ParseGroupVersion` takes at most one slash.
    if kind.is_empty() || version.matches('/').count() > 1 {
        return Verdict::at(Stage::Kubectl);
    }
    let Some(kind) = kinds::served(version, kind) else { return Verdict::at(Stage::Mapping) };
    of_kind(tree, root, kind, strict)
}

fn of_kind(tree: &Tree, root: NodeId, kind: &Kind, strict: bool) -> Verdict {
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
        return Verdict::because(Stage::Decode, fatal);
    }
    if strict && !faults.is_empty() {
        let unknown = faults.into_iter().map(|fault| Cause { field: fault.path, reason: "UnknownField" }).collect();
        return Verdict::because(Stage::Strict, unknown);
    }
    let causes: Vec<Cause> =
        validate::check(tree, root, kind).into_iter().map(|fault| Cause { field: fault.field, reason: fault.reason.name() }).collect();
    if causes.is_empty() { Verdict::at(Stage::Accepted) } else { Verdict::because(Stage::Validation, causes) }
}

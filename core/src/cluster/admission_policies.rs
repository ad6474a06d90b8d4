//! ValidatingAdmissionPolicies, MutatingAdmissionPolicies and their bindings as data: what they look at, the expressions that must hold, and
//! those that give changes.

use super::origin::Origin;
use super::write_scope::WriteScope;
use crate::units::intern::Sym;

/// One expression that must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// In CEL.
    pub expression: String,
    /// What is said when it does not hold; empty for the expression itself.
    pub message: String,
    /// An expression that gives the message.
    pub message_expression: String,
    /// `Forbidden`, `Invalid`, …
    pub reason: String,
}

/// One change of a MutatingAdmissionPolicy, by an expression in CEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// It gives the fields that are to be merged in.
    ApplyConfiguration(String),
    /// It gives a list of operations.
    JsonPatch(String),
}

/// A ValidatingAdmissionPolicy, or a MutatingAdmissionPolicy.
#[derive(Clone, Debug, PartialEq)]
pub struct AdmissionPolicy {
    /// Its name.
    pub name: Sym,
    /// What it looks at.
    pub scope: WriteScope,
    /// `failurePolicy`: an expression that cannot be evaluated refuses (`Fail`) or is passed over (`Ignore`).
    pub fails_closed: bool,
    /// `matchConditions`: name and expression; it looks only where all of them hold.
    pub conditions: Vec<(String, String)>,
    /// Names that expressions may use as `variables.NAME`, with their expressions, in order.
    pub variables: Vec<(String, String)>,
    /// What must hold.
    pub validations: Vec<Validation>,
    /// What it changes; none of a ValidatingAdmissionPolicy.
    pub mutations: Option<Vec<Mutation>>,
    /// `reinvocationPolicy: IfNeeded`: it looks once more if others change the object after it.
    pub reinvoked: bool,
    /// Why it is not evaluated here; none where it is.
    pub not_evaluated: Option<String>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// A ValidatingAdmissionPolicyBinding, or a MutatingAdmissionPolicyBinding.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyBinding {
    /// Its name.
    pub name: Sym,
    /// The policy's name.
    pub policy: Sym,
    /// It is one of a MutatingAdmissionPolicy.
    pub mutating: bool,
    /// What of the policy's scope it is for; none for all of it.
    pub scope: Option<WriteScope>,
    /// `Deny` is among its actions.
    pub denies: bool,
    /// `Warn` is among them.
    pub warns: bool,
}

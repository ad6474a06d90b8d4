//! ValidatingAdmissionPolicies and their bindings as data: what they look at and the expressions that must hold.

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

/// A ValidatingAdmissionPolicy.
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
    /// Why it is not evaluated here; none where it is.
    pub not_evaluated: Option<String>,
    /// Where it stands.
    pub origin: Option<Origin>,
}

/// A ValidatingAdmissionPolicyBinding.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyBinding {
    /// Its name.
    pub name: Sym,
    /// The policy's name.
    pub policy: Sym,
    /// What of the policy's scope it is for; none for all of it.
    pub scope: Option<WriteScope>,
    /// `Deny` is among its actions.
    pub denies: bool,
    /// `Warn` is among them.
    pub warns: bool,
}

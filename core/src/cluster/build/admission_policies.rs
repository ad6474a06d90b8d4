//! ValidatingAdmissionPolicies, MutatingAdmissionPolicies and their bindings from their objects, and which of them cannot be evaluated here.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, NamedRuleWithOperations, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, Variable,
};

use super::Builder;
use super::webhooks::{conditions, everything_or};
use crate::cluster::admission_policies::{AdmissionPolicy, Mutation, PolicyBinding, Validation};
use crate::cluster::expressions;
use crate::cluster::origin::Origin;
use crate::cluster::write_scope::{WriteRule, WriteScope};
use crate::units::intern::Interner;

/// Why a policy with a `paramKind` is not evaluated.
const TAKES_PARAMETERS: &str = "it takes parameters from other objects";

impl Builder<'_> {
    /// A ValidatingAdmissionPolicy.
    pub fn compile_admission_policy(&mut self, written: &ValidatingAdmissionPolicy, origin: Option<Origin>) -> AdmissionPolicy {
        let text = &mut self.cluster.text;
        let name = text.intern(written.metadata.name.as_deref().unwrap_or_default());
        let spec = written.spec.clone().unwrap_or_default();
        let validations: Vec<Validation> = spec
            .validations
            .iter()
            .flatten()
            .map(|v| Validation {
                expression: v.expression.trim().to_owned(),
                message: v.message.as_deref().unwrap_or_default().trim().to_owned(),
                message_expression: v.message_expression.clone().unwrap_or_default(),
                reason: v.reason.clone().unwrap_or_default(),
            })
            .collect();
        let conditions = conditions(spec.match_conditions.as_deref().unwrap_or_default());
        let variables = variables(spec.variables.as_deref().unwrap_or_default());
        let all = validations.iter().map(|v| &v.expression).chain(conditions.iter().chain(&variables).map(|c| &c.1));
        let not_evaluated = match &spec.param_kind {
            Some(_) => Some(TAKES_PARAMETERS.to_owned()),
            None => all.into_iter().find_map(|expression| expressions::check(expression).err()),
        };
        AdmissionPolicy {
            name,
            scope: scope(text, spec.match_constraints.as_ref()),
            fails_closed: spec.failure_policy.as_deref() != Some("Ignore"),
            conditions,
            variables,
            validations,
            mutations: None,
            reinvoked: false,
            not_evaluated,
            origin,
        }
    }

    /// A ValidatingAdmissionPolicyBinding.
    pub fn compile_policy_binding(&mut self, written: &ValidatingAdmissionPolicyBinding) -> PolicyBinding {
        let text = &mut self.cluster.text;
        let spec = &written.spec;
        PolicyBinding {
            name: text.intern(written.metadata.name.as_deref().unwrap_or_default()),
            policy: text.intern(&spec.policy_name),
            mutating: false,
            scope: spec.match_resources.as_ref().map(|of| scope(text, Some(of))),
            denies: spec.validation_actions.iter().any(|a| a == "Deny"),
            warns: spec.validation_actions.iter().any(|a| a == "Warn"),
        }
    }

    /// A MutatingAdmissionPolicy.
    pub fn compile_mutating_policy(&mut self, written: &MutatingAdmissionPolicy, origin: Option<Origin>) -> AdmissionPolicy {
        let text = &mut self.cluster.text;
        let name = text.intern(written.metadata.name.as_deref().unwrap_or_default());
        let spec = written.spec.clone().unwrap_or_default();
        let mutations: Option<Vec<Mutation>> = spec.mutations.iter().flatten().map(mutation).collect();
        let conditions = conditions(spec.match_conditions.as_deref().unwrap_or_default());
        let variables = variables(spec.variables.as_deref().unwrap_or_default());
        let plain = conditions.iter().chain(&variables).find_map(|(_, expression)| expressions::check(expression).err());
        let changes = mutations.iter().flatten().find_map(|mutation| match mutation {
            Mutation::ApplyConfiguration(expression) | Mutation::JsonPatch(expression) => expressions::check_change(expression).err(),
        });
        let not_evaluated = match (&spec.param_kind, &mutations) {
            (Some(_), _) => Some(TAKES_PARAMETERS.to_owned()),
            (None, None) => Some("it does not say how it changes objects".to_owned()),
            (None, Some(_)) => plain.or(changes),
        };
        AdmissionPolicy {
            name,
            scope: scope(text, spec.match_constraints.as_ref()),
            fails_closed: spec.failure_policy.as_deref() != Some("Ignore"),
            conditions,
            variables,
            validations: Vec::new(),
            mutations: Some(mutations.unwrap_or_default()),
            reinvoked: spec.reinvocation_policy.as_deref() == Some("IfNeeded"),
            not_evaluated,
            origin,
        }
    }

    /// A MutatingAdmissionPolicyBinding.
    pub fn compile_mutating_binding(&mut self, written: &MutatingAdmissionPolicyBinding) -> PolicyBinding {
        let text = &mut self.cluster.text;
        let spec = written.spec.clone().unwrap_or_default();
        PolicyBinding {
            name: text.intern(written.metadata.name.as_deref().unwrap_or_default()),
            policy: text.intern(spec.policy_name.as_deref().unwrap_or_default()),
            mutating: true,
            scope: spec.match_resources.as_ref().map(|of| scope(text, Some(of))),
            denies: false,
            warns: false,
        }
    }
}

/// Names and expressions of variables.
fn variables(written: &[Variable]) -> Vec<(String, String)> {
    written.iter().map(|v| (v.name.clone(), v.expression.clone())).collect()
}

/// `patchType` and its expression; none where it cannot be told.
fn mutation(written: &k8s_openapi::api::admissionregistration::v1::Mutation) -> Option<Mutation> {
    let apply = written.apply_configuration.as_ref().and_then(|a| a.expression.as_deref());
    let patch = written.json_patch.as_ref().and_then(|p| p.expression.as_deref());
    match written.patch_type.as_str() {
        "ApplyConfiguration" => apply.map(|expression| Mutation::ApplyConfiguration(expression.trim().to_owned())),
        "JSONPatch" => patch.map(|expression| Mutation::JsonPatch(expression.trim().to_owned())),
        _ => None,
    }
}

fn scope(text: &mut Interner, written: Option<&MatchResources>) -> WriteScope {
    let rules = |list: Option<&Vec<NamedRuleWithOperations>>| list.into_iter().flatten().map(named).collect::<Vec<_>>();
    let mut included = rules(written.and_then(|w| w.resource_rules.as_ref()));
    // A binding that has only selectors is for all resources of its policy.
    if included.is_empty() {
        let all = || vec!["*".to_owned()];
        included.push(WriteRule {
            operations: all(),
            groups: all(),
            versions: all(),
            resources: vec!["*/*".to_owned()],
            ..WriteRule::default()
        });
    }
    WriteScope {
        rules: included,
        excluded: rules(written.and_then(|w| w.exclude_resource_rules.as_ref())),
        namespaces: everything_or(text, written.and_then(|w| w.namespace_selector.as_ref())),
        objects: everything_or(text, written.and_then(|w| w.object_selector.as_ref())),
    }
}

fn named(rule: &NamedRuleWithOperations) -> WriteRule {
    let lists = [&rule.operations, &rule.api_groups, &rule.api_versions, &rule.resources];
    super::webhooks::rule(lists, rule.scope.as_deref(), &rule.resource_names)
}

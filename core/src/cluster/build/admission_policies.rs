//! ValidatingAdmissionPolicies and their bindings from their objects, and which of them cannot be evaluated here.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};

use super::Builder;
use super::webhooks::{conditions, everything_or};
use crate::cluster::admission_policies::{AdmissionPolicy, PolicyBinding, Validation};
use crate::cluster::expressions;
use crate::cluster::origin::Origin;
use crate::cluster::write_scope::{WriteRule, WriteScope};
use crate::units::intern::Interner;

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
        let variables: Vec<(String, String)> = spec.variables.iter().flatten().map(|v| (v.name.clone(), v.expression.clone())).collect();
        let all = validations.iter().map(|v| &v.expression).chain(conditions.iter().chain(&variables).map(|c| &c.1));
        let not_evaluated = match &spec.param_kind {
            Some(_) => Some("it takes parameters from other objects".to_owned()),
            None => all.into_iter().find_map(|expression| expressions::check(expression).err()),
        };
        AdmissionPolicy {
            name,
            scope: scope(text, spec.match_constraints.as_ref()),
            fails_closed: spec.failure_policy.as_deref() != Some("Ignore"),
            conditions,
            variables,
            validations,
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
            scope: spec.match_resources.as_ref().map(|of| scope(text, Some(of))),
            denies: spec.validation_actions.iter().any(|a| a == "Deny"),
            warns: spec.validation_actions.iter().any(|a| a == "Warn"),
        }
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

//! MutatingAdmissionPolicies: what they make of a pod that is to be created (`apiserver/pkg/admission/plugin/policy/mutating/dispatcher.go`,
//! v1.37). How a change is merged into the object is told elsewhere.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::policies::{asked, completed, pod_object};
use super::{creation, merge};
use crate::cluster::Cluster;
use crate::cluster::admission_policies::{AdmissionPolicy, Mutation, PolicyBinding};
use crate::cluster::build::with_written;
use crate::cluster::expressions::Outcome;
use crate::cluster::ids::{NamespaceId, TemplateId};
use crate::cluster::labels::Labels;
use crate::cluster::state::PodLabels;
use crate::cluster::write_scope::Write;
use crate::units::arrange::Arrange;

/// The template of a pod as the policies leave it.
///
/// # Errors
/// One of them fails, and is not to be passed over: HTTP status and words.
pub(super) fn apply(
    cluster: &mut Cluster,
    namespace: NamespaceId,
    template: TemplateId,
    own_labels: Option<&Labels>,
) -> Result<TemplateId, (u16, String)> {
    if !cluster.policy_bindings.iter().any(|binding| binding.mutating) {
        return Ok(template);
    }
    let write = creation(namespace, PodLabels::new(&cluster.template(template).labels, own_labels), "");
    let invocations = invocations(cluster, &write);
    if invocations.is_empty() {
        return Ok(template);
    }
    let before = pod_object(cluster, template, &write);
    let object = changed(cluster, &write, &invocations, &before)?;
    if object == before {
        return Ok(template);
    }
    let made = (template, object.to_string());
    if let Some(&known) = cluster.mutated.get(&made) {
        return Ok(known);
    }
    let pod: Pod = serde_json::from_value(object).map_err(|error| (400, format!("the object that policies made is no pod: {error}")))?;
    let new = with_written(cluster, template, &pod.metadata, &pod.spec.unwrap_or_default());
    cluster.mutated.insert(made, new);
    Ok(new)
}

/// The policies that look at a request, each with a binding of its own, in the order of their names.
fn invocations<'a>(cluster: &'a Cluster, write: &Write<'_>) -> Vec<(&'a AdmissionPolicy, &'a PolicyBinding)> {
    let looks = |p: &&AdmissionPolicy| p.mutations.is_some() && p.not_evaluated.is_none() && p.scope.covers(cluster, write);
    let mut policies: Vec<&AdmissionPolicy> = cluster.admission_policies.iter().filter(looks).collect();
    policies.arrange_by_key(|p| cluster.text(p.name));
    let of = |policy: &'a AdmissionPolicy| {
        let here = move |b: &&PolicyBinding| {
            b.mutating && b.policy == policy.name && b.scope.as_ref().is_none_or(|scope| scope.covers(cluster, write))
        };
        cluster.policy_bindings.iter().filter(here).map(move |binding| (policy, binding))
    };
    policies.into_iter().flat_map(of).collect()
}

fn changed(
    cluster: &Cluster,
    write: &Write<'_>,
    invocations: &[(&AdmissionPolicy, &PolicyBinding)],
    before: &Value,
) -> Result<Value, (u16, String)> {
    let mut object = before.clone();
    let mut refused: Option<(u16, String)> = None;
    // Those that want to look again, and those that have to.
    let (mut looked, mut again): (BTreeSet<usize>, BTreeSet<usize>) = Default::default();
    for second in [false, true] {
        for (at, (policy, binding)) in invocations.iter().enumerate() {
            if second && !again.contains(&at) {
                continue;
            }
            let unchanged = object.clone();
            match one(cluster, write, policy, &mut object) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) if policy.fails_closed => {
                    let (policy, binding) = (cluster.text(policy.name), cluster.text(binding.name));
                    refused.get_or_insert((403, format!("policy '{policy}' with binding '{binding}' denied request: {why}")));
                }
                Err(_) => {}
            }
            if object != unchanged {
                again.extend(&looked);
            }
            if policy.reinvoked {
                looked.insert(at);
            }
        }
    }
    refused.map_or(Ok(object), Err)
}

/// Puts the object to one policy; false where its conditions do not hold. Of several mutations those that can be made are made.
fn one(cluster: &Cluster, write: &Write<'_>, policy: &AdmissionPolicy, object: &mut Value) -> Result<bool, String> {
    let mut at = asked(cluster, object, write);
    for (name, expression) in &policy.conditions {
        match at.ask(expression) {
            Ok(Outcome::Bool(true)) => {}
            Ok(_) => return Ok(false),
            Err(why) => return Err(format!("expression '{expression}' of '{name}' resulted in error: {why}")),
        }
    }
    let mut failed = None;
    for mutation in policy.mutations.iter().flatten() {
        at = asked(cluster, object, write);
        for (name, expression) in &policy.variables {
            at.name(name, expression);
        }
        let made = match mutation {
            Mutation::ApplyConfiguration(expression) => at
                .ask_for_change(expression)
                .map_err(|why| format!("expression '{expression}' resulted in error: {why}"))
                .and_then(|change| merge::apply(object, &change).map_err(|why| format!("error applying patch: {why}"))),
            Mutation::JsonPatch(expression) => at
                .ask_for_change(expression)
                .map_err(|why| format!("expression '{expression}' resulted in error: {why}"))
                .and_then(|operations| merge::patch(object, &operations).map_err(|why| format!("JSON Patch: {why}"))),
        };
        match made {
            // What is new gets the defaults of the API.
            Ok(new) => *object = completed(&new).unwrap_or(new),
            Err(why) => failed = failed.or(Some(why)),
        }
    }
    failed.map_or(Ok(true), Err)
}

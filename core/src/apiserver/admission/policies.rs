//! ValidatingAdmissionPolicies: expressions that must hold for a pod that is to be created
//! (`apiserver/pkg/admission/plugin/policy/validating`, v1.37).

use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::cluster::admission_policies::{AdmissionPolicy, PolicyBinding, Validation};
use crate::cluster::expressions::{Asked, Outcome};
use crate::cluster::ids::TemplateId;
use crate::cluster::state::PodLabels;
use crate::cluster::webhooks::Webhook;
use crate::cluster::write_scope::Write;
use crate::manifest::{Limits, kinds, parse, stored};
use crate::units::arrange::Arrange;

/// What the policies made of a pod.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Why it is refused: HTTP status and words.
    pub(super) denied: Option<(u16, String)>,
    /// What whoever creates it is warned of.
    pub(super) warnings: Vec<String>,
}

/// The pod as expressions see it: as it would be stored, with the API server's defaults.
pub(super) fn pod_object(cluster: &Cluster, template: TemplateId, write: &Write<'_>) -> Value {
    let template = cluster.template(template);
    let texts = |labels: PodLabels<'_>| {
        let own = labels.all().into_iter().map(|(key, value)| (cluster.text(key).to_owned(), Value::from(cluster.text(value))));
        own.collect::<Map<String, Value>>()
    };
    let namespace = write.namespace.map_or("", |id| cluster.namespace_name(id));
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": write.name, "namespace": namespace},
        "spec": template.written.spec,
    });
    let labels = texts(write.labels);
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if !labels.is_empty() {
            metadata.insert("labels".to_owned(), labels.into());
        }
        if !template.written.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), json!(template.written.annotations));
        }
    }
    completed(&object).unwrap_or(object)
}

/// With the defaults that creation fills in.
pub(super) fn completed(object: &Value) -> Option<Value> {
    let tree = parse(&object.to_string().into(), &Limits::default()).into_iter().next()?.ok()?;
    let kind = kinds::served("v1", "Pod")?;
    Some(stored::created(&tree, tree.root()?, kind))
}

pub(super) fn asked(cluster: &Cluster, object: &Value, write: &Write<'_>) -> Asked {
    let kind = object.get("kind").cloned().unwrap_or_default();
    let namespace = write.namespace.map_or("", |id| cluster.namespace_name(id));
    let resource = json!({"group": write.group, "version": write.version, "resource": write.resource});
    let kind = json!({"group": write.group, "version": write.version, "kind": kind});
    let request = json!({
        "operation": write.operation, "name": write.name, "namespace": namespace, "dryRun": false,
        "resource": resource, "requestResource": resource, "kind": kind, "requestKind": kind,
        "userInfo": {"username": "", "groups": []},
    });
    let labels = write
        .namespace
        .and_then(|id| cluster.namespaces.get(id.index()))
        .map(|n| n.labels.iter().map(|(k, v)| (cluster.text(k).to_owned(), Value::from(cluster.text(v)))).collect::<Map<String, Value>>());
    let of_namespace = json!({"metadata": {"name": namespace, "labels": labels.unwrap_or_default()}});
    Asked::about(&[("object", object), ("oldObject", &Value::Null), ("request", &request), ("namespaceObject", &of_namespace)])
}

/// Whether the match conditions of a webhook hold: conditions that cannot be evaluated are taken to hold.
pub(super) fn conditions_hold(cluster: &Cluster, hook: &Webhook, object: &Value, write: &Write<'_>) -> bool {
    let asked = asked(cluster, object, write);
    hook.conditions.iter().all(|(_, expression)| asked.ask(expression) != Ok(Outcome::Bool(false)))
}

/// Asks every policy that has a binding for this request, in the order of their names.
pub(super) fn review(cluster: &Cluster, object: &Value, write: &Write<'_>) -> Judged {
    let mut judged = Judged::default();
    let mut policies: Vec<&AdmissionPolicy> = cluster
        .admission_policies
        .iter()
        .filter(|p| p.mutations.is_none() && p.not_evaluated.is_none() && p.scope.covers(cluster, write))
        .collect();
    policies.arrange_by_key(|p| cluster.text(p.name));
    for policy in policies {
        let here = |b: &&PolicyBinding| {
            !b.mutating && b.policy == policy.name && b.scope.as_ref().is_none_or(|scope| scope.covers(cluster, write))
        };
        for binding in cluster.policy_bindings.iter().filter(here) {
            look(cluster, policy, binding, &asked(cluster, object, write), &mut judged);
        }
    }
    judged
}

fn look(cluster: &Cluster, policy: &AdmissionPolicy, binding: &PolicyBinding, asked: &Asked, judged: &mut Judged) {
    let mut asked = asked.clone();
    let names = (cluster.text(policy.name), cluster.text(binding.name));
    let mut refuse = |code: u16, message: &str| {
        if binding.denies {
            let told = format!("ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {message}", names.0, names.1);
            judged.denied.get_or_insert((code, told));
        }
        if binding.warns {
            let told = format!("Validation failed for ValidatingAdmissionPolicy '{}' with binding '{}': {message}", names.0, names.1);
            judged.warnings.push(told);
        }
    };
    for (name, expression) in &policy.conditions {
        match asked.ask(expression) {
            Ok(Outcome::Bool(true)) => {}
            Ok(_) => return,
            Err(why) if policy.fails_closed => {
                return refuse(403, &format!("expression '{expression}' of '{name}' resulted in error: {why}"));
            }
            Err(_) => return,
        }
    }
    for (name, expression) in &policy.variables {
        asked.name(name, expression);
    }
    for validation in &policy.validations {
        match asked.ask(&validation.expression) {
            Ok(Outcome::Bool(true)) => {}
            Ok(_) => refuse(code(validation), &message(validation, &asked)),
            Err(why) if policy.fails_closed => {
                refuse(422, &format!("expression '{}' resulted in error: {why}", validation.expression));
            }
            Err(_) => {}
        }
    }
}

/// `reasonToCode`.
fn code(validation: &Validation) -> u16 {
    match validation.reason.as_str() {
        "Unauthorized" => 401,
        "Forbidden" => 403,
        "RequestEntityTooLarge" => 413,
        _ => 422,
    }
}

fn message(validation: &Validation, asked: &Asked) -> String {
    if !validation.message_expression.is_empty()
        && let Ok(Outcome::Text(text)) = asked.ask(&validation.message_expression)
        && !text.trim().is_empty()
    {
        return text.trim().to_owned();
    }
    match validation.message.as_str() {
        "" => format!("failed expression: {}", validation.expression),
        message => message.to_owned(),
    }
}

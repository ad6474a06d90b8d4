//! Admission through the API server: what is refused, in which words, and what that holds up.

use crate::apiserver::{Api, Applied, NewPod, PodChange, Refusal, Remaining, Watched};
use crate::cluster::build::{ClusterOptions, Gaps, build};
use crate::cluster::ids::{DeploymentId, NamespaceId, NodeId, PodId};
use crate::cluster::pod::{Owner, PodName};
use crate::manifest::{Limits, Object, SourceSet, read};
use crate::units::time::{SECOND, Time};

const NODES: &str = "
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {allocatable: {cpu: '4', memory: 8Gi, pods: '110'}, conditions: [{type: Ready, status: 'True'}]}
---
";

/// A Service, the Deployment behind it, and a webhook that both answer for; `{MORE}` is put into the webhook.
const GUARDED: &str = "
apiVersion: v1
kind: Service
metadata: {name: hook, namespace: policy}
spec: {selector: {app: hook}, ports: [{port: 443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hook, namespace: policy}
spec:
  selector: {matchLabels: {app: hook}}
  template:
    metadata: {labels: {app: hook}}
    spec: {containers: [{name: app, image: 'hook:1'}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: rules}
webhooks:
  - name: v.rules.example
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: {service: {namespace: policy, name: hook, path: /check}}
    rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
    {MORE}
";

fn api(text: &str) -> Api {
    let options = ClusterOptions { gaps: Gaps::Keep, ..ClusterOptions::default() };
    let built = build(&read(SourceSet::single("set.yaml", format!("{NODES}{text}").as_str()), &Limits::default()), &options);
    let wrong: Vec<_> = built.diagnostics.iter().filter(|d| d.severity == crate::manifest::Severity::Error).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    Api::new(built.cluster, Time::ZERO)
}

fn guarded(more: &str) -> Api {
    api(&GUARDED.replace("{MORE}", more))
}

/// What the controller of the first Deployment would ask for.
fn create(api: &mut Api) -> Result<PodId, Refusal> {
    let deployment = &api.cluster().deployments[DeploymentId(0).index()];
    let (namespace, template) = (deployment.meta.namespace, deployment.template);
    let name = PodName::Generated(api.cluster().pods.len() as u32);
    api.create_pod(NewPod { namespace, name, template, owner: Owner::None, pinned: None, ordinal_of_owner: 1, own_labels: None })
}

/// A pod of the first Deployment, however it came to be, that is ready on the node.
fn ready(api: &mut Api) -> PodId {
    let hooks = std::mem::take(&mut api.cluster_mut().webhooks);
    let pod = create(api).expect("nobody to ask");
    api.cluster_mut().webhooks = hooks;
    api.bind(pod, NodeId(0));
    api.mark_running(pod);
    api.mark_ready(pod);
    pod
}

fn apply(api: &mut Api, json: serde_json::Value) -> Result<Applied, Refusal> {
    let object = Object::from_value(json).expect("an object");
    let behaviors = api.cluster().behaviors.clone();
    api.apply(&object, None, &behaviors)
}

fn message<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    result.expect_err("a refusal").message
}

#[test]
fn a_webhook_without_ready_pods_refuses_their_own_creation() {
    let mut api = guarded("");
    assert_eq!(
        message(create(&mut api)),
        "Internal error occurred: failed calling webhook \"v.rules.example\": failed to call webhook: Post \
         \"https://hook.policy.svc:443/check?timeout=10s\": no endpoints available for service \"hook\""
    );
    let pod = ready(&mut api);
    assert!(create(&mut api).is_ok());
    api.mark_unready(pod, crate::trace::UnreadyReason::Probe);
    assert!(create(&mut api).is_err());
}

#[test]
fn what_is_left_out_or_fails_open_passes() {
    for more in [
        "failurePolicy: Ignore",
        "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [policy]}]}",
        "objectSelector: {matchLabels: {app: other}}",
    ] {
        assert!(create(&mut guarded(more)).is_ok(), "{more}");
    }
}

#[cfg(feature = "cel")]
#[test]
fn what_a_condition_leaves_out_passes() {
    let more = "matchConditions: [{name: others, expression: \"object.spec.containers[0].image != 'hook:1'\"}]";
    assert!(create(&mut guarded(more)).is_ok());
}

#[test]
fn endpoints_on_a_dead_machine_cost_the_whole_time_out() {
    let mut api = guarded("timeoutSeconds: 5");
    ready(&mut api);
    let deployment = &api.cluster().deployments[0];
    let (namespace, template) = (deployment.meta.namespace, deployment.template);
    assert_eq!(api.creation_delay(namespace, template), 0);
    api.cluster_mut().nodes[0].machine_up = false;
    assert_eq!(api.creation_delay(namespace, template), 5 * SECOND);
    assert!(message(create(&mut api)).ends_with("check?timeout=5s\": context deadline exceeded"));
}

#[test]
fn a_slow_webhook_has_a_look_wait_for_what_is_not_granted() {
    let said = "
---
apiVersion: wavetank.dev/v1alpha1
kind: Behavior
metadata: {name: slow}
spec: {webhooks: [{name: v.rules.example, latencySeconds: 3}]}
";
    let mut api = api(&format!("{}{said}", GUARDED.replace("{MORE}", "")));
    ready(&mut api);
    api.begin_look(1);
    assert!(create(&mut api).is_ok());
    assert!(create(&mut api).expect_err("not answered yet").is_no_error());
    assert_eq!(api.end_look(), Some(3 * SECOND));
    api.begin_look(2);
    assert!(create(&mut api).is_ok());
    assert_eq!(api.end_look(), None);
}

#[test]
fn a_webhook_denies_and_another_adds_a_container() {
    let mut api = api("
apiVersion: wavetank.dev/v1alpha1
kind: Behavior
metadata: {name: said}
spec:
  webhooks:
    - {name: v.tags.example, deniesImages: ['*:latest'], message: no latest}
    - {name: m.mesh.example, injects: {name: proxy, image: 'proxy:latest', requests: {cpu: 100m}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: mesh}
webhooks:
  - {name: m.mesh.example, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://mesh.example/'},
     rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['*']}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: 'web:1', resources: {requests: {cpu: 50m}}}]}}
");
    let pod = create(&mut api).expect("allowed");
    assert_eq!(api.cluster().template_of(pod).requests.cpu_milli, 150);
    assert_eq!(api.cluster().template_of(pod).digest, api.cluster().template(api.cluster().deployments[0].template).digest);
    let again = create(&mut api).expect("allowed");
    assert_eq!(api.cluster().pod(again).template, api.cluster().pod(pod).template);
    let configuration = serde_json::json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "tags"},
        "webhooks": [{"name": "v.tags.example", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": {"url": "https://tags.example/"},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]}],
    });
    apply(&mut api, configuration).expect("configurations are never put to webhooks");
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a:latest"}]}});
    assert_eq!(message(apply(&mut api, pod)), "admission webhook \"v.tags.example\" denied the request: no latest");
}

#[test]
fn a_standard_refuses_new_pods_and_warns_of_those_there() {
    let mut api = api("
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {hostPID: true, containers: [{name: app, image: 'web:1'}]}}
");
    let pod = ready(&mut api);
    let labelled = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    let applied = apply(&mut api, labelled).expect("labels");
    assert_eq!(
        applied.warnings.first().map(String::as_str),
        Some("existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"baseline:latest\"")
    );
    assert!(applied.warnings.get(1).is_some_and(|line| line.ends_with(": host namespaces")), "{:?}", applied.warnings);
    assert!(!api.cluster().pod(pod).gone);
    let told = message(create(&mut api));
    assert!(told.ends_with("\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"), "{told}");
    let deployment = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "api"}}, "template": {"metadata": {"labels": {"app": "api"}},
            "spec": {"hostNetwork": true, "containers": [{"name": "a", "image": "a:1"}]}}}});
    let applied = apply(&mut api, deployment).expect("workloads are only warned of");
    assert_eq!(applied.warnings, ["would violate PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"]);
}

#[cfg(feature = "cel")]
#[test]
fn policies_are_evaluated_for_pods() {
    let policy = |validation: &str, more: &str| {
        format!(
            "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: rule}}
spec:
  matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}}]}}
  validations: [{validation}]
  {more}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: here}}
spec: {{policyName: rule, validationActions: [Deny]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app, image: 'web:latest'}}]}}}}
"
        )
    };
    let told = |text: &str| message(create(&mut api(text)));
    let denied = "is forbidden: ValidatingAdmissionPolicy 'rule' with binding 'here' denied request: ";
    let latest = "{expression: \"object.spec.containers.all(c, !c.image.endsWith(':latest'))\", message: no latest}";
    assert!(told(&policy(latest, "")).ends_with(&format!("{denied}no latest")));
    let plain = "{expression: \"object.spec.restartPolicy == 'Never'\"}";
    assert!(told(&policy(plain, "")).ends_with(&format!("{denied}failed expression: object.spec.restartPolicy == 'Never'")));
    let missing = "{expression: \"object.spec.nodeName == 'a'\"}";
    let told_of_missing = told(&policy(missing, ""));
    assert!(
        told_of_missing.ends_with("expression 'object.spec.nodeName == 'a'' resulted in error: no such key: nodeName"),
        "{told_of_missing}"
    );
    assert!(create(&mut api(&policy(missing, "failurePolicy: Ignore"))).is_ok());
    assert!(create(&mut api(&policy(latest, "matchConditions: [{name: db, expression: \"'db' in object.metadata.labels\"}]"))).is_ok());
    assert!(create(&mut api(&policy("{expression: \"quantity('1').isLessThan(quantity('2'))\"}", ""))).is_ok(), "not evaluated here");
}

#[test]
fn a_namespace_that_ends_takes_nothing_new_and_is_emptied() {
    let mut api = guarded("");
    let pod = ready(&mut api);
    let id = api.cluster().deployments[0].meta.namespace;
    assert!(api.delete_namespace(id).is_some());
    assert!(api.delete_namespace(id).is_none(), "once");
    let told = create(&mut api).expect_err("a refusal");
    assert!(told.is_no_error());
    let words = "is forbidden: unable to create new content in namespace policy because it is being terminated";
    assert!(told.message.ends_with(words), "{}", told.message);
    let service = serde_json::json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "more", "namespace": "policy"}});
    assert_eq!(message(apply(&mut api, service)), format!("services \"more\" {words}"));
    assert_eq!(api.delete_content(id), Remaining::For(30 * SECOND));
    assert!(api.cluster().deployments[0].meta.gone && api.cluster().services[0].meta.gone);
    assert!(api.cluster().pod(pod).deletion.is_some() && !api.cluster().pod(pod).gone);
    api.remove_pod(pod);
    assert_eq!(api.delete_content(id), Remaining::Nothing);
    api.remove_namespace(id);
    let service = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "policy"}});
    apply(&mut api, service).expect("a new one");
    let ids: Vec<NamespaceId> = (0..api.cluster().namespaces.len()).map(NamespaceId::from_index).collect();
    let same = ids.iter().filter(|id| api.cluster().namespace_name(**id) == "policy").count();
    assert_eq!(same, 2, "another one of that name");
    let mut told = Vec::new();
    while let Some(notice) = api.next_notice() {
        told.push(notice.watched);
    }
    assert!(told.contains(&Watched::Namespace(id)) && told.contains(&Watched::Pod(pod, PodChange::Gone)));
}

#[test]
fn a_default_limit_below_the_request_is_not_valid() {
    let mut api = api("
apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: shop}
spec: {limits: [{type: Container, default: {cpu: 500m}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: 'web:1', resources: {requests: {cpu: '1'}}}]}}
");
    let told = message(create(&mut api));
    assert!(told.starts_with("Pod \"") && told.ends_with("must be less than or equal to cpu limit of 500m"), "{told}");
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"containers": [{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "600m"}}}]}});
    assert_eq!(
        message(apply(&mut api, pod)),
        "Pod \"p\" is invalid: spec.containers[0].resources.requests: Invalid value: \"600m\": must be less than or equal to cpu limit of 500m"
    );
}

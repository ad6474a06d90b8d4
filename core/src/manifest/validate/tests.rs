//! One table of refusals and of what is accepted, for each group of kinds.

use crate::manifest::validate::check;
use crate::manifest::{Limits, kinds, parse};

/// The field errors of a manifest, as `field: Reason`, sorted.
fn errors(text: &str) -> Vec<String> {
    let tree = parse(&text.into(), &Limits::default()).remove(0).unwrap();
    let root = tree.root().unwrap();
    let text = |key: &str| tree.str(tree.get(root, key).unwrap()).unwrap();
    let kind = kinds::served(text("apiVersion"), text("kind")).unwrap();
    let mut found: Vec<String> = check(&tree, root, kind).into_iter().map(|e| format!("{}: {:?}", e.field, e.reason)).collect();
    found.sort();
    found.dedup();
    found
}

fn pod(spec: &str) -> Vec<String> {
    errors(&format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}"))
}

fn of(version: &str, kind: &str, rest: &str) -> Vec<String> {
    errors(&format!("{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}, {rest}}}"))
}

const TEMPLATE: &str = "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]}}";

#[test]
fn metadata_is_held_to_its_forms() {
    let found = errors(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: A_, namespace: a.b, labels: {a/b/c: x, b: 'x y'}, finalizers: [x], ownerReferences: [{apiVersion: v1}]}}",
    );
    let expected = [
        "metadata.finalizers[0]: Invalid",
        "metadata.labels: Invalid",
        "metadata.name: Invalid",
        "metadata.namespace: Invalid",
        "metadata.ownerReferences[0].kind: Required",
        "metadata.ownerReferences[0].name: Required",
        "metadata.ownerReferences[0].uid: Required",
    ];
    assert_eq!(found, expected);
}

#[test]
fn containers_are_checked_with_their_volumes() {
    assert!(
        pod("{containers: [{name: a, image: a, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, emptyDir: {}}]}").is_empty()
    );
    assert_eq!(pod("{}"), ["spec.containers: Required"]);
    assert_eq!(
        pod(
            "{containers: [{name: a, ports: [{containerPort: 70000}], env: [{name: 'a=b'}], volumeMounts: [{name: v}], livenessProbe: {}, imagePullPolicy: always}]}"
        ),
        [
            "spec.containers[0].env[0].name: Invalid",
            "spec.containers[0].image: Required",
            "spec.containers[0].imagePullPolicy: NotSupported",
            "spec.containers[0].livenessProbe: Required",
            "spec.containers[0].ports[0].containerPort: Invalid",
            "spec.containers[0].volumeMounts[0].mountPath: Required",
            "spec.containers[0].volumeMounts[0].name: NotFound",
        ]
    );
    assert_eq!(
        pod("{containers: [{name: a, image: a, resources: {requests: {cpu: 2, nvidia.com/gpu: 1}, limits: {cpu: 1}}}]}"),
        ["spec.containers[0].resources.limits: Required", "spec.containers[0].resources.requests: Invalid"]
    );
}

#[test]
fn placement_and_security_are_checked() {
    let base = "containers: [{name: a, image: a}]";
    assert_eq!(
        pod(&format!(
            "{{{base}, tolerations: [{{operator: Equal}}], topologySpreadConstraints: [{{maxSkew: 0, topologyKey: zone, whenUnsatisfiable: Never}}]}}"
        )),
        [
            "spec.tolerations[0].operator: Invalid",
            "spec.topologySpreadConstraints[0].maxSkew: Invalid",
            "spec.topologySpreadConstraints[0].whenUnsatisfiable: NotSupported",
        ]
    );
    assert_eq!(
        pod(&format!("{{{base}, securityContext: {{runAsUser: -1, seccompProfile: {{type: Localhost}}}}, hostAliases: [{{ip: x}}]}}")),
        [
            "spec.hostAliases[0].ip: Invalid",
            "spec.securityContext.runAsUser: Invalid",
            "spec.securityContext.seccompProfile.localhostProfile: Required",
        ]
    );
}

#[test]
fn workloads_select_their_own_pods() {
    let good = format!("spec: {{selector: {{matchLabels: {{app: a}}}}, {TEMPLATE}}}");
    for kind in ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"] {
        assert!(of("apps/v1", kind, &good).is_empty(), "{kind}");
    }
    assert_eq!(
        of(
            "apps/v1",
            "Deployment",
            &format!(
                "spec: {{replicas: -1, selector: {{matchLabels: {{app: b}}}}, strategy: {{type: Recreate, rollingUpdate: {{}}}}, {TEMPLATE}}}"
            )
        ),
        ["spec.replicas: Invalid", "spec.strategy.rollingUpdate: Forbidden", "spec.template.metadata.labels: Invalid"]
    );
    assert_eq!(
        of(
            "apps/v1",
            "DaemonSet",
            &format!("spec: {{selector: {{matchLabels: {{app: a}}}}, updateStrategy: {{rollingUpdate: {{maxSurge: 1}}}}, {TEMPLATE}}}")
        ),
        ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid"]
    );
}

#[test]
fn jobs_end_and_schedules_are_read() {
    let never = "template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}";
    assert!(of("batch/v1", "Job", &format!("spec: {{{never}}}")).is_empty());
    assert_eq!(
        of("batch/v1", "Job", &format!("spec: {{{TEMPLATE}, completionMode: Indexed, backoffLimit: -1}}")),
        ["spec.backoffLimit: Invalid", "spec.template.spec.restartPolicy: Required"]
    );
    assert_eq!(
        of("batch/v1", "CronJob", &format!("spec: {{schedule: '61 * * * *', timeZone: Nowhere, jobTemplate: {{spec: {{{never}}}}}}}")),
        ["spec.schedule: Invalid", "spec.timeZone: Invalid"]
    );
}

#[test]
fn services_and_networks_are_checked() {
    assert!(of("v1", "Service", "spec: {selector: {a: b}, ports: [{port: 80}]}").is_empty());
    assert_eq!(
        of("v1", "Service", "spec: {type: ClusterIP, ports: [{port: 0, nodePort: 30000}, {port: 80}], sessionAffinity: Yes}"),
        [
            "spec.ports[0].name: Required",
            "spec.ports[0].nodePort: Forbidden",
            "spec.ports[0].port: Invalid",
            "spec.ports[0].targetPort: Invalid",
            "spec.ports[1].name: Required",
            "spec.sessionAffinity: NotSupported",
        ]
    );
    assert_eq!(
        of(
            "networking.k8s.io/v1",
            "Ingress",
            "spec: {rules: [{host: 10.0.0.1, http: {paths: [{path: a, pathType: Prefix, backend: {}}]}}]}"
        ),
        ["spec.rules[0].host: Invalid", "spec.rules[0].http.paths[0].backend: Invalid", "spec.rules[0].http.paths[0].path: Invalid"]
    );
    assert_eq!(
        of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8}}, {}]}]}"),
        ["spec.ingress[0].from[0].ipBlock.cidr: Invalid", "spec.ingress[0].from[1]: Required"]
    );
}

#[test]
fn storage_is_checked() {
    assert_eq!(
        of("v1", "PersistentVolumeClaim", "spec: {accessModes: [Often], resources: {requests: {storage: 0}}}"),
        ["spec.accessModes: NotSupported", "spec.resources[storage]: Invalid"]
    );
    assert_eq!(
        of(
            "v1",
            "PersistentVolume",
            "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], local: {path: /x}, nfs: {server: a, path: x}}"
        ),
        ["spec.local: Forbidden", "spec.nfs.path: Invalid"]
    );
    assert_eq!(
        of("storage.k8s.io/v1", "StorageClass", "volumeBindingMode: Now"),
        ["provisioner: Required", "volumeBindingMode: NotSupported"]
    );
}

#[test]
fn quotas_roles_and_autoscalers_are_checked() {
    assert_eq!(
        of("v1", "ResourceQuota", "spec: {hard: {cores: 1, pods: 1500m}}"),
        ["spec.hard[cores]: Invalid", "spec.hard[pods]: Invalid"]
    );
    assert_eq!(
        of("v1", "LimitRange", "spec: {limits: [{type: Container, min: {cpu: 2}, max: {cpu: 1}}]}"),
        ["spec.limits[0].defaultRequest[cpu]: Invalid", "spec.limits[0].default[cpu]: Invalid", "spec.limits[0].min[cpu]: Invalid"]
    );
    assert_eq!(
        of("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: {kind: Rol, name: ''}, subjects: [{kind: Robot, name: a}]"),
        ["roleRef.kind: NotSupported", "roleRef.name: Required", "subjects[0].kind: NotSupported"]
    );
    assert_eq!(
        of(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "spec: {minReplicas: 5, maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}"
        ),
        ["spec.maxReplicas: Invalid"]
    );
    assert_eq!(
        of("policy/v1", "PodDisruptionBudget", "spec: {minAvailable: 1, maxUnavailable: 150%}"),
        ["spec.maxUnavailable: Invalid", "spec: Invalid"]
    );
}

#[test]
fn what_extends_the_server_is_checked() {
    let found = of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "spec: {group: example.com, scope: All, names: {plural: as, kind: A}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: array}}}}}]}",
    );
    assert_eq!(
        found,
        ["metadata.name: Invalid", "spec.scope: NotSupported", "spec.validation.openAPIV3Schema.properties[a].items: Required"]
    );
    let found = of(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "webhooks: [{name: a, admissionReviewVersions: [v2], clientConfig: {}, sideEffects: Some}]",
    );
    assert_eq!(
        found,
        [
            "webhooks[0].admissionReviewVersions: Invalid",
            "webhooks[0].clientConfig: Required",
            "webhooks[0].name: Invalid",
            "webhooks[0].sideEffects: NotSupported",
        ]
    );
}

//! Large worlds, as manifests: what a person would paste, only more of it.

use std::fmt::Write as _;

/// `nodes` equal nodes over three zones, in turn.
pub(crate) fn nodes(nodes: usize, cpu: u32, memory_gib: u32, pods: u32) -> String {
    let mut text = String::new();
    for i in 0..nodes {
        let zone = ["zone-a", "zone-b", "zone-c"][i % 3];
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Node\nmetadata:\n  name: node-{i:05}\n  labels: {{kubernetes.io/hostname: node-{i:05}, topology.kubernetes.io/zone: {zone}}}\n\
             status:\n  allocatable: {{cpu: \"{cpu}\", memory: {memory_gib}Gi, pods: \"{pods}\"}}\n  capacity: {{cpu: \"{cpu}\", memory: {memory_gib}Gi, pods: \"{pods}\"}}\n"
        );
    }
    text
}

/// `count` Deployments of `replicas` each, with a Service; requests vary a little from one to the next.
pub(crate) fn deployments(count: usize, replicas: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let (cpu, memory) = (50 + 25 * (i % 5), 64 + 32 * (i % 7));
        let _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{i:04}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: app-{i:04}}}}}\n\
             \x20 template:\n    metadata: {{labels: {{app: app-{i:04}}}}}\n    spec:\n      containers:\n      - name: main\n        image: registry.example/app:1\n\
             \x20       resources: {{requests: {{cpu: {cpu}m, memory: {memory}Mi}}}}\n\
             ---\napiVersion: v1\nkind: Service\nmetadata: {{name: app-{i:04}}}\nspec:\n  selector: {{app: app-{i:04}}}\n  ports: [{{port: 80}}]\n"
        );
    }
    text
}

/// A budget for each of `count` Deployments: one pod may be missing.
pub(crate) fn budgets(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: app-{i:04}}}\nspec:\n  maxUnavailable: 1\n  selector: {{matchLabels: {{app: app-{i:04}}}}}\n"
        );
    }
    text
}

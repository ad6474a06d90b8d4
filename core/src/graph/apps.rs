//! Which application an object is part of: by its own labels where it says so, else by what it is tied to.

use std::collections::VecDeque;

use petgraph::graph::NodeIndex;

use super::model::{Graph, Kind};
use crate::manifest::Manifest;

/// Labels that name an application, the most telling first (kubernetes.io/docs/concepts/overview/working-with-objects/common-labels, and
/// the two that were usual before).
const APP_LABELS: [&str; 4] = ["app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance"];

/// Names the application of every vertex with a namespace. Those that run pods speak for themselves, by label or by name; the others join
/// the nearest of these in their namespace, the first of equally near ones, and stand for themselves where they are tied to none.
pub(super) fn name(graph: &mut Graph, manifest: &Manifest) {
    let mut waiting = VecDeque::new();
    let all: Vec<NodeIndex> = graph.inner.node_indices().collect();
    for &at in &all {
        let vertex = graph.vertex(at);
        if vertex.namespace.is_empty() {
            continue;
        }
        let labels = || manifest.document(vertex.document?)?.object.as_ref()?.metadata()?.labels.clone();
        let said =
            labels().and_then(|labels| APP_LABELS.iter().find_map(|key| labels.get(*key).filter(|value| !value.is_empty()).cloned()));
        let app = match (said, vertex.kind.runs_pods()) {
            (Some(said), _) => said,
            (None, true) => vertex.name.clone(),
            (None, false) => continue,
        };
        graph.inner[at].app = app;
        waiting.push_back(at);
    }
    // Breadth first from all of them at once: the nearest comes first.
    while let Some(at) = waiting.pop_front() {
        let (app, namespace) = (graph.vertex(at).app.clone(), graph.vertex(at).namespace.clone());
        for (next, _) in graph.out(at).into_iter().chain(Graph::into(graph, at)) {
            let vertex = &mut graph.inner[next];
            if vertex.app.is_empty() && vertex.namespace == namespace && vertex.kind != Kind::Group {
                vertex.app.clone_from(&app);
                waiting.push_back(next);
            }
        }
    }
    for at in all {
        let vertex = &mut graph.inner[at];
        if vertex.app.is_empty() && !vertex.namespace.is_empty() {
            vertex.app.clone_from(&vertex.name);
        }
    }
}

//! Finding objects by the names people type, and cutting a graph down to the surroundings of one.

use petgraph::graph::NodeIndex;
use std::collections::{BTreeMap, VecDeque};

use super::model::{Graph, Kind};
use crate::units::text::nearest;

/// The kind a word of kubectl's stands for.
fn kind_of(word: &str) -> Option<Kind> {
    Some(match word.to_ascii_lowercase().as_str() {
        "ingress" | "ingresses" | "ing" => Kind::Ingress,
        "service" | "services" | "svc" => Kind::Service,
        "horizontalpodautoscaler" | "horizontalpodautoscalers" | "hpa" => Kind::Autoscaler,
        "poddisruptionbudget" | "poddisruptionbudgets" | "pdb" => Kind::Budget,
        "networkpolicy" | "networkpolicies" | "netpol" => Kind::Policy,
        "cronjob" | "cronjobs" | "cj" => Kind::CronJob,
        "deployment" | "deployments" | "deploy" => Kind::Deployment,
        "replicaset" | "replicasets" | "rs" | "replicationcontroller" | "rc" => Kind::ReplicaSet,
        "statefulset" | "statefulsets" | "sts" => Kind::StatefulSet,
        "daemonset" | "daemonsets" | "ds" => Kind::DaemonSet,
        "job" | "jobs" => Kind::Job,
        "pod" | "pods" | "po" => Kind::Pod,
        "configmap" | "configmaps" | "cm" => Kind::ConfigMap,
        "secret" | "secrets" => Kind::Secret,
        "serviceaccount" | "serviceaccounts" | "sa" => Kind::ServiceAccount,
        "persistentvolumeclaim" | "persistentvolumeclaims" | "pvc" => Kind::Claim,
        "persistentvolume" | "persistentvolumes" | "pv" => Kind::Volume,
        "storageclass" | "storageclasses" | "sc" => Kind::StorageClass,
        "node" | "nodes" | "no" => Kind::Node,
        "zone" | "zones" => Kind::Zone,
        _ => return None,
    })
}

/// The object that `web`, `deploy/web` or `shop/deploy/web` names.
///
/// # Errors
/// A sentence: nothing has that name (with the nearest that exists), or several have it (with their full names).
pub fn find(graph: &Graph, reference: &str) -> Result<NodeIndex, String> {
    let parts: Vec<&str> = reference.split('/').collect();
    let (namespace, kind, name) = match parts[..] {
        [namespace, kind, name] => (Some(namespace), Some(kind), name),
        [kind, name] => (None, Some(kind), name),
        _ => (None, None, reference),
    };
    let kind = kind.map(|word| kind_of(word).ok_or_else(|| format!("`{word}` is no kind the graph has"))).transpose()?;
    let fits = |v: &super::Vertex| v.name == name && kind.is_none_or(|k| k == v.kind) && namespace.is_none_or(|n| n == v.namespace);
    let found: Vec<NodeIndex> = graph.vertices().filter(|(_, v)| fits(v)).map(|(i, _)| i).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let labels: Vec<String> = graph.vertices().map(|(_, v)| v.label()).collect();
            let names = graph.vertices().filter(|(_, v)| kind.is_none_or(|k| k == v.kind)).map(|(_, v)| v.name.as_str());
            let near = nearest(name, names).or_else(|| nearest(reference, labels.iter().map(String::as_str)));
            Err(near.map_or_else(
                || format!("nothing is called `{reference}`"),
                |n| format!("nothing is called `{reference}`; did you mean `{n}`?"),
            ))
        }
        _ => {
            let labels: Vec<String> = found.iter().map(|&i| graph.vertex(i).label()).collect();
            Err(format!("`{reference}` may be any of {}", labels.join(", ")))
        }
    }
}

/// The part of a graph within `steps` ties of an object, in either direction, not going on through nodes, zones and storage classes.
pub fn focus(graph: &Graph, centre: NodeIndex, steps: usize) -> Graph {
    let mut distance: BTreeMap<NodeIndex, usize> = BTreeMap::from([(centre, 0)]);
    let mut waiting = VecDeque::from([centre]);
    while let Some(at) = waiting.pop_front() {
        let so_far = distance.get(&at).copied().unwrap_or(0);
        if so_far == steps || (at != centre && graph.vertex(at).kind.is_place()) {
            continue;
        }
        for (next, _) in graph.out(at).into_iter().chain(graph.into(at)) {
            distance.entry(next).or_insert_with(|| {
                waiting.push_back(next);
                so_far + 1
            });
        }
    }
    // A node that is shown brings its zone.
    let zones: Vec<NodeIndex> =
        distance.keys().filter(|&&i| graph.vertex(i).kind == Kind::Node).flat_map(|&i| graph.out(i)).map(|(to, _)| to).collect();
    distance.extend(zones.into_iter().map(|z| (z, steps)));
    Graph { inner: graph.inner.filter_map(|i, v| distance.contains_key(&i).then(|| v.clone()), |_, e| Some(*e)) }
}

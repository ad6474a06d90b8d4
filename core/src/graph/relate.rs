//! Builds the graph of a manifest and the cluster made of it.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::apps;
use super::model::{Edge, Graph, GraphOptions, Kind, Relation, Vertex};
use super::policies::{lets, peers, selected};
use super::references::{hosts, pod_spec, references, values};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, TemplateId};
use crate::cluster::labels::{Labels, Operator, Requirement, Selector};
use crate::cluster::pod::Owner;
use crate::cluster::state::Workload;
use crate::cluster::workloads::Meta;
use crate::manifest::{DocId, Manifest, Object};

type Key = (Kind, String, String);

/// The relations of a cluster and the manifest it was built from. Placement is drawn as far as pods are placed: settle a
/// simulation first to see where they would be.
pub fn relate(manifest: &Manifest, cluster: &Cluster, options: &GraphOptions) -> Graph {
    let mut tie = Tie { graph: Graph::default(), known: BTreeMap::new(), ties: BTreeMap::new(), manifest, cluster, options };
    tie.places();
    let runners = tie.runners();
    tie.documents();
    tie.storage();
    tie.routes();
    tie.selections(&runners);
    tie.pods();
    tie.named();
    tie.policies(&runners);
    apps::name(&mut tie.graph, manifest);
    tie.graph
}

struct Tie<'a> {
    graph: Graph,
    known: BTreeMap<Key, NodeIndex>,
    ties: BTreeMap<(NodeIndex, NodeIndex, Relation), petgraph::graph::EdgeIndex>,
    manifest: &'a Manifest,
    cluster: &'a Cluster,
    options: &'a GraphOptions,
}

/// A set of pods that selectors can match, and its vertex.
struct Runner {
    at: NodeIndex,
    namespace: String,
    template: TemplateId,
}

impl Tie<'_> {
    fn vertex(&mut self, kind: Kind, namespace: &str, name: &str) -> NodeIndex {
        let key = (kind, namespace.to_owned(), name.to_owned());
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        let app = String::new();
        let vertex =
            Vertex { kind, namespace, name, app, given: false, wanted: None, document: None, workload: None, node: None, zone: None };
        let at = self.graph.inner.add_node(vertex);
        self.known.insert(key, at);
        at
    }

    fn given(&mut self, kind: Kind, namespace: &str, name: &str, document: Option<DocId>) -> NodeIndex {
        let at = self.vertex(kind, namespace, name);
        let vertex = &mut self.graph.inner[at];
        vertex.given = true;
        vertex.document = vertex.document.or(document);
        at
    }

    fn tie(&mut self, from: NodeIndex, to: NodeIndex, relation: Relation) {
        self.tie_as(from, to, relation, false);
    }

    fn tie_as(&mut self, from: NodeIndex, to: NodeIndex, relation: Relation, optional: bool) {
        if let Some(&edge) = self.ties.get(&(from, to, relation)) {
            let edge = &mut self.graph.inner[edge];
            edge.count += u32::from(relation == Relation::RunsOn);
            edge.optional &= optional;
            return;
        }
        let edge = self.graph.inner.add_edge(from, to, Edge { relation, count: 1, optional });
        self.ties.insert((from, to, relation), edge);
    }

    /// Nodes and their zones.
    fn places(&mut self) {
        if !self.options.places {
            return;
        }
        let nodes: Vec<(NodeId, String, Option<DocId>)> =
            self.cluster.live_nodes().map(|(id, n)| (id, self.cluster.text(n.name).to_owned(), n.origin.map(|o| o.document))).collect();
        for (id, name, document) in nodes {
            let at = self.given(Kind::Node, "", &name, document);
            self.graph.inner[at].node = Some(id);
            let zone = self.cluster.node(id).zone;
            let zone_name = self.cluster.zone_name(zone).to_owned();
            if !zone_name.is_empty() {
                let zone_at = self.given(Kind::Zone, "", &zone_name, None);
                self.graph.inner[zone_at].zone = Some(zone);
                self.tie(at, zone_at, Relation::InZone);
            }
        }
    }

    /// Workloads of the cluster.
    fn runners(&mut self) -> Vec<Runner> {
        let c = self.cluster;
        type Row<'m> = (Kind, Workload, &'m Meta, TemplateId, Option<i32>);
        let mut rows: Vec<Row<'_>> = Vec::new();
        use crate::cluster::ids::{DaemonSetId, DeploymentId, JobId, ReplicaSetId, StatefulSetId};
        let all = c.deployments.iter().enumerate();
        rows.extend(
            all.map(|(i, d)| (Kind::Deployment, Workload::Deployment(DeploymentId::from_index(i)), &d.meta, d.template, Some(d.replicas))),
        );
        let all = c.replica_sets.iter().enumerate().filter(|(_, r)| r.deployment.is_none());
        rows.extend(
            all.map(|(i, r)| (Kind::ReplicaSet, Workload::ReplicaSet(ReplicaSetId::from_index(i)), &r.meta, r.template, Some(r.replicas))),
        );
        let all = c.stateful_sets.iter().enumerate();
        rows.extend(
            all.map(|(i, s)| {
                (Kind::StatefulSet, Workload::StatefulSet(StatefulSetId::from_index(i)), &s.meta, s.template, Some(s.replicas))
            }),
        );
        let all = c.daemon_sets.iter().enumerate();
        rows.extend(all.map(|(i, d)| (Kind::DaemonSet, Workload::DaemonSet(DaemonSetId::from_index(i)), &d.meta, d.template, None)));
        let all = c.jobs.iter().enumerate();
        rows.extend(all.map(|(i, j)| (Kind::Job, Workload::Job(JobId::from_index(i)), &j.meta, j.template, Some(j.parallelism))));
        let mut runners = Vec::new();
        for (kind, workload, meta, template, wanted) in rows.into_iter().filter(|r| !r.2.gone) {
            let namespace = c.namespace_name(meta.namespace).to_owned();
            let at = self.given(kind, &namespace, c.text(meta.name), meta.origin.map(|o| o.document));
            let vertex = &mut self.graph.inner[at];
            (vertex.wanted, vertex.workload) = (wanted, Some(workload));
            runners.push(Runner { at, namespace, template });
        }
        for (id, pod) in c.live_pods().filter(|(_, p)| !p.phase.is_terminal()) {
            let namespace = c.namespace_name(pod.namespace).to_owned();
            let at = match pod.owner {
                Owner::None | Owner::Node => {
                    let document = c.template(pod.template).origin.map(|o| o.document);
                    let at = self.given(Kind::Pod, &namespace, &c.pod_name(id), document);
                    self.graph.inner[at].workload = Some(Workload::Pod(id));
                    at
                }
                Owner::Foreign { kind, name } => {
                    let label = format!("{}/{}", c.text(kind), c.text(name));
                    self.given(Kind::Owner, &namespace, &label, None)
                }
                _ => continue,
            };
            let vertex = &mut self.graph.inner[at];
            vertex.wanted = Some(vertex.wanted.unwrap_or(0) + 1);
            runners.push(Runner { at, namespace, template: pod.template });
        }
        runners
    }

    /// Objects that only the manifest has, and what pod specs name.
    fn documents(&mut self) {
        let manifest = self.manifest;
        for (document, object) in manifest.objects() {
            let namespace = document.namespace_or_default();
            let kind = match object {
                Object::ConfigMap(_) => Kind::ConfigMap,
                Object::Secret(_) => Kind::Secret,
                Object::ServiceAccount(_) => Kind::ServiceAccount,
                Object::CronJob(_) => Kind::CronJob,
                _ => continue,
            };
            self.given(kind, namespace, &document.name, Some(document.id));
        }
        for (document, object) in manifest.objects() {
            let Some(spec) = pod_spec(object) else { continue };
            let Some(runner) = self.runner_of(document.id, object, document.namespace_or_default(), &document.name) else { continue };
            for reference in references(spec) {
                let to = self.vertex(reference.kind, document.namespace_or_default(), &reference.name);
                self.tie_as(runner, to, reference.relation, reference.optional);
            }
        }
    }

    /// The vertex that a document with a pod spec stands for: that of the Deployment for a ReplicaSet it owns, of the owner for a pod.
    fn runner_of(&self, document: DocId, object: &Object, namespace: &str, name: &str) -> Option<NodeIndex> {
        let find = |kind: Kind, name: &str| self.known.get(&(kind, namespace.to_owned(), name.to_owned())).copied();
        let owner = object.metadata()?.owner_references.iter().flatten().find(|o| o.controller == Some(true));
        match object {
            Object::Deployment(_) => find(Kind::Deployment, name),
            Object::StatefulSet(_) => find(Kind::StatefulSet, name),
            Object::DaemonSet(_) => find(Kind::DaemonSet, name),
            Object::Job(_) => find(Kind::Job, name),
            Object::CronJob(_) => find(Kind::CronJob, name),
            Object::ReplicaSet(_) | Object::ReplicationController(_) => match owner {
                Some(owner) if owner.kind == "Deployment" => find(Kind::Deployment, &owner.name),
                _ => find(Kind::ReplicaSet, name),
            },
            // A simulated owner's template says the same; only pods that stand alone speak for themselves.
            Object::Pod(_) => match owner {
                None => find(Kind::Pod, name),
                Some(owner) => find(Kind::Owner, &format!("{}/{}", owner.kind, owner.name)),
            },
            _ => None,
        }
        .filter(|&at| self.graph.inner[at].document.is_none_or(|d| d == document) || matches!(object, Object::ReplicaSet(_)))
    }

    /// Claims, volumes and classes.
    fn storage(&mut self) {
        let c = self.cluster;
        let text = |sym| c.text(sym).to_owned();
        for set in c.stateful_sets.iter().filter(|s| !s.meta.gone) {
            let (namespace, name) = (c.namespace_name(set.meta.namespace).to_owned(), text(set.meta.name));
            let from = self.vertex(Kind::StatefulSet, &namespace, &name);
            for template in &set.claim_templates {
                let claim =
                    self.given(Kind::Claim, &namespace, &format!("{}-{name}-*", text(template.name)), set.meta.origin.map(|o| o.document));
                self.tie(from, claim, Relation::Mounts);
                if let Some(class) = template.spec.class.map(text).filter(|n| !n.is_empty()) {
                    let class = self.class(&class);
                    self.tie(claim, class, Relation::Binds);
                }
            }
        }
        for claim in c.storage.claims.iter().filter(|k| !k.gone) {
            let (namespace, name) = (c.namespace_name(claim.namespace).to_owned(), text(claim.name));
            let at = match self.folded_claim(&namespace, &name) {
                Some(folded) => folded,
                None => self.given(Kind::Claim, &namespace, &name, claim.origin.map(|o| o.document)),
            };
            if let Some(volume) = claim.volume.and_then(|v| c.storage.volumes.get(v.index())) {
                let volume = self.given(Kind::Volume, "", c.text(volume.name), None);
                self.tie(at, volume, Relation::Binds);
            } else if let Some(class) = claim.spec.class.map(text).filter(|n| !n.is_empty()) {
                let class = self.class(&class);
                self.tie(at, class, Relation::Binds);
            }
        }
    }

    fn class(&mut self, name: &str) -> NodeIndex {
        let known = self.cluster.text.get(name).is_some_and(|sym| self.cluster.storage.class(sym).is_some());
        if known { self.given(Kind::StorageClass, "", name, None) } else { self.vertex(Kind::StorageClass, "", name) }
    }

    /// The claim vertex of the StatefulSet that a claim was made for: `data-db-0` is one of `data-db-*`.
    fn folded_claim(&self, namespace: &str, name: &str) -> Option<NodeIndex> {
        let (base, ordinal) = name.rsplit_once('-')?;
        ordinal.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        self.known.get(&(Kind::Claim, namespace.to_owned(), format!("{base}-*"))).copied()
    }

    /// Ingresses and autoscalers.
    fn routes(&mut self) {
        let manifest = self.manifest;
        for service in self.cluster.services.iter().filter(|s| !s.meta.gone) {
            let namespace = self.cluster.namespace_name(service.meta.namespace).to_owned();
            self.given(Kind::Service, &namespace, self.cluster.text(service.meta.name), service.meta.origin.map(|o| o.document));
        }
        for (document, object) in manifest.objects() {
            let namespace = document.namespace_or_default();
            match object {
                Object::Ingress(ingress) => {
                    let at = self.given(Kind::Ingress, namespace, &document.name, Some(document.id));
                    let spec = ingress.spec.as_ref();
                    let paths =
                        spec.into_iter().flat_map(|s| s.rules.iter().flatten()).filter_map(|r| r.http.as_ref()).flat_map(|h| &h.paths);
                    let backends = paths.map(|p| &p.backend).chain(spec.and_then(|s| s.default_backend.as_ref()));
                    for service in backends.filter_map(|b| b.service.as_ref()) {
                        let to = self.vertex(Kind::Service, namespace, &service.name);
                        self.tie(at, to, Relation::Routes);
                    }
                    for secret in spec.into_iter().flat_map(|s| s.tls.iter().flatten()).filter_map(|t| t.secret_name.as_deref()) {
                        let to = self.vertex(Kind::Secret, namespace, secret);
                        self.tie(at, to, Relation::References);
                    }
                }
                Object::HorizontalPodAutoscaler(scaler) => {
                    let at = self.given(Kind::Autoscaler, namespace, &document.name, Some(document.id));
                    let target = &scaler.spec.scale_target_ref;
                    let kind = match target.kind.as_str() {
                        "Deployment" => Kind::Deployment,
                        "StatefulSet" => Kind::StatefulSet,
                        "ReplicaSet" | "ReplicationController" => Kind::ReplicaSet,
                        _ => Kind::Owner,
                    };
                    let name = if kind == Kind::Owner { format!("{}/{}", target.kind, target.name) } else { target.name.clone() };
                    let to = self.vertex(kind, namespace, &name);
                    self.tie(at, to, Relation::Scales);
                }
                _ => {}
            }
        }
    }

    /// Services and budgets over the pods they select.
    fn selections(&mut self, runners: &[Runner]) {
        let c = self.cluster;
        let pairs = |labels: &Labels| {
            let one = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
            Selector::All(labels.iter().map(one).collect())
        };
        let services = c.services.iter().filter(|s| !s.meta.gone);
        let services = services.filter_map(|s| Some((Kind::Service, Relation::Selects, &s.meta, pairs(s.selector.as_ref()?))));
        let budgets = c.budgets.iter().filter(|b| !b.meta.gone).map(|b| (Kind::Budget, Relation::Protects, &b.meta, b.selector.clone()));
        for (kind, relation, meta, selector) in services.chain(budgets) {
            let namespace = c.namespace_name(meta.namespace).to_owned();
            let at = self.given(kind, &namespace, c.text(meta.name), meta.origin.map(|o| o.document));
            for runner in runners.iter().filter(|r| r.namespace == namespace && selector.matches(&c.template(r.template).labels, &c.text)) {
                self.tie(at, runner.at, relation);
            }
        }
    }

    /// Where pods run; the pods themselves where they are shown.
    fn pods(&mut self) {
        let c = self.cluster;
        for (id, pod) in c.live_pods().filter(|(_, p)| !p.phase.is_terminal()) {
            let namespace = c.namespace_name(pod.namespace).to_owned();
            let workload = c.workload_of(id);
            let runner = match (workload, pod.owner) {
                (Workload::Pod(_), Owner::Foreign { kind, name }) => {
                    self.vertex(Kind::Owner, &namespace, &format!("{}/{}", c.text(kind), c.text(name)))
                }
                (Workload::Pod(_), _) => self.vertex(Kind::Pod, &namespace, &c.pod_name(id)),
                (owned, _) => {
                    let kind = match owned {
                        Workload::Deployment(_) => Kind::Deployment,
                        Workload::ReplicaSet(_) => Kind::ReplicaSet,
                        Workload::StatefulSet(_) => Kind::StatefulSet,
                        Workload::DaemonSet(_) => Kind::DaemonSet,
                        Workload::Job(_) | Workload::Pod(_) => Kind::Job,
                    };
                    let name = c.workload_meta(owned).map_or("", |m| c.text(m.name));
                    self.vertex(kind, &namespace, name)
                }
            };
            let mut runs = runner;
            if self.options.pods && self.graph.inner[runner].kind != Kind::Pod {
                runs = self.given(Kind::Pod, &namespace, &c.pod_name(id), None);
                self.graph.inner[runs].wanted = Some(1);
                self.tie(runner, runs, Relation::Owns);
            }
            if let Some(node) = pod.node.filter(|n| self.options.places && !c.node(*n).gone) {
                let node = self.vertex(Kind::Node, "", c.text(c.node(node).name));
                self.tie(runs, node, Relation::RunsOn);
            }
        }
    }

    /// Services whose address stands in what pods are told: environment, arguments, ConfigMaps they read.
    fn named(&mut self) {
        let manifest = self.manifest;
        let mut found: Vec<(NodeIndex, String, String)> = Vec::new();
        for (document, object) in manifest.objects() {
            let namespace = document.namespace_or_default();
            let Some(spec) = pod_spec(object) else { continue };
            let Some(runner) = self.runner_of(document.id, object, namespace, &document.name) else { continue };
            let maps: Vec<NodeIndex> =
                self.graph.out(runner).into_iter().map(|(to, _)| to).filter(|&to| self.graph.inner[to].kind == Kind::ConfigMap).collect();
            let read = maps.into_iter().filter_map(|at| manifest.document(self.graph.inner[at].document?)?.object.as_ref());
            let told = read.filter_map(|o| if let Object::ConfigMap(map) = o { map.data.as_ref() } else { None }).flat_map(|d| d.values());
            for value in values(spec).chain(told.map(String::as_str)) {
                let named =
                    hosts(value).into_iter().map(|(service, other)| (runner, other.unwrap_or(namespace).to_owned(), service.to_owned()));
                found.extend(named);
            }
        }
        for (runner, namespace, service) in found {
            let Some(&to) = self.known.get(&(Kind::Service, namespace, service)) else { continue };
            // A workload that knows its own name does not depend on itself.
            if !self.ties.contains_key(&(to, runner, Relation::Selects)) {
                self.tie(runner, to, Relation::Calls);
            }
        }
    }

    /// NetworkPolicies: whose traffic they decide, and who of the objects given is let through. Peers that are addresses are nobody here.
    fn policies(&mut self, runners: &[Runner]) {
        let (manifest, c) = (self.manifest, self.cluster);
        let spaces: BTreeMap<&str, BTreeMap<String, String>> = manifest
            .objects()
            .filter_map(|(document, object)| {
                let Object::Namespace(space) = object else { return None };
                Some((document.name.as_str(), space.metadata.labels.clone().unwrap_or_default()))
            })
            .collect();
        let labels: Vec<BTreeMap<String, String>> = runners
            .iter()
            .map(|runner| c.template(runner.template).labels.iter().map(|(k, v)| (c.text(k).to_owned(), c.text(v).to_owned())).collect())
            .collect();
        for (document, object) in manifest.objects() {
            let Object::NetworkPolicy(policy) = object else { continue };
            let namespace = document.namespace_or_default();
            let at = self.given(Kind::Policy, namespace, &document.name, Some(document.id));
            let Some(spec) = &policy.spec else { continue };
            for (runner, labels) in runners.iter().zip(&labels) {
                let own = runner.namespace == namespace;
                if own && spec.pod_selector.as_ref().is_none_or(|selector| selected(selector, labels)) {
                    self.tie(at, runner.at, Relation::Restricts);
                }
                let let_in =
                    peers(spec).any(|peer| lets(peer, namespace, &runner.namespace, spaces.get(runner.namespace.as_str()), labels));
                if let_in {
                    self.tie(at, runner.at, Relation::Allows);
                }
            }
        }
    }
}

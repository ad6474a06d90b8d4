//! How many more pods of a kind fit: they are made and scheduled one after the other, until the scheduler refuses one. None is preempted.

use std::collections::BTreeMap;

use super::super::ways::world::World;
use super::super::{Session, scheduler_configuration};
use super::types::PodRequests;
use crate::cluster::Cluster;
use crate::cluster::build::{Builder, ClusterOptions, objects_from_json};
use crate::cluster::ids::{ClaimId, PodId, VolumeId};
use crate::cluster::pod::{Owner, Phase, Pod, PodName};
use crate::cluster::state::Workload;
use crate::cluster::template::VolumeSource;
use crate::cluster::volumes::{AccessModes, Claim, ClaimSpec, Volume, VolumeBackend};
use crate::cluster::workloads::Meta;
use crate::report::{Room, meaning};
use crate::scheduler::plugins::volume_binding::NodeVolumes;
use crate::scheduler::{Attempt, Detail};
use crate::units::intern::Sym;
use crate::units::time::Time;

/// The most pods that are counted.
const MOST: usize = 10_000;

/// Whose pods are counted.
#[derive(Clone, Debug)]
pub enum RoomFor {
    /// More pods of a workload.
    Workload(Workload),
    /// Pods that ask for so much, and for nothing else.
    Pod(PodRequests),
}

impl Session {
    /// How many more pods fit into the settled cluster. None for a workload without a pod template, and for DaemonSets, which have a pod a
    /// node.
    pub fn room_for(&self, asked: &RoomFor) -> Option<Room> {
        let mut cluster = self.cluster().clone();
        let (model, subject) = match asked {
            RoomFor::Workload(Workload::DaemonSet(_)) => return None,
            RoomFor::Workload(workload) => (model(&cluster, *workload)?, cluster.workload_label(*workload)),
            RoomFor::Pod(requests) => (probe(&mut cluster, requests)?, format!("a pod of {requests}")),
        };
        let remark = quota(&cluster, &model);
        let next_ordinal = match model.owner {
            Owner::StatefulSet(id) => cluster.stateful_sets.get(id.index()).map_or(0, |set| set.replicas.max(0) as u32),
            _ => 0,
        };
        let configuration = scheduler_configuration(self.manifest());
        let mut world = World::new(&cluster, configuration.as_ref(), PodId::from_index(cluster.pods.len()), Time::ZERO);
        let mut scheduler = world.scheduler();
        let (mut fits, mut zones, mut message) = (0, BTreeMap::<String, usize>::new(), String::new());
        while fits < MOST {
            let id = PodId::from_index(world.cluster.pods.len());
            let number = u32::try_from(fits).unwrap_or(u32::MAX);
            let name = match model.owner {
                Owner::StatefulSet(_) => PodName::Ordinal(next_ordinal.saturating_add(number)),
                _ => PodName::Given(world.cluster.text.intern(&format!("one-more-{}", fits + 1))),
            };
            world.cluster.pods.push(Pod { name, ..model.clone() });
            make_claims(&mut world.cluster, id);
            let attempt: Attempt = scheduler.attempt(&world.cluster, id, Time::ZERO, Detail::Decision);
            let Some(node) = attempt.node() else {
                message = attempt.message;
                break;
            };
            serve(&mut world.cluster, attempt.volumes.as_ref());
            let pod = &mut world.cluster.pods[id.index()];
            (pod.node, pod.phase, pod.started) = (Some(node), Phase::Running, Some(Time::ZERO));
            world.cluster.nodes[node.index()].pods.push(id);
            scheduler.pod_bound(&world.cluster, id);
            let zone = world.cluster.zone_name(world.cluster.node(node).zone).to_owned();
            *zones.entry(zone).or_default() += 1;
            fits += 1;
        }
        Some(Room {
            subject,
            fits,
            at_least: fits == MOST,
            zones: zones.into_iter().collect(),
            meaning: if message.is_empty() { String::new() } else { meaning(&message) },
            message,
            remark,
        })
    }
}

/// A pod of a workload as its controller would make the next one.
fn model(cluster: &Cluster, workload: Workload) -> Option<Pod> {
    let known = cluster.live_pods().filter(|(id, _)| cluster.workload_of(*id) == workload).max_by_key(|(id, _)| *id);
    if let Some((_, pod)) = known {
        return Some(waiting(pod.clone()));
    }
    let (template, owner) = match workload {
        Workload::Deployment(id) => {
            let deployment = cluster.deployments.get(id.index())?;
            (deployment.template, deployment.replica_sets.last().map_or(Owner::None, |&set| Owner::ReplicaSet(set)))
        }
        Workload::ReplicaSet(id) => (cluster.replica_sets.get(id.index())?.template, Owner::ReplicaSet(id)),
        Workload::StatefulSet(id) => (cluster.stateful_sets.get(id.index())?.template, Owner::StatefulSet(id)),
        Workload::Job(id) => (cluster.jobs.get(id.index())?.template, Owner::Job(id)),
        Workload::DaemonSet(_) | Workload::Pod(_) => return None,
    };
    let of = cluster.templates.get(template.index())?;
    let name = PodName::Given(Sym::EMPTY);
    Some(Pod { ungated: true, ..Pod::new(name, of.namespace, template, owner, of.priority, Time::ZERO) })
}

/// The same pod as it is before it has a place.
fn waiting(pod: Pod) -> Pod {
    Pod {
        node: None,
        nominated: None,
        phase: Phase::Pending,
        reason: Sym::EMPTY,
        ready: false,
        started: None,
        bound: None,
        finished: None,
        deletion: None,
        disruption: None,
        ungated: true,
        gone: false,
        ..pod
    }
}

/// A bare pod of so much, through admission; it is taken out of the cluster again.
fn probe(cluster: &mut Cluster, asked: &PodRequests) -> Option<Pod> {
    let asked = asked.amounts.iter();
    let requests: serde_json::Map<String, serde_json::Value> =
        asked.map(|(name, amount)| (name.clone(), amount.to_string().into())).collect();
    let object = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one-more"},
        "spec": {"containers": [{"name": "one", "image": "one", "resources": {"requests": requests}}]},
    });
    let objects = objects_from_json(&[object]).ok()?;
    Builder::new(cluster, ClusterOptions::default()).insert(objects.first()?, None)?;
    let pod = cluster.pods.last_mut()?;
    pod.gone = true;
    Some(waiting(pod.clone()))
}

/// A quota may stop the next pod earlier than the nodes do.
fn quota(cluster: &Cluster, model: &Pod) -> String {
    let meta = |meta: &Meta| !meta.gone && meta.namespace == model.namespace;
    match cluster.quotas.iter().find(|quota| meta(&quota.meta)) {
        Some(quota) => format!("the ResourceQuota {} may stop them earlier", cluster.text(quota.meta.name)),
        None => String::new(),
    }
}

/// Makes the claims of a pod's own that do not exist, as its controller would.
fn make_claims(cluster: &mut Cluster, id: PodId) {
    let (template, namespace) = (cluster.templates[cluster.pod(id).template.index()].clone(), cluster.pod(id).namespace);
    for volume in &template.volumes {
        let spec = match &volume.source {
            VolumeSource::OwnClaim => match cluster.pod(id).owner {
                Owner::StatefulSet(set) => {
                    let templates = &cluster.stateful_sets[set.index()].claim_templates;
                    templates.iter().find(|claim| claim.name == volume.name).map(|claim| claim.spec.clone())
                }
                _ => None,
            },
            VolumeSource::Ephemeral { class } => Some(ClaimSpec {
                access: AccessModes { rwo: true, ..AccessModes::default() },
                size: 0,
                request: None,
                class: class.or_else(|| cluster.storage.classes.iter().filter(|c| c.default).map(|c| c.name).next_back()),
                volume_name: None,
                selector: None,
                block: false,
                attributes_class: None,
            }),
            _ => None,
        };
        let (Some(spec), Some(name)) = (spec, cluster.claim_name(id, volume)) else { continue };
        let name = cluster.text.intern(&name);
        if cluster.storage.claim(namespace, name).is_some() {
            continue;
        }
        let own = cluster.pod_full_name(id);
        let owner_pod = matches!(volume.source, VolumeSource::Ephemeral { .. }).then(|| cluster.text.intern(&own));
        let made = ClaimId::from_index(cluster.storage.claims.len());
        let class = spec.class.and_then(|class| cluster.storage.class(class)).map(|id| cluster.storage.classes[id.index()].clone());
        cluster.storage.claims.push(Claim { owner_pod, ..Claim::new(name, namespace, spec, Time::ZERO) });
        // What does not wait for a pod has been provisioned by then, for any node.
        if let Some(class) = class.filter(|class| !class.waits && !cluster.text(class.provisioner).ends_with("no-provisioner")) {
            provision(cluster, made, class.provisioner);
        }
    }
}

/// A volume made for a claim, usable everywhere.
fn provision(cluster: &mut Cluster, claim: ClaimId, driver: Sym) {
    let id = VolumeId::from_index(cluster.storage.volumes.len());
    let name = cluster.text.intern(&format!("provisioned-for-{}", claim.index()));
    let of = &cluster.storage.claims[claim.index()];
    let namespace = cluster.namespaces.get(of.namespace.index()).map_or(Sym::EMPTY, |namespace| namespace.name);
    let volume = Volume {
        name,
        labels: crate::cluster::labels::Labels::default(),
        capacity: of.spec.size,
        access: of.spec.access,
        class: of.spec.class.unwrap_or(Sym::EMPTY),
        block: of.spec.block,
        attributes_class: of.spec.attributes_class,
        node_affinity: None,
        claim_ref: Some((namespace, of.name)),
        available: false,
        released: false,
        deleting: false,
        gone: false,
        backend: VolumeBackend::Csi { driver, handle: name },
        delete_on_release: true,
    };
    cluster.storage.volumes.push(volume);
    bind(cluster, claim, id);
}

fn bind(cluster: &mut Cluster, claim: ClaimId, volume: VolumeId) {
    let name = cluster.storage.volumes[volume.index()].name;
    let claim = &mut cluster.storage.claims[claim.index()];
    (claim.volume, claim.spec.volume_name, claim.bind_completed) = (Some(volume), Some(name), true);
    let namespace = cluster.namespaces.get(claim.namespace.index()).map_or(Sym::EMPTY, |namespace| namespace.name);
    let of = (namespace, claim.name);
    let volume = &mut cluster.storage.volumes[volume.index()];
    (volume.claim_ref, volume.available, volume.released) = (Some(of), false, false);
}

/// Volumes that were matched are taken. One that is to be provisioned stays a claim: it counts as such.
fn serve(cluster: &mut Cluster, volumes: Option<&NodeVolumes>) {
    for &(claim, volume) in volumes.map_or(&[][..], |volumes| &volumes.matched) {
        bind(cluster, claim, volume);
    }
}

//! The names that the recordings use instead of random ones: `web#2/3` is the third pod of the second ReplicaSet of Deployment `web`.

use wavetank_core::cluster::ids::{DaemonSetId, JobId, NodeId, PodId, ReplicaSetId, TemplateId};
use wavetank_core::cluster::pod::{Owner, PodName};
use wavetank_core::cluster::{Cluster, Workload};

/// The recorded name of a ReplicaSet.
pub(crate) fn replica_set(cluster: &Cluster, id: ReplicaSetId) -> String {
    let set = &cluster.replica_sets[id.index()];
    match set.deployment {
        Some(deployment) => {
            let place = cluster.replica_sets[..=id.index()].iter().filter(|s| s.deployment == Some(deployment)).count();
            format!("{}#{place}", cluster.text(cluster.deployments[deployment.index()].meta.name))
        }
        None => cluster.text(set.meta.name).to_owned(),
    }
}

/// The recorded name of a Job: `tick!3` for the third of CronJob `tick`.
pub(crate) fn job(cluster: &Cluster, id: JobId) -> String {
    let job = &cluster.jobs[id.index()];
    match job.cron_job {
        Some(owner) => {
            let place = cluster.jobs[..=id.index()].iter().filter(|j| j.cron_job == Some(owner)).count();
            format!("{}!{place}", cluster.text(cluster.cron_jobs[owner.index()].meta.name))
        }
        None => cluster.text(job.meta.name).to_owned(),
    }
}

/// Who made a pod: recordings name and count it by that, also after another controller adopted it or its own released it. A pod that
/// changed hands has a name of its own, which begins with its maker's.
pub(crate) fn maker(cluster: &Cluster, id: PodId) -> Owner {
    let pod = cluster.pod(id);
    let PodName::Given(name) = pod.name else { return pod.owner };
    if !matches!(pod.owner, Owner::None | Owner::ReplicaSet(_)) {
        return pod.owner;
    }
    let Some((prefix, _)) = cluster.text(name).rsplit_once('-') else { return Owner::None };
    let made = |set: &wavetank_core::cluster::workloads::ReplicaSet| {
        !set.meta.gone && set.meta.namespace == pod.namespace && cluster.text(set.meta.name) == prefix
    };
    let set = cluster.replica_sets.iter().position(made);
    set.map_or(Owner::None, |set| Owner::ReplicaSet(ReplicaSetId::from_index(set)))
}

/// The workload that the maker of a pod belongs to.
pub(crate) fn made_for(cluster: &Cluster, id: PodId) -> Workload {
    match maker(cluster, id) {
        Owner::ReplicaSet(set) => match cluster.replica_sets[set.index()].deployment {
            Some(deployment) => Workload::Deployment(deployment),
            None => Workload::ReplicaSet(set),
        },
        Owner::None => Workload::Pod(id),
        _ => cluster.workload_of(id),
    }
}

/// The recorded name of a pod.
pub(crate) fn pod(cluster: &Cluster, id: PodId) -> String {
    let pod = cluster.pod(id);
    let owner = maker(cluster, id);
    let of_same_owner = |accept: &dyn Fn(PodId) -> bool| {
        let others = (0..=id.index()).map(PodId::from_index);
        others.filter(|&other| maker(cluster, other) == owner && accept(other)).count()
    };
    match owner {
        Owner::ReplicaSet(set) => format!("{}/{}", replica_set(cluster, set), of_same_owner(&|_| true)),
        Owner::DaemonSet(set) => {
            let node = daemon_node(cluster, id);
            let place = of_same_owner(&|other| daemon_node(cluster, other) == node);
            format!("{}@{}/{place}", daemon_set(cluster, set), node.map_or("?", |n| cluster.text(cluster.node(n).name)))
        }
        Owner::Job(id) => {
            let name = job(cluster, id);
            match pod.name {
                PodName::Indexed(index, _) => {
                    let place = of_same_owner(&|other| matches!(cluster.pod(other).name, PodName::Indexed(i, _) if i == index));
                    format!("{name}[{index}]/{place}")
                }
                _ => format!("{name}/{}", of_same_owner(&|_| true)),
            }
        }
        _ => cluster.pod_name(id),
    }
}

/// The recorded name of what owns a pod, as `final` counts pods: the ReplicaSet, the set, the Job (with its index), or the pod itself.
pub(crate) fn counted_owner(cluster: &Cluster, id: PodId) -> String {
    match maker(cluster, id) {
        Owner::ReplicaSet(set) => replica_set(cluster, set),
        Owner::DaemonSet(set) => daemon_set(cluster, set),
        Owner::Job(_) => pod(cluster, id).split('/').next().unwrap_or("").to_owned(),
        _ => cluster.pod_name(id),
    }
}

/// The recorded name of the workload that `pods.created` counts by: the Deployment, the Job, the set, or the pod itself.
pub(crate) fn workload(cluster: &Cluster, id: PodId) -> String {
    match maker(cluster, id) {
        Owner::ReplicaSet(set) => match cluster.replica_sets[set.index()].deployment {
            Some(deployment) => cluster.text(cluster.deployments[deployment.index()].meta.name).to_owned(),
            None => replica_set(cluster, set),
        },
        Owner::DaemonSet(set) => daemon_set(cluster, set),
        // What a CronJob makes is counted as its own.
        Owner::Job(id) => match cluster.jobs[id.index()].cron_job {
            Some(owner) => cluster.text(cluster.cron_jobs[owner.index()].meta.name).to_owned(),
            None => job(cluster, id),
        },
        _ => cluster.pod_name(id),
    }
}

/// The pod of a recorded name.
pub(crate) fn find_pod(cluster: &Cluster, name: &str) -> Option<PodId> {
    (0..cluster.pods.len()).map(PodId::from_index).rev().find(|&id| pod(cluster, id) == name)
}

/// `db@r2`: the second revision of StatefulSet or DaemonSet `db`.
pub(crate) fn revision(cluster: &Cluster, owner: Owner, template: TemplateId) -> String {
    match owner {
        Owner::StatefulSet(set) => {
            let set = &cluster.stateful_sets[set.index()];
            // A pod's template also has the revision's label: equal templates have equal digests.
            let digest = |t: TemplateId| cluster.template(t).digest;
            let place = set.revisions.iter().position(|&r| digest(r) == digest(template)).map_or(0, |p| p + 1);
            format!("{}@r{place}", cluster.text(set.meta.name))
        }
        _ => String::new(),
    }
}

fn daemon_set(cluster: &Cluster, id: DaemonSetId) -> String {
    cluster.text(cluster.daemon_sets[id.index()].meta.name).to_owned()
}

fn daemon_node(cluster: &Cluster, id: PodId) -> Option<NodeId> {
    cluster.pod(id).pinned.or(cluster.pod(id).node)
}

/// Replaces generated names within a text (an event's message) by the recorded ones.
pub(crate) fn normalise(cluster: &Cluster, text: &str) -> String {
    let mut text = text.to_owned();
    for id in (0..cluster.pods.len()).map(PodId::from_index) {
        let name = cluster.pod_name(id);
        let drawn = match cluster.pod(id).name {
            PodName::Given(_) => maker(cluster, id) != Owner::None,
            PodName::Ordinal(_) => false,
            _ => true,
        };
        if drawn && text.contains(&name) {
            text = text.replace(&name, &pod(cluster, id));
        }
    }
    for id in (0..cluster.jobs.len()).map(JobId::from_index).filter(|id| cluster.jobs[id.index()].cron_job.is_some()) {
        text = text.replace(cluster.text(cluster.jobs[id.index()].meta.name), &job(cluster, id));
    }
    for id in (0..cluster.replica_sets.len()).map(ReplicaSetId::from_index) {
        let set = &cluster.replica_sets[id.index()];
        if set.deployment.is_some() {
            text = text.replace(cluster.text(set.meta.name), &replica_set(cluster, id));
        }
    }
    super::observe_storage::normalise(cluster, &text)
}

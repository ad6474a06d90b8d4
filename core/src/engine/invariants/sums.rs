//! What must hold whenever a moment is over: sums and counts.

use super::{Invariants, Rule};
use crate::apiserver::Api;
use crate::cluster::ids::*;
use crate::cluster::pod::Owner;
use crate::cluster::workloads::Budget;
use crate::cluster::{Cluster, Workload};
use crate::engine::scheduling::Scheduling;
use crate::units::arrange::Arrange;
use crate::units::resources::Resources;

/// Clusters of up to so many pods are summed up as a whole after every moment, larger ones where they were touched.
pub(super) const SMALL: usize = 2_000;

impl Invariants {
    pub(super) fn check_sums(&mut self, api: &Api, scheduling: &Scheduling) {
        let cluster = api.cluster();
        let small = cluster.pods.len() <= SMALL;
        let nodes: Vec<NodeId> = match small {
            true => cluster.live_nodes().map(|(id, _)| id).collect(),
            false => self.nodes.iter().copied().filter(|&id| !cluster.node(id).gone).collect(),
        };
        for id in nodes {
            self.check_node(api, scheduling, id);
        }
        if small {
            self.check_owners(api);
            for budget in cluster.budgets.iter().filter(|b| !b.meta.gone) {
                self.check_budget(api, budget);
            }
        }
    }

    /// The scheduler's own account of a node against the pods bound to it and those that are promised it.
    fn check_node(&mut self, api: &Api, scheduling: &Scheduling, id: NodeId) {
        let cluster = api.cluster();
        let info = scheduling.scheduler().cache().info(id);
        let mut bound: Vec<PodId> = cluster.node(id).pods.iter().copied().filter(|&p| !cluster.pod(p).phase.is_terminal()).collect();
        bound.extend(scheduling.promised(id));
        let mut counted = info.pods.clone();
        bound.arrange();
        counted.arrange();
        let name = || cluster.text(cluster.node(id).name);
        if bound != counted {
            let found = format!("{}: {} pods are bound there, {} are counted", name(), bound.len(), counted.len());
            self.tell(api, None, Rule::Conservation, found);
        }
        let mut sum = Resources::default();
        bound.iter().for_each(|&p| sum.add(&cluster.template_of(p).requests));
        let mut difference = sum;
        difference.subtract(&info.requested);
        if !difference.is_zero() {
            self.tell(api, None, Rule::Conservation, format!("{}: off by {difference:?}", name()));
        }
    }

    fn check_owners(&mut self, api: &Api) {
        let cluster = api.cluster();
        for (i, set) in cluster.replica_sets.iter().enumerate().filter(|(_, s)| !s.meta.gone) {
            let id = ReplicaSetId::from_index(i);
            self.check_list(api, Workload::ReplicaSet(id), Owner::ReplicaSet(id));
            let s = &set.status;
            self.check_order(api, Workload::ReplicaSet(id), &[s.replicas, s.ready, s.available, 0]);
            if let Some(deployment) = set.deployment
                && cluster.deployments[deployment.index()].replica_sets.binary_search(&id).is_err()
            {
                self.tell(api, None, Rule::OwnerCounts, format!("{} is not among its Deployment's", cluster.text(set.meta.name)));
            }
        }
        for (i, set) in cluster.stateful_sets.iter().enumerate().filter(|(_, s)| !s.meta.gone) {
            let id = StatefulSetId::from_index(i);
            self.check_list(api, Workload::StatefulSet(id), Owner::StatefulSet(id));
            let s = &set.status;
            self.check_order(api, Workload::StatefulSet(id), &[s.replicas, s.ready, s.available, 0]);
        }
        for (i, set) in cluster.daemon_sets.iter().enumerate().filter(|(_, s)| !s.meta.gone) {
            let id = DaemonSetId::from_index(i);
            self.check_list(api, Workload::DaemonSet(id), Owner::DaemonSet(id));
            let s = &set.status;
            self.check_order(api, Workload::DaemonSet(id), &[s.desired, s.current, s.ready, s.available, 0]);
        }
        for (i, job) in cluster.jobs.iter().enumerate().filter(|(_, j)| !j.meta.gone) {
            let id = JobId::from_index(i);
            self.check_list(api, Workload::Job(id), Owner::Job(id));
            let s = &job.status;
            self.check_order(api, Workload::Job(id), &[s.active, s.ready, 0]);
            let wanted = job.completions.filter(|_| job.indexed);
            if wanted.is_some_and(|wanted| s.succeeded > wanted) {
                self.tell(api, None, Rule::OwnerCounts, format!("{}: {} indexes have succeeded", cluster.text(job.meta.name), s.succeeded));
            }
        }
        for d in cluster.deployments.iter().filter(|d| !d.meta.gone) {
            let s = &d.status;
            let sum: i32 = d.replica_sets.iter().map(|r| cluster.replica_sets[r.index()].status.replicas).sum();
            if s.observed_generation >= d.meta.generation && s.replicas != sum {
                let found = format!("{} says {} replicas, its ReplicaSets {sum}", cluster.text(d.meta.name), s.replicas);
                self.tell(api, None, Rule::OwnerCounts, found);
            }
        }
    }

    /// The pods that an owner lists are those that name it.
    fn check_list(&mut self, api: &Api, workload: Workload, owner: Owner) {
        let cluster = api.cluster();
        let listed = api.pods_of(owner);
        let sorted = listed.windows(2).all(|pair| pair[0] < pair[1]);
        let own = listed.iter().all(|&p| !cluster.pod(p).gone && cluster.pod(p).owner == owner);
        if !sorted || !own {
            self.tell(api, None, Rule::OwnerCounts, format!("{} lists pods that are not its own", cluster.workload_label(workload)));
        }
    }

    /// Each count holds at least the next.
    fn check_order(&mut self, api: &Api, workload: Workload, counts: &[i32]) {
        if counts.windows(2).any(|pair| pair[0] < pair[1]) {
            self.tell(api, None, Rule::OwnerCounts, format!("{} counts {counts:?}", api.cluster().workload_label(workload)));
        }
    }

    fn check_budget(&mut self, api: &Api, budget: &Budget) {
        let cluster = api.cluster();
        let s = &budget.status;
        let name = || cluster.text(budget.meta.name);
        let left = s.current_healthy.saturating_sub(s.desired_healthy).max(0);
        if s.disruptions_allowed < 0 || s.disruptions_allowed > left {
            let found =
                format!("{} allows {} of {} healthy, {} wanted", name(), s.disruptions_allowed, s.current_healthy, s.desired_healthy);
            self.tell(api, None, Rule::BudgetArithmetic, found);
        }
        let failed = s.conditions.iter().any(|c| c.reason == "SyncFailed");
        if failed || s.observed_generation < budget.meta.generation {
            return;
        }
        let healthy = healthy_pods(cluster, budget);
        if healthy != s.current_healthy {
            self.tell(api, None, Rule::BudgetArithmetic, format!("{} says {} healthy, there are {healthy}", name(), s.current_healthy));
        }
    }
}

/// Pods that a budget selects, that are ready and whose deletion was neither asked for nor granted.
fn healthy_pods(cluster: &Cluster, budget: &Budget) -> i32 {
    let healthy = cluster.live_pods().filter(|(id, pod)| {
        pod.namespace == budget.meta.namespace
            && pod.ready
            && pod.deletion.is_none()
            && !budget.status.disrupted.iter().any(|(disrupted, _)| disrupted == id)
            && cluster.pod_labels(*id).match_selector(&budget.selector, &cluster.text)
    });
    i32::try_from(healthy.count()).unwrap_or(i32::MAX)
}

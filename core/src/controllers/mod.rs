//! The controllers of kube-controller-manager, one file each. They read the cluster and write through the API server; each is asked by
//! key through the work queue, and never looks at the clock or at another controller's memory.

mod attach_detach;
mod cluster_autoscaler;
mod cron_job;
mod daemon_set;
pub mod deployment;
mod disruption;
pub mod horizontal_pod_autoscaler;
mod job;
mod job_ttl;
mod karpenter;
mod losses;
mod namespace;
mod node_ipam;
mod node_lifecycle;
mod orphans;
mod pod_control;
mod pod_gc;
mod pv_binder;
mod queue;
mod relevance;
mod replica_set;
mod resource_quota;
mod revisions;
mod stateful_set;
mod taint_eviction;
mod vertical_pod_autoscaler;
mod volume_protection;

pub use node_lifecycle::{MONITOR_GRACE, NodeLifecycle};
pub use queue::{Key, WorkQueue};

use cluster_autoscaler::ClusterAutoscaler;
use cron_job::CronJobController;
use daemon_set::DaemonSetController;
use deployment::DeploymentController;
use horizontal_pod_autoscaler::HorizontalPodAutoscalers;
use job::JobController;
use job_ttl::JobTtlController;
use karpenter::KarpenterController;
use replica_set::ReplicaSetController;
use stateful_set::StatefulSetController;
use vertical_pod_autoscaler::VerticalPodAutoscalers;

use crate::apiserver::{Api, Notice};

/// All controllers with what each remembers between looks.
#[derive(Clone, Debug, Default)]
pub struct Controllers {
    replica_sets: ReplicaSetController,
    deployments: DeploymentController,
    stateful_sets: StatefulSetController,
    daemon_sets: DaemonSetController,
    jobs: JobController,
    job_ttl: JobTtlController,
    node_ipam: node_ipam::NodeIpam,
    node_lifecycle: NodeLifecycle,
    taint_eviction: taint_eviction::TaintEviction,
    disruption: disruption::DisruptionController,
    pod_gc: pod_gc::PodGc,
    pv_binder: pv_binder::PvBinder,
    attach_detach: attach_detach::AttachDetach,
    volume_protection: volume_protection::VolumeProtection,
    resource_quota: resource_quota::ResourceQuotaController,
    cron_jobs: CronJobController,
    autoscalers: HorizontalPodAutoscalers,
    cluster_autoscaler: ClusterAutoscaler,
    /// kube-controller-manager has no leader: none of its controllers does anything.
    away: bool,
    karpenter: KarpenterController,
    vertical_autoscalers: VerticalPodAutoscalers,
}

impl Controllers {
    /// kube-controller-manager loses its leader. What it remembers and waits for is gone; autoscalers of nodes and requests are programs of their own.
    pub fn stop(&mut self, queue: &mut WorkQueue) {
        self.away = true;
        queue.forget_all(Key::is_of_manager);
    }

    /// Another one takes over: it starts as after a restart, and knows nothing but what the API server tells. What it does at first has
    /// the cause of the API.
    pub fn take_over(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        let flags = (self.node_lifecycle.grace(), self.autoscalers.flags());
        let fresh = Controllers {
            cluster_autoscaler: std::mem::take(&mut self.cluster_autoscaler),
            karpenter: std::mem::take(&mut self.karpenter),
            vertical_autoscalers: std::mem::take(&mut self.vertical_autoscalers),
            ..Controllers::default()
        };
        let before = std::mem::replace(self, fresh);
        self.node_lifecycle.set_grace(flags.0);
        self.autoscalers.set_flags(flags.1);
        let cause = api.cause();
        self.start_manager(api, queue, false);
        self.pv_binder.count_from(&before.pv_binder);
        self.node_lifecycle.remember_failures(&before.node_lifecycle);
        queue.blame(cause, Key::is_of_manager);
    }

    /// Whether kube-controller-manager has no leader.
    pub fn are_away(&self) -> bool {
        self.away
    }

    /// Starts the controllers over what exists: every object is looked at once, as after a restart.
    pub fn start(&mut self, api: &mut Api, queue: &mut WorkQueue) {
        self.start_manager(api, queue, true);
        self.autoscalers.follow_courses(api, queue);
        self.cluster_autoscaler.start(api, queue);
        self.karpenter.start(api, queue);
        self.vertical_autoscalers.start(api, queue);
    }

    fn start_manager(&mut self, api: &mut Api, queue: &mut WorkQueue, goes_on: bool) {
        self.resource_quota.start(api);
        self.deployments.start(api, queue);
        self.replica_sets.start(api, queue);
        self.stateful_sets.start(api, queue);
        self.daemon_sets.start(api, queue);
        self.jobs.start(api, queue);
        self.job_ttl.start(api, queue);
        self.node_ipam.start(api, queue);
        self.node_lifecycle.start(api, queue);
        self.taint_eviction.start(api, queue, goes_on);
        self.disruption.start(api, queue);
        self.pod_gc.start(api, queue);
        self.pv_binder.start(api, queue);
        self.cron_jobs.start(api, queue);
        self.autoscalers.start(api, queue);
        self.attach_detach.start(api, queue);
        self.volume_protection.start(api);
        namespace::start(api, queue);
    }

    /// Takes a notice: asks for the keys it concerns.
    pub fn observe(&mut self, api: &mut Api, notice: &Notice, queue: &mut WorkQueue) {
        if self.away {
            return self.observe_others(api, notice, queue);
        }
        // What a pod that goes leaves free is counted before its controller asks for another.
        self.resource_quota.observe(api, notice, queue);
        // What counts pods comes before what sums up counts: one look at a Deployment then sees all that happened.
        self.replica_sets.observe(api, notice, queue);
        self.deployments.observe(api, notice, queue);
        self.stateful_sets.observe(api, notice, queue);
        self.daemon_sets.observe(api, notice, queue);
        self.jobs.observe(api, notice, queue);
        self.job_ttl.observe(api, notice, queue);
        self.node_ipam.observe(api, notice, queue);
        self.node_lifecycle.observe(api, notice, queue);
        self.taint_eviction.observe(api, notice, queue);
        self.disruption.observe(api, notice, queue);
        self.pod_gc.observe(api, notice, queue);
        self.volume_protection.observe(api, notice);
        self.pv_binder.observe(api, notice, queue);
        self.attach_detach.observe(api, notice, queue);
        self.cron_jobs.observe(api, notice, queue);
        self.autoscalers.observe(api, notice, queue);
        self.observe_others(api, notice, queue);
        namespace::observe(api, notice, queue);
    }

    /// What is no part of kube-controller-manager.
    fn observe_others(&mut self, api: &Api, notice: &Notice, queue: &mut WorkQueue) {
        self.cluster_autoscaler.observe(api, notice, queue);
        self.karpenter.observe(api, notice, queue);
        self.vertical_autoscalers.observe(api, notice, queue);
    }

    /// Looks at one key. The API's causes are set to the records that asked for it.
    pub fn sync(&mut self, key: Key, api: &mut Api, queue: &mut WorkQueue) {
        let (granted, failures) = (queue.granted(), queue.failures(key));
        api.begin_look(granted);
        self.look(key, api, queue);
        if let Some(wait) = api.end_look() {
            // Slow start: one creation, then two, then four … are on their way at the same time.
            let (creations, causes) = ((granted * 2).max(1), api.causes().to_vec());
            queue.hold(key, api.now() + wait, creations, &causes, failures);
        }
    }

    fn look(&mut self, key: Key, api: &mut Api, queue: &mut WorkQueue) {
        match key {
            Key::Deployment(id) => self.deployments.sync(id, api, queue),
            Key::ReplicaSet(id) => self.replica_sets.sync(id, api, queue),
            Key::StatefulSet(id) => self.stateful_sets.sync(id, api, queue),
            Key::DaemonSet(id) => self.daemon_sets.sync(id, api, queue),
            Key::Job(id) => self.jobs.sync(id, api, queue),
            Key::JobTtl(id) => self.job_ttl.sync(id, api, queue),
            Key::PodRange(id) => self.node_ipam.sync(id, api, queue),
            Key::NodeMonitor => self.node_lifecycle.look(api, queue),
            Key::NodeTaints(node) => self.node_lifecycle.sync_taints(api, node),
            Key::NodeEvictionQueue => self.node_lifecycle.serve_queues(api, queue),
            Key::Budget(id) => self.disruption.sync(id, api, queue),
            Key::AttachDetach => self.attach_detach.sync(api, queue),
            Key::Quota(id) => self.resource_quota.sync(id, api),
            Key::Claim(id) => self.pv_binder.sync(id, api, queue),
            Key::PodGc => self.pod_gc.look(api, queue),
            Key::CronJob(id) => self.cron_jobs.sync(id, api, queue),
            Key::Autoscaler(id) => self.autoscalers.sync(id, api, queue),
            Key::ClusterAutoscaler => self.cluster_autoscaler.scan(api, queue),
            Key::Namespace(id) => namespace::sync(id, api, queue),
            Key::VerticalAutoscaler(id) => self.vertical_autoscalers.sync(id, api, queue),
            Key::KarpenterMachines => self.karpenter.tend(api, queue),
            Key::KarpenterBatch => self.karpenter.provision(api, queue),
            Key::KarpenterDisruption => self.karpenter.disrupt(api, queue),
            Key::Load(workload) => api.follow_course(workload),
            // A look of the same moment comes first: the taint was added after its look, so its timers run behind the looks.
            Key::TaintEviction(_) if self.node_lifecycle.is_due(api.now()) => {
                let causes = api.causes().to_vec();
                self.node_lifecycle.look(api, queue);
                causes.iter().for_each(|&cause| queue.add(key, Some(cause)));
                queue.add(key, None);
            }
            Key::TaintEviction(pod) => self.taint_eviction.fire(api, pod),
        }
    }

    /// The node lifecycle controller, to set its flags.
    pub fn node_lifecycle_mut(&mut self) -> &mut NodeLifecycle {
        &mut self.node_lifecycle
    }

    /// The autoscaler controller, to set its flags.
    pub fn autoscalers_mut(&mut self) -> &mut HorizontalPodAutoscalers {
        &mut self.autoscalers
    }

    /// Forgets records: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {
        self.node_lifecycle.forget_causes();
        self.pod_gc.forget_causes();
        self.jobs.forget_causes();
        self.autoscalers.forget_causes();
        self.attach_detach.forget_causes();
        self.karpenter.forget_causes();
    }
}

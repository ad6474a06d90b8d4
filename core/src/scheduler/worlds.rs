//! Random small worlds: what is kept between cycles must decide as evaluating everything anew does.

mod laws;

use std::sync::Arc;

use super::attempt::{Attempt, Detail, Outcome};
use super::config::SchedulerConfig;
use super::{ClusterEvent, Scheduler};
use crate::cluster::Cluster;
use crate::cluster::behavior::PodBehavior;
use crate::cluster::build::{Builder, ClusterOptions};
use crate::cluster::ids::{NodeId, PodId, TemplateId, ZoneId};
use crate::cluster::labels::{Labels, Operator, Requirement, Selector};
use crate::cluster::node::{Node, NodeReady, Taint};
use crate::cluster::pod::{Deletion, Owner, Phase, Pod, PodName};
use crate::cluster::template::*;
use crate::manifest::Object;
use crate::units::intern::Sym;
use crate::units::resources::Resources;
use crate::units::rng::Chance;
use crate::units::time::{SECOND, Time};

struct World {
    cluster: Cluster,
    chance: Chance,
    kept: Scheduler,
    plain: Scheduler,
}

const ZONES: [&str; 3] = ["a", "b", "c"];

impl World {
    fn new(seed: u64) -> World {
        World::of_size(seed, 3, 12)
    }

    fn of_size(seed: u64, nodes: u64, more_nodes: u64) -> World {
        let mut cluster = Cluster::default();
        let config = SchedulerConfig::standard(&mut cluster.text);
        cluster.namespace_or_new("default");
        cluster.namespace_or_new("other");
        let mut world = World {
            kept: Scheduler::new(&config, &cluster),
            plain: Scheduler::new(&config, &cluster),
            cluster,
            chance: Chance::new(seed, "worlds"),
        };
        world.plain.set_plain(true);
        for _ in 0..nodes + world.chance.below(more_nodes) {
            world.add_node();
        }
        for _ in 0..2 + world.chance.below(5) {
            world.add_template();
        }
        for _ in 0..world.chance.below(3) {
            world.add_service();
        }
        world
    }

    /// A Service makes the system's default spread constraints apply to the pods it selects.
    fn add_service(&mut self) {
        let app = ["web", "db"][self.chance.below(2) as usize];
        let namespace = ["default", "other"][self.chance.below(2) as usize];
        let name = format!("service-{}", self.cluster.services.len());
        let service = serde_json::json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": {"selector": {"app": app}},
        });
        let object = Object::from_value(service).expect("a Service");
        Builder::new(&mut self.cluster, ClusterOptions::verbatim()).insert(&object, None);
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.chance.below(n) == 0
    }

    fn tell(&mut self, event: ClusterEvent, now: Time) {
        self.kept.observe(&self.cluster, event, now);
        self.plain.observe(&self.cluster, event, now);
    }

    fn add_node(&mut self) {
        let id = NodeId::from_index(self.cluster.nodes.len());
        let text = &mut self.cluster.text;
        let name = text.intern(&format!("node-{}", id.0));
        let mut labels = Labels::new([(text.intern("kubernetes.io/hostname"), name)]);
        let mut zone_key = Sym::EMPTY;
        let zone = self.chance.below(4) as usize;
        if let Some(zone) = ZONES.get(zone) {
            zone_key = text.intern(zone);
            labels.set(text.intern("topology.kubernetes.io/zone"), zone_key);
        }
        let taint_key = text.intern("dedicated");
        let effect = [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule][self.chance.below(2) as usize];
        let taints = if self.one_in(4) { vec![Taint { key: taint_key, value: Sym::EMPTY, effect }] } else { Vec::new() };
        let allocatable = Resources { cpu_milli: 1000 * (1 + self.chance.below(4) as i64), memory: 8 << 30, ..Resources::default() };
        let image = self.cluster.text.intern("app:v1");
        let images = if self.one_in(3) { vec![(image, 300 << 20)] } else { Vec::new() };
        self.cluster.nodes.push(Node {
            name,
            labels,
            zone: ZoneId(0),
            zone_key,
            capacity: allocatable.clone(),
            allocatable,
            allocatable_pods: 12,
            taints,
            no_execute_since: None,
            unschedulable: false,
            images,
            image_of_name: Vec::new(),
            declared_features: Vec::new(),
            ready: NodeReady::True,
            ready_since: Time::ZERO,
            memory_pressure: false,
            disk_pressure: false,
            pid_pressure: false,
            machine_up: true,
            kubelet_alive: true,
            has_pod_range: true,
            created: Time::ZERO,
            gone: false,
            pods: Vec::new(),
            origin: None,
        });
        self.tell(ClusterEvent::NodeAdded(id), Time::ZERO);
    }

    fn selector(&mut self) -> Selector {
        let (app, color) = (self.cluster.text.intern("app"), self.cluster.text.intern("color"));
        let (key, value) = if self.one_in(3) { (color, "red") } else { (app, ["web", "db"][self.chance.below(2) as usize]) };
        let value = self.cluster.text.intern(value);
        let operator = if self.one_in(6) { Operator::NotIn } else { Operator::In };
        Selector::All(vec![Requirement { key, operator, values: vec![value] }])
    }

    fn key(&mut self) -> Sym {
        let key = if self.one_in(2) { "kubernetes.io/hostname" } else { "topology.kubernetes.io/zone" };
        self.cluster.text.intern(key)
    }

    fn pod_term(&mut self) -> PodAffinityTerm {
        let (topology_key, selector) = (self.key(), self.selector());
        let namespace_selector = self.one_in(4).then_some(Selector::EVERYTHING);
        PodAffinityTerm { topology_key, selector, namespaces: Vec::new(), namespace_selector }
    }

    fn add_template(&mut self) {
        let text = &mut self.cluster.text;
        let (app, color, red) = (text.intern("app"), text.intern("color"), text.intern("red"));
        let value = text.intern(["web", "db"][self.chance.below(2) as usize]);
        let (image, scheduler_name) = (text.intern("app:v1"), text.intern("default-scheduler"));
        let (dedicated, zone_key, zone) = (text.intern("dedicated"), text.intern("topology.kubernetes.io/zone"), text.intern("a"));
        let mut labels = Labels::new([(app, value)]);
        if self.one_in(2) {
            labels.set(color, red);
        }
        let requests = Resources { cpu_milli: 100 * (1 + self.chance.below(12) as i64), memory: 512 << 20, ..Resources::default() };
        let mut affinity = Affinity::default();
        if self.one_in(3) {
            affinity.anti_required.push(self.pod_term());
        }
        if self.one_in(4) {
            affinity.pod_required.push(self.pod_term());
        }
        if self.one_in(3) {
            affinity.pod_preferred.push(WeightedPodAffinityTerm { weight: 7, term: self.pod_term() });
        }
        if self.one_in(3) {
            affinity.anti_preferred.push(WeightedPodAffinityTerm { weight: 30, term: self.pod_term() });
        }
        if self.one_in(3) {
            let expressions = vec![Requirement { key: zone_key, operator: Operator::In, values: vec![zone] }];
            let term = NodeSelectorTerm { expressions, ..NodeSelectorTerm::default() };
            if self.one_in(2) {
                affinity.node_required = Some(vec![term]);
            } else {
                affinity.node_preferred = Some(vec![PreferredNodeTerm { weight: 20, term }]);
            }
        }
        let mut spread = Vec::new();
        for hard in [true, false] {
            if self.one_in(3) {
                let (topology_key, selector) = (self.key(), self.selector());
                let (honor_affinity, honor_taints) = (self.one_in(2), self.one_in(2));
                spread.push(SpreadConstraint { max_skew: 1, topology_key, hard, selector, min_domains: 1, honor_affinity, honor_taints });
            }
        }
        let toleration =
            Toleration { key: dedicated, exists: true, unknown_operator: false, value: Sym::EMPTY, effect: None, seconds: None };
        let tolerations = if self.one_in(2) { vec![toleration] } else { Vec::new() };
        let namespace = crate::cluster::ids::NamespaceId(self.chance.below(2) as u32);
        let amounts = (requests.cpu_milli, requests.memory);
        self.cluster.templates.push(Arc::new(PodTemplate {
            namespace,
            labels,
            safe_to_evict: None,
            do_not_disrupt: false,
            deletion_cost: 0,
            digest: 0,
            origin: None,
            written: Arc::default(),
            containers: Vec::new(),
            init_containers: Vec::new(),
            score_requests: requests.clone(),
            requests,
            nonzero: amounts,
            score_nonzero: amounts,
            demand: Default::default(),
            qos: QosClass::Burstable,
            node_selector: None,
            affinity: Some(Box::new(affinity)),
            tolerations,
            spread,
            host_ports: Vec::new(),
            images: vec![image],
            volumes: Vec::new(),
            env_references: Vec::new(),
            service_account: None,
            scheduling_gates: Vec::new(),
            scheduler_name,
            priority_class: None,
            priority: self.chance.below(3) as i32 * 10,
            never_preempts: false,
            node_name: None,
            restart_policy: RestartPolicy::Always,
            grace: 0,
            active_deadline: None,
            host_network: false,
            user_namespace: false,
            resource_claims: Vec::new(),
            finalizers: Vec::new(),
            behavior: PodBehavior::assumed(),
        }));
    }

    fn add_pod(&mut self) -> PodId {
        let id = PodId::from_index(self.cluster.pods.len());
        let template = TemplateId::from_index(self.chance.below(self.cluster.templates.len() as u64) as usize);
        let name = PodName::Given(self.cluster.text.intern(&format!("pod-{}", id.0)));
        let own_labels = self.one_in(5).then(|| {
            let (color, red) = (self.cluster.text.intern("color"), self.cluster.text.intern("red"));
            Box::new(Labels::new([(color, red)]))
        });
        let (namespace, priority) = (self.cluster.template(template).namespace, self.cluster.template(template).priority);
        self.cluster.pods.push(Pod { own_labels, ..Pod::new(name, namespace, template, Owner::None, priority, Time::ZERO) });
        id
    }

    fn bound(&mut self) -> Option<PodId> {
        let bound: Vec<PodId> = self.cluster.live_pods().filter(|(_, p)| p.node.is_some()).map(|(id, _)| id).collect();
        let pick = self.chance.below(bound.len() as u64) as usize;
        bound.get(pick).copied()
    }

    /// Something else happens: a pod goes, a pod begins to go, a node changes, comes or goes.
    fn stir(&mut self, now: Time) {
        match self.chance.below(8) {
            7 => {
                self.add_service();
                self.tell(ClusterEvent::ServicesChanged, now);
            }
            6 => {
                if let Some(id) = self.bound() {
                    let (color, red) = (self.cluster.text.intern("color"), self.cluster.text.intern("red"));
                    let own = self.one_in(2).then(|| Box::new(Labels::new([(color, red)])));
                    self.cluster.pods[id.index()].own_labels = own;
                    self.tell(ClusterEvent::PodUpdated(id), now);
                }
            }
            0 => {
                if let Some(id) = self.bound() {
                    self.cluster.pods[id.index()].gone = true;
                    self.tell(ClusterEvent::PodGone(id), now);
                }
            }
            1 => {
                if let Some(id) = self.bound() {
                    self.cluster.pods[id.index()].deletion = Some(Deletion { requested: now, grace_seconds: 30 });
                    self.tell(ClusterEvent::PodUpdated(id), now);
                }
            }
            2 => self.add_node(),
            _ => {
                let node = NodeId::from_index(self.chance.below(self.cluster.nodes.len() as u64) as usize);
                if self.cluster.node(node).gone {
                    return;
                }
                let (key, zone) = (self.cluster.text.intern("dedicated"), self.cluster.text.intern("topology.kubernetes.io/zone"));
                let value = self.cluster.text.intern(ZONES[self.chance.below(3) as usize]);
                match self.chance.below(4) {
                    0 => {
                        self.cluster.nodes[node.index()].taints = vec![Taint { key, value: Sym::EMPTY, effect: TaintEffect::NoSchedule }];
                    }
                    1 => self.cluster.nodes[node.index()].labels.set(zone, value),
                    2 => self.cluster.nodes[node.index()].unschedulable ^= true,
                    _ => {
                        self.cluster.nodes[node.index()].gone = true;
                        return self.tell(ClusterEvent::NodeGone(node), now);
                    }
                }
                self.tell(ClusterEvent::NodeUpdated(node), now);
            }
        }
    }

    fn carry_out(&mut self, attempt: &Attempt, now: Time) {
        let pod = attempt.pod;
        if let Outcome::Placed(node) = attempt.outcome {
            let bound = &mut self.cluster.pods[pod.index()];
            (bound.node, bound.phase, bound.started, bound.nominated) = (Some(node), Phase::Running, Some(now), None);
            return self.tell(ClusterEvent::PodBound(pod), now);
        }
        if let Some(chosen) = attempt.preemption.as_ref().and_then(|p| p.chosen()) {
            self.cluster.pods[pod.index()].nominated = Some(chosen.node);
            self.tell(ClusterEvent::PodNominated(pod), now);
            for &victim in &chosen.victims {
                self.cluster.pods[victim.index()].gone = true;
                self.tell(ClusterEvent::PodGone(victim), now);
            }
        }
    }
}

/// The parts of an attempt that are told whatever the detail.
fn decision(attempt: &Attempt) -> (Outcome, String, u32, usize, usize, Option<Vec<PodId>>) {
    let victims = attempt.preemption.as_ref().and_then(|p| p.chosen()).map(|c| c.victims.clone());
    (attempt.outcome.clone(), attempt.message.clone(), attempt.rejectors, attempt.start, attempt.evaluated, victims)
}

#[test]
fn what_is_kept_decides_as_plain_evaluation_does() {
    let (mut placed, mut unplaced, mut preempted) = (0, 0, 0);
    for seed in 0..150 {
        let mut world = World::new(seed);
        for step in 0..60 {
            let now = Time::at(step * SECOND);
            let pod = world.add_pod();
            let full = world.kept.clone().attempt(&world.cluster, pod, now, Detail::Full);
            let plain_full = world.plain.clone().attempt(&world.cluster, pod, now, Detail::Full);
            assert_eq!(full, plain_full, "seed {seed}, step {step}, every node and score");
            let kept = world.kept.attempt(&world.cluster, pod, now, Detail::Decision);
            let plain = world.plain.attempt(&world.cluster, pod, now, Detail::Decision);
            assert_eq!(decision(&kept), decision(&plain), "seed {seed}, step {step}");
            assert_eq!(decision(&kept), decision(&full), "seed {seed}, step {step}, detail changes nothing");
            placed += usize::from(kept.node().is_some());
            unplaced += usize::from(kept.outcome == Outcome::Unplaced);
            preempted += usize::from(kept.preemption.as_ref().is_some_and(|p| p.chosen.is_some()));
            world.carry_out(&kept, now);
            if world.one_in(2) {
                world.stir(now);
            }
        }
    }
    assert!(placed > 1000 && unplaced > 1000 && preempted > 100, "all kinds of decisions occur: {placed}, {unplaced}, {preempted}");
}

#[test]
fn many_nodes_are_searched_and_scored_as_plain_evaluation_does() {
    let (mut placed, mut unplaced, mut partly) = (0, 0, 0);
    for seed in 0..24 {
        let mut world = World::of_size(seed, 90, 240);
        for step in 0..120 {
            let now = Time::at(step * SECOND);
            let pod = world.add_pod();
            let kept = world.kept.attempt(&world.cluster, pod, now, Detail::Decision);
            let plain = world.plain.attempt(&world.cluster, pod, now, Detail::Decision);
            assert_eq!(decision(&kept), decision(&plain), "seed {seed}, step {step}");
            placed += usize::from(kept.node().is_some());
            unplaced += usize::from(kept.outcome == Outcome::Unplaced);
            partly += usize::from(kept.node().is_some() && kept.evaluated < kept.all_nodes);
            world.carry_out(&kept, now);
            if world.one_in(3) {
                world.stir(now);
            }
        }
    }
    assert!(placed > 1000 && unplaced > 50 && partly > 500, "all kinds of searches occur: {placed}, {unplaced}, {partly}");
}

#[test]
fn equal_pods_fail_once() {
    let mut world = World::of_size(3, 150, 1);
    let huge = Resources { cpu_milli: 64_000, ..Resources::default() };
    let template = PodTemplate { requests: huge, ..(*world.cluster.templates[0]).clone() };
    world.cluster.templates.push(Arc::new(template));
    let last = TemplateId::from_index(world.cluster.templates.len() - 1);
    let mut messages = Vec::new();
    for step in 0..40 {
        let pod = world.add_pod();
        let labels = world.cluster.pod(pod).own_labels.clone();
        let (namespace, priority) = (world.cluster.template(last).namespace, world.cluster.template(last).priority);
        let waiting = &mut world.cluster.pods[pod.index()];
        (waiting.template, waiting.namespace, waiting.priority) = (last, namespace, priority);
        let now = Time::at(step * SECOND);
        let kept = world.kept.attempt(&world.cluster, pod, now, Detail::Decision);
        let plain = world.plain.attempt(&world.cluster, pod, now, Detail::Decision);
        assert_eq!(decision(&kept), decision(&plain), "step {step}, {labels:?}");
        assert_eq!((kept.pod, kept.at, kept.outcome), (pod, now, Outcome::Unplaced));
        messages.push(kept.message);
        if step % 10 == 9 {
            world.stir(now);
        }
    }
    messages.dedup();
    assert!(messages.len() > 1, "what happens in between is told");
}

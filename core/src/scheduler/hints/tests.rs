//! Which event wakes which pod: a pod is refused, something happens, and it is tried again or left where it is.

use crate::cluster::Cluster;
use crate::cluster::build::{ClusterOptions, build};
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Phase;
use crate::manifest::{Limits, SourceSet, read};
use crate::scheduler::config::SchedulerConfig;
use crate::scheduler::{ClusterEvent, Detail, Outcome, Scheduler};
use crate::units::time::{SECOND, Time};

const NODE: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {kubernetes.io/hostname: n1, disk: slow}}\n\
                    status: {allocatable: {cpu: '2', memory: 4Gi, pods: '10'}}\n---\n";
const TAINTED: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {kubernetes.io/hostname: n1}}\n\
                       spec: {taints: [{key: own, effect: NoSchedule}]}\nstatus: {allocatable: {cpu: '2', memory: 4Gi, pods: '10'}}\n---\n";
const CORDONED: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {kubernetes.io/hostname: n1}}\nspec: {unschedulable: true}\n\
                        status: {allocatable: {cpu: '2', memory: 4Gi, pods: '10'}}\n---\n";

fn pod(name: &str, spec: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\n\
         spec: {{{spec}containers: [{{name: c, image: 'c:1'{container}}}]}}\n---\n"
    )
}

fn asking(cpu: &str) -> String {
    format!(", resources: {{requests: {{cpu: '{cpu}'}}}}")
}

/// A cluster, its scheduler, and the pod `waits`, which was tried and refused.
struct Waiting {
    cluster: Cluster,
    scheduler: Scheduler,
}

impl Waiting {
    fn new(text: &str) -> Waiting {
        let mut cluster = build(&read(SourceSet::single("world.yaml", text), &Limits::default()), &ClusterOptions::verbatim()).cluster;
        let config = SchedulerConfig::standard(&mut cluster.text);
        let mut scheduler = Scheduler::new(&config, &cluster);
        let id = named(&cluster, "waits");
        scheduler.enqueue(&cluster, id, Time::ZERO);
        assert_eq!(scheduler.next_pod(&cluster, Time::ZERO), Some(id));
        let attempt = scheduler.attempt(&cluster, id, Time::ZERO, Detail::Decision);
        assert_eq!(attempt.outcome, Outcome::Unplaced, "it has to be refused first");
        scheduler.failed(&cluster, &attempt, Time::ZERO);
        assert_eq!(scheduler.queue().depths().2, 1, "it waits in the pool: {}", attempt.message);
        Waiting { cluster, scheduler }
    }

    /// Whether the pod is to be tried again after an event.
    fn wakes(mut self, happens: impl FnOnce(&mut Cluster) -> ClusterEvent) -> bool {
        let event = happens(&mut self.cluster);
        self.scheduler.observe(&self.cluster, event, Time::ZERO + SECOND);
        self.scheduler.queue().depths().2 == 0
    }
}

fn named(cluster: &Cluster, name: &str) -> PodId {
    (0..cluster.pods.len()).map(PodId::from_index).find(|&id| cluster.pod_name(id) == name).expect("the pod is there")
}

fn gone(name: &str) -> impl FnOnce(&mut Cluster) -> ClusterEvent + '_ {
    move |cluster| {
        let id = named(cluster, name);
        cluster.pods[id.index()].gone = true;
        ClusterEvent::PodGone(id)
    }
}

fn bound(name: &str) -> impl FnOnce(&mut Cluster) -> ClusterEvent + '_ {
    move |cluster| {
        let id = named(cluster, name);
        let pod = &mut cluster.pods[id.index()];
        (pod.node, pod.phase, pod.started) = (Some(NodeId(0)), Phase::Running, Some(Time::ZERO));
        ClusterEvent::PodBound(id)
    }
}

/// The first node is changed.
fn changed(change: impl FnOnce(&mut Cluster)) -> impl FnOnce(&mut Cluster) -> ClusterEvent {
    move |cluster| {
        change(cluster);
        ClusterEvent::NodeUpdated(NodeId(0))
    }
}

fn labelled(key: &'static str, value: &'static str) -> impl FnOnce(&mut Cluster) {
    move |cluster| {
        let (key, value) = (cluster.text.intern(key), cluster.text.intern(value));
        cluster.nodes[0].labels.set(key, value);
    }
}

fn joined(cpu_milli: i64) -> impl FnOnce(&mut Cluster) -> ClusterEvent {
    move |cluster| {
        let mut node = cluster.nodes[0].clone();
        node.name = cluster.text.intern("n2");
        node.allocatable.cpu_milli = cpu_milli;
        cluster.nodes.push(node);
        ClusterEvent::NodeAdded(NodeId(1))
    }
}

#[test]
fn room_wakes_what_waits_for_room() {
    let text =
        [NODE, &pod("big", "nodeName: n1, ", &asking("1500m")), &pod("waits", "", &asking("1")), &pod("other", "", &asking("0"))].concat();
    assert!(Waiting::new(&text).wakes(gone("big")), "a pod that goes frees what it had");
    assert!(!Waiting::new(&text).wakes(bound("other")), "a pod that comes frees nothing");
    assert!(Waiting::new(&text).wakes(changed(|c| c.nodes[0].allocatable.cpu_milli = 4000)), "more of what is short");
    assert!(!Waiting::new(&text).wakes(changed(|c| c.nodes[0].allocatable.memory *= 2)), "more of what it does not ask for");
    assert!(!Waiting::new(&text).wakes(changed(|c| c.nodes[0].allocatable.cpu_milli = 1900)), "less");
    assert!(!Waiting::new(&text).wakes(changed(labelled("disk", "fast"))), "a label");
    assert!(Waiting::new(&text).wakes(joined(1000)), "a node that is large enough");
    assert!(!Waiting::new(&text).wakes(joined(900)), "a node that is too small even when empty");
}

#[test]
fn taints_and_cordons_wake_those_they_kept_off() {
    let text = [TAINTED, &pod("waits", "", "")].concat();
    assert!(Waiting::new(&text).wakes(changed(|c| c.nodes[0].taints.clear())));
    assert!(!Waiting::new(&text).wakes(changed(labelled("disk", "fast"))));
    assert!(!Waiting::new(&text).wakes(changed(|c| {
        let mut more = c.nodes[0].taints[0];
        more.key = c.text.intern("more");
        c.nodes[0].taints.push(more);
    })));
    let text = [CORDONED, &pod("waits", "", "")].concat();
    assert!(Waiting::new(&text).wakes(changed(|c| c.nodes[0].unschedulable = false)));
    assert!(!Waiting::new(&text).wakes(changed(|c| c.nodes[0].allocatable.cpu_milli = 8000)));
}

#[test]
fn the_label_that_is_wanted_wakes() {
    let text = [NODE, &pod("waits", "nodeSelector: {disk: fast}, ", "")].concat();
    assert!(Waiting::new(&text).wakes(changed(labelled("disk", "fast"))));
    assert!(!Waiting::new(&text).wakes(changed(labelled("disk", "medium"))));
    assert!(!Waiting::new(&text).wakes(changed(labelled("color", "red"))));
}

#[test]
fn a_freed_host_port_wakes_who_wants_it() {
    let port = |number: u16| format!(", ports: [{{containerPort: 80, hostPort: {number}}}]");
    let text =
        [NODE, &pod("has", "nodeName: n1, ", &port(8080)), &pod("other", "nodeName: n1, ", &port(9090)), &pod("waits", "", &port(8080))];
    let text = text.concat();
    assert!(Waiting::new(&text).wakes(gone("has")));
    assert!(!Waiting::new(&text).wakes(gone("other")), "another port");
}

#[test]
fn pods_wake_those_that_must_or_must_not_stand_beside_them() {
    let term = |kind: &str, app: &str| {
        format!(
            "affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname, \
             labelSelector: {{matchLabels: {{app: {app}}}}}}}]}}}}, "
        )
    };
    let beside = [NODE, &pod("friend", "", ""), &pod("other", "", ""), &pod("waits", &term("podAffinity", "friend"), "")].concat();
    assert!(Waiting::new(&beside).wakes(bound("friend")));
    assert!(!Waiting::new(&beside).wakes(bound("other")));
    let on = "nodeName: n1, ";
    let apart = [NODE, &pod("enemy", on, ""), &pod("other", on, ""), &pod("waits", &term("podAntiAffinity", "enemy"), "")].concat();
    assert!(Waiting::new(&apart).wakes(gone("enemy")));
    assert!(!Waiting::new(&apart).wakes(gone("other")));
}

#[test]
fn a_pod_of_the_same_kind_that_goes_wakes_a_spread() {
    let spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
                  labelSelector: {matchLabels: {app: same}}}], ";
    let second = NODE.replace("n1", "n2").replace("cpu: '2'", "cpu: '0'");
    // The pod counts itself by its own labels; those of `same` are counted with it.
    let same = |name: &str| pod(name, "nodeName: n1, ", "").replace(&format!("app: {name}}}"), "app: same}");
    let waits = pod("waits", spread, &asking("100m")).replace("app: waits}", "app: same}");
    let text = [NODE, &second, &same("one"), &pod("other", "nodeName: n1, ", ""), &waits].concat();
    assert!(Waiting::new(&text).wakes(gone("one")));
    assert!(!Waiting::new(&text).wakes(bound("other")), "another kind");
}

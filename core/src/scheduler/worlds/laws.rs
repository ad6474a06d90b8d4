//! Laws that hold of every decision in every world: what a change of the world may change of the answer, and what it may not.

use super::*;
use crate::cluster::labels::Labels as NodeLabels;
use crate::scheduler::attempt::Matrix;
use crate::scheduler::plugins::Plugin;
use crate::scheduler::status::Refusal;

/// A world in which some pods have their places, and one pod to ask about.
fn lived_in(seed: u64) -> (World, PodId) {
    let mut world = World::new(seed);
    for step in 0..25 {
        let now = Time::at(step * SECOND);
        let pod = world.add_pod();
        let attempt = world.kept.attempt(&world.cluster, pod, now, Detail::Decision);
        world.carry_out(&attempt, now);
        if world.one_in(3) {
            world.stir(now);
        }
    }
    let pod = world.add_pod();
    (world, pod)
}

/// Everything that the scheduler says of a pod in a cluster that it sees for the first time; every node is looked at.
fn asked(cluster: &Cluster, pod: PodId) -> (Attempt, Vec<NodeId>) {
    let mut cluster = cluster.clone();
    let config = SchedulerConfig::standard(&mut cluster.text);
    let mut scheduler = Scheduler::new(&config, &cluster);
    let attempt = scheduler.attempt(&cluster, pod, Time::at(1000 * SECOND), Detail::Full);
    (attempt, scheduler.node_order().to_vec())
}

/// Why a node does not do; none where it does.
fn refusal((attempt, order): &(Attempt, Vec<NodeId>), node: NodeId) -> Option<&Refusal> {
    let at = order.iter().position(|&known| known == node)?;
    match attempt.matrix.as_deref() {
        None => attempt.prefilter.as_ref(),
        Some(Matrix { filter, fails, .. }) => usize::try_from(filter[at] - 1).ok().map(|k| &fails[k]),
    }
}

fn nodes(cluster: &Cluster) -> Vec<NodeId> {
    cluster.live_nodes().map(|(id, _)| id).collect()
}

#[test]
fn an_added_taint_never_makes_a_node_feasible() {
    let (mut kept_off, mut looked) = (0, 0);
    for seed in 0..120 {
        let (world, pod) = lived_in(seed);
        let before = asked(&world.cluster, pod);
        for node in nodes(&world.cluster) {
            let mut tainted = world.cluster.clone();
            let key = tainted.text.intern("added");
            tainted.nodes[node.index()].taints.push(Taint { key, value: Sym::EMPTY, effect: TaintEffect::NoSchedule });
            let after = asked(&tainted, pod);
            looked += 1;
            let (was, is) = (refusal(&before, node).is_some(), refusal(&after, node).is_some());
            assert!(is || !was, "seed {seed}: a taint opened {node:?}");
            kept_off += usize::from(is && !was);
        }
    }
    assert!(kept_off > 50 && looked > 500, "both happen: {kept_off} of {looked}");
}

#[test]
fn renamed_nodes_get_the_same_answer() {
    let mut placed = 0;
    for seed in 0..200 {
        let (world, pod) = lived_in(seed);
        let mut renamed = world.cluster.clone();
        let hostname = renamed.text.intern("kubernetes.io/hostname");
        let count = renamed.nodes.len();
        for at in 0..count {
            // The order of names is turned round, too.
            let name = renamed.text.intern(&format!("other-{:03}", count - at));
            renamed.nodes[at].name = name;
            if renamed.nodes[at].labels.get(hostname).is_some() {
                renamed.nodes[at].labels.set(hostname, name);
            }
        }
        let (before, after) = (asked(&world.cluster, pod), asked(&renamed, pod));
        assert_eq!(before.1, after.1, "seed {seed}: the order of nodes");
        assert_eq!(before.0.outcome, after.0.outcome, "seed {seed}");
        assert_eq!(before.0.matrix, after.0.matrix, "seed {seed}");
        assert_eq!(before.0.preemption, after.0.preemption, "seed {seed}");
        placed += usize::from(before.0.node().is_some());
    }
    assert!(placed > 20, "{placed}");
}

#[test]
fn an_untouched_node_more_never_changes_why_another_failed() {
    let (mut refused, mut by_domains) = (0, 0);
    for seed in 0..200 {
        let (world, pod) = lived_in(seed);
        let Some(&model) = nodes(&world.cluster).first() else { continue };
        let before = asked(&world.cluster, pod);
        for labelled in [false, true] {
            let mut more = world.cluster.clone();
            let (name, hostname) = (more.text.intern("one-more"), more.text.intern("kubernetes.io/hostname"));
            let mut node = Node { name, pods: Vec::new(), ..more.node(model).clone() };
            if labelled {
                // A domain of its own.
                node.labels.set(hostname, name);
            } else {
                node.labels = NodeLabels::default();
                node.zone_key = Sym::EMPTY;
            }
            more.nodes.push(node);
            let after = asked(&more, pod);
            for node in nodes(&world.cluster) {
                let (was, is) = (refusal(&before, node), refusal(&after, node));
                let by = was.and_then(|refusal| refusal.plugin);
                // An empty domain more is what a spread constraint looks at, and what comes after it in the order of plugins is hidden by it.
                if labelled && by.is_none_or(|plugin| plugin >= Plugin::PodTopologySpread) {
                    by_domains += usize::from(was != is);
                    continue;
                }
                refused += usize::from(was.is_some());
                assert_eq!(was, is, "seed {seed}, labelled {labelled}: {node:?}");
            }
        }
    }
    assert!(refused > 500 && by_domains > 0, "{refused} refusals, {by_domains} by domains");
}

#[test]
fn the_order_of_bound_pods_decides_nothing() {
    let mut scored = 0;
    for seed in 0..200 {
        let (mut world, pod) = lived_in(seed);
        let mut order: Vec<usize> = (0..pod.index()).collect();
        world.chance.shuffle(&mut order);
        let mut shuffled = world.cluster.clone();
        for (to, &from) in order.iter().enumerate() {
            shuffled.pods[to] = world.cluster.pods[from].clone();
        }
        let moved = |id: PodId| order.iter().position(|&from| from == id.index()).map_or(id, PodId::from_index);
        for node in &mut shuffled.nodes {
            node.pods.iter_mut().for_each(|id| *id = moved(*id));
        }
        let (before, after) = (asked(&world.cluster, pod), asked(&shuffled, pod));
        assert_eq!(before.0.outcome, after.0.outcome, "seed {seed}");
        assert_eq!(before.0.message, after.0.message, "seed {seed}");
        assert_eq!(before.0.matrix, after.0.matrix, "seed {seed}");
        scored += usize::from(before.0.matrix.as_ref().is_some_and(|matrix| !matrix.scores.is_empty()));
    }
    assert!(scored > 20, "{scored}");
}

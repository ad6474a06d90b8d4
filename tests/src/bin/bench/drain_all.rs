//! `bench drain-all`: every node of a cluster is drained in turn, uncordoned when it is empty, and every workload has a budget.

use std::process::ExitCode;

use serde_json::json;
use wavetank_core::cluster::build::{ClusterOptions, build};
use wavetank_core::engine::drain::{DrainOptions, DrainStatus};
use wavetank_core::engine::{Ended, Sim, SimOptions};
use wavetank_core::manifest::{Limits, SourceSet, read};
use wavetank_core::units::time::{MINUTE, Time};

use crate::measure::{peak_bytes, timed};
use crate::worlds;

/// How large.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Nodes, over three zones.
    #[arg(long, default_value_t = 500)]
    nodes: usize,
    /// Deployments, each with a budget of one.
    #[arg(long, default_value_t = 200)]
    deployments: usize,
    /// Replicas of each.
    #[arg(long, default_value_t = 50)]
    replicas: usize,
    /// Nodes that are drained at the same time.
    #[arg(long, default_value_t = 10)]
    at_once: usize,
}

/// Settles, drains batch after batch.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut sources = SourceSet::default();
    sources.add("nodes.yaml", worlds::nodes(args.nodes, 16, 64, 110));
    sources.add("apps.yaml", worlds::deployments(args.deployments, args.replicas));
    sources.add("budgets.yaml", worlds::budgets(args.deployments));
    let built = build(&read(sources, &Limits::default()), &ClusterOptions::default());
    let ((mut sim, _, settle_ended), settle_seconds) = timed(|| Sim::settled(built.cluster, &SimOptions::default()));
    let nodes: Vec<_> = sim.cluster().live_nodes().map(|(id, _)| id).collect();
    let options = DrainOptions { ignore_daemon_sets: true, delete_empty_dir_data: true, ..DrainOptions::default() };
    let (stuck, seconds) = timed(|| {
        let mut stuck = 0;
        for batch in nodes.chunks(args.at_once.max(1)) {
            let ids: Vec<_> = batch
                .iter()
                .map(|&node| {
                    let (drains, api) = sim.drains_mut();
                    drains.start(api, node, options, None)
                })
                .collect();
            let under_way = |sim: &Sim| ids.iter().any(|&id| sim.drains().get(id).is_some_and(|d| d.status == DrainStatus::UnderWay));
            let end = sim.now() + 24 * 60 * MINUTE;
            if sim.run_watched(end, |sim| under_way(sim)) == Ended::BudgetSpent || under_way(&sim) {
                stuck += 1;
            }
            for &node in batch {
                sim.api_mut().set_unschedulable(node, false);
            }
        }
        stuck
    });
    let rest = sim.run_until(sim.now() + 60 * MINUTE);
    let evicted = sim.drains().all().iter().map(|d| d.pods.len()).sum::<usize>();
    let events = sim.api().trace().len();
    let line = json!({
        "bench": "drain-all", "nodes": args.nodes, "pods": args.deployments * args.replicas, "at_once": args.at_once,
        "settle_seconds": settle_seconds, "settle_ended": settle_ended, "seconds": seconds, "events": events,
        "events_per_second": (events as f64 / seconds).round(), "evicted": evicted, "stuck_batches": stuck, "rest": rest,
        "virtual_seconds": (sim.now() - Time::ZERO) / 1_000, "peak_bytes": peak_bytes(), "digest": sim.api().trace().digest(),
    });
    println!("{line}");
    ExitCode::SUCCESS
}

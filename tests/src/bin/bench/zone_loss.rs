//! `bench zone-loss`: a large cluster settles, then one zone of three is lost, until all is placed again.

use std::process::ExitCode;

use serde_json::json;
use wavetank_core::cluster::build::{ClusterOptions, build};
use wavetank_core::cluster::ids::NodeId;
use wavetank_core::engine::{Sim, SimOptions};
use wavetank_core::manifest::{Limits, SourceSet, read};
use wavetank_core::units::time::{MINUTE, Time};

use crate::measure::{held_bytes, peak_bytes, timed};
use crate::worlds;

/// How large.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Nodes, over three zones.
    #[arg(long, default_value_t = 5_000)]
    nodes: usize,
    /// Deployments.
    #[arg(long, default_value_t = 1_500)]
    deployments: usize,
    /// Replicas of each.
    #[arg(long, default_value_t = 100)]
    replicas: usize,
}

/// Settles, loses `zone-b`, runs to rest.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut sources = SourceSet::default();
    sources.add("nodes.yaml", worlds::nodes(args.nodes, 16, 64, 110));
    sources.add("apps.yaml", worlds::deployments(args.deployments, args.replicas));
    let (built, read_seconds) = timed(|| build(&read(sources, &Limits::default()), &ClusterOptions::default()));
    let read_bytes = held_bytes();
    let ((mut sim, settle_trace, settle_ended), settle_seconds) = timed(|| Sim::settled(built.cluster, &SimOptions::default()));
    let settle_bytes = held_bytes();
    let lost: Vec<NodeId> = match sim.cluster().zone_named("zone-b") {
        Some(zone) => sim.cluster().live_nodes().filter(|(_, n)| n.zone == zone).map(|(id, _)| id).collect(),
        None => Vec::new(),
    };
    let (ended, seconds) = timed(|| {
        for &node in &lost {
            sim.api_mut().set_machine_alive(node, false);
        }
        sim.run_until(Time::ZERO + 24 * 60 * MINUTE)
    });
    let (end_bytes, peak_bytes) = (held_bytes(), peak_bytes());
    // After what the run itself takes is known.
    let (fork, fork_seconds) = timed(|| sim.clone());
    let fork_bytes = held_bytes().saturating_sub(end_bytes);
    drop(fork);
    let cluster = sim.cluster();
    let pods = cluster.live_pods().count();
    let unscheduled = cluster.live_pods().filter(|(_, p)| p.is_unscheduled()).count();
    let line = json!({
        "bench": "zone-loss", "nodes": args.nodes, "pods": args.deployments * args.replicas, "lost_nodes": lost.len(),
        "read_seconds": read_seconds, "settle_seconds": settle_seconds, "settle_events": settle_trace.len(), "settle_ended": settle_ended,
        "fork_seconds": fork_seconds, "seconds": seconds, "events": sim.api().trace().len(), "ended": ended,
        "virtual_seconds": sim.now().millis() / 1_000, "pods_after": pods, "unscheduled": unscheduled, "read_bytes": read_bytes,
        "settle_bytes": settle_bytes, "fork_bytes": fork_bytes, "end_bytes": end_bytes, "peak_bytes": peak_bytes,
        "digest": sim.api().trace().digest(),
    });
    println!("{line}");
    ExitCode::SUCCESS
}

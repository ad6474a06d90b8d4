//! `bench rollout`: all Deployments of a large cluster get a new image at the same moment, until all is rolled out.

use std::process::ExitCode;

use serde_json::json;
use wavetank_core::cluster::build::{ClusterOptions, build};
use wavetank_core::engine::{Sim, SimOptions};
use wavetank_core::manifest::{Limits, SourceSet, read};
use wavetank_core::scenario::{self, Scenario, Step, Verb};
use wavetank_core::units::time::Time;

use crate::measure::{peak_bytes, timed};
use crate::worlds;

/// How large.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Nodes, over three zones.
    #[arg(long, default_value_t = 2_000)]
    nodes: usize,
    /// Deployments.
    #[arg(long, default_value_t = 1_000)]
    deployments: usize,
    /// Replicas of each.
    #[arg(long, default_value_t = 100)]
    replicas: usize,
}

/// Settles, rolls out, runs to rest.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut sources = SourceSet::default();
    sources.add("nodes.yaml", worlds::nodes(args.nodes, 16, 64, 110));
    sources.add("apps.yaml", worlds::deployments(args.deployments, args.replicas));
    let built = build(&read(sources, &Limits::default()), &ClusterOptions::default());
    let ((mut sim, _, settle_ended), settle_seconds) = timed(|| Sim::settled(built.cluster, &SimOptions::default()));
    let rollout = |i: usize| Verb::Rollout {
        workload: format!("deployment/app-{i:04}"),
        image: Some("registry.example/app:2".to_owned()),
        container: None,
        broken: false,
    };
    let scenario = Scenario::of_steps("rollout", (0..args.deployments).map(|i| Step::at(Time::ZERO, rollout(i))).collect());
    let (outcome, seconds) = timed(|| scenario::run(&mut sim, &scenario));
    let cluster = sim.cluster();
    let done = cluster.deployments.iter().filter(|d| d.status.updated == d.replicas && d.status.available == d.replicas).count();
    let events = sim.api().trace().len();
    let line = json!({
        "bench": "rollout", "nodes": args.nodes, "deployments": args.deployments, "pods": args.deployments * args.replicas,
        "settle_seconds": settle_seconds, "settle_ended": settle_ended, "seconds": seconds, "events": events,
        "events_per_second": (events as f64 / seconds).round(), "ended": outcome.ended, "virtual_seconds": sim.now().millis() / 1_000,
        "rolled_out": done, "peak_bytes": peak_bytes(), "digest": sim.api().trace().digest(),
    });
    println!("{line}");
    ExitCode::SUCCESS
}

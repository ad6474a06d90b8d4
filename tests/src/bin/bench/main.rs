//! `bench NAME`: one JSON line per measure. Numbers to read, never to assert: machines differ.

mod drain_all;
mod fuzz;
mod measure;
mod read;
mod rollout;
mod schedule;
mod worlds;
mod year;
mod zone_loss;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures Wavetank on whole pieces of work; prints a JSON line each.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    name: Name,
}

#[derive(Subcommand)]
enum Name {
    /// Draining all nodes of a cluster where every workload has a budget.
    DrainAll(drain_all::Args),
    /// Random worlds with all invariants checked.
    Fuzz(fuzz::Args),
    /// Reading manifests: resources per second on one core.
    Read(read::Args),
    /// Rolling out all Deployments of a large cluster at once.
    Rollout(rollout::Args),
    /// Placing pods: pods per second on one core.
    Schedule(schedule::Args),
    /// A year of CronJobs and autoscalers.
    Year(year::Args),
    /// Losing one zone of three of a large cluster.
    ZoneLoss(zone_loss::Args),
}

fn main() -> ExitCode {
    match Arguments::parse().name {
        Name::DrainAll(args) => drain_all::run(&args),
        Name::Fuzz(args) => fuzz::run(&args),
        Name::Rollout(args) => rollout::run(&args),
        Name::Read(args) => read::run(&args),
        Name::Schedule(args) => schedule::run(&args),
        Name::Year(args) => year::run(&args),
        Name::ZoneLoss(args) => zone_loss::run(&args),
    }
}

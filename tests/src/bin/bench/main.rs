//! `bench NAME`: one JSON line per measure. Numbers to read, never to assert: machines differ.

mod measure;
mod read;
mod schedule;
mod worlds;
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
    /// Reading manifests: resources per second on one core.
    Read(read::Args),
    /// Placing pods: pods per second on one core.
    Schedule(schedule::Args),
    /// Losing one zone of three of a large cluster.
    ZoneLoss(zone_loss::Args),
}

fn main() -> ExitCode {
    match Arguments::parse().name {
        Name::Read(args) => read::run(&args),
        Name::Schedule(args) => schedule::run(&args),
        Name::ZoneLoss(args) => zone_loss::run(&args),
    }
}

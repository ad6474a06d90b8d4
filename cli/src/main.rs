//! wavetank: what would the cluster do? One file per verb.

mod serve;

use std::process::ExitCode;

use clap::Parser;

/// See what a Kubernetes cluster would do with your manifests, by Kubernetes' own rules.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Serve(serve::Serve),
}

fn main() -> ExitCode {
    match Arguments::parse().verb {
        Verb::Serve(options) => serve::run(&options),
    }
}

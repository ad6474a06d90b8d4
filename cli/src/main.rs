//! wavetank: what would the cluster do? One file per verb, each with its `Args` and `run(&Args, &Context)`.

mod capacity;
mod check;
mod cluster;
mod compare;
mod context;
mod diagnostics;
mod explain;
mod failure;
mod graph;
mod input;
mod output;
mod run;
mod schema;
mod serve;
mod share;
mod steps;
mod sweep;
mod test;
mod what_if;

use std::process::ExitCode;

use clap::Parser;

use context::{Context, GlobalArgs};

/// See what a Kubernetes cluster would do with your manifests, by Kubernetes' own rules and without a cluster.
#[derive(Parser)]
#[command(version, max_term_width = 110, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Exit codes: 0 all is well, 1 something does not hold, 2 bad usage or input that could not be read,
3 a comparison found a difference (compare --detailed-exitcode).";

#[derive(clap::Subcommand)]
enum Verb {
    Run(Box<run::Args>),
    Explain(Box<explain::Args>),
    Capacity(Box<capacity::Args>),
    Graph(graph::Args),
    Serve(serve::Args),
    Share(Box<share::Args>),
    Test(test::Args),
    Sweep(sweep::Args),
    Compare(Box<compare::Args>),
    Check(check::Args),
    Schema(schema::Args),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let context = Context::new(&arguments.global);
    let done = match &arguments.verb {
        Verb::Run(args) => run::run(args, &context),
        Verb::Explain(args) => explain::run(args, &context),
        Verb::Capacity(args) => capacity::run(args, &context),
        Verb::Graph(args) => graph::run(args, &context),
        Verb::Serve(args) => serve::run(args, &context),
        Verb::Share(args) => share::run(args, &context),
        Verb::Test(args) => test::run(args, &context),
        Verb::Sweep(args) => sweep::run(args, &context),
        Verb::Compare(args) => compare::run(args, &context),
        Verb::Check(args) => check::run(args, &context),
        Verb::Schema(args) => schema::run(args, &context),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => error.report(&context),
    }
}

//! `conformance KIND DIR… [--json]`: compares Wavetank's answers with recorded ones of real Kubernetes components.
//!
//! Prints per family how many cases agree, the first disagreements, and as last line `KIND: agree/total`; exits 0 only if all agree.

mod apiserver;
mod controlplane;
mod scheduler;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use wavetank_tests::conformance_report::Report;

/// Compares Wavetank's answers with recorded ones of real Kubernetes components.
#[derive(Parser)]
#[command(name = "conformance")]
struct Arguments {
    /// What was recorded.
    kind: Kind,
    /// Folders with the recordings of that kind.
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Of scenarios, print every part that disagrees and what happened, to look into a few.
    #[arg(long)]
    trace: bool,
    /// Of scenarios, decide with this seed what Kubernetes leaves open: what agrees with 0 alone hangs on an order that no rule gives.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// What the API server makes of objects.
    Apiserver,
    /// What controllers do over time.
    Controlplane,
    /// Where the scheduler puts pods, and why.
    Scheduler,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let judged = match arguments.kind {
        Kind::Apiserver => apiserver::judge(&arguments.dirs),
        Kind::Controlplane => controlplane::judge(&arguments.dirs, arguments.trace, arguments.seed),
        Kind::Scheduler => scheduler::judge(&arguments.dirs),
    };
    match judged {
        Ok(report) => {
            report.print(arguments.json);
            if Report::all_agree(&report) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(2)
        }
    }
}

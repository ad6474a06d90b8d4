//! `bench year`: a year of CronJobs that are due every hour and of autoscaled Deployments whose load follows the day.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;
use wavetank_core::cluster::build::{ClusterOptions, build};
use wavetank_core::engine::{Sim, SimOptions};
use wavetank_core::manifest::{Limits, SourceSet, read};
use wavetank_core::units::time::{MINUTE, Time};

use crate::measure::{peak_bytes, timed};
use crate::worlds;

/// How much, for how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Nodes, over three zones.
    #[arg(long, default_value_t = 100)]
    nodes: usize,
    /// CronJobs, each due once an hour.
    #[arg(long, default_value_t = 50)]
    cron_jobs: usize,
    /// Deployments with an autoscaler.
    #[arg(long, default_value_t = 20)]
    autoscalers: usize,
    /// Days.
    #[arg(long, default_value_t = 365)]
    days: usize,
}

/// Settles and lets the time go by.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut sources = SourceSet::default();
    sources.add("nodes.yaml", worlds::nodes(args.nodes, 16, 64, 110));
    sources.add("apps.yaml", worlds::deployments(args.autoscalers, 3));
    sources.add("autoscalers.yaml", autoscalers(args.autoscalers));
    sources.add("load.yaml", loads(args.autoscalers, args.days));
    sources.add("clock.yaml", cron_jobs(args.cron_jobs));
    let built = build(&read(sources, &Limits::default()), &ClusterOptions::default());
    let options = SimOptions { budget: Some(u64::MAX), ..SimOptions::default() };
    let ((mut sim, _, settle_ended), settle_seconds) = timed(|| Sim::settled(built.cluster, &options));
    let (ended, seconds) = timed(|| sim.run_until(Time::ZERO + args.days as i64 * 24 * 60 * MINUTE));
    let events = sim.api().trace().len();
    let line = json!({
        "bench": "year", "nodes": args.nodes, "cron_jobs": args.cron_jobs, "autoscalers": args.autoscalers, "days": args.days,
        "settle_seconds": settle_seconds, "settle_ended": settle_ended, "seconds": seconds, "ended": ended, "events": events,
        "events_per_second": (events as f64 / seconds).round(), "pods_made": sim.cluster().pods.len(),
        "virtual_seconds_per_second": (sim.now().millis() as f64 / 1_000.0 / seconds).round(), "peak_bytes": peak_bytes(),
        "digest": sim.api().trace().digest(),
    });
    println!("{line}");
    ExitCode::SUCCESS
}

fn autoscalers(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: app-{i:04}}}\nspec:\n  \
             scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: app-{i:04}}}\n  minReplicas: 2\n  maxReplicas: 20\n  \
             metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 60}}}}}}]\n"
        );
    }
    text
}

/// Four levels a day: night, morning, noon, evening; each Deployment a little later than the one before it.
fn loads(count: usize, days: usize) -> String {
    let mut text = "apiVersion: wavetank.dev/v1alpha1\nkind: Behavior\nmetadata: {name: days}\nspec:\n  workloads:\n".to_owned();
    for i in 0..count {
        let _ = writeln!(text, "    - match: deployment/app-{i:04}\n      load:");
        for quarter in 0..days * 4 {
            let milli = [200, 700, 1_100, 500][quarter % 4];
            let _ = writeln!(text, "        - {{at: {}s, cpu: {milli}m}}", quarter * 6 * 3_600 + i * 60);
        }
    }
    text
}

fn cron_jobs(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: clock-{i:04}}}\nspec:\n  schedule: \"{} * * * *\"\n  jobTemplate:\n    \
             spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers: [{{name: main, image: \"clock:1\", resources: {{requests: {{cpu: 100m}}}}}}]\n",
            i % 60
        );
    }
    text
}

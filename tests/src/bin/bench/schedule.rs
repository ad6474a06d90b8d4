//! How many pods a second the scheduler places: the workloads of a bench file after Kubernetes' scheduler_perf.
//!
//! Owns making the clusters and carrying decisions out. Says nothing about whether decisions are right: conformance does.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde_json::{Value, json};
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::build::{Builder, ClusterOptions, Thing};
use wavetank_core::cluster::ids::{NodeId, PodId};
use wavetank_core::cluster::pod::{Phase, Pod, PodName};
use wavetank_core::manifest::Object;
use wavetank_core::scheduler::config::SchedulerConfig;
use wavetank_core::scheduler::{Detail, Outcome, Scheduler};
use wavetank_core::units::time::{SECOND, Time};

use crate::measure::{peak_bytes, timed};

/// Options of `bench schedule`.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The bench file.
    #[arg(long)]
    workloads: PathBuf,
    /// Only the workload of this name.
    #[arg(long)]
    only: Option<String>,
    /// Evaluate everything anew for every pod, as kube-scheduler does.
    #[arg(long)]
    plain: bool,
}

/// Runs the workloads and prints a JSON line for each.
pub(crate) fn run(args: &Args) -> ExitCode {
    match measure(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench schedule: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure(args: &Args) -> Result<(), String> {
    let text = std::fs::read_to_string(&args.workloads).map_err(|e| format!("{}: {e}", args.workloads.display()))?;
    let file: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    for workload in file["workloads"].as_array().into_iter().flatten() {
        let name = workload["name"].as_str().unwrap_or("");
        if args.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let mut world = World::new(workload, args.plain)?;
        let ((placed, digest), seconds) = timed(|| world.schedule());
        let pods = world.measured.len();
        let line = json!({
            "workload": name,
            "pods": pods,
            "placed": placed,
            "seconds": seconds,
            "pods_per_second": (pods as f64 / seconds).round(),
            "peak_bytes": peak_bytes(),
            "decisions": format!("{digest:016x}"),
        });
        println!("{line}");
    }
    Ok(())
}

/// A workload set up: nodes, pods that run, pods to be placed.
struct World {
    cluster: Cluster,
    scheduler: Scheduler,
    measured: Vec<PodId>,
}

impl World {
    fn new(workload: &Value, plain: bool) -> Result<World, String> {
        let mut cluster = Cluster::default();
        let config = SchedulerConfig::standard(&mut cluster.text);
        for object in workload["objects"].as_array().into_iter().flatten() {
            insert(&mut cluster, object)?;
        }
        let group = &workload["nodes"];
        for i in 0..count(group) {
            let mut node = member(group, i);
            let name = node["metadata"]["name"].clone();
            node["metadata"]["labels"]["kubernetes.io/hostname"] = name;
            insert(&mut cluster, &node)?;
        }
        for group in workload["before"].as_array().into_iter().flatten() {
            for (i, pod) in pods(&mut cluster, group)?.into_iter().enumerate() {
                let node = NodeId::from_index(i % cluster.nodes.len().max(1));
                place(&mut cluster, pod, node, Time::ZERO);
            }
        }
        let measured = pods(&mut cluster, &workload["measured"])?;
        let mut scheduler = Scheduler::new(&config, &cluster);
        scheduler.set_plain(plain);
        Ok(World { cluster, scheduler, measured })
    }

    /// Places one pod after the other: how many found a node, and a digest of all decisions.
    fn schedule(&mut self) -> (usize, u64) {
        let (mut placed, mut digest) = (0, 0xcbf2_9ce4_8422_2325u64);
        for (k, pod) in self.measured.clone().into_iter().enumerate() {
            let now = Time::at((k as i64 + 1) * SECOND);
            let mut attempt = self.scheduler.attempt(&self.cluster, pod, now, Detail::Decision);
            if let Some(chosen) = attempt.preemption.as_ref().and_then(|p| p.chosen()).cloned() {
                for victim in chosen.victims {
                    self.scheduler.pod_removed(&self.cluster, victim);
                    self.cluster.pods[victim.index()].gone = true;
                }
                self.cluster.pods[pod.index()].nominated = Some(chosen.node);
                self.scheduler.nominate(pod, Some(chosen.node));
                attempt = self.scheduler.attempt(&self.cluster, pod, now, Detail::Decision);
            }
            if let Outcome::Placed(node) = attempt.outcome {
                placed += 1;
                digest = (digest ^ u64::from(node.0)).wrapping_mul(0x0100_0000_01b3);
                place(&mut self.cluster, pod, node, now);
                self.scheduler.pod_bound(&self.cluster, pod);
            }
        }
        (placed, digest)
    }
}

fn count(group: &Value) -> usize {
    group["count"].as_u64().unwrap_or(0) as usize
}

/// The i-th copy of a group's template.
fn member(group: &Value, i: usize) -> Value {
    let mut object = group["template"].clone();
    object["metadata"]["name"] = json!(name_of(group, i));
    for (key, values) in group["labels"].as_object().into_iter().flatten() {
        if let Some(values) = values.as_array().filter(|v| !v.is_empty()) {
            object["metadata"]["labels"][key] = values[i % values.len()].clone();
        }
    }
    object
}

fn name_of(group: &Value, i: usize) -> String {
    group["name"].as_str().unwrap_or("").replace("%05d", &format!("{i:05}"))
}

fn insert(cluster: &mut Cluster, object: &Value) -> Result<Option<Thing>, String> {
    let object = Object::from_value(object.clone()).map_err(|e| e.to_string())?;
    let inserted = Builder::new(cluster, ClusterOptions::verbatim()).insert(&object, None);
    Ok(inserted.map(|i| i.thing))
}

/// The pods of a group. Copies share a template unless they differ in labels.
fn pods(cluster: &mut Cluster, group: &Value) -> Result<Vec<PodId>, String> {
    let shared = group["labels"].as_object().is_none_or(|l| l.is_empty());
    let mut pods: Vec<PodId> = Vec::new();
    for i in 0..count(group) {
        if let Some(&first) = pods.first().filter(|_| shared) {
            let name = PodName::Given(cluster.text.intern(&name_of(group, i)));
            let copy = Pod { name, ..cluster.pod(first).clone() };
            pods.push(PodId::from_index(cluster.pods.len()));
            cluster.pods.push(copy);
            continue;
        }
        match insert(cluster, &member(group, i))? {
            Some(Thing::Pod(id)) => pods.push(id),
            _ => return Err("a group of pods has something else in it".to_owned()),
        }
    }
    Ok(pods)
}

fn place(cluster: &mut Cluster, pod: PodId, node: NodeId, now: Time) {
    let bound = &mut cluster.pods[pod.index()];
    bound.node = Some(node);
    bound.nominated = None;
    bound.phase = Phase::Running;
    bound.started = Some(now);
}

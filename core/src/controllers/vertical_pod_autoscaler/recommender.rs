//! What a workload's containers should ask for (`vertical-pod-autoscaler/pkg/recommender/logic`): a percentile of what they used, and a margin.

use std::collections::BTreeMap;

use super::histogram::{Histogram, sum_after};
use crate::cluster::autoscalers::MetricSource;
use crate::cluster::pod::Phase;
use crate::cluster::vertical_autoscalers::{Estimate, Recommendation, VerticalAutoscaler};
use crate::cluster::{Cluster, Workload};
use crate::controllers::horizontal_pod_autoscaler::usage::Scene;
use crate::units::intern::Sym;
use crate::units::time::{MINUTE, Time};

/// How many minutes of history there are at the start, of the use at the start: as many as a recommender keeps.
const HISTORY: u32 = 8 * 1_440;
/// `--target-cpu-percentile`, and the bounds.
const TARGET: f64 = 0.9;
const LOWER: f64 = 0.5;
const UPPER: f64 = 0.95;
/// `--recommendation-margin-fraction`.
const MARGIN: f64 = 0.15;
/// `--pod-recommendation-min-cpu-millicores`, `--pod-recommendation-min-memory-mb`: for all containers together.
const LEAST_CPU: f64 = 25.0;
const LEAST_MEMORY: f64 = 250.0 * 1_048_576.0;
/// What eight days of history make of the bounds: (1 + 1/8)^1 and (1 + 0.001/8)^-2.
const UPPER_CONFIDENCE: f64 = 1.125;
const LOWER_CONFIDENCE: f64 = 1.0 / (1.000125 * 1.000125);
/// A sample of cpu weighs as many cores as are asked for, and at least this.
const LEAST_WEIGHT: f64 = 0.1;
/// Memory is looked at by its peak of each day.
const INTERVAL_MINUTES: u32 = 1_440;
/// How far ahead a change is looked for, at least: after so many days nothing of the past is left.
const HORIZON_MINUTES: u32 = 14 * 1_440;

/// What one container uses now: for each pod cores and the weight of that, and bytes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Samples {
    cpu: Vec<(f64, f64)>,
    memory: Vec<f64>,
}

/// What was seen of one container.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    now: Samples,
    cpu: Histogram,
    memory: Histogram,
    /// The peak of memory of this day, and how many pods have it.
    peak: (f64, f64),
}

/// What was seen of a workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    containers: BTreeMap<Sym, Seen>,
    /// Up to when it was looked at.
    until: Option<Time>,
    /// Minutes of this day.
    minutes: u32,
}

impl Memory {
    /// Whether anything is known.
    pub(super) fn is_empty(&self) -> bool {
        self.containers.is_empty()
    }

    /// Lets the time pass since the last look, with what was used then.
    pub(super) fn pass_until(&mut self, now: Time) {
        let minutes = self.until.map_or(0, |until| (now - until).div_euclid(MINUTE));
        self.until = Some(self.until.map_or(now, |until| until + minutes * MINUTE));
        self.pass(u32::try_from(minutes).unwrap_or(u32::MAX));
    }

    /// Lets minutes pass.
    fn pass(&mut self, minutes: u32) {
        let mut rest = minutes;
        while rest > 0 {
            let together = rest.min(INTERVAL_MINUTES - self.minutes);
            rest -= together;
            self.minutes = (self.minutes + together) % INTERVAL_MINUTES;
            for seen in self.containers.values_mut() {
                seen.pass(together);
                if self.minutes == 0 {
                    seen.memory.halve();
                    seen.begin_day();
                }
            }
        }
    }

    /// Takes what is used now. The first time this was so for the whole history.
    pub(super) fn look(&mut self, cluster: &Cluster, workload: Workload, now: Time) {
        for (container, samples) in samples(cluster, workload, now) {
            let known = self.containers.contains_key(&container);
            let seen = self.containers.entry(container).or_insert_with(|| Seen {
                now: Samples::default(),
                cpu: Histogram::of_cpu(),
                memory: Histogram::of_memory(),
                peak: (0.0, 0.0),
            });
            seen.now = samples;
            if !known {
                seen.remember();
            }
            seen.raise_peak();
        }
    }

    /// What is recommended now.
    pub(super) fn recommend(&self, scaler: &VerticalAutoscaler) -> Vec<Recommendation> {
        let count = self.containers.len().max(1) as f64;
        let mut all = Vec::new();
        for (&container, seen) in &self.containers {
            let policy = scaler.policy(container);
            if policy.is_some_and(|p| p.off) {
                continue;
            }
            let (cpu, memory) = policy.map_or((true, true), |p| p.controls);
            let (least, most) = policy.map_or(Default::default(), |p| (p.least, p.most));
            let cpu = cpu.then(|| estimate(&seen.cpu, 1_000.0, LEAST_CPU / count, least.0, most.0)).flatten();
            let memory = memory.then(|| estimate(&seen.memory, 1.0, LEAST_MEMORY / count, least.1, most.1)).flatten();
            all.push(Recommendation { container, cpu, memory });
        }
        all
    }

    /// When something else will be recommended if nothing changes but time; none if nothing will.
    pub(super) fn next_change(&self, scaler: &VerticalAutoscaler) -> Option<Time> {
        let until = self.until?;
        let now = self.recommend(scaler);
        let differs = |ahead: &Memory| ahead.recommend(scaler) != now;
        let (mut day, mut passed) = (self.clone(), 0);
        while passed < HORIZON_MINUTES {
            let left = INTERVAL_MINUTES - day.minutes;
            // Within a day shares of cpu go one way only, and memory stays: what differs before its last minute still does then.
            let mut eve = day.clone();
            eve.pass(left - 1);
            if differs(&eve) {
                let (mut same, mut other) = (0, left - 1);
                while other - same > 1 {
                    let middle = same.midpoint(other);
                    let mut ahead = day.clone();
                    ahead.pass(middle);
                    *(if differs(&ahead) { &mut other } else { &mut same }) = middle;
                }
                return Some(until + i64::from(passed + other) * MINUTE);
            }
            eve.pass(1);
            passed += left;
            day = eve;
            if differs(&day) {
                return Some(until + i64::from(passed) * MINUTE);
            }
        }
        None
    }
}

impl Seen {
    /// Minutes pass with a sample of cpu in each.
    fn pass(&mut self, minutes: u32) {
        self.cpu.age(minutes);
        let sum = sum_after(minutes);
        for &(used, weight) in &self.now.cpu {
            self.cpu.add(used, weight * sum);
        }
    }

    /// Eight days as they are now.
    fn remember(&mut self) {
        self.pass(HISTORY);
        for _ in 0..HISTORY / INTERVAL_MINUTES {
            self.memory.halve();
            for &used in &self.now.memory {
                self.memory.add(used, 1.0);
            }
        }
        self.begin_day();
    }

    /// A day begins: its peak is what is used now.
    fn begin_day(&mut self) {
        self.peak = (0.0, 0.0);
        self.raise_peak();
    }

    /// A higher peak takes the place of the one that the day had.
    fn raise_peak(&mut self) {
        let highest = self.now.memory.iter().copied().fold(0.0, f64::max);
        if highest <= self.peak.0 || self.now.memory.is_empty() {
            return;
        }
        if self.peak.1 > 0.0 {
            self.memory.take_back(self.peak.0, self.peak.1);
        }
        self.peak = (highest, self.now.memory.len() as f64);
        self.memory.add(self.peak.0, self.peak.1);
    }
}

/// Percentile, margin, confidence, least amount, policy.
fn estimate(histogram: &Histogram, unit: f64, least: f64, min: Option<i64>, max: Option<i64>) -> Option<Estimate> {
    let of = |share: f64, confidence: f64| {
        let base = (histogram.percentile(share)? * unit).round();
        let amount = ((base + (base * MARGIN).trunc()) * confidence).max(least);
        // What is not a whole unit is rounded up, as a quantity of it is.
        let amount = (amount - 1e-6).ceil() as i64;
        let amount = min.filter(|&m| m > 0).map_or(amount, |m| amount.max(m));
        Some(max.filter(|&m| m > 0).map_or(amount, |m| amount.min(m)))
    };
    Some(Estimate { target: of(TARGET, 1.0)?, lower: of(LOWER, LOWER_CONFIDENCE)?, upper: of(UPPER, UPPER_CONFIDENCE)? })
}

/// What the running pods of a workload use, container by container.
fn samples(cluster: &Cluster, workload: Workload, now: Time) -> BTreeMap<Sym, Samples> {
    let scene = Scene::new(cluster, workload, now);
    let mut all: BTreeMap<Sym, Samples> = BTreeMap::new();
    let (Some(cpu), Some(memory)) = (cluster.text.get("cpu"), cluster.text.get("memory")) else { return all };
    let Some(&first) = scene.pods.first() else { return all };
    for container in &cluster.template_of(first).containers {
        let of = |name: Sym| scene.samples(MetricSource::Resource { name, container: Some(container.name) });
        let samples = all.entry(container.name).or_default();
        for ((&id, cpu), memory) in scene.pods.iter().zip(of(cpu)).zip(of(memory)) {
            let pod = cluster.pod(id);
            let heard = pod.node.is_some_and(|node| cluster.node(node).kubelet_alive);
            if pod.phase != Phase::Running || !heard || pod.deletion.is_some() {
                continue;
            }
            let template = cluster.template_of(id);
            let Some(own) = template.containers.iter().find(|c| c.name == container.name) else { continue };
            // Where nothing is said a pod uses what it was written to ask for.
            let cpu = cpu.unwrap_or(own.requests.cpu_milli) as f64 / 1_000.0;
            let weight = (own.requests.cpu_milli as f64 / 1_000.0).max(LEAST_WEIGHT);
            samples.cpu.push((cpu, weight));
            samples.memory.push(memory.map_or(own.requests.memory, |milli| milli / 1_000) as f64);
        }
    }
    all.retain(|_, samples| !samples.memory.is_empty());
    all
}

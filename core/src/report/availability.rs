//! Where a workload's availability went: of the pods it wanted, for how long each was there, and what took the rest.

use serde::{Deserialize, Serialize};

use super::model::{CauseCost, Outage, Report};
use crate::units::arrange::Arrange;

/// What a workload wanted and what it had, from the first step to the end of watching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// Pods wanted, times how long each was wanted: milliseconds.
    pub wanted_pod_ms: i64,
    /// Of these, how long they served.
    pub served_pod_ms: i64,
    /// What took the rest, the most first: it adds up to what is missing.
    pub causes: Vec<CauseCost>,
    /// When fewer served than were wanted, in order; the first of very many.
    pub outages: Vec<Outage>,
}

impl Availability {
    /// Hundredths of a percent that were served; all of it where nothing was wanted.
    #[must_use]
    pub fn served_of_10000(&self) -> i64 {
        let served = i128::from(self.served_pod_ms) * 10_000;
        if self.wanted_pod_ms <= 0 { 10_000 } else { (served / i128::from(self.wanted_pod_ms)) as i64 }
    }
}

/// Outages that are not told one by one, because there are too many in the run.
const REST: &str = "outages that are not told one by one";

/// Where the availability of a workload (`deployment/web`) went; none where there is no such workload, or it ends by itself.
#[must_use]
pub fn availability(report: &Report, label: &str) -> Option<Availability> {
    let workload = report.workloads.iter().find(|workload| workload.label == label && workload.completions.is_none())?;
    let (mut wanted, mut served) = (0_i64, 0_i64);
    for (nth, point) in workload.series.iter().enumerate() {
        let next = workload.series.get(nth + 1).map_or(report.until_ms, |next| next.at_ms);
        let length = (next - point.at_ms).max(0);
        wanted = wanted.saturating_add(i64::from(point.desired.max(0)).saturating_mul(length));
        served = served.saturating_add(i64::from(point.serving.clamp(0, point.desired.max(0))).saturating_mul(length));
    }
    let outages: Vec<Outage> = report.measures.outages.iter().filter(|outage| outage.workload == label).cloned().collect();
    let mut causes: Vec<CauseCost> = Vec::new();
    let mut add = |cause: &str, lost_pod_ms: i64| match causes.iter_mut().find(|known| known.cause == cause) {
        Some(known) => known.lost_pod_ms = known.lost_pod_ms.saturating_add(lost_pod_ms),
        None => causes.push(CauseCost { cause: cause.to_owned(), lost_pod_ms }),
    };
    outages.iter().for_each(|outage| add(&outage.cause, outage.lost_pod_ms));
    let told: i64 = outages.iter().map(|outage| outage.lost_pod_ms).sum();
    if wanted - served > told {
        add(REST, wanted - served - told);
    }
    causes.arrange_by_key(|cost| std::cmp::Reverse(cost.lost_pod_ms));
    Some(Availability { wanted_pod_ms: wanted, served_pod_ms: served, causes, outages })
}

/// What an entry of the timeline set off: entries by position, each with how many causes lie between; itself first, with none.
#[must_use]
pub fn set_off(report: &Report, entry: usize) -> Vec<(usize, usize)> {
    if entry >= report.timeline.len() {
        return Vec::new();
    }
    let mut found: Vec<(usize, usize)> = vec![(entry, 0)];
    let mut depth: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::from([(entry, 0)]);
    for (nth, of) in report.timeline.iter().enumerate().skip(entry + 1) {
        if let Some(&above) = of.because.and_then(|because| depth.get(&because)) {
            depth.insert(nth, above + 1);
            found.push((nth, above + 1));
        }
    }
    found
}

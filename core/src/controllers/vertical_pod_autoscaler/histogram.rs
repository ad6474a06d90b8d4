//! Decaying histograms with exponential buckets (`vertical-pod-autoscaler/pkg/recommender/util/{histogram,decaying_histogram}.go`): half of what
//! was seen a day ago is forgotten.

use std::collections::BTreeMap;

/// How much larger each bucket is than the one before it.
const GROWTH: f64 = 1.05;
/// 2^(-1/1440): what is left of a sample's weight after a minute of a half-life of 24 hours.
const LEFT_AFTER_A_MINUTE: f64 = 0.9995187636226662;
/// Weights below this count as nothing (`epsilon`).
const NOTHING: f64 = 0.0001;

/// A histogram: weights by bucket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    /// The size of the first bucket.
    first: f64,
    /// The largest value that is told apart.
    most: f64,
    weights: BTreeMap<u32, f64>,
}

/// What is left of a weight after so many minutes. By multiplications alone, which give the same everywhere.
fn left_after(minutes: u32) -> f64 {
    let (mut left, mut square, mut rest) = (1.0, LEFT_AFTER_A_MINUTE, minutes);
    while rest > 0 {
        if rest % 2 == 1 {
            left *= square;
        }
        square *= square;
        rest /= 2;
    }
    left
}

/// What a weight that was added at the end of each of the last so many minutes has come to, for each unit of it.
pub(super) fn sum_after(minutes: u32) -> f64 {
    (1.0 - left_after(minutes)) / (1.0 - LEFT_AFTER_A_MINUTE)
}

impl Histogram {
    /// For cpu, in cores.
    pub(super) fn of_cpu() -> Histogram {
        Histogram { first: 0.01, most: 1_000.0, weights: BTreeMap::new() }
    }

    /// For memory, in bytes.
    pub(super) fn of_memory() -> Histogram {
        Histogram { first: 1e7, most: 1e12, weights: BTreeMap::new() }
    }

    /// The bucket of a value, and where the next one begins.
    fn bucket(&self, value: f64) -> (u32, f64) {
        let (mut number, mut size, mut end) = (0, self.first, self.first);
        while value >= end && end < self.most {
            size *= GROWTH;
            end += size;
            number += 1;
        }
        (number, end)
    }

    /// Where a bucket ends.
    fn end_of(&self, bucket: u32) -> f64 {
        let (mut size, mut end) = (self.first, self.first);
        for _ in 0..bucket {
            size *= GROWTH;
            end += size;
        }
        end
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, value: f64, weight: f64) {
        *self.weights.entry(self.bucket(value).0).or_insert(0.0) += weight;
    }

    /// Takes a sample back.
    pub(super) fn take_back(&mut self, value: f64, weight: f64) {
        if let Some(own) = self.weights.get_mut(&self.bucket(value).0) {
            *own -= weight;
        }
        self.weights.retain(|_, weight| *weight >= NOTHING);
    }

    /// Minutes pass.
    pub(super) fn age(&mut self, minutes: u32) {
        let left = left_after(minutes);
        self.weights.values_mut().for_each(|weight| *weight *= left);
        self.weights.retain(|_, weight| *weight >= NOTHING);
    }

    /// A half-life passes.
    pub(super) fn halve(&mut self) {
        self.weights.values_mut().for_each(|weight| *weight *= 0.5);
        self.weights.retain(|_, weight| *weight >= NOTHING);
    }

    /// The end of the bucket below which so large a share of all weight is; none without samples.
    pub(super) fn percentile(&self, share: f64) -> Option<f64> {
        let wanted = share * self.weights.values().sum::<f64>();
        let mut sum = 0.0;
        let mut last = None;
        for (&bucket, &weight) in &self.weights {
            sum += weight;
            last = Some(bucket);
            if sum >= wanted {
                break;
            }
        }
        last.map(|bucket| self.end_of(bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_ends_of_buckets() {
        let mut histogram = Histogram::of_cpu();
        assert_eq!(histogram.percentile(0.5), None);
        (0..9).for_each(|_| histogram.add(0.1, 1.0));
        histogram.add(1.0, 1.0);
        let (half, most) = (histogram.percentile(0.5).unwrap_or(0.0), histogram.percentile(0.95).unwrap_or(0.0));
        assert!((0.1..0.115).contains(&half) && (1.0..1.06).contains(&most), "{half} {most}");
    }

    #[test]
    fn a_day_halves_what_was_seen() {
        let mut histogram = Histogram::of_memory();
        histogram.add(5e8, 8.0);
        histogram.age(1_440);
        histogram.add(1e9, 4.5);
        assert!(histogram.percentile(0.5).is_some_and(|p| p > 1e9), "4 of 8 are left");
        histogram.take_back(1e9, 4.5);
        assert!(histogram.percentile(0.5).is_some_and(|p| p < 5.4e8));
    }

    #[test]
    fn many_minutes_at_once_are_as_many_minutes_one_by_one() {
        let (mut at_once, mut one_by_one) = (Histogram::of_cpu(), Histogram::of_cpu());
        for histogram in [&mut at_once, &mut one_by_one] {
            histogram.add(0.3, 2.0);
        }
        at_once.age(200);
        at_once.add(0.7, 0.5 * sum_after(200));
        for _ in 0..200 {
            one_by_one.age(1);
            one_by_one.add(0.7, 0.5);
        }
        let weights = at_once.weights.iter().zip(&one_by_one.weights);
        assert!(weights.clone().count() == 2 && weights.into_iter().all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9));
    }
}

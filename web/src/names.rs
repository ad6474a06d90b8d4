//! The names of a run's pods, as what many have in common and a number each: hundreds of thousands of them come to the page in two short lists.
//! Owns putting them together again; which pods there are it does not know.

use std::collections::HashMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use wavetank_core::cluster::ids::{NamespaceId, PodId};
use wavetank_core::cluster::pod::{Owner, PodName, suffix_letters};
use wavetank_core::cluster::{Cluster, called};

use crate::wire::flat;

/// What follows a stem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Then {
    /// Nothing: the stem is the name.
    Nothing,
    /// The number.
    Number,
    /// The letters that stand for the number.
    Letters,
}

/// How names begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stem {
    text: String,
    then: Then,
}

/// Names by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    stems: Vec<Stem>,
    /// The stem of each, by position.
    #[serde(with = "flat")]
    of: Vec<u32>,
    /// The number of each among those of its stem.
    #[serde(with = "flat")]
    numbers: Vec<u32>,
}

impl Names {
    /// The names of all pods that a cluster ever had: with their namespace unless that is `default`.
    pub fn of_pods(cluster: &Cluster) -> Names {
        let mut names = Names::default();
        // Looked up by key only.
        let mut known: HashMap<(NamespaceId, Owner, Option<u32>), u32> = HashMap::new();
        for (nth, pod) in cluster.pods.iter().enumerate() {
            let (index, then, number) = match pod.name {
                PodName::Given(_) => {
                    names.push(names.stems.len() as u32, 0);
                    names
                        .stems
                        .push(Stem { text: full(cluster, pod.namespace, &cluster.pod_name(PodId::from_index(nth))), then: Then::Nothing });
                    continue;
                }
                PodName::Ordinal(ordinal) => (None, Then::Number, ordinal),
                PodName::Generated(number) => (None, Then::Letters, number),
                PodName::Indexed(index, number) => (Some(index), Then::Letters, number),
            };
            let stem = *known.entry((pod.namespace, pod.owner, index)).or_insert_with(|| {
                let mut text = full(cluster, pod.namespace, cluster.owner_name(pod.owner)) + "-";
                if let Some(index) = index {
                    let _ = write!(text, "{index}-");
                }
                names.stems.push(Stem { text, then });
                names.stems.len() as u32 - 1
            });
            names.push(stem, number);
        }
        names
    }

    fn push(&mut self, stem: u32, number: u32) {
        self.of.push(stem);
        self.numbers.push(number);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// One of them; empty for none.
    pub fn get(&self, nth: usize) -> String {
        let mut name = String::new();
        self.put(nth, &mut name);
        name
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        (0..self.len()).map(|nth| self.get(nth))
    }

    /// The numbers of those that are this name, in order: a pod may have the name of one that is gone.
    pub fn find<'n>(&'n self, name: &'n str) -> impl Iterator<Item = usize> {
        let may: Vec<bool> = self.stems.iter().map(|stem| name.starts_with(&stem.text)).collect();
        let mut own = String::new();
        (0..self.len()).filter(move |&nth| {
            if !self.of.get(nth).and_then(|&stem| may.get(stem as usize)).is_some_and(|&may| may) {
                return false;
            }
            own.clear();
            self.put(nth, &mut own);
            own == name
        })
    }

    fn put(&self, nth: usize, name: &mut String) {
        let (Some(&stem), Some(&number)) = (self.of.get(nth), self.numbers.get(nth)) else { return };
        let Some(stem) = self.stems.get(stem as usize) else { return };
        name.push_str(&stem.text);
        match stem.then {
            Then::Nothing => {}
            Then::Number => {
                let _ = write!(name, "{number}");
            }
            Then::Letters => name.extend(suffix_letters(number)),
        }
    }
}

/// Names that stand for themselves, in this order.
impl<T: Into<String>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Names {
        let stems: Vec<Stem> = all.into_iter().map(|name| Stem { text: name.into(), then: Then::Nothing }).collect();
        Names { of: (0..stems.len() as u32).collect(), numbers: vec![0; stems.len()], stems }
    }
}

fn full(cluster: &Cluster, namespace: NamespaceId, name: &str) -> String {
    called::name(cluster.namespace_name(namespace), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_core::cluster::build::{ClusterOptions, build};
    use wavetank_core::engine::{Sim, SimOptions};
    use wavetank_core::manifest::{Limits, SourceSet, read};

    const WORLD: &str = "\
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Node, metadata: {name: n}, status: {allocatable: {cpu: 4, memory: 4Gi, pods: 110}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: alone, namespace: shop}, spec: {containers: [{name: a, image: a}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 3, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {replicas: 12, podManagementPolicy: Parallel, serviceName: db, selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: a}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec: {completions: 3, parallelism: 3, completionMode: Indexed, template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}
";

    #[test]
    fn every_kind_of_name_is_put_together_as_the_cluster_has_it() {
        let built = build(&read(SourceSet::single("world.yaml", WORLD.to_owned()), &Limits::default()), &ClusterOptions::default());
        let (sim, _, _) = Sim::settled(built.cluster, &SimOptions::default());
        let cluster = sim.cluster();
        let names = Names::of_pods(cluster);
        assert_eq!((names.len(), names.is_empty()), (1 + 3 + 12 + 3, false));
        let told = |nth: usize| full(cluster, cluster.pods[nth].namespace, &cluster.pod_name(PodId::from_index(nth)));
        for (nth, name) in names.iter().enumerate() {
            assert_eq!(name, told(nth));
            assert_eq!(names.find(&name).collect::<Vec<_>>(), [nth]);
        }
        assert!(names.iter().any(|name| name == "shop/alone") && names.iter().any(|name| name == "shop/db-11"));
        assert_eq!((names.get(names.len()), names.find("nobody").count()), (String::new(), 0));
    }

    #[test]
    fn one_name_may_be_had_twice() {
        let names: Names = ["a/b", "", "c", "a/b"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a/b", "", "c", "a/b"]);
        assert_eq!(names.find("a/b").collect::<Vec<_>>(), [0, 3]);
    }
}

//! Answers about capacity, as data: how many more pods fit, and which pools hold everything with a zone lost. The session fills them.

use serde::{Deserialize, Serialize};

/// How many more pods of a kind fit into the cluster as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The workload, or the requests of the pod asked about.
    pub subject: String,
    /// How many the scheduler placed, one after the other, before it refused the next.
    pub fits: usize,
    /// The count ended at its limit: at least so many fit.
    pub at_least: bool,
    /// How many in each zone, by name.
    pub zones: Vec<(String, usize)>,
    /// The text with which the next one was refused.
    pub message: String,
    /// What it means, in words.
    pub meaning: String,
    /// What else limits them that is not counted here.
    pub remark: String,
}

/// Nodes of one type in a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolPart {
    /// The type's name.
    pub name: String,
    /// How large each node is: `cpu=4,memory=16Gi,pods=110`.
    pub shape: String,
    /// How many in each zone.
    pub in_each_zone: u32,
}

/// A pool, and whether it holds everything with any one zone lost (any one node, where there is one zone).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolAnswer {
    /// What was asked: `the cluster as it is`, `nodes like node-1`, `the cheapest mix`.
    pub subject: String,
    /// The nodes; empty for the cluster as it is.
    pub pool: Vec<PoolPart>,
    /// Its zones.
    pub zones: Vec<String>,
    /// Nodes in all.
    pub nodes: usize,
    /// The price of all nodes in the unit of the types, to a millionth; none without prices.
    pub price: Option<String>,
    /// Everything was placed on it and, with each zone lost in turn, placed again: simulated, not computed.
    pub holds: bool,
    /// In a sentence.
    pub verdict: String,
    /// Pods that volumes tie to a zone: they cannot move, whatever the pool, at most [`super::MOST_NAMES`].
    pub tied: Vec<String>,
    /// How many pools were simulated to find it.
    pub tried: usize,
    /// The search ended before everything cheaper or smaller was tried.
    pub cut: bool,
}

/// All answers for one set of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Nodes of the cluster as it is.
    pub nodes: usize,
    /// Pods of the cluster as it is.
    pub pods: usize,
    /// How many more fit.
    pub room: Vec<Room>,
    /// Which pools hold everything; the cluster as it is first.
    pub pools: Vec<PoolAnswer>,
}

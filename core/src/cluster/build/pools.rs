//! Nodes where none are given: the pools of a `Cluster` document, or as many equal nodes as the pasted set needs.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node as WrittenNode, NodeSpec, NodeStatus, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use super::karpenter::is_pool;
use super::limits::MAX_NODES;
use super::machine_types::WrittenType;
use super::options::NodeShape;
use super::whole::Assumption;
use super::{Builder, Compiled, Thing};
use crate::cluster::clock::Clock;
use crate::cluster::ids::NodeId;
use crate::cluster::node::Node;
use crate::cluster::node_pools::{ASSUMED_START_UP, NodePool, ScaleDown};
use crate::cluster::template::PodTemplate;
use crate::cluster::volumes::StorageTiming;
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest, Object};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;
use crate::units::quantity::Quantity;
use crate::units::resources::Resources;
use crate::units::time::{Millis, SECOND};

/// Cores and bytes beyond which no machine is assumed: what asks for more fits nowhere.
const LARGEST_CPU: i64 = 1 << 20;
const LARGEST_MEMORY: i64 = 1 << 60;
/// Zones of assumed nodes.
pub(super) const DEFAULT_ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClusterSpec {
    /// Which Kubernetes the rules are to be of; only one is known.
    kubernetes_version: Option<String>,
    /// What the clocks show at time zero, as RFC 3339 writes it.
    time: Option<String>,
    #[serde(default)]
    node_pools: Vec<Pool>,
    storage: Option<StorageSpec>,
    scale_down: Option<WrittenScaleDown>,
    /// `--cluster-cidr` and `--node-cidr-mask-size`.
    #[serde(rename = "podCIDR")]
    pod_cidr: Option<String>,
    #[serde(rename = "nodeCIDRMaskSize")]
    node_mask: Option<u8>,
    /// What Karpenter may launch.
    #[serde(default)]
    machine_types: Vec<WrittenType>,
}

/// For how many nodes a range of addresses suffices.
fn pod_ranges(cidr: &str, mask: Option<u8>) -> Result<u32, String> {
    let wrong = || format!("{cidr:?} is no range of addresses: write 10.4.0.0/14");
    let (address, prefix) = cidr.split_once('/').ok_or_else(wrong)?;
    let address: std::net::IpAddr = address.parse().map_err(|_| wrong())?;
    let (bits, usual) = if address.is_ipv4() { (32, 24) } else { (128, 64) };
    let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(wrong)?;
    let mask = mask.unwrap_or(usual);
    // `NewMultiCIDRRangeAllocator`: a node's range is a part of the cluster's, and there are at most 2^16 of them.
    if mask < prefix || mask > bits || mask - prefix > 16 {
        return Err(format!("ranges of /{mask} do not fit into {cidr}: the mask is between the range's own and 16 more"));
    }
    Ok(1 << (mask - prefix))
}

/// How pools shrink: flags of the Cluster Autoscaler.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenScaleDown {
    unneeded_seconds: Option<u32>,
    delay_after_add_seconds: Option<u32>,
    utilization_percent: Option<u8>,
}

/// How long storage systems take, in seconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StorageSpec {
    provision_seconds: Option<f64>,
    attach_seconds: Option<f64>,
    detach_seconds: Option<f64>,
    reclaim_seconds: Option<f64>,
}

impl StorageSpec {
    fn put(&self, timing: &mut StorageTiming) {
        let set = |said: Option<f64>, field: &mut Millis| {
            if let Some(seconds) = said.filter(|s| s.is_finite() && *s >= 0.0) {
                *field = (seconds * 1_000.0).round().min(1e12) as Millis;
            }
        };
        set(self.provision_seconds, &mut timing.provision);
        set(self.attach_seconds, &mut timing.attach);
        set(self.detach_seconds, &mut timing.detach);
        set(self.reclaim_seconds, &mut timing.reclaim);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pool {
    name: Option<String>,
    #[serde(default)]
    zones: Vec<String>,
    #[serde(default = "one")]
    count: u32,
    #[serde(default)]
    capacity: BTreeMap<String, Value>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    taints: Vec<Taint>,
    /// The fewest and the most nodes: with the latter the pool grows and shrinks.
    min: Option<u32>,
    max: Option<u32>,
    /// From being asked for to joining.
    start_seconds: Option<u32>,
}

fn one() -> u32 {
    1
}

impl Builder<'_> {
    /// Adds nodes unless the manifest gives some.
    pub(super) fn assume_nodes(&mut self, manifest: &Manifest, assumptions: &mut Vec<Assumption>) {
        if !self.options.pools.is_empty() {
            return self.assume_pools();
        }
        let documents: Vec<&Document> =
            manifest.documents.iter().filter(|d| d.kind == "Cluster" && d.api_version.starts_with("wavetank.dev/")).collect();
        let given = manifest.objects().any(|(_, o)| matches!(o, Object::Node(_)));
        for document in &documents {
            match read_pools(document) {
                Ok(spec) => {
                    if let Some(version) = spec.kubernetes_version.filter(|v| !v.trim_start_matches('v').starts_with("1.37")) {
                        let told = format!("the rules are those of Kubernetes 1.37, not of {version}");
                        self.tell_at(document, "/spec/kubernetesVersion", Diagnostic::info(DiagnosticId("WT2023"), told));
                    }
                    if let Some(text) = &spec.time {
                        match text.parse::<jiff::Timestamp>() {
                            Ok(moment) => self.cluster.clock = Clock { unix_ms_at_zero: moment.as_millisecond() },
                            Err(_) => {
                                let told = "time is no moment: write it as 2026-03-29T00:55:00Z";
                                self.tell_at(document, "/spec/time", Diagnostic::error(DiagnosticId("WT2021"), told));
                            }
                        }
                    }
                    if let Some(written) = &spec.scale_down {
                        let usual = ScaleDown::default();
                        let span = |s: Option<u32>, usual: Millis| s.map_or(usual, |s| i64::from(s) * SECOND);
                        self.cluster.scale_down = ScaleDown {
                            unneeded: span(written.unneeded_seconds, usual.unneeded),
                            after_add: span(written.delay_after_add_seconds, usual.after_add),
                            threshold: written.utilization_percent.map_or(usual.threshold, i32::from),
                        };
                    }
                    if let Some(storage) = &spec.storage {
                        storage.put(&mut self.cluster.storage.timing);
                    }
                    for (i, written) in spec.machine_types.iter().enumerate() {
                        match written.read() {
                            Ok(machine) => self.machine_types.push(machine),
                            Err(why) => {
                                let pointer = format!("/spec/machineTypes/{i}");
                                self.tell_at(document, &pointer, Diagnostic::error(DiagnosticId("WT2021"), why));
                            }
                        }
                    }
                    match spec.pod_cidr.as_deref().map(|cidr| pod_ranges(cidr, spec.node_mask)).transpose() {
                        Ok(ranges) => self.cluster.pod_ranges = ranges.or(self.cluster.pod_ranges),
                        Err(why) => self.tell_at(document, "/spec/podCIDR", Diagnostic::error(DiagnosticId("WT2021"), why)),
                    }
                    for (i, pool) in spec.node_pools.into_iter().enumerate() {
                        self.add_pool(document, i, pool);
                    }
                }
                Err((pointer, why)) => {
                    let told = format!("this Cluster is not used: {why}");
                    self.tell_at(document, &pointer, Diagnostic::error(DiagnosticId("WT2021"), told));
                }
            }
        }
        // Karpenter makes what is needed.
        let made = manifest.documents.iter().any(is_pool);
        if !given && !made && self.cluster.nodes.is_empty() && self.cluster.node_pools.is_empty() {
            self.assume_equal_nodes(assumptions);
        }
    }

    /// The pools of the options: the same number of nodes in every zone.
    fn assume_pools(&mut self) {
        let (pools, mut zones) = (self.options.pools.clone(), self.options.zones.clone());
        if zones.is_empty() {
            zones.push(String::new());
        }
        for pool in &pools {
            let labels = BTreeMap::from([("node.kubernetes.io/instance-type".to_owned(), pool.name.clone())]);
            for (zone, number) in (0..pool.in_each_zone).flat_map(|number| zones.iter().map(move |zone| (zone, number + 1))) {
                if self.cluster.nodes.len() >= MAX_NODES {
                    return;
                }
                let (name, zone) = match zone.as_str() {
                    "" => (format!("{}-{number}", pool.name), None),
                    zone => (format!("{}-{zone}-{number}", pool.name), Some(zone)),
                };
                let node = self.node_of(&name, zone, &pool.shape, &labels, &[]);
                self.add_node(node);
            }
        }
    }

    fn tell_at(&mut self, document: &Document, pointer: &str, diagnostic: Diagnostic) {
        self.tell(None, diagnostic.at(Some(document.span_near(pointer))));
    }

    fn add_pool(&mut self, document: &Document, index: usize, pool: Pool) {
        let name = pool.name.unwrap_or_else(|| if index == 0 { "node".to_owned() } else { format!("pool{}", index + 1) });
        let mut shape = NodeShape::default();
        for (resource, amount) in pool.capacity {
            let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
            match Quantity::parse(&text) {
                Ok(quantity) if quantity.sign() >= 0 => {
                    shape.amounts.insert(resource, quantity);
                }
                _ => {
                    let told = format!("{text} is no quantity; the default counts");
                    let pointer = format!("/spec/nodePools/{index}/capacity/{}", resource.replace('~', "~0").replace('/', "~1"));
                    self.tell_at(document, &pointer, Diagnostic::error(DiagnosticId("WT2021"), told));
                }
            }
        }
        let room = MAX_NODES.saturating_sub(self.cluster.nodes.len());
        let count = (pool.count as usize).min(room);
        if count < pool.count as usize {
            let told = format!("{} nodes are more than Wavetank simulates: {MAX_NODES} are, in all", pool.count);
            self.tell_at(document, &format!("/spec/nodePools/{index}/count"), Diagnostic::warning(DiagnosticId("WT2002"), told));
        }
        let mut nodes = Vec::new();
        for i in 0..count {
            let zone = pool.zones.get(i % pool.zones.len().max(1)).map(String::as_str);
            let node = self.node_of(&format!("{name}-{}", i + 1), zone, &shape, &pool.labels, &pool.taints);
            nodes.extend(self.add_node(node));
        }
        let Some(most) = pool.max else { return };
        let zones: Vec<Option<&str>> =
            if pool.zones.is_empty() { vec![None] } else { pool.zones.iter().map(|z| Some(z.as_str())).collect() };
        let prototypes = zones.into_iter().map(|zone| self.node_of(&name, zone, &shape, &pool.labels, &pool.taints)).collect();
        let bounded = |n: u32| i32::try_from(n.min(MAX_NODES as u32)).unwrap_or(i32::MAX);
        let made = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let name = self.cluster.text.intern(&name);
        self.cluster.node_pools.push(NodePool {
            name,
            least: bounded(pool.min.unwrap_or(1)).min(bounded(most)),
            most: bounded(most),
            start_up: pool.start_seconds.map_or(ASSUMED_START_UP, |s| i64::from(s) * SECOND),
            prototypes,
            nodes,
            made,
            upcoming: Vec::new(),
        });
    }

    fn add_node(&mut self, node: Node) -> Option<NodeId> {
        match self.put(Compiled::Node(node), None)?.thing {
            Thing::Node(id) => Some(id),
            _ => None,
        }
    }

    pub(super) fn node_of(
        &mut self,
        name: &str,
        zone: Option<&str>,
        shape: &NodeShape,
        labels: &BTreeMap<String, String>,
        taints: &[Taint],
    ) -> Node {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        // What every kubelet sets, the two old names included (`pkg/kubelet/kubelet_node_status.go`, v1.37).
        let usual = [
            ("kubernetes.io/hostname", name),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
            ("beta.kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/arch", "amd64"),
        ];
        for (key, value) in usual {
            own.insert(key.to_owned(), value.to_owned());
        }
        if let Some(zone) = zone {
            own.insert("topology.kubernetes.io/zone".to_owned(), zone.to_owned());
        }
        own.extend(labels.clone());
        let capacity: BTreeMap<String, Written> =
            shape.amounts.iter().map(|(name, amount)| (name.clone(), Written(amount.to_string()))).gather();
        let written = WrittenNode {
            metadata: ObjectMeta { name: Some(name.to_owned()), labels: Some(own), ..ObjectMeta::default() },
            spec: Some(NodeSpec { taints: (!taints.is_empty()).then(|| taints.to_vec()), ..NodeSpec::default() }),
            status: Some(NodeStatus { capacity: Some(capacity), ..NodeStatus::default() }),
        };
        self.compile_node(&written, None)
    }

    /// As few equal nodes as hold everything with one zone lost (with one node lost, where there is one zone).
    fn assume_equal_nodes(&mut self, assumptions: &mut Vec<Assumption>) {
        let own_zones = !self.options.zones.is_empty();
        let zones: Vec<String> = if own_zones { self.options.zones.clone() } else { DEFAULT_ZONES.iter().map(|&z| z.to_owned()).collect() };
        let load = self.load();
        let grown = self.options.shape.is_none();
        let shape = self.options.shape.clone().unwrap_or_else(|| self.shape_for(&load));
        let fixed = self.options.nodes.map(|n| (n as usize).clamp(1, MAX_NODES));
        let count = fixed.unwrap_or_else(|| self.enough(&load, &shape, zones.len()));
        for i in 0..count {
            let zone = zones.get(i % zones.len()).map(String::as_str);
            let node = self.node_of(&format!("node-{}", i + 1), zone, &shape, &BTreeMap::new(), &[]);
            self.add_node(node);
        }
        let spare = if zones.len() > 1 { "one zone lost" } else { "one node lost" };
        let larger = if grown && shape != NodeShape::default() { ", large enough for the largest pod" } else { "" };
        let why = match fixed {
            Some(_) => "no Node was given".to_owned(),
            None => format!("no Node was given: as few as hold every pod with {spare}{larger}"),
        };
        assumptions.push(Assumption {
            subject: "cluster".to_owned(),
            what: "nodes".to_owned(),
            value: format!("{count} nodes of {shape} in {}", zones.join(", ")),
            why,
            change: "--nodes, --zones and --node, a Cluster document, or Nodes".to_owned(),
        });
    }

    /// What has to fit: templates with the number of their pods; those of DaemonSets once a node.
    fn load(&self) -> Load {
        let c = &*self.cluster;
        let mut load = Load::default();
        let mut add = |template: crate::cluster::ids::TemplateId, count: i32| {
            load.groups.push(Group::of(c.template(template), u64::try_from(count).unwrap_or(0)));
        };
        c.deployments.iter().for_each(|d| add(d.template, d.replicas));
        c.replica_sets.iter().filter(|r| r.deployment.is_none()).for_each(|r| add(r.template, r.replicas));
        c.stateful_sets.iter().for_each(|s| add(s.template, s.replicas));
        c.jobs.iter().filter(|j| !j.suspend).for_each(|j| add(j.template, j.parallelism.min(j.completions.unwrap_or(i32::MAX))));
        let own = |p: &&crate::cluster::pod::Pod| {
            matches!(p.owner, crate::cluster::pod::Owner::None | crate::cluster::pod::Owner::Foreign { .. })
        };
        c.pods.iter().filter(own).filter(|p| !p.phase.is_terminal()).for_each(|p| add(p.template, 1));
        for set in &c.daemon_sets {
            load.each_node.add(&c.template(set.template).requests);
            load.pods_each_node += 1;
        }
        load.groups.arrange_by_key(|g| std::cmp::Reverse((g.need.cpu_milli / 100 + (g.need.memory >> 28), g.count)));
        load
    }

    /// The default shape, or the next larger ones (doubled) that hold the largest pod beside the daemons.
    fn shape_for(&self, load: &Load) -> NodeShape {
        let mut shape = NodeShape::default();
        let mut largest = Resources::default();
        // What no machine has makes none larger.
        let could_be = |need: &Resources| need.cpu_milli <= LARGEST_CPU * 1_000 && need.memory <= LARGEST_MEMORY;
        load.groups.iter().filter(|g| g.count > 0 && could_be(&g.need)).for_each(|g| largest.raise_to(&g.need));
        largest.add(&load.each_node);
        let mut cpu = 4_i64;
        while cpu.saturating_mul(1000) < largest.cpu_milli && cpu < LARGEST_CPU {
            cpu *= 2;
        }
        let mut memory = 16_i64 << 30;
        while memory < largest.memory && memory < LARGEST_MEMORY {
            memory *= 2;
        }
        shape.amounts.insert("cpu".to_owned(), Quantity::from_value(cpu));
        shape.amounts.insert("memory".to_owned(), Quantity::from_bytes(memory));
        for &(name, amount) in largest.scalars.iter().filter(|s| s.1 > 0) {
            shape.amounts.insert(self.cluster.text(name).to_owned(), Quantity::from_value(amount));
        }
        if largest.ephemeral_storage > 0 {
            shape.amounts.insert("ephemeral-storage".to_owned(), Quantity::from_bytes(largest.ephemeral_storage.max(100 << 30)));
        }
        shape
    }

    /// How many nodes: the same number in every zone, so that all but one zone hold the load.
    fn enough(&self, load: &Load, shape: &NodeShape, zones: usize) -> usize {
        let amount = |name: &str| shape.amounts.get(name).copied().unwrap_or(Quantity::ZERO);
        let mut room = Resources { cpu_milli: amount("cpu").milli_value(), memory: amount("memory").value(), ..Resources::default() };
        room.subtract(&Resources { scalars: Vec::new(), ..load.each_node.clone() });
        let pods = amount("pods").value() - load.pods_each_node;
        let scalars = |need: &Resources| {
            need.scalars.iter().all(|&(name, wanted)| wanted <= shape.amounts.get(self.cluster.text(name)).map_or(0, Quantity::value))
        };
        // A pod that is larger than a node fits on no number of them.
        let fits = |need: &Resources| need.cpu_milli <= room.cpu_milli && need.memory <= room.memory && scalars(need);
        let groups: Vec<&Group> = load.groups.iter().filter(|g| fits(&g.need)).collect();
        // Between what the sums need and the limit, the first that really packs.
        let most = (MAX_NODES / zones.max(1)).max(1);
        let sum = |pick: fn(&Resources) -> i64| groups.iter().map(|g| i128::from(pick(&g.need)) * i128::from(g.count)).sum::<i128>();
        let least = |total: i128, each: i64| usize::try_from(total / i128::from(each.max(1))).unwrap_or(most);
        let held_by = zones.saturating_sub(1).max(1);
        let by_sums = least(sum(|r| r.cpu_milli), room.cpu_milli).max(least(sum(|r| r.memory), room.memory)) / held_by;
        let mut per_zone = by_sums.clamp(1, most);
        while per_zone < most && !packs(&groups, per_zone * held_by, &room, pods) {
            // Large clusters are sized in steps of a fortieth: a node more or less is not seen there.
            per_zone = (per_zone + (per_zone / 40).max(1)).min(most);
        }
        if zones > 1 { per_zone * zones } else { (per_zone + 1).min(MAX_NODES) }
    }
}

/// Reads a `Cluster` document.
fn read_pools(document: &Document) -> Result<ClusterSpec, (String, String)> {
    let value = document.value();
    let spec = value.get("spec").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    serde_path_to_error::deserialize(spec).map_err(|error| {
        let path = error.path().to_string().replace(['.', '['], "/").replace(']', "");
        (if path == "." || path.is_empty() { "/spec".to_owned() } else { format!("/spec/{path}") }, error.into_inner().to_string())
    })
}

/// Pods that are alike.
struct Group {
    need: Resources,
    count: u64,
    /// No two of them on one node.
    apart: bool,
}

impl Group {
    fn of(template: &PodTemplate, count: u64) -> Group {
        let alone = template.affinity.as_ref().is_some_and(|a| !a.anti_required.is_empty());
        Group { need: template.requests.clone(), count, apart: alone || !template.host_ports.is_empty() }
    }
}

#[derive(Default)]
struct Load {
    groups: Vec<Group>,
    each_node: Resources,
    pods_each_node: i64,
}

/// Whether the pods, the largest first, fit on so many nodes.
fn packs(groups: &[&Group], nodes: usize, room: &Resources, pods: i64) -> bool {
    let mut free = vec![(room.cpu_milli, room.memory, pods); nodes];
    let fit = |have: i64, need: i64| if need <= 0 { i64::MAX } else { (have / need).max(0) };
    groups.iter().all(|group| {
        let mut left = i64::try_from(group.count).unwrap_or(i64::MAX);
        for slot in &mut free {
            if left == 0 {
                break;
            }
            let most = if group.apart { 1 } else { left };
            let here = fit(slot.0, group.need.cpu_milli).min(fit(slot.1, group.need.memory)).min(slot.2.max(0)).min(most).min(left);
            slot.0 -= here.saturating_mul(group.need.cpu_milli);
            slot.1 -= here.saturating_mul(group.need.memory);
            slot.2 -= here;
            left -= here;
        }
        left == 0
    })
}

//! Nodes from their objects.

use k8s_openapi::api::core::v1::{Node as Written, NodeCondition, Taint as WrittenTaint};

use super::Builder;
use super::affinity::taint_effect;
use super::amounts::Amounts;
use super::selectors::labels;
use crate::cluster::ids::ZoneId;
use crate::cluster::labels::Labels;
use crate::cluster::node::{Node, NodeReady, Taint};
use crate::cluster::origin::Origin;
use crate::units::intern::{Interner, Sym};
use crate::units::time::Time;

/// Beta and stable label of a zone, in the order in which they count (`component-helpers/node/topology/helpers.go`, v1.37).
const ZONE_LABELS: [&str; 2] = ["failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"];
/// The same for the region.
const REGION_LABELS: [&str; 2] = ["failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"];
/// Pods that a node of a manifest takes where it does not say: the kubelet's default.
const DEFAULT_PODS: i64 = 110;

impl Builder<'_> {
    /// A node as its object describes it. It is Ready unless the object says otherwise.
    pub fn compile_node(&mut self, written: &Written, origin: Option<Origin>) -> Node {
        let (created, now) = (self.created(&written.metadata), self.options.now);
        let status = written.status.as_ref();
        let conditions = status.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
        let ready_condition = conditions.iter().find(|c| c.type_ == "Ready");
        let ready_since = ready_condition.and_then(|c| c.last_transition_time.as_ref()).map_or(now.min(created), |t| self.time(t));
        let taints = written.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default();
        let no_execute = taints.iter().filter(|taint| taint.effect == "NoExecute");
        let no_execute_since = no_execute.filter_map(|taint| taint.time_added.as_ref()).map(|t| self.time(t)).min();
        let text = &mut self.cluster.text;
        let name = text.intern(written.metadata.name.as_deref().unwrap_or_default());
        let labels = labels(text, written.metadata.labels.as_ref());
        let capacity = Amounts::read(status.and_then(|s| s.capacity.as_ref()));
        let mut allocatable = Amounts::read(status.and_then(|s| s.allocatable.as_ref()));
        // The API server fills an absent allocatable from the capacity (`SetDefaults_NodeStatus`).
        if allocatable.is_empty() {
            allocatable = capacity.clone();
        }
        let pods = allocatable.get("pods").or_else(|| capacity.get("pods"));
        let spec = written.spec.as_ref();
        let images = status.and_then(|s| s.images.as_deref()).unwrap_or_default();
        let mut node = Node {
            name,
            zone: ZoneId(0),
            zone_key: zone_key(text, &labels),
            allocatable: allocatable.resources(text),
            allocatable_pods: pods.map_or(if allocatable.is_empty() { 0 } else { DEFAULT_PODS }, |q| q.value()),
            capacity: capacity.resources(text),
            taints: spec.and_then(|s| s.taints.as_deref()).unwrap_or_default().iter().filter_map(|t| taint(text, t)).collect(),
            no_execute_since,
            unschedulable: spec.is_some_and(|s| s.unschedulable == Some(true)),
            images: images
                .iter()
                .flat_map(|i| i.names.iter().flatten().map(|n| (n, i.size_bytes.unwrap_or(0))))
                .map(|(n, size)| (text.intern(n), size))
                .collect(),
            image_of_name: (0u32..).zip(images).flat_map(|(at, i)| i.names.iter().flatten().map(move |_| at)).collect(),
            declared_features: status
                .and_then(|s| s.declared_features.as_deref())
                .unwrap_or_default()
                .iter()
                .map(|f| text.intern(f))
                .collect(),
            ready: ready_condition.map_or(NodeReady::True, ready),
            ready_since,
            memory_pressure: conditions.iter().any(|c| c.type_ == "MemoryPressure" && c.status == "True"),
            disk_pressure: conditions.iter().any(|c| c.type_ == "DiskPressure" && c.status == "True"),
            pid_pressure: conditions.iter().any(|c| c.type_ == "PIDPressure" && c.status == "True"),
            machine_up: ready_condition.is_none_or(|c| c.status != "Unknown"),
            kubelet_alive: ready_condition.is_none_or(|c| c.status != "Unknown"),
            has_pod_range: true,
            created,
            gone: false,
            pods: Vec::new(),
            origin,
            labels,
        };
        node.zone = self.zone_of(&node.labels);
        node
    }

    /// The zone a node's labels put it in, added to the cluster's zones if it is new.
    pub(super) fn zone_of(&mut self, labels: &Labels) -> ZoneId {
        let zone = first_of(&mut self.cluster.text, labels, ZONE_LABELS);
        match self.cluster.zones.iter().position(|&z| z == zone) {
            Some(known) => ZoneId::from_index(known),
            None => {
                self.cluster.zones.push(zone);
                ZoneId::from_index(self.cluster.zones.len() - 1)
            }
        }
    }

    /// A moment of an object, placed in virtual time.
    pub(super) fn time(&self, written: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time) -> Time {
        Time::from_unix_millis(written.0.as_millisecond()) + self.shift
    }
}

fn ready(condition: &NodeCondition) -> NodeReady {
    match condition.status.as_str() {
        "True" => NodeReady::True,
        "False" => NodeReady::False,
        _ => NodeReady::Unknown,
    }
}

fn taint(text: &mut Interner, written: &WrittenTaint) -> Option<Taint> {
    let effect = taint_effect(&written.effect)?;
    Some(Taint { key: text.intern(&written.key), value: text.intern(written.value.as_deref().unwrap_or_default()), effect })
}

fn first_of(text: &mut Interner, labels: &Labels, keys: [&str; 2]) -> Sym {
    keys.into_iter().find_map(|key| labels.get(text.intern(key))).unwrap_or(Sym::EMPTY)
}

/// Region and zone in one text; empty where both are (`GetZoneKey`).
fn zone_key(text: &mut Interner, labels: &Labels) -> Sym {
    let (region, zone) = (first_of(text, labels, REGION_LABELS), first_of(text, labels, ZONE_LABELS));
    if region == Sym::EMPTY && zone == Sym::EMPTY {
        return Sym::EMPTY;
    }
    let key = format!("{}:\0:{}", text.text(region), text.text(zone));
    text.intern(&key)
}

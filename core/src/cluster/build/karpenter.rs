//! NodePools and EC2NodeClasses of Karpenter's from their objects (`karpenter.sh/v1`, `karpenter.k8s.aws/v1`), and the machines that nodes of
//! a dump are.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Taint as WrittenTaint;
use serde::Deserialize;
use serde_json::Value;

use super::Builder;
use super::affinity::taint_effect;
use super::limits::MAX_NODES;
use super::machine_types::{ASSUMED_SPOT_PERCENT, MachineType, common};
use super::options::NodeShape;
use super::selectors::node_requirement;
use super::whole::Assumption;
use crate::cluster::ids::{KarpenterPoolId, NodeId};
use crate::cluster::karpenter::*;
use crate::cluster::labels::{Operator, Requirement};
use crate::cluster::node::{Node, Taint};
use crate::cluster::origin::Origin;
use crate::cluster::workloads::IntOrPercent;
use crate::manifest::{Diagnostic, DiagnosticId, Document, Manifest};
use crate::units::arrange::Arrange;
use crate::units::cron::Schedule;
use crate::units::duration::Duration;
use crate::units::gather::Gather;
use crate::units::intern::Sym;
use crate::units::quantity::Quantity;
use crate::units::text::visible_short;
use crate::units::time::{MINUTE, Millis, Time, format_span};
use crate::units::zone::Zone;

/// Label of a node's pool.
pub(super) const POOL_LABEL: &str = "karpenter.sh/nodepool";
/// Label that says how a node was bought.
pub(super) const CAPACITY_LABEL: &str = "karpenter.sh/capacity-type";
/// Label of a node's machine type.
const TYPE_LABEL: &str = "node.kubernetes.io/instance-type";
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
/// `expireAfter` where nothing is said: thirty days.
const DEFAULT_EXPIRY: Millis = 720 * 60 * MINUTE;

/// A `NodePool`. Fields that decide nothing here are not read.
#[derive(Deserialize)]
struct WrittenPool {
    spec: WrittenSpec,
}

#[derive(Deserialize)]
struct WrittenSpec {
    template: WrittenTemplate,
    #[serde(default)]
    disruption: WrittenDisruption,
    #[serde(default)]
    limits: BTreeMap<String, Value>,
    weight: Option<i32>,
    replicas: Option<i64>,
}

#[derive(Deserialize)]
struct WrittenTemplate {
    #[serde(default)]
    metadata: WrittenMeta,
    spec: WrittenNodeSpec,
}

#[derive(Default, Deserialize)]
struct WrittenMeta {
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenNodeSpec {
    #[serde(default)]
    requirements: Vec<WrittenRequirement>,
    #[serde(default)]
    taints: Vec<WrittenTaint>,
    #[serde(default)]
    startup_taints: Vec<WrittenTaint>,
    expire_after: Option<String>,
    termination_grace_period: Option<String>,
    node_class_ref: Option<WrittenReference>,
}

#[derive(Deserialize)]
struct WrittenReference {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRequirement {
    key: String,
    operator: String,
    #[serde(default)]
    values: Vec<String>,
    min_values: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDisruption {
    consolidation_policy: Option<String>,
    consolidate_after: Option<String>,
    /// Of `v1beta1`.
    expire_after: Option<String>,
    budgets: Option<Vec<WrittenBudget>>,
}

#[derive(Deserialize)]
struct WrittenBudget {
    #[serde(default)]
    nodes: Option<Value>,
    schedule: Option<String>,
    duration: Option<String>,
    reasons: Option<Vec<String>>,
}

/// What NodePools may launch: the machine types that are declared, and the classes of nodes.
#[derive(Clone, Debug, Default)]
pub struct KarpenterCatalog {
    declared: Vec<MachineType>,
    classes: BTreeMap<String, NodeClass>,
}

impl KarpenterCatalog {
    /// The machine types: common ones where none are declared.
    fn types(&self) -> Vec<MachineType> {
        if self.declared.is_empty() { common() } else { self.declared.clone() }
    }
}

/// What an `EC2NodeClass` says of kubelets.
#[derive(Clone, Debug, Default)]
struct NodeClass {
    most_pods: Option<i64>,
    reserved: BTreeMap<String, Quantity>,
}

/// Whether a document is a NodePool of Karpenter's.
pub(super) fn is_pool(document: &Document) -> bool {
    document.kind == "NodePool" && document.api_version.starts_with("karpenter.sh/")
}

impl Builder<'_> {
    /// Adds the NodePools of a manifest, and takes its nodes of theirs for their machines.
    pub(super) fn add_karpenter(&mut self, manifest: &Manifest, assumptions: &mut Vec<Assumption>) {
        if !self.options.pools.is_empty() {
            return;
        }
        let declared = std::mem::take(&mut self.machine_types);
        let catalog = Arc::new(KarpenterCatalog { declared, classes: node_classes(manifest) });
        self.cluster.karpenter.catalog = catalog.clone();
        let read = self.read_pools(manifest);
        if read.is_empty() {
            return;
        }
        let (assumed, types, zones) = (catalog.declared.is_empty(), catalog.types(), self.zones_for(&read));
        for (document, spec) in &read {
            self.add_karpenter_pool(document, spec, &types, &zones, &catalog.classes);
        }
        if self.cluster.karpenter.pools.is_empty() {
            return;
        }
        self.adopt_nodes();
        let mut say = |what: &str, value: String, why: &str, change: &str| {
            let own = |s: &str| s.to_owned();
            assumptions.push(Assumption { subject: own("karpenter"), what: own(what), value, why: own(why), change: own(change) });
        };
        if assumed {
            let value = format!(
                "{} common types of c6i, m6i, r6i, c7g, m7g and r7g in {}, at Amazon's list price; spot at {ASSUMED_SPOT_PERCENT} % of it",
                types.len(),
                zones.join(", ")
            );
            say("machine types", value, "a NodePool names none, and prices stand in no manifest", "a Cluster document: spec.machineTypes");
        }
        let mut starts: Vec<Millis> = types.iter().map(|t| t.start).collect();
        starts.arrange();
        starts.dedup();
        let value = format!("{} from being asked for to joining", starts.iter().map(|&s| format_span(s)).collect::<Vec<_>>().join(", "));
        say(
            "start",
            value,
            "how long a machine takes to boot stands in no manifest",
            "a Cluster document: spec.machineTypes[].startSeconds",
        );
    }

    /// Takes the NodePools of a manifest into a cluster that is alive, in place of those of the same names; tells which.
    pub(crate) fn apply_node_pools(&mut self, manifest: &Manifest) -> Vec<(KarpenterPoolId, bool)> {
        let catalog = self.cluster.karpenter.catalog.clone();
        let read = self.read_pools(manifest);
        let zones = self.zones_for(&read);
        let mut put = Vec::new();
        for (document, spec) in &read {
            put.extend(self.add_karpenter_pool(document, spec, &catalog.types(), &zones, &catalog.classes));
        }
        let now = self.options.now;
        for &(pool, created) in &put {
            // The document is none of the manifests'.
            if created {
                self.cluster.karpenter.pools[pool.index()].origin = None;
            }
            self.cluster.karpenter.mark_drift(pool, now, &self.cluster.text);
        }
        put
    }

    fn read_pools<'m>(&mut self, manifest: &'m Manifest) -> Vec<(&'m Document, WrittenSpec)> {
        let pools = manifest.documents.iter().filter(|d| is_pool(d) && d.replaced_by.is_none() && !d.name.is_empty());
        let read = pools.filter_map(|document| match serde_path_to_error::deserialize::<_, WrittenPool>(document.value()) {
            Ok(pool) => Some((document, pool.spec)),
            Err(error) => {
                let pointer = format!("/{}", error.path().to_string().replace(['.', '['], "/").replace(']', ""));
                let told = format!("this NodePool is not used: {}", error.into_inner());
                self.tell_of(document, &pointer, Diagnostic::error(DiagnosticId("WT2026"), told));
                None
            }
        });
        read.collect()
    }

    /// Puts a pool in the place of the one of its name, or at the end. Machines stay what they are.
    fn put_pool(&mut self, mut new: KarpenterPool) -> (KarpenterPoolId, bool) {
        let karpenter = &mut self.cluster.karpenter;
        let Some(at) = karpenter.pools.iter().position(|pool| pool.name == new.name) else {
            karpenter.pools.push(new);
            return (KarpenterPoolId::from_index(karpenter.pools.len() - 1), true);
        };
        let (id, old) = (KarpenterPoolId::from_index(at), &karpenter.pools[at]);
        (new.made, new.origin) = (old.made, old.origin);
        for machine in karpenter.machines.iter_mut().filter(|machine| machine.pool == id) {
            let Some(option) = old.options.get(machine.option) else { continue };
            machine.option = match new.options.iter().position(|own| own == option) {
                Some(same) => same,
                None => {
                    new.options.push(LaunchOption { offered: false, ..option.clone() });
                    new.options.len() - 1
                }
            };
        }
        karpenter.pools[at] = new;
        (id, false)
    }

    fn tell_of(&mut self, document: &Document, pointer: &str, diagnostic: Diagnostic) {
        self.tell(None, diagnostic.at(Some(document.span_near(pointer))));
    }

    /// Zones in which machines can be had: those of the nodes, else those that pools require, else the usual ones.
    fn zones_for(&self, pools: &[(&Document, WrittenSpec)]) -> Vec<String> {
        let own = self.cluster.zones.iter().map(|&z| self.cluster.text(z).to_owned()).filter(|z| !z.is_empty());
        let mut zones: Vec<String> = own.chain(self.options.zones.iter().cloned()).collect();
        for (_, spec) in pools {
            let required = spec.template.spec.requirements.iter().filter(|r| r.key == ZONE_LABEL && r.operator == "In");
            zones.extend(required.flat_map(|r| r.values.iter().cloned()));
        }
        let mut seen = std::collections::BTreeSet::new();
        zones.retain(|z| seen.insert(z.clone()));
        if zones.is_empty() { super::pools::DEFAULT_ZONES.iter().map(|&z| z.to_owned()).collect() } else { zones }
    }

    fn add_karpenter_pool(
        &mut self,
        document: &Document,
        spec: &WrittenSpec,
        types: &[MachineType],
        zones: &[String],
        classes: &BTreeMap<String, NodeClass>,
    ) -> Option<(KarpenterPoolId, bool)> {
        let (mut requirements, mut variety) = (Vec::new(), Vec::new());
        for (i, written) in spec.template.spec.requirements.iter().enumerate() {
            let pointer = format!("/spec/template/spec/requirements/{i}");
            match node_requirement(&mut self.cluster.text, &written.key, &written.operator, &written.values) {
                Some(requirement) => requirements.push(requirement),
                None => {
                    let told = format!("the requirement on {} does not parse; it is left out", visible_short(&written.key, 80));
                    self.tell_of(document, &pointer, Diagnostic::warning(DiagnosticId("WT2026"), told));
                }
            }
            let Some(least) = written.min_values.and_then(|n| usize::try_from(n).ok()) else { continue };
            let usual = [TYPE_LABEL, ZONE_LABEL, CAPACITY_LABEL, "kubernetes.io/arch", "kubernetes.io/os"];
            if usual.contains(&written.key.as_str()) || types.iter().any(|t| t.labels.contains_key(&written.key)) {
                variety.push((self.cluster.text.intern(&written.key), least));
            } else {
                let told = format!("minValues is not looked at: no machine type here says its {}", visible_short(&written.key, 80));
                self.tell_of(document, &format!("{pointer}/minValues"), Diagnostic::info(DiagnosticId("WT2026"), told));
            }
        }
        if spec.replicas.is_some() {
            let told = "a NodePool with replicas is not simulated: this one launches nothing";
            self.tell_of(document, "/spec/replicas", Diagnostic::warning(DiagnosticId("WT2026"), told));
            return None;
        }
        let node_spec = &spec.template.spec;
        let class = node_spec.node_class_ref.as_ref().and_then(|r| r.name.as_ref()).and_then(|name| classes.get(name));
        let mut labels = spec.template.metadata.labels.clone();
        labels.insert(POOL_LABEL.to_owned(), document.name.clone());
        let mut options = Vec::new();
        for machine in types {
            let own = if machine.zones.is_empty() { zones } else { &machine.zones };
            for zone in own {
                for (spot, price) in [(true, machine.spot), (false, machine.on_demand)] {
                    let Some(price) = price else { continue };
                    let node = self.machine_node(&document.name, machine, zone, spot, &labels, &node_spec.taints, class);
                    let node = self.require(node, &requirements);
                    if options.len() < MAX_NODES
                        && let Some(node) = node
                    {
                        let machine_type = self.cluster.text.intern(&machine.name);
                        options.push(LaunchOption { node, machine_type, spot, price, start_up: machine.start, offered: true });
                    }
                }
            }
        }
        if options.is_empty() {
            let told = format!("no machine type meets what NodePool {} requires: it launches nothing", visible_short(&document.name, 80));
            let help = "declare the types it may launch: a Cluster document with spec.machineTypes";
            self.tell_of(document, "/spec/template/spec/requirements", Diagnostic::warning(DiagnosticId("WT2027"), told).help(help));
        }
        let text = &mut self.cluster.text;
        options.arrange_by(|a, b| {
            let key = |o: &LaunchOption| (o.price, o.node.allocatable.cpu_milli, o.node.allocatable.memory);
            key(a).cmp(&key(b)).then_with(|| text.text(a.machine_type).cmp(text.text(b.machine_type))).then(a.node.zone.cmp(&b.node.zone))
        });
        let mut startup_taints = Vec::new();
        for written in &node_spec.startup_taints {
            startup_taints.extend(taint_effect(&written.effect).map(|effect| Taint {
                key: text.intern(&written.key),
                value: text.intern(written.value.as_deref().unwrap_or_default()),
                effect,
            }));
        }
        let name = text.intern(&document.name);
        let disruption = &spec.disruption;
        let after = disruption.consolidate_after.as_deref().map_or(Some(0), span);
        let expiry = node_spec.expire_after.as_deref().or(disruption.expire_after.as_deref());
        let budgets = self.budgets_of_pool(document, disruption);
        let limits = self.limits_of_pool(document, &spec.limits);
        if disruption.consolidation_policy.as_deref() == Some("Balanced") {
            let told = "the policy Balanced is taken for WhenEmptyOrUnderutilized: moves are not scored";
            self.tell_of(document, "/spec/disruption/consolidationPolicy", Diagnostic::info(DiagnosticId("WT2026"), told));
        }
        let pool = KarpenterPool {
            name,
            weight: spec.weight.unwrap_or(0),
            startup_taints,
            requirements,
            options,
            limits,
            policy: match disruption.consolidation_policy.as_deref() {
                Some("WhenEmpty") => ConsolidationPolicy::WhenEmpty,
                _ => ConsolidationPolicy::WhenEmptyOrUnderutilized,
            },
            consolidate_after: after,
            budgets,
            expire_after: expiry.map_or(Some(DEFAULT_EXPIRY), span),
            termination_grace: node_spec.termination_grace_period.as_deref().and_then(span),
            variety,
            template_hash: template_hash(&document.value()),
            made: 0,
            origin: Some(Origin { document: document.id, pointer: "/spec" }),
        };
        Some(self.put_pool(pool))
    }

    /// A node of a machine type.
    #[expect(clippy::too_many_arguments, reason = "what a node is made of")]
    fn machine_node(
        &mut self,
        pool: &str,
        machine: &MachineType,
        zone: &str,
        spot: bool,
        labels: &BTreeMap<String, String>,
        taints: &[WrittenTaint],
        class: Option<&NodeClass>,
    ) -> Node {
        let mut own = machine.labels.clone();
        own.extend(labels.clone());
        own.insert(TYPE_LABEL.to_owned(), machine.name.clone());
        own.insert(CAPACITY_LABEL.to_owned(), if spot { "spot" } else { "on-demand" }.to_owned());
        let shape = NodeShape { amounts: machine.capacity.clone() };
        let mut node = self.node_of(pool, Some(zone), &shape, &own, taints);
        let mut usable = machine.allocatable.clone().unwrap_or_else(|| machine.capacity.clone());
        if let Some(class) = class {
            if let Some(pods) = class.most_pods {
                usable.insert("pods".to_owned(), Quantity::from_value(pods));
            }
            for (resource, reserved) in class.reserved.iter().filter(|_| machine.allocatable.is_none()) {
                if let Some(amount) = usable.get_mut(resource) {
                    *amount = *amount - *reserved;
                }
            }
        }
        node.allocatable_pods = usable.get("pods").map_or(node.allocatable_pods, Quantity::value);
        node.allocatable = super::amounts::Amounts(usable).resources(&mut self.cluster.text);
        node
    }

    /// The node with the labels that requirements give it; none where it does not meet them. What is required of a label that no type of
    /// machine here has becomes the node's.
    fn require(&mut self, mut node: Node, requirements: &[Requirement]) -> Option<Node> {
        for requirement in requirements {
            match node.labels.get(requirement.key) {
                Some(value) if !requirement.accepts(Some(value), &self.cluster.text) => return None,
                Some(_) => {}
                // Labels of clouds that the types here do not carry are taken to fit.
                None => {
                    if let (Operator::In, Some(&value)) = (requirement.operator, requirement.values.first()) {
                        node.labels.set(requirement.key, value);
                    }
                }
            }
        }
        Some(node)
    }

    fn budgets_of_pool(&mut self, document: &Document, disruption: &WrittenDisruption) -> Vec<DisruptionBudget> {
        let Some(written) = &disruption.budgets else {
            return vec![DisruptionBudget { causes: Vec::new(), any: true, nodes: IntOrPercent::Percent(10), window: None }];
        };
        let mut budgets = Vec::new();
        for (i, budget) in written.iter().enumerate() {
            let nodes = match &budget.nodes {
                None => Ok(IntOrPercent::Percent(10)),
                Some(Value::Number(n)) => n.as_i64().and_then(|n| i32::try_from(n).ok()).map(IntOrPercent::Int).ok_or(()),
                Some(Value::String(text)) => {
                    text.parse().map(IntOrPercent::Int).or_else(|_| IntOrPercent::parse_percent(text).map_err(|_| ()))
                }
                Some(_) => Err(()),
            };
            let window = match (&budget.schedule, budget.duration.as_deref().and_then(span)) {
                (None, _) => Ok(None),
                (Some(schedule), Some(duration)) => {
                    Schedule::parse(schedule, &Zone::UTC).map(|schedule| Some(BudgetWindow { schedule, duration })).map_err(|_| ())
                }
                (Some(_), None) => Err(()),
            };
            // A budget that does not parse holds everything back, as Karpenter has it.
            let (nodes, window) = match (nodes, window) {
                (Ok(nodes), Ok(window)) => (nodes, window),
                _ => {
                    let told = "this budget does not parse: it lets no node go";
                    let pointer = format!("/spec/disruption/budgets/{i}");
                    self.tell_of(document, &pointer, Diagnostic::error(DiagnosticId("WT2026"), told));
                    (IntOrPercent::Int(0), None)
                }
            };
            let causes = budget.reasons.iter().flatten().filter_map(|reason| match reason.as_str() {
                "Empty" => Some(DisruptionCause::Empty),
                "Underutilized" => Some(DisruptionCause::Underutilized),
                "Drifted" => Some(DisruptionCause::Drifted),
                _ => None,
            });
            budgets.push(DisruptionBudget { causes: causes.collect(), any: budget.reasons.is_none(), nodes, window });
        }
        budgets
    }

    fn limits_of_pool(&mut self, document: &Document, written: &BTreeMap<String, Value>) -> PoolLimits {
        let mut limits = PoolLimits::default();
        for (resource, value) in written {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match (resource.as_str(), Quantity::parse(&text)) {
                ("cpu", Ok(quantity)) => limits.cpu_milli = Some(quantity.milli_value()),
                ("memory", Ok(quantity)) => limits.memory = Some(quantity.value()),
                ("nodes", Ok(quantity)) => limits.nodes = Some(quantity.value()),
                (_, parsed) => {
                    let why = if parsed.is_ok() { "is not simulated: cpu, memory and nodes are" } else { "is no amount" };
                    let told = format!("the limit on {} {why}", visible_short(resource, 80));
                    self.tell_of(document, "/spec/limits", Diagnostic::warning(DiagnosticId("WT2026"), told));
                }
            }
        }
        limits
    }

    /// Nodes that carry a pool's label are its machines.
    fn adopt_nodes(&mut self) {
        let (Some(pool_label), Some(type_label)) = (self.cluster.text.get(POOL_LABEL), self.cluster.text.get(TYPE_LABEL)) else { return };
        let spot_label = self.cluster.text.intern(CAPACITY_LABEL);
        let spot_value = self.cluster.text.intern("spot");
        for index in 0..self.cluster.nodes.len() {
            let node = &self.cluster.nodes[index];
            let Some(name) = node.labels.get(pool_label) else { continue };
            let Some(pool) = self.cluster.karpenter.pools.iter().position(|p| p.name == name) else { continue };
            let machine_type = node.labels.get(type_label).unwrap_or(Sym::EMPTY);
            let spot = node.labels.get(spot_label) == Some(spot_value);
            let (zone, created, node_name) = (node.zone, node.created, node.name);
            let prototype = node.clone();
            // What a node of a dump was made from is not known: it is taken for what its pool says now.
            let of = &self.cluster.karpenter.pools[pool];
            let (expire_after, termination_grace, template_hash) = (of.expire_after, of.termination_grace, of.template_hash);
            let options = &mut self.cluster.karpenter.pools[pool].options;
            let same = |o: &LaunchOption| o.machine_type == machine_type && o.spot == spot;
            let option = match options.iter().position(|o| same(o) && o.node.zone == zone) {
                Some(option) => option,
                None => {
                    // A type that cannot be had here is known from the node alone; of its price nothing is known.
                    let price = options.iter().find(|o| same(o)).map_or(0, |o| o.price);
                    let node = Node { pods: Vec::new(), ..prototype };
                    options.push(LaunchOption { node, machine_type, spot, price, start_up: 0, offered: false });
                    options.len() - 1
                }
            };
            self.cluster.karpenter.machines.push(Machine {
                pool: KarpenterPoolId::from_index(pool),
                option,
                name: node_name,
                node: Some(NodeId::from_index(index)),
                asked: created,
                due: created,
                initialized: Some(created.min(Time::ZERO)),
                expire_after,
                termination_grace,
                template_hash,
                drifted: None,
                leaving: None,
                gone: false,
            });
        }
    }
}

/// Tells templates apart by all that is no requirement (`NodePool.Hash`; lists are sets).
fn template_hash(pool: &Value) -> u64 {
    let mut template = pool.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(spec) = template.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("requirements");
    }
    // FNV-1a.
    canonical(&template).bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One text for all ways to write a value; as deep as a manifest may be.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, String> = fields.iter().map(|(key, value)| (key, canonical(value))).gather();
            let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let mut items: Vec<String> = items.iter().map(canonical).collect();
            items.arrange();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

/// What an EC2NodeClass says of its kubelets, by name.
fn node_classes(manifest: &Manifest) -> BTreeMap<String, NodeClass> {
    let mut classes = BTreeMap::new();
    for document in manifest.documents.iter().filter(|d| d.kind == "EC2NodeClass" && d.api_version.starts_with("karpenter.k8s.aws/")) {
        let value = document.value();
        let Some(kubelet) = value.pointer("/spec/kubelet") else { continue };
        let mut class = NodeClass { most_pods: kubelet.get("maxPods").and_then(Value::as_i64), ..NodeClass::default() };
        for part in ["systemReserved", "kubeReserved"] {
            for (resource, amount) in kubelet.get(part).and_then(Value::as_object).into_iter().flatten() {
                let Some(amount) = amount.as_str().and_then(|text| Quantity::parse(text).ok()) else { continue };
                let sum = class.reserved.get(resource).map_or(amount, |own| *own + amount);
                class.reserved.insert(resource.clone(), sum);
            }
        }
        classes.insert(document.name.clone(), class);
    }
    classes
}

/// A span as Karpenter writes it; none for `Never`, and for what is none.
fn span(text: &str) -> Option<Millis> {
    Duration::parse(text).ok().map(|duration| (duration.nanos() / 1_000_000).max(0))
}

//! The scheduler's configuration: `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1), merged with the defaults
//! and compiled to profiles (`pkg/scheduler/apis/config`, `framework/runtime/framework.go`, v1.37).
//!
//! Extenders and plugins that are not kube-scheduler's own are refused, not ignored.

use serde_json::Value;

use super::plugins::{Plugin, Point};
use crate::cluster::labels::{Operator, Requirement};
use crate::cluster::template::{NodeSelectorTerm, PreferredNodeTerm};
use crate::units::intern::{Interner, Sym};
use crate::units::time::{MINUTE, Millis, SECOND};

/// Label keys and names that the scheduler itself speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellKnown {
    /// `kubernetes.io/hostname`.
    pub hostname: Sym,
    /// `topology.kubernetes.io/zone`.
    pub zone: Sym,
    /// `topology.kubernetes.io/region`.
    pub region: Sym,
    /// `failure-domain.beta.kubernetes.io/zone`.
    pub beta_zone: Sym,
    /// `failure-domain.beta.kubernetes.io/region`.
    pub beta_region: Sym,
    /// `node.kubernetes.io/unschedulable`.
    pub unschedulable: Sym,
    /// `0.0.0.0`.
    pub any_ip: Sym,
    /// `kubernetes.io/no-provisioner`.
    pub no_provisioner: Sym,
    /// `RestartAllContainersOnContainerExits`.
    pub restart_all: Sym,
    /// `UserNamespacesHostNetworkSupport`.
    pub user_namespaces_host_network: Sym,
    /// `VolumeBindMountOptions`.
    pub bind_mount_options: Sym,
}

impl WellKnown {
    /// Interns them all.
    pub fn new(text: &mut Interner) -> WellKnown {
        WellKnown {
            hostname: text.intern("kubernetes.io/hostname"),
            zone: text.intern("topology.kubernetes.io/zone"),
            region: text.intern("topology.kubernetes.io/region"),
            beta_zone: text.intern("failure-domain.beta.kubernetes.io/zone"),
            beta_region: text.intern("failure-domain.beta.kubernetes.io/region"),
            unschedulable: text.intern("node.kubernetes.io/unschedulable"),
            any_ip: text.intern("0.0.0.0"),
            no_provisioner: text.intern("kubernetes.io/no-provisioner"),
            restart_all: text.intern("RestartAllContainersOnContainerExits"),
            user_namespaces_host_network: text.intern("UserNamespacesHostNetworkSupport"),
            bind_mount_options: text.intern("VolumeBindMountOptions"),
        }
    }
}

/// A resource by kind, as scoring strategies name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceName {
    /// `cpu`.
    Cpu,
    /// `memory`.
    Memory,
    /// `ephemeral-storage`.
    EphemeralStorage,
    /// Everything else.
    Scalar(Sym),
}

/// A point of a RequestedToCapacityRatio shape: utilization 0..100, score scaled to 0..100.
pub type ShapePoint = (i64, i64);

/// How NodeResourcesFit scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// Emptier is better.
    LeastAllocated,
    /// Fuller is better.
    MostAllocated,
    /// A piecewise linear function of the utilization.
    RequestedToCapacityRatio(Vec<ShapePoint>),
}

/// A default topology spread constraint of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultConstraint {
    /// `maxSkew`.
    pub max_skew: i32,
    /// `topologyKey`.
    pub topology_key: Sym,
    /// `DoNotSchedule`.
    pub hard: bool,
}

/// A profile: which plugins act where, and their arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// `schedulerName`.
    pub scheduler_name: Sym,
    /// Own `percentageOfNodesToScore`.
    pub percentage_of_nodes_to_score: Option<i64>,
    /// PreEnqueue plugins in order.
    pub pre_enqueue: Vec<Plugin>,
    /// PreFilter plugins in order.
    pub pre_filter: Vec<Plugin>,
    /// Filter plugins in order.
    pub filter: Vec<Plugin>,
    /// PostFilter plugins in order.
    pub post_filter: Vec<Plugin>,
    /// PreScore plugins in order.
    pub pre_score: Vec<Plugin>,
    /// Score plugins in order, with their weights.
    pub score: Vec<(Plugin, i64)>,
    /// Reserve plugins in order.
    pub reserve: Vec<Plugin>,
    /// Node affinity that the profile adds to every pod: required terms, preferred terms.
    pub added_required: Option<Vec<NodeSelectorTerm>>,
    /// See `added_required`.
    pub added_preferred: Option<Vec<PreferredNodeTerm>>,
    /// NodeResourcesFit: how to score.
    pub fit_strategy: ScoringStrategy,
    /// NodeResourcesFit: resources and weights.
    pub fit_resources: Vec<(ResourceName, i64)>,
    /// NodeResourcesFit: extended resources that the filter leaves out.
    pub ignored_resources: Vec<Sym>,
    /// NodeResourcesFit: prefixes (before `/`) of extended resources that the filter leaves out.
    pub ignored_resource_groups: Vec<String>,
    /// NodeResourcesBalancedAllocation: resources.
    pub balanced_resources: Vec<ResourceName>,
    /// InterPodAffinity: weight of existing pods' required affinity when scoring.
    pub hard_pod_affinity_weight: i64,
    /// InterPodAffinity: only pods with preferred terms of their own look at those of others.
    pub ignore_preferred_terms_of_existing_pods: bool,
    /// PodTopologySpread: default constraints.
    pub default_constraints: Vec<DefaultConstraint>,
    /// PodTopologySpread: whether these are the system's.
    pub system_defaults: bool,
    /// DefaultPreemption: `minCandidateNodesPercentage`.
    pub min_candidate_nodes_percentage: i64,
    /// DefaultPreemption: `minCandidateNodesAbsolute`.
    pub min_candidate_nodes_absolute: i64,
    /// VolumeBinding: shape of the capacity score.
    pub volume_shape: Vec<ShapePoint>,
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// Profiles; at least one.
    pub profiles: Vec<Profile>,
    /// Global `percentageOfNodesToScore`; 0 is adaptive.
    pub percentage_of_nodes_to_score: i64,
    /// `podInitialBackoffSeconds`, as milliseconds.
    pub initial_backoff: Millis,
    /// `podMaxBackoffSeconds`, as milliseconds.
    pub max_backoff: Millis,
    /// `--pod-max-in-unschedulable-pods-duration`.
    pub max_in_unschedulable: Millis,
    /// Names the scheduler speaks of.
    pub known: WellKnown,
}

impl SchedulerConfig {
    /// kube-scheduler's own defaults: one profile, `default-scheduler`.
    pub fn standard(text: &mut Interner) -> SchedulerConfig {
        let known = WellKnown::new(text);
        let profile = Profile::standard(text, known);
        SchedulerConfig {
            profiles: vec![profile],
            percentage_of_nodes_to_score: 0,
            initial_backoff: SECOND,
            max_backoff: 10 * SECOND,
            max_in_unschedulable: 5 * MINUTE,
            known,
        }
    }

    /// From a `KubeSchedulerConfiguration`; what is absent has kube-scheduler's default. Errors name the field.
    pub fn from_json(object: &Value, text: &mut Interner) -> Result<SchedulerConfig, Vec<String>> {
        let mut config = SchedulerConfig::standard(text);
        let mut errors = Vec::new();
        if let Some(percentage) = object.get("percentageOfNodesToScore").and_then(Value::as_i64) {
            config.percentage_of_nodes_to_score = percentage;
        }
        if let Some(seconds) = object.get("podInitialBackoffSeconds").and_then(Value::as_i64) {
            config.initial_backoff = seconds.saturating_mul(SECOND);
        }
        if let Some(seconds) = object.get("podMaxBackoffSeconds").and_then(Value::as_i64) {
            config.max_backoff = seconds.saturating_mul(SECOND);
        }
        if !(0..=100).contains(&config.percentage_of_nodes_to_score) {
            errors.push("percentageOfNodesToScore: not in the range 0-100".to_owned());
        }
        if config.initial_backoff <= 0 || config.max_backoff < config.initial_backoff {
            errors.push("podInitialBackoffSeconds: must be greater than 0 and at most podMaxBackoffSeconds".to_owned());
        }
        if list(object, "extenders").next().is_some() {
            errors.push("extenders: scheduler extenders are not simulated".to_owned());
        }
        let given: Vec<&Value> = list(object, "profiles").collect();
        if !given.is_empty() {
            config.profiles = given.iter().map(|p| Profile::from_json(p, text, config.known, &mut errors)).collect();
        }
        for (i, profile) in config.profiles.iter().enumerate() {
            if config.profiles[..i].iter().any(|other| other.scheduler_name == profile.scheduler_name) {
                errors.push(format!("profiles[{i}].schedulerName: duplicate {:?}", text.text(profile.scheduler_name)));
            }
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// The profile that schedules pods with this `schedulerName`.
    pub fn profile_of(&self, scheduler_name: Sym) -> Option<usize> {
        self.profiles.iter().position(|p| p.scheduler_name == scheduler_name)
    }
}

impl Profile {
    /// The default profile.
    pub fn standard(text: &mut Interner, known: WellKnown) -> Profile {
        let mut profile = Profile {
            scheduler_name: text.intern("default-scheduler"),
            percentage_of_nodes_to_score: None,
            pre_enqueue: Vec::new(),
            pre_filter: Vec::new(),
            filter: Vec::new(),
            post_filter: Vec::new(),
            pre_score: Vec::new(),
            score: Vec::new(),
            reserve: Vec::new(),
            added_required: None,
            added_preferred: None,
            fit_strategy: ScoringStrategy::LeastAllocated,
            fit_resources: vec![(ResourceName::Cpu, 1), (ResourceName::Memory, 1)],
            ignored_resources: Vec::new(),
            ignored_resource_groups: Vec::new(),
            balanced_resources: vec![ResourceName::Cpu, ResourceName::Memory],
            hard_pod_affinity_weight: 1,
            ignore_preferred_terms_of_existing_pods: false,
            default_constraints: system_constraints(known),
            system_defaults: true,
            min_candidate_nodes_percentage: 10,
            min_candidate_nodes_absolute: 100,
            volume_shape: vec![(0, 100), (100, 0)],
        };
        profile.expand(&Value::Null, &mut Vec::new());
        profile
    }

    fn from_json(object: &Value, text: &mut Interner, known: WellKnown, errors: &mut Vec<String>) -> Profile {
        let mut profile = Profile::standard(text, known);
        if let Some(name) = object.get("schedulerName").and_then(Value::as_str) {
            profile.scheduler_name = text.intern(name);
        }
        profile.percentage_of_nodes_to_score = object.get("percentageOfNodesToScore").and_then(Value::as_i64);
        profile.expand(object.get("plugins").unwrap_or(&Value::Null), errors);
        for entry in list(object, "pluginConfig") {
            let args = entry.get("args").unwrap_or(&Value::Null);
            match entry.get("name").and_then(Value::as_str).and_then(Plugin::named) {
                Some(plugin) => profile.take_args(plugin, args, text, errors),
                None => errors.push(format!("pluginConfig: unknown plugin {}", entry.get("name").unwrap_or(&Value::Null))),
            }
        }
        profile
    }

    /// Merges `plugins` with the default MultiPoint set and expands it to every extension point
    /// (`default_plugins.go` mergePluginSet, `runtime/framework.go` expandMultiPointPlugins and getScoreWeights, v1.37).
    fn expand(&mut self, plugins: &Value, errors: &mut Vec<String>) {
        let defaults: Vec<(Plugin, i64)> = Plugin::ALL.into_iter().map(|p| (p, p.default_weight())).collect();
        let multi = PluginSet::read(plugins.get("multiPoint"), errors);
        let mut multi_point: Vec<(Plugin, i64)> = Vec::new();
        let mut replaced = vec![false; multi.enabled.len()];
        if !multi.all_disabled {
            for (plugin, weight) in defaults {
                if multi.disabled.contains(&plugin) {
                    continue;
                }
                match multi.enabled.iter().rposition(|e| e.0 == plugin) {
                    Some(i) => {
                        replaced[i] = true;
                        multi_point.push(multi.enabled[i]);
                    }
                    None => multi_point.push((plugin, weight)),
                }
            }
        }
        multi_point.extend(multi.enabled.iter().zip(&replaced).filter(|(_, replaced)| !**replaced).map(|(e, _)| *e));

        for (point, name) in Point::ALL {
            let set = PluginSet::read(plugins.get(name), errors);
            let order = set.expand(point, &multi_point);
            let place = match point {
                Point::PreEnqueue => &mut self.pre_enqueue,
                Point::PreFilter => &mut self.pre_filter,
                Point::Filter => &mut self.filter,
                Point::PostFilter => &mut self.post_filter,
                Point::PreScore => &mut self.pre_score,
                Point::Reserve => &mut self.reserve,
                Point::Score => {
                    let weight = |p: Plugin| {
                        let own = set.enabled.iter().chain(&multi_point).find(|e| e.0 == p);
                        own.map_or(1, |e| if e.1 == 0 { 1 } else { e.1 })
                    };
                    self.score = order.into_iter().map(|p| (p, weight(p))).collect();
                    continue;
                }
                Point::QueueSort | Point::Permit | Point::PreBind | Point::Bind | Point::PostBind => continue,
            };
            *place = order;
        }
    }

    fn take_args(&mut self, plugin: Plugin, args: &Value, text: &mut Interner, errors: &mut Vec<String>) {
        match plugin {
            Plugin::NodeAffinity => {
                let added = args.get("addedAffinity").unwrap_or(&Value::Null);
                let required = added.get("requiredDuringSchedulingIgnoredDuringExecution").filter(|v| !v.is_null());
                self.added_required = required.map(|r| list(r, "nodeSelectorTerms").map(|t| node_term(t, text)).collect());
                let preferred = added.get("preferredDuringSchedulingIgnoredDuringExecution").filter(|v| !v.is_null());
                self.added_preferred = preferred.and_then(Value::as_array).map(|terms| {
                    let term = |t: &Value, text: &mut Interner| PreferredNodeTerm {
                        weight: t.get("weight").and_then(Value::as_i64).unwrap_or(0).clamp(0, 100) as i32,
                        term: node_term(t.get("preference").unwrap_or(&Value::Null), text),
                    };
                    terms.iter().map(|t| term(t, text)).collect()
                });
            }
            Plugin::NodeResourcesFit => {
                if let Some(strategy) = args.get("scoringStrategy").filter(|v| !v.is_null()) {
                    self.fit_strategy = match strategy.get("type").and_then(Value::as_str).unwrap_or("LeastAllocated") {
                        "LeastAllocated" => ScoringStrategy::LeastAllocated,
                        "MostAllocated" => ScoringStrategy::MostAllocated,
                        "RequestedToCapacityRatio" => {
                            let ratio = strategy.get("requestedToCapacityRatio").unwrap_or(&Value::Null);
                            ScoringStrategy::RequestedToCapacityRatio(shape(ratio, errors))
                        }
                        other => {
                            errors.push(format!("NodeResourcesFit: unknown scoringStrategy.type {other:?}"));
                            ScoringStrategy::LeastAllocated
                        }
                    };
                    let resources = weighted_resources(strategy, text, errors);
                    if !resources.is_empty() {
                        self.fit_resources = resources;
                    }
                }
                self.ignored_resources = strings(args, "ignoredResources").map(|s| text.intern(s)).collect();
                self.ignored_resource_groups = strings(args, "ignoredResourceGroups").map(str::to_owned).collect();
            }
            Plugin::NodeResourcesBalancedAllocation => {
                let resources = weighted_resources(args, text, errors);
                if resources.iter().any(|r| r.1 != 1) {
                    errors.push("NodeResourcesBalancedAllocation: weights must be 1".to_owned());
                }
                if !resources.is_empty() {
                    self.balanced_resources = resources.into_iter().map(|r| r.0).collect();
                }
            }
            Plugin::InterPodAffinity => {
                if let Some(weight) = args.get("hardPodAffinityWeight").and_then(Value::as_i64) {
                    if !(0..=100).contains(&weight) {
                        errors.push("InterPodAffinity: hardPodAffinityWeight not in the range 0-100".to_owned());
                    }
                    self.hard_pod_affinity_weight = weight;
                }
                let ignore = args.get("ignorePreferredTermsOfExistingPods").and_then(Value::as_bool);
                self.ignore_preferred_terms_of_existing_pods = ignore.unwrap_or(false);
            }
            Plugin::PodTopologySpread => {
                let constraint = |c: &Value, text: &mut Interner| DefaultConstraint {
                    max_skew: c.get("maxSkew").and_then(Value::as_i64).unwrap_or(1).clamp(1, i64::from(i32::MAX)) as i32,
                    topology_key: text.intern(c.get("topologyKey").and_then(Value::as_str).unwrap_or("")),
                    hard: c.get("whenUnsatisfiable").and_then(Value::as_str) == Some("DoNotSchedule"),
                };
                let given: Vec<DefaultConstraint> = list(args, "defaultConstraints").map(|c| constraint(c, text)).collect();
                if args.get("defaultingType").and_then(Value::as_str) == Some("List") {
                    self.system_defaults = false;
                    self.default_constraints = given;
                } else if !given.is_empty() {
                    errors.push("PodTopologySpread: defaultConstraints need defaultingType List".to_owned());
                }
            }
            Plugin::DefaultPreemption => {
                if let Some(percentage) = args.get("minCandidateNodesPercentage").and_then(Value::as_i64) {
                    self.min_candidate_nodes_percentage = percentage;
                }
                if let Some(absolute) = args.get("minCandidateNodesAbsolute").and_then(Value::as_i64) {
                    self.min_candidate_nodes_absolute = absolute;
                }
                if !(0..=100).contains(&self.min_candidate_nodes_percentage) || self.min_candidate_nodes_absolute < 0 {
                    errors.push("DefaultPreemption: minCandidateNodes out of range".to_owned());
                }
            }
            Plugin::VolumeBinding if list(args, "shape").next().is_some() => self.volume_shape = shape(args, errors),
            _ => {}
        }
    }
}

/// The plugins named at one extension point.
struct PluginSet {
    enabled: Vec<(Plugin, i64)>,
    disabled: Vec<Plugin>,
    all_disabled: bool,
}

impl PluginSet {
    fn read(set: Option<&Value>, errors: &mut Vec<String>) -> PluginSet {
        let mut read = PluginSet { enabled: Vec::new(), disabled: Vec::new(), all_disabled: false };
        let Some(set) = set else { return read };
        for entry in list(set, "enabled") {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or("");
            match Plugin::named(name) {
                Some(plugin) => read.enabled.push((plugin, entry.get("weight").and_then(Value::as_i64).unwrap_or(0))),
                None => errors.push(format!("plugins: unknown plugin {name:?} is not simulated")),
            }
        }
        for entry in list(set, "disabled") {
            match entry.get("name").and_then(Value::as_str).unwrap_or("") {
                "*" => read.all_disabled = true,
                name => read.disabled.extend(Plugin::named(name)),
            }
        }
        read
    }

    fn expand(&self, point: Point, multi_point: &[(Plugin, i64)]) -> Vec<Plugin> {
        let own: Vec<Plugin> = self.enabled.iter().map(|e| e.0).filter(|p| p.acts_at(point)).collect();
        if self.all_disabled {
            return own;
        }
        let from_multi = |p: &Plugin| !self.disabled.contains(p) && multi_point.iter().any(|m| m.0 == *p);
        let mut order: Vec<Plugin> = own.iter().copied().filter(from_multi).collect();
        order.extend(multi_point.iter().map(|m| m.0).filter(|p| p.acts_at(point) && !self.disabled.contains(p) && !own.contains(p)));
        order.extend(own.iter().copied().filter(|p| !from_multi(p)));
        order
    }
}

/// `buildDefaultConstraints` of PodTopologySpread.
fn system_constraints(known: WellKnown) -> Vec<DefaultConstraint> {
    vec![
        DefaultConstraint { max_skew: 3, topology_key: known.hostname, hard: false },
        DefaultConstraint { max_skew: 5, topology_key: known.zone, hard: false },
    ]
}

fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn strings<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    list(object, key).filter_map(Value::as_str)
}

fn shape(object: &Value, errors: &mut Vec<String>) -> Vec<ShapePoint> {
    let number = |p: &Value, key: &str| p.get(key).and_then(Value::as_i64).unwrap_or(0);
    let points: Vec<ShapePoint> =
        list(object, "shape").map(|p| (number(p, "utilization"), number(p, "score").saturating_mul(10))).collect();
    let rising = points.windows(2).all(|w| w[0].0 < w[1].0);
    if points.is_empty() || !rising || points.iter().any(|p| !(0..=100).contains(&p.0) || !(0..=100).contains(&p.1)) {
        errors.push("shape: needs points of rising utilization 0-100 with scores 0-10".to_owned());
    }
    points
}

fn weighted_resources(object: &Value, text: &mut Interner, errors: &mut Vec<String>) -> Vec<(ResourceName, i64)> {
    let mut resources = Vec::new();
    for entry in list(object, "resources") {
        let name = match entry.get("name").and_then(Value::as_str).unwrap_or("") {
            "cpu" => ResourceName::Cpu,
            "memory" => ResourceName::Memory,
            "ephemeral-storage" => ResourceName::EphemeralStorage,
            other => ResourceName::Scalar(text.intern(other)),
        };
        let weight = match entry.get("weight").and_then(Value::as_i64).unwrap_or(0) {
            0 => 1,
            weight => weight,
        };
        if !(1..=100).contains(&weight) {
            errors.push(format!("resources: weight {weight} not in the range 1-100"));
        }
        resources.push((name, weight));
    }
    resources
}

/// A node selector term as the configuration writes it. What does not parse makes the term match nothing.
fn node_term(term: &Value, text: &mut Interner) -> NodeSelectorTerm {
    let mut invalid = false;
    let mut requirement = |r: &Value, text: &mut Interner| {
        let operator = match r.get("operator").and_then(Value::as_str).unwrap_or("") {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::Gt,
            "Lt" => Operator::Lt,
            _ => {
                invalid = true;
                Operator::Exists
            }
        };
        Requirement {
            key: text.intern(r.get("key").and_then(Value::as_str).unwrap_or("")),
            operator,
            values: strings(r, "values").map(|v| text.intern(v)).collect(),
        }
    };
    let expressions = list(term, "matchExpressions").map(|r| requirement(r, text)).collect();
    let names = list(term, "matchFields").map(|r| requirement(r, text)).collect();
    NodeSelectorTerm { expressions, names, invalid }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn score_order(plugins: Value) -> Vec<(&'static str, i64)> {
        let mut text = Interner::default();
        let config = SchedulerConfig::from_json(&json!({"profiles": [{"plugins": plugins}]}), &mut text).expect("valid");
        config.profiles[0].score.iter().map(|(p, w)| (p.name(), *w)).collect()
    }

    #[test]
    fn the_default_profile_has_kube_schedulers_order_and_weights() {
        assert_eq!(
            score_order(json!({})),
            [
                ("TaintToleration", 3),
                ("NodeAffinity", 2),
                ("NodeResourcesFit", 1),
                ("VolumeBinding", 1),
                ("PodTopologySpread", 2),
                ("InterPodAffinity", 2),
                ("DynamicResources", 2),
                ("NodeResourcesBalancedAllocation", 1),
                ("ImageLocality", 1)
            ]
        );
    }

    #[test]
    fn a_specific_point_beats_multi_point() {
        let order = score_order(json!({
            "multiPoint": {"disabled": [{"name": "ImageLocality"}], "enabled": [{"name": "NodeAffinity", "weight": 7}]},
            "score": {
                "disabled": [{"name": "TaintToleration"}],
                "enabled": [{"name": "TaintToleration", "weight": 10}, {"name": "NodeResourcesFit", "weight": 4}]
            }
        }));
        assert_eq!(order[0], ("NodeResourcesFit", 4), "named at both: first");
        assert_eq!(order[1], ("NodeAffinity", 7));
        assert_eq!(order.last(), Some(&("TaintToleration", 10)), "disabled and named again: last");
        assert!(order.iter().all(|o| o.0 != "ImageLocality"));
    }

    #[test]
    fn all_can_be_disabled_at_a_point() {
        let order = score_order(json!({"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "ImageLocality"}]}}));
        assert_eq!(order, [("ImageLocality", 1)]);
    }

    #[test]
    fn what_is_not_simulated_is_refused() {
        let mut text = Interner::default();
        let errors = SchedulerConfig::from_json(&json!({"extenders": [{}], "percentageOfNodesToScore": 101}), &mut text);
        assert_eq!(errors.expect_err("two errors").len(), 2);
    }
}

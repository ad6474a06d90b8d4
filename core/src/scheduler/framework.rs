//! One scheduling cycle's plugins: PreFilter once, Filter node by node, Score over the feasible nodes
//! (`pkg/scheduler/framework/runtime/framework.go`, v1.37).
//!
//! Decides for one pod against one state of the cache; which nodes are looked at, and what follows, is `cycle`'s.

use super::attempt::PluginScores;
use super::cache::{Cache, NodeInfo};
use super::claims::pod_claims;
use super::config::{Profile, SchedulerConfig, WellKnown};
use super::nominator::Nominator;
use super::plugins::inter_pod_affinity::{self, HeldCounter};
use super::plugins::pod_topology_spread;
use super::plugins::volume_binding::NodeVolumes;
use super::plugins::{
    Plugin, image_locality, node_affinity, node_declared_features, node_name, node_ports, node_resources_balanced_allocation,
    node_resources_fit, node_unschedulable, node_volume_limits, plugins_of, taint_toleration, volume_binding, volume_restrictions,
    volume_zone,
};
use super::status::{Code, Reasons, Refusal};
use crate::cluster::Cluster;
use crate::cluster::ids::{NodeId, PodId};
use crate::cluster::pod::Pod;
use crate::cluster::template::PodTemplate;
use crate::units::intern::Sym;
use crate::units::rng::Orders;

/// What a cycle sees: none of it changes while the cycle lasts.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The scheduler's cache.
    pub cache: &'a Cache,
    /// Nominated pods.
    pub nominator: &'a Nominator,
    /// The pod's profile.
    pub profile: &'a Profile,
    /// Names.
    pub known: &'a WellKnown,
    /// Who decides between equals.
    pub orders: Orders,
}

impl<'a> Surroundings<'a> {
    /// What a pod of the profile at this index of the configuration sees.
    pub(super) fn of(
        cluster: &'a Cluster,
        cache: &'a Cache,
        nominator: &'a Nominator,
        config: &'a SchedulerConfig,
        profile_index: usize,
        orders: Orders,
    ) -> Surroundings<'a> {
        Surroundings { cluster, cache, nominator, profile: &config.profiles[profile_index], known: &config.known, orders }
    }
}

/// What the PreFilter plugins found out about a pod.
#[derive(Clone, Debug, Default)]
pub struct PreFiltered {
    /// Plugins whose filter is off for this pod: a set of [`Plugin::bit`]s.
    pub skipped: u32,
    /// Names of the only nodes in question; sorted.
    pub only: Option<Vec<Sym>>,
    /// The plugins that said so.
    pub restricting: u32,
    features: Vec<Sym>,
    spread: Option<pod_topology_spread::FilterState>,
    affinity: Option<inter_pod_affinity::FilterState>,
    restrictions: Option<volume_restrictions::FilterState>,
    limits: Option<node_volume_limits::FilterState>,
    binding: Option<volume_binding::FilterState>,
    zone: Option<volume_zone::FilterState>,
}

/// How pods added to or taken from one node in thought move what the filters know of it.
#[derive(Clone, Debug, Default)]
pub struct Shift {
    spread: Vec<i64>,
    affinity: inter_pod_affinity::Shift,
    exclusive: i64,
}

/// A refusal by PreFilter, and the plugins that had restricted the nodes before.
#[derive(Clone, Debug, PartialEq)]
pub struct PreFilterRefusal {
    /// The refusal.
    pub refusal: Refusal,
    /// Plugins that had returned node sets, where the sets' intersection is what is empty.
    pub restricting: u32,
    /// DynamicResources' PreFilter had not run yet, so that its PostFilter fails.
    pub before_dynamic_resources: bool,
}

/// A pod in its cycle.
pub struct Cycle<'a> {
    /// What it sees.
    pub world: Surroundings<'a>,
    /// The pod.
    pub id: PodId,
    /// The pod.
    pub pod: &'a Pod,
    /// Its template.
    pub template: &'a PodTemplate,
    /// What PreFilter found out.
    pub state: PreFiltered,
}

impl<'a> Cycle<'a> {
    /// Runs the PreFilter plugins in order.
    pub fn pre_filter(world: Surroundings<'a>, id: PodId, counter: &mut dyn HeldCounter) -> Result<Cycle<'a>, PreFilterRefusal> {
        let Surroundings { cluster, cache, profile, known, .. } = world;
        let (pod, template) = (cluster.pod(id), cluster.template_of(id));
        let claims = if template.volumes.is_empty() { Vec::new() } else { pod_claims(cluster, id) };
        let mut state = PreFiltered::default();
        for (index, &plugin) in profile.pre_filter.iter().enumerate() {
            let refused = |refusal: Refusal| PreFilterRefusal {
                refusal,
                restricting: 0,
                before_dynamic_resources: !profile.pre_filter[..index].contains(&Plugin::DynamicResources),
            };
            let mut set: Option<Vec<Sym>> = None;
            let skipped = match plugin {
                Plugin::NodeName => {
                    set = template.node_name.map(|name| vec![name]);
                    node_name::skips(template)
                }
                Plugin::NodeUnschedulable => node_unschedulable::tolerates_cordon(template, known),
                Plugin::NodeAffinity => {
                    let pinned = pod.pinned.map(|node| (node, cluster.node(node).name));
                    match node_affinity::pre_filter(template, pinned, profile) {
                        node_affinity::PreFilter::Skip => true,
                        node_affinity::PreFilter::AllNodes => false,
                        node_affinity::PreFilter::Only(names) => {
                            set = Some(names);
                            false
                        }
                        node_affinity::PreFilter::Refused(refusal) => return Err(refused(refusal)),
                    }
                }
                Plugin::NodePorts => template.host_ports.is_empty(),
                Plugin::VolumeRestrictions => {
                    state.restrictions = volume_restrictions::pre_filter(cluster, cache, id, &claims).map_err(refused)?;
                    state.restrictions.is_none()
                }
                Plugin::NodeVolumeLimits => {
                    state.limits = node_volume_limits::pre_filter(cluster, id, &claims);
                    state.limits.is_none()
                }
                Plugin::VolumeBinding => {
                    state.binding = volume_binding::pre_filter(cluster, id, &claims).map_err(refused)?;
                    state.binding.is_none()
                }
                Plugin::VolumeZone => {
                    state.zone = volume_zone::pre_filter(cluster, &claims, known).map_err(refused)?;
                    state.zone.is_none()
                }
                Plugin::PodTopologySpread => {
                    state.spread = pod_topology_spread::pre_filter(cluster, pod, profile, counter);
                    state.spread.is_none()
                }
                Plugin::InterPodAffinity => {
                    state.affinity = inter_pod_affinity::pre_filter(cluster, pod, counter);
                    state.affinity.is_none()
                }
                Plugin::NodeDeclaredFeatures => {
                    state.features = node_declared_features::needed(template, known);
                    state.features.is_empty()
                }
                Plugin::DynamicResources => true,
                _ => false,
            };
            if skipped {
                state.skipped |= plugin.bit();
            }
            if let Some(names) = set {
                state.restricting |= plugin.bit();
                let merged = match state.only.take() {
                    Some(known) => known.into_iter().filter(|n| names.contains(n)).collect(),
                    None => names,
                };
                if merged.is_empty() {
                    let restricting = state.restricting;
                    return Err(PreFilterRefusal { restricting, ..refused(nothing_left(restricting)) });
                }
                state.only = Some(merged);
            }
        }
        Ok(Cycle { world, id, pod, template, state })
    }

    /// A pod in a cycle in which nothing is asked but the filters that look at pod and node alone; `skipped` as PreFilter found it.
    pub(super) fn of_class(world: Surroundings<'a>, id: PodId, skipped: u32) -> Cycle<'a> {
        let state = PreFiltered { skipped, ..PreFiltered::default() };
        Cycle { world, id, pod: world.cluster.pod(id), template: world.cluster.template_of(id), state }
    }

    /// Whether a plugin's filter runs for this pod.
    pub fn filters(&self, plugin: Plugin) -> bool {
        self.state.skipped & plugin.bit() == 0
    }

    /// Runs one plugin's filter on a node as `info` describes it.
    pub fn filter_by(&self, plugin: Plugin, id: NodeId, info: &NodeInfo, shift: &Shift) -> Option<Refusal> {
        let Surroundings { cluster, profile, known, .. } = self.world;
        let node = cluster.node(id);
        match plugin {
            Plugin::NodeName => node_name::filter(self.template, node),
            Plugin::NodeUnschedulable => node_unschedulable::filter(self.template, node, known),
            Plugin::TaintToleration => taint_toleration::filter(self.template, node),
            Plugin::NodeAffinity => node_affinity::filter(self.template, self.pod.pinned, profile, id, node, &cluster.text),
            Plugin::NodePorts => node_ports::filter(&self.template.host_ports, &info.ports, known),
            Plugin::NodeResourcesFit => node_resources_fit::filter(self.template, profile, node, info, &cluster.text),
            Plugin::VolumeRestrictions => {
                self.state.restrictions.as_ref().and_then(|s| s.filter(cluster, self.template, &info.pods, shift.exclusive))
            }
            Plugin::NodeVolumeLimits => self.state.limits.as_ref().and_then(|s| s.filter(cluster, node, &info.pods)),
            Plugin::VolumeBinding => self.state.binding.as_ref().and_then(|s| s.filter(cluster, node, known).err()),
            Plugin::VolumeZone => self.state.zone.as_ref().and_then(|s| s.filter(cluster, node, known)),
            Plugin::PodTopologySpread => self.state.spread.as_ref().and_then(|s| s.filter(id, &shift.spread)),
            Plugin::InterPodAffinity => self.state.affinity.as_ref().and_then(|s| s.filter(id, &shift.affinity)),
            Plugin::NodeDeclaredFeatures => node_declared_features::filter(&self.state.features, node),
            _ => None,
        }
    }

    /// Runs the Filter plugins in order; the first that refuses ends it.
    pub fn filter(&self, id: NodeId, info: &NodeInfo, shift: &Shift) -> Option<Refusal> {
        let mut plugins = self.world.profile.filter.iter().filter(|p| self.filters(**p));
        plugins.find_map(|&plugin| self.filter_by(plugin, id, info, shift))
    }

    /// The filters after the first so many that run for this pod.
    pub fn filters_from(&self, first: usize) -> Vec<Plugin> {
        self.world.profile.filter.iter().copied().skip(first).filter(|p| self.filters(*p)).collect()
    }

    /// Pods nominated to a node whose room this pod must leave: of its priority or a higher one.
    pub fn nominated_to(&self, id: NodeId) -> impl Iterator<Item = PodId> + '_ {
        let (cluster, own) = (self.world.cluster, self.pod.priority);
        self.world.nominator.pods(id).iter().copied().filter(move |&p| p != self.id && cluster.pod(p).priority >= own)
    }

    /// Runs the filters with nominated pods counted in, where there are any, and without them
    /// (RunFilterPluginsWithNominatedPods).
    pub fn filter_with_nominated(&self, id: NodeId, info: &NodeInfo, shift: &Shift) -> Option<Refusal> {
        let mut nominated = self.nominated_to(id).peekable();
        if nominated.peek().is_some() {
            let (mut info, mut shift) = (info.clone(), shift.clone());
            for pod in nominated {
                self.add(pod, id, &mut info, &mut shift);
            }
            if let Some(refusal) = self.filter(id, &info, &shift) {
                return Some(refusal);
            }
        }
        self.filter(id, info, shift)
    }

    /// Puts a pod on a node, in thought (PreFilterExtensions AddPod).
    pub fn add(&self, pod: PodId, node: NodeId, info: &mut NodeInfo, shift: &mut Shift) {
        info.add(pod, self.world.cluster.template_of(pod));
        self.move_counts(pod, node, 1, shift);
    }

    /// Takes a pod off a node, in thought (PreFilterExtensions RemovePod).
    pub fn remove(&self, pod: PodId, node: NodeId, info: &mut NodeInfo, shift: &mut Shift) {
        info.remove(pod, self.world.cluster.template_of(pod));
        self.move_counts(pod, node, -1, shift);
    }

    fn move_counts(&self, id: PodId, node: NodeId, by: i64, shift: &mut Shift) {
        let Surroundings { cluster, cache, .. } = self.world;
        let pod = cluster.pod(id);
        if let Some(spread) = &self.state.spread {
            spread.shift((cluster, cache), node, self.pod, pod, by, &mut shift.spread);
        }
        if let Some(affinity) = &self.state.affinity {
            affinity.shift(cluster, node, self.pod, pod, by, &mut shift.affinity);
        }
        if let Some(restrictions) = &self.state.restrictions {
            restrictions.shift(cluster, id, by, &mut shift.exclusive);
        }
    }

    /// How a node that passed would serve the pod's claims.
    pub fn volumes_on(&self, id: NodeId) -> Option<NodeVolumes> {
        let binding = self.state.binding.as_ref()?;
        binding.filter(self.world.cluster, self.world.cluster.node(id), self.world.known).ok()
    }

    /// Runs the Score plugins over the feasible nodes; plugins that are skipped, and those in the set `without`, are left out.
    pub fn score(&self, feasible: &[NodeId], without: u32, counter: &mut dyn HeldCounter) -> Vec<PluginScores> {
        let Surroundings { cluster, cache, profile, known, .. } = self.world;
        let mut all = Vec::with_capacity(profile.score.len());
        let each = |score: &dyn Fn(NodeId) -> i64| feasible.iter().map(|&n| score(n)).collect::<Vec<i64>>();
        for &(plugin, weight) in profile.score.iter().filter(|s| without & s.0.bit() == 0) {
            let (raw, normalized) = match plugin {
                Plugin::TaintToleration => {
                    let raw = each(&|n| taint_toleration::score(self.template, cluster.node(n)));
                    let normalized = normalize(&raw, true);
                    (raw, normalized)
                }
                Plugin::NodeAffinity if !node_affinity::score_skips(self.template, profile) => {
                    let raw = each(&|n| node_affinity::score(self.template, profile, cluster.node(n), &cluster.text));
                    let normalized = normalize(&raw, false);
                    (raw, normalized)
                }
                Plugin::NodeResourcesFit => {
                    let fit = |n| node_resources_fit::score(self.template, profile, cluster.node(n), cache.info(n), &cluster.text);
                    same(each(&fit))
                }
                Plugin::NodeResourcesBalancedAllocation if !node_resources_balanced_allocation::skips(self.template, profile) => {
                    let balanced = |n| node_resources_balanced_allocation::score(self.template, profile, cluster.node(n), cache.info(n));
                    same(each(&balanced))
                }
                Plugin::ImageLocality => same(each(&|n| image_locality::score(self.template, cache.info(n), cache.order().len()))),
                Plugin::VolumeBinding => match &self.state.binding {
                    Some(binding) if binding.has_delayed() => {
                        let score = |n| self.volumes_on(n).map_or(0, |volumes| binding.score(cluster, &volumes, profile));
                        same(each(&score))
                    }
                    _ => continue,
                },
                Plugin::PodTopologySpread => {
                    let Some(state) = pod_topology_spread::pre_score(cluster, self.pod, profile, known, counter) else { continue };
                    let (raw, ignored) = state.score(feasible);
                    let mut normalized = raw.clone();
                    pod_topology_spread::ScoreState::normalize(&mut normalized, &ignored);
                    (raw, normalized)
                }
                Plugin::InterPodAffinity => {
                    let Some(state) = inter_pod_affinity::pre_score(cluster, self.pod, profile, counter) else { continue };
                    let raw = each(&|n| state.score(n));
                    let mut normalized = raw.clone();
                    inter_pod_affinity::ScoreState::normalize(&mut normalized);
                    (raw, normalized)
                }
                _ => continue,
            };
            all.push(PluginScores { plugin, weight, raw, normalized });
        }
        all
    }
}

fn same(raw: Vec<i64>) -> (Vec<i64>, Vec<i64>) {
    let normalized = raw.clone();
    (raw, normalized)
}

/// `DefaultNormalizeScore` (`plugins/helper/normalize_score.go`, v1.37).
pub fn normalize(raw: &[i64], reverse: bool) -> Vec<i64> {
    let max = raw.iter().copied().max().unwrap_or(0);
    if max == 0 {
        return if reverse { vec![100; raw.len()] } else { raw.to_vec() };
    }
    let scaled = |s: i64| 100 * s / max;
    raw.iter().map(|&s| if reverse { 100 - scaled(s) } else { scaled(s) }).collect()
}

/// The refusal where node sets of PreFilter plugins have no node in common.
fn nothing_left(restricting: u32) -> Refusal {
    let names = plugin_names(restricting);
    let reason = match names.as_slice() {
        [one] => format!("node(s) didn't satisfy plugin {one}"),
        several => format!("node(s) didn't satisfy plugin(s) [{}] simultaneously", several.join(" ")),
    };
    Refusal { plugin: None, code: Code::UnschedulableAndUnresolvable, reasons: Reasons::One([reason.into()]) }
}

/// The refusal of nodes that PreFilter plugins left out.
pub fn left_out(restricting: u32) -> Refusal {
    let reason = format!("node(s) didn't satisfy plugin(s) [{}]", plugin_names(restricting).join(" "));
    Refusal { plugin: None, code: Code::UnschedulableAndUnresolvable, reasons: Reasons::One([reason.into()]) }
}

fn plugin_names(bits: u32) -> Vec<&'static str> {
    let mut names: Vec<&str> = plugins_of(bits).map(Plugin::name).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversed_scores_are_taken_from_a_hundred() {
        assert_eq!(normalize(&[0, 1, 3], true), [100, 67, 0]);
        assert_eq!(normalize(&[0, 0], true), [100, 100]);
        assert_eq!(normalize(&[0, 0], false), [0, 0]);
        assert_eq!(normalize(&[10, 20], false), [50, 100]);
    }
}

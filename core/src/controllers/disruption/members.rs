//! Which pods each budget selects, kept in step with pods and budgets so that no look has to walk all pods or all budgets, nor those that
//! have ended and are only counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::cluster::ids::{BudgetId, PodId, TemplateId};
use crate::cluster::pod::Owner;
use crate::units::arrange::Arrange;
use crate::units::grow;

/// The pods of a budget.
#[derive(Clone, Debug, Default)]
pub(super) struct Selected {
    /// Those that have not ended.
    live: BTreeSet<PodId>,
    /// Those that have, by their owner: nodes that evict again and again leave thousands.
    ended: BTreeMap<Owner, BTreeSet<PodId>>,
    owner_of_ended: BTreeMap<PodId, Owner>,
}

impl Selected {
    /// Those that have not ended, in order.
    pub(super) fn live(&self) -> impl Iterator<Item = PodId> {
        self.live.iter().copied()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.live.len() + self.owner_of_ended.len()
    }

    /// Whether it is one of them.
    pub(super) fn contains(&self, id: PodId) -> bool {
        self.live.contains(&id) || self.owner_of_ended.contains_key(&id)
    }

    /// In order: all that have not ended, and of those that have the first of each owner.
    pub(super) fn one_of_each_owner(&self) -> Vec<PodId> {
        let mut pods: Vec<PodId> = self.live().chain(self.ended.values().filter_map(|pods| pods.first().copied())).collect();
        pods.arrange();
        pods
    }

    fn insert(&mut self, cluster: &Cluster, id: PodId) {
        self.remove(id);
        let pod = cluster.pod(id);
        if pod.phase.is_terminal() {
            self.ended.entry(pod.owner).or_default().insert(id);
            self.owner_of_ended.insert(id, pod.owner);
        } else {
            self.live.insert(id);
        }
    }

    fn remove(&mut self, id: PodId) {
        self.live.remove(&id);
        if let Some(owner) = self.owner_of_ended.remove(&id)
            && let Some(pods) = self.ended.get_mut(&owner)
        {
            pods.remove(&id);
            if pods.is_empty() {
                self.ended.remove(&owner);
            }
        }
    }
}

/// Budgets and their pods.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// By budget.
    pods: Vec<Selected>,
    /// The budgets that select the pods of a template which have no labels of their own.
    of_template: BTreeMap<TemplateId, Vec<BudgetId>>,
    /// The budgets of pods that have labels of their own.
    of_pod: BTreeMap<PodId, Vec<BudgetId>>,
    /// By budget: the generation these sets were made from; none for a deleted one.
    made_from: Vec<Option<i64>>,
}

impl Members {
    /// Over everything that exists.
    pub(super) fn of(cluster: &Cluster) -> Members {
        let made_from = cluster.budgets.iter().map(|b| (!b.meta.gone).then_some(b.meta.generation)).collect();
        let mut members = Members { made_from, ..Members::default() };
        for (id, _) in cluster.live_pods() {
            members.pod_added(cluster, id);
        }
        members
    }

    /// The pods of a budget; none where it never had one.
    pub(super) fn pods(&self, id: BudgetId) -> Option<&Selected> {
        self.pods.get(id.index())
    }

    /// The budgets that select a pod, in order of creation.
    pub(super) fn budgets(&self, cluster: &Cluster, id: PodId) -> &[BudgetId] {
        let pod = cluster.pod(id);
        let known = if pod.own_labels.is_none() { self.of_template.get(&pod.template) } else { self.of_pod.get(&id) };
        known.map_or(&[], Vec::as_slice)
    }

    /// Of the budgets that select a pod the first by name.
    pub(super) fn first_of(&self, cluster: &Cluster, id: PodId) -> Option<BudgetId> {
        let name = |b: &BudgetId| cluster.text(cluster.budgets[b.index()].meta.name);
        self.budgets(cluster, id).iter().copied().min_by(|a, b| name(a).cmp(name(b)))
    }

    /// A pod was created.
    pub(super) fn pod_added(&mut self, cluster: &Cluster, id: PodId) {
        let pod = cluster.pod(id);
        if pod.gone {
            return;
        }
        if pod.own_labels.is_some() {
            let budgets = selecting(cluster, id);
            if !budgets.is_empty() {
                self.of_pod.insert(id, budgets);
            }
        } else {
            self.of_template.entry(pod.template).or_insert_with(|| selecting(cluster, id));
        }
        for budget in self.budgets(cluster, id).to_vec() {
            self.pods_mut(budget).insert(cluster, id);
        }
    }

    /// A pod has ended, or may have.
    pub(super) fn pod_ended(&mut self, cluster: &Cluster, id: PodId) {
        if cluster.pod(id).phase.is_terminal() {
            for budget in self.budgets(cluster, id).to_vec() {
                let pods = self.pods_mut(budget);
                if pods.live.contains(&id) {
                    pods.insert(cluster, id);
                }
            }
        }
    }

    /// A pod's labels changed.
    pub(super) fn pod_changed(&mut self, cluster: &Cluster, id: PodId) {
        self.of_pod.remove(&id);
        for pods in &mut self.pods {
            pods.remove(id);
        }
        self.pod_added(cluster, id);
    }

    /// A pod is gone.
    pub(super) fn pod_gone(&mut self, cluster: &Cluster, id: PodId) {
        for budget in self.budgets(cluster, id).to_vec() {
            self.pods_mut(budget).remove(id);
        }
        self.of_pod.remove(&id);
    }

    /// A budget was added, changed or deleted; false for a mere write of its status.
    pub(super) fn budget_changed(&mut self, cluster: &Cluster, id: BudgetId) -> bool {
        let budget = &cluster.budgets[id.index()];
        let made_from = self.made_from.get(id.index()).copied().flatten();
        let changed = made_from != (!budget.meta.gone).then_some(budget.meta.generation);
        if changed {
            *self = Members::of(cluster);
        }
        changed
    }

    fn pods_mut(&mut self, id: BudgetId) -> &mut Selected {
        grow::at(&mut self.pods, id.index(), Selected::default)
    }
}

fn selecting(cluster: &Cluster, id: PodId) -> Vec<BudgetId> {
    let namespace = cluster.pod(id).namespace;
    let matching = cluster.budgets.iter().enumerate().filter(|(_, budget)| {
        !budget.meta.gone && budget.meta.namespace == namespace && cluster.pod_labels(id).match_selector(&budget.selector, &cluster.text)
    });
    matching.map(|(index, _)| BudgetId::from_index(index)).collect()
}

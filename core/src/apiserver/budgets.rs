//! Writing PodDisruptionBudgets as a user does.

use super::api::Api;
use super::notice::Watched;
use crate::cluster::ids::BudgetId;
use crate::cluster::labels::Selector;
use crate::cluster::workloads::{Budget, BudgetRule};
use crate::trace::{Change, Subject};

impl Api {
    /// Adds a budget.
    pub fn create_budget(&mut self, budget: Budget) -> BudgetId {
        let id = BudgetId::from_index(self.cluster.budgets.len());
        self.cluster.budgets.push(budget);
        self.notify(Watched::Budget(id));
        id
    }

    /// Changes what a budget selects and demands.
    pub fn change_budget(&mut self, id: BudgetId, selector: Selector, rule: BudgetRule, always_allow_unhealthy: bool) {
        let budget = &mut self.cluster.budgets[id.index()];
        budget.selector = selector;
        budget.rule = rule;
        budget.always_allow_unhealthy = always_allow_unhealthy;
        budget.meta.generation += 1;
        self.notify(Watched::Budget(id));
    }

    /// Deletes a budget: its pods may be evicted freely.
    pub fn delete_budget(&mut self, id: BudgetId) {
        if !std::mem::replace(&mut self.cluster.budgets[id.index()].meta.gone, true) {
            self.announce(Subject::Budget(id), Change::Deleted, Watched::Budget(id));
        }
    }
}

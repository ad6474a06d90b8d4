//! What the assumptions about a pod say of it in particular: the times of the k-th pod of its owner.

use super::Kubelets;
use crate::apiserver::Api;
use crate::cluster::behavior::{Exit, PodBehavior};
use crate::cluster::ids::PodId;
use crate::cluster::pod::{Owner, PodName};
use crate::cluster::template::RestartPolicy;
use crate::units::time::Millis;

/// From being bound to Running. Image pulls and init containers are part of `start`: they have no times of their own.
pub(super) fn start_delay(behavior: &PodBehavior, ordinal_of_owner: u32) -> Millis {
    let turn = ordinal_of_owner.saturating_sub(1).checked_rem(behavior.stagger_of).unwrap_or(0);
    (behavior.start + behavior.stagger.saturating_mul(Millis::from(turn))).max(0)
}

impl Kubelets {
    /// Counts the pods of each index of a Job: `exits_by_index` goes by them.
    pub(super) fn count_index(&mut self, api: &Api, id: PodId) {
        let pod = api.cluster().pod(id);
        if let (Owner::Job(job), PodName::Indexed(index, _)) = (pod.owner, pod.name) {
            let count = self.of_index.entry((job, index)).or_insert(0);
            *count += 1;
            let count = *count;
            self.life(id).of_index = count;
        }
    }

    /// How the main container ends after its present start; none if it runs until it is stopped.
    pub(super) fn exit_of(&mut self, api: &Api, id: PodId) -> Option<Exit> {
        if let Some(crash) = self.crash_of(api.cluster(), id) {
            return Some(crash);
        }
        let life = *self.life(id);
        let pod = api.cluster().pod(id);
        let template = api.cluster().template_of(id);
        let behavior = &template.behavior;
        let of_index = match pod.name {
            PodName::Indexed(index, _) => behavior.exits_by_index.iter().find(|(i, _)| *i == index).map(|(_, exits)| exits),
            _ => None,
        };
        let (exits, mut turn) = match of_index {
            Some(exits) => (exits, life.of_index),
            None => (&behavior.exits, pod.ordinal_of_owner),
        };
        if template.restart_policy == RestartPolicy::OnFailure {
            turn = turn.saturating_add(life.restarts);
        }
        let last = exits.len().checked_sub(1)?;
        exits.get((turn.saturating_sub(1) as usize).min(last)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stagger_goes_round() {
        let behavior = PodBehavior { start: 3_000, stagger: 2_000, stagger_of: 3, ..PodBehavior::assumed() };
        let delays: Vec<Millis> = (1..=5).map(|k| start_delay(&behavior, k)).collect();
        assert_eq!(delays, [3_000, 5_000, 7_000, 3_000, 5_000]);
        assert_eq!(start_delay(&PodBehavior::assumed(), 7), 5_000, "none without a stagger");
    }
}

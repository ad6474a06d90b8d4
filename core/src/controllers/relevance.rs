//! Which changes of a pod can change what its controller counts.

use crate::apiserver::{Api, Notice, PodChange};
use crate::trace::Change;

/// Being bound, nominated, started or restarted in place changes neither the number of pods nor how many are ready: no look is needed.
pub(super) fn changes_counts(api: &Api, notice: &Notice, change: PodChange) -> bool {
    match change {
        PodChange::Bound | PodChange::Nominated => false,
        PodChange::Status => !notice
            .record
            .and_then(|r| api.trace().record(r))
            .is_some_and(|r| matches!(r.change, Change::PodRunning | Change::PodRestarted(_) | Change::PodDisruptionTarget(_))),
        _ => true,
    }
}

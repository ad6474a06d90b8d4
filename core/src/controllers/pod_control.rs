//! What ReplicaSets, Jobs and DaemonSets tell of the pods that they make and delete (`RealPodControl` of
//! `pkg/controller/controller_utils.go`, v1.37). Decides nothing.

use crate::apiserver::{Api, Refusal};
use crate::cluster::ids::PodId;
use crate::trace::{DeleteReason, Message, Subject};

/// The event of a creation that was tried; none where the controller takes the refusal for no error.
pub(super) fn tell_created(api: &mut Api, owner: Subject, created: &Result<PodId, Refusal>, source: &str) {
    match created {
        Ok(pod) => {
            api.event_of(owner, false, "SuccessfulCreate", Message::PodCreated(*pod), source);
        }
        Err(refusal) if refusal.is_no_error() => {}
        Err(refusal) => {
            api.event(owner, true, "FailedCreate", &format!("Error creating: {}", refusal.message), source);
        }
    }
}

/// Deletes a pod, with the event of it.
pub(super) fn delete(api: &mut Api, owner: Subject, pod: PodId, reason: DeleteReason, source: &str) {
    api.delete_pod(pod, None, reason);
    api.event_of(owner, false, "SuccessfulDelete", Message::PodDeleted(pod), source);
}

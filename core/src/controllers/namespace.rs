//! The namespace controller (`pkg/controller/namespace`, v1.37): empties namespaces that are being deleted, then lets them go.

use super::queue::{Key, WorkQueue};
use crate::apiserver::{Api, Notice, Remaining, Watched};
use crate::cluster::ids::NamespaceId;
use crate::units::time::{Millis, SECOND};

/// Before a namespace is emptied, so that what came last is seen (`namespaceDeletionGracePeriod`).
const DELAY: Millis = 5 * SECOND;

/// Looks at namespaces that are being deleted already.
pub(super) fn start(api: &Api, queue: &mut WorkQueue) {
    for (index, namespace) in api.cluster().namespaces.iter().enumerate() {
        if namespace.deleting.is_some() && !namespace.gone {
            queue.add_at(Key::Namespace(NamespaceId::from_index(index)), api.now() + DELAY, None);
        }
    }
}

/// Takes a notice.
pub(super) fn observe(api: &Api, notice: &Notice, queue: &mut WorkQueue) {
    if let Watched::Namespace(id) = notice.watched
        && api.cluster().namespaces.get(id.index()).is_some_and(|n| n.deleting.is_some() && !n.gone)
    {
        queue.add_at(Key::Namespace(id), api.now() + DELAY, notice.record);
    }
}

/// Empties a namespace, and looks again until nothing is left (`namespace_controller.go` worker).
pub(super) fn sync(id: NamespaceId, api: &mut Api, queue: &mut WorkQueue) {
    if api.cluster().namespaces.get(id.index()).is_none_or(|n| n.deleting.is_none() || n.gone) {
        return;
    }
    match api.delete_content(id) {
        Remaining::Nothing => api.remove_namespace(id),
        Remaining::For(estimate) => {
            let wait = (estimate / SECOND / 2 + 1) * SECOND;
            queue.add_at(Key::Namespace(id), api.now() + wait, api.cause());
        }
    }
}

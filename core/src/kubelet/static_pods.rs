//! Static pods (`pkg/kubelet/pod/mirror_client.go`, `pod_workers.go`, v1.37): a kubelet runs them from its own files. What the API shows of one
//! is a mirror: deleting it stops nothing, and the kubelet makes it again.

use super::Kubelets;
use super::life::{Life, Stage};
use crate::apiserver::{Api, NewPod};
use crate::cluster::ids::PodId;
use crate::cluster::pod::Owner;

impl Kubelets {
    /// The deletion of a mirror asks the kubelet for nothing but the end of the mirror; false for other pods.
    pub(super) fn mirror_deleted(&mut self, api: &mut Api, id: PodId) -> bool {
        if api.cluster().pod(id).owner != Owner::Node || !Self::is_heard(api, id) {
            return false;
        }
        api.remove_pod(id);
        true
    }

    /// A mirror is gone and its pod runs on: another is made.
    pub(super) fn mirror_again(&mut self, api: &mut Api, id: PodId) {
        let pod = api.cluster().pod(id).clone();
        let Some(node) = pod.node.filter(|_| pod.owner == Owner::Node && Self::is_heard(api, id)) else { return };
        let new = NewPod {
            namespace: pod.namespace,
            name: pod.name,
            template: pod.template,
            owner: Owner::Node,
            pinned: None,
            ordinal_of_owner: pod.ordinal_of_owner,
            own_labels: pod.own_labels,
        };
        // A namespace that is going takes no new pod.
        let Ok(mirror) = api.create_pod(new) else { return };
        let ready = pod.ready || !pod.phase.is_terminal();
        *self.life(mirror) = Life { stage: if ready { Stage::Ready } else { Stage::Running }, ran: true, ..Life::default() };
        if api.cluster().pod(mirror).node.is_none() {
            api.bind(mirror, node);
        }
        self.post(api, mirror);
    }
}

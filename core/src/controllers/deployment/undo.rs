//! `kubectl rollout undo` of a Deployment: the template of an earlier revision becomes the wanted one again
//! (`kubectl/pkg/polymorphichelpers/rollback.go`, v1.37). An ordinary rollout follows.

use crate::apiserver::Api;
use crate::cluster::Workload;
use crate::cluster::ids::{DeploymentId, ReplicaSetId};
use crate::controllers::revisions::without_label;
use crate::units::arrange::Arrange;

/// Why nothing was undone; the text is kubectl's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoRefused {
    /// The Deployment is paused.
    Paused,
    /// There is no such revision.
    NotFound(i64),
    /// There is no earlier revision.
    NoHistory(String),
    /// The template is already that of the revision.
    Unchanged(i64),
}

impl core::fmt::Display for UndoRefused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            UndoRefused::Paused => {
                f.write_str("you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
            }
            UndoRefused::NotFound(revision) => write!(f, "unable to find specified revision {revision} in history"),
            UndoRefused::NoHistory(name) => write!(f, "no rollout history found for deployment \"{name}\""),
            UndoRefused::Unchanged(revision) => write!(f, "skipped rollback (current template already matches revision {revision})"),
        }
    }
}

/// Goes back to `revision`, or to the one before the present.
///
/// # Errors
/// Where kubectl would refuse or find nothing to do.
pub fn undo(api: &mut Api, id: DeploymentId, revision: Option<i64>) -> Result<(), UndoRefused> {
    let cluster = api.cluster();
    let d = &cluster.deployments[id.index()];
    if d.paused {
        return Err(UndoRefused::Paused);
    }
    let mut by_revision: Vec<(i64, ReplicaSetId)> = d.replica_sets.iter().map(|&r| (cluster.replica_sets[r.index()].revision, r)).collect();
    by_revision.arrange();
    let found = match revision.filter(|&r| r > 0) {
        Some(wanted) => by_revision.iter().find(|(r, _)| *r == wanted).copied().ok_or(UndoRefused::NotFound(wanted))?,
        None => by_revision.iter().rev().nth(1).copied().ok_or_else(|| UndoRefused::NoHistory(cluster.text(d.meta.name).to_owned()))?,
    };
    let template = cluster.replica_sets[found.1.index()].template;
    if cluster.template(template).digest == cluster.template(d.template).digest {
        return Err(UndoRefused::Unchanged(found.0));
    }
    let key = api.known().pod_template_hash;
    let template = without_label(api.cluster_mut(), template, key);
    api.set_template(Workload::Deployment(id), template);
    Ok(())
}

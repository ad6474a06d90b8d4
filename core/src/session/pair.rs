//! Two sets of manifests on clusters that can be compared. Runs nothing.

use super::{Session, SessionOptions};

impl Session {
    /// Whether the cluster is made up, because the manifests give none.
    fn assumes_its_cluster(&self) -> bool {
        self.assumptions().iter().any(|assumption| assumption.subject == "cluster" && assumption.what == "nodes")
    }

    /// Both sets on clusters of equal size, where both assume theirs and these differ: the change of the manifests alone makes the
    /// difference. None where they can be compared as they are.
    #[must_use]
    pub fn pair(before: &Session, after: &Session, options: &SessionOptions) -> Option<[Session; 2]> {
        let counts = [before, after].map(|session| session.cluster().live_nodes().count());
        if counts[0] == counts[1] || !(before.assumes_its_cluster() && after.assumes_its_cluster()) {
            return None;
        }
        let mut options = options.clone();
        options.cluster.nodes = u32::try_from(counts[0].max(counts[1])).ok();
        Some([before, after].map(|session| Session::of(session.manifest().clone(), &options)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SourceSet;

    #[test]
    fn made_up_clusters_are_made_equally_large() {
        let open = |replicas: u32| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  \
                 template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: 'web:1', resources: {{requests: {{cpu: '2'}}}}}}]}}\n"
            );
            Session::open(SourceSet::single("web.yaml", text), &SessionOptions::default())
        };
        let (small, large) = (open(1), open(40));
        let [before, after] = Session::pair(&small, &large, &SessionOptions::default()).expect("they differ in size");
        assert_eq!(before.cluster().live_nodes().count(), large.cluster().live_nodes().count());
        assert_eq!(after.cluster().live_nodes().count(), large.cluster().live_nodes().count());
        assert!(Session::pair(&small, &small, &SessionOptions::default()).is_none());
    }
}

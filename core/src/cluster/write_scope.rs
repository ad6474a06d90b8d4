//! Which writes a webhook or an admission policy is asked about: rules over operations and resources, and two selectors
//! (`apiserver/pkg/admission/plugin/webhook/predicates`, v1.37).

use super::Cluster;
use super::ids::NamespaceId;
use super::labels::Selector;
use super::state::PodLabels;

/// A request that may be asked about.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// `CREATE` or `UPDATE`.
    pub operation: &'a str,
    /// API group; empty for the core group.
    pub group: &'a str,
    /// Version within the group.
    pub version: &'a str,
    /// Plural name of the resource.
    pub resource: &'a str,
    /// Name of the object; empty while there is none.
    pub name: &'a str,
    /// Its namespace; none for what lives in none.
    pub namespace: Option<NamespaceId>,
    /// The object's labels.
    pub labels: PodLabels<'a>,
}

/// One rule: all of its lists must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteRule {
    /// Operations; `*` for all.
    pub operations: Vec<String>,
    /// API groups; `*` for all.
    pub groups: Vec<String>,
    /// Versions; `*` for all.
    pub versions: Vec<String>,
    /// Resources with their subresources: `pods`, `pods/eviction`, `*`, `*/*`.
    pub resources: Vec<String>,
    /// `Namespaced` (true), `Cluster` (false) or both (none).
    pub namespaced: Option<bool>,
    /// Names of objects; empty for all.
    pub names: Vec<String>,
}

impl WriteRule {
    /// `rules.Matcher.Matches`. The subresource of a [`Write`] is always empty.
    pub fn matches(&self, write: &Write<'_>) -> bool {
        let any = |list: &[String], value: &str| list.iter().any(|item| item == "*" || item == value);
        let resource = |written: &String| {
            let (resource, sub) = written.split_once('/').unwrap_or((written, ""));
            (resource == "*" || resource == write.resource) && (sub.is_empty() || sub == "*")
        };
        any(&self.operations, write.operation)
            && any(&self.groups, write.group)
            && any(&self.versions, write.version)
            && self.resources.iter().any(resource)
            && self.namespaced.is_none_or(|namespaced| namespaced == write.namespace.is_some())
            && (self.names.is_empty() || self.names.iter().any(|name| name == write.name))
    }
}

/// What is asked about: what a rule matches, no rule excludes, and both selectors take.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteScope {
    /// The rules: one must match.
    pub rules: Vec<WriteRule>,
    /// What is left out again.
    pub excluded: Vec<WriteRule>,
    /// On the labels of the namespace.
    pub namespaces: Selector,
    /// On the labels of the object.
    pub objects: Selector,
}

impl WriteScope {
    /// Whether the write is asked about. What lives in no namespace is never left out by the namespace selector.
    pub fn covers(&self, cluster: &Cluster, write: &Write<'_>) -> bool {
        let namespace = write.namespace.and_then(|id| cluster.namespaces.get(id.index()));
        self.rules.iter().any(|rule| rule.matches(write))
            && !self.excluded.iter().any(|rule| rule.matches(write))
            && namespace.is_none_or(|namespace| self.namespaces.matches(&namespace.labels, &cluster.text))
            && write.labels.match_selector(&self.objects, &cluster.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::labels::Labels;

    #[test]
    fn rules_match_as_the_api_server_matches_them() {
        let none = Labels::default();
        let pod = Write {
            operation: "CREATE",
            group: "",
            version: "v1",
            resource: "pods",
            name: "",
            namespace: Some(NamespaceId(0)),
            labels: PodLabels::new(&none, None),
        };
        let rule = |operation: &str, group: &str, resource: &str, namespaced: Option<bool>| WriteRule {
            operations: vec![operation.to_owned()],
            groups: vec![group.to_owned()],
            versions: vec!["*".to_owned()],
            resources: vec![resource.to_owned()],
            namespaced,
            names: Vec::new(),
        };
        for (rule, matches) in [
            (rule("CREATE", "", "pods", None), true),
            (rule("*", "*", "*", Some(true)), true),
            (rule("*", "*", "*/*", None), true),
            (rule("CREATE", "", "pods/*", None), true),
            (rule("CREATE", "", "pods/eviction", None), false),
            (rule("UPDATE", "", "pods", None), false),
            (rule("CREATE", "apps", "pods", None), false),
            (rule("CREATE", "", "pods", Some(false)), false),
        ] {
            assert_eq!(rule.matches(&pod), matches, "{rule:?}");
        }
    }
}

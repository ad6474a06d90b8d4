//! Webhooks from their configurations, with the API server's defaults (`pkg/apis/admissionregistration/v1/defaults.go`, v1.37), and what
//! `Behavior` documents say of their answers.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhook, ValidatingWebhookConfiguration,
    WebhookClientConfig,
};
use k8s_openapi::api::core::v1::{Container as WrittenContainer, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as WrittenQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;
use serde_json::Value;

use super::Builder;
use super::behaviors::{Word, millis};
use super::selectors::selector;
use crate::cluster::Cluster;
use crate::cluster::labels::Selector;
use crate::cluster::origin::Origin;
use crate::cluster::webhooks::{Client, Webhook, WebhookBehavior};
use crate::cluster::write_scope::{WriteRule, WriteScope};
use crate::units::arrange::Arrange;
use crate::units::intern::{Interner, Sym};
use crate::units::quantity::Quantity;
use crate::units::time::SECOND;

/// What the API server waits where `timeoutSeconds` is not given.
const DEFAULT_TIMEOUT_SECONDS: i32 = 10;

/// All webhooks of one configuration.
#[derive(Clone, Debug)]
pub struct WebhookSet {
    configuration: Sym,
    mutating: bool,
    webhooks: Vec<Webhook>,
}

impl WebhookSet {
    /// The name of the configuration.
    pub fn configuration(&self) -> Sym {
        self.configuration
    }
}

/// Puts the webhooks of a configuration in place of those it had; tells whether it had none. Those that may change what is written come
/// first, then configurations by name (`configuration/*_webhook_manager.go`).
pub(super) fn replace(cluster: &mut Cluster, new: WebhookSet) -> bool {
    let of_it = |w: &Webhook| w.configuration == new.configuration && w.mutating == new.mutating;
    let before = cluster.webhooks.len();
    cluster.webhooks.retain(|w| !of_it(w));
    let created = cluster.webhooks.len() == before;
    cluster.webhooks.extend(new.webhooks);
    let text = &cluster.text;
    cluster.webhooks.arrange_by(|a, b| (!a.mutating, text.text(a.configuration)).cmp(&(!b.mutating, text.text(b.configuration))));
    created
}

/// What both kinds of webhooks have in common.
struct Written<'w> {
    name: &'w str,
    client: &'w WebhookClientConfig,
    failure_policy: Option<&'w str>,
    timeout: Option<i32>,
    rules: &'w [RuleWithOperations],
    namespaces: Option<&'w LabelSelector>,
    objects: Option<&'w LabelSelector>,
    conditions: &'w [MatchCondition],
}

macro_rules! written {
    ($of:ty) => {
        impl<'w> From<&'w $of> for Written<'w> {
            fn from(w: &'w $of) -> Written<'w> {
                Written {
                    name: &w.name,
                    client: &w.client_config,
                    failure_policy: w.failure_policy.as_deref(),
                    timeout: w.timeout_seconds,
                    rules: w.rules.as_deref().unwrap_or_default(),
                    namespaces: w.namespace_selector.as_ref(),
                    objects: w.object_selector.as_ref(),
                    conditions: w.match_conditions.as_deref().unwrap_or_default(),
                }
            }
        }
    };
}

written!(ValidatingWebhook);
written!(MutatingWebhook);

impl Builder<'_> {
    /// The webhooks of a ValidatingWebhookConfiguration.
    pub fn compile_validating_webhooks(&mut self, written: &ValidatingWebhookConfiguration, origin: Option<Origin>) -> WebhookSet {
        let name = written.metadata.name.as_deref().unwrap_or_default();
        self.webhooks(name, false, written.webhooks.iter().flatten().map(Written::from), origin)
    }

    /// The webhooks of a MutatingWebhookConfiguration.
    pub fn compile_mutating_webhooks(&mut self, written: &MutatingWebhookConfiguration, origin: Option<Origin>) -> WebhookSet {
        let name = written.metadata.name.as_deref().unwrap_or_default();
        self.webhooks(name, true, written.webhooks.iter().flatten().map(Written::from), origin)
    }

    fn webhooks<'w>(
        &mut self,
        configuration: &str,
        mutating: bool,
        written: impl Iterator<Item = Written<'w>>,
        origin: Option<Origin>,
    ) -> WebhookSet {
        let configuration = self.cluster.text.intern(configuration);
        let webhooks = written.map(|w| self.webhook(configuration, mutating, &w, origin)).collect();
        WebhookSet { configuration, mutating, webhooks }
    }

    fn webhook(&mut self, configuration: Sym, mutating: bool, written: &Written<'_>, origin: Option<Origin>) -> Webhook {
        let text = &mut self.cluster.text;
        let client = match (&written.client.service, &written.client.url) {
            (Some(service), _) => Client::Service {
                namespace: text.intern(&service.namespace),
                name: text.intern(&service.name),
                path: text.intern(service.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/")),
                port: service.port.unwrap_or(443),
            },
            (None, url) => Client::Url(text.intern(url.as_deref().unwrap_or_default())),
        };
        let said = self.behaviors.webhooks.iter().rev().find(|(name, _)| name == written.name);
        let behavior = said.map_or_else(WebhookBehavior::assumed, |(_, said)| said.behavior.clone());
        Webhook {
            configuration,
            mutating,
            name: text.intern(written.name),
            scope: WriteScope {
                rules: written.rules.iter().map(unnamed).collect(),
                excluded: Vec::new(),
                namespaces: everything_or(text, written.namespaces),
                objects: everything_or(text, written.objects),
            },
            conditions: conditions(written.conditions),
            fails_closed: written.failure_policy != Some("Ignore"),
            timeout: i64::from(written.timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS)).max(0) * SECOND,
            client,
            behavior,
            origin,
        }
    }
}

/// A selector that is absent is `{}` here (`SetDefaults_ValidatingWebhook`).
pub(super) fn everything_or(text: &mut Interner, written: Option<&LabelSelector>) -> Selector {
    if written.is_none() { Selector::EVERYTHING } else { selector(text, written) }
}

/// Names and expressions of match conditions.
pub(super) fn conditions(written: &[MatchCondition]) -> Vec<(String, String)> {
    written.iter().map(|c| (c.name.clone(), c.expression.clone())).collect()
}

fn unnamed(rule: &RuleWithOperations) -> WriteRule {
    self::rule([&rule.operations, &rule.api_groups, &rule.api_versions, &rule.resources], rule.scope.as_deref(), &None)
}

/// A rule as it is written: operations, groups, versions and resources; `*`, `Namespaced` or `Cluster`; names.
pub(super) fn rule(lists: [&Option<Vec<String>>; 4], scope: Option<&str>, names: &Option<Vec<String>>) -> WriteRule {
    let [operations, groups, versions, resources] = lists.map(|list| list.clone().unwrap_or_default());
    let namespaced = match scope {
        Some("Namespaced") => Some(true),
        Some("Cluster") => Some(false),
        _ => None,
    };
    WriteRule { operations, groups, versions, resources, namespaced, names: names.clone().unwrap_or_default() }
}

/// What a `Behavior` document says of a webhook: an entry of `spec.webhooks`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenWebhook {
    behavior: WebhookBehavior,
}

/// A container that a webhook adds, as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sidecar {
    name: String,
    #[serde(default)]
    image: String,
    #[serde(default)]
    requests: BTreeMap<String, Word>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: String,
    latency_seconds: Option<Word>,
    #[serde(default)]
    denies_images: Vec<String>,
    #[serde(default)]
    message: String,
    injects: Option<Sidecar>,
}

impl WrittenWebhook {
    /// Reads an entry: the webhook's name and what is said of it.
    ///
    /// # Errors
    /// JSON pointer within the entry and what is wrong there.
    pub(super) fn read(value: &Value) -> Result<(String, WrittenWebhook), (String, String)> {
        let entry: Entry = serde_json::from_value(value.clone()).map_err(|e| (String::new(), e.to_string()))?;
        let wrong = |key: &str, why: &str| (format!("/{key}"), why.to_owned());
        let latency = match entry.latency_seconds {
            None => Some(0),
            Some(Word::Number(n)) => Some(millis(n).ok_or_else(|| wrong("latencySeconds", "seconds are between 0 and 10 years"))?),
            Some(Word::Text(t)) if t == "never" => None,
            Some(Word::Text(_)) => return Err(wrong("latencySeconds", "a number of seconds, or never")),
        };
        if let Some(sidecar) = &entry.injects
            && sidecar.requests.values().any(|amount| Quantity::parse(&written_amount(amount)).is_err())
        {
            return Err(wrong("injects/requests", "amounts are quantities such as 100m or 128Mi"));
        }
        let injects = entry.injects.map(|sidecar| Box::new(sidecar.container()));
        let behavior = WebhookBehavior { latency, denies: entry.denies_images, message: entry.message, injects };
        Ok((entry.name, WrittenWebhook { behavior }))
    }
}

/// An amount as it is written: a plain number too.
fn written_amount(word: &Word) -> String {
    match word {
        Word::Number(number) => number.to_string(),
        Word::Text(text) => text.clone(),
    }
}

impl Sidecar {
    fn container(self) -> WrittenContainer {
        let requests = self.requests.into_iter().map(|(name, amount)| (name, WrittenQuantity(written_amount(&amount)))).collect();
        WrittenContainer {
            name: self.name,
            image: Some(self.image).filter(|image| !image.is_empty()),
            resources: Some(ResourceRequirements { requests: Some(requests), ..ResourceRequirements::default() }),
            ..WrittenContainer::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_of_a_webhook_is_read_or_refused_at_the_place() {
        let good = json!({"name": "v.x", "latencySeconds": 9, "deniesImages": ["*:latest"], "injects": {"name": "proxy", "requests": {"cpu": "100m"}}});
        let (name, said) = WrittenWebhook::read(&good).expect("an entry");
        assert_eq!((name.as_str(), said.behavior.latency), ("v.x", Some(9 * SECOND)));
        assert_eq!(said.behavior.injects.map(|c| c.name), Some("proxy".to_owned()));
        let never = WrittenWebhook::read(&json!({"name": "v.x", "latencySeconds": "never"})).expect("an entry");
        assert_eq!(never.1.behavior.latency, None);
        for (bad, at) in [
            (json!({"latencySeconds": 1}), ""),
            (json!({"name": "v.x", "latencySeconds": "long"}), "/latencySeconds"),
            (json!({"name": "v.x", "injects": {"name": "p", "requests": {"cpu": "lots"}}}), "/injects/requests"),
        ] {
            assert_eq!(WrittenWebhook::read(&bad).map_err(|e| e.0), Err(at.to_owned()));
        }
    }
}

//! Admission webhooks as data: what each is asked about, where it listens, and what is assumed about its answers.

use k8s_openapi::api::core::v1::Container;

use super::origin::Origin;
use super::write_scope::WriteScope;
use crate::units::intern::Sym;
use crate::units::time::Millis;

/// Where a webhook listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Outside of the cluster.
    Url(Sym),
    /// Behind a Service.
    Service {
        /// The Service's namespace.
        namespace: Sym,
        /// Its name.
        name: Sym,
        /// Path of the request, with its slash.
        path: Sym,
        /// Port of the Service.
        port: i32,
    },
}

/// What manifests cannot say of a webhook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebhookBehavior {
    /// How long it takes to answer; none for never.
    pub latency: Option<Millis>,
    /// It denies pods with an image that matches one of these patterns; `*` stands for any text.
    pub denies: Vec<String>,
    /// What it says then; empty for nothing.
    pub message: String,
    /// A container that it adds to pods.
    pub injects: Option<Box<Container>>,
}

impl WebhookBehavior {
    /// It answers at once, allows everything and changes nothing.
    pub fn assumed() -> WebhookBehavior {
        WebhookBehavior { latency: Some(0), ..WebhookBehavior::default() }
    }
}

/// One webhook of a ValidatingWebhookConfiguration or MutatingWebhookConfiguration.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The configuration's name.
    pub configuration: Sym,
    /// Whether it may change what it is asked about: then it is asked before those that only check.
    pub mutating: bool,
    /// Its own name: `v.example.com`.
    pub name: Sym,
    /// What it is asked about.
    pub scope: WriteScope,
    /// `matchConditions`: name and expression.
    pub conditions: Vec<(String, String)>,
    /// `failurePolicy`: without an answer the request is refused (`Fail`) or passes (`Ignore`).
    pub fails_closed: bool,
    /// `timeoutSeconds`.
    pub timeout: Millis,
    /// Where it listens.
    pub client: Client,
    /// What is assumed of it.
    pub behavior: WebhookBehavior,
    /// Where it stands.
    pub origin: Option<Origin>,
}

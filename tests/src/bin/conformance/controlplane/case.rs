//! A recorded scenario as it stands in its file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One scenario: what was there, what was done, and what every simulator has to show.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Its name within the family.
    pub id: String,
    /// Its family.
    pub family: String,
    /// Whether nothing else ran on that control plane.
    #[serde(default)]
    pub alone_on_control_plane: bool,
    /// Component → flag → value.
    #[serde(default)]
    pub flags: BTreeMap<String, BTreeMap<String, Value>>,
    /// How the simulated nodes behave.
    pub kubelet: Kubelet,
    /// The objects.
    pub input: Vec<Value>,
    /// What is done.
    pub steps: Vec<Step>,
    /// Seconds after which the recording stops.
    pub until: f64,
    /// What has to be equal.
    pub summary: Value,
    /// How far the recorded runs agreed.
    pub reproducibility: Reproducibility,
}

/// How far the recorded runs agreed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reproducibility {
    /// Seconds.
    pub time_tolerance: f64,
}

/// One step: its verb and whatever fields that verb has.
#[derive(Debug, Deserialize)]
pub struct Step {
    /// Seconds.
    pub at: f64,
    /// The verb.
    #[serde(rename = "do")]
    pub verb: String,
    /// Its fields.
    #[serde(flatten)]
    pub fields: BTreeMap<String, Value>,
}

impl Step {
    /// A text field; empty if absent.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or("")
    }

    /// A field that is true.
    pub fn flag(&self, field: &str) -> bool {
        self.fields.get(field).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// How the simulated nodes behave.
#[derive(Debug, Deserialize)]
pub struct Kubelet {
    /// For all images.
    #[serde(default)]
    pub default: Behaviour,
    /// By image of the first container.
    #[serde(default)]
    pub images: BTreeMap<String, Behaviour>,
}

/// How pods behave; seconds. A field that is absent in an image's entry is the default's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behaviour {
    /// From being bound to Running.
    pub start: Option<f64>,
    /// From Running to Ready; -1 for never.
    pub ready: Option<f64>,
    /// From the deletion to the end.
    pub stop: Option<f64>,
    /// See `stagger_of`.
    pub stagger: Option<f64>,
    /// The k-th pod starts `stagger * ((k-1) mod stagger_of)` later.
    pub stagger_of: Option<u32>,
    /// The image can't be pulled.
    pub pull_fails: Option<bool>,
    /// Exit code of a stop.
    pub stop_code: Option<i32>,
    /// Ends of the container.
    pub exits: Option<Vec<Exit>>,
    /// Ends by completion index, `*` for the others.
    pub exits_by_index: Option<BTreeMap<String, Vec<Exit>>>,
}

/// One end of a container.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Exit {
    /// Seconds after its start; absent for never.
    pub after: Option<f64>,
    /// Exit code.
    #[serde(default)]
    pub code: i32,
}

//! A recorded scenario as it stands in its file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One scenario: what was there, what was done, and what every simulator has to show.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    /// Its name within the family.
    pub(crate) id: String,
    /// Its family.
    pub(crate) family: String,
    /// Component → flag → value.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, BTreeMap<String, Value>>,
    /// How the simulated nodes behave.
    pub(crate) kubelet: Kubelet,
    /// The objects.
    pub(crate) input: Vec<Value>,
    /// What is done.
    pub(crate) steps: Vec<Step>,
    /// Seconds after which the recording stops.
    pub(crate) until: f64,
    /// What has to be equal.
    pub(crate) summary: Value,
    /// How far the recorded runs agreed.
    pub(crate) reproducibility: Reproducibility,
}

/// How far the recorded runs agreed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reproducibility {
    /// Seconds.
    pub(crate) time_tolerance: f64,
    /// Paths of the summary in which they differed: left out there.
    #[serde(default)]
    pub(crate) not_equal: Vec<String>,
}

/// One step: its verb and whatever fields that verb has.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    /// Seconds.
    pub(crate) at: f64,
    /// The verb.
    #[serde(rename = "do")]
    pub(crate) verb: String,
    /// Its fields.
    #[serde(flatten)]
    pub(crate) fields: BTreeMap<String, Value>,
}

impl Step {
    /// A text field; empty if absent.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or("")
    }

    /// A field that is true.
    pub(crate) fn flag(&self, field: &str) -> bool {
        self.fields.get(field).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// How the simulated nodes behave.
#[derive(Debug, Deserialize)]
pub(crate) struct Kubelet {
    /// For all images.
    #[serde(default)]
    pub(crate) default: Behaviour,
    /// By image of the first container.
    #[serde(default)]
    pub(crate) images: BTreeMap<String, Behaviour>,
    /// Seconds from a VolumeAttachment to the attached volume.
    pub(crate) attach: Option<f64>,
    /// Seconds from its deletion to its end.
    pub(crate) detach: Option<f64>,
    /// Seconds from a claim's being due to its volume.
    pub(crate) provision: Option<f64>,
}

/// How pods behave; seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Behaviour {
    /// From being bound to Running.
    pub(crate) start: Option<f64>,
    /// From Running to Ready; -1 for never.
    pub(crate) ready: Option<f64>,
    /// From the deletion to the end.
    pub(crate) stop: Option<f64>,
    /// See `stagger_of`.
    pub(crate) stagger: Option<f64>,
    /// The k-th pod starts `stagger * ((k-1) mod stagger_of)` later.
    pub(crate) stagger_of: Option<u32>,
    /// The image can't be pulled.
    pub(crate) pull_fails: Option<bool>,
    /// Exit code of a stop.
    pub(crate) stop_code: Option<i32>,
    /// Ends of the container.
    pub(crate) exits: Option<Vec<Exit>>,
    /// Ends by completion index, `*` for the others.
    pub(crate) exits_by_index: Option<BTreeMap<String, Vec<Exit>>>,
}

/// One end of a container.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Exit {
    /// Seconds after its start; absent for never.
    pub(crate) after: Option<f64>,
    /// Exit code.
    #[serde(default)]
    pub(crate) code: i32,
}

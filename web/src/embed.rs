//! What a page that embeds the playground says to it and hears from it: JSON both ways. `static/embed.md` tells it to its users.

use serde::{Deserialize, Serialize};

use crate::store::Store;
use crate::wire::{SourceFile, Step};

/// What the embedding page asks for: `{wavetank: 1, do: "seek", ms: 5000}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Command {
    /// These manifests are opened.
    Load {
        /// The manifests, their scenario among them if they have one.
        files: Vec<SourceFile>,
        /// Steps, instead of a scenario among the manifests.
        #[serde(default)]
        steps: Vec<Step>,
        /// Decides what Kubernetes leaves open.
        #[serde(default)]
        seed: u64,
        /// The cursor, in virtual milliseconds.
        #[serde(default)]
        ms: i64,
    },
    /// What a link holds is opened: its fragment.
    Open {
        /// With or without `#`.
        link: String,
    },
    /// The cursor is set.
    Seek {
        /// Virtual milliseconds.
        ms: i64,
    },
    /// Time passes.
    Play,
    /// Time stands still.
    Pause,
    /// So many virtual seconds a second.
    Speed {
        /// One or more.
        speed: u32,
    },
}

/// The most bytes of a message that are read.
pub const MOST_BYTES: usize = 32 << 20;

/// The version of the messages, in the field `wavetank` of each.
pub const VERSION: u64 = 1;

/// Reads a message; none for one that is not for us.
///
/// # Errors
/// A sentence for whoever wrote the embedding page.
pub fn command(json: &str) -> Option<Result<Command, String>> {
    #[derive(Deserialize)]
    struct Mark {
        wavetank: u64,
    }
    if json.len() > MOST_BYTES {
        return None;
    }
    let mark: Mark = serde_json::from_str(json).ok()?;
    if mark.wavetank != VERSION {
        return Some(Err(format!("version {} of the messages is not known; {VERSION} is", mark.wavetank)));
    }
    Some(serde_json::from_str(json).map_err(|error| error.to_string()))
}

/// What the embedding page hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Commands are heard from now on.
    Ready,
    /// A run was told.
    Verdict {
        /// In a sentence or two.
        text: String,
        /// Whether a step did harm.
        harmed: bool,
        /// How long the run lasts, in virtual milliseconds.
        duration_ms: i64,
        /// What the scenario expects, by name, and whether it holds; null where that could not be judged.
        expected: Vec<(String, Option<bool>)>,
        /// How many findings the manifests have that the API server would refuse.
        errors: usize,
    },
    /// The cursor was moved, or began or ceased to move.
    Time {
        /// Virtual milliseconds.
        ms: i64,
        /// Whether it moves by itself.
        playing: bool,
    },
    /// A message could not be understood.
    Refused {
        /// Why.
        message: String,
    },
}

impl Event {
    /// As it is sent.
    pub fn to_json(&self) -> String {
        let body = serde_json::to_string(self).unwrap_or_default();
        format!("{{\"wavetank\":{VERSION},{}", body.trim_start_matches('{'))
    }

    /// The verdict of the present run; none before the first, and while another is on its way.
    pub fn verdict(store: &Store) -> Option<Event> {
        let told = store.told.as_ref().filter(|_| !store.stale())?;
        let story = &told.story;
        Some(Event::Verdict {
            text: story.verdict.clone(),
            harmed: story.harmed,
            duration_ms: story.duration_ms,
            expected: story.expected.iter().map(|of| (of.title.clone(), of.holds)).collect(),
            errors: store.findings.iter().filter(|finding| finding.severity == crate::wire::Severity::Error).count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_others_left_alone() {
        let load = r#"{"wavetank":1,"do":"load","files":[{"name":"a.yaml","text":"kind: Pod"}],"steps":[{"at_ms":0,"verb":"fail-zone","target":"zone-a"}]}"#;
        assert!(matches!(command(load), Some(Ok(Command::Load { files, steps, seed: 0, ms: 0 })) if files.len() == 1 && steps.len() == 1));
        assert_eq!(command(r#"{"wavetank":1,"do":"seek","ms":5000}"#), Some(Ok(Command::Seek { ms: 5_000 })));
        assert_eq!(command(r#"{"wavetank":1,"do":"play"}"#), Some(Ok(Command::Play)));
        for other in ["", "[]", "\"x\"", "{\"source\":\"devtools\"}", "{\"wavetank\":\"1\"}"] {
            assert_eq!(command(other), None, "{other}");
        }
        assert!(matches!(command(r#"{"wavetank":1,"do":"explode"}"#), Some(Err(_))));
        assert!(matches!(command(r#"{"wavetank":2,"do":"play"}"#), Some(Err(_))));
    }

    #[test]
    fn events_carry_the_version() {
        assert_eq!(Event::Ready.to_json(), r#"{"wavetank":1,"event":"ready"}"#);
        assert_eq!(Event::Time { ms: 5, playing: true }.to_json(), r#"{"wavetank":1,"event":"time","ms":5,"playing":true}"#);
        assert_eq!(Event::verdict(&Store::default()), None);
    }
}

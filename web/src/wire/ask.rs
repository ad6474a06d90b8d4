//! The questions of the page.

use serde::{Deserialize, Serialize};

use super::*;

/// Where steps are written before they are run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writing {
    /// Nowhere.
    #[default]
    No,
    /// Into the Scenario of the files, or a new one where there is none. These are the steps that it has, at the moments at which they began.
    Scenario(Vec<Step>),
    /// Into a new one only: they stood beside the files so far, whose own Scenario says something else.
    New,
}

/// Set in the generation of a run it stands for the one that was kept to compare with it.
pub const KEPT: u32 = 1 << 31;

/// A question of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Read the files and run the steps; answered by [`Answer::Ran`].
    Run {
        /// Answers carry this number; the page drops those of an older one.
        generation: u32,
        /// All manifests.
        files: Vec<SourceFile>,
        /// The scenario.
        steps: Vec<Step>,
        /// Take the scenario from the files instead, if one of them holds one.
        own: bool,
        /// Write the steps into the files first, and take them from there.
        #[serde(default)]
        writes: Writing,
        /// Decides what Kubernetes leaves open.
        seed: u64,
        /// The lesson that is told of the run; empty for none.
        #[serde(default)]
        lesson: String,
    },
    /// The files of an example or lesson; answered by [`Answer::Opened`].
    Open {
        /// Which.
        what: Entry,
    },
    /// The visible state at a moment of the last run, or of the one that it was compared with; answered by the bytes of a frame.
    Frame {
        /// Of which run; of the one it was compared with, with [`KEPT`].
        generation: u32,
        /// Virtual milliseconds.
        at_ms: i64,
        /// The number of the frame that the page has: what did not change since then is not sent again. Zero for none.
        have: u32,
    },
    /// Why a pod is where it is; answered by [`Answer::Why`].
    Why {
        /// Of which run.
        generation: u32,
        /// Its number.
        pod: u32,
        /// Virtual milliseconds.
        at_ms: i64,
    },
    /// One of the standard what-ifs, from the settled state of the last run's files; answered by [`Answer::WhatIf`].
    WhatIf {
        /// Of which run.
        generation: u32,
        /// Which, from zero.
        nth: u32,
    },
    /// The proposals of the last run, tried; answered by [`Answer::Advised`].
    Advise {
        /// Of which run.
        generation: u32,
    },
    /// The files with a proposal of the last run written into them; answered by [`Answer::Mended`].
    Mend {
        /// Of which run.
        generation: u32,
        /// Which proposal, by position in [`Answer::Advised`].
        nth: u32,
    },
    /// The relations of the manifests as a picture; answered by [`Answer::Drawn`].
    Graph {
        /// Of which run.
        generation: u32,
        /// What is to be drawn.
        wish: GraphWish,
    },
    /// What is to be told of an event or a workload; answered by [`Answer::Account`].
    Account {
        /// Of which run.
        generation: u32,
        /// A selection as links keep it: `e/12`, `w/deployment/web`.
        of: String,
    },
    /// How the last run differs from that of other files or steps; answered by [`Answer::Compared`].
    Compare {
        /// Of which run.
        generation: u32,
        /// The manifests before.
        files: Vec<SourceFile>,
        /// What is done to them.
        before: Before,
    },
    /// The last run in a form that can be kept; answered by [`Answer::Exported`].
    Export {
        /// Of which run.
        generation: u32,
        /// Which.
        form: Form,
        /// What the picture of the relations shows.
        wish: GraphWish,
    },
    /// What the manifests do not say, value by value; answered by [`Answer::Assumed`].
    Assumed {
        /// Of which run.
        generation: u32,
    },
    /// The files with one of these values written into them; answered by [`Answer::Said`].
    Say {
        /// Of which run.
        generation: u32,
        /// Which value.
        key: String,
        /// What it is to be.
        value: String,
    },
    /// The digest of a run's trace, for tests; answered by [`Answer::Digest`].
    Digest {
        /// All manifests; the scenario is theirs.
        files: Vec<SourceFile>,
        /// Decides what Kubernetes leaves open.
        seed: u64,
    },
}

//! The answers of the worker.

use serde::{Deserialize, Serialize};

use super::*;

/// An answer of the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The worker's program has started.
    Ready,
    /// The files were read, and the scenario was run if anything could be.
    Ran {
        /// Of which question.
        generation: u32,
        /// Findings in the files, worst first.
        diagnostics: Vec<Finding>,
        /// Some document could not be read at all: the story is told without it.
        partial: bool,
        /// The steps of the files' own scenario, if it was run.
        steps: Option<Vec<Step>>,
        /// What happened; none where no run was possible.
        story: Option<Box<Story>>,
        /// What the lesson tells of it, if one was asked for.
        #[serde(default)]
        taught: Option<Box<Taught>>,
        /// The file that holds the steps now, where they were to be written.
        #[serde(default)]
        written: Option<SourceFile>,
        /// Why they could not be; empty where they could, or were not to be.
        #[serde(default)]
        unwritten: String,
    },
    /// The files of an example or lesson.
    Opened {
        /// Which.
        what: Entry,
        /// Its files; none where there is no such thing.
        files: Vec<SourceFile>,
    },
    /// Why a pod is where it is.
    Why {
        /// Of which run.
        generation: u32,
        /// The answer.
        why: Box<Why>,
    },
    /// How one of the standard what-ifs ended.
    WhatIf {
        /// Of which run.
        generation: u32,
        /// Which, from zero.
        nth: u32,
        /// How many there are.
        total: u32,
        /// What was left out of the standard what-ifs, in a sentence; empty where nothing was.
        left_out: String,
        /// What it costs; none past the last.
        risk: Option<Box<Risk>>,
    },
    /// The proposals of a run, after each was tried, those that help first.
    Advised {
        /// Of which run.
        generation: u32,
        /// The proposals.
        advice: Vec<Advice>,
    },
    /// The files as a proposal has them.
    Mended {
        /// Of which run.
        generation: u32,
        /// Which proposal.
        nth: u32,
        /// The files that change, whole.
        files: Vec<SourceFile>,
        /// Steps that it adds to the scenario.
        steps: Vec<Step>,
        /// What could not be written and why; empty where all could.
        refused: String,
    },
    /// The relations as a picture.
    Drawn {
        /// Of which run.
        generation: u32,
        /// The picture.
        picture: Box<Picture>,
    },
    /// What is told of an event or a workload.
    Account {
        /// Of which run.
        generation: u32,
        /// What it is.
        account: Box<Account>,
    },
    /// How two runs differ.
    Compared {
        /// The later of them.
        generation: u32,
        /// What to remember.
        summary: String,
        /// The differences, the greatest consequence first.
        differences: Vec<Difference>,
        /// The earlier one, on its own cluster; its frames are asked for with [`KEPT`] in the later one's generation.
        story: Box<Story>,
    },
    /// A run in a form that can be kept.
    Exported {
        /// What the file is called.
        name: String,
        /// Its media type.
        media: String,
        /// Its text.
        text: String,
    },
    /// What the manifests do not say.
    Assumed {
        /// Of which run.
        generation: u32,
        /// Value by value.
        values: Vec<Assumed>,
    },
    /// The files with a value written into them.
    Said {
        /// Of which run.
        generation: u32,
        /// The files that change or are new, whole; none where it was refused.
        files: Vec<SourceFile>,
        /// Why it could not be written; empty where it could.
        refused: String,
    },
    /// What was taken out of an archive, which the page sends as it is.
    Unpacked {
        /// The files.
        files: Vec<SourceFile>,
        /// What was left out and why, or why nothing was taken; may be empty.
        said: String,
    },
    /// How far a long run is.
    Progress {
        /// Of which question.
        generation: u32,
        /// What is being done, in a word or two.
        phase: String,
        /// How much of it, in thousandths; none where nobody knows.
        part: Option<u32>,
    },
    /// A trace's digest.
    Digest {
        /// Hexadecimal.
        digest: String,
        /// How many records the trace has.
        records: u64,
    },
    /// The question could not be answered at all.
    Refused {
        /// Why.
        message: String,
    },
}

impl Answer {
    /// Of a run that could not be made.
    pub fn nothing(generation: u32, diagnostics: Vec<Finding>, partial: bool) -> Answer {
        let (written, unwritten) = (None, String::new());
        Answer::Ran { generation, diagnostics, partial, steps: None, story: None, taught: None, written, unwritten }
    }
}

//! What was asked about the run: risks, proposals, the comparison.

use std::rc::Rc;

use super::Told;
use crate::wire::{Advice, Difference, Risk, SourceFile, Step};
use wavetank_core::units::arrange::Arrange;

/// What the standard what-ifs cost, as far as they have been asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risks {
    /// Of which edition of the files.
    pub edition: u32,
    /// In the order in which they were asked.
    pub rows: Vec<Risk>,
    /// How many there are; none before the first answer.
    pub total: Option<u32>,
    /// What was left out, in a sentence; may be empty.
    pub left_out: String,
}

impl Risks {
    /// The next one to ask; none when all have been.
    pub fn next(&self) -> Option<u32> {
        let next = u32::try_from(self.rows.len()).ok()?;
        self.total.is_none_or(|total| next < total).then_some(next)
    }

    /// The numbers of the rows, the worst first; of equal ones the first asked. Those that are `held` stay as they are, and the others follow:
    /// what somebody is about to choose does not go away under the pointer.
    pub fn ranked(&self, held: &[usize]) -> Vec<usize> {
        let mut place = vec![held.len(); self.rows.len()];
        for (nth, &row) in held.iter().enumerate() {
            if let Some(place) = place.get_mut(row) {
                *place = nth;
            }
        }
        let mut rows: Vec<usize> = (0..self.rows.len()).collect();
        rows.arrange_by_key(|&row| (place[row], std::cmp::Reverse(self.rows[row].score)));
        rows
    }
}

/// A proposal as it would be written into the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Which proposal.
    pub nth: u32,
    /// The files that change, whole.
    pub files: Vec<SourceFile>,
    /// Steps that it adds to the scenario.
    pub steps: Vec<Step>,
    /// What could not be written and why; empty where all could.
    pub refused: String,
}

/// The proposals of a run, after each was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advised {
    /// Of which run; zero for none.
    pub generation: u32,
    /// The proposals, those that help first.
    pub advice: Vec<Advice>,
    /// The one that is looked at.
    pub mended: Option<Mended>,
}

/// A run that is kept to compare with: what it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The manifests.
    pub files: Rc<Vec<SourceFile>>,
    /// The scenario.
    pub steps: Rc<Vec<Step>>,
    /// The scenario is the one that the files hold.
    pub own: bool,
    /// Decides what Kubernetes leaves open.
    pub seed: u64,
    /// Two sets of manifests are compared: the same is done to both.
    pub same: bool,
}

/// How the present run differs from the one that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Of which run; zero for none.
    pub generation: u32,
    /// What to remember.
    pub summary: String,
    /// The greatest consequence first.
    pub differences: Vec<Difference>,
    /// The run that was kept, as it was compared: its generation is this one's with [`crate::wire::KEPT`].
    pub kept: Option<Rc<Told>>,
}

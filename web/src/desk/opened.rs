//! The files that are open, with the cluster that they settle to, and what is written into them.

use wavetank_core::manifest::edit::Unwritable;
use wavetank_core::manifest::{self, Manifest};
use wavetank_core::scenario;
use wavetank_core::session::{Session, SessionOptions, script};

use super::Desk;
use crate::whatifs::WhatIfs;
use crate::wire::{SourceFile, Step, Writing, put, sources};

/// What is open.
pub(super) struct Opened {
    pub(super) files: Vec<SourceFile>,
    pub(super) seed: u64,
    pub(super) session: Session,
    pub(super) whatifs: WhatIfs,
}

impl Desk {
    /// Has these files open, settled with this seed.
    pub(super) fn open(&mut self, files: Vec<SourceFile>, seed: u64, now: &mut impl FnMut(&str)) {
        let before = self.opened.take().filter(|opened| opened.seed == seed);
        if before.as_ref().is_some_and(|opened| opened.files == files) {
            self.opened = before;
            return;
        }
        now("Reading");
        let options = SessionOptions { seed, ..SessionOptions::default() };
        let manifest = manifest::read(sources(&files), &options.limits);
        let mut settle = |manifest: Manifest| {
            now("Settling");
            let session = Session::of(manifest, &options);
            let whatifs = WhatIfs::of(session.cluster());
            (session, whatifs)
        };
        let (session, whatifs) = match before {
            // Where only a Scenario changed the settled cluster is still good.
            Some(Opened { session, whatifs, .. }) => match session.under(manifest) {
                Ok(session) => (session, whatifs),
                Err(both) => {
                    let (old, manifest) = *both;
                    // Before another settles: two large clusters at once need the memory of both.
                    drop(old);
                    settle(manifest)
                }
            },
            None => settle(manifest),
        };
        self.opened = Some(Opened { files, seed, session, whatifs });
    }

    /// Writes these steps into the Scenario of the files that are open, and opens what comes of it: the file that changed, if there is anything
    /// to write.
    pub(super) fn write(&mut self, steps: &[Step], writes: &Writing, now: &mut impl FnMut(&str)) -> Result<Option<SourceFile>, Unwritable> {
        let Some(Opened { files, seed, session, .. }) = &self.opened else { return Ok(None) };
        let holds_one = session.manifest().documents.iter().any(scenario::is_scenario);
        let known: &[Step] = match writes {
            Writing::No => return Ok(None),
            Writing::Scenario(known) if holds_one => known,
            _ if steps.is_empty() => return Ok(None),
            Writing::New if holds_one => return Err(Unwritable("the Scenario among them has steps of its own".to_string())),
            Writing::Scenario(_) | Writing::New => &[],
        };
        let (name, text) = script::write(session.manifest(), known, steps)?;
        let (mut files, seed) = (files.clone(), *seed);
        let written = SourceFile { name, text };
        put(&mut files, written.clone());
        self.open(files, seed, now);
        Ok(Some(written))
    }
}

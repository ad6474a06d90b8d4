//! Everything that changes what the page knows.

use std::rc::Rc;

use super::{Compared, Mended, Notice, Overlay, Pane, Selection, Side};
use crate::frame::Frame;
use crate::lesson::Move;
use crate::moments::Halt;
use crate::scene::Scene;
use crate::tint::Tint;
use crate::wire::{Account, Advice, Assumed, Entry, Finding, Picture, Risk, SourceFile, Step, Story, Taught, Why};

/// What the worker told of a run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Findings in the files, worst first.
    pub findings: Vec<Finding>,
    /// Some document could not be read at all.
    pub partial: bool,
    /// The steps of the files' own scenario, if it was run.
    pub steps: Option<Vec<Step>>,
    /// What happened, if anything could be run.
    pub story: Option<Box<Story>>,
    /// What the lesson tells of it.
    pub taught: Option<Box<Taught>>,
    /// The file that holds the steps now, where they were to be written.
    pub written: Option<SourceFile>,
    /// Why they could not be; empty where they could, or were not to be.
    pub unwritten: String,
}

/// Something that changes what the page knows.
#[derive(Clone, Debug)]
pub enum Action {
    /// A scene is opened: an example, a link, dropped files.
    Open(Scene, &'static str),
    /// Files are added; those of the same name are replaced.
    AddFiles(Vec<SourceFile>),
    /// The text in the editor changed.
    Edit(String),
    /// Another file is shown.
    Show(usize),
    /// An empty file is added and shown.
    NewFile,
    /// A file is taken away.
    CloseFile(usize),
    /// A file is called otherwise.
    Rename(usize, String),
    /// A place in a file is shown: first byte, byte after the last.
    Reveal(usize, u32, u32),
    /// A step is added at the cursor, and time goes on.
    AddStep(Step, bool),
    /// A step is taken away.
    RemoveStep(usize),
    /// The last change of steps or files is taken back.
    Undo,
    /// The worker told a run, or only its findings.
    Ran(u32, Run),
    /// A run is this far: of which question, what is being done, how much of it in thousandths.
    Progress(u32, String, Option<u32>),
    /// A frame arrived.
    Frame(Rc<Frame>),
    /// An explanation arrived.
    Why(u32, Box<Why>),
    /// The cursor is set, and time stands still there.
    Seek(i64),
    /// On to the event next to the cursor. Of keys that follow fast each goes on from where the one before it came to, drawn or not.
    Hop {
        /// To the later one.
        forward: bool,
        /// Only to steps and changes of nodes.
        phases: bool,
    },
    /// So many real milliseconds passed while playing.
    Pass(f64),
    /// Play or pause.
    Toggle,
    /// Another speed.
    Speed(u32),
    /// Something is looked at closely, or nothing any more.
    Select(Option<Selection>),
    /// Colours stand for something else.
    Tint(Tint),
    /// The right pane shows something else.
    Turn(Side),
    /// A narrow screen shows something else.
    Go(Pane),
    /// Something is to be said, or no more.
    Say(Option<Notice>),
    /// Something lies over the page, or nothing any more.
    Overlay(Overlay),
    /// The palette is opened, or whatever lies over the page is closed.
    Palette,
    /// A what-if was answered: of which run, which, of how many, what was left out, what it costs.
    Risk(u32, u32, u32, String, Option<Box<Risk>>),
    /// The proposals of a run were tried.
    Advised(u32, Vec<Advice>),
    /// A proposal was written into the files, to be looked at.
    Mended(u32, Mended),
    /// The proposal that is looked at is left as it is.
    Leave,
    /// The proposal that is looked at is applied.
    Mend,
    /// This step alone is run, and opened where it is worst.
    Try(Step),
    /// Playing stops at something else.
    Halt(Halt),
    /// The present run is kept to compare with, or none any more.
    Pin(bool),
    /// An entry of the gallery is to be opened.
    Want(Entry),
    /// Its files have come.
    Came(Entry, Vec<SourceFile>),
    /// A step in the lesson.
    Learn(Move),
    /// Something is to be said, with the offer to save the scene as a file.
    Offer(Notice),
    /// The map of the kept run stands beside that of the present one, or not.
    Beside(bool),
    /// Another set of manifests takes the place of the present one, which is kept to compare with.
    After(Vec<SourceFile>),
    /// The differences were told.
    Compared(Compared),
    /// The relations were drawn.
    Drawn(u32, Rc<Picture>),
    /// What is told of an event or a workload arrived.
    Accounted(u32, Rc<Account>),
    /// What the manifests do not say arrived.
    Assumed(u32, Rc<Vec<Assumed>>),
    /// One of these values was written into the files.
    Said(u32, Vec<SourceFile>),
}

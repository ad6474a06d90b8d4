//! Everything the page knows, and how each action changes it. Plain data: it neither asks the worker nor touches the browser.

mod action;
mod answers;
mod files;
mod learning;
mod script;
mod time;
mod told;
mod view;

pub use action::*;
pub use answers::*;
pub use told::Told;
pub use view::*;

use std::rc::Rc;

use crate::clock;
use crate::frame::Frame;
use crate::gallery;
use crate::lesson::Course;
use crate::moments::Halt;
use crate::scene::Scene;
use crate::tint::Tint;
use crate::wire::{Account, Assumed, Entry, Finding, KEPT, Picture, Risk, SourceFile, Step, Why, Writing};
use wavetank_core::trace::PodState;

/// What the page says across its top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something went wrong.
    pub wrong: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Past {
    files: Rc<Vec<SourceFile>>,
    active: usize,
    steps: Rc<Vec<Step>>,
    own: bool,
    course: Option<Rc<Course>>,
    said: &'static str,
}

/// How many steps back the page remembers.
pub const MOST_UNDO: usize = 50;

/// At how many virtual seconds a second the page shows itself.
const SHOWN_AT: u32 = 5;

/// Everything the page knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// The manifests.
    pub files: Rc<Vec<SourceFile>>,
    /// The one in the editor.
    pub active: usize,
    /// The scenario.
    pub steps: Rc<Vec<Step>>,
    /// The scenario is the one that the files hold, if they hold one.
    pub own: bool,
    /// The step that came or went last, while the steps are to be written into the files, and where.
    pub unwritten: Option<(Step, Writing)>,
    /// Decides what Kubernetes leaves open.
    pub seed: u64,
    /// Counts the changes of files and seed: what-ifs are of an edition.
    pub edition: u32,
    /// Counts what was asked of the worker; answers to older questions are dropped.
    pub generation: u32,
    /// Nothing of the open scene has been told yet.
    pub opened_anew: bool,
    /// The last change was typed: more may follow at once.
    pub typed: bool,
    /// The last run that could be made.
    pub told: Option<Rc<Told>>,
    /// Findings in the files as they are.
    pub findings: Rc<Vec<Finding>>,
    /// The question of this generation was answered.
    pub answered: bool,
    /// The cursor, in virtual milliseconds.
    pub at_ms: i64,
    /// Whether time goes on by itself.
    pub playing: bool,
    /// Virtual seconds a second.
    pub speed: u32,
    /// The state at or near the cursor.
    pub frame: Option<Rc<Frame>>,
    /// What the user looks at closely.
    pub selection: Option<Selection>,
    /// Why the selected pod is where it is.
    pub why: Option<Rc<Why>>,
    /// What the colours of the map stand for.
    pub tint: Tint,
    /// What the right pane shows.
    pub side: Side,
    /// What a narrow screen shows.
    pub pane: Pane,
    /// What is to be said.
    pub notice: Option<Notice>,
    /// What lies over the page.
    pub overlay: Overlay,
    /// Counts what was laid over it: each is a dialog of its own.
    pub laid: u32,
    /// What the standard what-ifs cost.
    pub risks: Rc<Risks>,
    /// What would have helped, tried.
    pub advice: Rc<Advised>,
    /// Where playing stops by itself.
    pub halt: Halt,
    /// The run that was kept to compare with.
    pub pinned: Option<Rc<Told>>,
    /// Its visible state at the cursor, once it has been compared.
    pub kept_frame: Option<Rc<Frame>>,
    /// Its map stands beside that of the present run.
    pub beside: bool,
    /// The lesson that is open.
    pub course: Option<Rc<Course>>,
    /// Names of the lessons whose goals were met, in the order in which they were.
    pub done: Rc<Vec<String>>,
    /// An entry of the gallery that is to be opened: the worker has its files.
    pub wanted: Option<Entry>,
    /// What is said offers to save the scene as a file.
    pub offers: bool,
    /// The next run is shown as it goes on by itself.
    pub shows: bool,
    /// What it was made of.
    pub kept: Option<Rc<Kept>>,
    /// How the present run differs from it.
    pub compared: Rc<Compared>,
    /// The relations of the manifests, and of which run.
    pub picture: Option<(u32, Rc<Picture>)>,
    /// What is told of the selected event or workload.
    pub account: Option<Rc<Account>>,
    /// What the manifests do not say, and of which run.
    pub assumed: Option<(u32, Rc<Vec<Assumed>>)>,
    /// Bytes of the file in the editor to be shown, and a number that changes with every wish.
    pub reveal: Option<(u32, u32, u32)>,
    /// What the present run was made of.
    made_of: Option<Rc<Kept>>,
    /// What a run that is under way is doing, and how much of it is done in thousandths.
    pub progress: Option<(String, Option<u32>)>,
    /// The next run is opened where it is worst.
    to_worst: bool,
    /// The speed is the user's choice.
    paced: bool,
    /// The moments at which playing stops.
    halts: Rc<Vec<i64>>,
    past: Vec<Past>,
}

impl Store {
    /// The page with a scene.
    pub fn opened(scene: Scene) -> Store {
        let mut store = Store { speed: 10, beside: true, ..Store::default() };
        let entry = learning::named_alone(&scene);
        store.open(if entry.is_some() { Scene::default() } else { scene });
        store.wanted = entry;
        store
    }

    fn open(&mut self, scene: Scene) {
        let mut files = scene.files;
        if files.is_empty() {
            files.push(SourceFile { name: "manifest.yaml".to_string(), text: String::new() });
        }
        self.files = Rc::new(files);
        self.active = 0;
        self.own = scene.steps.is_empty();
        self.steps = Rc::new(scene.steps);
        self.unwritten = None;
        self.seed = scene.seed;
        self.paced = false;
        self.at_ms = scene.at_ms.max(0);
        self.selection = Selection::from_link(&scene.selection);
        let asked = matches!(self.selection, Some(Selection::Pod(_) | Selection::Workload(_) | Selection::Event(_)));
        self.side = if asked { Side::Why } else { Side::Story };
        self.playing = false;
        self.why = None;
        self.opened_anew = true;
        (self.pinned, self.kept, self.account, self.picture) = (None, None, None, None);
        self.wanted = None;
        // What was said of the scene before holds no longer.
        self.notice = self.notice.take().filter(|notice| notice.wrong);
        let (name, beat) = (scene.lesson, scene.beat);
        self.course = gallery::lesson_card(&name).map(|_| Rc::new(Course::new(name, beat)));
        self.reads_anew();
    }

    /// Files or seed changed.
    fn reads_anew(&mut self) {
        self.edition += 1;
        self.asks_anew();
    }

    fn asks_anew(&mut self) {
        self.generation += 1;
        self.answered = false;
        self.typed = false;
    }

    /// What a link keeps.
    pub fn scene(&self) -> Scene {
        Scene {
            files: self.files.to_vec(),
            steps: if self.own { Vec::new() } else { self.steps.to_vec() },
            seed: self.seed,
            at_ms: self.at_ms,
            selection: self.selection.as_ref().map(Selection::to_link).unwrap_or_default(),
            lesson: self.course.as_ref().map(|course| course.name.clone()).unwrap_or_default(),
            beat: self.course.as_ref().map_or(0, |course| course.beat as u32),
        }
    }

    /// The run whose map stands beside that of the present one: the one that was kept, once it has been compared and where it is another.
    pub fn beside(&self) -> Option<&Rc<Told>> {
        self.pinned.as_ref().filter(|kept| self.beside && kept.generation & KEPT != 0 && self.made_of != self.kept)
    }

    /// The file in the editor.
    pub fn file(&self) -> Option<&SourceFile> {
        self.files.get(self.active)
    }

    /// How long the run lasts.
    pub fn duration_ms(&self) -> i64 {
        self.told.as_ref().map_or(0, |told| told.story.duration_ms)
    }

    /// Whether what is shown belongs to an older text than the one in the editor.
    pub fn stale(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.generation != self.generation)
    }

    /// The moment that will be looked at when the run has come that is asked for; none where the run decides it.
    pub fn moment_to_come(&self) -> Option<i64> {
        (!self.to_worst && self.course.is_none()).then_some(self.at_ms)
    }

    /// What "undo" would take back.
    pub fn undoes(&self) -> Option<&'static str> {
        self.past.last().map(|past| past.said)
    }

    /// The number of the selected pod.
    pub fn selected_pod(&self) -> Option<usize> {
        self.pod_in(self.told.as_ref()?, self.frame.as_deref())
    }

    /// The number of the selected pod in a run: of those of that name, the one that is there.
    pub fn pod_in(&self, told: &Told, frame: Option<&Frame>) -> Option<usize> {
        let Some(Selection::Pod(name)) = &self.selection else { return None };
        let mut named = told.story.pod_names.find(name);
        let first = named.next()?;
        let there = |pod: usize| frame.is_some_and(|frame| frame.look(pod) != PodState::Absent);
        if there(first) { Some(first) } else { named.find(|&pod| there(pod)).or(Some(first)) }
    }

    fn remember(&mut self, said: &'static str) {
        if self.past.len() == MOST_UNDO {
            self.past.remove(0);
        }
        let (files, steps, course) = (self.files.clone(), self.steps.clone(), self.course.clone());
        self.past.push(Past { files, active: self.active, steps, own: self.own, course, said });
    }

    /// The page after an action; none where it changes nothing.
    pub fn after(&self, action: Action) -> Option<Store> {
        let mut next = self.clone();
        match action {
            Action::Open(scene, said) => match learning::named_alone(&scene) {
                Some(entry) => next.wanted = Some(entry),
                None => {
                    next.remember(said);
                    next.open(scene);
                }
            },
            Action::Want(entry) => (next.wanted, next.overlay) = (Some(entry), Overlay::None),
            Action::Came(entry, files) if self.wanted.as_ref() == Some(&entry) => next.came(entry, files),
            Action::Learn(step) => next.learn(step)?,
            Action::Offer(notice) => (next.notice, next.offers) = (Some(notice), true),
            Action::AddFiles(files) => next.add_files(files),
            Action::Edit(text) => {
                let file = next.files.get(next.active).filter(|file| file.text != text)?;
                let file = SourceFile { name: file.name.clone(), text };
                let active = next.active;
                Rc::make_mut(&mut next.files)[active] = file;
                next.reads_anew();
                next.typed = true;
            }
            Action::Show(file) if file < self.files.len() => {
                next.active = file;
                next.leave();
            }
            Action::Leave => next.leave(),
            Action::Reveal(file, start, end) if file < self.files.len() => next.reveal(file, start, end),
            Action::NewFile => {
                next.remember("new file");
                let name =
                    (1..).map(|number| format!("file-{number}.yaml")).find(|name| self.files.iter().all(|file| file.name != *name))?;
                Rc::make_mut(&mut next.files).push(SourceFile { name, text: String::new() });
                next.active = next.files.len() - 1;
                next.pane = Pane::Files;
            }
            Action::CloseFile(file) if file < self.files.len() => next.close_file(file),
            Action::Rename(file, name) => {
                let name = name.trim().to_string();
                if name.is_empty() || self.files.iter().any(|other| other.name == name) {
                    return None;
                }
                Rc::make_mut(&mut next.files).get_mut(file)?.name = name;
                next.reads_anew();
            }
            Action::AddStep(step, plays) => next.add_step(step, plays),
            Action::RemoveStep(step) if step < self.steps.len() => {
                next.remember("removing a step");
                next.change_steps(self.steps[step].clone(), |steps| {
                    steps.remove(step);
                });
            }
            Action::Undo => {
                let past = next.past.pop()?;
                let same = past.files == next.files;
                (next.files, next.active, next.steps, next.own) = (past.files, past.active, past.steps, past.own);
                next.unwritten = None;
                next.playing = false;
                next.opened_anew = true;
                // Who takes a shown repair back goes on by himself.
                if past.said == learning::SHOWING
                    && let Some(course) = next.course.as_mut()
                {
                    Rc::make_mut(course).shown = false;
                }
                // Within a lesson one stays where one is in it.
                if past.course.as_ref().map(|course| &course.name) != next.course.as_ref().map(|course| &course.name) {
                    next.course = past.course;
                }
                if same { next.asks_anew() } else { next.reads_anew() }
            }
            Action::Ran(generation, run) if generation == self.generation => next.hear(generation, run),
            Action::Progress(generation, phase, part) if generation == self.generation && !self.answered => {
                next.progress = Some((phase, part));
            }
            Action::Frame(frame) if frame.generation & KEPT != 0 => next.kept_frame = Some(frame).filter(|_| self.pinned.is_some()),
            Action::Frame(frame) if self.told.as_ref().is_some_and(|told| told.generation == frame.generation) => next.frame = Some(frame),
            Action::Why(generation, why) if self.told.as_ref().is_some_and(|told| told.generation == generation) => {
                next.why = Some(Rc::new(*why));
            }
            Action::Seek(at_ms) => next.seek(at_ms),
            Action::Hop { forward, phases } => next.hop(forward, phases),
            Action::Pass(real_ms) => next.pass(real_ms),
            Action::Toggle => {
                next.playing = !self.playing && self.duration_ms() > 0;
                if next.playing && self.at_ms >= self.duration_ms() {
                    next.at_ms = 0;
                }
            }
            Action::Speed(speed) => (next.speed, next.paced) = (speed.max(1), true),
            Action::Select(selection) => {
                if matches!(selection, Some(Selection::Pod(_) | Selection::Workload(_) | Selection::Event(_))) {
                    next.side = Side::Why;
                }
                next.selection = selection;
                (next.why, next.account) = (None, None);
            }
            Action::Tint(tint) => next.tint = tint,
            // On a narrow screen what was turned to is what one wants to see.
            Action::Turn(side) => (next.side, next.pane) = (side, Pane::Answers),
            Action::Go(pane) => next.pane = pane,
            Action::Say(notice) => (next.notice, next.offers) = (notice, false),
            Action::Overlay(overlay) => next.lay(overlay),
            Action::Palette => next.lay(if self.overlay == Overlay::None { Overlay::Palette } else { Overlay::None }),
            Action::Risk(generation, nth, total, left_out, risk) => next.hear_risk(generation, nth, total, left_out, risk)?,
            Action::Try(step) => {
                next.remember("trying a what-if");
                (next.steps, next.own, next.unwritten, next.at_ms) = (Rc::new(vec![step]), false, None, 0);
                (next.playing, next.to_worst, next.pane) = (false, true, Pane::Cluster);
                next.asks_anew();
            }
            Action::Halt(halt) => {
                next.halt = halt;
                next.finds_halts();
            }
            Action::Pin(pin) => next.pin(pin),
            Action::After(files) => {
                next.remember("opening another set");
                next.pin(true);
                if let Some(kept) = &mut next.kept {
                    Rc::make_mut(kept).same = true;
                }
                // What is done belongs to the set that says it; without steps the new one may say it.
                next.own = self.own && self.steps.is_empty();
                next.files = Rc::new(files);
                (next.active, next.side, next.opened_anew) = (0, Side::Report, true);
                next.reads_anew();
            }
            Action::Compared(compared) => {
                // While it was compared the run may have been let go.
                next.pinned = next.pinned.and(compared.kept.clone());
                next.compared = Rc::new(compared);
            }
            Action::Beside(beside) => next.beside = beside,
            Action::Drawn(generation, picture) if !self.stale() => next.picture = Some((generation, picture)),
            Action::Accounted(generation, account) if self.told.as_ref().is_some_and(|told| told.generation == generation) => {
                next.account = Some(account);
            }
            Action::Assumed(generation, values) => next.assumed = Some((generation, values)),
            Action::Said(generation, files) if generation == self.generation && !files.is_empty() => {
                next.remember("a change of what is assumed");
                next.pin(true);
                next.put(files);
                next.reads_anew();
            }
            Action::Advised(generation, advice) if self.told.as_ref().is_some_and(|told| told.generation == generation) => {
                next.advice = Rc::new(Advised { generation, advice, mended: None });
            }
            Action::Mended(generation, mended) if self.advice.generation == generation => {
                Rc::make_mut(&mut next.advice).mended = Some(mended);
            }
            Action::Mend => next.mend()?,
            _ => return None,
        }
        (next != *self).then_some(next)
    }

    fn lay(&mut self, overlay: Overlay) {
        self.laid += u32::from(overlay != Overlay::None && overlay != self.overlay);
        self.overlay = overlay;
    }

    fn pin(&mut self, pin: bool) {
        self.pinned = self.told.clone().filter(|_| pin);
        self.kept = self.made_of.clone().filter(|_| pin);
        self.kept_frame = None;
    }

    fn hear(&mut self, generation: u32, run: Run) {
        self.findings = Rc::new(run.findings);
        (self.answered, self.progress) = (true, None);
        // While somebody types, half a document is no reason to show a cluster without it: the last good result stays, dimmed.
        let Some(story) = run.story.filter(|_| !run.partial || self.opened_anew) else {
            self.playing = false;
            if self.opened_anew {
                (self.told, self.frame, self.why) = (None, None, None);
            }
            return;
        };
        if let Some(file) = run.written {
            self.hear_written(file, run.steps.as_deref().unwrap_or_default(), &story.step_places);
        } else if !run.unwritten.is_empty() {
            let text = format!("The steps stand beside the files, and a link keeps them: {}.", run.unwritten);
            (self.notice, self.offers) = (Some(Notice { text, wrong: false }), false);
        }
        self.unwritten = None;
        if self.own {
            self.steps = Rc::new(run.steps.unwrap_or_default());
        }
        let opened = std::mem::take(&mut self.opened_anew);
        let (files, steps) = (self.files.clone(), self.steps.clone());
        self.made_of = Some(Rc::new(Kept { files, steps, own: self.own, seed: self.seed, same: false }));
        // Another run has other events.
        if !opened && matches!(self.selection, Some(Selection::Event(_))) {
            self.selection = None;
        }
        self.account = None;
        self.told = Some(Rc::new(Told::new(generation, *story)));
        self.finds_halts();
        if std::mem::take(&mut self.to_worst) {
            self.at_ms = self.told.as_ref().map_or(0, |told| told.worst_ms);
        }
        self.at_ms = self.at_ms.clamp(0, self.duration_ms());
        self.why = None;
        self.hear_lesson(run.taught, opened);
        if self.risks.edition != self.edition {
            self.risks = Rc::new(Risks { edition: self.edition, ..Risks::default() });
        }
        let slow = !self.paced && self.course.is_none() && clock::takes_long(self.duration_ms(), self.speed);
        if opened || slow {
            self.speed = clock::fitting_speed(self.duration_ms());
        }
        if std::mem::take(&mut self.shows) && self.at_ms < self.duration_ms() {
            (self.playing, self.speed) = (true, SHOWN_AT);
        }
    }

    /// Writes the proposal that is looked at: one change, to be undone as one, and seen against the run before it.
    fn mend(&mut self) -> Option<()> {
        let mended = self.advice.mended.clone()?;
        self.remember("applying a fix");
        self.pin(true);
        self.put(mended.files);
        for step in mended.steps {
            self.insert(step);
        }
        self.advice = Rc::default();
        self.reads_anew();
        Some(())
    }

    /// The text is looked at again instead of what is proposed for it.
    fn leave(&mut self) {
        if self.advice.mended.is_some() {
            Rc::make_mut(&mut self.advice).mended = None;
        }
    }

    /// Whether the proposals of the present run have been tried.
    pub fn advised(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.generation == self.advice.generation)
    }

    fn hear_risk(&mut self, generation: u32, nth: u32, total: u32, left_out: String, risk: Option<Box<Risk>>) -> Option<()> {
        // Of another edition, or asked twice.
        if self.told.as_ref()?.generation != generation || self.risks.edition != self.edition || self.risks.next()? != nth {
            return None;
        }
        let risks = Rc::make_mut(&mut self.risks);
        (risks.total, risks.left_out) = (Some(total), left_out);
        risks.rows.extend(risk.map(|risk| *risk));
        // One that was not answered is not asked for again.
        if risks.rows.len() as u32 == nth {
            risks.total = Some(nth);
        }
        Some(())
    }
}

#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod lesson_tests;
#[cfg(test)]
mod tests;

//! The page's end of the worker: one run at a time, one frame at a time, the newest wish always.
//!
//! A short run that is overtaken is let finish, for that is sooner than starting a worker; a long one is ended, and a worker that waits takes over.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, MessageEvent, Worker};

use super::dom;
use crate::frame::{Frame, MAGIC};
use crate::store::{Notice, Store};
use crate::wire::{Answer, Ask, Entry, KEPT, Writing, from_bytes, to_bytes};

/// What the worker says, as the store hears it.
pub(crate) enum Heard {
    Answer(Answer),
    Frame(Rc<Frame>),
    Notice(Notice),
}

/// What hears a worker's answers, and what hears that it died: kept as long as the worker may call.
type Ears = (Closure<dyn Fn(MessageEvent)>, Closure<dyn Fn(Event)>);

/// A run that takes longer than this is ended when another is wanted: real milliseconds.
const PATIENCE_MS: f64 = 250.0;
/// How long typing rests before it is answered where answers take longer than that: real milliseconds. Where they do not every change is asked
/// at once, and what is typed meanwhile waits for the answer.
const REST_MS: i32 = 200;
/// A run of more bytes than this is read in one task and drawn in the next.
const LARGE: usize = 1 << 20;

/// A worker, with what it calls.
struct Hired {
    worker: Worker,
    number: u32,
    /// Its program has started.
    ready: bool,
    _ears: Ears,
}

/// The frames of a run: one on its way, the newest wish behind it.
#[derive(Default)]
struct Frames {
    /// The one that the page has.
    here: Option<Rc<Frame>>,
    asked: bool,
    wanted: Option<Ask>,
    sent: Option<Ask>,
}

impl Frames {
    /// Wants the state at a moment, unless it is here or comes.
    fn want(&mut self, generation: u32, at_ms: i64) {
        let ask = Ask::Frame { generation, at_ms, have: 0 };
        let comes = self.asked && self.sent.as_ref() == Some(&ask);
        let here = self.here.as_ref().is_some_and(|frame| frame.generation == generation && frame.at_ms == at_ms);
        self.wanted = (!comes && (self.asked || !here)).then_some(ask);
    }

    /// What is to be asked now: only what changed since the frame that is here.
    fn next(&mut self) -> Option<Ask> {
        let mut ask = self.wanted.take_if(|_| !self.asked)?;
        self.sent = Some(ask.clone());
        if let (Ask::Frame { generation, have, .. }, Some(frame)) = (&mut ask, &self.here) {
            *have = if frame.generation == *generation { frame.number } else { 0 };
        }
        self.asked = true;
        Some(ask)
    }

    /// A frame has come; none where it builds on one that was let go meanwhile: `again` asks for all of it.
    fn take(&mut self, bytes: &[u8], again: bool) -> Option<Rc<Frame>> {
        self.asked = false;
        self.here = Frame::from_bytes(bytes, self.here.as_deref()).map(Rc::new);
        if self.here.is_none() && again {
            self.wanted = self.wanted.take().or(self.sent.take());
        }
        self.here.clone()
    }
}

#[derive(Default)]
struct Inner {
    worker: Option<Hired>,
    /// One that has started and waits for the other to be ended.
    spare: Option<Hired>,
    telling: Option<dom::Guard>,
    /// Those that were ended: the call of one of them may be the one that is under way.
    ended: Option<Hired>,
    hired: u32,
    running: bool,
    /// When the run began that is under way, and how long the last one took: real milliseconds.
    began: f64,
    took: f64,
    patience: Option<dom::Guard>,
    /// Those of the run, and those of the one that it was compared with.
    frames: Frames,
    kept_frames: Frames,
    /// The comparison that is wanted.
    compare: Option<Ask>,
    /// The worker has a run to compare with: frames of it can be asked for.
    compared: bool,
    /// The last run that was asked for: a new worker must hear it before anything else.
    run: Option<Ask>,
    /// The moment that is looked at when the run has come, in virtual milliseconds, where that is known: its picture is asked for before the page has
    /// drawn the rest.
    moment: Option<i64>,
    /// The run that the worker has: one that replaces a crashed one must hear it again.
    current: Option<Ask>,
    why_asked: bool,
    why_wanted: Option<Ask>,
    open_wanted: Option<Ask>,
    idle_asked: bool,
    idle_wanted: Option<Ask>,
    /// What was asked for by hand: one after the other, before anything idle.
    asides: Vec<Ask>,
    /// Archives to be opened, each kept until it has been.
    archives: Vec<Uint8Array>,
    unpacking: bool,
}

/// A handle on the worker; clones are the same worker.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: Rc<RefCell<Inner>>,
    hear: Rc<dyn Fn(Heard)>,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Engine) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Engine {
    pub(crate) fn new(hear: impl Fn(Heard) + 'static) -> Engine {
        let engine = Engine { inner: Rc::default(), hear: Rc::new(hear) };
        engine.start();
        engine
    }

    /// Takes the worker that waits, or starts one.
    fn start(&self) {
        let spare = self.inner.borrow_mut().spare.take();
        let hired = match spare {
            Some(spare) => spare,
            None => match self.hire() {
                Some(hired) => hired,
                None => return self.complain("This browser starts no workers, so nothing can be simulated here."),
            },
        };
        let mut inner = self.inner.borrow_mut();
        inner.worker = Some(hired);
        inner.running = false;
        (inner.frames, inner.kept_frames) = Default::default();
        (inner.compared, inner.why_asked, inner.idle_asked, inner.unpacking) = (false, false, false, false);
    }

    fn hire(&self) -> Option<Hired> {
        // boot.mjs starts them: the first has been under way for as long as the page has.
        let hire = Reflect::get(&js_sys::global(), &"hireWorker".into()).ok()?.dyn_into::<Function>().ok()?;
        let worker: Worker = hire.call0(&JsValue::NULL).ok()?.dyn_into().ok()?;
        let number = {
            let mut inner = self.inner.borrow_mut();
            inner.hired += 1;
            inner.hired
        };
        let engine = self.clone();
        let call = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| engine.receive(number, &event.data()));
        worker.set_onmessage(Some(call.as_ref().unchecked_ref()));
        let engine = self.clone();
        let crash = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            event.prevent_default();
            engine.crashed(number);
        });
        worker.set_onerror(Some(crash.as_ref().unchecked_ref()));
        Some(Hired { worker, number, ready: false, _ears: (call, crash) })
    }

    /// Ends the worker at its work.
    fn end(&self) {
        let mut inner = self.inner.borrow_mut();
        if let Some(hired) = inner.worker.take() {
            hired.worker.terminate();
            inner.ended = Some(hired);
        }
        (inner.running, inner.frames.here, inner.telling) = (false, None, None);
    }

    /// The worker died: another takes its place. What killed it is not asked again.
    fn crashed(&self, number: u32) {
        let (had_started, killer, current) = {
            let mut inner = self.inner.borrow_mut();
            if inner.worker.as_ref().is_none_or(|hired| hired.number != number) {
                inner.spare = inner.spare.take().filter(|spare| spare.number != number);
                return;
            }
            let had_started = inner.worker.as_ref().is_some_and(|hired| hired.ready);
            if inner.unpacking {
                inner.archives.remove(0);
            }
            let killer = if inner.running { inner.current.take() } else { None };
            (inner.frames.wanted, inner.why_wanted, inner.idle_wanted) = (None, None, None);
            inner.asides.clear();
            (had_started, killer, inner.current.clone())
        };
        self.end();
        if !had_started {
            return self.complain("The simulator could not be started: load the page again, or try another browser.");
        }
        self.complain("The simulation ended unexpectedly and was started anew. Nothing you wrote is lost.");
        self.go_without(killer);
        {
            let mut inner = self.inner.borrow_mut();
            inner.run = inner.run.take().or(current);
        }
        self.start();
        self.send_run();
    }

    /// Says of a run that it has no result.
    fn go_without(&self, run: Option<Ask>) {
        if let Some(Ask::Run { generation, .. }) = run {
            (self.hear)(Heard::Answer(Answer::nothing(generation, Vec::new(), true)));
        }
    }

    /// Ends the run that is under way.
    pub(crate) fn cancel(&self) {
        let run = {
            let mut inner = self.inner.borrow_mut();
            if !inner.running {
                return;
            }
            inner.run = None;
            inner.current.take()
        };
        self.end();
        self.start();
        self.go_without(run);
        self.complain("The run was stopped. Change anything to run again.");
    }

    /// How long typing has to rest before it is worth asking: milliseconds.
    pub(crate) fn rest_ms(&self) -> i32 {
        if self.inner.borrow().took < PATIENCE_MS { 0 } else { REST_MS }
    }

    fn complain(&self, text: &str) {
        (self.hear)(Heard::Notice(Notice { text: text.to_string(), wrong: true }));
    }

    fn receive(&self, number: u32, data: &JsValue) {
        let bytes = data.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default();
        let answer = from_bytes::<Answer>(&bytes);
        if matches!(answer, Some(Answer::Ready)) {
            let mut inner = self.inner.borrow_mut();
            let Inner { worker, spare, .. } = &mut *inner;
            if let Some(hired) = worker.iter_mut().chain(spare).find(|hired| hired.number == number) {
                hired.ready = true;
            }
        } else if self.inner.borrow().worker.as_ref().is_none_or(|hired| hired.number != number) {
            // Said before it was ended.
            return;
        } else if let Some(answer) = answer {
            {
                let mut inner = self.inner.borrow_mut();
                match &answer {
                    Answer::Ran { .. } => {
                        inner.running = false;
                        inner.patience = None;
                        inner.took = now() - inner.began;
                    }
                    Answer::Unpacked { .. } => {
                        inner.unpacking = false;
                        inner.archives.remove(0);
                    }
                    Answer::Why { .. } => inner.why_asked = false,
                    Answer::WhatIf { .. }
                    | Answer::Advised { .. }
                    | Answer::Mended { .. }
                    | Answer::Drawn { .. }
                    | Answer::Account { .. }
                    | Answer::Exported { .. }
                    | Answer::Assumed { .. }
                    | Answer::Said { .. } => inner.idle_asked = false,
                    Answer::Compared { .. } => (inner.idle_asked, inner.compared, inner.kept_frames.wanted) = (false, true, None),
                    Answer::Refused { .. } => {
                        (inner.running, inner.why_asked, inner.idle_asked) = (false, false, false);
                        (inner.frames.asked, inner.kept_frames.asked) = (false, false);
                    }
                    Answer::Ready | Answer::Digest { .. } | Answer::Progress { .. } | Answer::Opened { .. } => {}
                }
            }
            if bytes.len() > LARGE && matches!(answer, Answer::Ran { .. }) {
                // Reading it took its time: the page draws it in a task of its own.
                let engine = self.clone();
                let guard = dom::after(0, move || engine.tell(answer));
                self.inner.borrow_mut().telling = Some(guard);
            } else {
                self.tell(answer);
            }
        } else {
            let frame = {
                let mut inner = self.inner.borrow_mut();
                let again = !inner.running;
                match Frame::generation_of(&bytes) {
                    Some(generation) if generation & KEPT != 0 => inner.kept_frames.take(&bytes, again),
                    _ => inner.frames.take(&bytes, again),
                }
            };
            match frame {
                Some(frame) => (self.hear)(Heard::Frame(frame)),
                None if bytes.starts_with(&MAGIC.to_le_bytes()) => {}
                None => self.complain("The page and its worker do not understand each other: load the page again."),
            }
        }
        self.send_open();
        self.send_run();
        self.send_wishes();
    }

    /// Hands an answer on to the page.
    fn tell(&self, answer: Answer) {
        let ran = matches!(answer, Answer::Ran { .. });
        let moment = Some(self.inner.borrow()).filter(|inner| !inner.running && inner.run.is_none()).and_then(|inner| inner.moment);
        if let (Answer::Ran { generation, story: Some(story), .. }, Some(moment)) = (&answer, moment) {
            self.frame(*generation, moment.clamp(0, story.duration_ms.max(0)));
        }
        if let Answer::Ran { generation: ran, .. } = &answer {
            let again = {
                let inner = self.inner.borrow();
                let of_it = |ask: &&Ask| matches!(ask, Ask::Compare { generation, .. } if generation == ran);
                inner.compare.as_ref().filter(of_it).filter(|_| !inner.compared).cloned()
            };
            if let Some(ask) = again {
                self.aside(ask);
            }
        }
        (self.hear)(Heard::Answer(answer));
        // At once and not when it is needed: the page asks for no file later. Its program has been compiled for the first one.
        if ran && self.inner.borrow().spare.is_none() {
            let spare = self.hire();
            self.inner.borrow_mut().spare = spare;
        }
    }

    /// Runs the steps of the store, or the scenario of its files; what runs now is ended if it takes long.
    pub(crate) fn run(&self, generation: u32, store: &Store) {
        let busy = {
            let mut inner = self.inner.borrow_mut();
            inner.moment = store.moment_to_come();
            let (own, lesson) = (store.own, store.course.as_ref().map(|course| course.name.clone()).unwrap_or_default());
            let steps = if own { Vec::new() } else { store.steps.to_vec() };
            let writes = store.unwritten.as_ref().map_or(Writing::No, |(_, writes)| writes.clone());
            inner.run = Some(Ask::Run { generation, files: store.files.to_vec(), steps, own, writes, seed: store.seed, lesson });
            (inner.frames.wanted, inner.why_wanted, inner.idle_wanted) = (None, None, None);
            inner.asides.clear();
            (inner.running || inner.idle_asked).then_some(inner.began)
        };
        if let Some(began) = busy {
            let engine = self.clone();
            let rest = (PATIENCE_MS - (now() - began)).clamp(0.0, PATIENCE_MS);
            let guard = dom::after(rest as i32, move || engine.take_over());
            self.inner.borrow_mut().patience = Some(guard);
        }
        self.send_run();
    }

    /// Wants the files of an example or lesson; a run that goes on is ended, for theirs follows.
    pub(crate) fn open(&self, what: Entry) {
        let overtaken = {
            let mut inner = self.inner.borrow_mut();
            inner.open_wanted = Some(Ask::Open { what });
            inner.running
        };
        if overtaken {
            self.end();
            self.start();
        }
        self.send_open();
    }

    fn send_open(&self) {
        let mut inner = self.inner.borrow_mut();
        if inner.can_hear()
            && let Some(ask) = inner.open_wanted.take()
        {
            post(&inner, &ask);
        }
    }

    /// A run waits for too long: what is under way is ended.
    fn take_over(&self) {
        if self.inner.borrow().run.is_some() {
            self.end();
            self.start();
            self.send_run();
        }
    }

    fn send_run(&self) {
        let mut inner = self.inner.borrow_mut();
        if !inner.can_hear() || inner.running || inner.idle_asked {
            return;
        }
        if let Some(run) = inner.run.take() {
            (inner.running, inner.began, inner.patience) = (true, now(), None);
            inner.frames.here = None;
            post(&inner, &run);
            inner.current = Some(run);
        }
    }

    /// Opens an archive, as soon as nothing else is under way.
    pub(crate) fn unpack(&self, archive: Uint8Array) {
        self.inner.borrow_mut().archives.push(archive);
        self.send_wishes();
    }

    /// Wants the state at a moment; only the newest wish is kept.
    pub(crate) fn frame(&self, generation: u32, at_ms: i64) {
        self.inner.borrow_mut().frames.want(generation, at_ms);
        self.send_wishes();
    }

    /// Wants the state of the run that this one was compared with.
    pub(crate) fn kept_frame(&self, generation: u32, at_ms: i64) {
        self.inner.borrow_mut().kept_frames.want(generation, at_ms);
        self.send_wishes();
    }

    /// Wants the run compared with one that was kept; a worker that takes this one's place compares again.
    pub(crate) fn compare(&self, ask: Option<Ask>) {
        self.inner.borrow_mut().compare.clone_from(&ask);
        if let Some(ask) = ask {
            self.aside(ask);
        }
    }

    /// Wants to know why; only the newest wish is kept.
    pub(crate) fn why(&self, generation: u32, pod: u32, at_ms: i64) {
        self.inner.borrow_mut().why_wanted = Some(Ask::Why { generation, pod, at_ms });
        self.send_wishes();
    }

    /// Wants what can wait until nothing else is wanted; only the newest wish is kept.
    pub(crate) fn idle(&self, ask: Ask) {
        self.inner.borrow_mut().idle_wanted = Some(ask);
        self.send_wishes();
    }

    /// Wants something beside the course of the run; of two wishes of one sort the newer counts.
    pub(crate) fn aside(&self, ask: Ask) {
        {
            let asides = &mut self.inner.borrow_mut().asides;
            asides.retain(|other| std::mem::discriminant(other) != std::mem::discriminant(&ask));
            asides.push(ask);
        }
        self.send_wishes();
    }

    fn send_wishes(&self) {
        let mut inner = self.inner.borrow_mut();
        if !inner.can_hear() || inner.running {
            return;
        }
        if !inner.unpacking
            && let (Some(archive), Some(hired)) = (inner.archives.first(), &inner.worker)
        {
            let _ = hired.worker.post_message(archive);
            inner.unpacking = true;
        }
        if let Some(ask) = inner.frames.next() {
            post(&inner, &ask);
        }
        if inner.compared
            && let Some(ask) = inner.kept_frames.next()
        {
            post(&inner, &ask);
        }
        if !inner.why_asked
            && let Some(ask) = inner.why_wanted.take()
        {
            inner.why_asked = true;
            post(&inner, &ask);
        }
        if !(inner.frames.asked || inner.why_asked || inner.idle_asked)
            && let Some(ask) = if inner.asides.is_empty() { inner.idle_wanted.take() } else { Some(inner.asides.remove(0)) }
        {
            (inner.idle_asked, inner.began) = (true, now());
            inner.compared &= !matches!(ask, Ask::Compare { .. });
            post(&inner, &ask);
        }
    }
}

impl Inner {
    fn can_hear(&self) -> bool {
        self.worker.as_ref().is_some_and(|hired| hired.ready)
    }
}

/// Real milliseconds.
fn now() -> f64 {
    js_sys::Date::now()
}

fn post(inner: &Inner, ask: &Ask) {
    if let Some(hired) = &inner.worker {
        let bytes = Uint8Array::from(to_bytes(ask).as_slice());
        let _ = hired.worker.post_message_with_transfer(&bytes, &Array::of1(&bytes.buffer()));
    }
}

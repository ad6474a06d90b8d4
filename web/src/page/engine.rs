//! The page's end of the worker: one run at a time, one frame at a time, the newest wish always; a run that is overtaken is ended.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::frame::Frame;
use crate::store::Notice;
use crate::wire::{Answer, Ask, Entry, SourceFile, Step};

/// What the worker says, as the store hears it.
pub(crate) enum Heard {
    Answer(Answer),
    Frame(Frame),
    Notice(Notice),
}

/// What hears a worker's answers, and what hears that it died: kept as long as the worker may call.
type Ears = (Closure<dyn Fn(MessageEvent)>, Closure<dyn Fn(Event)>);

#[derive(Default)]
struct Inner {
    worker: Option<Worker>,
    ready: bool,
    running: bool,
    /// The last run that was asked for: a new worker must hear it before anything else.
    run: Option<Ask>,
    /// The run that the worker has: one that replaces a crashed one must hear it again.
    current: Option<Ask>,
    frame_asked: bool,
    frame_wanted: Option<Ask>,
    why_asked: bool,
    why_wanted: Option<Ask>,
    open_wanted: Option<Ask>,
    idle_asked: bool,
    idle_wanted: Option<Ask>,
    /// What was asked for by hand: one after the other, before anything idle.
    asides: Vec<Ask>,
    calls: Vec<Ears>,
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

    /// The worker's script; its build's name keeps an old copy in a cache from being taken.
    fn address() -> String {
        let tag = super::dom::document().query_selector("script[data-program]").ok().flatten();
        let program = tag.and_then(|tag| tag.get_attribute("data-program")).unwrap_or_default();
        let build: String = program.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("./engine.mjs?{build}")
    }

    fn start(&self) {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let Ok(worker) = Worker::new_with_options(&Self::address(), &options) else {
            return self.complain("This browser starts no workers, so nothing can be simulated here.");
        };
        let engine = self.clone();
        let call = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| engine.receive(&event.data()));
        worker.set_onmessage(Some(call.as_ref().unchecked_ref()));
        let engine = self.clone();
        let crash = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            event.prevent_default();
            engine.crashed();
        });
        worker.set_onerror(Some(crash.as_ref().unchecked_ref()));
        let mut inner = self.inner.borrow_mut();
        // The closure of the worker that was ended before may be the one that is running: it is kept for one round.
        if inner.calls.len() > 1 {
            inner.calls.remove(0);
        }
        inner.calls.push((call, crash));
        inner.worker = Some(worker);
        (inner.ready, inner.running) = (false, false);
        (inner.frame_asked, inner.why_asked, inner.idle_asked) = (false, false, false);
    }

    /// The worker died: another takes its place. What killed it is not asked again.
    fn crashed(&self) {
        let (had_started, killer, current) = {
            let mut inner = self.inner.borrow_mut();
            if let Some(worker) = inner.worker.take() {
                worker.terminate();
            }
            let killer = if inner.running { inner.current.take() } else { None };
            (inner.frame_wanted, inner.why_wanted, inner.idle_wanted) = (None, None, None);
            inner.asides.clear();
            (inner.ready, killer, inner.current.clone())
        };
        if !had_started {
            return self.complain("The simulator could not be started: load the page again, or try another browser.");
        }
        self.complain("The simulation ended unexpectedly and was started anew. Nothing you wrote is lost.");
        if let Some(Ask::Run { generation, .. }) = killer {
            let nothing = Answer::Ran { generation, diagnostics: Vec::new(), partial: true, steps: None, story: None, taught: None };
            (self.hear)(Heard::Answer(nothing));
        }
        {
            let mut inner = self.inner.borrow_mut();
            inner.run = inner.run.take().or(current);
        }
        self.start();
    }

    fn complain(&self, text: &str) {
        (self.hear)(Heard::Notice(Notice { text: text.to_string(), wrong: true }));
    }

    fn receive(&self, data: &JsValue) {
        if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
            self.inner.borrow_mut().frame_asked = false;
            if let Some(frame) = Frame::from_bytes(&bytes.to_vec()) {
                (self.hear)(Heard::Frame(frame));
            }
        } else if let Some(answer) = data.as_string().and_then(|json| serde_json::from_str::<Answer>(&json).ok()) {
            {
                let mut inner = self.inner.borrow_mut();
                match &answer {
                    Answer::Ready => inner.ready = true,
                    Answer::Ran { .. } => inner.running = false,
                    Answer::Why { .. } => inner.why_asked = false,
                    Answer::WhatIf { .. }
                    | Answer::Advised { .. }
                    | Answer::Mended { .. }
                    | Answer::Drawn { .. }
                    | Answer::Account { .. }
                    | Answer::Compared { .. }
                    | Answer::Exported { .. }
                    | Answer::Assumed { .. }
                    | Answer::Said { .. } => inner.idle_asked = false,
                    Answer::Refused { .. } => {
                        (inner.running, inner.why_asked, inner.frame_asked, inner.idle_asked) = (false, false, false, false);
                    }
                    Answer::Digest { .. } | Answer::Opened { .. } => {}
                }
            }
            if matches!(answer, Answer::Ready) {
                self.send_open();
                self.send_run();
            } else {
                (self.hear)(Heard::Answer(answer));
            }
        } else {
            self.complain("The page and its worker do not understand each other: load the page again.");
        }
        self.send_wishes();
    }

    /// Runs these steps, or without any the scenario of the files; what runs now is ended.
    pub(crate) fn run(&self, generation: u32, files: &[SourceFile], steps: Option<&[Step]>, seed: u64, lesson: String) {
        let overtaken = {
            let mut inner = self.inner.borrow_mut();
            let own = steps.is_none();
            inner.run = Some(Ask::Run { generation, files: files.to_vec(), steps: steps.unwrap_or_default().to_vec(), own, seed, lesson });
            (inner.frame_wanted, inner.why_wanted, inner.idle_wanted) = (None, None, None);
            inner.asides.clear();
            inner.running
        };
        if overtaken {
            self.restart();
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
            self.restart();
        }
        self.send_open();
    }

    /// Ends the worker with whatever it does, and starts another.
    fn restart(&self) {
        if let Some(worker) = self.inner.borrow_mut().worker.take() {
            worker.terminate();
        }
        self.start();
    }

    fn send_open(&self) {
        let mut inner = self.inner.borrow_mut();
        if inner.ready
            && let Some(ask) = inner.open_wanted.take()
        {
            post(&inner, &ask);
        }
    }

    fn send_run(&self) {
        let mut inner = self.inner.borrow_mut();
        if !inner.ready || inner.running {
            return;
        }
        if let Some(run) = inner.run.take() {
            inner.running = true;
            post(&inner, &run);
            inner.current = Some(run);
        }
    }

    /// Wants the state at a moment; only the newest wish is kept.
    pub(crate) fn frame(&self, generation: u32, at_ms: i64) {
        self.inner.borrow_mut().frame_wanted = Some(Ask::Frame { generation, at_ms });
        self.send_wishes();
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
        if !inner.ready || inner.running {
            return;
        }
        if !inner.frame_asked
            && let Some(ask) = inner.frame_wanted.take()
        {
            inner.frame_asked = true;
            post(&inner, &ask);
        }
        if !inner.why_asked
            && let Some(ask) = inner.why_wanted.take()
        {
            inner.why_asked = true;
            post(&inner, &ask);
        }
        if !(inner.frame_asked || inner.why_asked || inner.idle_asked)
            && let Some(ask) = if inner.asides.is_empty() { inner.idle_wanted.take() } else { Some(inner.asides.remove(0)) }
        {
            inner.idle_asked = true;
            post(&inner, &ask);
        }
    }
}

fn post(inner: &Inner, ask: &Ask) {
    if let (Some(worker), Ok(json)) = (&inner.worker, serde_json::to_string(ask)) {
        let _ = worker.post_message(&JsValue::from_str(&json));
    }
}

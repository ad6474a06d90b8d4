//! The relations of the manifests as the page draws them: the core's drawing, with where each object is written and what a press selects.

use std::collections::BTreeMap;

use wavetank_core::cluster::called;
use wavetank_core::graph::{self, Drawing, Effect, Folding, Graph, GraphOptions, Hit, Index, Kind, Weakness};
use wavetank_core::report::Report;
use wavetank_core::session::{Run, Session};
use wavetank_core::trace::{RecordId, Trace};
use wavetank_core::units::arrange::Arrange;

use crate::store::Selection;
use crate::wire::{Grain, GraphWish, NO_FILE, Node, Picture, Tie};

/// More pods than this are not drawn one by one: nobody could tell them apart.
const MOST_PODS: usize = 300;

/// The run that a picture is of.
pub struct Of<'a> {
    /// Its session.
    pub session: &'a Session,
    /// The run.
    pub run: &'a Run,
    /// Its report.
    pub report: &'a Report,
}

/// A drawing with what belongs to it.
pub struct Drawn {
    /// To draw.
    pub drawing: Drawing,
    folded: graph::Folded,
    grain: graph::Grain,
    /// Each pod is drawn.
    pods: bool,
    objects: usize,
    marked: String,
}

impl Of<'_> {
    /// The trace that the report's timeline tells: at rest it is that of the settling.
    pub fn trace(&self) -> &Trace {
        if self.report.is_at_rest() { self.session.settle_trace() } else { self.run.trace() }
    }

    /// The records of an event and all of their like.
    pub fn records(&self, event: u32) -> Vec<RecordId> {
        let own = self.report.timeline.get(event as usize).map_or(&[][..], |entry| &entry.records);
        let mut all: Vec<RecordId> = own.iter().flat_map(|&id| self.trace().alike(RecordId(id))).collect();
        all.arrange();
        all.dedup();
        all
    }

    /// The relations of everything.
    pub fn graph(&self) -> Graph {
        self.related(false)
    }

    /// The same, with each pod and what owns it if there are to be any.
    fn related(&self, pods: bool) -> Graph {
        graph::relate(self.session.manifest(), self.session.cluster(), &GraphOptions { pods, ..GraphOptions::default() })
    }

    /// What a selection marks: what followed from an event, or what would follow from a loss; and that in a sentence.
    pub fn hits(&self, whole: &Graph, of: &str) -> (Vec<Hit>, String) {
        let Some(selection) = Selection::from_link(of) else { return (Vec::new(), String::new()) };
        let lost =
            |kind: Kind, name: &str| whole.vertices().find(|(_, vertex)| vertex.kind == kind && vertex.name == name).map(|(at, _)| at);
        let at = match &selection {
            Selection::Event(event) => {
                let Some(entry) = self.report.timeline.get(*event as usize) else { return (Vec::new(), String::new()) };
                let hits = self.run.reach(self.report, whole, self.trace(), &self.records(*event));
                return (hits, format!("What followed from: {}", entry.text));
            }
            Selection::Node(name) => lost(Kind::Node, name),
            Selection::Zone(name) => lost(Kind::Zone, name),
            Selection::Workload(label) => whole.vertices().find(|(_, vertex)| vertex.label() == *label).map(|(at, _)| at),
            Selection::Pod(name) => {
                self.workload_of(name).and_then(|label| whole.vertices().find(|(_, v)| v.label() == label).map(|(at, _)| at))
            }
        };
        let Some(at) = at else { return (Vec::new(), String::new()) };
        (graph::blast_radius(whole, at), format!("What the loss of {} would take with it", whole.vertex(at).label()))
    }

    fn workload_of(&self, pod: &str) -> Option<String> {
        let end = self.run.end();
        let told = wavetank_core::report::Told { cluster: end, trace: self.run.trace(), steps: &[] };
        let id = wavetank_core::report::why::pods_named(&told, pod).pop()?;
        Some(end.workload_label(end.workload_of(id)))
    }

    /// Draws what is wished for.
    pub fn draw(&self, wish: &GraphWish) -> Drawn {
        let pods = wish.grain == Grain::Pods && self.session.cluster().live_pods().count() <= MOST_PODS;
        let whole = self.related(pods);
        let (hits, marked) = self.hits(&whole, &wish.of);
        let grain = match wish.grain {
            Grain::Pods if pods => graph::Grain::Objects,
            Grain::Pods | Grain::Fitting => graph::Grain::fitting(&whole),
            Grain::Objects => graph::Grain::Objects,
            Grain::Apps => graph::Grain::Apps,
            Grain::Namespaces => graph::Grain::Namespaces,
        };
        let turned = wish.turned.iter().cloned().collect();
        let folded = graph::fold(&whole, &Folding { grain, turned, places: wish.places });
        let kept = wish.was.iter().map(|(label, x, y)| (label.clone(), (*x, *y))).collect();
        let layout = graph::layout_kept(&folded.graph, &kept);
        let weak = weak(&whole, &folded);
        let drawing = Drawing::new(&folded.graph, &layout, &worst(&hits, &whole, &folded), &weak);
        Drawn { drawing, folded, grain, pods, objects: whole.inner.node_count(), marked }
    }

    /// The same for the page.
    pub fn picture(&self, wish: &GraphWish) -> Picture {
        let Drawn { drawing, folded, grain, pods, objects, marked } = self.draw(wish);
        let boxes = drawing.boxes.iter().enumerate().map(|(nth, of)| {
            let vertex = folded.graph.vertex(Index::new(nth));
            let mut class = of.sort.to_string();
            let mut add = |word: &str, on: bool| {
                if on {
                    class.push(' ');
                    class.push_str(word);
                }
            };
            add("missing", of.missing);
            add("weak", of.weak.is_some());
            if let Some(mark) = &of.mark {
                add(effect(mark.effect), true);
            }
            let selects = match vertex.kind {
                Kind::Node => Selection::Node(vertex.name.clone()).to_link(),
                Kind::Zone => Selection::Zone(vertex.name.clone()).to_link(),
                Kind::Pod => Selection::Pod(called::name(&vertex.namespace, &vertex.name)).to_link(),
                _ if vertex.workload.is_some() => Selection::Workload(of.label.clone()).to_link(),
                _ => String::new(),
            };
            let document = vertex.document.and_then(|id| self.session.manifest().document(id));
            Node {
                label: of.label.clone(),
                kind: of.kind.clone(),
                name: of.name.clone(),
                x: of.place.x,
                y: of.place.y,
                w: of.place.width,
                h: of.place.height,
                class,
                title: of.title(),
                weak: of.weak.clone().unwrap_or_default(),
                selects,
                group: folded.group.get(nth).cloned().flatten().unwrap_or_default(),
                place: document.map_or((NO_FILE, 0, 0), |document| {
                    let span = document.span_of("/metadata/name").unwrap_or(document.span);
                    (span.file.0, span.start, span.end)
                }),
            }
        });
        let nodes = boxes.collect();
        let ties = drawing.lines.iter().map(|line| Tie {
            from: line.from as u32,
            to: line.to as u32,
            text: line.text.clone(),
            path: line.path.clone(),
            class: match (line.hit, line.optional) {
                (true, _) => "hit",
                (false, true) => "optional",
                (false, false) => "",
            }
            .to_string(),
        });
        Picture {
            width: drawing.width,
            height: drawing.height,
            nodes,
            ties: ties.collect(),
            grain: match grain {
                graph::Grain::Objects if pods => Grain::Pods,
                graph::Grain::Objects => Grain::Objects,
                graph::Grain::Apps => Grain::Apps,
                graph::Grain::Namespaces => Grain::Namespaces,
            },
            objects: objects as u32,
            marked,
        }
    }
}

/// A word, also used as a class name.
pub fn effect(of: Effect) -> &'static str {
    match of {
        Effect::Stops => "stops",
        Effect::Degraded => "degraded",
        Effect::CannotStart | Effect::Idle | Effect::Touched => "touched",
    }
}

/// Of what is drawn as one, the worst that hits any of it.
fn worst(hits: &[Hit], whole: &Graph, folded: &graph::Folded) -> Vec<Hit> {
    let mut drawn: BTreeMap<Index, (Hit, usize)> = BTreeMap::new();
    for hit in hits {
        let Some(&Some(at)) = folded.of.get(hit.vertex.index()) else { continue };
        let many = folded.graph.vertex(at).label() != whole.vertex(hit.vertex).label();
        let reason = if many { format!("{}: {}", whole.vertex(hit.vertex).label(), hit.reason) } else { hit.reason.clone() };
        let own = Hit { vertex: at, effect: hit.effect, reason, via: at };
        let (known, count) = drawn.entry(at).or_insert_with(|| (own.clone(), 0));
        *count += 1;
        if own.effect < known.effect {
            *known = own;
        }
    }
    let told = |(hit, count): (Hit, usize)| {
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        Hit { reason: format!("{}{more}", hit.reason), ..hit }
    };
    drawn.into_values().map(told).collect()
}

/// What stands alone, as far as it is drawn.
fn weak(whole: &Graph, folded: &graph::Folded) -> Vec<Weakness> {
    let mut drawn: BTreeMap<Index, Weakness> = BTreeMap::new();
    for weakness in graph::single_points_of_failure(whole) {
        let Some(&Some(at)) = folded.of.get(weakness.point.index()) else { continue };
        let many = folded.graph.vertex(at).label() != whole.vertex(weakness.point).label();
        let reason = if many { format!("{}: {}", whole.vertex(weakness.point).label(), weakness.reason) } else { weakness.reason };
        drawn.entry(at).or_insert(Weakness { point: at, stops: Vec::new(), reason });
    }
    drawn.into_values().collect()
}

//! A graph as boxes and lines, each with what is said of it: what every picture of it is made from.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::impact::{Effect, Hit, Weakness};
use super::layout::{Layout, Place};
use super::model::{Graph, Kind};
use super::render::edge_text;
use crate::units::gather::Gather;
use crate::units::text::{visible, visible_short};

/// Letters of a name that fit into a box.
const NAME_SHOWN: usize = 40;

/// What happened, or would happen, to what a box stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How badly.
    pub effect: Effect,
    /// Why, in a clause.
    pub reason: String,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Box {
    /// `deployment/web`: what it is called in all texts, and what it is known by from one picture to the next.
    pub label: String,
    /// The small line: what it is, and how many pods it wants.
    pub kind: String,
    /// The large line, with nothing invisible in it, cut where it is long.
    pub name: String,
    /// Where.
    pub place: Place,
    /// What sort of thing it is: `net`, `guard`, `config`, `store`, `place`, `many` or `work`.
    pub sort: &'static str,
    /// Only named by another object, not given.
    pub missing: bool,
    /// What happened to it.
    pub mark: Option<Mark>,
    /// Why its loss would stop others, where it would.
    pub weak: Option<String>,
}

/// A line from one box to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The box it leaves, by position.
    pub from: usize,
    /// The box it leads to, by position.
    pub to: usize,
    /// `selects`.
    pub text: String,
    /// The way it goes, as SVG writes paths.
    pub path: String,
    /// The pods start without what it leads to.
    pub optional: bool,
    /// Both of its ends are marked.
    pub hit: bool,
}

/// A graph that can be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Of the picture, in pixels.
    pub width: i32,
    /// Of the picture, in pixels.
    pub height: i32,
    /// The boxes, one for each vertex, in the graph's order.
    pub boxes: Vec<Box>,
    /// The lines, in the graph's order.
    pub lines: Vec<Line>,
}

impl Drawing {
    /// A graph as it is laid out, with what hits it and what stands alone in it.
    #[must_use]
    pub fn new(graph: &Graph, layout: &Layout, hits: &[Hit], weak: &[Weakness]) -> Drawing {
        let marks: BTreeMap<NodeIndex, &Hit> = hits.iter().map(|hit| (hit.vertex, hit)).gather();
        let weak: BTreeMap<NodeIndex, &Weakness> = weak.iter().map(|weakness| (weakness.point, weakness)).gather();
        let nowhere = Place { x: 0, y: 0, width: 0, height: 0 };
        let place = |at: NodeIndex| layout.places.get(at.index()).copied().unwrap_or(nowhere);
        let boxes = graph.vertices().map(|(at, vertex)| Box {
            label: vertex.label(),
            kind: match vertex.wanted.filter(|_| vertex.kind != Kind::Pod) {
                Some(pods) if vertex.kind == Kind::Group => {
                    format!("{} × {pods}", if vertex.namespace.is_empty() { "namespace" } else { "app" })
                }
                Some(pods) => format!("{} × {pods}", vertex.kind.word()),
                None => vertex.kind.word().to_owned(),
            },
            name: visible_short(&vertex.name, NAME_SHOWN),
            place: place(at),
            sort: sort(vertex.kind),
            missing: !vertex.given,
            mark: marks.get(&at).map(|hit| Mark { effect: hit.effect, reason: hit.reason.clone() }),
            weak: weak.get(&at).map(|weakness| weakness.reason.clone()),
        });
        let lines = graph.edges().map(|(from, to, edge)| Line {
            from: from.index(),
            to: to.index(),
            text: edge_text(&edge),
            path: path(place(from), place(to)),
            optional: edge.optional,
            hit: marks.contains_key(&from) && marks.contains_key(&to),
        });
        Drawing { width: layout.width, height: layout.height, boxes: boxes.collect(), lines: lines.collect() }
    }

    /// What a line says: `service/web selects deployment/web`.
    #[must_use]
    pub fn sentence(&self, line: &Line) -> String {
        let name = |at: usize| self.boxes.get(at).map_or("", |of| of.label.as_str());
        visible(&format!("{} {} {}", name(line.from), line.text, name(line.to))).into_owned()
    }
}

impl Box {
    /// What it is, what happened to it, and what would happen without it.
    #[must_use]
    pub fn title(&self) -> String {
        let mut told = self.label.clone();
        if self.missing {
            told.push_str(" (not given)");
        }
        if let Some(Mark { effect, reason }) = &self.mark {
            told.push_str(&format!(": {}, {reason}", effect.word()));
        }
        if let Some(weak) = &self.weak {
            told.push_str(&format!("; single point of failure: {weak}"));
        }
        visible(&told).into_owned()
    }
}

/// From the lower edge of the upper box to the upper edge of the lower one; between boxes of one row in a bow.
fn path(a: Place, b: Place) -> String {
    if a.y == b.y {
        let low = a.y + a.height / 2;
        return format!("M{ax} {low} C{ax} {bow} {bx} {bow} {bx} {low}", ax = a.x, bx = b.x, bow = low + 24);
    }
    let down = if b.y >= a.y { 1 } else { -1 };
    let (ay, by) = (a.y + down * a.height / 2, b.y - down * b.height / 2);
    let middle = (ay + by) / 2;
    format!("M{ax} {ay} C{ax} {middle} {bx} {middle} {bx} {by}", ax = a.x, bx = b.x)
}

const fn sort(kind: Kind) -> &'static str {
    match kind {
        Kind::Ingress | Kind::Service => "net",
        Kind::Autoscaler | Kind::Budget | Kind::Policy => "guard",
        Kind::ConfigMap | Kind::Secret | Kind::ServiceAccount => "config",
        Kind::Claim | Kind::Volume | Kind::StorageClass => "store",
        Kind::Node | Kind::Zone => "place",
        Kind::Group => "many",
        _ => "work",
    }
}

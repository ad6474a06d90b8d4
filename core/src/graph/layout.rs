//! A layered layout (after Sugiyama): cycles cut, longest paths as layers, crossings reduced by medians, neighbours aligned.
//!
//! Whole numbers only and every tie broken by the index of the vertex, so that the same graph gives the same picture everywhere.
//! (`rust-sugiyama` keeps its coordinates in randomly seeded hash maps and panics where it finds no edge; in a page a panic
//! ends the worker.)

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::model::Graph;
use crate::units::arrange::Arrange;

/// Between two layers: as little as ties can be followed through, for what is lower is read from nearer.
const LAYER_GAP: i32 = 26;
/// Between two boxes of a layer.
const BOX_GAP: i32 = 24;
/// Height of a box.
const BOX_HEIGHT: i32 = 44;
/// Width of a letter in a box, and of its margins.
const LETTER: i32 = 7;
const MARGIN: i32 = 24;
/// Width of a box at least and at most.
const BOX_WIDTHS: (i32, i32) = (96, 320);
/// Down and up over the layers so many times.
const SWEEPS: usize = 8;
/// With more edges than this the order within layers is that of the graph: sweeping would take too long to wait for.
const MOST_SWEPT_EDGES: usize = 20_000;
/// A layer is broken into rows of at most so many boxes: few where there are few in all, so that the picture is not much wider than high.
const ROWS: (usize, usize) = (6, 24);
/// From one row to the next.
const PITCH: i32 = BOX_HEIGHT + LAYER_GAP;
/// The middle of the first row.
const FIRST: i32 = BOX_GAP + BOX_HEIGHT / 2;
/// Places further away than this are not kept.
const FARTHEST: i32 = 1_000_000;

/// Where a vertex stands: the middle of its box, and the box's size, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
    /// Of the box.
    pub width: i32,
    /// Of the box.
    pub height: i32,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// By the index of the vertex.
    pub places: Vec<Place>,
    /// Of the picture.
    pub width: i32,
    /// Of the picture.
    pub height: i32,
}

/// Lays a graph out from top to bottom.
pub fn layout(graph: &Graph) -> Layout {
    let count = graph.inner.node_count();
    let edges = acyclic(graph);
    let layers = layers(graph, count, &edges);
    let rows = order(count, &edges, layers);
    place(graph, &edges, &rows)
}

/// Where things stood in an earlier picture: the middle of each box by the label of its vertex.
pub type Kept = BTreeMap<String, (i32, i32)>;

/// Lays a graph out so that what stood somewhere in an earlier picture stands there again, and what is new finds a free place near what it is
/// tied to. Where most of what stood there is gone the picture is a new one.
pub fn layout_kept(graph: &Graph, kept: &Kept) -> Layout {
    let fresh = layout(graph);
    let count = graph.inner.node_count();
    let own = |at: usize| kept.get(&graph.vertex(NodeIndex::new(at)).label()).copied();
    let stays = (0..count).filter(|&at| own(at).is_some()).count();
    if stays == 0 || stays * 2 < kept.len() {
        return fresh;
    }
    let mut rows = Rows { taken: BTreeMap::new(), places: vec![None; count] };
    for at in 0..count {
        let Some((x, y)) = own(at) else { continue };
        let on_grid = (FIRST..=FARTHEST).contains(&y) && (y - FIRST) % PITCH == 0 && (0..=FARTHEST).contains(&x);
        let wide = width_of_box(graph, at);
        // Two names that stood for one thing in the earlier picture cannot both have its place.
        if on_grid && x >= BOX_GAP + wide / 2 && rows.clear(y, x, wide) {
            rows.put(at, x, y, wide);
        }
    }
    // Those that are tied to something that has its place come first; each may give the next one a neighbour.
    let mut left: Vec<usize> = (0..count).filter(|&at| rows.places[at].is_none()).collect();
    while !left.is_empty() {
        let beside = |at: &usize| rows.wish(graph, *at).is_some();
        let nth = left.iter().position(beside).unwrap_or(0);
        let at = left.remove(nth);
        let new = fresh.places[at];
        let (x, y) = rows.wish(graph, at).unwrap_or((new.x, new.y));
        rows.put(at, rows.free(y, x, new.width), y, new.width);
    }
    let places: Vec<Place> =
        rows.places.into_iter().zip(&fresh.places).map(|(place, new)| place.map_or(*new, |(x, y)| Place { x, y, ..*new })).collect();
    let right = places.iter().map(|place| place.x + place.width / 2).max().unwrap_or(0);
    let low = places.iter().map(|place| place.y + place.height / 2).max().unwrap_or(0);
    Layout { places, width: right.saturating_add(BOX_GAP).max(2 * BOX_GAP), height: low.saturating_add(BOX_GAP).max(2 * BOX_GAP) }
}

/// What is placed already.
struct Rows {
    /// By row, then by left edge: the right edge.
    taken: BTreeMap<i32, BTreeMap<i32, i32>>,
    places: Vec<Option<(i32, i32)>>,
}

impl Rows {
    fn put(&mut self, at: usize, x: i32, y: i32, wide: i32) {
        self.taken.entry(y).or_default().insert(x - wide / 2, x + wide - wide / 2);
        self.places[at] = Some((x, y));
    }

    /// Whether a box stands apart from all others of its row there. Halves of odd widths may have taken a pixel on either side.
    fn clear(&self, y: i32, x: i32, wide: i32) -> bool {
        let (left, right) = (x - wide / 2 - BOX_GAP + 2, x + wide - wide / 2 + BOX_GAP - 2);
        self.taken.get(&y).is_none_or(|row| row.iter().all(|(&from, &to)| to <= left || from >= right))
    }

    /// The free place of a row that is nearest to `x`; of two equally near ones the left.
    fn free(&self, y: i32, x: i32, wide: i32) -> i32 {
        let half = wide / 2;
        let wish = x.max(BOX_GAP + half);
        let Some(row) = self.taken.get(&y) else { return wish };
        // Gaps between what stands there, each as the least and the most that the middle of this box may be.
        let mut least = BOX_GAP + half;
        let mut best: Option<i32> = None;
        let mut offer = |least: i32, most: i32| {
            if least <= most {
                let at = wish.clamp(least, most);
                if best.is_none_or(|known| (at - wish).abs() < (known - wish).abs()) {
                    best = Some(at);
                }
            }
        };
        for (&left, &right) in row {
            offer(least, left.saturating_sub(BOX_GAP + wide - half));
            least = least.max(right.saturating_add(BOX_GAP + half));
        }
        offer(least, i32::MAX);
        best.unwrap_or(wish)
    }

    /// Where a vertex would like to stand: below what leads to it, above what it leads to, in the middle of all of them.
    fn wish(&self, graph: &Graph, at: usize) -> Option<(i32, i32)> {
        let placed = |ties: Vec<(NodeIndex, super::model::Edge)>| -> Vec<(i32, i32)> {
            ties.into_iter().filter_map(|(other, _)| self.places.get(other.index()).copied().flatten()).collect()
        };
        let (above, below) = (placed(graph.into(NodeIndex::new(at))), placed(graph.out(NodeIndex::new(at))));
        let y = match (above.iter().map(|place| place.1).max(), below.iter().map(|place| place.1).min()) {
            (Some(lowest), _) => lowest + PITCH,
            (None, Some(highest)) => (highest - PITCH).max(FIRST),
            (None, None) => return None,
        };
        let all = above.len() + below.len();
        let sum: i64 = above.iter().chain(&below).map(|place| i64::from(place.0)).sum();
        Some(((sum / all.max(1) as i64) as i32, y))
    }
}

/// The edges with those that close a cycle turned round: a walk in depth, without recursion, meets them while their end is open.
fn acyclic(graph: &Graph) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let count = graph.inner.node_count();
    let out: Vec<Vec<usize>> = (0..count).map(|i| graph.out(NodeIndex::new(i)).into_iter().map(|(to, _)| to.index()).collect()).collect();
    let mut seen = vec![Seen::No; count];
    let mut edges = Vec::with_capacity(graph.inner.edge_count());
    for start in 0..count {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::Open;
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let at = *at;
            let Some(&to) = out[at].get(*next) else {
                seen[at] = Seen::Done;
                stack.pop();
                continue;
            };
            *next += 1;
            match seen[to] {
                Seen::Open if to == at => {}
                Seen::Open => edges.push((to, at)),
                Seen::Done => edges.push((at, to)),
                Seen::No => {
                    edges.push((at, to));
                    seen[to] = Seen::Open;
                    stack.push((to, 0));
                }
            }
        }
    }
    edges.arrange();
    edges.dedup();
    edges
}

/// The layer of each vertex: below everything that leads to it, as far down as that asks, and close above what it leads to.
fn layers(graph: &Graph, count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waits_for = vec![0_usize; count];
    for &(from, to) in edges {
        out[from].push(to);
        waits_for[to] += 1;
    }
    let mut level = vec![0_usize; count];
    let mut ready: Vec<usize> = (0..count).filter(|&i| waits_for[i] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(at) = ready.pop() {
        order.push(at);
        for &to in &out[at] {
            level[to] = level[to].max(level[at] + 1);
            waits_for[to] -= 1;
            if waits_for[to] == 0 {
                ready.push(to);
            }
        }
    }
    for &at in order.iter().rev() {
        if let Some(below) = out[at].iter().map(|&to| level[to]).min() {
            level[at] = level[at].max(below.saturating_sub(1));
        }
    }
    let deepest = level.iter().copied().max().unwrap_or(0);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); deepest + 1];
    for (at, &level) in level.iter().enumerate() {
        layers[level].push(at);
    }
    for layer in &mut layers {
        layer.arrange_by_key(|&at| (graph.vertex(NodeIndex::new(at)).kind, at));
    }
    layers
}

/// Orders each layer by the middle of its neighbours' positions, down and up again, and breaks wide layers into rows.
fn order(count: usize, edges: &[(usize, usize)], mut layers: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    if edges.len() <= MOST_SWEPT_EDGES {
        let (mut above, mut below) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for &(from, to) in edges {
            below[from].push(to);
            above[to].push(from);
        }
        let mut position = vec![0_usize; count];
        let number = |layers: &[Vec<usize>], position: &mut Vec<usize>| {
            layers.iter().for_each(|layer| layer.iter().enumerate().for_each(|(i, &at)| position[at] = i * 1000 / layer.len().max(1)));
        };
        number(&layers, &mut position);
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let neighbours = if down { &above } else { &below };
            let turns: Vec<usize> = if down { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
            for turn in turns {
                let layer = &mut layers[turn];
                layer.sort_by_cached_key(|&at| (median(&neighbours[at], &position).unwrap_or(position[at]), at));
                let length = layer.len().max(1);
                layer.iter().enumerate().for_each(|(i, &at)| position[at] = i * 1000 / length);
            }
        }
    }
    let row = count.isqrt().saturating_mul(3).div_ceil(2).clamp(ROWS.0, ROWS.1);
    layers.into_iter().flat_map(|layer| even_rows(&layer, row)).collect()
}

/// A layer as rows of about the same length.
fn even_rows(layer: &[usize], most: usize) -> Vec<Vec<usize>> {
    let rows = layer.len().div_ceil(most).max(1);
    layer.chunks(layer.len().div_ceil(rows).max(1)).map(<[usize]>::to_vec).collect()
}

fn median(neighbours: &[usize], position: &[usize]) -> Option<usize> {
    let mut positions: Vec<usize> = neighbours.iter().map(|&n| position[n]).collect();
    positions.arrange();
    positions.get(positions.len() / 2).copied()
}

/// The width of a box: what its name needs, and nothing else, so that it stays as it is while other things change.
fn width_of_box(graph: &Graph, at: usize) -> i32 {
    let vertex = graph.vertex(NodeIndex::new(at));
    let letters = vertex.name.chars().count().max(vertex.kind.word().len()).min(60) as i32;
    (letters * LETTER + MARGIN).clamp(BOX_WIDTHS.0, BOX_WIDTHS.1)
}

fn place(graph: &Graph, edges: &[(usize, usize)], rows: &[Vec<usize>]) -> Layout {
    let size = |at: usize| width_of_box(graph, at);
    let width_of = |row: &[usize]| row.iter().map(|&at| size(at) + BOX_GAP).sum::<i32>() + BOX_GAP;
    let width = rows.iter().map(|row| width_of(row)).max().unwrap_or(0).max(2 * BOX_GAP);
    let count = graph.inner.node_count();
    let mut places = vec![Place { x: 0, y: 0, width: 0, height: BOX_HEIGHT }; count];
    let mut y = FIRST;
    for row in rows {
        let mut x = BOX_GAP + (width - width_of(row)) / 2;
        for &at in row {
            let wide = size(at);
            places[at] = Place { x: x + wide / 2, y, width: wide, height: BOX_HEIGHT };
            x += wide + BOX_GAP;
        }
        y += PITCH;
    }
    align(edges, rows, width, &mut places);
    Layout { places, width, height: (y - BOX_HEIGHT / 2 - LAYER_GAP + BOX_GAP).max(2 * BOX_GAP) }
}

/// Moves boxes towards the middle of what leads to them, without changing their order or letting them touch.
fn align(edges: &[(usize, usize)], rows: &[Vec<usize>], width: i32, places: &mut [Place]) {
    let mut above = vec![Vec::new(); places.len()];
    edges.iter().for_each(|&(from, to)| above[to].push(from));
    for row in rows {
        // What each would like, then from the left as far as the neighbours let it, then back from the right edge.
        let mut least = BOX_GAP;
        for &at in row {
            let own = places[at];
            let wish = match above[at].len() as i64 {
                0 => own.x,
                n => (above[at].iter().map(|&a: &usize| i64::from(places[a].x)).sum::<i64>() / n) as i32,
            };
            places[at].x = wish.max(least + own.width / 2);
            least = places[at].x + own.width / 2 + BOX_GAP;
        }
        let mut most = width - BOX_GAP;
        for &at in row.iter().rev() {
            let own = places[at];
            places[at].x = own.x.min(most - own.width / 2);
            most = places[at].x - own.width / 2 - BOX_GAP;
        }
    }
}

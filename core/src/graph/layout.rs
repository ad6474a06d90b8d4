//! A layered layout (after Sugiyama): cycles cut, longest paths as layers, crossings reduced by medians, neighbours aligned.
//!
//! Whole numbers only and every tie broken by the index of the vertex, so that the same graph gives the same picture everywhere.
//! (`rust-sugiyama` keeps its coordinates in randomly seeded hash maps and panics where it finds no edge; in a page a panic
//! ends the worker.)

use petgraph::graph::NodeIndex;

use super::model::Graph;

/// Between two layers.
const LAYER_GAP: i32 = 56;
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
/// A layer is broken into rows of at most so many boxes.
const ROW: usize = 24;

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
    edges.sort_unstable();
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
        layer.sort_by_key(|&at| (graph.vertex(NodeIndex::new(at)).kind, at));
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
    layers.into_iter().flat_map(|layer| layer.chunks(ROW).map(<[usize]>::to_vec).collect::<Vec<_>>()).collect()
}

fn median(neighbours: &[usize], position: &[usize]) -> Option<usize> {
    let mut positions: Vec<usize> = neighbours.iter().map(|&n| position[n]).collect();
    positions.sort_unstable();
    positions.get(positions.len() / 2).copied()
}

fn place(graph: &Graph, edges: &[(usize, usize)], rows: &[Vec<usize>]) -> Layout {
    let size = |at: usize| {
        let vertex = graph.vertex(NodeIndex::new(at));
        let letters = vertex.name.chars().count().max(vertex.kind.word().len()).min(60) as i32;
        (letters * LETTER + MARGIN).clamp(BOX_WIDTHS.0, BOX_WIDTHS.1)
    };
    let width_of = |row: &[usize]| row.iter().map(|&at| size(at) + BOX_GAP).sum::<i32>() + BOX_GAP;
    let width = rows.iter().map(|row| width_of(row)).max().unwrap_or(0).max(2 * BOX_GAP);
    let count = graph.inner.node_count();
    let mut places = vec![Place { x: 0, y: 0, width: 0, height: BOX_HEIGHT }; count];
    let mut y = BOX_GAP + BOX_HEIGHT / 2;
    for row in rows {
        let mut x = BOX_GAP + (width - width_of(row)) / 2;
        for &at in row {
            let wide = size(at);
            places[at] = Place { x: x + wide / 2, y, width: wide, height: BOX_HEIGHT };
            x += wide + BOX_GAP;
        }
        y += BOX_HEIGHT + LAYER_GAP;
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

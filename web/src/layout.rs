//! Where zones, nodes and pods lie, how much of them can be shown at a size, and what lies under the pointer. Plain geometry; it draws nothing.
//!
//! A [`Plan`] lies in the pixels of the view when nothing is zoomed, and stays the same over a whole run, so that nothing jumps while scrubbing. A
//! [`View`] is the plan through a camera: what is shown of a node follows from its size on the screen.

use crate::camera::Camera;
use crate::crowd::Crowd;
use wavetank_core::units::arrange::Arrange;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Whether a point lies within.
    pub fn holds(&self, x: f64, y: f64) -> bool {
        x >= self.x && y >= self.y && x < self.x + self.w && y < self.y + self.h
    }

    /// The rectangle without a margin on all sides.
    pub fn inset(&self, by: f64) -> Rect {
        Rect { x: self.x + by, y: self.y + by, w: (self.w - 2.0 * by).max(0.0), h: (self.h - 2.0 * by).max(0.0) }
    }

    /// Whether the two have a point in common.
    pub fn meets(&self, other: &Rect) -> bool {
        self.x < other.x + other.w && other.x < self.x + self.w && self.y < other.y + other.h && other.y < self.y + self.h
    }

    /// Its middle.
    pub fn middle(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }
}

/// How much is shown: decided by the size on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A zone is one block.
    Zones,
    /// Nodes of one make are one block.
    Pools,
    /// A node is one tile, filled as far as its pods are ready.
    Tiles,
    /// Its pods are squares.
    Compact,
    /// Its name, its bars, its pods with letters.
    Cards,
}

/// What is to be laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// How many zones there are.
    pub zones: usize,
    /// The zone of each node.
    pub node_zones: Vec<usize>,
    /// The pool of each node; those of one zone and pool lie side by side.
    pub node_pools: Vec<usize>,
    /// The most pods that any node ever has.
    pub peak: usize,
    /// The most pods that ever wait for a node at once and are shown.
    pub waiting: usize,
}

/// A zone's place, and its nodes among [`Plan::order`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZonePlan {
    /// Where it lies.
    pub place: Rect,
    /// Its first node.
    pub first: usize,
    /// How many nodes it has.
    pub count: usize,
}

/// The places of everything, unzoomed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The size of the view.
    pub size: (f64, f64),
    /// The zones.
    pub zones: Vec<ZonePlan>,
    /// The nodes, zone by zone, in each pool by pool.
    pub order: Vec<u32>,
    /// The zone of each node, and which it is in it.
    spots: Vec<(u32, u32)>,
    /// Nodes in a row of a zone.
    columns: usize,
    /// The size of a node.
    pub card: (f64, f64),
    between: f64,
    pad: f64,
    /// The height of a zone above its nodes.
    pub zone_head: f64,
    /// The most pods that any node ever has.
    pub peak: usize,
    /// Where pods without a node wait: not zoomed.
    pub tray: Rect,
    /// The side of a pod's square in the tray.
    pub tray_slot: f64,
}

/// The place of the tray's label, left of its pods.
pub const TRAY_LABEL: f64 = 104.0;
/// What is kept free right of the tray, for the buttons that zoom; and the same of a narrow view.
const BESIDE_TRAY: (f64, f64) = (148.0, 102.0);
const NARROW: f64 = 520.0;
const TRAY: f64 = 34.0;
const BETWEEN: f64 = 10.0;
/// Below this many pixels a pod cannot be told from its neighbour.
const LEAST_SLOT: f64 = 3.0;
/// Larger squares say no more.
const MOST_SLOT: f64 = 72.0;
/// Below this many pixels a node cannot be told from its neighbour.
const LEAST_TILE: f64 = 3.0;
/// Below this many pixels a pool's block has no room for a word.
const LEAST_BLOCK: f64 = 22.0;
/// Larger cards say no more.
const MOST_CARD: (f64, f64) = (520.0, 420.0);
/// Arrangements that are tried each way: more than that differ by less than can be seen.
const MOST_TRIES: usize = 400;

/// Margins of an arrangement: above a zone's nodes, around them, between them.
const STYLES: [(f64, f64, f64); 3] = [(26.0, 8.0, 8.0), (18.0, 4.0, 3.0), (15.0, 2.0, 0.75)];

/// What can be shown in a node of a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inner {
    /// How much is shown.
    pub level: Level,
    /// The side of a pod's square; zero where none is shown.
    pub slot: f64,
    /// The space between two pods.
    pub gap: f64,
    /// Pods in a row.
    pub columns: usize,
    /// The height above the pods.
    pub head: f64,
    /// The margin around the pods.
    pub margin: f64,
}

impl Inner {
    /// What a node of `w` by `h` pixels shows of up to `peak` pods.
    pub fn of(w: f64, h: f64, peak: usize) -> Inner {
        let peak = peak.max(4);
        if w >= 84.0 && h >= 56.0 {
            let head = if w >= 132.0 && h >= 112.0 { 54.0 } else { 36.0 };
            let margin = if w >= 110.0 { 8.0 } else { 6.0 };
            let (slot, columns) = largest(w - 2.0 * margin, h - head - margin, peak, 3.0);
            if slot >= 6.0 {
                return Inner { level: Level::Cards, slot, gap: 3.0, columns, head, margin };
            }
        }
        let (head, margin) = if h >= 16.0 { (5.0, 2.0) } else { (0.0, 1.0) };
        let gap = if w * h >= 36.0 * peak as f64 { 1.0 } else { 0.5 };
        let (slot, columns) = largest(w - 2.0 * margin, h - head - 2.0 * margin, peak, gap);
        if slot >= LEAST_SLOT {
            return Inner { level: Level::Compact, slot, gap, columns, head, margin };
        }
        let level = if w.min(h) >= LEAST_TILE { Level::Tiles } else { Level::Pools };
        Inner { level, slot: 0.0, gap: 0.0, columns: 1, head: 0.0, margin: 0.0 }
    }

    /// The square of the n-th pod of a node at `card`; none where there is no room: a node that has more pods than was foreseen shows as many as fit.
    pub fn pod(&self, card: &Rect, nth: usize) -> Option<Rect> {
        if self.slot <= 0.0 {
            return None;
        }
        let step = self.slot + self.gap;
        let (row, column) = (nth / self.columns, nth % self.columns);
        let square = Rect {
            x: card.x + self.margin + column as f64 * step,
            y: card.y + self.head + if self.level == Level::Cards { 0.0 } else { self.margin } + row as f64 * step,
            w: self.slot,
            h: self.slot,
        };
        (square.y + square.h <= card.y + card.h + 0.5).then_some(square)
    }

    /// How good it is to see so much: more is better.
    fn worth(&self, w: f64, h: f64) -> f64 {
        match self.level {
            Level::Cards => 100.0 + self.slot.min(30.0) + if self.head > 40.0 { 12.0 } else { 0.0 },
            Level::Compact => 50.0 + self.slot.min(30.0),
            _ => w.min(h).min(40.0),
        }
    }
}

/// The largest squares of which `count` fit, and how many of them in a row.
fn largest(w: f64, h: f64, count: usize, gap: f64) -> (f64, usize) {
    let mut best = (0.0, 1);
    for columns in 1..=count.min(96) {
        let rows = count.div_ceil(columns) as f64;
        let side = ((w + gap) / columns as f64 - gap).min((h + gap) / rows - gap).min(MOST_SLOT);
        if side > best.0 {
            best = (side, columns);
        }
    }
    let side = if best.0 >= 6.0 { best.0.floor() } else { (best.0 * 2.0).floor() / 2.0 };
    // Squares that ended up smaller than they might leave room for more in a row.
    let columns = if side > 0.0 { ((w + gap) / (side + gap)).floor().max(1.0) as usize } else { 1 };
    (side, columns.max(best.1))
}

/// The numbers to try between one and `most`.
fn tries(most: usize) -> impl Iterator<Item = usize> {
    let step = most.div_ceil(MOST_TRIES).max(1);
    (1..=most).step_by(step)
}

/// The arrangement that shows most.
pub fn plan(width: f64, height: f64, wanted: &Wanted) -> Plan {
    let zones = wanted.zones.max(1);
    let mut per_zone = vec![0usize; zones];
    for &zone in &wanted.node_zones {
        per_zone[zone.min(zones - 1)] += 1;
    }
    let size = (width.max(40.0), height.max(TRAY + BETWEEN + 20.0));
    let space = (size.0, size.1 - TRAY - BETWEEN);
    let busiest = per_zone.iter().copied().max().unwrap_or(0).max(1);
    let mut best: Option<(f64, Arrangement)> = None;
    for style in STYLES {
        for across in tries(zones) {
            for columns in tries(busiest) {
                let Some(arrangement) = Arrangement::of(space, &per_zone, across, columns, style) else { break };
                let (w, h) = arrangement.card;
                let cells = zones.div_ceil(across) * across;
                let holes = (cells - zones) as f64 / cells as f64;
                let aspect = (w / (1.5 * h)).max(1.5 * h / w) - 1.0;
                let worth = Inner::of(w, h, wanted.peak).worth(w, h) - aspect.min(4.0) * 3.0 - holes * 40.0;
                if best.as_ref().is_none_or(|(most, _)| worth > *most + 0.01 || (worth > *most - 0.01 && across > 1)) {
                    best = Some((worth, arrangement));
                }
            }
        }
    }
    let found = best.map(|(_, arrangement)| arrangement).unwrap_or_else(|| Arrangement::least(space, zones, busiest));
    found.place(size, space, wanted, &per_zone)
}

/// One way to arrange zones and nodes.
#[derive(Clone, Copy, Debug)]
struct Arrangement {
    across: usize,
    columns: usize,
    card: (f64, f64),
    gap: f64,
    style: (f64, f64, f64),
}

impl Arrangement {
    /// So many zones side by side, so many nodes in a row; none where nothing is left for a node.
    fn of(space: (f64, f64), per_zone: &[usize], across: usize, columns: usize, style: (f64, f64, f64)) -> Option<Arrangement> {
        let (head, pad, between) = style;
        let bands = per_zone.len().div_ceil(across) as f64;
        let gap = if across.max(bands as usize) > 12 { 3.0 } else { BETWEEN };
        let zone_width = (space.0 - gap * (across - 1) as f64) / across as f64;
        let w = (zone_width - 2.0 * pad + between) / columns as f64 - between;
        let rows: usize =
            per_zone.chunks(across).map(|band| band.iter().map(|nodes| nodes.div_ceil(columns)).max().unwrap_or(0).max(1)).sum();
        let fixed = bands * (head + 2.0 * pad - between) + (bands - 1.0) * gap;
        let h = (space.1 - fixed) / rows as f64 - between;
        (w > 0.5 && h > 0.5).then_some(Arrangement { across, columns, card: (w, h), gap, style })
    }

    /// Where nothing fits: points, in a view that is too small for them.
    fn least(space: (f64, f64), zones: usize, busiest: usize) -> Arrangement {
        let across = (1..=zones).find(|across| across * across >= zones).unwrap_or(1);
        let columns = (1..=busiest).find(|columns| columns * columns >= busiest).unwrap_or(1);
        let w = (space.0 / across as f64 / columns as f64).max(0.5);
        let rows = busiest.div_ceil(columns) * zones.div_ceil(across);
        Arrangement { across, columns, card: (w, (space.1 / rows as f64).max(0.05)), gap: 0.0, style: (0.0, 0.0, 0.0) }
    }

    fn place(&self, size: (f64, f64), space: (f64, f64), wanted: &Wanted, per_zone: &[usize]) -> Plan {
        let (head, pad, between) = self.style;
        let card = (self.card.0.min(MOST_CARD.0), self.card.1.min(MOST_CARD.1));
        let widest = per_zone.iter().copied().max().unwrap_or(1).clamp(1, self.columns) as f64;
        let zone_width = widest * (card.0 + between) - between + 2.0 * pad;
        let rows: Vec<usize> = per_zone
            .chunks(self.across)
            .map(|band| band.iter().map(|nodes| nodes.div_ceil(self.columns)).max().unwrap_or(0).max(1))
            .collect();
        let zone_height = |rows: usize| head + 2.0 * pad + rows as f64 * (card.1 + between) - between;
        // What cards do not fill is left on both sides.
        let in_all = rows.iter().map(|&rows| zone_height(rows) + self.gap).sum::<f64>() - self.gap;
        let across = self.across.min(per_zone.len());
        let left = ((space.0 - across as f64 * (zone_width + self.gap) + self.gap) / 2.0).max(0.0);
        let mut y = ((space.1 - in_all) / 2.0).max(0.0);
        let mut zones = Vec::with_capacity(per_zone.len());
        let mut first = 0;
        for (band, nodes) in per_zone.chunks(self.across).enumerate() {
            let h = zone_height(rows[band]);
            for (column, &count) in nodes.iter().enumerate() {
                let x = left + column as f64 * (zone_width + self.gap);
                zones.push(ZonePlan { place: Rect { x, y, w: zone_width, h }, first, count });
                first += count;
            }
            y += h + self.gap;
        }
        let zone_of = |node: usize| wanted.node_zones[node].min(per_zone.len() - 1);
        let mut order: Vec<u32> = (0..wanted.node_zones.len() as u32).collect();
        order.arrange_by_key(|&node| (zone_of(node as usize), wanted.node_pools.get(node as usize).copied().unwrap_or(0), node));
        let mut spots = vec![(0, 0); order.len()];
        for (at, &node) in order.iter().enumerate() {
            let zone = zone_of(node as usize);
            spots[node as usize] = (zone as u32, (at - zones[zone].first) as u32);
        }
        let beside = if size.0 < NARROW { BESIDE_TRAY.1 } else { BESIDE_TRAY.0 };
        let tray = Rect { x: 0.0, y: size.1 - TRAY, w: (size.0 - beside).max(40.0), h: TRAY };
        Plan {
            size,
            zones,
            order,
            spots,
            columns: self.columns,
            card,
            between,
            pad,
            zone_head: head,
            peak: wanted.peak,
            tray,
            tray_slot: tray_slot(&tray, wanted.waiting),
        }
    }
}

/// The side of a waiting pod's square, so that as many as are ever shown find room.
fn tray_slot(tray: &Rect, waiting: usize) -> f64 {
    // On a narrow screen few that can be seen are better than all.
    let waiting = if tray.w < NARROW { waiting.min(10) } else { waiting };
    let inner = ((tray.w - TRAY_LABEL - 8.0).max(8.0), tray.h - 10.0);
    let mut slot = inner.1;
    while slot > 1.0 && ((inner.0 / (slot + 2.0)).floor() * (inner.1 / (slot + 2.0)).floor().max(1.0)) < waiting as f64 {
        slot -= 0.5;
    }
    slot.max(1.0)
}

impl Plan {
    /// The place of a node, unzoomed.
    pub fn node(&self, node: usize) -> Rect {
        let (zone, nth) = self.spots.get(node).copied().unwrap_or_default();
        self.nth(zone as usize, nth as usize)
    }

    /// The place of the n-th node of a zone, unzoomed.
    fn nth(&self, zone: usize, nth: usize) -> Rect {
        let place = self.zones.get(zone).map(|zone| zone.place).unwrap_or_default();
        let (row, column) = (nth / self.columns, nth % self.columns);
        Rect {
            x: place.x + self.pad + column as f64 * (self.card.0 + self.between),
            y: place.y + self.zone_head + self.pad + row as f64 * (self.card.1 + self.between),
            w: self.card.0,
            h: self.card.1,
        }
    }

    /// The square of the n-th waiting pod, on the screen.
    pub fn waiting(&self, nth: usize) -> Option<Rect> {
        let step = self.tray_slot + 2.0;
        let rows = ((self.tray.h - 8.0) / step).floor().max(1.0) as usize;
        let x = self.tray.x + TRAY_LABEL + (nth / rows) as f64 * step;
        let y = self.tray.y + (self.tray.h - rows as f64 * step + 2.0) / 2.0 + (nth % rows) as f64 * step;
        (x + step <= self.tray.x + self.tray.w).then_some(Rect { x, y, w: self.tray_slot, h: self.tray_slot })
    }

    /// How far one can zoom in: until a card says no more by being larger.
    pub fn most_zoom(&self) -> f64 {
        (MOST_CARD.0 / self.card.0).min(MOST_CARD.1 / self.card.1 * 1.6).max(1.0)
    }
}

/// A plan through a camera: places on the screen.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The camera.
    pub camera: Camera,
    /// What a node shows at its size on the screen.
    pub inner: Inner,
}

/// Nodes of one zone and pool, by position in [`Plan::order`], and the block that stands for them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The zone.
    pub zone: usize,
    /// The pool; none where the block is the whole zone.
    pub pool: Option<usize>,
    /// Its first node.
    pub first: usize,
    /// How many nodes it has.
    pub count: usize,
    /// Where it lies on the screen.
    pub place: Rect,
}

impl<'a> View<'a> {
    /// The plan as the camera sees it.
    pub fn new(plan: &'a Plan, camera: Camera) -> View<'a> {
        let inner = Inner::of(plan.card.0 * camera.scale, plan.card.1 * camera.scale, plan.peak);
        View { plan, camera, inner }
    }

    /// The part of the screen that the map has: above the tray.
    pub fn window(&self) -> Rect {
        Rect { x: 0.0, y: 0.0, w: self.plan.size.0, h: self.plan.tray.y - BETWEEN / 2.0 }
    }

    /// A zone's place on the screen.
    pub fn zone(&self, zone: usize) -> Rect {
        self.camera.screen(self.plan.zones.get(zone).map(|zone| zone.place).unwrap_or_default())
    }

    /// A node's place on the screen, its edges on whole pixels where that makes them sharp.
    pub fn node(&self, node: usize) -> Rect {
        let Rect { x, y, w, h } = self.camera.screen(self.plan.node(node));
        let grain = if w >= 6.0 { 1.0 } else { 0.5 };
        let snap = |at: f64| (at / grain).round() * grain;
        let (left, top) = (snap(x), snap(y));
        Rect { x: left, y: top, w: (snap(x + w) - left).max(0.5), h: (snap(y + h) - top).max(0.5) }
    }

    /// The square of the n-th pod of a node on the screen.
    pub fn pod(&self, node: usize, nth: usize) -> Option<Rect> {
        self.inner.pod(&self.node(node), nth)
    }

    /// The level at which all is shown.
    pub fn level(&self) -> Level {
        if self.inner.level > Level::Pools {
            return self.inner.level;
        }
        let small = self.pool_blocks(usize::MAX).iter().any(|block| block.place.h < LEAST_BLOCK || block.place.w < LEAST_BLOCK);
        if small { Level::Zones } else { Level::Pools }
    }

    /// The nodes that can be seen.
    pub fn nodes(&self) -> Vec<u32> {
        let window = self.window();
        let step = (self.plan.card.0 + self.plan.between, self.plan.card.1 + self.plan.between);
        let (left, top) = self.camera.world(window.x, window.y);
        let (right, bottom) = self.camera.world(window.x + window.w, window.y + window.h);
        let mut seen = Vec::new();
        for zone in self.plan.zones.iter().filter(|zone| self.camera.screen(zone.place).meets(&window)) {
            let (x, y) = (zone.place.x + self.plan.pad, zone.place.y + self.plan.zone_head + self.plan.pad);
            let range = |from: f64, to: f64, at: f64, step: f64| {
                let first = ((from - at) / step).floor().max(0.0) as usize;
                (first, ((to - at) / step).ceil().max(0.0) as usize)
            };
            let (first_row, last_row) = range(top, bottom, y, step.1);
            let (first_column, last_column) = range(left, right, x, step.0);
            for row in first_row..last_row.min(zone.count.div_ceil(self.plan.columns)) {
                for column in first_column..last_column.min(self.plan.columns) {
                    let nth = row * self.plan.columns + column;
                    if nth < zone.count {
                        seen.push(self.plan.order[zone.first + nth]);
                    }
                }
            }
        }
        seen
    }

    /// The blocks of zones, or of pools where they are large enough. `pools` is how many pools there are at most; `pool_of` tells a node's.
    pub fn blocks(&self, pool_of: impl Fn(u32) -> usize) -> Vec<Block> {
        if self.level() == Level::Zones {
            let zones = self.plan.zones.iter().enumerate();
            return zones
                .map(|(zone, plan)| Block {
                    zone,
                    pool: None,
                    first: plan.first,
                    count: plan.count,
                    place: self.camera.screen(self.ground(plan)),
                })
                .collect();
        }
        let mut blocks = Vec::new();
        for (zone, plan) in self.plan.zones.iter().enumerate() {
            let ground = self.ground(plan);
            let nodes = &self.plan.order[plan.first..plan.first + plan.count];
            let mut from = 0;
            for run in nodes.chunk_by(|&one, &other| pool_of(one) == pool_of(other)) {
                let share = |nodes: usize| ground.h * nodes as f64 / plan.count.max(1) as f64;
                let place = Rect { y: ground.y + share(from), h: share(run.len()), ..ground };
                let pool = run.first().map(|&node| pool_of(node));
                let place = self.camera.screen(place).inset(if from + run.len() < nodes.len() || from > 0 { 1.0 } else { 0.0 });
                blocks.push(Block { zone, pool, first: plan.first + from, count: run.len(), place });
                from += run.len();
            }
        }
        blocks
    }

    /// Blocks as if every zone were one pool: how large they are.
    fn pool_blocks(&self, most: usize) -> Vec<Block> {
        let zones = self.plan.zones.iter().enumerate().take(most);
        zones
            .map(|(zone, plan)| {
                let place = self.camera.screen(self.ground(plan));
                Block { zone, pool: Some(0), first: plan.first, count: plan.count, place }
            })
            .collect()
    }

    /// A zone without its head, unzoomed.
    fn ground(&self, zone: &ZonePlan) -> Rect {
        let Rect { x, y, w, h } = zone.place;
        let head = self.plan.zone_head;
        Rect { x, y: y + head, w, h: (h - head).max(0.0) }.inset(self.plan.pad.min(w / 4.0).min(h / 4.0))
    }
}

/// What lies under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A pod, by number.
    Pod(usize),
    /// A node, by number.
    Node(usize),
    /// A zone, by number.
    Zone(usize),
}

/// The smallest thing at a point of the screen.
pub fn hit(view: &View, crowd: &Crowd, x: f64, y: f64) -> Option<Target> {
    let plan = view.plan;
    if plan.tray.holds(x, y) {
        let nth = (0..crowd.waiting.len()).map_while(|nth| plan.waiting(nth)).position(|square| square.holds(x, y))?;
        return Some(Target::Pod(crowd.waiting[nth] as usize));
    }
    let (at_x, at_y) = view.camera.world(x, y);
    let zone = plan.zones.iter().position(|zone| zone.place.holds(at_x, at_y))?;
    if view.inner.level <= Level::Pools {
        return Some(Target::Zone(zone));
    }
    let ZonePlan { place, first, count } = plan.zones[zone];
    let column = (at_x - place.x - plan.pad) / (plan.card.0 + plan.between);
    let row = (at_y - place.y - plan.pad - plan.zone_head) / (plan.card.1 + plan.between);
    let nth = row.floor() * plan.columns as f64 + column.floor();
    if row < 0.0 || column < 0.0 || column >= plan.columns as f64 || nth >= count as f64 {
        return Some(Target::Zone(zone));
    }
    let node = plan.order[first + nth as usize] as usize;
    let card = view.node(node);
    if !card.holds(x, y) {
        return Some(Target::Zone(zone));
    }
    let pods = crowd.on(node);
    let nth = (0..pods.len()).map_while(|nth| view.inner.pod(&card, nth)).position(|square| square.holds(x, y));
    Some(nth.map_or(Target::Node(node), |nth| Target::Pod(pods[nth] as usize)))
}

/// The node that a key leads to from another: `(right, down)` in steps of one. From no node to the first.
pub fn step(plan: &Plan, from: Option<usize>, (right, down): (i32, i32)) -> Option<usize> {
    let Some(node) = from.filter(|&node| node < plan.spots.len()) else { return plan.order.first().map(|&node| node as usize) };
    let here = plan.node(node);
    let (x, y) = here.middle();
    // The nearest that lies that way; what lies off to the side counts double.
    let far = |&other: &u32| {
        let (at_x, at_y) = plan.node(other as usize).middle();
        let (ahead, aside) = if right != 0 { ((at_x - x) * f64::from(right), at_y - y) } else { ((at_y - y) * f64::from(down), at_x - x) };
        (ahead > here.w.min(here.h) / 2.0).then(|| ahead + 2.0 * aside.abs())
    };
    let best = plan.order.iter().filter_map(|node| Some((far(node)?, *node)));
    best.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, node)| node as usize).or(from)
}

#[cfg(test)]
mod tests;

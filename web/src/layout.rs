//! Where zones, nodes and pods lie on the canvas, and what lies under the pointer. Plain geometry in CSS pixels; it draws nothing.

use crate::frame::Frame;

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
}

/// How much of a node can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Its name, its bars, its pods with letters.
    Cards,
    /// Its pods as squares.
    Compact,
    /// One tile, filled as far as its pods are ready.
    Tiles,
}

/// What is to be laid out: it stays the same over a whole run, so that nothing jumps while scrubbing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// How many zones there are.
    pub zones: usize,
    /// The zone of each node.
    pub node_zones: Vec<usize>,
    /// The most pods that any node ever has.
    pub peak: usize,
    /// The most pods that ever wait for a node at once.
    pub waiting: usize,
}

/// The places of everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How much is shown.
    pub level: Level,
    /// The side of a pod's square.
    pub slot: f64,
    /// The space between two pods.
    pub gap: f64,
    /// Pods in a row of a node.
    pub columns: usize,
    /// The height of a node above its pods.
    pub head: f64,
    /// The margin within a node.
    pub margin: f64,
    /// The zones.
    pub zones: Vec<Rect>,
    /// The nodes.
    pub nodes: Vec<Rect>,
    /// Where pods without a node wait.
    pub tray: Rect,
    /// The side of a pod's square in the tray.
    pub tray_slot: f64,
    /// The height of a zone above its nodes.
    pub zone_head: f64,
}

/// The place of the tray's label, left of its pods.
pub const TRAY_LABEL: f64 = 118.0;
const TRAY: f64 = 34.0;
const BETWEEN: f64 = 10.0;
/// How much taller than needed a node may be drawn.
const MOST_STRETCH: f64 = 1.35;
/// Below this many pixels a pod cannot be told from its neighbour.
const LEAST_SLOT: f64 = 3.0;

/// The kind of a node's card for a pod's size: head, margin, gap, least width, gap between nodes.
fn style(slot: f64) -> (Level, f64, f64, f64, f64, f64) {
    if slot >= 11.0 { (Level::Cards, 38.0, 8.0, 3.0, 104.0, 8.0) } else { (Level::Compact, 5.0, 2.0, 1.0, 4.0 * slot, 3.0) }
}

/// The largest arrangement that fits; tiles where no pod could be told from the next.
pub fn plan(width: f64, height: f64, wanted: &Wanted) -> Plan {
    let zones = wanted.zones.max(1);
    let mut per_zone = vec![0usize; zones];
    for &zone in &wanted.node_zones {
        per_zone[zone.min(zones - 1)] += 1;
    }
    let space = Rect { x: 0.0, y: 0.0, w: width.max(40.0), h: (height - TRAY - BETWEEN).max(20.0) };
    let mut slot = 32.0;
    while slot >= LEAST_SLOT {
        if let Some(grid) = (1..=zones).rev().filter_map(|across| Grid::fit(&space, &per_zone, across, slot, wanted.peak.max(4))).next() {
            return grid.place(&space, height, wanted, &per_zone);
        }
        slot -= if slot > 11.0 { 1.0 } else { 0.5 };
    }
    tiles(&space, height, wanted, &per_zone)
}

/// An arrangement that fits.
struct Grid {
    across: usize,
    cards: usize,
    columns: usize,
    slot: f64,
    card: (f64, f64),
    zone_width: f64,
    zone_head: f64,
    pad: f64,
}

impl Grid {
    fn fit(space: &Rect, per_zone: &[usize], across: usize, slot: f64, peak: usize) -> Option<Grid> {
        let (level, head, margin, gap, least, between) = style(slot);
        let (zone_head, pad) = if level == Level::Cards { (26.0, 8.0) } else { (16.0, 4.0) };
        let zone_width = (space.w - BETWEEN * (across - 1) as f64) / across as f64;
        let inner = zone_width - 2.0 * pad;
        let most_cards = ((inner + between) / (least + between)).floor() as usize;
        let busiest = per_zone.iter().copied().max().unwrap_or(0).max(1);
        let mut best: Option<(f64, Grid)> = None;
        for cards in 1..=most_cards.min(busiest) {
            let card_width = (inner - between * (cards - 1) as f64) / cards as f64;
            let columns = ((card_width - 2.0 * margin + gap) / (slot + gap)).floor() as usize;
            if columns == 0 {
                break;
            }
            let pod_rows = peak.div_ceil(columns) as f64;
            let card_height = head + 2.0 * margin + pod_rows * (slot + gap) - gap;
            let zone_height = |nodes: usize| {
                let rows = nodes.div_ceil(cards).max(1) as f64;
                zone_head + 2.0 * pad + rows * (card_height + between) - between
            };
            let bands = per_zone.chunks(across);
            let between_bands = BETWEEN * (bands.len() - 1) as f64;
            let total: f64 =
                bands.map(|band| band.iter().map(|&nodes| zone_height(nodes)).fold(0.0, f64::max)).sum::<f64>() + between_bands;
            if total <= space.h && best.as_ref().is_none_or(|(least, _)| total < *least) {
                best = Some((total, Grid { across, cards, columns, slot, card: (card_width, card_height), zone_width, zone_head, pad }));
            }
        }
        best.map(|(_, grid)| grid)
    }

    fn place(&self, space: &Rect, height: f64, wanted: &Wanted, per_zone: &[usize]) -> Plan {
        let (level, head, margin, gap, _, between) = style(self.slot);
        let (card_width, least_height) = self.card;
        // What is left over makes the cards taller, up to a point.
        let rows: usize =
            per_zone.chunks(self.across).map(|band| band.iter().map(|nodes| nodes.div_ceil(self.cards).max(1)).max().unwrap_or(1)).sum();
        let bands = per_zone.len().div_ceil(self.across);
        let around = bands as f64 * (self.zone_head + 2.0 * self.pad + BETWEEN - between) - BETWEEN;
        let each = ((space.h - around) / rows.max(1) as f64 - between).floor();
        let card_height = if level == Level::Cards { each.min(least_height * MOST_STRETCH).max(least_height) } else { least_height };
        let mut zones = Vec::new();
        let mut y = space.y;
        for (band, nodes) in per_zone.chunks(self.across).enumerate() {
            let rows = nodes.iter().map(|&nodes| nodes.div_ceil(self.cards).max(1)).max().unwrap_or(1) as f64;
            let zone_height = self.zone_head + 2.0 * self.pad + rows * (card_height + between) - between;
            for column in 0..nodes.len() {
                let x = space.x + column as f64 * (self.zone_width + BETWEEN);
                zones.push(Rect { x, y, w: self.zone_width, h: zone_height });
            }
            debug_assert_eq!(zones.len(), (band * self.across + nodes.len()).min(per_zone.len()));
            y += zone_height + BETWEEN;
        }
        let mut seen = vec![0usize; per_zone.len()];
        let nodes = wanted
            .node_zones
            .iter()
            .map(|&zone| {
                let zone = zone.min(per_zone.len() - 1);
                let (row, column) = (seen[zone] / self.cards, seen[zone] % self.cards);
                seen[zone] += 1;
                Rect {
                    x: zones[zone].x + self.pad + column as f64 * (card_width + between),
                    y: zones[zone].y + self.zone_head + self.pad + row as f64 * (card_height + between),
                    w: card_width,
                    h: card_height,
                }
            })
            .collect();
        let tray = tray(space, height);
        let tray_slot = tray_slot(&tray, wanted.waiting, self.slot);
        Plan { level, slot: self.slot, gap, columns: self.columns, head, margin, zones, nodes, tray, tray_slot, zone_head: self.zone_head }
    }
}

fn tray(space: &Rect, height: f64) -> Rect {
    Rect { x: space.x, y: (height - TRAY).max(0.0), w: space.w, h: TRAY }
}

/// The side of a waiting pod's square, so that as many as ever wait find room.
fn tray_slot(tray: &Rect, waiting: usize, most: f64) -> f64 {
    let inner = ((tray.w - TRAY_LABEL - 8.0).max(8.0), tray.h - 8.0);
    let mut slot = most.min(inner.1);
    while slot > 1.0 && ((inner.0 / (slot + 2.0)).floor() * (inner.1 / (slot + 2.0)).floor().max(1.0)) < waiting as f64 {
        slot -= 0.5;
    }
    slot.max(1.0)
}

fn tiles(space: &Rect, height: f64, wanted: &Wanted, per_zone: &[usize]) -> Plan {
    let (zone_head, pad) = (16.0, 2.0);
    let zones_across = per_zone.len().min((space.w / 60.0).floor().max(1.0) as usize);
    let bands = per_zone.len().div_ceil(zones_across).max(1);
    let zone_width = (space.w - BETWEEN * (zones_across - 1) as f64) / zones_across as f64;
    let zone_height = (space.h - BETWEEN * (bands - 1) as f64) / bands as f64;
    let (inner_w, inner_h) = ((zone_width - 2.0 * pad).max(1.0), (zone_height - zone_head - 2.0 * pad).max(1.0));
    let busiest = per_zone.iter().copied().max().unwrap_or(1).max(1);
    let mut side = 28.0;
    let fits = |side: f64| (inner_w / side).floor() * (inner_h / side).floor() >= busiest as f64;
    while side > 1.0 && !fits(side) {
        side -= 0.25;
    }
    let cards = ((inner_w / side).floor() as usize).max(1);
    let zones: Vec<Rect> = (0..per_zone.len())
        .map(|zone| Rect {
            x: space.x + (zone % zones_across) as f64 * (zone_width + BETWEEN),
            y: space.y + (zone / zones_across) as f64 * (zone_height + BETWEEN),
            w: zone_width,
            h: zone_height,
        })
        .collect();
    let mut seen = vec![0usize; per_zone.len()];
    let nodes = wanted
        .node_zones
        .iter()
        .map(|&zone| {
            let zone = zone.min(per_zone.len() - 1);
            let (row, column) = (seen[zone] / cards, seen[zone] % cards);
            seen[zone] += 1;
            Rect {
                x: zones[zone].x + pad + column as f64 * side,
                y: zones[zone].y + zone_head + pad + row as f64 * side,
                w: (side - 0.5).max(0.5),
                h: (side - 0.5).max(0.5),
            }
        })
        .collect();
    let tray = tray(space, height);
    let tray_slot = tray_slot(&tray, wanted.waiting, 8.0);
    Plan { level: Level::Tiles, slot: 0.0, gap: 0.0, columns: 1, head: 0.0, margin: 0.0, zones, nodes, tray, tray_slot, zone_head }
}

impl Plan {
    /// The square of the n-th pod of a node.
    pub fn pod(&self, node: usize, nth: usize) -> Option<Rect> {
        if self.level == Level::Tiles {
            return None;
        }
        let card = self.nodes.get(node)?;
        let step = self.slot + self.gap;
        let (row, column) = (nth / self.columns, nth % self.columns);
        let square = Rect {
            x: card.x + self.margin + column as f64 * step,
            y: card.y + self.head + self.margin + row as f64 * step,
            w: self.slot,
            h: self.slot,
        };
        // A node that has more pods than was foreseen shows as many as fit.
        (square.y + square.h <= card.y + card.h + 0.5).then_some(square)
    }

    /// The square of the n-th waiting pod.
    pub fn waiting(&self, nth: usize) -> Option<Rect> {
        let step = self.tray_slot + 2.0;
        let rows = ((self.tray.h - 8.0) / step).floor().max(1.0) as usize;
        let x = self.tray.x + TRAY_LABEL + (nth / rows) as f64 * step;
        let y = self.tray.y + (self.tray.h - rows as f64 * step + 2.0) / 2.0 + (nth % rows) as f64 * step;
        (x + step <= self.tray.x + self.tray.w).then_some(Rect { x, y, w: self.tray_slot, h: self.tray_slot })
    }
}

/// Which pods are on which node, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    starts: Vec<u32>,
    pods: Vec<u32>,
    /// Pods that wait outside of any node.
    pub waiting: Vec<u32>,
}

impl Crowd {
    /// The pods of a frame by node: one pass to count, one to place.
    pub fn of(frame: &Frame) -> Crowd {
        let mut starts = vec![0u32; frame.nodes.len() + 1];
        let mut waiting = Vec::new();
        for pod in frame.present() {
            match frame.place(pod) {
                Some(node) => starts[node + 1] += 1,
                None => waiting.push(pod as u32),
            }
        }
        for node in 1..starts.len() {
            starts[node] += starts[node - 1];
        }
        let mut next = starts.clone();
        let mut pods = vec![0; starts.last().map_or(0, |&end| end as usize)];
        for pod in frame.present() {
            if let Some(node) = frame.place(pod) {
                pods[next[node] as usize] = pod as u32;
                next[node] += 1;
            }
        }
        Crowd { starts, pods, waiting }
    }

    /// The pods of a node.
    pub fn on(&self, node: usize) -> &[u32] {
        match (self.starts.get(node), self.starts.get(node + 1)) {
            (Some(&from), Some(&to)) => &self.pods[from as usize..to as usize],
            _ => &[],
        }
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

/// The smallest thing at a point.
pub fn hit(plan: &Plan, crowd: &Crowd, x: f64, y: f64) -> Option<Target> {
    if plan.tray.holds(x, y) {
        let nth = (0..crowd.waiting.len()).find(|&nth| plan.waiting(nth).is_some_and(|square| square.holds(x, y)))?;
        return Some(Target::Pod(crowd.waiting[nth] as usize));
    }
    let zone = plan.zones.iter().position(|zone| zone.holds(x, y))?;
    let Some(node) = plan.nodes.iter().position(|node| node.holds(x, y)) else { return Some(Target::Zone(zone)) };
    let pods = crowd.on(node);
    let nth = (0..pods.len()).find(|&nth| plan.pod(node, nth).is_some_and(|square| square.holds(x, y)));
    Some(nth.map_or(Target::Node(node), |nth| Target::Pod(pods[nth] as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{NO_NODE, NodeLook};
    use wavetank_core::trace::PodState;

    fn wanted(zones: usize, nodes: usize, peak: usize) -> Wanted {
        Wanted { zones, node_zones: (0..nodes).map(|node| node % zones.max(1)).collect(), peak, waiting: 10 }
    }

    fn overlap(a: &Rect, b: &Rect) -> bool {
        let eps = 1e-6;
        a.x + a.w > b.x + eps && b.x + b.w > a.x + eps && a.y + a.h > b.y + eps && b.y + b.h > a.y + eps
    }

    #[test]
    fn everything_fits_and_nothing_overlaps() {
        for (w, h) in [(320.0, 420.0), (760.0, 520.0), (1400.0, 900.0)] {
            for (zones, nodes, peak) in [(1, 1, 0), (3, 6, 9), (3, 7, 30), (1, 40, 20), (5, 100, 30), (3, 1000, 30), (3, 5000, 30)] {
                let wanted = wanted(zones, nodes, peak);
                let plan = plan(w, h, &wanted);
                let name = format!("{w}x{h} {zones}/{nodes}/{peak} {:?}", plan.level);
                assert_eq!((plan.nodes.len(), plan.zones.len()), (nodes, zones), "{name}");
                for (node, card) in plan.nodes.iter().enumerate() {
                    let zone = &plan.zones[wanted.node_zones[node]];
                    assert!(
                        card.x >= zone.x - 0.01 && card.x + card.w <= zone.x + zone.w + 0.01,
                        "{name}: node {node} leaves its zone sideways"
                    );
                    assert!(card.y >= zone.y && card.y + card.h <= zone.y + zone.h + 0.01, "{name}: node {node} leaves its zone");
                    if plan.level != Level::Tiles {
                        assert!((0..peak).all(|nth| plan.pod(node, nth).is_some()), "{name}: room for {peak} pods");
                    }
                }
                for (at, zone) in plan.zones.iter().enumerate() {
                    assert!(zone.y + zone.h <= plan.tray.y + 0.01 && zone.x + zone.w <= w + 0.01, "{name}: zone {at} is outside");
                    assert!(plan.zones[..at].iter().all(|other| !overlap(zone, other)), "{name}");
                }
                for pair in plan.nodes.windows(zones + 1).take(200) {
                    assert!(!overlap(&pair[0], &pair[zones]), "{name}");
                }
            }
        }
    }

    #[test]
    fn little_is_shown_large_and_much_small() {
        assert_eq!(plan(760.0, 520.0, &wanted(3, 6, 9)).level, Level::Cards);
        assert_eq!(plan(760.0, 520.0, &wanted(3, 100, 30)).level, Level::Compact);
        assert_eq!(plan(760.0, 520.0, &wanted(3, 5000, 30)).level, Level::Tiles);
    }

    #[test]
    fn no_size_is_too_small() {
        for (w, h) in [(0.0, 0.0), (1.0, 1.0), (60.0, 10.0)] {
            let plan = plan(w, h, &wanted(3, 50, 10));
            assert_eq!(plan.nodes.len(), 50);
        }
        assert!(plan(100.0, 100.0, &Wanted::default()).nodes.is_empty());
    }

    fn frame() -> Frame {
        Frame {
            nodes: vec![NodeLook::default(); 6],
            places: vec![2, 2, NO_NODE, 0, 2],
            looks: vec![
                PodState::Ready as u8,
                PodState::Absent as u8,
                PodState::Pending as u8,
                PodState::Ready as u8,
                PodState::Starting as u8,
            ],
            ..Frame::default()
        }
    }

    #[test]
    fn the_pointer_finds_what_was_placed() {
        let crowd = Crowd::of(&frame());
        assert_eq!((crowd.on(2), crowd.on(0), crowd.on(1), crowd.on(99)), (&[0, 4][..], &[3][..], &[][..], &[][..]));
        assert_eq!(crowd.waiting, [2]);
        let plan = plan(760.0, 520.0, &wanted(3, 6, 9));
        let middle = |square: Rect| (square.x + square.w / 2.0, square.y + square.h / 2.0);
        let (x, y) = middle(plan.pod(2, 1).unwrap());
        assert_eq!(hit(&plan, &crowd, x, y), Some(Target::Pod(4)));
        let (x, y) = middle(plan.waiting(0).unwrap());
        assert_eq!(hit(&plan, &crowd, x, y), Some(Target::Pod(2)));
        assert_eq!(hit(&plan, &crowd, plan.nodes[1].x + 2.0, plan.nodes[1].y + 2.0), Some(Target::Node(1)));
        assert_eq!(hit(&plan, &crowd, plan.zones[1].x + 2.0, plan.zones[1].y + 2.0), Some(Target::Zone(1)));
        assert_eq!(hit(&plan, &crowd, -1.0, -1.0), None);
    }
}

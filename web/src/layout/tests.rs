//! What fits, what is shown at which size, and what the pointer and the keys find.

use super::*;
use crate::frame::{Frame, NodeLook, PodLook};
use wavetank_core::trace::PodState;

fn wanted(zones: usize, nodes: usize, peak: usize) -> Wanted {
    let zones = zones.max(1);
    Wanted {
        zones,
        node_zones: (0..nodes).map(|node| node % zones).collect(),
        node_pools: (0..nodes).map(|node| node / zones % 2).collect(),
        peak,
        waiting: 10,
    }
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    let eps = 1e-6;
    a.x + a.w > b.x + eps && b.x + b.w > a.x + eps && a.y + a.h > b.y + eps && b.y + b.h > a.y + eps
}

#[test]
fn everything_fits_and_nothing_overlaps() {
    for (w, h) in [(320.0, 420.0), (760.0, 520.0), (1400.0, 900.0)] {
        for (zones, nodes, peak) in
            [(1, 1, 0), (3, 6, 9), (3, 7, 30), (1, 40, 20), (5, 100, 30), (3, 1000, 30), (3, 5000, 30), (1000, 1500, 20)]
        {
            let wanted = wanted(zones, nodes, peak);
            let plan = plan(w, h, &wanted);
            let view = View::new(&plan, Camera::default());
            let name = format!("{w}x{h} {zones}/{nodes}/{peak} {:?}", view.inner);
            assert_eq!((plan.order.len(), plan.zones.len()), (nodes, zones), "{name}");
            for node in 0..nodes {
                let (card, zone) = (plan.node(node), &plan.zones[wanted.node_zones[node]].place);
                assert!(
                    card.x >= zone.x - 0.01 && card.x + card.w <= zone.x + zone.w + 0.01,
                    "{name}: node {node} leaves its zone sideways"
                );
                assert!(card.y >= zone.y && card.y + card.h <= zone.y + zone.h + 0.01, "{name}: node {node} leaves its zone");
                if view.inner.level >= Level::Compact {
                    assert!((0..peak).all(|nth| view.pod(node, nth).is_some()), "{name}: room for {peak} pods in {card:?}");
                }
            }
            for (at, zone) in plan.zones.iter().enumerate() {
                let zone = &zone.place;
                assert!(zone.y + zone.h <= plan.tray.y + 0.01 && zone.x + zone.w <= w + 0.01, "{name}: zone {at} is outside: {zone:?}");
                assert!(plan.zones[..at].iter().all(|other| !overlap(zone, &other.place)), "{name}");
            }
            for pair in plan.order.windows(2).take(200) {
                assert!(!overlap(&plan.node(pair[0] as usize), &plan.node(pair[1] as usize)), "{name}");
            }
        }
    }
}

#[test]
fn the_space_is_used() {
    for (w, h) in [(374.0, 300.0), (680.0, 470.0), (1400.0, 900.0)] {
        let plan = plan(w, h, &wanted(3, 6, 9));
        let covered: f64 = plan.zones.iter().map(|zone| zone.place.w * zone.place.h).sum();
        assert!(covered > 0.8 * w * (h - 44.0), "{w}x{h}: {:?} covered of {}", covered, w * (h - 44.0));
    }
}

#[test]
fn little_is_shown_large_and_much_small() {
    let level = |w, h, wanted: &Wanted| View::new(&plan(w, h, wanted), Camera::default()).level();
    assert_eq!(level(760.0, 520.0, &wanted(3, 6, 9)), Level::Cards);
    assert_eq!(level(374.0, 300.0, &wanted(3, 6, 5)), Level::Cards);
    assert_eq!(level(760.0, 520.0, &wanted(3, 100, 30)), Level::Compact);
    assert_eq!(level(760.0, 520.0, &wanted(3, 5000, 30)), Level::Tiles);
}

#[test]
fn zooming_shows_more_and_more() {
    let plan = plan(760.0, 520.0, &wanted(3, 5000, 30));
    let at = |scale| View::new(&plan, Camera { scale, ..Camera::default() }).level();
    let mut seen: Vec<Level> = [0.25, 1.0, 6.0, plan.most_zoom()].map(at).to_vec();
    assert_eq!(seen, [Level::Pools, Level::Tiles, Level::Compact, Level::Cards]);
    let mut scale = 0.05;
    while scale < plan.most_zoom() {
        seen.push(at(scale));
        scale *= 1.1;
    }
    assert!(seen[4..].is_sorted(), "never less by zooming in: {seen:?}");
    assert_eq!(at(0.05), Level::Zones);
}

#[test]
fn only_what_is_in_view_is_drawn() {
    let plan = plan(760.0, 520.0, &wanted(3, 5000, 30));
    assert_eq!(View::new(&plan, Camera::default()).nodes().len(), 5000);
    let camera = Camera::onto(plan.node(1234), plan.size, plan.most_zoom());
    let view = View::new(&plan, camera);
    let seen = view.nodes();
    assert!(seen.contains(&1234) && seen.len() < 40, "{}", seen.len());
    let window = view.window();
    let really = (0..5000).filter(|&node| view.camera.screen(plan.node(node)).meets(&window)).count();
    assert!((really..really + 30).contains(&seen.len()), "{really} of {}", seen.len());
}

#[test]
fn pools_lie_together() {
    let wanted = wanted(2, 40, 4);
    let plan = plan(760.0, 520.0, &wanted);
    for zone in &plan.zones {
        let pools: Vec<usize> =
            plan.order[zone.first..zone.first + zone.count].iter().map(|&node| wanted.node_pools[node as usize]).collect();
        assert!(pools.is_sorted(), "{pools:?}");
    }
    let small = View::new(&plan, Camera { scale: 0.1, ..Camera::default() });
    let blocks = small.blocks(|node| wanted.node_pools[node as usize]);
    assert_eq!(blocks.iter().map(|block| block.count).sum::<usize>(), 40);
}

#[test]
fn no_size_is_too_small() {
    for (w, h) in [(0.0, 0.0), (1.0, 1.0), (60.0, 10.0)] {
        let plan = plan(w, h, &wanted(3, 50, 10));
        assert_eq!(plan.order.len(), 50);
        View::new(&plan, Camera::default()).nodes();
    }
    assert!(plan(100.0, 100.0, &Wanted::default()).order.is_empty());
    assert_eq!(step(&plan(100.0, 100.0, &Wanted::default()), None, (1, 0)), None);
}

fn frame() -> Frame {
    Frame {
        nodes: vec![NodeLook::default(); 6],
        pods: vec![
            PodLook::new(Some(2), PodState::Ready),
            PodLook::default(),
            PodLook::new(None, PodState::Pending),
            PodLook::new(Some(0), PodState::Ready),
            PodLook::new(Some(2), PodState::Starting),
        ],
        ..Frame::default()
    }
}

#[test]
fn the_pointer_finds_what_was_placed_at_every_zoom() {
    let crowd = Crowd::of(&std::rc::Rc::new(frame()));
    let plan = plan(760.0, 520.0, &wanted(3, 6, 9));
    for camera in [Camera::default(), Camera::default().zoomed(1.4, (300.0, 200.0), plan.size, 9.0)] {
        let view = View::new(&plan, camera);
        let (x, y) = view.pod(2, 1).unwrap().middle();
        assert_eq!(hit(&view, &crowd, x, y), Some(Target::Pod(4)), "{camera:?}");
        let (x, y) = plan.waiting(0).unwrap().middle();
        assert_eq!(hit(&view, &crowd, x, y), Some(Target::Pod(2)));
        let card = view.node(1);
        assert_eq!(hit(&view, &crowd, card.x + 2.0, card.y + 2.0), Some(Target::Node(1)));
        let zone = view.zone(1);
        assert_eq!(hit(&view, &crowd, zone.x + 2.0, zone.y + 2.0), Some(Target::Zone(1)));
    }
    assert_eq!(hit(&View::new(&plan, Camera::default()), &crowd, -1.0, -1.0), None);
    let far = View::new(&plan, Camera { scale: 0.004, ..Camera::default() });
    let (x, y) = far.zone(2).middle();
    assert_eq!(hit(&far, &crowd, x, y), Some(Target::Zone(2)), "nodes that cannot be seen cannot be pointed at");
}

#[test]
fn keys_go_from_node_to_node() {
    let plan = plan(760.0, 520.0, &wanted(3, 6, 9));
    let first = step(&plan, None, (1, 0)).unwrap();
    let second = step(&plan, Some(first), (1, 0)).unwrap();
    assert!(plan.node(second).x > plan.node(first).x);
    assert_eq!(step(&plan, Some(second), (-1, 0)), Some(first));
    let mut reached = vec![first];
    for way in [(1, 0), (0, 1), (1, 0), (0, -1), (1, 0), (0, 1)] {
        reached.extend(step(&plan, reached.last().copied(), way));
    }
    reached.sort_unstable();
    reached.dedup();
    assert!(reached.len() >= 4, "{reached:?}");
    assert_eq!(step(&plan, Some(first), (-1, 0)), Some(first), "nothing lies further left");
}

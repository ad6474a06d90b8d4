//! Random scenarios: verbs at odd times, on what is there and on what is not.

use std::fmt::Write as _;

use super::world::{Dice, Named};

/// Appends the scenario of a seed.
pub(super) fn scenario(seed: u64, text: &mut String, workloads: &[Named], nodes: usize, zones: usize) {
    let mut dice = Dice::new(seed, "fuzz steps");
    let start = dice.of(&["settled", "settled", "applied"]);
    let _ = write!(text, "---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: fuzz}}\nspec:\n  start: {start}\n");
    if dice.once_in(2) {
        let _ = writeln!(text, "  until: {}m", dice.between(5, 90));
    }
    text.push_str("  steps:\n");
    let mut at = 0;
    for i in 0..dice.between(1, 8) {
        // Often at the same moment, sometimes much later.
        at += match dice.between(0, 4) {
            0 | 1 => 0,
            2 => dice.between(1, 20),
            3 => dice.between(20, 120),
            _ => dice.between(120, 700),
        };
        let _ = writeln!(text, "  - at: {at}s\n    {}", verb(&mut dice, i, workloads, nodes, zones));
    }
}

fn verb(dice: &mut Dice, i: u64, workloads: &[Named], nodes: usize, zones: usize) -> String {
    let node = format!("node-{}", dice.between(0, nodes as u64 - 1));
    let zone = ["zone-a", "zone-b", "zone-c"][dice.between(0, zones as u64 - 1) as usize];
    let target = &workloads[dice.between(0, workloads.len() as u64 - 1) as usize];
    let workload = format!("{}/{}", target.kind, target.name);
    match dice.between(0, 25) {
        0 | 1 => format!("failNode: {node}"),
        2 => format!("recoverNode: {node}"),
        3 => format!("failZone: {zone}"),
        4 => format!("recoverZone: {zone}"),
        5 => format!("cordon: {node}"),
        6 => format!("uncordon: {node}"),
        7 | 8 => format!("drain: {{node: {node}, force: {}, timeout: {}s}}", dice.of(&["true", "false"]), dice.between(5, 600)),
        9 => format!("drain: {node}"),
        10 => format!("taint: {{node: {node}, key: maintenance, effect: {}}}", dice.of(&["NoSchedule", "NoExecute", "PreferNoSchedule"])),
        11 => format!("untaint: {{node: {node}, key: maintenance}}"),
        12 => format!("pressure: {node}"),
        13 => format!("relievePressure: {node}"),
        14 => format!("crash: {{workload: {workload}, pods: {}}}", dice.between(1, 3)),
        15 => format!("failReadiness: {{workload: {workload}, pods: {}}}", dice.between(1, 3)),
        16 => format!("passReadiness: {workload}"),
        17 => format!("kubeletNotReady: {node}"),
        18 => format!("kubeletReady: {node}"),
        19 => format!("addNode: {{name: extra-{i}, like: {node}}}"),
        20 if matches!(target.kind, "deployment" | "statefulset" | "replicaset") => {
            format!("scale: {{workload: {workload}, replicas: {}}}", dice.between(0, 9))
        }
        21 | 22 if matches!(target.kind, "deployment" | "statefulset" | "daemonset") => {
            format!(
                "rollout: {{workload: {workload}, image: \"app:{}\", broken: {}}}",
                dice.between(2, 5),
                dice.of(&["true", "false", "false"])
            )
        }
        23 if target.kind == "deployment" => format!("{}: {workload}", dice.of(&["restart", "undo", "pause", "resume"])),
        24 => format!("delete: {workload}"),
        _ => format!("delete: node/{node}"),
    }
}

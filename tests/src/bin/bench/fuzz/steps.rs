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
    match dice.between(0, 57) {
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
        25 => format!("failNodes: {{zone: {zone}, nodes: {}}}", dice.between(1, 3)),
        26 => format!(
            "flapNode: {{node: {node}, down: {}s, up: {}s, times: {}}}",
            dice.between(5, 400),
            dice.between(5, 400),
            dice.between(1, 4)
        ),
        27 | 28 => format!("partition: {}", dice.of(&["{node: NODE}", "{zone: ZONE}"]).replace("NODE", &node).replace("ZONE", zone)),
        29 => format!("reconnect: {}", dice.of(&["{node: NODE}", "{zone: ZONE}"]).replace("NODE", &node).replace("ZONE", zone)),
        30 => format!("stopKubelet: {node}"),
        31 => format!("startKubelet: {node}"),
        32 => format!("spotNotice: {{node: {node}, notice: {}s}}", dice.between(0, 180)),
        33 => {
            format!("shutdownNode: {{node: {node}, gracePeriod: {}s, criticalGracePeriod: {}s}}", dice.between(20, 90), dice.between(0, 20))
        }
        34 => format!("diskPressure: {node}"),
        35 => format!("relieveDiskPressure: {node}"),
        36 => dice.of(&["registryOutage: {}", "registryOutage: {registry: app}", "registryRecovers: {}"]).to_owned(),
        37 => format!("slowStart: {{workload: {workload}, by: {}s}}", dice.between(1, 300)),
        38 => format!("crashLoop: {{workload: {workload}, after: {}s, exitCode: {}}}", dice.between(0, 100), dice.between(0, 2)),
        39 => format!("endCrashLoop: {workload}"),
        40 => format!("growMemory: {{workload: {workload}, perPod: {}}}", dice.of(&["10Mi", "600Mi", "3Gi"])),
        41 => format!("load: {{workload: {workload}, times: {}}}", dice.of(&["0.1", "3", "10"])),
        42 => format!("killPods: {{workload: {workload}, pods: {}, gracePeriod: {}s}}", dice.between(1, 4), dice.of(&["0", "1", "30"])),
        43 => format!("scale: {{workload: deployment/app-0, replicas: {}}}", dice.between(0, 9)),
        44 | 45 => {
            let component = dice.of(&["kube-controller-manager", "kube-scheduler"]);
            format!("stopComponent: {{name: {component}, for: {}s}}", dice.between(1, 900))
        }
        46 => format!("startComponent: {}", dice.of(&["kube-controller-manager", "kube-scheduler"])),
        47 => format!("pidPressure: {{node: {node}, available: {}}}", dice.of(&["0", "200", "5000"])),
        48 => format!("relievePidPressure: {node}"),
        49 => format!("diskPressure: {{node: {node}, available: {}}}", dice.of(&["0", "1Gi", "9Gi"])),
        50 => format!("delete: {{target: {workload}, cascade: {}}}", dice.of(&["foreground", "orphan", "background"])),
        51 | 52 => {
            let name = if dice.once_in(3) { &target.name } else { "late" };
            format!("apply: [{}]", applied(dice, name))
        }
        53 => format!("delete: {{target: pod/lone-{}, gracePeriod: {}s}}", dice.between(0, 3), dice.of(&["0", "1", "30"])),
        54 => "delete: namespace/default".to_owned(),
        _ => format!("delete: node/{node}"),
    }
}

/// A Deployment that is applied while the cluster runs, perhaps in place of one that is there.
fn applied(dice: &mut Dice, name: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {}, selector: {{matchLabels: {{app: {name}}}}}, \
         template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: main, image: \"app:{}\", resources: {{requests: {{cpu: {}}}}}}}]}}}}}}}}",
        dice.between(0, 6),
        dice.between(1, 6),
        dice.of(&["10m", "300m", "2"])
    )
}

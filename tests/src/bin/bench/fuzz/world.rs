//! Random worlds as manifests: what a person could have pasted, only odder.

use std::fmt::Write as _;

use wavetank_core::units::rng::Chance;

use super::pods::{self, Stock, Use, template};
use super::{extras, steps};

/// A stream of choices.
pub(super) struct Dice(Chance);

impl Dice {
    /// The choices of a seed, for one purpose.
    pub(super) fn new(seed: u64, purpose: &str) -> Dice {
        Dice(Chance::new(seed, purpose))
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    /// True once in `n`.
    pub(super) fn once_in(&mut self, n: u64) -> bool {
        self.0.below(n) == 0
    }

    /// One of several.
    pub(super) fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.0.below(choices.len() as u64) as usize]
    }
}

/// A workload that steps can name.
pub(super) struct Named {
    /// `deployment`, `statefulset`, …
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: String,
}

/// The whole world of a seed, its scenario included.
pub(super) fn text(seed: u64) -> String {
    let mut dice = Dice::new(seed, "fuzz world");
    let mut text = String::new();
    let zones = dice.between(1, 3) as usize;
    let nodes = dice.between(1, 8) as usize;
    if dice.once_in(6) {
        extras::pools(&mut dice, &mut text, zones);
    } else {
        for i in 0..nodes {
            node(&mut dice, &mut text, i, zones);
        }
    }
    let storage = dice.once_in(4);
    if storage {
        extras::storage(&mut dice, &mut text);
    }
    if dice.once_in(3) {
        text.push_str("---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n");
        text.push_str(
            "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: low}\nvalue: -10\npreemptionPolicy: Never\n",
        );
    }
    if dice.once_in(8) {
        let pods = dice.between(1, 12);
        let _ = write!(text, "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: quota}}\nspec: {{hard: {{pods: \"{pods}\"}}}}\n");
    }
    if dice.once_in(10) {
        extras::limit_range(&mut dice, &mut text);
    }
    if dice.once_in(6) {
        extras::kubelets(&mut dice, &mut text);
    }
    if dice.once_in(12) {
        extras::admission(&mut dice, &mut text);
    }
    let stock = Stock { classes: text.contains("PriorityClass"), nodes, storage };
    let count = dice.between(1, 4) as usize;
    let mut workloads = Vec::new();
    for i in 0..count {
        workloads.push(workload(&mut dice, &mut text, i, stock));
    }
    for i in 0..dice.between(0, 3) as usize {
        budget(&mut dice, &mut text, i, count);
    }
    if dice.once_in(3) {
        let i = dice.between(0, count as u64 - 1);
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: app-{i}}}\nspec: {{selector: {{app: app-{i}}}, ports: [{{port: 80}}]}}\n"
        );
    }
    if dice.once_in(5) {
        extras::cron_job(&mut dice, &mut text, stock);
    }
    if dice.once_in(3) {
        extras::autoscaler(&mut dice, &mut text, &workloads);
    }
    if dice.once_in(8) {
        extras::vertical_autoscaler(&mut dice, &mut text, &workloads);
    }
    behaviors(&mut dice, &mut text, &workloads);
    steps::scenario(seed, &mut text, &workloads, nodes, zones);
    text
}

fn node(dice: &mut Dice, text: &mut String, i: usize, zones: usize) {
    let zone = ["zone-a", "zone-b", "zone-c"][i % zones];
    let (cpu, memory, pods) = (dice.of(&["1", "2", "4"]), dice.of(&["1Gi", "2Gi", "8Gi"]), dice.of(&["3", "6", "110"]));
    let taint = match dice.between(0, 9) {
        0 => "spec: {taints: [{key: dedicated, value: x, effect: NoSchedule}]}\n",
        1 => "spec: {unschedulable: true}\n",
        2 => "spec: {taints: [{key: dedicated, value: x, effect: PreferNoSchedule}]}\n",
        _ => "",
    };
    let disk = dice.of(&["ssd", "hdd"]);
    let full = if dice.once_in(3) { format!(", ephemeral-storage: {}", dice.of(&["2Gi", "20Gi", "100Gi"])) } else { String::new() };
    let _ = write!(
        text,
        "---\napiVersion: v1\nkind: Node\nmetadata:\n  name: node-{i}\n  labels: {{kubernetes.io/hostname: node-{i}, topology.kubernetes.io/zone: {zone}, disk: {disk}}}\n\
         {taint}status:\n  allocatable: {{cpu: \"{cpu}\", memory: {memory}, pods: \"{pods}\"{full}}}\n  capacity: {{cpu: \"{cpu}\", memory: {memory}, pods: \"{pods}\"{full}}}\n"
    );
}

fn workload(dice: &mut Dice, text: &mut String, i: usize, stock: Stock) -> Named {
    let name = format!("app-{i}");
    let replicas = dice.between(0, 7);
    let min_ready = if dice.once_in(3) { format!("  minReadySeconds: {}\n", dice.between(1, 30)) } else { String::new() };
    let selector = format!("  selector: {{matchLabels: {{app: {name}}}}}\n");
    let (kind, spec) = match dice.between(0, 9) {
        0..=3 => {
            let strategy = rolling(dice);
            let extra = match dice.between(0, 5) {
                0 => "  paused: true\n".to_owned(),
                1 => format!("  progressDeadlineSeconds: {}\n", dice.between(31, 90)),
                2 => format!("  revisionHistoryLimit: {}\n", dice.between(0, 2)),
                _ => String::new(),
            };
            let spec = format!(
                "  replicas: {replicas}\n{selector}{min_ready}{strategy}{extra}  template:\n{}",
                template(dice, &name, stock, Use::Service)
            );
            (("apps/v1", "Deployment", "deployment"), spec)
        }
        4 | 5 => {
            let policy = dice.of(&["OrderedReady", "Parallel"]);
            let strategy = match dice.between(0, 4) {
                0 => "  updateStrategy: {type: OnDelete}\n".to_owned(),
                1 => format!("  updateStrategy: {{type: RollingUpdate, rollingUpdate: {{partition: {}}}}}\n", dice.between(0, 4)),
                2 => format!(
                    "  updateStrategy: {{type: RollingUpdate, rollingUpdate: {{maxUnavailable: {}}}}}\n",
                    dice.of(&["1", "2", "\"50%\""])
                ),
                _ => String::new(),
            };
            let (used, claims) = if stock.storage && dice.once_in(2) {
                (Use::WithClaims, extras::claim_templates(dice))
            } else {
                (Use::Service, String::new())
            };
            let ordinals = if dice.once_in(5) { "  ordinals: {start: 3}\n" } else { "" };
            let spec = format!(
                "  serviceName: {name}\n  replicas: {replicas}\n  podManagementPolicy: {policy}\n{selector}{min_ready}{strategy}{ordinals}{claims}  template:\n{}",
                template(dice, &name, stock, used)
            );
            (("apps/v1", "StatefulSet", "statefulset"), spec)
        }
        6 => {
            let strategy = match dice.between(0, 3) {
                0 => "  updateStrategy: {type: OnDelete}\n".to_owned(),
                1 => format!(
                    "  updateStrategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: {}, maxUnavailable: 0}}}}\n",
                    dice.of(&["1", "\"50%\""])
                ),
                2 => format!(
                    "  updateStrategy: {{type: RollingUpdate, rollingUpdate: {{maxUnavailable: {}}}}}\n",
                    dice.of(&["1", "2", "\"50%\""])
                ),
                _ => String::new(),
            };
            let spec = format!("{selector}{min_ready}{strategy}  template:\n{}", template(dice, &name, stock, Use::Service));
            (("apps/v1", "DaemonSet", "daemonset"), spec)
        }
        7 | 8 => (("batch/v1", "Job", "job"), job(dice, &name, stock)),
        _ => {
            let spec = format!("  replicas: {replicas}\n{selector}{min_ready}  template:\n{}", template(dice, &name, stock, Use::Service));
            (("apps/v1", "ReplicaSet", "replicaset"), spec)
        }
    };
    let (version, object, word) = kind;
    let _ = write!(text, "---\napiVersion: {version}\nkind: {object}\nmetadata: {{name: {name}}}\nspec:\n{spec}");
    if dice.once_in(6) {
        // A pod of its own that the workload's selector may match.
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: lone-{i}, labels: {{app: {name}}}}}\nspec:\n{}",
            pods::spec(dice, stock, Use::Service, "  ")
        );
    }
    Named { kind: word, name }
}

fn rolling(dice: &mut Dice) -> String {
    if dice.once_in(5) {
        return "  strategy: {type: Recreate}\n".to_owned();
    }
    let (surge, unavailable) = (dice.of(&["0", "1", "2", "\"25%\"", "\"100%\""]), dice.of(&["1", "2", "\"25%\"", "\"100%\"", "0"]));
    let unavailable = if surge == "0" && unavailable == "0" { "1" } else { unavailable };
    format!("  strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}\n")
}

/// The spec of a Job.
pub(super) fn job(dice: &mut Dice, name: &str, stock: Stock) -> String {
    let mut spec = String::new();
    let completions = dice.between(1, 6);
    let indexed = dice.once_in(2);
    let _ = writeln!(spec, "  completions: {completions}\n  parallelism: {}", dice.between(0, 4));
    if indexed {
        spec.push_str("  completionMode: Indexed\n");
        if dice.once_in(3) {
            let _ = writeln!(spec, "  backoffLimitPerIndex: {}", dice.between(0, 2));
        }
    } else {
        let _ = writeln!(spec, "  backoffLimit: {}", dice.between(0, 4));
    }
    if dice.once_in(4) {
        let _ = writeln!(spec, "  activeDeadlineSeconds: {}", dice.between(5, 300));
    }
    if dice.once_in(4) {
        let _ = writeln!(spec, "  ttlSecondsAfterFinished: {}", dice.between(0, 60));
    }
    if dice.once_in(4) {
        spec.push_str("  podReplacementPolicy: Failed\n");
    }
    if dice.once_in(8) {
        spec.push_str("  suspend: true\n");
    }
    let _ = write!(spec, "  template:\n{}", template(dice, name, stock, Use::Job));
    spec
}

fn budget(dice: &mut Dice, text: &mut String, i: usize, workloads: usize) {
    let app = dice.between(0, workloads as u64 - 1);
    let rule = match dice.between(0, 3) {
        0 => format!("minAvailable: {}", dice.between(0, 4)),
        1 => format!("maxUnavailable: {}", dice.between(0, 3)),
        2 => format!("minAvailable: \"{}%\"", dice.of(&["0", "50", "100"])),
        _ => format!("maxUnavailable: \"{}%\"", dice.of(&["0", "34", "100"])),
    };
    let policy = if dice.once_in(3) { ", unhealthyPodEvictionPolicy: AlwaysAllow" } else { "" };
    let selector = if dice.once_in(8) { "{}".to_owned() } else { format!("{{matchLabels: {{app: app-{app}}}}}") };
    let _ = write!(
        text,
        "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: budget-{i}}}\nspec: {{{rule}{policy}, selector: {selector}}}\n"
    );
}

fn behaviors(dice: &mut Dice, text: &mut String, workloads: &[Named]) {
    let mut rules = String::new();
    for workload in workloads {
        if dice.once_in(2) {
            continue;
        }
        let ready = if dice.once_in(8) { "never".to_owned() } else { dice.between(0, 15).to_string() };
        let _ = write!(
            rules,
            "    - match: {}/{}\n      startSeconds: {}\n      stopSeconds: {}\n      readySeconds: {ready}\n",
            workload.kind,
            workload.name,
            dice.between(0, 20),
            dice.between(0, 40)
        );
        if dice.once_in(4) {
            let _ = writeln!(rules, "      exits: [{{afterSeconds: {}, code: {}}}]", dice.between(0, 90), dice.between(0, 1));
        }
        if dice.once_in(12) {
            rules.push_str("      pullFails: true\n");
        }
        if dice.once_in(12) {
            let _ = writeln!(rules, "      processes: {}", dice.of(&["1", "300", "20000"]));
        }
        if dice.once_in(6) {
            let (cpu, memory) = (dice.of(&["100m", "1", "4"]), dice.of(&["64Mi", "700Mi", "3Gi"]));
            let _ = writeln!(
                rules,
                "      load: [{{at: 0s, cpu: {cpu}}}, {{at: {}s, cpu: \"3\", memoryPerPod: {memory}}}]",
                dice.between(30, 900)
            );
        }
    }
    if !rules.is_empty() {
        let _ = write!(
            text,
            "---\napiVersion: wavetank.dev/v1alpha1\nkind: Behavior\nmetadata: {{name: measured}}\nspec:\n  workloads:\n{rules}"
        );
    }
}

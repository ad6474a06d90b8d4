//! Random pod templates: requests, constraints, containers before and beside the main one, probes, volumes.

use super::world::Dice;

/// What a pod may be made of in this world.
#[derive(Clone, Copy)]
pub(super) struct Stock {
    /// There are priority classes.
    pub(super) classes: bool,
    /// How many nodes there are.
    pub(super) nodes: usize,
    /// There is a storage class and a claim `shared`.
    pub(super) storage: bool,
}

/// Where the pod is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// By what keeps pods running.
    Service,
    /// The same, with a claim template `data`.
    WithClaims,
    /// By a Job.
    Job,
}

/// A template whose pods carry `app: NAME`.
pub(super) fn template(dice: &mut Dice, name: &str, stock: Stock, used: Use) -> String {
    format!("    metadata: {{labels: {{app: {name}}}}}\n    spec:\n{}", spec(dice, stock, used, "    "))
}

/// The spec of a pod, indented by `indent` and two spaces.
pub(super) fn spec(dice: &mut Dice, stock: Stock, used: Use, indent: &str) -> String {
    let Stock { classes, nodes, storage } = stock;
    let mut lines: Vec<String> = Vec::new();
    let (cpu, memory) = (dice.of(&["0", "50m", "200m", "700m", "1500m"]), dice.of(&["0", "32Mi", "256Mi", "900Mi"]));
    let limits = match dice.between(0, 7) {
        0 => ", limits: {memory: 1Gi}",
        1 => ", limits: {cpu: \"2\", memory: 2Gi}",
        _ => "",
    };
    let mounted = used == Use::WithClaims || (storage && used == Use::Service && dice.once_in(4));
    let mounts = if mounted { ", volumeMounts: [{name: data, mountPath: /data}]" } else { "" };
    lines.push(format!(
        "containers: [{{name: main, image: \"app:{}\", resources: {{requests: {{cpu: {cpu}, memory: {memory}}}{limits}}}{}{}{mounts}}}{}]",
        dice.between(1, 3),
        port(dice),
        probes(dice, used),
        beside(dice)
    ));
    if let Some(before) = before(dice) {
        lines.push(before);
    }
    if mounted && used != Use::WithClaims {
        lines.push("volumes: [{name: data, persistentVolumeClaim: {claimName: shared}}]".to_owned());
    }
    if used == Use::Job {
        lines.push(format!("restartPolicy: {}", dice.of(&["Never", "OnFailure"])));
    }
    if classes && dice.once_in(2) {
        lines.push(format!("priorityClassName: {}", dice.of(&["high", "low"])));
    }
    if dice.once_in(3) {
        lines.push(format!("terminationGracePeriodSeconds: {}", dice.of(&["0", "1", "5", "60"])));
    }
    match dice.between(0, 11) {
        0 => lines.push("nodeSelector: {disk: ssd}".to_owned()),
        // Of a controller that makes pods again and again this is an endless storm, which has its own case in the bank.
        1 if used == Use::Job => lines.push(format!("nodeName: node-{}", dice.between(0, nodes as u64))),
        2 | 3 => lines.push(format!(
            "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: {}, whenUnsatisfiable: {}, labelSelector: {{matchLabels: {{app: app-0}}}}}}]",
            dice.of(&["topology.kubernetes.io/zone", "kubernetes.io/hostname"]),
            dice.of(&["DoNotSchedule", "ScheduleAnyway"])
        )),
        4 => lines.push(
            "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchExpressions: [{key: app, operator: Exists}]}}]}}"
                .to_owned(),
        ),
        _ => {}
    }
    match dice.between(0, 7) {
        0 => lines.push("tolerations: [{operator: Exists}]".to_owned()),
        1 => lines.push(format!(
            "tolerations: [{{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: {}}}]",
            dice.of(&["0", "30", "900"])
        )),
        2 => lines.push("tolerations: [{key: dedicated, operator: Exists}]".to_owned()),
        _ => {}
    }
    lines.iter().map(|line| format!("{indent}  {line}\n")).collect()
}

fn probes(dice: &mut Dice, used: Use) -> String {
    if used == Use::Job || !dice.once_in(4) {
        return String::new();
    }
    let mut text = String::new();
    for (kind, one_in) in [("startupProbe", 3), ("readinessProbe", 2), ("livenessProbe", 3)] {
        if dice.once_in(one_in) {
            text += &format!(
                ", {kind}: {{tcpSocket: {{port: 80}}, periodSeconds: {}, failureThreshold: {}, initialDelaySeconds: {}}}",
                dice.between(1, 10),
                dice.between(1, 4),
                dice.of(&["0", "0", "3", "15"])
            );
        }
    }
    text
}

fn beside(dice: &mut Dice) -> String {
    if dice.once_in(10) { ", {name: beside, image: \"beside:1\", resources: {requests: {cpu: 20m}}}".to_owned() } else { String::new() }
}

fn before(dice: &mut Dice) -> Option<String> {
    match dice.between(0, 11) {
        0 => Some("initContainers: [{name: first, image: \"first:1\", resources: {requests: {memory: 300Mi}}}]".to_owned()),
        1 => {
            Some("initContainers: [{name: proxy, image: \"proxy:1\", restartPolicy: Always, resources: {requests: {cpu: 30m}}}]".to_owned())
        }
        2 => {
            Some("initContainers: [{name: proxy, image: \"proxy:1\", restartPolicy: Always}, {name: first, image: \"first:1\"}]".to_owned())
        }
        _ => None,
    }
}

fn port(dice: &mut Dice) -> String {
    if dice.once_in(8) { ", ports: [{containerPort: 80, hostPort: 8080}]".to_owned() } else { String::new() }
}

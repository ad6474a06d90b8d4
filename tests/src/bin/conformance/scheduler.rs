//! What kube-scheduler decides, pod by pod, against what the core's scheduler decides.
//!
//! Owns the comparison with `conformance/scheduler/*.jsonl`: replays each case as its README says and compares every field of
//! every decision. It carries decisions out itself; the rules it compares are the core's.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use wavetank_core::cluster::Cluster;
use wavetank_core::cluster::build::{Builder, ClusterOptions, Thing};
use wavetank_core::cluster::ids::{NodeId, PodId, VolumeId};
use wavetank_core::cluster::labels::{Operator, Requirement};
use wavetank_core::cluster::pod::Phase;
use wavetank_core::cluster::template::NodeSelectorTerm;
use wavetank_core::cluster::volumes::{Volume, VolumeBackend};
use wavetank_core::manifest::Object;
use wavetank_core::scheduler::attempt::{Attempt, Matrix, Nomination, Outcome};
use wavetank_core::scheduler::config::SchedulerConfig;
use wavetank_core::scheduler::plugins::plugins_of;
use wavetank_core::scheduler::plugins::volume_binding::NodeVolumes;
use wavetank_core::scheduler::status::Refusal;
use wavetank_core::scheduler::{Detail, Scheduler};
use wavetank_core::units::intern::Sym;
use wavetank_core::units::time::{SECOND, Time};
use wavetank_tests::conformance_report::Report;

/// Judges every family that is there in the given folders.
pub(crate) fn judge(dirs: &[PathBuf]) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::new("scheduler");
    for dir in dirs {
        let mut files: Vec<PathBuf> = if dir.is_file() {
            vec![dir.clone()]
        } else {
            std::fs::read_dir(dir)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?
        };
        files.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
        files.sort();
        for file in files {
            judge_file(&mut report, &file)?;
        }
    }
    Ok(report)
}

fn judge_file(report: &mut Report, path: &Path) -> Result<(), Box<dyn Error>> {
    for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).map_err(|e| format!("{}: {e}", path.display()))?;
        let (id, family) = (text(&case, "id"), text(&case, "family"));
        let family = report.family(family);
        let decisions = list(&case["result"], "decisions");
        let mut replay = match Replay::new(&case) {
            Ok(replay) => replay,
            Err(error) => {
                decisions.iter().for_each(|d| family.disagree(d.to_string(), error.as_str(), id));
                continue;
            }
        };
        let order = replay.order_matches();
        for (k, expected) in decisions.iter().enumerate() {
            // A retry after preemption is a decision of its own.
            for (expected, mut differences) in replay.decide(k, expected) {
                if !order {
                    differences.push("order: another node list".to_owned());
                }
                if differences.is_empty() {
                    family.agree();
                } else {
                    family.disagree(expected.to_string(), differences.join("\n"), format!("{id} {}", text(expected, "pod")));
                }
            }
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What others refer to goes in first; within a kind, as given. Pods come after everything else.
fn turn(kind: &str) -> u8 {
    match kind {
        "Namespace" | "PriorityClass" => 0,
        "StorageClass" | "CSIDriver" | "CSINode" | "CSIStorageCapacity" | "PersistentVolume" => 1,
        "Node" => 2,
        "Pod" => 4,
        _ => 3,
    }
}

/// One case being replayed.
struct Replay<'a> {
    case: &'a Value,
    cluster: Cluster,
    scheduler: Scheduler,
    pending: Vec<PodId>,
    // Case number to node, and back.
    nodes: Vec<NodeId>,
    // Pods with a nomination, be it to a node that does not exist.
    nominated: BTreeSet<PodId>,
    placed: i64,
}

/// Midnight of the second day: when the first pod of a case starts.
const SECOND_DAY: Time = Time::at(24 * 3600 * SECOND);

impl<'a> Replay<'a> {
    fn new(case: &'a Value) -> Result<Replay<'a>, String> {
        let mut cluster = Cluster::default();
        let mut config = SchedulerConfig::standard(&mut cluster.text);
        let mut objects: Vec<&Value> = list(case, "objects").iter().collect();
        if let Some(given) = objects.iter().find(|o| text(o, "kind") == "KubeSchedulerConfiguration") {
            config = SchedulerConfig::from_json(given, &mut cluster.text).map_err(|errors| errors.join("; "))?;
        }
        if case.get("sampling").is_none() {
            config.percentage_of_nodes_to_score = 100;
            config.profiles.iter_mut().for_each(|p| p.percentage_of_nodes_to_score = None);
        }
        config.profiles.iter_mut().for_each(|p| p.min_candidate_nodes_percentage = 100);
        objects.retain(|o| text(o, "kind") != "KubeSchedulerConfiguration");
        objects.sort_by_key(|o| turn(text(o, "kind")));
        let mut builder = Builder::new(&mut cluster, ClusterOptions::verbatim());
        let mut put = |value: &Value| -> Result<Option<Thing>, String> {
            let object = Object::from_value(value.clone()).map_err(|e| format!("{e}"))?;
            Ok(builder.insert(&object, None).map(|inserted| inserted.thing))
        };
        let mut nodes = Vec::new();
        for object in objects {
            if let Some(Thing::Node(id)) = put(object)? {
                nodes.push(id);
            }
        }
        let (mut pending, mut nominated) = (Vec::new(), BTreeSet::new());
        for pod in list(case, "pending") {
            let Some(Thing::Pod(id)) = put(pod)? else { return Err("a pending pod is no pod".to_owned()) };
            pending.push(id);
            if pod["status"].get("nominatedNodeName").is_some() {
                nominated.insert(id);
            }
        }
        let mut scheduler = Scheduler::new(&config, &cluster);
        for (id, pod) in cluster.live_pods() {
            if pod.is_unscheduled() && pod.nominated.is_some() {
                scheduler.nominate(id, pod.nominated);
            }
        }
        Ok(Replay { case, cluster, scheduler, pending, nodes, nominated, placed: 0 })
    }

    fn number(&self, node: NodeId) -> usize {
        self.nodes.iter().position(|&n| n == node).unwrap_or(usize::MAX)
    }

    fn order_matches(&mut self) -> bool {
        let order: Vec<NodeId> = self.scheduler.node_order().to_vec();
        let got: Vec<Value> = order.into_iter().map(|n| json!(self.number(n))).collect();
        got == list(&self.case["result"], "order")
    }

    /// Decides about the k-th pending pod and carries it out as recorded, again after each preemption. Tells what differs.
    fn decide<'e>(&mut self, k: usize, expected: &'e Value) -> Vec<(&'e Value, Vec<String>)> {
        let pod = self.pending[k];
        let (mut expected, mut decisions) = (expected, Vec::new());
        loop {
            let now = SECOND_DAY + self.placed * SECOND;
            // Without details much is taken from what was kept; the decision must be the same.
            let brief = self.scheduler.clone().attempt(&self.cluster, pod, now, Detail::Decision);
            let attempt = self.scheduler.attempt(&self.cluster, pod, now, Detail::Full);
            let mut differences = Vec::new();
            if brief.outcome != attempt.outcome || brief.message != attempt.message {
                differences.push(format!("without details: {:?} {:?}", brief.outcome, brief.message));
            }
            self.compare(&attempt, expected, &mut differences);
            self.carry_out(pod, &attempt, expected);
            decisions.push((expected, differences));
            match expected.get("after_preemption") {
                Some(next) => expected = next,
                None => return decisions,
            }
        }
    }

    /// Does what the recorded decision says, so that later decisions are comparable whatever this one was.
    fn carry_out(&mut self, pod: PodId, attempt: &Attempt, expected: &Value) {
        let cluster = &mut self.cluster;
        if expected.get("nomination_cleared").is_some() {
            cluster.pods[pod.index()].nominated = None;
            self.scheduler.nominate(pod, None);
            self.nominated.remove(&pod);
        }
        if let Some(node) = expected.get("picked").and_then(Value::as_str).and_then(|n| cluster.node_named(n)) {
            let volumes = self.scheduler.volumes_on(cluster, attempt, node).unwrap_or_default();
            bind_claims(cluster, &volumes, node);
            self.placed += 1;
            let bound = &mut cluster.pods[pod.index()];
            bound.node = Some(node);
            bound.nominated = None;
            bound.phase = Phase::Running;
            bound.started = Some(SECOND_DAY + self.placed * SECOND);
            cluster.nodes[node.index()].pods.push(pod);
            self.scheduler.pod_bound(cluster, pod);
        }
        let preemption = &expected["preemption"];
        let Some(node) = preemption.get("picked").and_then(Value::as_str).and_then(|n| cluster.node_named(n)) else { return };
        let number = self.nodes.iter().position(|&n| n == node).unwrap_or(usize::MAX);
        let candidate = list(preemption, "candidates").iter().find(|c| c["node"] == json!(number));
        let by_name: BTreeMap<String, PodId> = cluster.live_pods().map(|(id, _)| (cluster.pod_full_name(id), id)).collect();
        let named = |v: &Value| v.as_str().and_then(|name| by_name.get(name)).copied();
        for victim in candidate.into_iter().flat_map(|c| list(c, "victims")).filter_map(named) {
            self.scheduler.pod_removed(cluster, victim);
            cluster.pods[victim.index()].gone = true;
            cluster.nodes[node.index()].pods.retain(|&p| p != victim);
        }
        for cleared in list(preemption, "cleared").iter().filter_map(named) {
            cluster.pods[cleared.index()].nominated = None;
            self.scheduler.nominate(cleared, None);
            self.nominated.remove(&cleared);
        }
        cluster.pods[pod.index()].nominated = Some(node);
        self.scheduler.nominate(pod, Some(node));
        self.nominated.insert(pod);
    }

    fn compare(&self, attempt: &Attempt, expected: &Value, differences: &mut Vec<String>) {
        let got = self.described(attempt);
        let wanted = self.normalized(expected);
        let keys: BTreeSet<&String> = got.keys().chain(wanted.keys()).collect();
        for key in keys {
            let (wanted, got) = (wanted.get(key).unwrap_or(&Value::Null), got.get(key).unwrap_or(&Value::Null));
            // `taken`, `start` and `evaluated` are recorded only where they matter.
            if wanted != got && !(wanted.is_null() && matches!(key.as_str(), "taken" | "evaluated")) {
                differences.push(format!("{key}: {got} instead of {wanted}"));
            }
        }
    }

    /// The recorded decision with everything that is a set in one order, and everything by node.
    fn normalized(&self, expected: &Value) -> Map<String, Value> {
        let mut wanted = Map::new();
        for key in ["ignored", "gated", "prefilter", "total", "message", "volumes", "taken", "evaluated"] {
            if let Some(value) = expected.get(key) {
                wanted.insert(key.to_owned(), value.clone());
            }
        }
        wanted.insert("nominated".to_owned(), json!(expected.get("nominated").is_some()));
        if expected.get("filter").is_some() {
            wanted.insert("start".to_owned(), expected.get("start").cloned().unwrap_or(json!(0)));
            let fails = list(expected, "fails");
            let status = |v: &Value| match v.as_i64() {
                Some(k) if k > 0 => refusal_value(
                    text(&fails[k as usize - 1], "plugin"),
                    text(&fails[k as usize - 1], "code"),
                    list(&fails[k as usize - 1], "reasons"),
                ),
                _ => v.clone(),
            };
            wanted.insert("filter".to_owned(), list(expected, "filter").iter().map(status).collect());
            wanted.insert("best".to_owned(), sorted(list(expected, "best").to_vec()));
        }
        if expected.get("total").is_some() {
            let score = |s: &Value| json!([s["plugin"], s["weight"], s["raw"], s.get("norm").unwrap_or(&s["raw"])]);
            wanted.insert("scores".to_owned(), list(expected, "scores").iter().map(score).collect());
        }
        wanted.insert("rejectors".to_owned(), sorted(list(expected, "rejectors").to_vec()));
        wanted.insert("nomination_cleared".to_owned(), json!(expected.get("nomination_cleared").is_some()));
        if let Some(preemption) = expected.get("preemption") {
            let candidate = |c: &Value| json!([c["node"], list(c, "victims"), c.get("pdb_violations").unwrap_or(&json!(0))]);
            let refused = |r: &Value| json!([r["node"], r["code"], sorted(list(r, "reasons").to_vec())]);
            let value = json!({
                "not_eligible": preemption.get("not_eligible"),
                "candidates": sorted(list(preemption, "candidates").iter().map(candidate).collect()),
                "refused": sorted(list(preemption, "refused").iter().map(refused).collect()),
                "best": sorted(list(preemption, "best").to_vec()),
                "cleared": sorted(list(preemption, "cleared").to_vec()),
            });
            wanted.insert("preemption".to_owned(), value);
        }
        wanted
    }

    /// The attempt in the same form.
    fn described(&self, attempt: &Attempt) -> Map<String, Value> {
        let (cluster, mut got) = (&self.cluster, Map::new());
        let mut put = |key: &str, value: Value| {
            got.insert(key.to_owned(), value);
        };
        put("nominated", json!(attempt.took_nominated));
        put("rejectors", sorted(plugins_of(attempt.rejectors).map(|p| json!(p.name())).collect()));
        let had_nomination = self.nominated.contains(&attempt.pod);
        put("nomination_cleared", json!(attempt.nomination == Nomination::Clear && had_nomination));
        match &attempt.outcome {
            Outcome::Ignored(why) => put("ignored", json!(why)),
            Outcome::Gated(refusal) => put("gated", plain_refusal(refusal)),
            Outcome::Placed(_) | Outcome::Unplaced => {}
        }
        if let Some(refusal) = &attempt.prefilter {
            put("prefilter", plain_refusal(refusal));
        }
        if !attempt.message.is_empty() {
            put("message", json!(attempt.message));
        }
        if let Some(matrix) = &attempt.matrix {
            self.describe_matrix(attempt, matrix, &mut put);
        }
        if let Some(volumes) = attempt.volumes.as_ref().filter(|v| !v.matched.is_empty() || !v.provisioned.is_empty()) {
            put("volumes", volume_names(cluster, volumes));
        }
        if let Some(found) = &attempt.preemption {
            let name = |&p: &PodId| json!(cluster.pod_full_name(p));
            let candidate = |c: &wavetank_core::scheduler::attempt::Candidate| {
                json!([self.number(c.node), c.victims.iter().map(name).collect::<Vec<_>>(), c.pdb_violations])
            };
            let refused = |(node, r): &(NodeId, Refusal)| {
                json!([self.number(*node), r.code.name(), sorted(r.reasons.iter().map(|x| json!(x)).collect())])
            };
            let value = json!({
                "not_eligible": found.not_eligible,
                "candidates": sorted(found.candidates.iter().map(candidate).collect()),
                "refused": sorted(found.refused.iter().map(refused).collect()),
                "best": sorted(found.best.iter().map(|&n| json!(self.number(n))).collect()),
                "cleared": sorted(found.cleared.iter().map(name).collect()),
            });
            put("preemption", value);
        }
        got
    }

    fn describe_matrix(&self, attempt: &Attempt, matrix: &Matrix, put: &mut dyn FnMut(&str, Value)) {
        put("start", json!(attempt.start));
        put("evaluated", json!(attempt.evaluated));
        let order = self.scheduler.cache().order();
        let mut filter = vec![Value::Null; self.nodes.len()];
        for (&node, &status) in order.iter().zip(&matrix.filter) {
            filter[self.number(node)] = match usize::try_from(status) {
                Ok(k) if k > 0 => {
                    let refusal = &matrix.fails[k - 1];
                    let reasons: Vec<Value> = refusal.reasons.iter().map(|r| json!(r)).collect();
                    refusal_value(refusal.plugin.map_or("", |p| p.name()), refusal.code.name(), &reasons)
                }
                _ => json!(status),
            };
        }
        put("filter", json!(filter));
        put("best", sorted(matrix.best.iter().map(|&n| json!(self.number(n))).collect()));
        if let Some(node) = attempt.node().filter(|_| matrix.best.len() > 1) {
            put("taken", json!(self.cluster.text(self.cluster.node(node).name)));
        }
        if matrix.feasible.len() < 2 {
            return;
        }
        // Scores are given in case order.
        let mut places: Vec<usize> = (0..matrix.feasible.len()).collect();
        places.sort_by_key(|&i| self.number(matrix.feasible[i]));
        let in_order = |scores: &[i64]| places.iter().map(|&i| scores[i]).collect::<Vec<i64>>();
        let worth = matrix.scores.iter().filter(|s| s.raw.iter().chain(&s.normalized).any(|&x| x != 0));
        let score = |s: &wavetank_core::scheduler::attempt::PluginScores| {
            json!([s.plugin.name(), s.weight, in_order(&s.raw), in_order(&s.normalized)])
        };
        put("scores", worth.map(score).collect());
        put("total", json!(in_order(&matrix.totals)));
    }
}

fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(Value::to_string);
    Value::Array(values)
}

fn refusal_value(plugin: &str, code: &str, reasons: &[Value]) -> Value {
    json!([plugin, code, sorted(reasons.to_vec())])
}

fn plain_refusal(refusal: &Refusal) -> Value {
    let mut value = json!({"code": refusal.code.name(), "reasons": *refusal.reasons});
    if let Some(plugin) = refusal.plugin {
        value["plugin"] = json!(plugin.name());
    }
    value
}

fn claim_name(cluster: &Cluster, claim: wavetank_core::cluster::ids::ClaimId) -> String {
    let claim = &cluster.storage.claims[claim.index()];
    format!("{}/{}", cluster.namespace_name(claim.namespace), cluster.text(claim.name))
}

fn volume_names(cluster: &Cluster, volumes: &NodeVolumes) -> Value {
    let mut names = Map::new();
    for &(claim, volume) in &volumes.matched {
        names.insert(claim_name(cluster, claim), json!(cluster.text(cluster.storage.volumes[volume.index()].name)));
    }
    for &(claim, _) in &volumes.provisioned {
        let name = claim_name(cluster, claim);
        let volume = format!("pvc-{}", name.replace('/', "-"));
        names.insert(name, json!(volume));
    }
    names.sort_keys();
    Value::Object(names)
}

/// Binds claims at once, as the recording does: to the matched volume, or to a new one.
fn bind_claims(cluster: &mut Cluster, volumes: &NodeVolumes, node: NodeId) {
    for &(claim, volume) in &volumes.matched {
        bind_claim(cluster, claim, volume);
    }
    for &(id, _) in &volumes.provisioned {
        let claim = cluster.storage.claims[id.index()].clone();
        let name = cluster.text.intern(&format!("pvc-{}", claim_name(cluster, id).replace('/', "-")));
        let class_name = claim.spec.class.unwrap_or(Sym::EMPTY);
        let class = cluster.storage.class(class_name).map(|c| cluster.storage.classes[c.index()].clone());
        let driver = class.as_ref().map_or(Sym::EMPTY, |c| c.provisioner);
        let host = cluster.node(node);
        let mut keys: Vec<Sym> = class.iter().flat_map(|c| c.allowed_topologies.iter().flatten().map(|(key, _)| *key)).collect();
        if keys.is_empty() {
            let csi_node = cluster.storage.csi_nodes.iter().find(|c| c.node == host.name);
            let listed = csi_node.and_then(|c| c.drivers.iter().find(|d| d.driver == driver));
            keys = listed.map(|d| d.topology_keys.clone()).unwrap_or_default();
        }
        keys.sort_unstable();
        keys.dedup();
        let at = |key: &Sym| host.labels.get(*key).map(|value| Requirement { key: *key, operator: Operator::In, values: vec![value] });
        let expressions: Vec<Requirement> = keys.iter().filter_map(at).collect();
        let volume = Volume {
            name,
            labels: Default::default(),
            capacity: claim.spec.size,
            access: claim.spec.access,
            class: class_name,
            block: claim.spec.block,
            attributes_class: claim.spec.attributes_class,
            node_affinity: (!expressions.is_empty()).then(|| vec![NodeSelectorTerm { expressions, ..NodeSelectorTerm::default() }]),
            claim_ref: None,
            available: false,
            released: false,
            deleting: false,
            gone: false,
            backend: VolumeBackend::Csi { driver, handle: name },
            delete_on_release: true,
        };
        let new = VolumeId::from_index(cluster.storage.volumes.len());
        cluster.storage.volumes.push(volume);
        bind_claim(cluster, id, new);
    }
}

fn bind_claim(cluster: &mut Cluster, id: wavetank_core::cluster::ids::ClaimId, volume: VolumeId) {
    let claim = &cluster.storage.claims[id.index()];
    let reference = (cluster.namespaces[claim.namespace.index()].name, claim.name);
    let bound = &mut cluster.storage.volumes[volume.index()];
    bound.claim_ref = Some(reference);
    bound.available = false;
    let name = bound.name;
    let claim = &mut cluster.storage.claims[id.index()];
    claim.spec.volume_name = Some(name);
    claim.volume = Some(volume);
    claim.bind_completed = true;
}

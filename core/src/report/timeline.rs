//! The timeline: equal things that happen together become one entry that a person can read.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::amounts::{counted, listed};
use super::losses::same_words;
use super::model::{Entry, EntryKind, MOST_NAMES};
use super::told::{Short, Told, delete_reason, node_ready, unready_reason};
use crate::cluster::ids::{NodeId, PodId, ZoneId};
use crate::cluster::node::NodeReady;
use crate::cluster::state::Workload;
use crate::cluster::template::TaintEffect;
use crate::trace::{Change, DeleteReason, Message, Record, RecordId, Subject, TextId, UnreadyReason};
use crate::units::arrange::Arrange;
use crate::units::intern::Sym;
use crate::units::time::{MINUTE, Millis, SECOND};

/// What makes records equal: they get one entry if they also happen close to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Like nothing else.
    Alone(u32),
    Machines(bool),
    NodeReady(NodeReady),
    Tainted(Sym, TaintEffect),
    Untainted(Sym, TaintEffect),
    Cordoned(bool),
    Pressure(bool),
    NodesCame(bool),
    Unready(UnreadyReason),
    Deleting(DeleteReason),
    Failed(Sym),
    /// Evicted by a kubelet.
    Short(Short),
    /// Of pods that were being deleted.
    Stopped,
    Created,
    Placed,
    Unplaced(TextId),
    Running,
    Ready,
    Restarted,
    Resized,
    Succeeded,
    Gone,
    Nominated,
    Marked,
    Refused(TextId),
    Scaled,
    Told(TextId),
    Event(Sym, Message, bool),
    /// Events whose messages differ by the name of a pod.
    Naming(Sym, bool),
    Claims,
    NotCreated(Subject),
    Volume(VolumeStep),
}

/// What happens to a volume on its way to a node and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum VolumeStep {
    Attaching,
    Attached,
    Detaching,
    Detached,
    Released,
}

/// How the text of machines that die ends.
pub(super) const UNNOTICED: &str = "; Kubernetes has not noticed yet";

/// Reasons of events whose text names a pod, a different one each time.
const NAMING: [&str; 3] = ["SuccessfulCreate", "SuccessfulDelete", "MultiplePodDisruptionBudgets"];

/// How far apart equal things may be and still be told together.
const CLOSE: Millis = 12 * SECOND;
/// A refusal is repeated for as long as somebody asks.
const CLOSE_REFUSALS: Millis = 2 * MINUTE;
/// How many names a sentence has.
const NAMES: usize = 3;

struct Group {
    likeness: Likeness,
    first: RecordId,
    at: Millis,
    to: Millis,
    count: usize,
    records: Vec<RecordId>,
    nodes: Vec<NodeId>,
    zones: BTreeMap<ZoneId, usize>,
    workloads: BTreeMap<Workload, usize>,
    pods: Vec<PodId>,
    /// Of what is said of a pod again and again: the pods of which it was said.
    told_of: BTreeSet<PodId>,
}

/// The timeline of a trace.
pub fn timeline(told: &Told<'_>) -> Vec<Entry> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open: BTreeMap<Likeness, usize> = BTreeMap::new();
    let mut group_of: Vec<u32> = Vec::with_capacity(told.trace.len());
    let mut leaving = vec![false; told.cluster.pods.len()];
    for (id, record) in told.trace.numbered() {
        let deleting = match (record.subject, record.change) {
            (Subject::Pod(pod), Change::PodDeleting(_)) => {
                leaving.get_mut(pod.index()).is_some_and(|leaving| std::mem::replace(leaving, true))
            }
            (Subject::Pod(pod), _) => leaving.get(pod.index()).copied().unwrap_or_default(),
            _ => false,
        };
        let likeness = likeness(told, id, record, deleting);
        let close = match likeness {
            Likeness::Refused(_) => CLOSE_REFUSALS,
            // The scheduler and controllers try again every few minutes for ever: the same answer is news only once.
            Likeness::Unplaced(_) | Likeness::NotCreated(_) => Millis::MAX,
            _ => CLOSE,
        };
        let time = record.time.millis();
        let at = match open.get(&likeness) {
            Some(&at) if time - groups[at].to <= close => at,
            _ => {
                groups.push(Group::new(likeness, id, time));
                open.insert(likeness, groups.len() - 1);
                groups.len() - 1
            }
        };
        // What a step begins ends all groups: what was before it and what is after it are two stories.
        if record.change == Change::StepBegins {
            open.clear();
        }
        group_of.push(at as u32);
        groups[at].add(told, id, record);
    }
    let of_record = |id: RecordId| group_of.get(id.0 as usize).map(|&g| g as usize);
    let because = |group: &Group| told.trace.record(group.first).and_then(|r| r.cause).and_then(of_record);
    let mut entries: Vec<Entry> = groups.iter().map(|group| group.entry(told, because(group))).collect();
    // What does no more than its step says is told once.
    for i in 0..entries.len() {
        let says = |step: &Entry| step.kind == EntryKind::Step && same_words(&step.text, &entries[i].text);
        if entries[i].because.filter(|&step| step != i).and_then(|step| entries.get(step)).is_some_and(says) {
            entries[i].key = false;
        }
    }
    entries
}

/// `deleting`: the record's pod was being deleted before it.
fn likeness(told: &Told<'_>, id: RecordId, record: &Record, deleting: bool) -> Likeness {
    match record.change {
        Change::NodeFailed => Likeness::Machines(false),
        Change::NodeRecovered => Likeness::Machines(true),
        Change::NodeReady(ready) => Likeness::NodeReady(ready),
        Change::NodeTainted(key, effect) => Likeness::Tainted(key, effect),
        Change::NodeUntainted(key, effect) => Likeness::Untainted(key, effect),
        Change::NodeCordoned => Likeness::Cordoned(true),
        Change::NodeUncordoned => Likeness::Cordoned(false),
        Change::NodeMemoryPressure(on) => Likeness::Pressure(on),
        Change::NodeAdded => Likeness::NodesCame(true),
        Change::NodeDeleted => Likeness::NodesCame(false),
        Change::PodUnready(reason) => Likeness::Unready(reason),
        Change::PodDeleting(reason) => Likeness::Deleting(reason),
        Change::PodFailed(reason, _) if deleting && told.cluster.text(reason).is_empty() => Likeness::Stopped,
        Change::PodFailed(reason, message) => match Short::of(told.trace.text(message)) {
            Some(short) if told.cluster.text(reason) == "Evicted" => Likeness::Short(short),
            _ => Likeness::Failed(reason),
        },
        Change::PodCreated => Likeness::Created,
        Change::PodBound(_) => Likeness::Placed,
        Change::PodUnschedulable(text) => Likeness::Unplaced(text),
        Change::PodRunning => Likeness::Running,
        Change::PodReady => Likeness::Ready,
        Change::PodRestarted(_) => Likeness::Restarted,
        Change::PodResized => Likeness::Resized,
        Change::PodSucceeded => Likeness::Succeeded,
        Change::PodGone => Likeness::Gone,
        Change::PodNominated(_) => Likeness::Nominated,
        Change::PodDisruptionTarget(_) => Likeness::Marked,
        Change::EvictionRefused(_, text) => Likeness::Refused(text),
        Change::ReplicaSetScaled(..) => Likeness::Scaled,
        Change::Condition(_) if matches!(record.subject, Subject::Autoscaler(_)) => Likeness::Alone(id.0),
        Change::Condition(text) => Likeness::Told(text),
        Change::ClaimBound(_) => Likeness::Claims,
        Change::VolumeAttaching(_) => Likeness::Volume(VolumeStep::Attaching),
        Change::VolumeAttached(_) => Likeness::Volume(VolumeStep::Attached),
        Change::VolumeDetaching(_) => Likeness::Volume(VolumeStep::Detaching),
        Change::VolumeDetached(_) => Likeness::Volume(VolumeStep::Detached),
        Change::VolumeReleased => Likeness::Volume(VolumeStep::Released),
        Change::Event { class, message, .. } => {
            let class = told.trace.class(class);
            match (message, told.cluster.text(class.reason)) {
                (Message::Text(_), "FailedCreate") if class.warning => Likeness::NotCreated(record.subject),
                (Message::PodCreated(_) | Message::PodDeleted(_) | Message::Assigned(_), _) => {
                    Likeness::Naming(class.reason, class.warning)
                }
                (_, reason) if NAMING.contains(&reason) => Likeness::Naming(class.reason, class.warning),
                _ => Likeness::Event(class.reason, message, class.warning),
            }
        }
        _ => Likeness::Alone(id.0),
    }
}

impl Group {
    fn new(likeness: Likeness, first: RecordId, at: Millis) -> Group {
        Group {
            likeness,
            first,
            at,
            to: at,
            count: 0,
            records: Vec::new(),
            nodes: Vec::new(),
            zones: BTreeMap::new(),
            workloads: BTreeMap::new(),
            pods: Vec::new(),
            told_of: BTreeSet::new(),
        }
    }

    fn add(&mut self, told: &Told<'_>, id: RecordId, record: &Record) {
        self.to = record.time.millis();
        self.count += 1;
        if self.records.len() < MOST_NAMES {
            self.records.push(id);
        }
        let mut in_zone = |node: NodeId| {
            if let Some(node) = told.cluster.nodes.get(node.index()) {
                *self.zones.entry(node.zone).or_default() += 1;
            }
        };
        match record.subject {
            Subject::Node(node) => {
                in_zone(node);
                self.nodes.push(node);
            }
            Subject::Pod(pod) => {
                if let Change::PodBound(node) = record.change {
                    in_zone(node);
                }
                let repeats = matches!(self.likeness, Likeness::Unplaced(_) | Likeness::Refused(_));
                if !repeats || self.told_of.insert(pod) {
                    *self.workloads.entry(told.cluster.workload_of(pod)).or_default() += 1;
                }
                if self.pods.len() < MOST_NAMES {
                    self.pods.push(pod);
                }
            }
            Subject::Deployment(deployment) => *self.workloads.entry(Workload::Deployment(deployment)).or_default() += 1,
            Subject::ReplicaSet(set) => *self.workloads.entry(told.of_replica_set(set)).or_default() += 1,
            Subject::StatefulSet(set) => *self.workloads.entry(Workload::StatefulSet(set)).or_default() += 1,
            Subject::DaemonSet(set) => *self.workloads.entry(Workload::DaemonSet(set)).or_default() += 1,
            Subject::Job(job) => *self.workloads.entry(Workload::Job(job)).or_default() += 1,
            _ => {}
        }
    }

    fn entry(&self, told: &Told<'_>, because: Option<usize>) -> Entry {
        let (kind, key, text) = self.tell(told);
        Entry {
            at_ms: self.at,
            to_ms: self.to,
            kind,
            key,
            text,
            count: self.count,
            records: self.records.iter().map(|id| id.0).collect(),
            because,
        }
    }

    /// `12 pods (deployment/web 4, deployment/api 3)`, or the one pod by name.
    fn pods_told(&self, told: &Told<'_>) -> String {
        if let ([pod], 1) = (&self.pods[..], self.count) {
            return match told.cluster.workload_of(*pod) {
                Workload::Pod(_) => format!("pod {}", told.pod(*pod)),
                workload => format!("pod {} of {}", told.pod(*pod), told.workload(workload)),
            };
        }
        let mut most: Vec<(&Workload, &usize)> = self.workloads.iter().collect();
        most.arrange_by_key(|(_, count)| std::cmp::Reverse(**count));
        if let [(workload, count)] = most[..] {
            return format!("{} of {}", counted(*count, "pod"), told.workload(*workload));
        }
        let one_each = most.iter().all(|(_, count)| **count == 1);
        let name = |(workload, count): &(&Workload, &usize)| match one_each {
            true => told.workload(**workload),
            false => format!("{} {count}", told.workload(**workload)),
        };
        let names: Vec<String> = most.iter().map(name).collect();
        let total: usize = self.workloads.values().sum();
        format!("{} ({})", counted(total, "pod"), listed(&names, NAMES).replace(" and ", ", "))
    }

    /// The message of the first event.
    fn first_message<'t>(&self, told: &'t Told<'_>) -> Cow<'t, str> {
        let event = told.trace.record(self.first).and_then(|record| told.trace.event(told.cluster, record));
        event.map(|event| event.message).unwrap_or_default()
    }

    /// What events are about.
    fn whom_told(&self, told: &Told<'_>) -> String {
        match (self.nodes.is_empty(), self.pods.is_empty(), self.workloads.is_empty()) {
            (false, ..) => self.nodes_told(told),
            (_, false, _) => self.pods_told(told),
            (.., false) => listed(&self.workloads.keys().map(|&w| told.workload(w)).collect::<Vec<_>>(), NAMES),
            _ => told.trace.record(self.first).map_or(String::new(), |record| told.subject(record.subject)),
        }
    }

    /// `node-1 and node-2`, or `5 nodes of zone-b`.
    fn nodes_told(&self, told: &Told<'_>) -> String {
        let mut nodes = self.nodes.clone();
        nodes.arrange();
        nodes.dedup();
        if nodes.len() <= NAMES + 1 {
            let names: Vec<&str> = nodes.iter().map(|&node| told.node(node)).collect();
            return format!("{} {}", if names.len() == 1 { "node" } else { "nodes" }, listed(&names, NAMES));
        }
        format!("{} of {}", counted(nodes.len(), "node"), self.zones_told(told, false))
    }

    fn zones_told(&self, told: &Told<'_>, counts: bool) -> String {
        let names: Vec<String> = self
            .zones
            .iter()
            .map(|(&zone, count)| match (told.cluster.zone_name(zone), counts) {
                ("", true) => format!("{count} outside any zone"),
                ("", false) => "no zone".to_owned(),
                (name, true) => format!("{count} in {name}"),
                (name, false) => name.to_owned(),
            })
            .collect();
        listed(&names, 4)
    }

    fn tell(&self, told: &Told<'_>) -> (EntryKind, bool, String) {
        let many = self.count > 1;
        let verb = |one: &'static str, more: &'static str| if many { more } else { one };
        let pods = || self.pods_told(told);
        let nodes = || self.nodes_told(told);
        match self.likeness {
            Likeness::Machines(false) => (EntryKind::Fault, true, format!("{} {}{UNNOTICED}", nodes(), verb("dies", "die"))),
            Likeness::Machines(true) => (EntryKind::Node, true, format!("{} {} back", nodes(), verb("is", "are"))),
            Likeness::NodeReady(NodeReady::Unknown) => {
                (EntryKind::Node, true, format!("{} {}: the kubelet stopped reporting", nodes(), verb("is NotReady", "are NotReady")))
            }
            Likeness::NodeReady(ready) => {
                (EntryKind::Node, true, format!("{} {}", nodes(), node_ready(ready).replacen("is", verb("is", "are"), 1)))
            }
            Likeness::Tainted(key, effect) => (
                EntryKind::Node,
                effect == TaintEffect::NoExecute,
                format!("{} {} {}", nodes(), verb("gets", "get"), told.taint(key, effect)),
            ),
            Likeness::Untainted(key, effect) => {
                let key_entry = effect == TaintEffect::NoExecute;
                (EntryKind::Node, key_entry, format!("{} {} {}", nodes(), verb("loses", "lose"), told.taint(key, effect)))
            }
            Likeness::Cordoned(true) => {
                (EntryKind::Node, true, format!("{} {} cordoned: nothing new is put there", nodes(), verb("is", "are")))
            }
            Likeness::Cordoned(false) => (EntryKind::Node, true, format!("{} {} uncordoned", nodes(), verb("is", "are"))),
            Likeness::Pressure(true) => (EntryKind::Fault, true, format!("{} {} memory pressure", nodes(), verb("reports", "report"))),
            Likeness::Pressure(false) => (EntryKind::Node, true, format!("{} {} memory again", nodes(), verb("has", "have"))),
            Likeness::NodesCame(true) => {
                let after = self
                    .asked(told)
                    .map_or(String::new(), |span| format!(", {} after {} asked for", super::span(span), verb("it was", "they were")));
                (EntryKind::Node, true, format!("{} {}{after}", nodes(), verb("joins", "join")))
            }
            // Of a pool that shrinks this is what the shrinking comes to.
            Likeness::NodesCame(false) => {
                (EntryKind::Node, self.asked(told).is_none(), format!("{} {} deleted", nodes(), verb("is", "are")))
            }
            Likeness::Unready(reason) => {
                let why = unready_reason(reason);
                let why =
                    if many { why.replacen("its node is", "their nodes are", 1).replacen("its ", "their ", 1) } else { why.to_owned() };
                (EntryKind::Loss, true, format!("{} {} no longer ready: {why}", pods(), verb("is", "are")))
            }
            Likeness::Deleting(reason) => {
                let why = delete_reason(reason);
                let why = if many {
                    why.replacen("it does", "they do", 1).replacen("it was", "they were", 1).replacen("its ", "their ", 1)
                } else {
                    why.into_owned()
                };
                (EntryKind::Loss, true, format!("{} {} deleted: {why}", pods(), verb("is", "are")))
            }
            Likeness::Failed(reason) => match told.cluster.text(reason) {
                "" => (EntryKind::Loss, true, format!("{} {}", pods(), verb("fails", "fail"))),
                reason => (EntryKind::Loss, true, format!("{} {}: {reason}", pods(), verb("fails", "fail"))),
            },
            Likeness::Short(of) => {
                (EntryKind::Loss, true, format!("{} {} evicted by the kubelet, {}", pods(), verb("is", "are"), of.needs()))
            }
            Likeness::Stopped => (EntryKind::Pod, false, format!("{} {}", pods(), verb("stops", "stop"))),
            Likeness::Created => (EntryKind::Pod, true, format!("{} {} created", pods(), verb("is", "are"))),
            Likeness::Placed => {
                let place = match (self.count, self.zones.len()) {
                    (1, _) => told.trace.record(self.first).map_or(String::new(), |record| match record.change {
                        Change::PodBound(node) if told.zone_of(node).is_empty() => format!(" on {}", told.node(node)),
                        Change::PodBound(node) => format!(" on {} in {}", told.node(node), told.zone_of(node)),
                        _ => String::new(),
                    }),
                    (_, 0) => String::new(),
                    _ => format!(": {}", self.zones_told(told, true)),
                };
                (EntryKind::Pod, true, format!("{} {} placed{place}", pods(), verb("is", "are")))
            }
            Likeness::Unplaced(message) => (
                EntryKind::Refused,
                true,
                format!(
                    "{} {} no node: {}",
                    self.distinct_pods(told),
                    if self.one_pod() { "finds" } else { "find" },
                    told.trace.text(message)
                ),
            ),
            Likeness::Running => (EntryKind::Pod, false, format!("{} {}", pods(), verb("runs", "run"))),
            Likeness::Ready => (EntryKind::Ready, true, format!("{} {} ready", pods(), verb("is", "are"))),
            Likeness::Restarted => (EntryKind::Loss, true, format!("{} {} restarted in place", pods(), verb("is", "are"))),
            Likeness::Resized => (EntryKind::Controller, true, format!("{} {} resized in place", pods(), verb("is", "are"))),
            Likeness::Succeeded => (EntryKind::Pod, true, format!("{} ended well", pods())),
            Likeness::Gone => (EntryKind::Pod, false, format!("{} {} gone", pods(), verb("is", "are"))),
            Likeness::Nominated => (EntryKind::Controller, true, format!("room is made for {}", pods())),
            Likeness::Marked => (EntryKind::Loss, false, format!("{} {} marked for disruption", pods(), verb("is", "are"))),
            Likeness::Refused(message) => {
                let times = if many { format!(", {} times over {}", self.count, super::span(self.to - self.at)) } else { String::new() };
                let what = self.distinct_pods(told);
                (EntryKind::Refused, true, format!("eviction of {what} is refused{times}: {}", told.trace.text(message)))
            }
            Likeness::Scaled => (EntryKind::Controller, false, self.alone(told)),
            Likeness::Told(text) => {
                let text = told.trace.text(text);
                let bad = text.starts_with("Progressing=False") || text.starts_with("Failed=True") || text.starts_with("Complete=True");
                let names: Vec<String> = self.workloads.keys().map(|&w| told.workload(w)).collect();
                (EntryKind::Controller, bad, format!("{}: {text}", listed(&names, NAMES)))
            }
            Likeness::Event(reason, _, warning) => {
                let reason = told.cluster.text(reason);
                // What has a record of its own is not told twice.
                let known = ["NodeNotReady", "FailedScheduling", "TaintManagerEviction", "Evicted", "Preempted", "EvictionThresholdMet"];
                let text = format!("{}: {reason}: {}", self.whom_told(told), self.first_message(told));
                (EntryKind::Controller, warning && !known.contains(&reason), text)
            }
            Likeness::Naming(reason, warning) => {
                let message = self.first_message(told);
                let more = if many { format!(" (and {} more of this kind)", self.count - 1) } else { String::new() };
                (EntryKind::Controller, warning, format!("{}: {}: {message}{more}", self.whom_told(told), told.cluster.text(reason)))
            }
            Likeness::NotCreated(subject) => {
                let message = self.first_message(told);
                // The name is another one at each try.
                let why = message.split_once("is forbidden: ").map_or(&*message, |(_, why)| why);
                let times = if many { format!(" ({} times over {})", self.count, super::span(self.to - self.at)) } else { String::new() };
                if let Some(text) = super::guards::sentence(told, subject, &message, &times) {
                    return (EntryKind::Refused, true, text);
                }
                (EntryKind::Refused, true, format!("the API server refuses what {} creates{times}: {why}", told.subject(subject)))
            }
            Likeness::Volume(step) => {
                let what = match self.count {
                    1 => told.trace.record(self.first).map_or(String::new(), |record| told.subject(record.subject)),
                    count => counted(count, "volume"),
                };
                let (shown, does) = match step {
                    VolumeStep::Attaching => (false, "being attached"),
                    VolumeStep::Attached => (false, "attached"),
                    VolumeStep::Detaching => (true, "being detached"),
                    VolumeStep::Detached => (true, "detached"),
                    VolumeStep::Released => (true, "released: nothing claims what is on it"),
                };
                (EntryKind::Controller, shown, format!("{what} {} {does}", verb("is", "are")))
            }
            Likeness::Claims => (EntryKind::Controller, false, format!("{} {} bound", counted(self.count, "claim"), verb("is", "are"))),
            Likeness::Alone(_) => self.tell_alone(told),
        }
    }

    /// Whether all records are about one pod.
    fn one_pod(&self) -> bool {
        self.workloads.len() == 1 && self.pods.iter().all(|&pod| Some(&pod) == self.pods.first())
    }

    /// How long before this a pool was made larger or smaller for it.
    fn asked(&self, told: &Told<'_>) -> Option<Millis> {
        let cause = told.trace.record(told.trace.record(self.first)?.cause?)?;
        matches!(cause.change, Change::PoolScaled(..)).then(|| self.at - cause.time.millis())
    }

    /// The distinct pods of repeated records.
    fn distinct_pods(&self, told: &Told<'_>) -> String {
        let mut pods = self.pods.clone();
        pods.arrange();
        pods.dedup();
        match pods[..] {
            [pod] if self.count <= MOST_NAMES || self.workloads.len() == 1 => format!("pod {}", told.pod(pod)),
            _ if self.count > pods.len() && self.count <= MOST_NAMES => {
                listed(&pods.iter().map(|&pod| told.pod(pod)).collect::<Vec<_>>(), NAMES)
            }
            _ => self.pods_told(told),
        }
    }

    fn alone(&self, told: &Told<'_>) -> String {
        match (self.count, told.trace.record(self.first)) {
            (1, Some(record)) => told.sentence(record),
            _ => {
                let names: Vec<String> = self.workloads.keys().map(|&w| told.workload(w)).collect();
                format!("{} {} ReplicaSets", listed(&names, NAMES), if names.len() == 1 { "scales its" } else { "scale their" })
            }
        }
    }

    fn tell_alone(&self, told: &Told<'_>) -> (EntryKind, bool, String) {
        let Some(record) = told.trace.record(self.first) else { return (EntryKind::Controller, false, String::new()) };
        let text = told.sentence(record);
        match record.change {
            Change::StepBegins => (EntryKind::Step, true, text),
            // What kubectl says of a cordon is told by the node.
            Change::StepNote(_) => (EntryKind::Step, !text.ends_with(" cordoned"), text),
            Change::ZoneState(_) => (EntryKind::Node, true, text),
            Change::Autoscaled(..) | Change::PoolScaled(..) | Change::Recommended(_) | Change::LoadChanged(_) | Change::CronDue(_) => {
                (EntryKind::Controller, true, text)
            }
            Change::Condition(_) => (EntryKind::Controller, told_of_autoscaler(&text), text),
            Change::NodeLeaves(_) => (EntryKind::Node, true, text),
            Change::NodeCutOff | Change::NodeDiskPressure(true) | Change::NodePidPressure(true) => (EntryKind::Fault, true, text),
            Change::NodeReconnected | Change::NodeDiskPressure(false) | Change::NodePidPressure(false) | Change::ImagesRemoved(_) => {
                (EntryKind::Node, true, text)
            }
            Change::Rollout | Change::Scaled(..) | Change::Deleted => {
                // What an autoscaler did is told as its doing, and what a CronJob clears away is no news.
                let why = record.cause.and_then(|cause| told.trace.record(cause)).map(|cause| cause.change);
                let by_itself = matches!(why, Some(Change::Autoscaled(..) | Change::CronDue(_)));
                let shown = !by_itself && !matches!(record.subject, Subject::ReplicaSet(_));
                (EntryKind::Controller, shown, text)
            }
            _ => (EntryKind::Controller, false, text),
        }
    }
}

/// A condition of an autoscaler that people have to know of: it cannot see, or is not let.
fn told_of_autoscaler(text: &str) -> bool {
    text.contains("ScalingActive=False") || text.contains("ScalingLimited=True TooManyReplicas")
}

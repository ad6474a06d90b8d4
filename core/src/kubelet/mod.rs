//! The kubelets of all nodes: pods start, get ready, end and stop in virtual time. They never schedule, and never delete what the API still wants.
//!
//! A kubelet keeps its own view of each pod ([`Life`]) and posts it to the API. While its machine is dead nothing is posted and no deletion is
//! noticed; containers that ran go on running, so what happened meanwhile is posted at once when it comes back.

mod admission;
mod backoff;
mod behavior;
mod disk;
mod image_collection;
mod images;
mod life;
mod nodes;
mod oom;
mod outages;
mod preemption;
mod pressure;
mod probes;
mod processes;
mod sequence;
mod shortage;
mod static_pods;

use std::collections::BTreeMap;

use self::life::Life;
use self::nodes::Agent;
use self::sequence::{Sequence, Step};
use crate::apiserver::{Api, NodeChange, Notice, PodChange, Watched};
use crate::cluster::behavior::Exit;
use crate::cluster::ids::{JobId, NodeId, PodId};
use crate::cluster::state::Workload;
use crate::trace::{RecordId, TextId};
use crate::units::agenda::Agenda;
use crate::units::grow;
use crate::units::time::{Millis, Time};

/// What a kubelet waits for. The number is the pod's epoch: a timer of an earlier epoch is void.
#[derive(Clone, Copy, Debug)]
enum Timer {
    /// A pod that is refused is looked at for the last time.
    TakeOn(PodId, u32),
    /// A pod that never started is gone from the node.
    LetGo(PodId),
    /// Images that could not be pulled are asked for again.
    Pull(PodId, u32),
    /// The containers start.
    Start(PodId, u32),
    /// The containers have become ready.
    Ready(PodId, u32),
    /// The main container ends.
    Exit(PodId, u32, i32),
    /// The back-off is over: the main container starts again.
    Restart(PodId, u32),
    /// The last container has ended after a deletion.
    Stopped(PodId),
    /// `activeDeadlineSeconds` is over.
    Deadline(PodId),
    /// The eviction manager of a node looks at its memory.
    LookAtMemory(NodeId),
    /// Something happens to one container of a pod, by position; the second number is the container's epoch.
    Part(PodId, u32, u32, Step),
    /// A node has no memory left, if nothing has changed since this was planned.
    OutOfMemory(NodeId, u32),
    /// The eviction manager of a node looks at its disk.
    LookAtDisk(NodeId),
    /// The image garbage collector of a node looks.
    CollectImages(NodeId),
    /// The eviction manager of a node looks at its process numbers.
    LookAtProcesses(NodeId),
    /// The containers of a pod that a soft threshold evicts have ended; the message.
    SoftEvicted(PodId, TextId),
    /// A pod made room for a critical one, and has ended.
    MadeRoom(PodId),
    /// The containers of a pod were ended because its node shuts down.
    ShutDown(PodId),
}

/// All kubelets, with their timers.
#[derive(Clone, Debug, Default)]
pub struct Kubelets {
    agenda: Agenda<(Timer, Option<RecordId>)>,
    /// By pod.
    lives: Vec<Life>,
    /// The containers of pods of which something is said about single containers.
    sequences: BTreeMap<PodId, Sequence>,
    /// By node.
    agents: Vec<Agent>,
    /// How many pods each index of a Job has had.
    of_index: BTreeMap<(JobId, u32), u32>,
    /// What each pod of a workload uses of memory, where a fault said so: bytes.
    memory_use: BTreeMap<Workload, i64>,
    /// How much longer than assumed the pods of a workload take to start.
    slow_starts: BTreeMap<Workload, Millis>,
    /// How the main containers of a workload's pods end after each start.
    crash_loops: BTreeMap<Workload, Exit>,
    /// Images whose names begin so cannot be pulled; an empty text for all.
    registry_outage: Option<String>,
    /// When all images went from a node that nobody used.
    images_cleared: BTreeMap<NodeId, Time>,
}

impl Kubelets {
    /// Starts the kubelets over what exists: pods bound already run on.
    pub fn start(&mut self, api: &mut Api) {
        let bound: Vec<PodId> = api.cluster().live_pods().filter(|(_, p)| p.node.is_some()).map(|(id, _)| id).collect();
        for id in bound {
            self.find_running(api, id);
        }
    }

    /// Takes a notice: a pod was bound or is to stop, a machine died or came back.
    pub fn observe(&mut self, api: &mut Api, notice: &Notice) {
        let before = api.cause();
        api.set_cause(notice.record);
        match notice.watched {
            Watched::Pod(id, PodChange::Added) => self.count_index(api, id),
            Watched::Pod(id, PodChange::Bound) => self.take_on(api, id),
            Watched::Pod(id, PodChange::Deleting) if self.mirror_deleted(api, id) => {}
            Watched::Pod(id, PodChange::Deleting) => self.begin_stop(api, id),
            Watched::Pod(id, PodChange::Gone) => {
                self.forget(id);
                self.mirror_again(api, id);
            }
            Watched::Attachment(volume, node) if api.cluster().is_attached(volume, node) => self.volumes_attached(api, node),
            Watched::Node(id, NodeChange::PodRange) => self.post_node(api, id),
            Watched::Node(id, NodeChange::Machine) if api.cluster().node(id).kubelet_alive => self.come_back(api, id),
            _ => {}
        }
        api.set_cause(before);
    }

    /// When the next timer is due.
    pub fn next_time(&self) -> Option<Time> {
        self.agenda.next_time()
    }

    /// Does the next thing that is due at `now`; false if nothing is.
    pub fn run_due(&mut self, api: &mut Api) -> bool {
        let Some((_, (timer, cause))) = self.agenda.take_due(api.now()) else { return false };
        api.set_cause(cause);
        match timer {
            Timer::LetGo(id) => self.let_go(api, id),
            Timer::TakeOn(id, epoch) if self.is_current(id, epoch) => self.take_on(api, id),
            Timer::Pull(id, epoch) if self.is_current(id, epoch) => self.pull(api, id),
            Timer::Start(id, epoch) if self.is_current(id, epoch) => self.containers_start(api, id),
            Timer::Ready(id, epoch) if self.is_current(id, epoch) => self.containers_ready(api, id),
            Timer::Exit(id, epoch, code) if self.is_current(id, epoch) => self.container_ends(api, id, code),
            Timer::Restart(id, epoch) if self.is_current(id, epoch) => self.container_restarts(api, id),
            Timer::Stopped(id) => self.containers_stopped(api, id),
            Timer::Deadline(id) => self.deadline_over(api, id),
            Timer::LookAtMemory(node) => self.look_at_memory(api, node),
            Timer::Part(id, at, epoch, step) => self.step_part(api, id, at as usize, epoch, step),
            Timer::OutOfMemory(node, epoch) => self.out_of_memory(api, node, epoch),
            Timer::LookAtDisk(node) => self.look_at_disk(api, node),
            Timer::CollectImages(node) => self.collect_images(api, node),
            Timer::LookAtProcesses(node) => self.look_at_processes(api, node),
            Timer::SoftEvicted(id, told) => self.soft_evicted(api, id, told),
            Timer::MadeRoom(id) => self.made_room(api, id),
            Timer::ShutDown(id) => self.ended_for_shutdown(api, id),
            Timer::TakeOn(..) | Timer::Pull(..) | Timer::Start(..) | Timer::Ready(..) | Timer::Exit(..) | Timer::Restart(..) => {}
        }
        true
    }

    /// Forgets which records set the timers: a fork begins a trace of its own.
    pub fn forget_causes(&mut self) {
        self.agenda.map_in_place(|(_, cause)| *cause = None);
    }

    /// Gives back the room of what is over.
    pub fn give_back(&mut self) {
        self.agenda.give_back();
    }

    fn life(&mut self, id: PodId) -> &mut Life {
        grow::at(&mut self.lives, id.index(), Life::default)
    }

    fn agent(&mut self, id: NodeId) -> &mut Agent {
        grow::at(&mut self.agents, id.index(), Agent::default)
    }

    fn is_current(&self, id: PodId, epoch: u32) -> bool {
        self.lives.get(id.index()).is_some_and(|life| life.epoch == epoch)
    }

    /// Whether the kubelet that has the pod can do and say anything.
    fn is_heard(api: &Api, id: PodId) -> bool {
        api.cluster().pod(id).node.is_some_and(|node| Kubelets::is_alive(api, node))
    }

    fn is_alive(api: &Api, node: NodeId) -> bool {
        let node = api.cluster().node(node);
        node.kubelet_alive && !node.gone
    }
}

//! Gaps closed: storage classes that are used and not given, and the behaviour that no manifest tells, each named.

use std::collections::BTreeMap;

use super::Builder;
use super::behaviors::{ASSUMED_JOB, Basis, Question};
use super::template::Kind;
use super::whole::Assumption;
use crate::cluster::behavior::PodBehavior;
use crate::cluster::ids::TemplateId;
use crate::cluster::template::VolumeSource;
use crate::cluster::volumes::{CsiNode, CsiNodeDriver, StorageClass};
use crate::cluster::workloads::Meta;
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;
use crate::units::intern::Sym;
use crate::units::time::format_span;

/// The driver of storage classes that are assumed.
const ASSUMED_DRIVER: &str = "assumed.wavetank.dev";
/// The default class where none is given.
const ASSUMED_CLASS: &str = "standard";

impl Builder<'_> {
    /// Makes up the storage classes that claims name and the manifest lacks: volumes are made on demand, in the zone of the pod.
    pub(super) fn assume_storage(&mut self, assumptions: &mut Vec<Assumption>) {
        let storage = &self.cluster.storage;
        let unbound = storage.claims.iter().filter(|c| c.volume.is_none() && c.spec.volume_name.is_none()).map(|c| c.spec.class);
        let templates = self.cluster.stateful_sets.iter().flat_map(|s| s.claim_templates.iter().map(|t| t.spec.class));
        let ephemeral = self.cluster.templates.iter().flat_map(|t| &t.volumes).filter_map(|v| match v.source {
            VolumeSource::Ephemeral { class } => Some(class),
            _ => None,
        });
        let mut wanted: Vec<Option<Sym>> = unbound.chain(templates).chain(ephemeral).collect();
        wanted.arrange();
        wanted.dedup();
        for class in wanted {
            let missing = match class {
                Some(Sym::EMPTY) => continue,
                Some(name) => storage_class_missing(self, name).then_some((name, false)),
                None if self.cluster.storage.classes.iter().any(|c| c.default) => None,
                None => Some((self.cluster.text.intern(ASSUMED_CLASS), true)),
            };
            if let Some((name, default)) = missing {
                self.assume_class(name, default, assumptions);
            }
        }
    }

    fn assume_class(&mut self, name: Sym, default: bool, assumptions: &mut Vec<Assumption>) {
        // Volumes that are there already and of this class: they are bound, none are made.
        let stocked = self.cluster.storage.volumes.iter().any(|v| v.class == name);
        let driver = if stocked { "kubernetes.io/no-provisioner" } else { ASSUMED_DRIVER };
        let provisioner = self.cluster.text.intern(driver);
        if let Some(known) = self.cluster.storage.classes.iter_mut().find(|c| c.name == name) {
            known.default |= default;
        } else {
            let class = StorageClass {
                name,
                provisioner,
                waits: true,
                mode_given: true,
                allowed_topologies: Vec::new(),
                default,
                delete_on_release: true,
            };
            self.cluster.storage.classes.push(class);
        }
        if !stocked {
            self.install_driver(provisioner);
        }
        let value = if stocked {
            "its volumes are those given, bound when a pod needs one"
        } else {
            "a volume is made when a pod needs one, in the pod's zone, and stays there"
        };
        let why = if default {
            "a claim names no class, and no default StorageClass was given"
        } else {
            "a claim names it, and no such StorageClass was given"
        };
        assumptions.push(Assumption {
            subject: format!("storageclass/{}", self.cluster.text(name)),
            what: "volumes".to_owned(),
            value: value.to_owned(),
            why: why.to_owned(),
            change: "give the StorageClass (kubectl get storageclass -o yaml)".to_owned(),
        });
    }

    /// Every node gets the driver, whose volumes can be used within their zone.
    fn install_driver(&mut self, driver: Sym) {
        let zone = self.cluster.text.intern("topology.kubernetes.io/zone");
        let entry = CsiNodeDriver { driver, limit: None, topology_keys: vec![zone] };
        let names: Vec<Sym> = self.cluster.live_nodes().map(|(_, n)| n.name).collect();
        let known: BTreeMap<Sym, usize> = self.cluster.storage.csi_nodes.iter().enumerate().map(|(i, n)| (n.node, i)).gather();
        for node in names {
            match known.get(&node) {
                Some(&i) => {
                    let drivers = &mut self.cluster.storage.csi_nodes[i].drivers;
                    if !drivers.iter().any(|d| d.driver == driver) {
                        drivers.push(entry.clone());
                    }
                }
                None => self.cluster.storage.csi_nodes.push(CsiNode { node, drivers: vec![entry.clone()], migrated: Vec::new() }),
            }
        }
    }

    /// Claims without a class get the default one (`plugin/pkg/admission/storage/storageclass/setdefault`, v1.37).
    pub(super) fn default_storage_classes(&mut self) {
        let Some(default) = self.cluster.storage.classes.iter().filter(|c| c.default).map(|c| c.name).next_back() else { return };
        for claim in self.cluster.storage.claims.iter_mut().filter(|c| c.volume.is_none()) {
            claim.spec.class.get_or_insert(default);
        }
        for template in self.cluster.stateful_sets.iter_mut().flat_map(|s| &mut s.claim_templates) {
            template.spec.class.get_or_insert(default);
        }
    }

    /// Names what is assumed about how long volumes take, where there are any.
    pub(super) fn name_storage_timing(&self, assumptions: &mut Vec<Assumption>) {
        let c = &*self.cluster;
        if c.storage.claims.is_empty() && c.stateful_sets.iter().all(|s| s.claim_templates.is_empty()) {
            return;
        }
        let timing = c.storage.timing;
        let spans = [timing.provision, timing.attach, timing.detach].map(format_span);
        assumptions.push(Assumption {
            subject: "all volumes".to_owned(),
            what: "time".to_owned(),
            value: format!("{} to make, {} to attach, {} to detach", spans[0], spans[1], spans[2]),
            why: "manifests do not say how long a storage system takes".to_owned(),
            change: "a Cluster document: spec.storage".to_owned(),
        });
    }

    /// Names what is assumed about how pods behave.
    pub(super) fn name_behaviors(&self, assumptions: &mut Vec<Assumption>) {
        let c = &*self.cluster;
        let workloads: Vec<(Kind, &Meta, TemplateId)> = (c.deployments.iter().map(|d| (Kind::Deployment, &d.meta, d.template)))
            .chain(c.replica_sets.iter().filter(|r| r.deployment.is_none()).map(|r| (Kind::ReplicaSet, &r.meta, r.template)))
            .chain(c.stateful_sets.iter().map(|s| (Kind::StatefulSet, &s.meta, s.template)))
            .chain(c.daemon_sets.iter().map(|d| (Kind::DaemonSet, &d.meta, d.template)))
            .chain(c.jobs.iter().map(|j| (Kind::Job, &j.meta, j.template)))
            .collect();
        if workloads.is_empty() {
            return;
        }
        let change = "a Behavior document: spec.defaults, or spec.workloads[] with match: deployment/name";
        let assumed = PodBehavior::assumed();
        let mut say = |subject: &str, what: &str, value: String, why: &str| {
            let own = |s: &str| s.to_owned();
            assumptions.push(Assumption { subject: own(subject), what: own(what), value, why: own(why), change: own(change) });
        };
        let general = format!("{} to start, {} to stop", format_span(assumed.start), format_span(assumed.stop));
        say("all pods", "start and stop", general, "manifests do not say how long pulling an image, starting and stopping take");
        say("all pods", "usage", "memory and cpu as requested".to_owned(), "manifests do not say what is really used");
        let mut silent = Vec::new();
        let mut usual = 0;
        for &(kind, meta, template) in &workloads {
            let (name, template) = (c.text(meta.name), c.template(template));
            let label = format!("{}/{name}", kind.word());
            let question = Question {
                kind,
                name,
                namespace: c.namespace_name(meta.namespace),
                labels: None,
                image: template.containers.first().map_or("", |first| c.text(first.image)),
            };
            if kind == Kind::Job {
                if template.behavior.exits.len() == 1 && template.behavior.exits[0].after == ASSUMED_JOB {
                    say(
                        &label,
                        "work",
                        format!("each pod works {} and succeeds", format_span(ASSUMED_JOB)),
                        "manifests do not say how long a Job works",
                    );
                }
                continue;
            }
            match self.behaviors.ready_basis(&question, template) {
                Basis::Said => {}
                Basis::NoProbe => silent.push(label),
                Basis::Default => usual += 1,
                Basis::Probes => {
                    let ready = template.behavior.ready.map_or_else(|| "never".to_owned(), format_span);
                    say(&label, "ready", format!("{ready} after its start"), "the delays of its startup and readiness probes");
                }
            }
        }
        if usual > 0 {
            let value = format!("{} after their start", format_span(assumed.ready.unwrap_or(0)));
            say("pods with a readiness probe", "ready", value, "manifests do not say when an application answers its probe");
        }
        if !silent.is_empty() {
            silent.arrange();
            let more = silent.len().saturating_sub(5);
            silent.truncate(5);
            let names = silent.join(", ") + &(if more > 0 { format!(" and {more} more") } else { String::new() });
            say(&names, "ready", "as soon as they run".to_owned(), "they have no readiness probe, so Kubernetes calls them ready at once");
        }
    }
}

fn storage_class_missing(builder: &Builder<'_>, name: Sym) -> bool {
    builder.cluster.storage.class(name).is_none()
}

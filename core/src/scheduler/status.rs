//! What a plugin answers when it refuses: code, reasons and the plugin itself.

use std::borrow::Cow;

use super::plugins::Plugin;

/// Whether preemption may help (`staging/src/k8s.io/kube-scheduler/framework/interface.go`, v1.37).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Preempting other pods may help.
    Unschedulable,
    /// Nothing that preemption does will help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// As Kubernetes writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Code::Unschedulable => "Unschedulable",
            Code::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// A reason as the event prints it.
pub type Reason = Cow<'static, str>;

/// The reasons of one refusal. Most have one, which needs no memory of its own.
#[derive(Clone, Debug)]
pub enum Reasons {
    /// One.
    One([Reason; 1]),
    /// Several.
    Several(Vec<Reason>),
}

impl std::ops::Deref for Reasons {
    type Target = [Reason];
    fn deref(&self) -> &[Reason] {
        match self {
            Reasons::One(one) => one,
            Reasons::Several(several) => several,
        }
    }
}

impl PartialEq for Reasons {
    fn eq(&self, other: &Reasons) -> bool {
        **self == **other
    }
}

impl Eq for Reasons {}

impl From<Vec<Reason>> for Reasons {
    fn from(reasons: Vec<Reason>) -> Reasons {
        Reasons::Several(reasons)
    }
}

/// A refusal of one pod on one node, or of the pod as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The plugin that refused; none for nodes that a PreFilter result left out.
    pub plugin: Option<Plugin>,
    /// Whether preemption may help.
    pub code: Code,
    /// Every reason the plugin gave.
    pub reasons: Reasons,
}

impl Refusal {
    /// A refusal that preemption may cure.
    pub fn curable(plugin: Plugin, reason: impl Into<Reason>) -> Refusal {
        Refusal { plugin: Some(plugin), code: Code::Unschedulable, reasons: Reasons::One([reason.into()]) }
    }

    /// A refusal that preemption can't cure.
    pub fn unresolvable(plugin: Plugin, reason: impl Into<Reason>) -> Refusal {
        Refusal { plugin: Some(plugin), code: Code::UnschedulableAndUnresolvable, reasons: Reasons::One([reason.into()]) }
    }

    /// All reasons in one text, as a status' message is built.
    pub fn message(&self) -> String {
        self.reasons.join(", ")
    }
}

//! Pod Security: the three standards of Kubernetes and what of a pod breaks them.
//!
//! Owns the levels, their versions and the labels of namespaces that name them, and the checks of `k8s.io/pod-security-admission/policy`
//! (v1.37), one file for each family. It looks at one pod at a time; which pods are refused is decided by admission.

mod capabilities;
mod host;
mod kernel;
mod privilege;
mod specs;
mod volumes;

use std::fmt;

use specs::Pod;

pub use specs::WrittenPod;

/// The version of Kubernetes whose rules are known here: newer ones count as this.
const NEWEST_MINOR: u32 = 37;

/// How strict a standard is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Everything is allowed.
    #[default]
    Privileged,
    /// What is known to lead out of a container is not.
    Baseline,
    /// Best practice for containers is required.
    Restricted,
}

impl Level {
    fn parse(text: &str) -> Option<Level> {
        match text {
            "privileged" => Some(Level::Privileged),
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// Which release's idea of a standard counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// The API server's own.
    #[default]
    Latest,
    /// `v1.N`.
    Minor(u32),
}

impl Version {
    /// `latest` or `v1.N` (`ParseVersion`).
    fn parse(text: &str) -> Option<Version> {
        if text == "latest" {
            return Some(Version::Latest);
        }
        let minor = text.strip_prefix("v1.")?;
        let plain = minor == "0" || minor.starts_with(|c: char| ('1'..='9').contains(&c));
        if plain && minor.bytes().all(|b| b.is_ascii_digit()) { minor.parse().ok().map(Version::Minor) } else { None }
    }

    const fn minor(self) -> u32 {
        match self {
            Version::Latest => NEWEST_MINOR,
            Version::Minor(minor) => minor,
        }
    }
}

/// A standard: level and version, as `restricted:latest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standard {
    /// How strict.
    pub level: Level,
    /// Of which release.
    pub version: Version,
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Version::Latest => write!(f, "{}:latest", self.level.name()),
            Version::Minor(minor) => write!(f, "{}:v1.{minor}", self.level.name()),
        }
    }
}

/// What a namespace's labels ask for (`api/helpers.go` PolicyToEvaluate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Pods that break it are refused.
    pub enforce: Standard,
    /// Whoever writes a pod or a workload that breaks it is warned.
    pub warn: Standard,
}

impl Policy {
    /// The policy of a namespace with these labels. A level that is none counts as `restricted`, a version that is none as `latest`.
    ///
    /// ```
    /// use wavetank_core::manifest::pod_security::Policy;
    /// let labels = [("pod-security.kubernetes.io/enforce", "baseline")];
    /// let policy = Policy::of_labels(|key| labels.iter().find(|l| l.0 == key).map(|l| l.1));
    /// assert_eq!(policy.enforce.to_string(), "baseline:latest");
    /// assert_eq!(policy.warn, policy.enforce, "without a label of its own");
    /// ```
    pub fn of_labels<'t>(label: impl Fn(&str) -> Option<&'t str>) -> Policy {
        let standard = |mode: &str| {
            let level = label(&format!("pod-security.kubernetes.io/{mode}"))?;
            let version = label(&format!("pod-security.kubernetes.io/{mode}-version"));
            Some(Standard {
                level: Level::parse(level).unwrap_or(Level::Restricted),
                version: version.and_then(Version::parse).unwrap_or_default(),
            })
        };
        let enforce = standard("enforce").unwrap_or_default();
        Policy { enforce, warn: standard("warn").unwrap_or(enforce) }
    }
}

/// A rule that a pod breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule: `privileged`, `runAsNonRoot != true`.
    pub reason: String,
    /// Who breaks it and how.
    pub detail: String,
}

impl Violation {
    fn new(reason: impl Into<String>, detail: String) -> Option<Violation> {
        Some(Violation { reason: reason.into(), detail })
    }
}

type Check = fn(&Pod<'_>) -> Option<Violation>;

/// A check and the minor versions from which on each form of it counts, oldest first.
struct Rule {
    forms: &'static [(u32, Check)],
    /// Where this check of the stricter level is in force, that of the lower one is not asked (`OverrideCheckIDs`).
    overridden_by: Option<&'static Rule>,
}

impl Rule {
    const fn new(forms: &'static [(u32, Check)]) -> Rule {
        Rule { forms, overridden_by: None }
    }

    fn in_force(&self, minor: u32) -> Option<Check> {
        self.forms.iter().rev().find(|(since, _)| *since <= minor).map(|(_, check)| *check)
    }
}

/// The checks of `baseline` in the order of their ids.
static BASELINE: [Rule; 12] = [
    Rule::new(&[(0, kernel::app_armor)]),
    Rule { forms: &[(0, capabilities::baseline)], overridden_by: Some(&RESTRICTED[1]) },
    Rule::new(&[(0, host::namespaces)]),
    Rule { forms: &[(0, host::paths)], overridden_by: Some(&RESTRICTED[3]) },
    Rule::new(&[(0, host::ports)]),
    Rule::new(&[(34, host::probes)]),
    Rule::new(&[(0, privilege::privileged)]),
    Rule { forms: &[(0, kernel::proc_mount), (35, kernel::proc_mount_of_host_users)], overridden_by: Some(&RESTRICTED[2]) },
    Rule::new(&[(0, kernel::selinux_of_1_0), (31, kernel::selinux)]),
    Rule { forms: &[(0, kernel::seccomp_annotations), (19, kernel::seccomp_baseline)], overridden_by: Some(&RESTRICTED[6]) },
    Rule::new(&[(0, kernel::sysctls_of_1_0), (27, kernel::sysctls_of_1_27), (29, kernel::sysctls_of_1_29), (32, kernel::sysctls)]),
    Rule::new(&[(0, privilege::windows_host_process)]),
];

/// Those that `restricted` adds, in the order of their ids.
static RESTRICTED: [Rule; 7] = [
    Rule::new(&[(8, privilege::escalation_on_any_system), (25, privilege::escalation)]),
    Rule::new(&[(22, capabilities::restricted_on_any_system), (25, capabilities::restricted)]),
    Rule::new(&[(35, kernel::proc_mount)]),
    Rule::new(&[(0, volumes::restricted)]),
    Rule::new(&[(0, privilege::non_root), (35, privilege::non_root_of_host_users)]),
    Rule::new(&[(23, privilege::user), (35, privilege::user_of_host_users)]),
    Rule::new(&[(19, kernel::seccomp_on_any_system), (25, kernel::seccomp_restricted)]),
];

/// What of a pod breaks a standard, in the order in which the API server says it; empty for a pod that keeps it.
#[must_use]
pub fn violations(standard: Standard, pod: &WrittenPod) -> Vec<Violation> {
    if standard.level == Level::Privileged {
        return Vec::new();
    }
    let minor = standard.version.minor();
    let strict = standard.level == Level::Restricted;
    let pod = Pod::new(pod);
    let overridden = |rule: &Rule| strict && rule.overridden_by.is_some_and(|by| by.in_force(minor).is_some());
    let baseline = BASELINE.iter().filter(|rule| !overridden(rule));
    let added = RESTRICTED.iter().filter(|_| strict);
    baseline.chain(added).filter_map(|rule| rule.in_force(minor)).filter_map(|check| check(&pod)).collect()
}

/// The violations as one text: `privileged (container "a" must not …), host namespaces (hostPID=true)` (`ForbiddenDetail`).
#[must_use]
pub fn detail(violations: &[Violation]) -> String {
    let each = violations.iter().map(|v| if v.detail.is_empty() { v.reason.clone() } else { format!("{} ({})", v.reason, v.detail) });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

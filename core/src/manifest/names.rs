//! The forms names must have.
//!
//! Owns the DNS rules of `k8s.io/apimachinery/pkg/util/validation` (v1.37) and which kind is held to
//! which. It never looks beyond `metadata.name`.

use super::catalog as ids;
use super::diagnostic::Diagnostic;
use super::kinds::Kind;
use super::tree::Tree;
use crate::units::text::visible_short;

/// `IsDNS1123Label`: at most 63 lower-case letters, digits and `-`, beginning and ending with a letter or digit.
#[must_use]
pub fn is_dns_label(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner)
}

/// `IsDNS1123Subdomain`: labels joined by `.`, at most 253 characters in all (each label of any length).
#[must_use]
pub fn is_dns_subdomain(text: &str) -> bool {
    let part = |label: &str| {
        let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        edge(label.as_bytes().first()) && edge(label.as_bytes().last()) && label.bytes().all(inner)
    };
    text.len() <= 253 && text.split('.').all(part)
}

/// `IsDNS1035Label`: a DNS label that begins with a letter.
#[must_use]
pub fn is_dns_1035_label(text: &str) -> bool {
    is_dns_label(text) && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}

/// `IsValidPathSegmentName`: neither `.` nor `..`, without `/` and `%`.
#[must_use]
pub fn is_path_segment(text: &str) -> bool {
    !matches!(text, "." | "..") && !text.contains(['/', '%'])
}

/// Which form a kind's names have, in words, if `name` does not have it.
///
/// From the `ValidateXName` functions of `pkg/apis/*/validation` (v1.37).
#[must_use]
pub fn refused(kind: &Kind, name: &str) -> Option<&'static str> {
    let (ok, form) = match kind.kind {
        // Held to nothing but what a path can hold.
        "PodDisruptionBudget" | "Event" => (is_path_segment(name), "no `/` and no `%`"),
        // Since v1.34 Services may begin with a digit (RelaxedServiceNameValidation).
        "Service" | "Namespace" | "StatefulSet" => (is_dns_label(name), "at most 63 lower-case letters, digits and `-`"),
        "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" => (is_path_segment(name), "no `/` and no `%`"),
        "IPAddress" => (super::forms::is_strict_address(name), "an address in its usual form"),
        // The controller appends eleven characters to a CronJob's name for its Jobs.
        "CronJob" => (is_dns_subdomain(name) && name.len() <= 52, "at most 52 lower-case letters, digits, `-` and `.`"),
        _ => (is_dns_subdomain(name), "lower-case letters, digits, `-` and `.`"),
    };
    (!ok).then_some(form)
}

/// The diagnostic for a name the API server would refuse.
pub(super) fn check(tree: &Tree, name: &str, kind: &Kind, title: &str) -> Option<Diagnostic> {
    if name.is_empty() {
        return None;
    }
    let form = refused(kind, name)?;
    let message = format!("{title}: `{}` is not a name the API server takes", visible_short(name, 80));
    let help = format!("names of this kind have {form}, and begin and end with a letter or digit");
    Some(Diagnostic::error(ids::NAME_FORM, message).at(tree.span_at("/metadata/name")).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_dns() {
        assert!(is_dns_label("web-1") && !is_dns_label("web.1") && !is_dns_label("-a") && !is_dns_label("") && !is_dns_label("A"));
        assert!(!is_dns_label(&"a".repeat(64)) && is_dns_subdomain(&"a".repeat(253)) && !is_dns_subdomain(&"a".repeat(254)));
        assert!(is_dns_subdomain("a.b-c.d") && !is_dns_subdomain("a..b") && !is_dns_subdomain("a.-b"));
        assert!(is_dns_1035_label("a1") && !is_dns_1035_label("1a"));
        assert!(is_path_segment("system:node") && !is_path_segment("a/b"));
    }
}

//! Priority and fairness of requests.
//!
//! Owns `pkg/apis/flowcontrol/validation/validation.go` (v1.37).

use crate::manifest::field::{Errors, Field};
use crate::manifest::names::{is_dns_label, is_dns_subdomain};

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// `ValidateFlowSchema`.
pub(super) fn schema(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.at(&["metadata", "name"]).text(), object.get("spec"));
    let precedence = spec.get("matchingPrecedence");
    if !(1..=10_000).contains(&precedence.int()) {
        errors.invalid(&precedence, "it must be between 1 and 10000, inclusive");
    }
    if precedence.int() == 1 && name != "exempt" {
        errors.invalid(&precedence, "only the schema named exempt may have matchingPrecedence 1");
    }
    let method = spec.get("distinguisherMethod");
    if method.is_set() {
        errors.must_be_one_of(&method.get("type"), &["ByNamespace", "ByUser"]);
    }
    let level = spec.at(&["priorityLevelConfiguration", "name"]);
    if level.is_empty() {
        errors.required(&level);
    } else {
        errors.form(&level, is_dns_subdomain(level.text()), "lower-case letters, digits, `-` and `.`");
    }
    for rule in spec.get("rules").items() {
        let subjects = rule.get("subjects");
        if subjects.is_empty() {
            errors.required(&subjects);
        }
        subjects.items().for_each(|s| subject(&s, errors));
        let (resources, urls) = (rule.get("resourceRules"), rule.get("nonResourceRules"));
        if resources.is_empty() && urls.is_empty() {
            errors.required(&rule);
        }
        resources.items().for_each(|r| resource_rule(&r, errors));
        urls.items().for_each(|r| url_rule(&r, errors));
    }
}

fn subject(subject: &Field<'_>, errors: &mut Errors) {
    const KINDS: [(&str, &str); 3] = [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = subject.get("kind");
    let Some((_, own)) = KINDS.iter().find(|(name, _)| *name == kind.text()) else {
        return errors.not_supported(&kind, &["Group", "ServiceAccount", "User"]);
    };
    let named = subject.get(own);
    let (name, namespace) = (named.get("name"), named.get("namespace"));
    if !named.is_set() {
        errors.required(&named);
    } else {
        if name.is_empty() {
            errors.required(&name);
        }
        if *own == "serviceAccount" {
            let fits = matches!(name.text(), "" | "*") || is_dns_subdomain(name.text());
            errors.form(&name, fits, "the form of a service account's name");
            if namespace.is_empty() {
                errors.required(&namespace);
            } else {
                errors.form(&namespace, is_dns_label(namespace.text()), "the form of a namespace's name");
            }
        }
    }
    for (_, other) in KINDS.iter().filter(|(_, other)| other != own) {
        let field = subject.get(other);
        if field.is_set() {
            errors.forbidden(&field, format!("it may not be set when the kind is {}", kind.text()));
        }
    }
}

fn has_all(list: &Field<'_>) -> bool {
    list.texts().any(|t| t == "*")
}

/// A list that is required and either all or some.
fn some_or_all(list: &Field<'_>, errors: &mut Errors) {
    if list.is_empty() {
        errors.required(list);
    } else if list.len() > 1 && has_all(list) {
        errors.invalid(list, "if `*` is present, it must be the only value");
    }
}

fn verbs(list: &Field<'_>, errors: &mut Errors) {
    some_or_all(list, errors);
    if !list.is_empty() && !has_all(list) && list.texts().any(|v| !VERBS.contains(&v)) {
        errors.not_supported(list, &VERBS);
    }
}

fn resource_rule(rule: &Field<'_>, errors: &mut Errors) {
    verbs(&rule.get("verbs"), errors);
    some_or_all(&rule.get("apiGroups"), errors);
    some_or_all(&rule.get("resources"), errors);
    let namespaces = rule.get("namespaces");
    if namespaces.is_empty() {
        if !rule.get("clusterScope").is_true() {
            errors.required(&namespaces);
        }
    } else if has_all(&namespaces) {
        some_or_all(&namespaces, errors);
    } else {
        for namespace in namespaces.items() {
            errors.form(&namespace, is_dns_label(namespace.text()), "the form of a namespace's name");
        }
    }
}

fn url_rule(rule: &Field<'_>, errors: &mut Errors) {
    verbs(&rule.get("verbs"), errors);
    let urls = rule.get("nonResourceURLs");
    some_or_all(&urls, errors);
    if has_all(&urls) {
        return;
    }
    for url in urls.items() {
        let path = url.text();
        let stars = path.matches('*').count();
        let ok = path == "/"
            || path.starts_with('/') && !path.contains(' ') && !path.contains("//") && (stars == 0 || stars == 1 && path.ends_with("/*"));
        errors.form(&url, ok, "the form of a path, perhaps with `/*` at its end");
    }
}

/// `ValidatePriorityLevelConfiguration`.
pub(super) fn level(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.at(&["metadata", "name"]).text(), object.get("spec"));
    let (kind, limited, exempt) = (spec.get("type"), spec.get("limited"), spec.get("exempt"));
    if (name == "exempt") != (kind.text() == "Exempt") {
        errors.invalid(&kind, "it must be Exempt if and only if the name is exempt");
    }
    if limited.is_set() && kind.text() != "Limited" {
        errors.forbidden(&limited, "it may only be set when the type is Limited");
    }
    match kind.text() {
        "Exempt" => {
            errors.nonnegative(&exempt.get("nominalConcurrencyShares"));
            errors.within(&exempt.get("lendablePercent"), 0..=100);
        }
        "Limited" => {
            if exempt.is_set() {
                errors.forbidden(&exempt, "it may not be set when the type is Limited");
            }
            if limited.is_set() { self::limited(&limited, errors) } else { errors.required(&limited) }
        }
        _ => errors.required_one_of(&kind, &["Exempt", "Limited"]),
    }
}

fn limited(limited: &Field<'_>, errors: &mut Errors) {
    errors.nonnegative(&limited.get("nominalConcurrencyShares"));
    errors.within(&limited.get("lendablePercent"), 0..=100);
    errors.nonnegative(&limited.get("borrowingLimitPercent"));
    let response = limited.get("limitResponse");
    let (kind, queuing) = (response.get("type"), response.get("queuing"));
    if queuing.is_set() && kind.text() != "Queue" {
        errors.forbidden(&queuing, "it may only be set when the type is Queue");
    }
    match kind.text() {
        "Reject" => {}
        "Queue" if !queuing.is_set() => errors.required(&queuing),
        "Queue" => {
            let (length, queues, hand) = (queuing.get("queueLengthLimit"), queuing.get("queues"), queuing.get("handSize"));
            if length.int() <= 0 {
                errors.invalid(&length, "it must be positive");
            }
            if queues.int() <= 0 || queues.int() > 10_000_000 {
                errors.invalid(&queues, "it must be positive, and at most 10000000");
            }
            if hand.int() <= 0 || hand.int() > queues.int() || entropy(queues.int(), hand.int()) > 60 {
                errors.invalid(&hand, "it must be positive and at most the number of queues, and hands must have at most 60 bits");
            }
        }
        _ => errors.required_one_of(&kind, &["Queue", "Reject"]),
    }
}

/// `RequiredEntropyBits`: the bits that number every way to deal a hand, rounded up for each pick from few queues.
fn entropy(queues: i64, hand: i64) -> u32 {
    // The product of what is left at each pick; more than 2^60 is too much whatever it is.
    let mut ways: u128 = 1;
    for pick in 0..hand.max(0) {
        ways = ways.saturating_mul(u128::try_from((queues - pick).max(1)).unwrap_or(1));
        if ways > 1 << 100 {
            break;
        }
    }
    128 - (ways.max(1) - 1).leading_zeros()
}

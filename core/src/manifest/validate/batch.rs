//! Jobs and CronJobs.
//!
//! Owns `pkg/apis/batch/validation/validation.go` (v1.37).

use std::collections::BTreeSet;

use super::pod::template;
use super::selector::{selector, selects};
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::{is_domain_prefixed, is_qualified_name};
use crate::manifest::names::is_dns_label;
use crate::manifest::stored::UID;
use crate::units::cron::Schedule;
use crate::units::gather::Gather;
use crate::units::zone::Zone;

/// `ValidateJobCreate`.
pub(super) fn job(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    generated(object, errors);
    job_spec(&spec, errors);
    selector_and_labels(&spec, errors);
    name_allows_completions(object, errors);
}

pub(super) fn selector_and_labels(spec: &Field<'_>, errors: &mut Errors) {
    let wanted = spec.get("selector");
    if wanted.is_set() {
        selector(&wanted, errors);
    } else {
        errors.required(&wanted);
    }
    let names = spec.at(&["template", "metadata", "labels"]);
    if !wanted.is_set() || selects(&wanted, &names) == Some(false) {
        errors.invalid(&names, "`selector` does not match template `labels`");
    }
}

/// `validateGeneratedSelector`.
fn generated(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    if spec.get("manualSelector").is_true() || !spec.get("selector").is_set() {
        return;
    }
    let name = object.at(&["metadata", "name"]).text();
    let names = spec.at(&["template", "metadata", "labels"]);
    let expected =
        [("controller-uid", UID), ("job-name", name), ("batch.kubernetes.io/controller-uid", UID), ("batch.kubernetes.io/job-name", name)];
    for (label, value) in expected {
        let field = names.entry(label);
        if !field.is_set() {
            errors.required(&field);
        } else if field.text() != value {
            errors.invalid(&field, format!("it must be `{value}`"));
        }
    }
    let all = serde_json::Value::Object(expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect());
    let paths = crate::manifest::field::Paths::default();
    let wanted = spec.get("selector");
    if selects(&wanted, &Field::root(&all, &paths)) == Some(false) {
        errors.invalid(&wanted, "`selector` not auto-generated");
    }
}

/// `validateNameAllowsCompletions`.
pub(super) fn name_allows_completions(object: &Field<'_>, errors: &mut Errors) {
    let (spec, name) = (object.get("spec"), object.at(&["metadata", "name"]));
    let completions = spec.get("completions").int();
    if spec.get("completionMode").text() == "Indexed" && completions > 0 {
        let longest = format!("{}-{}", name.text(), completions - 1);
        if !is_dns_label(&longest) {
            errors.invalid(&name, format!("pods would have the hostname `{longest}`, which is not a DNS label"));
        }
    }
}

/// `validateJobSpec`.
pub(super) fn job_spec(spec: &Field<'_>, errors: &mut Errors) {
    const COUNTS: [&str; 7] = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    COUNTS.iter().for_each(|name| errors.nonnegative(&spec.get(name)));
    let (per_index, failed) = (spec.get("backoffLimitPerIndex"), spec.get("maxFailedIndexes"));
    if failed.is_set() && !per_index.is_set() {
        errors.required(&per_index);
    }
    let manager = spec.get("managedBy");
    if manager.is_set() {
        if manager.text().is_empty() {
            errors.required(&manager);
        } else {
            errors.form(&manager, is_domain_prefixed(manager.text()), "the form `example.com/name`");
        }
        if manager.text().len() > 63 {
            errors.too_long(&manager, 63);
        }
    }
    let mode = spec.get("completionMode");
    if mode.is_set() {
        errors.must_be_one_of(&mode, &["NonIndexed", "Indexed"]);
    }
    let (completions, parallelism) = (spec.get("completions"), spec.get("parallelism"));
    if mode.text() == "Indexed" {
        if !completions.is_set() {
            errors.required(&completions);
        }
        if parallelism.int() > 100_000 {
            errors.invalid(&parallelism, "it must be less than or equal to 100000 when the completion mode is Indexed");
        }
        if completions.is_set() && failed.int() > completions.int() {
            errors.invalid(&failed, "it must be less than or equal to completions");
        }
        if failed.int() > 100_000 {
            errors.invalid(&failed, "it must be less than or equal to 100000");
        }
        if completions.int() > 100_000 && per_index.is_set() {
            if !failed.is_set() {
                errors.required(&failed);
            }
            if parallelism.int() > 10_000 {
                errors.invalid(&parallelism, "it must be less than or equal to 10000 when completions are more than 100000");
            }
            if failed.int() > 10_000 {
                errors.invalid(&failed, "it must be less than or equal to 10000 when completions are more than 100000");
            }
        }
    } else if mode.text() == "NonIndexed" || !mode.is_set() {
        for field in [per_index, failed].iter().filter(|f| f.is_set()) {
            errors.invalid(field, "it requires the completion mode Indexed");
        }
    }
    let (failure, success) = (spec.get("podFailurePolicy"), spec.get("successPolicy"));
    if failure.is_set() {
        pod_failure_policy(spec, &failure.get("rules"), errors);
    }
    if success.is_set() {
        if mode.text() == "Indexed" {
            success_policy(&success.get("rules"), completions.int(), errors);
        } else {
            errors.invalid(&success, "it requires the completion mode Indexed");
        }
    }
    let replacement = spec.get("podReplacementPolicy");
    if replacement.is_set() {
        let known: &[&str] = if failure.is_set() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
        errors.must_be_one_of(&replacement, known);
    }
    template(&spec.get("template"), errors);
    let policy = spec.at(&["template", "spec", "restartPolicy"]);
    match policy.text() {
        "Always" | "" => errors.add(&policy, Reason::Required, "it must be OnFailure or Never"),
        "OnFailure" if failure.is_set() => errors.invalid(&policy, "only Never is supported when podFailurePolicy is set"),
        "OnFailure" | "Never" => {}
        _ => errors.not_supported(&policy, &["OnFailure", "Never"]),
    }
}

fn pod_failure_policy(spec: &Field<'_>, rules: &Field<'_>, errors: &mut Errors) {
    if rules.len() > 20 {
        errors.too_many(rules, 20);
    }
    let pod = spec.at(&["template", "spec"]);
    let names: BTreeSet<&str> =
        pod.get("containers").items().chain(pod.get("initContainers").items()).map(|c| c.get("name").text()).gather();
    for rule in rules.items() {
        let action = rule.get("action");
        if action.text() == "FailIndex" {
            if !spec.get("backoffLimitPerIndex").is_set() {
                errors.invalid(&action, "it requires the backoffLimitPerIndex to be set");
            }
        } else {
            errors.required_one_of(&action, &["Count", "FailIndex", "FailJob", "Ignore"]);
        }
        let (codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
        if codes.is_set() {
            exit_codes(&codes, &names, errors);
        }
        if conditions.len() > 20 {
            errors.too_many(&conditions, 20);
        }
        for pattern in conditions.items() {
            let kind = pattern.get("type");
            errors.form(&kind, is_qualified_name(kind.text()), "the form of a qualified name");
            errors.required_one_of(&pattern.get("status"), &["False", "True", "Unknown"]);
        }
        if codes.is_set() != conditions.is_empty() {
            errors.invalid(&rule, "it must have one of onExitCodes and onPodConditions");
        }
    }
}

fn exit_codes(codes: &Field<'_>, names: &BTreeSet<&str>, errors: &mut Errors) {
    let (operator, container, values) = (codes.get("operator"), codes.get("containerName"), codes.get("values"));
    errors.required_one_of(&operator, &["In", "NotIn"]);
    if container.is_set() && !names.contains(container.text()) {
        errors.invalid(&container, "it must be one of the containers or init containers");
    }
    if values.is_empty() {
        errors.invalid(&values, "at least one value is required");
    } else if values.len() > 255 {
        errors.too_many(&values, 255);
    }
    let (mut seen, mut ordered, mut last) = (BTreeSet::new(), true, None);
    for value in values.items() {
        let code = value.int();
        if operator.text() == "In" && code == 0 {
            errors.invalid(&value, "it must not be 0 for the In operator");
        }
        if !seen.insert(code) {
            errors.duplicate(&value);
        }
        ordered &= last.is_none_or(|last| last <= code);
        last = Some(code);
    }
    if !ordered {
        errors.invalid(&values, "the values must be ordered");
    }
}

fn success_policy(rules: &Field<'_>, completions: i64, errors: &mut Errors) {
    if rules.is_empty() {
        errors.required(rules);
    }
    if rules.len() > 20 {
        errors.too_many(rules, 20);
    }
    for rule in rules.items() {
        let (count, indexes) = (rule.get("succeededCount"), rule.get("succeededIndexes"));
        if !count.is_set() && !indexes.is_set() {
            errors.required(&rule);
        }
        let mut total = 0;
        if indexes.is_set() {
            if indexes.text().len() > 64 * 1024 {
                errors.too_long(&indexes, 64 * 1024);
            }
            match index_count(indexes.text(), completions) {
                Some(count) => total = count,
                None => errors.invalid(&indexes, "it must be a list of growing indexes and ranges below completions, such as 0,2-4"),
            }
        }
        if count.is_set() {
            errors.nonnegative(&count);
            if count.int() > completions {
                errors.invalid(&count, "it must be less than or equal to completions");
            }
            if indexes.is_set() && count.int() > total {
                errors.invalid(&count, "it must be less than or equal to the number of succeededIndexes");
            }
        }
    }
}

/// `validateIndexesFormat`: how many indexes a list such as `0,2-4` has.
fn index_count(text: &str, completions: i64) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (mut total, mut last) = (0, None);
    for part in text.split(',') {
        let (from, to) = match part.split_once('-') {
            Some((from, to)) => (from.parse::<i64>().ok()?, to.parse::<i64>().ok()?),
            None => {
                let one = part.parse::<i64>().ok()?;
                (one, one)
            }
        };
        let is_range = part.contains('-');
        if last.is_some_and(|last| last >= from) || is_range && from >= to || from < 0 || to >= completions {
            return None;
        }
        total += to - from + 1;
        last = Some(to);
    }
    Some(total)
}

/// `ValidateCronJobCreate`.
pub(super) fn cron_job(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (schedule, zone) = (spec.get("schedule"), spec.get("timeZone"));
    if schedule.is_empty() {
        errors.required(&schedule);
    } else {
        let zoned = schedule.text().contains("TZ");
        if let Err(error) = Schedule::parse(schedule.text(), &Zone::UTC) {
            errors.invalid(&schedule, error.to_string());
        }
        if zoned && zone.is_set() {
            errors.invalid(&schedule, "it cannot hold a time zone when timeZone is set");
        } else if zoned {
            errors.invalid(&schedule, "it cannot use TZ or CRON_TZ: use timeZone instead");
        }
    }
    if zone.is_set() {
        if zone.text().is_empty() {
            errors.invalid(&zone, "it must be unset or a time zone");
        } else if let Err(error) = Zone::named(zone.text()) {
            errors.invalid(&zone, error.to_string());
        }
    }
    errors.nonnegative(&spec.get("startingDeadlineSeconds"));
    errors.required_one_of(&spec.get("concurrencyPolicy"), &["Allow", "Forbid", "Replace"]);
    let job = spec.get("jobTemplate");
    // Templates are Jobs without a selector; `ValidateJobTemplateSpec`.
    job_spec(&job.get("spec"), errors);
    let manual = job.at(&["spec", "manualSelector"]);
    if job.at(&["spec", "selector"]).is_set() {
        errors.invalid(&job.at(&["spec", "selector"]), "it is generated");
    }
    if manual.is_true() {
        errors.not_supported(&manual, &["nil", "false"]);
    }
    errors.nonnegative(&spec.get("successfulJobsHistoryLimit"));
    errors.nonnegative(&spec.get("failedJobsHistoryLimit"));
}

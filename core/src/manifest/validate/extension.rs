//! Definitions of custom resources, and services that serve an API.
//!
//! Owns `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation` and `k8s.io/kube-aggregator/pkg/apis/apiregistration/validation`
//! (v1.37), but for the rules inside of schemas.

use std::collections::BTreeSet;

use super::admission::{client, review_versions};
use crate::manifest::field::{Errors, Field, Reason};
use crate::manifest::forms::is_port;
use crate::manifest::names::{is_dns_1035_label, is_dns_subdomain};

/// `ValidateCustomResourceDefinition`.
pub(super) fn definition(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (group, names, versions) = (spec.get("group"), spec.get("names"), spec.get("versions"));
    let expected = format!("{}.{}", names.get("plural").text(), group.text());
    let name = object.at(&["metadata", "name"]);
    if !name.is_empty() && name.text() != expected {
        errors.invalid(&name, format!("it must be spec.names.plural+\".\"+spec.group: {expected}"));
    }
    let generate = object.at(&["metadata", "generateName"]);
    if !generate.is_empty() {
        errors.invalid(&generate, format!("the name must be {expected}"));
    }
    if group.is_empty() {
        errors.required(&group);
    } else if !is_dns_subdomain(group.text()) {
        errors.invalid(&group, "it must have lower-case letters, digits, `-` and `.`");
    } else if group.text().split('.').count() < 2 {
        errors.invalid(&group, "it should be a domain with at least one dot");
    }
    errors.required_one_of(&spec.get("scope"), &["Cluster", "Namespaced"]);
    let protected = group.text() == "k8s.io"
        || group.text() == "kubernetes.io"
        || group.text().ends_with(".k8s.io")
        || group.text().ends_with(".kubernetes.io");
    let approval = object.at(&["metadata", "annotations"]).entry("api-approved.kubernetes.io");
    let approved = approval.text().starts_with("https://") || approval.text().starts_with("unapproved");
    if protected && !approved {
        let missing = if approval.is_empty() { Reason::Required } else { Reason::Invalid };
        errors.add(&approval, missing, "protected groups must have an approval, see https://github.com/kubernetes/enhancements/pull/1111");
    }
    self::versions(&spec, &versions, errors);
    if versions.items().filter(|v| v.get("storage").is_true()).count() != 1 {
        errors.invalid(&object.at(&["status", "storedVersions"]), "it must hold the storage version");
    }
    if spec.get("preserveUnknownFields").is_true() {
        errors.invalid(&spec.get("preserveUnknownFields"), "it must be false");
    }
    self::names(&names, errors);
    if names.get("plural").is_empty() {
        errors.required(&names.get("plural"));
    }
    if names.get("singular").is_empty() {
        errors.required(&names.get("singular"));
    }
    for required in ["kind", "listKind"] {
        if names.get(required).is_empty() {
            errors.required(&names.get(required));
        }
    }
    conversion(&spec.get("conversion"), errors);
}

fn versions<'a>(spec: &Field<'a>, versions: &Field<'a>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    let (mut stored, mut unique) = (0, true);
    for (index, version) in versions.items().enumerate() {
        let name = version.get("name");
        stored += usize::from(version.get("storage").is_true());
        unique &= seen.insert(name.text());
        if !is_dns_1035_label(name.text()) {
            const FORM: &str = "it must have lower-case letters, digits and `-`, a letter first";
            errors.invalid(&name, FORM);
            // The first one is the old field `version` too.
            if index == 0 {
                errors.invalid(&spec.get("version"), FORM);
            }
        }
        if version.get("deprecationWarning").is_set() && !version.get("deprecated").is_true() {
            errors.invalid(&version.get("deprecationWarning"), "it can only be set for deprecated versions");
        }
    }
    // What all versions have alike is looked at once, as the definition's own.
    let alike = |name: &'static str| {
        let mut all = versions.items().map(|v| v.get(name));
        all.next().is_some_and(|first| all.all(|other| other.same(&first)))
    };
    let first = versions.item(0);
    if alike("schema") {
        root_schema(&first.get("schema").named(spec, "validation"), errors);
    } else {
        versions.items().for_each(|v| root_schema(&v.get("schema"), errors));
    }
    if alike("subresources") {
        scale(&first.get("subresources").named(spec, "subresources"), errors);
    } else {
        versions.items().for_each(|v| scale(&v.get("subresources"), errors));
    }
    if alike("additionalPrinterColumns") {
        columns(&first.get("additionalPrinterColumns").named(spec, "additionalPrinterColumns"), errors);
    } else {
        versions.items().for_each(|v| columns(&v.get("additionalPrinterColumns"), errors));
    }
    if !unique {
        errors.invalid(versions, "it must contain unique version names");
    }
    if stored != 1 {
        errors.invalid(versions, "exactly one version must be marked as storage version");
    }
}

fn scale(subresources: &Field<'_>, errors: &mut Errors) {
    let scale = subresources.get("scale");
    if !scale.is_set() {
        return;
    }
    for (field, root) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status."), ("labelSelectorPath", "")] {
        let path = scale.get(field);
        if path.is_empty() {
            if field != "labelSelectorPath" {
                errors.required(&path);
            }
        } else if !path.text().starts_with('.') || !path.text().starts_with(root) {
            errors.invalid(&path, format!("it must be a path under {root}"));
        }
    }
}

fn columns(columns: &Field<'_>, errors: &mut Errors) {
    const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
    const FORMATS: [&str; 10] = ["int32", "int64", "float", "double", "byte", "date", "date-time", "password", "binary", "bsonobjectid"];
    for column in columns.items() {
        let (name, kind, format, path) = (column.get("name"), column.get("type"), column.get("format"), column.get("jsonPath"));
        let path = path.named(&column, "JSONPath");
        if name.is_empty() {
            errors.required(&name);
        }
        if kind.is_empty() {
            errors.required(&kind);
        } else if !TYPES.contains(&kind.text()) {
            errors.invalid(&kind, format!("it must be one of {}", TYPES.join(", ")));
        }
        if !format.is_empty() && !FORMATS.contains(&format.text()) {
            errors.invalid(&format, format!("it must be one of {}", FORMATS.join(", ")));
        }
        if path.is_empty() {
            errors.required(&path);
        } else if !path.text().starts_with('.') {
            errors.invalid(&path, "it must be a simple JSON path, starting with `.`");
        }
    }
}

/// The schema of a version: there, an object, structural as far as its types go.
fn root_schema(holder: &Field<'_>, errors: &mut Errors) {
    let root = holder.get("openAPIV3Schema");
    if !root.is_set() {
        return errors.required(&root);
    }
    let kind = root.get("type");
    if kind.is_empty() {
        errors.required(&kind);
    } else if kind.text() != "object" {
        errors.invalid(&kind, "it must be object at the root");
    }
    let meta = root.get("properties").entry("metadata");
    let restricts = meta.entries().any(|(key, _)| !matches!(key, "type" | "description" | "properties" | "title"));
    if restricts || meta.get("properties").entries().any(|(key, _)| !matches!(key, "name" | "generateName")) {
        errors.forbidden(&meta, "only restrictions on metadata.name and metadata.generateName are implemented");
    }
    schema(&root, true, 0, errors);
}

/// How deep schemas are followed.
const DEEPEST: u32 = 64;

fn schema(schema: &Field<'_>, root: bool, depth: u32, errors: &mut Errors) {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    if depth > DEEPEST {
        return;
    }
    let kind = schema.get("type");
    if !kind.is_empty() && !TYPES.contains(&kind.text()) {
        errors.not_supported(&kind, &TYPES);
    }
    let untyped = schema.get("x-kubernetes-int-or-string").is_true() || schema.get("x-kubernetes-preserve-unknown-fields").is_true();
    if kind.is_empty() && !root && !untyped {
        errors.required(&kind);
    }
    if !schema.get("$ref").is_empty() {
        errors.forbidden(&schema.get("$ref"), "$ref is not supported");
    }
    let items = schema.get("items");
    if kind.text() == "array" && !items.is_set() {
        errors.required(&items);
    }
    for rule in schema.get("x-kubernetes-validations").items() {
        if rule.get("rule").text().trim().is_empty() {
            errors.required(&rule.get("rule"));
        }
    }
    default(schema, kind.text(), errors);
    for (_, property) in schema.get("properties").entries() {
        self::schema(&property, false, depth + 1, errors);
    }
    for inner in [items, schema.get("additionalProperties")] {
        if inner.value().is_some_and(serde_json::Value::is_object) {
            self::schema(&inner, false, depth + 1, errors);
        }
    }
}

/// A default must be a value that its own schema takes.
fn default(schema: &Field<'_>, kind: &str, errors: &mut Errors) {
    let default = schema.get("default");
    let Some(value) = default.value() else { return };
    let fits = match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        "" => true,
        _ => false,
    };
    if !fits {
        errors.add(&default, Reason::TypeInvalid, format!("it must be of type {kind}"));
    }
    let (number, bound) = (value.as_f64(), |name: &'static str| schema.get(name).value().and_then(serde_json::Value::as_f64));
    let above = number.zip(bound("maximum")).is_some_and(|(n, most)| n > most);
    let below = number.zip(bound("minimum")).is_some_and(|(n, least)| n < least);
    if above || below {
        errors.invalid(&default, "it is not between minimum and maximum");
    }
    let known = schema.get("enum");
    if fits && !known.is_empty() && !known.items().any(|k| k.value() == Some(value)) {
        errors.add(&default, Reason::NotSupported, "it must be one of the values of `enum`");
    }
}

fn names(names: &Field<'_>, errors: &mut Errors) {
    for name in ["plural", "singular", "kind", "listKind"] {
        let field = names.get(name);
        let text = if name.ends_with("ind") { field.text().to_lowercase() } else { field.text().to_owned() };
        errors.form(&field, field.is_empty() || is_dns_1035_label(&text), "letters, digits and `-`, a letter first");
    }
    for list in ["shortNames", "categories"] {
        for name in names.get(list).items() {
            errors.form(&name, is_dns_1035_label(name.text()), "lower-case letters, digits and `-`, a letter first");
        }
    }
    if !names.get("kind").is_empty() && names.get("kind").text() == names.get("listKind").text() {
        errors.invalid(&names.get("listKind"), "kind and listKind may not be the same");
    }
}

fn conversion(conversion: &Field<'_>, errors: &mut Errors) {
    let (strategy, webhook) = (conversion.get("strategy"), conversion.get("webhook"));
    let (config, versions) = (webhook.get("clientConfig"), webhook.get("conversionReviewVersions"));
    match strategy.text() {
        "Webhook" => {
            if config.is_set() {
                client(&config, false, errors)
            } else {
                errors.required(&config)
            }
            review_versions(&versions, &["v1", "v1beta1"], errors);
        }
        "None" => {
            if webhook.is_set() {
                errors.forbidden(&webhook, "it should not be set when strategy is not Webhook");
            }
        }
        _ => errors.required_one_of(&strategy, &["None", "Webhook"]),
    }
}

/// `ValidateAPIService`.
pub(super) fn service(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (group, version, service) = (spec.get("group"), spec.get("version"), spec.get("service"));
    let (bundle, skip) = (spec.get("caBundle"), spec.get("insecureSkipTLSVerify"));
    let (name, expected) = (object.at(&["metadata", "name"]), format!("{}.{}", version.text(), group.text()));
    if !name.is_empty() && name.text() != expected {
        errors.invalid(&name, format!("it must be spec.version+\".\"+spec.group: {expected}"));
    }
    if group.is_empty() {
        if version.text() != "v1" {
            errors.required(&group);
        }
    } else {
        errors.form(&group, is_dns_subdomain(group.text()), "lower-case letters, digits, `-` and `.`");
    }
    errors.form(&version, is_dns_1035_label(version.text()), "lower-case letters, digits and `-`, a letter first");
    for (name, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)] {
        let field = spec.get(name);
        if field.int() <= 0 || field.int() > most {
            errors.invalid(&field, format!("it must be positive and at most {most}"));
        }
    }
    if !service.is_set() {
        if !bundle.is_empty() {
            errors.invalid(&bundle, "local APIServices may not have a caBundle");
        }
        if skip.is_true() {
            errors.invalid(&skip, "local APIServices may not have insecureSkipTLSVerify");
        }
        return;
    }
    for name in ["namespace", "name"] {
        if service.get(name).is_empty() {
            errors.required(&service.get(name));
        }
    }
    if !is_port(service.get("port").int()) {
        errors.invalid(&service.get("port"), "it must be between 1 and 65535, inclusive");
    }
    if skip.is_true() && !bundle.is_empty() {
        errors.invalid(&skip, "it may not be true if caBundle is present");
    }
}

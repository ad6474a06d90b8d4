//! ConfigMaps and Secrets.
//!
//! Owns `ValidateConfigMap` and `ValidateSecret` of `pkg/apis/core/validation/validation.go` (v1.37).

use crate::manifest::builder::base64;
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::is_config_key;

/// What the data of one object may have in all.
const LARGEST: usize = 1024 * 1024;

const KEY: &str = "letters, digits, `-`, `_` and `.`";

/// Bytes that base64 stands for.
fn decoded(text: &str) -> usize {
    text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count().min(2)
}

pub(super) fn config_map(object: &Field<'_>, errors: &mut Errors) {
    let (data, binary) = (object.get("data"), object.get("binaryData"));
    let mut size = 0;
    for (key, value) in data.entries() {
        errors.form(&value, is_config_key(key), KEY);
        if binary.entry(key).is_set() {
            errors.invalid(&value, "the key is in binaryData too");
        }
        size += value.text().len();
    }
    for (key, value) in binary.entries() {
        errors.form(&value, is_config_key(key), KEY);
        size += decoded(value.text());
    }
    if size > LARGEST {
        errors.too_long(&object.get(""), LARGEST);
    }
}

pub(super) fn secret(object: &Field<'_>, errors: &mut Errors) {
    let data = object.get("data");
    let mut size = 0;
    for (key, value) in data.entries() {
        errors.form(&value, is_config_key(key), KEY);
        size += decoded(value.text());
    }
    if size > LARGEST {
        errors.too_long(&data, LARGEST);
    }
    let has = |key: &str| data.value().is_some_and(|d| d.get(key).is_some());
    let json = |key: &'static str, errors: &mut Errors| {
        let field = data.entry(key);
        if !has(key) {
            return errors.required(&field);
        }
        let is_map = base64(field.text()).and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        if !is_map.is_some_and(|v| v.is_object() || v.is_null()) {
            errors.invalid(&field, "it must be a JSON object");
        }
    };
    match object.get("type").text() {
        "kubernetes.io/service-account-token" => {
            let name = object.at(&["metadata", "annotations"]).entry("kubernetes.io/service-account.name");
            if name.is_empty() {
                errors.required(&name);
            }
        }
        "kubernetes.io/dockercfg" => json(".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => json(".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            ["username", "password"].iter().for_each(|key| errors.required(&data.entry(key)));
        }
        "kubernetes.io/ssh-auth" if data.entry("ssh-privatekey").is_empty() => errors.required(&data.entry("ssh-privatekey")),
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"].iter().filter(|key| !has(key)) {
                errors.required(&data.entry(key));
            }
        }
        _ => {}
    }
}

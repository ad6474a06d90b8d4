//! Volumes of pods, and the sources that persistent volumes share with them.
//!
//! Owns `ValidateVolumes` and `validateVolumeSource` of `pkg/apis/core/validation/validation.go` (v1.37).

use std::collections::BTreeSet;

use super::selector::{annotations, labels, selector};
use super::storage;
use crate::manifest::field::{Errors, Field};
use crate::manifest::forms::{is_absolute, is_domain_prefixed, is_user_id, stays_below};
use crate::manifest::names::{is_dns_label, is_dns_subdomain};
use crate::units::arrange::Arrange;
use crate::units::gather::Gather;
use crate::units::quantity::Quantity;

/// The kinds of volumes in the order they are looked at; of two, the later one is refused.
const KINDS: [&str; 30] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// The volumes of a pod that are valid by themselves, by name.
pub(super) type Volumes<'a> = Vec<(&'a str, Field<'a>)>;

/// `ValidateVolumes`; `pod` is the pod's name, where it is one.
pub(super) fn volumes<'a>(volumes: &Field<'a>, pod: &str, errors: &mut Errors) -> Volumes<'a> {
    let mut valid: Volumes<'a> = Vec::new();
    let created: BTreeSet<String> = volumes
        .items()
        .filter(|v| !pod.is_empty() && v.get("ephemeral").is_set())
        .map(|v| format!("{pod}-{}", v.get("name").text()))
        .gather();
    for volume in volumes.items() {
        let before = errors.0.len();
        let name = volume.get("name");
        source(&volume, name.text(), pod, errors);
        if name.is_empty() {
            errors.required(&name);
        } else {
            errors.form(&name, is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
        }
        if valid.iter().any(|(other, _)| *other == name.text()) {
            errors.duplicate(&name);
        }
        if errors.0.len() == before {
            valid.push((name.text(), volume));
        }
        let claim = volume.get("persistentVolumeClaim").get("claimName");
        if created.contains(claim.text()) {
            errors.invalid(&claim, "it must not be a claim that this pod itself creates for an ephemeral volume");
        }
    }
    valid
}

/// `validateVolumeSource`.
fn source(volume: &Field<'_>, name: &str, pod: &str, errors: &mut Errors) {
    let mut found = false;
    let mut kinds: Vec<usize> = volume.entries().filter_map(|(key, _)| KINDS.iter().position(|kind| *kind == key)).collect();
    kinds.arrange();
    for kind in kinds.into_iter().map(|i| KINDS[i]) {
        let source = volume.get(kind);
        if !source.is_set() {
            continue;
        }
        if found {
            let written = match kind {
                "cephfs" => "cephFS",
                "downwardAPI" => "downwarAPI",
                other => other,
            };
            errors.forbidden(&volume.get(written), "a volume has one type only");
        } else {
            found = true;
            one(volume, kind, &source, errors);
        }
        let too_long =
            kind == "iscsi" && source.get("initiatorName").is_set() && name.len() + 1 + source.get("targetPortal").text().len() > 64;
        if too_long {
            errors.invalid(&volume.get("name"), "the name and the target portal may have at most 63 bytes together");
        }
        if kind == "ephemeral" && !pod.is_empty() && !name.is_empty() && !is_dns_subdomain(&format!("{pod}-{name}")) {
            errors.invalid(&volume.get("name"), "with the pod's name before it, it must be a claim's name");
        }
    }
    if !found {
        errors.required(volume);
    }
}

fn one<'a>(volume: &Field<'a>, kind: &str, source: &Field<'a>, errors: &mut Errors) {
    match kind {
        "emptyDir" => {
            let limit = source.get("sizeLimit");
            if limit.quantity().is_some_and(|l| l < Quantity::ZERO) {
                errors.forbidden(&limit, "it must not be negative");
            }
        }
        "gitRepo" => {
            required(source, &["repository"], errors);
            relative(&source.get("directory"), errors);
        }
        "secret" | "configMap" => {
            required(source, &[if kind == "secret" { "secretName" } else { "name" }], errors);
            mode(&source.get("defaultMode"), errors);
            source.get("items").items().for_each(|item| key_to_path(&item, errors));
        }
        "persistentVolumeClaim" => required(source, &["claimName"], errors),
        "downwardAPI" => {
            mode(&source.get("defaultMode"), errors);
            // The server names a file's fields as if they were the volume's.
            source.get("items").items().for_each(|file| downward_file(&file, source, errors));
        }
        "projected" => projected(source, errors),
        "csi" => {
            storage::driver_name(&source.get("driver"), errors);
            let secret = source.get("nodePublishSecretRef");
            if secret.is_set() {
                required(&secret, &["name"], errors);
                let name = secret.get("name");
                if !name.is_empty() && !is_dns_subdomain(name.text()) {
                    errors.invalid(&name.named(source, "name"), "it must be a secret's name");
                }
            }
        }
        "ephemeral" => {
            let template = source.get("volumeClaimTemplate");
            if template.is_set() {
                let meta = template.get("metadata");
                annotations(&meta.get("annotations"), errors);
                labels(&meta.get("labels"), errors);
                for field in meta.entries() {
                    let known = ["annotations", "labels", "creationTimestamp"].contains(&field.0);
                    if !known {
                        errors.forbidden(&field.1.named(&meta, field.0), "it cannot be set");
                    }
                }
                storage::claim_spec(&template.get("spec"), errors);
            } else {
                errors.required(&template);
            }
        }
        "image" => {
            let reference = source.get("reference");
            if reference.text().is_empty() {
                errors.required(&reference);
            }
            errors.required_one_of(&source.get("pullPolicy"), &["Always", "IfNotPresent", "Never"]);
        }
        _ => shared(volume, kind, source, false, errors),
    }
}

/// The sources that pods and persistent volumes share; those of volumes name the namespaces of their secrets.
pub(super) fn shared<'a>(holder: &Field<'a>, kind: &str, source: &Field<'a>, persistent: bool, errors: &mut Errors) {
    let secret = source.get("secretRef");
    match kind {
        "hostPath" => {
            let path = source.get("path");
            if path.is_empty() {
                return errors.required(&path);
            }
            below(&path, errors);
            const TYPES: [&str; 8] = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
            errors.must_be_one_of(&source.get("type"), &TYPES);
        }
        "gcePersistentDisk" => {
            // The server calls it `persistentDisk` here.
            let place = if persistent { *source } else { source.named(holder, "persistentDisk") };
            required(&place, &["pdName"], errors);
            errors.within(&place.get("partition"), 0..=255);
        }
        "awsElasticBlockStore" => {
            required(source, &["volumeID"], errors);
            errors.within(&source.get("partition"), 0..=255);
        }
        "nfs" => {
            required(source, &["server", "path"], errors);
            if !is_absolute(source.get("path").text()) {
                errors.invalid(&source.get("path"), "it must be an absolute path");
            }
        }
        "iscsi" => iscsi(source, persistent, errors),
        "glusterfs" => {
            required(source, &["endpoints", "path"], errors);
            let namespace = source.get("endpointsNamespace");
            if persistent && namespace.is_set() {
                errors.form(&namespace, is_dns_label(namespace.text()), "the form of a namespace's name");
            }
        }
        "flocker" => {
            let (name, uuid) = (source.get("datasetName"), source.get("datasetUUID"));
            match (name.is_empty(), uuid.is_empty()) {
                (true, true) => errors.required(source),
                (false, false) => errors.invalid(source, "datasetName and datasetUUID cannot both be set"),
                _ => {}
            }
            if name.text().contains('/') {
                errors.invalid(&name, "it must not contain `/`");
            }
        }
        "rbd" => required(source, &["monitors", "image"], errors),
        "cephfs" => required(source, &["monitors"], errors),
        "cinder" => {
            required(source, &["volumeID"], errors);
            secret_reference(&secret, persistent, errors);
        }
        "quobyte" => {
            required(source, &["registry"], errors);
            let registry = source.get("registry");
            if !registry.is_empty() {
                if source.get("tenant").text().len() >= 65 {
                    errors.required(&source.get("tenant"));
                } else {
                    for pair in registry.text().split(',').filter(|pair| pair.matches(':').count() != 1 && !pair.contains("]:")) {
                        errors.invalid(&registry, format!("`{pair}` is not a host:port pair"));
                    }
                }
            }
            required(source, &["volume"], errors);
        }
        "fc" => {
            let (targets, lun) = (source.get("targetWWNs"), source.get("lun"));
            match (targets.is_empty(), source.get("wwids").is_empty()) {
                (true, true) => errors.required(&targets),
                (false, false) => errors.invalid(&targets, "targetWWNs and wwids cannot both be set"),
                _ => {}
            }
            if !targets.is_empty() {
                if lun.is_set() { errors.within(&lun, 0..=255) } else { errors.required(&lun) }
            }
        }
        "flexVolume" => {
            required(source, &["driver"], errors);
            for (key, option) in source.get("options").entries() {
                let domain = format!(".{}", key.split('/').next().unwrap_or("").to_lowercase());
                if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
                    errors.invalid(&option, "kubernetes.io and k8s.io are reserved");
                }
            }
        }
        "azureFile" => {
            required(source, &["secretName", "shareName"], errors);
            let namespace = source.get("secretNamespace");
            if persistent && namespace.is_set() && namespace.text().is_empty() {
                errors.required(&namespace);
            }
        }
        "vsphereVolume" => required(source, &["volumePath"], errors),
        "photonPersistentDisk" => required(source, &["pdID"], errors),
        "portworxVolume" => required(source, &["volumeID"], errors),
        "azureDisk" => {
            required(source, &["diskName", "diskURI"], errors);
            errors.must_be_one_of(&source.get("cachingMode"), &["None", "ReadOnly", "ReadWrite"]);
            errors.must_be_one_of(&source.get("kind"), &["Dedicated", "Managed", "Shared"]);
            let uri = source.get("diskURI");
            let wanted = if source.get("kind").text() == "Managed" { "/subscriptions/" } else { "https://" };
            if !uri.text().starts_with(wanted) {
                errors.not_supported(&uri, &[wanted]);
            }
        }
        "storageos" => {
            required(source, &["volumeName"], errors);
            for name in ["volumeName", "volumeNamespace"] {
                let name = source.get(name);
                errors.form(&name, name.is_empty() || is_dns_label(name.text()), "at most 63 lower-case letters, digits and `-`");
            }
            secret_reference(&secret, persistent, errors);
        }
        "scaleIO" => required(source, &["gateway", "system", "volumeName"], errors),
        _ => {}
    }
}

fn secret_reference(secret: &Field<'_>, persistent: bool, errors: &mut Errors) {
    if secret.is_set() {
        required(secret, if persistent { &["name", "namespace"] } else { &["name"] }, errors);
    }
}

fn iscsi(source: &Field<'_>, persistent: bool, errors: &mut Errors) {
    required(source, &["targetPortal", "iqn"], errors);
    let (iqn, initiator) = (source.get("iqn"), source.get("initiatorName"));
    if !iqn.is_empty() && !is_initiator(iqn.text()) {
        errors.invalid(&iqn, "it must be an iSCSI name: iqn.…, eui.… or naa.…");
    }
    errors.within(&source.get("lun"), 0..=255);
    let secret = source.get("secretRef");
    if (source.get("chapAuthDiscovery").is_true() || source.get("chapAuthSession").is_true()) && !secret.is_set() {
        errors.required(&secret);
    }
    if persistent && secret.is_set() {
        required(&secret, &["name"], errors);
    }
    if initiator.is_set() && !is_initiator(initiator.text()) {
        errors.invalid(&initiator.named(source, "initiatorname"), "it must be an iSCSI name: iqn.…, eui.… or naa.…");
    }
}

fn is_initiator(text: &str) -> bool {
    let word = |t: &str, length: usize| t.len() == length && t.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(rest) = text.strip_prefix("iqn.") {
        let Some((date, rest)) = rest.split_once('.') else { return false };
        let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        let dated = date.split_once('-').is_some_and(|(y, m)| digits(y, 4) && digits(m, 2));
        let Some((authority, name)) = rest.split_once(':') else { return false };
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        let plain = |c: char| !"^,;*&$|".contains(c) && !c.is_whitespace();
        return dated && !authority.is_empty() && authority.bytes().all(inner) && !name.is_empty() && name.chars().all(plain);
    }
    text.strip_prefix("eui.").is_some_and(|t| word(t, 16)) || text.strip_prefix("naa.").is_some_and(|t| word(t, 32))
}

pub(super) fn required(place: &Field<'_>, names: &[&'static str], errors: &mut Errors) {
    for name in names {
        let field = place.get(name);
        if field.is_empty() {
            errors.required(&field);
        }
    }
}

fn mode(mode: &Field<'_>, errors: &mut Errors) {
    if mode.integer().is_some_and(|m| !(0..=0o777).contains(&m)) {
        errors.invalid(mode, "it must be a number between 0 and 0777 (octal), both inclusive");
    }
}

/// `validatePathNoBacksteps`.
pub(super) fn below(path: &Field<'_>, errors: &mut Errors) {
    if !stays_below(path.text()) {
        errors.invalid(path, "it must not contain `..`");
    }
}

/// `validateLocalDescendingPath`.
pub(super) fn relative(path: &Field<'_>, errors: &mut Errors) {
    if is_absolute(path.text()) {
        errors.invalid(path, "it must be a relative path");
    }
    below(path, errors);
}

/// `ValidateLocalNonReservedPath`.
fn local(path: &Field<'_>, errors: &mut Errors) {
    relative(path, errors);
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        errors.invalid(path, "it must not start with `..`");
    }
}

fn key_to_path(item: &Field<'_>, errors: &mut Errors) {
    required(item, &["key", "path"], errors);
    local(&item.get("path"), errors);
    mode(&item.get("mode"), errors);
}

/// `validateDownwardAPIVolumeFile`; errors are named below `place`.
fn downward_file<'a>(file: &Field<'a>, place: &Field<'a>, errors: &mut Errors) {
    let path = file.get("path").named(place, "path");
    if path.is_empty() {
        errors.required(&path);
    }
    local(&path, errors);
    let (field, resource) = (file.get("fieldRef").named(place, "fieldRef"), file.get("resourceFieldRef").named(place, "resourceFieldRef"));
    if field.is_set() {
        const FIELDS: [&str; 5] = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
        super::container::field_ref(&field, &FIELDS, errors);
        if resource.is_set() {
            errors.invalid(place, "fieldRef and resourceFieldRef cannot both be set");
        }
    } else if resource.is_set() {
        super::container::resource_ref(&resource, true, errors);
    } else {
        errors.required(place);
    }
    mode(&file.get("mode").named(place, "mode"), errors);
}

/// `validateProjectedVolumeSource`.
fn projected(volume: &Field<'_>, errors: &mut Errors) {
    mode(&volume.get("defaultMode"), errors);
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for source in volume.get("sources").items() {
        let mut kinds = 0;
        let conflict = |path: &str, errors: &mut Errors| {
            if paths.contains(path) {
                errors.invalid(volume, format!("two sources have the path `{path}`"));
            }
        };
        let mut added: Vec<&str> = Vec::new();
        for kind in ["secret", "configMap"] {
            let part = source.get(kind);
            if !part.is_set() {
                continue;
            }
            kinds += 1;
            required(&part, &["name"], errors);
            for item in part.get("items").items() {
                key_to_path(&item, errors);
                let path = item.get("path").text();
                if !path.is_empty() {
                    conflict(path, errors);
                    if added.contains(&path) {
                        errors.invalid(volume, format!("two items have the path `{path}`"));
                    }
                    added.push(path);
                }
            }
        }
        let downward = source.get("downwardAPI");
        if downward.is_set() {
            kinds += 1;
            for file in downward.get("items").items() {
                downward_file(&file, &downward, errors);
                let path = file.get("path").text();
                if !path.is_empty() {
                    conflict(path, errors);
                    if added.contains(&path) {
                        errors.invalid(volume, format!("two items have the path `{path}`"));
                    }
                    added.push(path);
                }
            }
        }
        let token = source.get("serviceAccountToken");
        if token.is_set() {
            kinds += 1;
            errors.within(&token.get("expirationSeconds"), 600..=1 << 32);
            let path = token.get("path").named(volume, "path");
            if path.is_empty() {
                errors.required(&path);
            } else {
                local(&path, errors);
            }
        }
        let bundle = source.get("clusterTrustBundle");
        if bundle.is_set() {
            kinds += 1;
            trust_bundle(&bundle, errors);
            conflict(bundle.get("path").text(), errors);
            added.push(bundle.get("path").text());
        }
        let certificate = source.get("podCertificate");
        if certificate.is_set() {
            kinds += 1;
            pod_certificate(&certificate, errors);
            for name in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
                let path = certificate.get(name).text();
                if !path.is_empty() {
                    conflict(path, errors);
                    if added.contains(&path) {
                        errors.invalid(volume, format!("two paths are `{path}`"));
                    }
                    added.push(path);
                }
            }
        }
        if kinds > 1 {
            errors.forbidden(&source, "a source has one kind only");
        }
        paths.extend(added);
    }
}

/// `ValidateSignerName`.
pub(super) fn signer_name(name: &Field<'_>, errors: &mut Errors) {
    let text = name.text();
    if text.is_empty() {
        errors.required(name);
        return;
    }
    let Some((domain, path)) = text.split_once('/') else {
        return errors.invalid(name, "it must be a fully qualified domain and a path: `example.com/name`");
    };
    if !is_domain_prefixed(text) || domain.split('.').count() < 2 || !path.split('.').all(is_dns_label) {
        errors.invalid(name, "it must be a fully qualified domain and a path: `example.com/name`");
    }
}

fn trust_bundle(bundle: &Field<'_>, errors: &mut Errors) {
    let (name, signer) = (bundle.get("name"), bundle.get("signerName"));
    match (name.is_set(), signer.is_set()) {
        (true, true) => errors.invalid(bundle, "only one of name and signerName may be used"),
        (true, false) => {
            if name.text().is_empty() {
                errors.required(&name);
            }
            let own = name.text().rsplit_once(':').map_or(name.text(), |(_, own)| own);
            errors.form(&name, is_dns_subdomain(own), "the form of a ClusterTrustBundle's name");
            if bundle.get("labelSelector").is_set() {
                errors.invalid(&bundle.get("labelSelector"), "it may only be set with signerName");
            }
        }
        (false, true) => {
            signer_name(&signer, errors);
            selector(&bundle.get("labelSelector"), errors);
        }
        (false, false) => errors.required(bundle),
    }
    required(bundle, &["path"], errors);
    local(&bundle.get("path"), errors);
}

fn pod_certificate(certificate: &Field<'_>, errors: &mut Errors) {
    let signer = certificate.get("signerName");
    signer_name(&signer, errors);
    for (key, _) in certificate.get("userAnnotations").entries() {
        if !is_domain_prefixed(&key.to_lowercase()) {
            errors.invalid(&certificate.get("userAnnotations"), "a key must have the form `dns.domain/name`");
        }
    }
    const KEYS: [&str; 6] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    errors.must_be_one_of(&certificate.get("keyType"), &KEYS);
    let domain = signer.text().split('/').next().unwrap_or("");
    let of_kubernetes = domain == "kubernetes.io" || domain.ends_with(".kubernetes.io");
    let most = if of_kubernetes { 24 * 3600 } else { 91 * 24 * 3600 };
    errors.within(&certificate.get("maxExpirationSeconds"), 3600..=most);
    let mut any = false;
    for name in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        let path = certificate.get(name);
        if !path.is_empty() {
            any = true;
            local(&path, errors);
        }
    }
    if !any {
        errors.required(certificate);
    }
}

/// A user id, where one is set.
pub(super) fn user(id: &Field<'_>, errors: &mut Errors) {
    if id.integer().is_some_and(|id| !is_user_id(id)) {
        errors.invalid(id, "it must be between 0 and 2147483647, inclusive");
    }
}

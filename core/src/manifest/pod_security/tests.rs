//! The checks of the Pod Security standards, each with a pod that passes and one that does not.

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::{Value, json};

use super::*;

fn pod(spec: Value) -> WrittenPod {
    let spec: PodSpec = serde_json::from_value(spec).expect("a pod spec");
    WrittenPod { spec, ..WrittenPod::default() }
}

fn of(standard: &str, pod: &WrittenPod) -> String {
    let (level, version) = standard.split_once(':').expect("level:version");
    let standard = Standard { level: Level::parse(level).expect("a level"), version: Version::parse(version).expect("a version") };
    detail(&violations(standard, pod))
}

#[test]
fn labels_name_a_standard_and_what_is_none_is_strict() {
    let policy = |labels: &[(&str, &str)]| {
        let owned: Vec<(String, String)> =
            labels.iter().map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), (*v).to_owned())).collect();
        let policy = Policy::of_labels(|key| owned.iter().find(|l| l.0 == key).map(|l| l.1.as_str()));
        (policy.enforce.to_string(), policy.warn.to_string())
    };
    let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(policy(&[]), own("privileged:latest", "privileged:latest"));
    assert_eq!(policy(&[("enforce", "baseline"), ("enforce-version", "v1.22")]), own("baseline:v1.22", "baseline:v1.22"));
    assert_eq!(policy(&[("warn", "restricted")]), own("privileged:latest", "restricted:latest"));
    assert_eq!(policy(&[("enforce", "strict"), ("enforce-version", "1.22")]), own("restricted:latest", "restricted:latest"));
}

#[test]
fn a_plain_pod_keeps_baseline_and_breaks_four_rules_of_restricted() {
    let plain = pod(json!({"containers": [{"name": "a"}, {"name": "b"}]}));
    assert_eq!(of("baseline:latest", &plain), "");
    assert_eq!(
        of("restricted:latest", &plain),
        "allowPrivilegeEscalation != false (containers \"a\", \"b\" must set securityContext.allowPrivilegeEscalation=false), \
         unrestricted capabilities (containers \"a\", \"b\" must set securityContext.capabilities.drop=[\"ALL\"]), \
         runAsNonRoot != true (pod or containers \"a\", \"b\" must set securityContext.runAsNonRoot=true), \
         seccompProfile (pod or containers \"a\", \"b\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
    let good = pod(json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
    }));
    assert_eq!(of("restricted:latest", &good), "");
}

#[test]
fn each_rule_of_baseline_has_its_words() {
    for (spec, words) in [
        (json!({"hostNetwork": true, "hostIPC": true}), "host namespaces (hostNetwork=true, hostIPC=true)"),
        (json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}), "hostPath volumes (volume \"v\")"),
        (
            json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 80}, {"containerPort": 9, "hostPort": 443}]}]}),
            "hostPort (container \"a\" uses hostPorts 443, 80)",
        ),
        (
            json!({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": 1, "host": "h"}}}]}),
            "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")",
        ),
        (
            json!({"initContainers": [{"name": "i", "securityContext": {"privileged": true}}]}),
            "privileged (container \"i\" must not set securityContext.privileged=true)",
        ),
        (
            json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["NET_RAW", "CHOWN", "BPF"]}}}]}),
            "non-default capabilities (container \"a\" must not include \"BPF\", \"NET_RAW\" in securityContext.capabilities.add)",
        ),
        (
            json!({"containers": [{"name": "a", "securityContext": {"procMount": "Unmasked"}}]}),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}}),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)",
        ),
        (
            json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
            "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}, {"name": "net.ipv4.tcp_rmem", "value": "1"}]}}),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
    ] {
        let mut spec = spec;
        if spec.get("containers").is_none() {
            spec["containers"] = json!([{"name": "app"}]);
        }
        assert_eq!(of("baseline:latest", &pod(spec)), words);
    }
    let mut annotated = pod(json!({"containers": [{"name": "a"}]}));
    annotated.annotations.insert("container.apparmor.security.beta.kubernetes.io/a".to_owned(), "unconfined".to_owned());
    let told = of("baseline:latest", &annotated);
    assert!(
        told.starts_with("forbidden AppArmor profile (annotation must not set AppArmor profile type to \"container.apparmor"),
        "{told}"
    );
}

#[test]
fn restricted_takes_the_place_of_what_it_makes_stricter() {
    let bad = pod(json!({
        "hostUsers": false,
        "securityContext": {"runAsUser": 0, "seccompProfile": {"type": "Unconfined"}},
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {"server": "s", "path": "/"}}, {"name": "x"}],
        "containers": [{"name": "a", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_RAW"], "drop": ["ALL"]}, "procMount": "Unmasked"}}],
    }));
    assert_eq!(
        of("restricted:latest", &bad),
        "unrestricted capabilities (container \"a\" must not include \"NET_RAW\" in securityContext.capabilities.add), \
         procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\"), \
         restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\"), \
         seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"
    );
    let baseline = of("baseline:latest", &bad);
    assert!(!baseline.contains("procMount"), "its users are its own: {baseline}");
}

#[test]
fn versions_count_from_when_a_rule_came() {
    let plain = pod(json!({"containers": [{"name": "a"}]}));
    assert_eq!(of("restricted:v1.7", &plain), "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)");
    assert!(!of("restricted:v1.21", &plain).contains("capabilities"));
    assert!(of("restricted:v1.99", &plain).contains("capabilities"), "newer than known counts as the newest known");
    let windows = pod(json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]}));
    assert_eq!(of("restricted:v1.24", &windows).matches('(').count(), 4);
    assert_eq!(of("restricted:v1.25", &windows).matches('(').count(), 1);
    let sysctl = pod(json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_fin_timeout", "value": "1"}]}, "containers": []}));
    assert_eq!(of("baseline:v1.28", &sysctl), "forbidden sysctls (net.ipv4.tcp_fin_timeout)");
    assert_eq!(of("baseline:v1.29", &sysctl), "");
}

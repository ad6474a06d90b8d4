//! The program as CI uses it: formats that other programs read, exit codes, and the same bytes for any number of jobs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn wavetank(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wavetank")).args(args).current_dir(root()).env("NO_COLOR", "1").output().unwrap()
}

#[track_caller]
fn stdout(args: &[&str], code: i32) -> String {
    let output = wavetank(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json(args: &[&str], code: i32) -> Value {
    serde_json::from_str(&stdout(args, code)).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

const SHOP: &str = "static/examples/shop";

#[test]
fn every_data_format_says_its_version() {
    assert_eq!(json(&["run", SHOP, "--fail-zone", "b", "-o", "json"], 0)["schemaVersion"], 1);
    assert_eq!(json(&["test", SHOP, "-o", "json"], 0)["schemaVersion"], 1);
    assert_eq!(json(&["check", SHOP, "-o", "json"], 0)["schemaVersion"], 1);
    assert_eq!(json(&["compare", SHOP, SHOP, "-o", "json"], 0)["schemaVersion"], 1);
    for verb in [&["run", SHOP, "--fail-zone", "b"][..], &["test", SHOP], &["check", SHOP]] {
        let log = json(&[verb, &["-o", "sarif"]].concat(), 0);
        assert_eq!(log["version"], "2.1.0");
        assert!(log["runs"][0]["results"].is_array(), "{verb:?}");
    }
    assert!(stdout(&["run", SHOP, "--fail-zone", "b", "-o", "github"], 0).starts_with("::error file=static/examples/shop/"));
    assert!(stdout(&["run", SHOP, "--fail-zone", "b", "-o", "html"], 0).starts_with("<!doctype html>"));
    assert!(stdout(&["run", SHOP, "--fail-zone", "b", "-o", "svg"], 0).starts_with("<svg"));
    assert!(stdout(&["test", SHOP, "-o", "junit"], 0).starts_with("<?xml"));
}

#[test]
fn exit_codes_mean_the_same_everywhere() {
    stdout(&["run", SHOP, "--fail-zone", "b"], 0);
    stdout(&["run", SHOP, "--fail-zone", "nowhere"], 2);
    stdout(&["run", "no/such/place"], 2);
    stdout(&["run", SHOP, "--no-such-flag"], 2);
    stdout(&["test", SHOP], 0);
    stdout(&["test", "static/examples/shop/payments.yaml"], 2);
    stdout(&["compare", SHOP, SHOP, "--detailed-exitcode"], 0);
}

#[test]
fn a_comparison_names_who_fares_better() {
    let place = std::env::temp_dir().join(format!("wavetank-compare-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let web = |replicas: u32| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  \
             template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: c, image: 'i:1'}}], nodeSelector: {{topology.kubernetes.io/zone: zone-a}}}}\n"
        )
    };
    let (before, after) = (place.join("before.yaml"), place.join("after.yaml"));
    std::fs::write(&before, web(1)).unwrap();
    std::fs::write(&after, web(1).replace(", nodeSelector: {topology.kubernetes.io/zone: zone-a}", "")).unwrap();
    let both = [before.to_str().unwrap(), after.to_str().unwrap()];
    let comparison = json(&["compare", both[0], both[1], "--fail-zone", "a", "--detailed-exitcode", "-o", "json"], 3);
    assert_eq!(comparison["workloads"][0]["label"], "deployment/web");
    assert_eq!(comparison["workloads"][0]["change"], "better");
    assert_eq!(comparison["workloads"][0]["before"]["harm"], "down");
    let back = json(&["compare", both[1], both[0], "--fail-zone", "a", "-o", "json"], 0);
    assert_eq!(back["workloads"][0]["change"], "worse");
    assert!(stdout(&["compare", both[0], both[1], "--fail-zone", "a"], 0).contains("1 workload fares better."));
    std::fs::remove_dir_all(&place).unwrap();
}

#[test]
fn a_sweep_gives_the_same_bytes_for_any_number_of_jobs() {
    let sweep = |jobs: &str| stdout(&["sweep", SHOP, "--each-zone", "--each-node", "--each-drain", "--jobs", jobs, "-o", "jsonl"], 0);
    let one = sweep("1");
    assert!(one.lines().count() > 10);
    assert!(one.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert_eq!(one, sweep("4"));
}

#[test]
fn a_run_that_was_kept_can_be_repeated() {
    let file = std::env::temp_dir().join(format!("wavetank-kept-{}.yaml", std::process::id()));
    let kept = file.to_str().unwrap();
    let deploy = "static/examples/shop/frontend.yaml";
    let first = json(&["run", deploy, "--fail-zone", "b@2m", "--save", kept, "-o", "json"], 0);
    let again = json(&["run", deploy, kept, "-o", "json"], 0);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(first["workloads"], again["workloads"]);
    assert_eq!(first["timeline"], again["timeline"]);
}

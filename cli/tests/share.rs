//! `wavetank share`: what it prints is what the page reads.

use std::path::Path;
use std::process::{Command, Output};

use wavetank_core::session::link;
use wavetank_core::session::scene::{Scene, Verb};

fn wavetank(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_wavetank"))
        .args(args)
        .current_dir(root)
        .env("NO_COLOR", "1")
        .env_remove("WAVETANK_PAGE")
        .output()
        .unwrap()
}

fn shared(args: &[&str]) -> (String, Scene) {
    let output = wavetank(&[&["share"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let link = String::from_utf8(output.stdout).unwrap();
    let (page, fragment) = link.trim().split_once('#').expect("a fragment");
    (page.to_owned(), link::decode(fragment).expect("readable").expect("a scene"))
}

const DEADLOCK: &str = "static/examples/rollout-deadlock";

#[test]
fn a_directory_becomes_a_link_to_its_moment() {
    let (page, scene) = shared(&[DEADLOCK]);
    assert_eq!(page, "http://127.0.0.1:8017/");
    let names: Vec<&str> = scene.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["cluster.yaml", "gateway.yaml", "scenario.yaml"]);
    assert!(scene.steps.is_empty() && scene.at_ms == 0 && scene.seed == 0);
    let flags = ["--fail-zone", "zone-b@10m", "--scale", "deploy/gateway=5", "--at", "5m40s", "--select", "node/node-1", "--seed", "7"];
    let (page, scene) = shared(&[&[DEADLOCK, "--page", "https://example.com/tank/"], &flags[..]].concat());
    assert_eq!(page, "https://example.com/tank/");
    assert_eq!((scene.at_ms, scene.selection.as_str(), scene.seed), (340_000, "n/node-1", 7));
    let steps: Vec<_> = scene.steps.iter().map(|step| (step.at_ms, step.verb, step.target.as_str())).collect();
    assert_eq!(steps, [(0, Verb::Other, "scale: {workload: deploy/gateway, replicas: 5}"), (600_000, Verb::FailZone, "zone-b")]);
}

#[test]
fn what_is_too_long_for_a_link_goes_into_a_file() {
    let place = std::env::temp_dir().join(format!("wavetank-share-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let noise: String = (0..40_000u64).map(|n| format!("# {}\n", n.wrapping_mul(6_364_136_223_846_793_005) >> 20)).collect();
    let large = place.join("large.yaml");
    std::fs::write(&large, format!("kind: Pod\n{noise}")).unwrap();
    let large = large.to_str().unwrap();
    let refused = wavetank(&["share", large]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--file"), "{refused:?}");
    let file = place.join("scene.wavetank.json");
    assert_eq!(wavetank(&["share", large, "--file", file.to_str().unwrap()]).status.code(), Some(0));
    let scene = link::from_file(&std::fs::read_to_string(&file).unwrap()).expect("a scene");
    assert!(scene.files[0].name == "large.yaml" && scene.files[0].text.len() > 400_000);
    std::fs::remove_dir_all(&place).unwrap();
}

#[test]
fn what_has_no_meaning_is_refused() {
    assert_eq!(wavetank(&["share", "no/such/place"]).status.code(), Some(2));
    assert_eq!(wavetank(&["share", DEADLOCK, "--at", "soon"]).status.code(), Some(2));
    assert_eq!(wavetank(&["share", DEADLOCK, "--select", "web"]).status.code(), Some(2));
}

//! What a report says at lines, as code hosts read it.

use serde_json::Value;
use wavetank_core::manifest::SourceSet;
use wavetank_core::report::Report;
use wavetank_core::report::annotations::{Annotation, Level, annotations};
use wavetank_core::report::render::{github, sarif};
use wavetank_core::scenario::{Scenario, Step, Verb};
use wavetank_core::session::{Session, SessionOptions};
use wavetank_core::units::time::Time;

/// One replica that a lost zone takes, one that fits nowhere, and a selector that is refused; the second file's name needs encoding.
const ALONE: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: alone}
spec:
  replicas: 1
  selector: {matchLabels: {app: alone}}
  template:
    metadata: {labels: {app: alone}}
    spec:
      nodeSelector: {topology.kubernetes.io/zone: zone-a}
      containers: [{name: c, image: 'c:1', resources: {requests: {cpu: 100m}}}]
";
const HUGE: &str = "apiVersion: v1
kind: Pod
metadata: {name: huge}
spec: {nodeSelector: {disk: none}, containers: [{name: c, image: 'c:1'}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: lost}
spec:
  selector: {matchLabels: {app: lost}}
  template: {metadata: {labels: {app: found}}, spec: {containers: [{name: c, image: 'c:1'}]}}
";

fn report() -> Report {
    let mut sources = SourceSet::default();
    sources.add("app/alone.yaml", ALONE);
    sources.add("app/very huge, 100%.yaml", HUGE);
    let session = Session::open(sources, &SessionOptions::default());
    let steps = vec![Step::at(Time::ZERO, Verb::FailZone { zone: "zone-a".into() })];
    session.run(&Scenario::of_steps("test", steps)).report(&session)
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("a list of results")
}

#[test]
fn the_loudest_come_first_and_stand_at_their_lines() {
    let all = annotations(&report());
    let at = |a: &Annotation| a.place.as_ref().map(|p| (p.file.clone(), p.line));
    let told: Vec<_> = all.iter().map(|a| (a.level, a.rule.as_str(), at(a))).collect();
    assert!(told.is_sorted_by_key(|(level, ..)| *level), "{told:?}");
    assert!(told.contains(&(Level::Error, "WT2010", Some(("app/very huge, 100%.yaml".to_owned(), 10)))), "{told:?}");
    assert!(told.iter().any(|(level, rule, at)| (*level, *rule) == (Level::Error, "WT5001") && at.is_some()), "{told:?}");
    assert!(told.iter().any(|(level, rule, _)| (*level, *rule) == (Level::Error, "WT5005")), "{told:?}");
}

#[test]
fn sarif_has_rules_for_its_results_relative_places_and_the_chain() {
    let log: Value = serde_json::from_str(&sarif::render(&report())).expect("SARIF is JSON");
    assert_eq!(log["version"], "2.1.0");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("a list of rules");
    assert!(results(&log).len() >= 3);
    for result in results(&log) {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(rules[index]["fullDescription"]["text"].as_str().is_some_and(|t| !t.is_empty()), "{result}");
        for location in result["locations"].as_array().expect("a list") {
            let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a text");
            assert!(uri == "app/alone.yaml" || uri == "app/very%20huge%2C%20100%25.yaml", "{uri}");
        }
    }
    let down = results(&log).iter().find(|r| r["ruleId"] == "WT5001").expect("alone is down");
    let flow = down["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("a chain");
    assert_eq!(flow[0]["location"]["message"]["text"], "0s: zone-a fails");
    assert!(flow.len() >= 4);
}

#[test]
fn a_matter_keeps_its_fingerprint_when_lines_move() {
    let fingerprints = |sources: SourceSet| {
        let session = Session::open(sources, &SessionOptions::default());
        let steps = vec![Step::at(Time::ZERO, Verb::FailZone { zone: "zone-a".into() })];
        let text = sarif::render(&session.run(&Scenario::of_steps("test", steps)).report(&session));
        let log: Value = serde_json::from_str(&text).expect("SARIF is JSON");
        let of =
            |r: &Value| (r["partialFingerprints"]["wavetankMatter/v1"].clone(), r["locations"][0]["physicalLocation"]["region"].clone());
        results(&log).iter().map(of).unzip::<_, _, Vec<Value>, Vec<Value>>()
    };
    let (before, lines_before) = fingerprints(SourceSet::single("a.yaml", ALONE));
    let (after, lines_after) = fingerprints(SourceSet::single("a.yaml", format!("# moved\n\n{ALONE}")));
    assert_eq!(before, after);
    assert_ne!(lines_before, lines_after);
    let distinct: std::collections::BTreeSet<String> = before.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), before.len());
}

#[test]
fn github_gets_one_line_each_with_its_own_signs_encoded() {
    let text = github::render(&report());
    assert!(
        text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning ") || line.starts_with("::notice ")),
        "{text}"
    );
    assert!(text.contains("file=app/very huge%2C 100%25.yaml,line=10,col="), "{text}");
    assert!(text.contains("title=WT5001::when zone-a fails, deployment/alone is down and does not come back"), "{text}");
}

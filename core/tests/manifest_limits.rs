//! Hostile and broken input: every bound holds, nothing panics, everything refused is explained.

use proptest::prelude::*;
use wavetank_core::manifest::{Class, Limits, Manifest, SourceSet, read};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: &l {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: *l}
  template:
    metadata: {labels: {<<: *l, tier: 'front'}}
    spec:
      containers:
      - name: web
        image: \"registry.example/web:1\"
        args:
        - '--port=80'
        - |-
          text
        resources: {requests: {cpu: 100m, memory: 64Mi}}
---
{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"shop\\u0000\"}}]}
";

fn read_text(text: &str) -> Manifest {
    read(SourceSet::single("input.yaml", text), &Limits::default())
}

/// What must hold of any reading.
fn check(manifest: &Manifest) {
    for document in &manifest.documents {
        let unused = document.class == Class::Rejected || document.replaced_by.is_some();
        assert_eq!(document.object.is_none(), unused, "{document:?}");
        assert!(manifest.sources.files[0].text.get(document.span.range()).is_some(), "{document:?}");
    }
    assert!(manifest.of_class(Class::Rejected).count() == 0 || !manifest.diagnostics.is_empty());
    for diagnostic in &manifest.diagnostics {
        let span = diagnostic.span.unwrap_or_else(|| panic!("no place: {diagnostic:?}"));
        assert!(manifest.sources.files[0].text.get(span.range()).is_some(), "{diagnostic:?}");
        let texts = diagnostic.notes.iter().map(|n| &n.message).chain([&diagnostic.message]).chain(&diagnostic.help);
        for text in texts {
            assert!(!text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{text:?}");
        }
        let place = manifest.sources.line_col(span);
        assert!(place.0 >= 1 && place.1 >= 1);
    }
}

/// The one diagnostic such input gets.
fn only(manifest: &Manifest) -> &str {
    check(manifest);
    assert_eq!(manifest.diagnostics.len(), 1, "{:?}", manifest.diagnostics);
    manifest.diagnostics[0].id.0
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused() {
    assert_eq!(only(&read_text(&"a: b\n".repeat(20 << 20))), "WT1004");
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(1 << 20), "{a: ".repeat(100_000), "- ".repeat(100_000), "{\"a\":".repeat(1 << 20), "[[".repeat(300)] {
        assert_eq!(only(&read_text(&text)), "WT1006", "{}", &text[..8]);
    }
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..30 {
        let item = format!("*a{}", i - 1);
        text += &format!("a{i}: &a{i} [{}]\n", [item.as_str(); 9].join(","));
    }
    assert_eq!(only(&read_text(&text)), "WT1007");
    let mut text = "a0: &a0 {k: 1}\n".to_owned();
    for i in 1..40 {
        text += &format!("a{i}: &a{i} {{p: *a{0}, q: *a{0}}}\n", i - 1);
    }
    assert_eq!(only(&read_text(&text)), "WT1007");
    let keys: String = (0..2000).map(|i| format!("k{i}: 1, ")).collect();
    let merges = vec!["*a"; 2000].join(", ");
    assert_eq!(only(&read_text(&format!("a: &a {{{keys}}}\nb: {{<<: [{merges}]}}\n"))), "WT1007");
    // Deep by aliases, though each line is shallow.
    let mut text = "a0: &a0 [x]\n".to_owned();
    for i in 1..400 {
        text += &format!("a{i}: &a{i} [*a{}]\n", i - 1);
    }
    assert_eq!(only(&read_text(&text)), "WT1006");
}

#[test]
fn too_many_values_are_refused() {
    let limits = Limits { file_nodes: 1000, ..Limits::default() };
    let text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n---\n{}", "- x\n".repeat(5000));
    let manifest = read(SourceSet::single("input.yaml", text), &limits);
    assert_eq!(only(&manifest), "WT1005");
    assert_eq!(manifest.of_class(Class::Simulated).count(), 1);
}

#[test]
fn diagnostics_are_counted_beyond_their_limit() {
    let limits = Limits { file_diagnostics: 5, ..Limits::default() };
    let manifest = read(SourceSet::single("input.yaml", "a: 1\n---\n".repeat(100)), &limits);
    assert_eq!(manifest.diagnostics.len(), 6);
    assert_eq!(manifest.diagnostics[5].id.0, "WT1099");
    assert_eq!(manifest.of_class(Class::Rejected).count(), 100);
}

#[test]
fn a_template_is_named_once() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\nspec: {{- toYaml . | nindent 2 }}\n---\nx: {{ y }}\n---\na: {{b}}\n";
    assert_eq!(only(&read_text(text)), "WT1003");
}

#[test]
fn the_sample_is_read_in_full() {
    let manifest = read_text(DEPLOYMENT);
    check(&manifest);
    assert_eq!(manifest.documents.len(), 2);
    let web = &manifest.documents[0];
    assert_eq!((web.class, web.name.as_str()), (Class::Simulated, "web"));
    let tier = web.span_of("/spec/template/metadata/labels/tier").map(|s| manifest.sources.text(s));
    assert_eq!(tier, Some("'front'"));
    let app = web.span_of("/spec/template/metadata/labels/app").map(|s| manifest.sources.text(s));
    assert_eq!(app, Some("web"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC*|[ -~\\n\\t]{0,300}|([a-z]{1,3}|[-:{}\\[\\],&*<'\"|>#!%@`~?]|---|\\n| |\\u{202e}|🚢|0x1|<<){0,80}") {
        check(&read_text(&text));
    }

    #[test]
    fn any_damage_is_survived(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[ -~\\n]{0,4}|\\PC"), 1..6)) {
        let mut text: Vec<char> = DEPLOYMENT.chars().collect();
        for (at, len, with) in &cuts {
            let at = at.index(text.len() + 1);
            let end = (at + len.index(8)).min(text.len());
            text.splice(at..end, with.chars());
        }
        check(&read_text(&text.into_iter().collect::<String>()));
    }
}

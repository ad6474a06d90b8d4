//! What is not a manifest, or means harm: an answer, an exit code, bounded memory, and never a panic.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Address space that is enough for any document that is refused: what is used is far below it, but code and stacks count too.
const LITTLE: u32 = 256;

/// Feeds text to `wavetank run -` under a limit of memory.
fn run(text: &[u8], flags: &[&str]) -> Output {
    run_within(LITTLE, text, flags)
}

/// The same with so many MiB.
fn run_within(mebibytes: u32, text: &[u8], flags: &[&str]) -> Output {
    let limit = mebibytes * 1024;
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {limit}; exec \"$0\" run - \"$@\""))
        .arg(env!("CARGO_BIN_EXE_wavetank"))
        .args(flags)
        .env("NO_COLOR", "1")
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has heard enough may close its ear.
    let _ = child.stdin.take().unwrap().write_all(text);
    child.wait_with_output().unwrap()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn judge(output: &Output, code: i32, says: &[&str]) {
    let said = both(output);
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(output.status.code(), Some(code), "{said}");
    for wanted in says {
        assert!(said.contains(wanted), "`{wanted}` is not in:\n{said}");
    }
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 100m}}}]}
";

#[test]
fn nothing_at_all_is_said_to_be_nothing() {
    judge(&run(b"", &["--fail-zone", "a"]), 2, &[]);
    judge(&run(b"# only a comment\n---\n", &["--fail-zone", "a"]), 2, &[]);
}

#[test]
fn broken_yaml_is_located() {
    judge(&run(b"kind: Deployment\n  name: [unclosed\n", &["--fail-zone", "a"]), 2, &["<stdin>:2:"]);
    judge(&run(b"\xff\xfe\x00\x01\x02", &["--fail-zone", "a"]), 2, &[]);
}

#[test]
fn what_can_be_read_is_run_beside_what_cannot() {
    let text = format!("{WEB}---\nkind: [\n");
    // 1: something does not hold. 2 is for when nothing could be done.
    judge(&run(text.as_bytes(), &["--fail-zone", "a"]), 1, &["deployment/web", "<stdin>:11:"]);
}

#[test]
fn wrong_types_and_impossible_numbers_are_named_where_they_stand() {
    let text = WEB.replace("replicas: 3", "replicas: many");
    judge(&run(text.as_bytes(), &["--fail-zone", "a"]), 2, &["<stdin>:5:13", "many"]);
    let text = WEB.replace("100m", "1e400");
    let output = run(text.as_bytes(), &["--fail-zone", "a"]);
    assert!(both(&output).contains("1e400") && !both(&output).contains("panicked"), "{}", both(&output));
    let text = WEB.replace("replicas: 3", "replicas: 2147483647");
    let output = run_within(4096, text.as_bytes(), &["--nodes", "3", "--fail-zone", "a", "--until", "1m"]);
    judge(&output, 0, &["WT2001"]);
}

#[test]
fn a_bomb_of_aliases_is_refused_in_little_memory() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for i in 1..40 {
        let previous = format!("*a{}", i - 1);
        text += &format!("a{i}: &a{i} [{}]\n", [previous.as_str(); 9].join(","));
    }
    judge(&run(text.as_bytes(), &["--fail-zone", "a"]), 2, &["alias"]);
}

#[test]
fn nesting_without_end_is_refused() {
    for open in ["[", "{a: ", "- "] {
        let output = run(open.repeat(200_000).as_bytes(), &["--fail-zone", "a"]);
        judge(&output, 2, &["<stdin>:1:"]);
    }
}

#[test]
fn a_circle_of_owners_ends() {
    let pod = |name: &str, owner: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, ownerReferences: [{{apiVersion: v1, kind: Pod, name: {owner}, uid: u, controller: true}}]}}\nspec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    let text = [pod("a", "b"), pod("b", "a"), pod("c", "c")].concat();
    let output = run(text.as_bytes(), &["--fail-zone", "a"]);
    assert!(matches!(output.status.code(), Some(0 | 1)) && !both(&output).contains("panicked"), "{}", both(&output));
}

#[test]
fn names_are_text_and_control_nothing() {
    let text = WEB.replace("name: web}", "name: \"w\\e[31meb<img src=x onerror=alert(1)>\\u202e\"}");
    for format in ["text", "markdown", "html", "svg", "json"] {
        let output = run(text.as_bytes(), &["--fail-zone", "a", "-o", format]);
        let said = both(&output);
        assert!(!said.contains('\u{1b}'), "{format}: {said:?}");
        // JSON is data: what shows it has to take care of direction.
        assert!(format == "json" || !said.contains('\u{202e}'), "{format}: {said:?}");
        if matches!(format, "html" | "svg") {
            let page = String::from_utf8_lossy(&output.stdout);
            assert!(!page.contains("<img src=x"), "{format}: {page}");
        }
    }
}

#[test]
fn an_object_that_is_no_manifest_is_not_dropped_in_silence() {
    judge(&run(b"just: a\nmap: here\n", &["--fail-zone", "a"]), 2, &["<stdin>:1:1"]);
    judge(&run(b"hello, world", &["--fail-zone", "a"]), 2, &["<stdin>:1:1"]);
    judge(&run(b"{{ .Values.name }}\nkind: {{ x }}\n", &["--fail-zone", "a"]), 2, &["template"]);
}

#[test]
fn a_large_file_of_nonsense_is_told_once() {
    let line = "2026-11-21T10:00:00Z INFO request served in 12ms: status=200 path=/ {\"a\": [1,2\n";
    let text = line.repeat(30 * 1024 * 1024 / line.len());
    let output = run(text.as_bytes(), &["--fail-zone", "a"]);
    let said = both(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().count() < 100, "{} lines", said.lines().count());
}

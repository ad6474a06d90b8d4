//! README.md shows what the program says: each `$ wavetank …` in it is run, and what follows must come out.
//!
//! A line of `…` alone stands for any number of lines, one that ends in `…` for any end of that line.

use std::path::Path;
use std::process::Command;

/// The scenario that README's failing test has, so that there is something that does not hold.
const STRICT: &str = "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: strict}
spec:
  description: Nobody notices that zone-b is gone.
  steps:
    - failZone: zone-b
  expect:
    - always: workload(\"shop/deployment/frontend\").ready == 3
      name: the frontend stays whole
";

struct Example {
    line: usize,
    command: String,
    said: Vec<String>,
}

fn examples(readme: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut open = false;
    for (at, line) in readme.lines().enumerate() {
        let inside = line.strip_prefix("    ");
        if let Some(command) = inside.and_then(|l| l.strip_prefix("$ ")) {
            found.push(Example { line: at + 1, command: command.to_owned(), said: Vec::new() });
            open = true;
        } else if open && (inside.is_some() || line.is_empty()) {
            found.last_mut().expect("a block is open").said.push(inside.unwrap_or_default().trim_end().to_owned());
        } else {
            open = false;
        }
    }
    for example in &mut found {
        while example.said.last().is_some_and(String::is_empty) {
            example.said.pop();
        }
    }
    found
}

fn same_line(shown: &str, said: &str) -> bool {
    shown.strip_suffix('…').map_or(shown == said, |head| said.starts_with(head))
}

/// The first shown line that what was said does not have, with what stands there instead.
fn difference(shown: &[String], said: &[String]) -> Option<String> {
    let mut at = 0;
    let mut anywhere = false;
    for line in shown {
        if line.trim() == "…" {
            anywhere = true;
            continue;
        }
        let found = if anywhere { said[at..].iter().position(|l| same_line(line, l)).map(|n| at + n) } else { Some(at) };
        match found {
            Some(n) if said.get(n).is_some_and(|l| same_line(line, l)) => at = n + 1,
            _ => return Some(format!("shown: {line}\n said: {}", said.get(at).map_or("(nothing more)", String::as_str))),
        }
        anywhere = false;
    }
    (!anywhere && at < said.len()).then(|| format!("shown: (nothing more)\n said: {}", said[at]))
}

#[test]
fn every_command_in_the_readme_says_what_is_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let examples = examples(&readme);
    assert!(examples.len() >= 5, "{} commands", examples.len());
    // A place of its own, with the examples as a user has them and the scenario that README speaks of.
    let place = std::env::temp_dir().join(format!("wavetank-readme-{}", std::process::id()));
    std::fs::create_dir_all(place.join("scenarios")).unwrap();
    std::fs::write(place.join("scenarios/strict.yaml"), STRICT).unwrap();
    copy(&root.join("static/examples"), &place.join("static/examples"));
    let mut wrong = Vec::new();
    for example in examples {
        let words: Vec<&str> = example.command.split_whitespace().collect();
        assert_eq!(words[0], "wavetank", "README.md:{}", example.line);
        let run = Command::new(env!("CARGO_BIN_EXE_wavetank"))
            .args(&words[1..])
            .current_dir(&place)
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        let said: Vec<String> = String::from_utf8(run.stdout).unwrap().lines().map(|l| l.trim_end().to_owned()).collect();
        if let Some(difference) = difference(&example.said, &said) {
            wrong.push(format!("README.md:{}: {}\n{difference}", example.line, example.command));
        }
    }
    std::fs::remove_dir_all(&place).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

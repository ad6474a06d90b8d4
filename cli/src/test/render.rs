//! The result of a test for people, pull requests and programs.

use std::fmt::Write as _;

use serde_json::json;

use super::result::{ScenarioResult, State, Tested};
use crate::context::{Context, shown};

/// The version of the JSON form; see its schema.
const SCHEMA_VERSION: u32 = 1;

struct Marks {
    good: &'static str,
    bad: &'static str,
    skipped: &'static str,
    possible: &'static str,
    green: &'static str,
    red: &'static str,
    dim: &'static str,
    plain: &'static str,
}

impl Marks {
    fn new(context: Option<&Context>) -> Marks {
        let unicode = context.is_none_or(|context| context.unicode);
        let (good, bad) = if unicode { ("✓", "✗") } else { "ok FAILED".split_once(' ').unwrap_or_default() };
        let possible = if unicode { "◆" } else { "!" };
        if context.is_some_and(|context| context.color) {
            Marks { good, bad, skipped: "-", possible, green: "\u{1b}[32m", red: "\u{1b}[31m", dim: "\u{1b}[2m", plain: "\u{1b}[0m" }
        } else {
            Marks { good, bad, skipped: "-", possible, green: "", red: "", dim: "", plain: "" }
        }
    }
}

/// One line for each scenario that holds, everything for those that do not; the last line counts.
pub(super) fn text(tested: &Tested, context: Option<&Context>) -> String {
    let m = Marks::new(context);
    let mut out = String::new();
    let mut file = "";
    for result in &tested.results {
        if result.file != file {
            file = &result.file;
            let _ = writeln!(out, "{}", shown(file));
        }
        scenario(&mut out, result, &m);
    }
    let (passed, failed) = tested.counts();
    let checks: usize = tested.results.iter().map(ScenarioResult::checked).sum();
    let (color, plain) = if failed > 0 { (m.red, m.plain) } else { (m.green, m.plain) };
    let _ = writeln!(
        out,
        "\n{color}{passed} passed, {failed} failed{plain}: {} and {}",
        counted(tested.results.len(), "scenario"),
        counted(checks, "expectation")
    );
    out
}

fn scenario(out: &mut String, result: &ScenarioResult, m: &Marks) {
    let (mark, color) = if result.passed() { (m.good, m.green) } else { (m.bad, m.red) };
    let promise = result.description.as_ref().map(|text| format!("  {}", shown(text.trim()))).unwrap_or_default();
    let (dim, plain) = (m.dim, m.plain);
    let length = format!("{}, {} simulated", counted(result.checked(), "expectation"), result.end);
    let _ = writeln!(out, "  {color}{mark}{plain} {}{promise}  {dim}({length}){plain}", shown(&result.name));
    for error in &result.errors {
        let _ = writeln!(out, "      {}{}{} {}", m.red, m.bad, m.plain, shown(error));
    }
    for warning in &result.warnings {
        let _ = writeln!(out, "      ! {}", shown(warning));
    }
    if let Some(seeds) = &result.seeds {
        let _ = writeln!(out, "      {dim}{}{plain}", shown(seeds.summary()));
        for subject in seeds.subjects.iter().filter(|subject| !subject.certain) {
            let _ = writeln!(out, "      {}{}{plain} {}", m.red, m.possible, shown(subject.in_words(seeds.seeds)));
        }
        if !result.passed() {
            let _ = writeln!(out, "      {dim}with seed {}:{plain}", result.seed);
        }
    }
    if result.passed() {
        if result.checks.is_empty() {
            let _ = writeln!(out, "      ! nothing is expected, so nothing was checked");
        }
        return;
    }
    for check in &result.checks {
        match &check.state {
            State::Holds(remark) => {
                let remark = remark.as_ref().map(|remark| format!("  {dim}({remark}){plain}")).unwrap_or_default();
                let _ = writeln!(out, "      {}{}{} {}{remark}", m.green, m.good, m.plain, shown(&check.title));
            }
            State::Skipped(why) => {
                let _ = writeln!(out, "      {} {}: {}", m.skipped, shown(&check.title), shown(why));
            }
            State::Fails(why, chain) => {
                let _ = writeln!(out, "      {}{}{} {}", m.red, m.bad, m.plain, shown(&check.title));
                let _ = writeln!(out, "          {} {}", check.promise, shown(why));
                let _ = writeln!(out, "          {dim}at {}{plain}", shown(&check.place));
                for (index, line) in chain.iter().enumerate() {
                    let word = if index == 0 { "why" } else { "" };
                    let _ = writeln!(out, "          {dim}{word:<3}{plain} {}", shown(line));
                }
            }
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Everything, for programs.
pub(super) fn json(tested: &Tested) -> String {
    let (passed, failed) = tested.counts();
    let scenarios: Vec<_> = tested
        .results
        .iter()
        .map(|result| {
            let expectations: Vec<_> = result
                .checks
                .iter()
                .map(|check| {
                    let (state, message, chain) = match &check.state {
                        State::Holds(remark) => ("holds", remark.clone(), None),
                        State::Skipped(why) => ("skipped", Some(why.clone()), None),
                        State::Fails(why, chain) => ("fails", Some(why.clone()), Some(chain)),
                    };
                    json!({
                        "title": check.title, "promise": check.promise, "expression": check.expression, "place": check.place,
                        "state": state, "message": message, "causes": chain,
                    })
                })
                .collect();
            json!({
                "name": result.name, "description": result.description, "file": result.file, "seed": result.seed,
                "passed": result.passed(), "endMs": result.end.millis(),
                "errors": result.errors, "warnings": result.warnings, "expectations": expectations, "seeds": result.seeds,
            })
        })
        .collect();
    let all = json!({ "schemaVersion": SCHEMA_VERSION, "passed": passed, "failed": failed, "scenarios": scenarios });
    let mut text = serde_json::to_string_pretty(&all).unwrap_or_default();
    text.push('\n');
    text
}

/// A table, and details of what does not hold.
pub(super) fn markdown(tested: &Tested) -> String {
    let (passed, failed) = tested.counts();
    let mut out = format!(
        "<!-- wavetank test -->\n**{passed} passed, {failed} failed**\n\n| | scenario | expectations | simulated |\n|---|---|---:|---:|\n"
    );
    for result in &tested.results {
        let mark = if result.passed() { "✓" } else { "✗" };
        let _ = writeln!(out, "| {mark} | {} | {} | {} |", cell(&result.name), result.checked(), result.end);
    }
    for result in &tested.results {
        let Some(seeds) = &result.seeds else { continue };
        let _ = write!(out, "\n**{}**: {}\n\n", cell(&result.name), cell(&seeds.summary()));
        for subject in seeds.subjects.iter().filter(|subject| !subject.certain) {
            let _ = writeln!(out, "- {}", cell(&subject.in_words(seeds.seeds)));
        }
    }
    for result in tested.results.iter().filter(|result| !result.passed()) {
        let _ = write!(out, "\n### ✗ {}\n\n", cell(&result.name));
        if let Some(description) = &result.description {
            let _ = write!(out, "{}\n\n", cell(description.trim()));
        }
        for error in &result.errors {
            let _ = writeln!(out, "- {}", cell(error));
        }
        if result.seeds.is_some() {
            let _ = write!(out, "With seed {}:\n\n", result.seed);
        }
        for check in &result.checks {
            if let State::Fails(why, chain) = &check.state {
                let _ = writeln!(out, "- **{}** (`{}`): {}", cell(&check.title), check.place.replace('`', "'"), cell(why));
                if !chain.is_empty() {
                    let _ = writeln!(out, "  ```text");
                    for line in chain {
                        let _ = writeln!(out, "  {}", shown(line).replace("```", "'''"));
                    }
                    let _ = writeln!(out, "  ```");
                }
            }
        }
    }
    out
}

/// A text that cannot end a cell or become markup of its own.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in shown(text).chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}

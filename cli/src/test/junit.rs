//! The result of a test as JUnit XML, as GitHub, GitLab and Jenkins read it: a suite for each scenario, a case for each expectation.

use std::fmt::Write as _;

use super::result::{ScenarioResult, State, Tested};

/// The file's text. Virtual time is no test time, so that none is written: the same run gives the same bytes.
pub(super) fn render(tested: &Tested) -> String {
    let suites: Vec<(String, usize, usize, usize)> = tested.results.iter().map(suite).collect();
    let sum = |of: fn(&(String, usize, usize, usize)) -> usize| suites.iter().map(of).sum::<usize>();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"wavetank\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        sum(|s| s.1),
        sum(|s| s.2),
        sum(|s| s.3)
    );
    suites.iter().for_each(|suite| out.push_str(&suite.0));
    out.push_str("</testsuites>\n");
    out
}

/// A suite with its counts of cases, failures and errors.
fn suite(result: &ScenarioResult) -> (String, usize, usize, usize) {
    let mut cases = String::new();
    let (mut count, mut failures, mut errors) = (0, 0, 0);
    let class = attribute(&result.name);
    for check in &result.checks {
        count += 1;
        let (file, line) = file_and_line(&check.place);
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{class}\" file=\"{}\" line=\"{line}\"",
            attribute(&check.title),
            attribute(file)
        );
        match &check.state {
            State::Holds(_) => {
                let _ = writeln!(cases, "{head}/>");
            }
            State::Skipped(why) => {
                let _ = writeln!(cases, "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>", attribute(why));
            }
            State::Fails(why, chain) => {
                failures += 1;
                let mut detail = format!("{}: {}\nat {}", check.promise, check.expression, check.place);
                for line in chain {
                    detail.push_str(&format!("\n{line}"));
                }
                let (why, detail) = (attribute(why), text(&detail));
                let _ =
                    writeln!(cases, "{head}>\n      <failure type=\"expectation\" message=\"{why}\">{detail}</failure>\n    </testcase>");
            }
        }
    }
    if !result.errors.is_empty() || result.checks.is_empty() {
        count += 1;
        let head = format!("    <testcase name=\"runs\" classname=\"{class}\" file=\"{}\"", attribute(&result.file));
        if result.errors.is_empty() {
            let _ = writeln!(cases, "{head}>\n      <skipped message=\"nothing is expected\"/>\n    </testcase>");
        } else {
            errors += 1;
            let (first, all) = (attribute(&result.errors[0]), text(&result.errors.join("\n")));
            let _ = writeln!(cases, "{head}>\n      <error type=\"scenario\" message=\"{first}\">{all}</error>\n    </testcase>");
        }
    }
    let file = attribute(&result.file);
    let open = format!("  <testsuite name=\"{class}\" tests=\"{count}\" failures=\"{failures}\" errors=\"{errors}\" file=\"{file}\">\n");
    (format!("{open}{cases}  </testsuite>\n"), count, failures, errors)
}

fn file_and_line(place: &str) -> (&str, &str) {
    let mut back = place.rsplitn(3, ':');
    let (_, line, file) = (back.next(), back.next().unwrap_or("1"), back.next().unwrap_or(place));
    (file, line)
}

/// Text between tags: what XML 1.0 cannot hold is replaced.
fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 16);
    for c in raw.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Text between double quotes.
fn attribute(raw: &str) -> String {
    text(raw).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::super::result::Checked;
    use super::*;
    use wavetank_core::units::time::Time;

    #[test]
    fn markup_and_controls_in_names_do_no_harm() {
        let check = Checked {
            title: "a < \"b\" & c\u{1b}[31m".to_owned(),
            promise: "always",
            expression: "x < 1 && ']]>' == y".to_owned(),
            place: "dir/a b.yaml:12:5".to_owned(),
            state: State::Fails("bad <b>".to_owned(), vec!["1s  <pod>".to_owned()]),
        };
        let result = ScenarioResult {
            name: "s".to_owned(),
            description: None,
            file: "dir/a b.yaml".to_owned(),
            seed: 1,
            end: Time::ZERO,
            checks: vec![check],
            errors: Vec::new(),
            warnings: Vec::new(),
            seeds: None,
            annotations: Vec::new(),
        };
        let xml = render(&Tested { results: vec![result] });
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"wavetank\" tests=\"1\" failures=\"1\" errors=\"0\">\n  <testsuite \
             name=\"s\" tests=\"1\" failures=\"1\" errors=\"0\" file=\"dir/a b.yaml\">\n    <testcase name=\"a &lt; &quot;b&quot; &amp; \
             c\u{fffd}[31m\" classname=\"s\" file=\"dir/a b.yaml\" line=\"12\">\n      <failure type=\"expectation\" message=\"bad \
             &lt;b&gt;\">always: x &lt; 1 &amp;&amp; ']]&gt;' == y\nat dir/a b.yaml:12:5\n1s  &lt;pod&gt;</failure>\n    </testcase>\n  \
             </testsuite>\n</testsuites>\n"
        );
    }
}

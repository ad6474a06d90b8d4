//! What reports look like, word by word: the story of every example as text, and one example in every format. A change of wording shows up in
//! a diff of `tests/golden`; `INSTA_UPDATE=always cargo test -p wavetank-tests --test golden` writes the files anew, to be read before they
//! are kept.

use std::path::Path;

use wavetank_core::manifest::{Limits, read};
use wavetank_core::report::Report;
use wavetank_core::report::render::style::Terminal;
use wavetank_core::report::render::{github, html, json, markdown, sarif, svg, text};
use wavetank_core::scenario;
use wavetank_core::session::{RerunBudget, Session, SessionOptions};
use wavetank_tests::{examples, sources};

/// The example that is kept in every format: small, with a loss, a chain of causes and proposals.
const WHOLE: &str = "rollout-deadlock";

fn report(example: &Path) -> Report {
    let manifest = read(sources(example), &Limits::default());
    let (scenarios, _) = scenario::read(&manifest);
    let session = Session::of(manifest, &SessionOptions::default());
    let run = session.run(&scenarios[0]);
    let mut report = run.report(&session);
    session.verify(&scenarios[0], &run, &mut report, &RerunBudget::default());
    report
}

fn name(example: &Path) -> String {
    example.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn kept(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_story_of_every_example() {
    for example in examples() {
        kept(&name(&example), &text::render(&report(&example), &Terminal::PLAIN, text::Detail::Story));
    }
}

#[test]
fn one_example_in_every_format() {
    let example = examples().into_iter().find(|example| name(example) == WHOLE).expect("the example is there");
    let report = report(&example);
    let terminal = Terminal { color: true, unicode: true, width: 100 };
    for (format, text) in [
        ("terminal", text::render(&report, &terminal, text::Detail::Story)),
        ("full", text::render(&report, &Terminal::PLAIN, text::Detail::Full)),
        ("concise", text::render(&report, &Terminal::PLAIN, text::Detail::Concise)),
        ("markdown", markdown::render(&report)),
        ("json", json::render(&report)),
        ("html", html::render(&report)),
        ("svg", svg::render(&report, svg::Setting::Alone)),
        ("sarif", sarif::render(&report)),
        ("github", github::render(&report)),
    ] {
        kept(&format!("{WHOLE}.{format}"), &text);
    }
}

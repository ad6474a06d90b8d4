//! A run in forms that can be kept: each by the core's own renderer, so that the page and the command line write the same bytes.

use wavetank_core::report::render::{html, json, markdown, svg};
use wavetank_core::report::{Report, render};
use wavetank_core::scenario::Scenario;

use crate::wire::Form;

/// The name, the media type and the text of a form of a report; none for the picture of the relations, which is no report.
pub fn written(form: Form, report: &Report, scenario: &Scenario) -> Option<(&'static str, &'static str, String)> {
    Some(match form {
        Form::Markdown => ("wavetank.md", "text/markdown", markdown::render(report)),
        Form::Json => ("wavetank.json", "application/json", json::render(report)),
        Form::Html => ("wavetank.html", "text/html", html::render(report)),
        Form::Scenario => ("scenario.yaml", "application/yaml", scenario.to_yaml()),
        Form::Timeline => ("wavetank-timeline.svg", "image/svg+xml", svg::render(report, render::svg::Setting::Alone)),
        Form::Relations | Form::RelationsPng => return None,
    })
}

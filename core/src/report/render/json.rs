//! The report as JSON: its own fields, indented, with a line break at the end.

use super::super::model::Report;

/// JSON text.
pub fn render(report: &Report) -> String {
    // Plain data with text keys always serialises.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

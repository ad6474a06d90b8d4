//! One renderer per format, each a pure function of the report. Texts of a report come from manifests: every renderer escapes for its sink.

pub mod chart;
pub mod json;
pub mod style;
pub mod text;

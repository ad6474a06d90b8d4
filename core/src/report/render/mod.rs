//! One renderer per format, each a pure function of the report. Texts of a report come from manifests: every renderer escapes for its sink.

pub mod chart;
pub mod escape;
pub mod html;
pub mod json;
pub mod markdown;
pub mod style;
pub mod svg;
pub mod text;
pub mod why;

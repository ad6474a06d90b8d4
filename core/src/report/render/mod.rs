//! One renderer per format, each a pure function of the report. Texts of a report come from manifests: every renderer escapes for its sink.

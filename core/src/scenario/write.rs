//! A scenario back into its document: what flags and buttons did, kept as YAML. The inverse of `read`.

use serde_json::{Map, Value};

use super::document::{Expectation, Promise, Scenario, Start, Step, When};
use super::verb::duration_text;

impl Scenario {
    /// The document, as YAML. Reading it gives the same scenario.
    ///
    /// ```
    /// use wavetank_core::scenario::{Scenario, Step, Verb};
    /// use wavetank_core::units::time::Time;
    /// let scenario = Scenario::of_steps("lose-b", vec![Step::at(Time::ZERO, Verb::FailZone { zone: "zone-b".into() })]);
    /// assert!(scenario.to_yaml().ends_with("  steps:\n  - at: 0s\n    failZone: zone-b\n"));
    /// ```
    pub fn to_yaml(&self) -> String {
        let mut spec = Map::new();
        if let Some(description) = &self.description {
            spec.insert("description".into(), description.as_str().into());
        }
        if !self.manifests.is_empty() {
            spec.insert("manifests".into(), self.manifests.iter().map(|m| Value::from(m.as_str())).collect());
        }
        if self.start != Start::default() {
            spec.insert("start".into(), self.start.name().into());
        }
        if let Some(until) = self.until {
            spec.insert("until".into(), duration_text(until.millis()).into());
        }
        if self.seed != 0 {
            spec.insert("seed".into(), self.seed.into());
        }
        spec.insert("steps".into(), self.steps.iter().map(step_value).collect());
        if !self.expectations.is_empty() {
            spec.insert("expect".into(), self.expectations.iter().map(expectation).collect());
        }
        let mut metadata = Map::new();
        metadata.insert("name".into(), self.name.as_str().into());
        let mut document = Map::new();
        document.insert("apiVersion".into(), "wavetank.dev/v1alpha1".into());
        document.insert("kind".into(), "Scenario".into());
        document.insert("metadata".into(), metadata.into());
        document.insert("spec".into(), spec.into());
        // Maps of plain texts and numbers always have a YAML form.
        serde_yaml::to_string(&document).unwrap_or_default()
    }
}

/// A step as the document has it: when, then the verb with its fields.
pub fn step_value(step: &Step) -> Value {
    let mut mapping = Map::new();
    match &step.when {
        When::At(time) => mapping.insert("at".into(), duration_text(time.millis()).into()),
        When::After(span) => mapping.insert("after".into(), duration_text(*span).into()),
        When::Condition(condition) => mapping.insert("when".into(), condition.as_str().into()),
    };
    // A verb writes itself as one line of flow YAML; parsed, its fields are written in block style like the rest.
    if let Ok(Value::Object(verb)) = serde_yaml::from_str(&step.verb.to_yaml()) {
        mapping.extend(verb);
    }
    mapping.into()
}

fn expectation(expectation: &Expectation) -> Value {
    let mut mapping = Map::new();
    mapping.insert(expectation.promise.name().into(), expectation.expression.as_str().into());
    if let Promise::Eventually(Some(within)) = expectation.promise {
        mapping.insert("within".into(), duration_text(within).into());
    }
    if let Some(name) = &expectation.name {
        mapping.insert("name".into(), name.as_str().into());
    }
    if expectation.from.millis() != 0 {
        mapping.insert("from".into(), duration_text(expectation.from.millis()).into());
    }
    mapping.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Limits, SourceSet, read};

    #[test]
    fn what_is_written_is_read_back() {
        let text = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: both}\nspec:\n  description: A and B.\n  until: 20m\n  seed: 7\n  \
                    steps:\n  - at: 90s\n    drain: {node: n1, force: true, timeout: 5m}\n  - after: 1m30s\n    scale: {workload: deployment/web, replicas: 5}\n";
        let scenarios = |text: &str| crate::scenario::read(&read(SourceSet::single("s.yaml", text), &Limits::default())).0;
        let (first, again) = (scenarios(text), scenarios(&scenarios(text)[0].to_yaml()));
        // Where a step stands differs; what it says does not.
        let said = |s: &Scenario| -> Vec<(When, String)> { s.steps.iter().map(|step| (step.when.clone(), step.verb.to_yaml())).collect() };
        assert_eq!(said(&first[0]), said(&again[0]));
        assert_eq!(first[0].steps.len(), 2);
        assert_eq!((&first[0].name, first[0].until, first[0].seed), (&again[0].name, again[0].until, again[0].seed));
        assert_eq!(first[0].description, again[0].description);
    }
}

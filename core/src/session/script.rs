//! Steps that were clicked, written into the Scenario document of the manifests, where everybody can read and keep them.
//!
//! Owns which document, at which place, and that nothing else of it changes its meaning. How text is changed is `manifest::edit`'s.

use serde_json::Value;

use super::scene::Step;
use crate::manifest::tree::Tree;
use crate::manifest::{Document, Limits, Manifest, SourceSet, edit, read};
use crate::scenario::{self, Scenario, When, is_scenario};

/// More steps than this are not written at once: each is read back.
const MOST_CHANGES: usize = 200;
/// The name of a file that is made, without its ending.
const FILE: &str = "scenario";
/// The name of a scenario that is made.
const NAME: &str = "what-if";
const STEPS: &str = "/spec/steps";

/// When the steps of a scenario begin as far as the document says it, in virtual milliseconds: what waits for a condition counts as beginning
/// with the step before it.
pub fn planned(scenario: &Scenario) -> Vec<Step> {
    let mut at_ms = 0;
    let each = scenario.steps.iter().map(|step| {
        at_ms = match step.when {
            When::At(time) => time.millis(),
            When::After(span) => at_ms + span,
            When::Condition(_) => at_ms,
        };
        Step::of(&step.verb, at_ms)
    });
    each.collect()
}

/// The file that changes or is new, and its text, so that the first Scenario document has these steps, in this order. `known` are the ones that it
/// has, at the moments at which they began: those that are `wanted` too stay as they are written, conditions and comments included. Where
/// the last step comes later than it did, `until` does too. The text is read back before it is given.
///
/// # Errors
/// A document that cannot be changed without touching more.
pub fn write(manifest: &Manifest, known: &[Step], wanted: &[Step]) -> Result<(String, String), edit::Unwritable> {
    let meant: Option<Vec<scenario::Step>> = wanted.iter().map(Step::to_step).collect();
    let meant = meant.ok_or_else(|| edit::Unwritable("a step could not be read".to_owned()))?;
    let Some(document) = manifest.documents.iter().find(|document| is_scenario(document)) else {
        return Ok((new_name(manifest), Scenario::of_steps(NAME, meant).to_yaml()));
    };
    let none = || edit::Unwritable("the Scenario is in none of the files".to_owned());
    let file = manifest.sources.file(document.span.file).ok_or_else(none)?;
    // Alone: what stands around it may be large, and is read anew once only, when all is written.
    let range = document.span.range();
    let mut script = Script::of(file.text.get(range.clone()).ok_or_else(none)?.to_owned())?;
    let tree = &script.document()?.tree;
    let items = tree.at(STEPS).map_or(0, |list| tree.items(list).len());
    if items != script.scenario.steps.len() {
        return Err(edit::Unwritable("not every step of the Scenario could be read".to_owned()));
    }
    if !known.iter().map(Step::to_verb).eq(script.scenario.steps.iter().map(|step| Some(step.verb.clone()))) {
        return Err(edit::Unwritable("the Scenario says something else by now".to_owned()));
    }
    let until = script.scenario.until;
    let last = |steps: &[Step]| steps.iter().map(|step| step.at_ms).max().unwrap_or_default();
    let kept = kept(known, wanted);
    let staying = kept.iter().flatten().count();
    if known.len() + wanted.len() - 2 * staying > MOST_CHANGES {
        return Err(edit::Unwritable(format!("more than {MOST_CHANGES} steps would change")));
    }
    for nth in (0..known.len()).rev().filter(|nth| !kept.contains(&Some(*nth))) {
        script.change(|text, tree| edit::remove_item(text, tree, STEPS, nth))?;
    }
    for (nth, step) in meant.iter().enumerate().filter(|(nth, _)| kept[*nth].is_none()) {
        let value = scenario::step_value(step);
        script.change(|text, tree| match tree.at(STEPS) {
            Some(_) => edit::put_item(text, tree, STEPS, nth, &value),
            None => edit::set(text, tree, &format!("{STEPS}/-"), &value),
        })?;
    }
    // What counts from the step above it may have another one there now.
    let mut above = 0;
    for (nth, step) in wanted.iter().enumerate() {
        let since = step.at_ms - std::mem::replace(&mut above, step.at_ms);
        if kept[nth].is_some()
            && matches!(script.scenario.steps.get(nth), Some(own) if matches!(own.when, When::After(span) if span != since))
        {
            let since = Value::from(scenario::duration_text(since));
            script.change(|text, tree| edit::set(text, tree, &format!("{STEPS}/{nth}/after"), &since))?;
        }
    }
    if let Some(until) = until.filter(|_| last(wanted) > last(known)) {
        let later = Value::from(scenario::duration_text(until.millis() + last(wanted) - last(known)));
        script.change(|text, tree| edit::set(text, tree, "/spec/until", &later))?;
    }
    if !meant.iter().map(|step| &step.verb).eq(script.scenario.steps.iter().map(|step| &step.verb)) {
        return Err(edit::Unwritable("it would be read as something else".to_owned()));
    }
    let (head, tail) = (file.text.get(..range.start).ok_or_else(none)?, file.text.get(range.end..).ok_or_else(none)?);
    Ok((file.name.clone(), format!("{head}{}{tail}", script.text)))
}

/// Which of the known steps each of the wanted ones is.
fn kept(known: &[Step], wanted: &[Step]) -> Vec<Option<usize>> {
    let mut from = 0;
    let find = |step: &Step| {
        let found = from + known.get(from..)?.iter().position(|own| own == step)?;
        from = found + 1;
        Some(found)
    };
    wanted.iter().map(find).collect()
}

fn new_name(manifest: &Manifest) -> String {
    let free = |name: &String| manifest.sources.files.iter().all(|file| file.name != *name);
    let names = (1..).map(|nth| if nth == 1 { format!("{FILE}.yaml") } else { format!("{FILE}-{nth}.yaml") });
    names.into_iter().find(free).unwrap_or_default()
}

/// A Scenario, read anew after each change.
struct Script {
    text: String,
    manifest: Manifest,
    scenario: Scenario,
}

impl Script {
    fn of(text: String) -> Result<Script, edit::Unwritable> {
        let manifest = read(SourceSet::single(FILE, text.as_str()), &Limits::default());
        let mut script = Script { text, manifest, scenario: Scenario::of_steps("", Vec::new()) };
        script.scenario = scenario::read_tree(&script.document()?.tree, &mut Vec::new());
        Ok(script)
    }

    fn document(&self) -> Result<&Document, edit::Unwritable> {
        match &self.manifest.documents[..] {
            [document] if is_scenario(document) => Ok(document),
            _ => Err(edit::Unwritable("the Scenario would no longer be read".to_owned())),
        }
    }

    fn change(&mut self, change: impl FnOnce(&str, &Tree) -> Result<String, edit::Unwritable>) -> Result<(), edit::Unwritable> {
        let text = change(&self.text, &self.document()?.tree)?;
        *self = Script::of(text)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::Verb;
    use super::*;

    const WEB: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    const OWN: &str = "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: own} # mine
spec:
  until: 20m
  steps:
    # A zone goes.
    - at: 0s
      failZone: zone-a
    - after: 10m # and comes
      recoverZone: zone-a
  expect:
    - always: 'true'
";

    fn step(at_ms: i64, verb: Verb, target: &str) -> Step {
        Step { at_ms, verb, target: target.to_owned() }
    }

    fn read_all(texts: &[(&str, &str)]) -> Manifest {
        let mut sources = SourceSet::default();
        for (name, text) in texts {
            sources.add(*name, *text);
        }
        read(sources, &Limits::default())
    }

    fn steps_of(text: &str) -> Vec<Step> {
        planned(&scenario::read(&read_all(&[("s.yaml", text)])).0[0])
    }

    #[test]
    fn without_a_scenario_a_file_is_made() {
        let wanted = [step(0, Verb::FailZone, "zone-b"), step(90_000, Verb::Drain, "node-1")];
        let (name, text) = write(&read_all(&[("a.yaml", WEB), ("scenario.yaml", WEB)]), &[], &wanted).unwrap();
        assert_eq!(name, "scenario-2.yaml");
        assert_eq!(
            text,
            "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata:\n  name: what-if\nspec:\n  steps:\n  - at: 0s\n    failZone: zone-b\n  - at: 1m30s\n    drain: node-1\n"
        );
        assert_eq!(steps_of(&text), wanted);
    }

    #[test]
    fn a_step_is_put_in_its_place_and_what_counts_from_it_keeps_its_time() {
        let both = format!("{WEB}---\n{OWN}");
        let manifest = read_all(&[("a.yaml", WEB), ("b.yaml", &both)]);
        let known = planned(&scenario::read(&manifest).0[0]);
        let mut wanted = known.clone();
        wanted.insert(1, step(60_000, Verb::FailNode, "node-1"));
        let (name, text) = write(&manifest, &known, &wanted).unwrap();
        assert_eq!(name, "b.yaml");
        let new = "    - at: 1m\n      failNode: node-1\n    - after: 9m # and comes\n";
        assert_eq!(text, both.replace("    - after: 10m # and comes\n", new));
        assert_eq!(planned(&scenario::read(&read_all(&[("b.yaml", &text)])).0[0]), wanted);
    }

    #[test]
    fn a_step_after_the_last_moves_the_end() {
        let manifest = read_all(&[("s.yaml", OWN)]);
        let known = steps_of(OWN);
        let mut wanted = known.clone();
        wanted.push(step(15 * 60_000, Verb::Other, "scale: {workload: deployment/web, replicas: 4}"));
        let (_, text) = write(&manifest, &known, &wanted).unwrap();
        let new = "      recoverZone: zone-a\n    - at: 15m\n      scale:\n        workload: deployment/web\n        replicas: 4\n";
        assert_eq!(text, OWN.replace("      recoverZone: zone-a\n", new).replace("20m", "25m"));
    }

    #[test]
    fn steps_are_taken_out_one_by_one_and_all_at_once() {
        let manifest = read_all(&[("s.yaml", OWN)]);
        let known = steps_of(OWN);
        let (_, first) = write(&manifest, &known, &known[..1]).unwrap();
        assert_eq!(steps_of(&first), known[..1]);
        let (_, second) = write(&manifest, &known, &known[1..]).unwrap();
        assert_eq!(steps_of(&second), known[1..]);
        assert!(second.contains("# A zone goes.\n    - after: 10m # and comes"));
        let ends_with_it = format!("---\n{}\n---\n{WEB}", OWN.split("\n  expect").next().unwrap_or_default());
        let (_, between) = write(&read_all(&[("s.yaml", &ends_with_it)]), &known, &known[..1]).unwrap();
        assert_eq!(between, ends_with_it.replace("\n    - after: 10m # and comes\n      recoverZone: zone-a", ""));
        let (_, other) = write(&manifest, &known, &[step(5_000, Verb::Drain, "n")]).unwrap();
        assert_eq!(steps_of(&other), [step(5_000, Verb::Drain, "n")]);
        let (_, none) = write(&read_all(&[("s.yaml", &first)]), &known[..1], &[]).unwrap();
        assert_eq!(none, first.replace("  steps:\n", "  steps: []\n").replace("    - at: 0s\n      failZone: zone-a\n", ""));
        let (_, again) = write(&read_all(&[("s.yaml", &none)]), &[], &known[..1]).unwrap();
        assert_eq!(steps_of(&again), known[..1]);
    }

    #[test]
    fn a_step_that_waits_for_a_condition_goes_on_waiting_for_it() {
        let text = OWN.replace("after: 10m", "when: zone(\"zone-a\").down");
        // As they were run: the condition came true after four minutes.
        let known = [step(0, Verb::FailZone, "zone-a"), step(240_000, Verb::RecoverZone, "zone-a")];
        let wanted = [known[0].clone(), step(60_000, Verb::Drain, "node-1"), known[1].clone()];
        let (_, new) = write(&read_all(&[("s.yaml", &text)]), &known, &wanted).unwrap();
        let drain = "    - at: 1m\n      drain: node-1\n";
        assert_eq!(new, text.replace("    - when", &format!("{drain}    - when")));
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let wanted = [step(0, Verb::FailZone, "zone-b")];
        let refused = |text: &str| write(&read_all(&[("s.yaml", text)]), &steps_of(text), &wanted).unwrap_err().0;
        let head = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: x}\n";
        let aliased = refused(&format!("{head}all: &all [{{at: 0s, drain: a1}}]\nspec: {{steps: *all}}\n"));
        assert!(aliased.contains("alias"), "{aliased}");
        assert!(refused(&format!("{head}spec: 7\n")).contains("no map"));
        let other = write(&read_all(&[("s.yaml", OWN)]), &steps_of(OWN)[..1], &wanted).unwrap_err().0;
        assert!(other.contains("something else by now"), "{other}");
        let many: String = (0..=MOST_CHANGES).map(|at| format!("  - {{at: {at}s, drain: a1}}\n")).collect();
        assert!(refused(&format!("{head}spec:\n  steps:\n{many}")).contains("steps would change"));
        assert_eq!(refused(&format!("{head}spec:\n  steps:\n  - at: soon\n")), "not every step of the Scenario could be read");
    }
}

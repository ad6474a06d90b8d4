//! What a conformance run says: per family how many cases agree, and the first that do not.
//!
//! Owns counting and printing. Judges of one kind of data fill it; it judges nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Disagreements kept for each family.
const SHOWN: usize = 5;

/// One case that does not agree.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The case, as the data names it.
    pub id: String,
    /// What was recorded.
    pub expected: String,
    /// What Wavetank said.
    pub got: String,
}

/// The count of one family.
#[derive(Clone, Debug, Default)]
pub struct Family {
    /// Cases that agree.
    pub agreed: usize,
    /// Cases in all.
    pub total: usize,
    /// The first cases that do not agree.
    pub disagreements: Vec<Disagreement>,
}

impl Family {
    /// Counts a case that agrees.
    pub fn agree(&mut self) {
        self.agreed += 1;
        self.total += 1;
    }

    /// Counts a case that does not.
    pub fn disagree(&mut self, expected: impl Into<String>, got: impl Into<String>, id: impl Into<String>) {
        self.total += 1;
        if self.disagreements.len() < SHOWN {
            self.disagreements.push(Disagreement { id: id.into(), expected: expected.into(), got: got.into() });
        }
    }

    /// Counts a case by whether both sides are equal.
    pub fn compare(&mut self, expected: &str, got: &str, id: &str) {
        if expected == got { self.agree() } else { self.disagree(expected, got, id) }
    }
}

/// The outcome for one kind of data.
#[derive(Clone, Debug)]
pub struct Report {
    kind: String,
    families: BTreeMap<String, Family>,
}

impl Report {
    /// An empty report for a kind of data (`scheduler`, `controlplane`, `apiserver`).
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), families: BTreeMap::new() }
    }

    /// The family of that name, made if need be.
    pub fn family(&mut self, name: &str) -> &mut Family {
        self.families.entry(name.to_owned()).or_default()
    }

    /// Cases that agree, and cases in all.
    #[must_use]
    pub fn totals(&self) -> (usize, usize) {
        self.families.values().fold((0, 0), |(a, t), f| (a + f.agreed, t + f.total))
    }

    /// Whether there were cases and all of them agree.
    #[must_use]
    pub fn all_agree(&self) -> bool {
        let (agreed, total) = self.totals();
        total > 0 && agreed == total
    }

    /// The text form; the last line is `KIND: agree/total`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (name, family) in &self.families {
            out += &format!("{name}: {}/{}\n", family.agreed, family.total);
            for case in &family.disagreements {
                let short = |text: &str| text.chars().take(600).collect::<String>().replace('\n', "\n              ");
                out += &format!("    {}\n    expected  {}\n    got       {}\n", case.id, short(&case.expected), short(&case.got));
            }
        }
        let (agreed, total) = self.totals();
        out + &format!("{}: {agreed}/{total}\n", self.kind)
    }

    /// The JSON form.
    #[must_use]
    pub fn json(&self) -> Value {
        let families: Vec<Value> = self
            .families
            .iter()
            .map(|(name, f)| {
                let disagreements: Vec<Value> =
                    f.disagreements.iter().map(|d| json!({"id": d.id, "expected": d.expected, "got": d.got})).collect();
                json!({"family": name, "agree": f.agreed, "total": f.total, "disagreements": disagreements})
            })
            .collect();
        let (agreed, total) = self.totals();
        json!({"kind": self.kind, "agree": agreed, "total": total, "families": families})
    }

    /// Prints the report to standard output.
    pub fn print(&self, as_json: bool) {
        if as_json { println!("{}", self.json()) } else { print!("{}", self.text()) }
    }
}

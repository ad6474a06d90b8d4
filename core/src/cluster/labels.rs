//! Labels and the selectors that match them (`apimachinery/pkg/labels`, v1.37), on interned text.

use crate::units::intern::{Interner, Sym};

/// Key and value pairs sorted by key, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(Vec<(Sym, Sym)>);

impl Labels {
    /// From pairs in any order; of two equal keys the later wins.
    pub fn new(pairs: impl IntoIterator<Item = (Sym, Sym)>) -> Labels {
        let mut labels = Labels::default();
        for (key, value) in pairs {
            labels.set(key, value);
        }
        labels
    }

    /// The value of `key`.
    pub fn get(&self, key: Sym) -> Option<Sym> {
        self.0.binary_search_by_key(&key, |pair| pair.0).ok().map(|i| self.0[i].1)
    }

    /// Sets `key` to `value`.
    pub fn set(&mut self, key: Sym, value: Sym) {
        match self.0.binary_search_by_key(&key, |pair| pair.0) {
            Ok(i) => self.0[i].1 = value,
            Err(i) => self.0.insert(i, (key, value)),
        }
    }

    /// Takes `key` away; tells whether it was there.
    pub fn remove(&mut self, key: Sym) -> bool {
        match self.0.binary_search_by_key(&key, |pair| pair.0) {
            Ok(i) => {
                self.0.remove(i);
                true
            }
            Err(_) => false,
        }
    }

    /// All pairs, by key number.
    pub fn iter(&self) -> impl Iterator<Item = (Sym, Sym)> + '_ {
        self.0.iter().copied()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What one requirement of a selector demands of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The key is there with one of the values.
    In,
    /// The key is absent or has none of the values.
    NotIn,
    /// The key is there.
    Exists,
    /// The key is absent.
    DoesNotExist,
    /// The key's value, as an integer, is larger than the single operand (node selectors only).
    Gt,
    /// The key's value, as an integer, is smaller than the single operand (node selectors only).
    Lt,
}

/// One requirement: key, operator, operands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The label's key.
    pub key: Sym,
    /// What is demanded.
    pub operator: Operator,
    /// The operands, in the order given.
    pub values: Vec<Sym>,
}

impl Requirement {
    /// Whether labels that hold `value` for the key satisfy this requirement. `Gt` and `Lt` parse base-10 int64 and refuse
    /// what is none (`component-helpers/scheduling/corev1/nodeaffinity`, v1.37).
    pub fn accepts(&self, value: Option<Sym>, text: &Interner) -> bool {
        match self.operator {
            Operator::In => value.is_some_and(|v| self.values.contains(&v)),
            Operator::NotIn => value.is_none_or(|v| !self.values.contains(&v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt | Operator::Lt => {
                let [operand] = self.values[..] else { return false };
                let Some(value) = value else { return false };
                match (text.text(value).parse::<i64>(), text.text(operand).parse::<i64>()) {
                    (Ok(have), Ok(want)) if self.operator == Operator::Gt => have > want,
                    (Ok(have), Ok(want)) => have < want,
                    _ => false,
                }
            }
        }
    }
}

/// A label selector. `metav1.LabelSelector` that is absent matches nothing, an empty one matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// Matches nothing: the selector was absent.
    Nothing,
    /// Matches what satisfies every requirement; everything if there are none.
    All(Vec<Requirement>),
}

impl Selector {
    /// The selector `{}`.
    pub const EVERYTHING: Selector = Selector::All(Vec::new());

    /// Whether `labels` satisfy this selector.
    pub fn matches(&self, labels: &Labels, text: &Interner) -> bool {
        match self {
            Selector::Nothing => false,
            Selector::All(requirements) => requirements.iter().all(|r| r.accepts(labels.get(r.key), text)),
        }
    }

    /// Whether this is `{}`.
    pub fn is_everything(&self) -> bool {
        matches!(self, Selector::All(requirements) if requirements.is_empty())
    }

    /// As kubectl prints it: `app=web,tier in (a,b),!canary`.
    pub fn display(&self, text: &Interner) -> String {
        let Selector::All(requirements) = self else { return "<none>".to_owned() };
        let values = |r: &Requirement| r.values.iter().map(|&v| text.text(v)).collect::<Vec<_>>().join(",");
        let one = |r: &Requirement| {
            let key = text.text(r.key);
            match r.operator {
                Operator::In if r.values.len() == 1 => format!("{key}={}", values(r)),
                Operator::In => format!("{key} in ({})", values(r)),
                Operator::NotIn => format!("{key} notin ({})", values(r)),
                Operator::Exists => key.to_owned(),
                Operator::DoesNotExist => format!("!{key}"),
                Operator::Gt => format!("{key}>{}", values(r)),
                Operator::Lt => format!("{key}<{}", values(r)),
            }
        };
        requirements.iter().map(one).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match_as_apimachinery_does() {
        let mut text = Interner::default();
        let (app, web, db, tier) = (text.intern("app"), text.intern("web"), text.intern("db"), text.intern("tier"));
        let labels = Labels::new([(app, web)]);
        let one = |key, operator, values: &[Sym]| Selector::All(vec![Requirement { key, operator, values: values.to_vec() }]);
        assert!(one(app, Operator::In, &[web, db]).matches(&labels, &text));
        assert!(!one(app, Operator::NotIn, &[web]).matches(&labels, &text));
        assert!(one(tier, Operator::NotIn, &[web]).matches(&labels, &text), "an absent key satisfies NotIn");
        assert!(!Selector::Nothing.matches(&labels, &text));
        assert!(Selector::EVERYTHING.matches(&labels, &text));
    }

    #[test]
    fn integers_only_compare_with_integers() {
        let mut text = Interner::default();
        let (key, ten, nine, word) = (text.intern("gen"), text.intern("10"), text.intern("9"), text.intern("x"));
        let gt = Requirement { key, operator: Operator::Gt, values: vec![nine] };
        assert!(gt.accepts(Some(ten), &text));
        assert!(!gt.accepts(Some(word), &text));
        assert!(!gt.accepts(None, &text));
    }
}

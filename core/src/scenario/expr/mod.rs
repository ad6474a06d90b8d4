//! Expressions over the state of a run: what they may ask, and the one seam behind which the language is evaluated.
//!
//! Owns the facts that expressions see and the trait of an evaluator. It never decides when an expression is asked.

mod facts;

#[cfg(feature = "cel")]
mod cel;

#[cfg(feature = "cel")]
pub use self::cel::Cel;
pub(crate) use facts::pods_of;
pub use facts::{BudgetFacts, EventFacts, Facts, Needs, NodeFacts, NoteFacts, PodFacts, Which, WorkloadFacts, ZoneFacts};

/// The longest expression that is read, in bytes.
pub const LONGEST_EXPRESSION: usize = 4_096;

/// The number of a compiled expression in its evaluator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpressionId(pub usize);

/// Evaluates expressions. There is one implementation (feature `cel`); without it expectations are shown as not evaluated.
pub trait Evaluator {
    /// Reads an expression. Gives its number and what it will ask for.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    fn compile(&mut self, text: &str) -> Result<(ExpressionId, Needs), String>;

    /// Whether the expression holds.
    ///
    /// # Errors
    /// A sentence that says why it is neither true nor false.
    fn holds(&self, id: ExpressionId, facts: &Facts) -> Result<bool, String>;

    /// What the expression comes to, as a sentence would say it: a text without quotes, a list with commas.
    ///
    /// # Errors
    /// A sentence that says why it has no value.
    fn said(&self, id: ExpressionId, facts: &Facts) -> Result<String, String>;

    /// The values that the expression's parts have, as `part = value`, for a message that has to explain an outcome.
    fn values(&self, id: ExpressionId, facts: &Facts) -> Vec<String>;
}

//! The Common Expression Language behind [`Evaluator`], by the `cel` crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::cel::common::ast::{Expr, IdedExpr, LiteralValue};
use ::cel::parser::PrattParser;
use ::cel::{Context, Env, ExecutionError, Value};
use serde::Serialize;

use super::facts::{Facts, Needs, Which};
use super::{Evaluator, ExpressionId};
use crate::scenario::names;
use crate::units::arrange::Arrange;
use crate::units::text::{nearest, visible_short};

/// The names that expressions may use besides those of the language.
const VARIABLES: [&str; 7] = ["pods", "nodes", "events", "notes", "claims", "volumes", "time"];
/// How deep an expression may be nested, and how many words and operators it may have: they bound the stack that reading and
/// evaluating need, for both descend along chains of operators too.
const DEEPEST: u16 = 32;
const MOST_WORDS: usize = 300;
const FUNCTIONS: [&str; 5] = ["workload", "zone", "budget", "autoscaler", "unschedulable"];

/// How many items of a list a message names.
const SHOWN_ITEMS: usize = 5;

/// An evaluator of CEL expressions.
pub struct Cel {
    env: Arc<Env>,
    programs: Vec<(IdedExpr, Needs)>,
}

impl std::fmt::Debug for Cel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cel").field("programs", &self.programs.len()).finish()
    }
}

impl Default for Cel {
    fn default() -> Self {
        Cel { env: Arc::new(Env::stdlib()), programs: Vec::new() }
    }
}

impl Evaluator for Cel {
    fn compile(&mut self, text: &str) -> Result<(ExpressionId, Needs), String> {
        bounded(text)?;
        let parser = PrattParser::default().max_recursion_depth(DEEPEST);
        let expression = parser.parse(text).map_err(|errors| parse_message(&errors))?;
        let references = expression.references();
        // Bound variables of macros are references too: only what is bound nowhere is unknown.
        let mut bound = Vec::new();
        collect_bound(&expression, &mut bound);
        let mut variables = references.variables();
        variables.arrange();
        for name in variables {
            if !VARIABLES.contains(&name) && !bound.iter().any(|b| b == name) && !self.is_type(name) {
                let known = VARIABLES.into_iter().chain(FUNCTIONS);
                let near = nearest(name, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                return Err(format!("{} is not known here{near}", visible_short(name, 40)));
            }
        }
        let mut needs = Needs::default();
        needs_of(&expression, &mut needs);
        if !needs.time {
            needs.moments.clear();
        }
        needs.moments.arrange();
        needs.moments.dedup();
        drop(references);
        self.programs.push((expression, needs.clone()));
        Ok((ExpressionId(self.programs.len() - 1), needs))
    }

    fn holds(&self, id: ExpressionId, facts: &Facts) -> Result<bool, String> {
        let Some((program, needs)) = self.programs.get(id.0) else { return Err("the expression is not known".to_owned()) };
        let context = self.context(facts, needs)?;
        match Value::resolve(program, &context) {
            Ok(Value::Bool(held)) => Ok(held),
            Ok(other) => Err(format!("the expression is {}, neither true nor false", display(&other))),
            Err(error) => Err(execution_message(&error)),
        }
    }

    fn said(&self, id: ExpressionId, facts: &Facts) -> Result<String, String> {
        let Some((program, needs)) = self.programs.get(id.0) else { return Err("the expression is not known".to_owned()) };
        let context = self.context(facts, needs)?;
        Value::resolve(program, &context).map(|value| words(&value)).map_err(|error| execution_message(&error))
    }

    fn values(&self, id: ExpressionId, facts: &Facts) -> Vec<String> {
        let Some((program, needs)) = self.programs.get(id.0) else { return Vec::new() };
        let Ok(context) = self.context(facts, needs) else { return Vec::new() };
        let mut shown = Vec::new();
        parts(program, &context, &mut shown);
        shown.dedup();
        shown
    }
}

impl Cel {
    fn is_type(&self, name: &str) -> bool {
        matches!(name, "int" | "uint" | "double" | "bool" | "string" | "bytes" | "list" | "map" | "null_type" | "type" | "optional")
    }

    fn context<'v>(&self, facts: &Facts, needs: &Needs) -> Result<Context<'static, 'v>, String> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        let fail = |error: &dyn std::fmt::Display| format!("the state cannot be given to the expression: {error}");
        if needs.time {
            context.add_variable_from_value("time", facts.time);
        }
        if needs.pods {
            context.add_variable_from_value("pods", value(&facts.pods).map_err(|e| fail(&e))?);
        }
        if needs.nodes {
            context.add_variable_from_value("nodes", value(&facts.nodes).map_err(|e| fail(&e))?);
        }
        if needs.events {
            context.add_variable_from_value("events", value(&facts.events).map_err(|e| fail(&e))?);
        }
        if needs.notes {
            context.add_variable_from_value("notes", value(&facts.notes).map_err(|e| fail(&e))?);
        }
        if needs.claims {
            context.add_variable_from_value("claims", value(&facts.claims).map_err(|e| fail(&e))?);
        }
        if needs.volumes {
            context.add_variable_from_value("volumes", value(&facts.volumes).map_err(|e| fail(&e))?);
        }
        if needs.autoscalers != Which::None {
            add_lookup(&mut context, "autoscaler", values_of(&facts.autoscalers).map_err(|e| fail(&e))?)?;
        }
        if needs.budgets != Which::None {
            add_lookup(&mut context, "budget", values_of(&facts.budgets).map_err(|e| fail(&e))?)?;
        }
        if needs.workloads != Which::None {
            add_lookup(&mut context, "workload", values_of(&facts.workloads).map_err(|e| fail(&e))?)?;
        }
        if needs.zones != Which::None {
            add_lookup(&mut context, "zone", values_of(&facts.zones).map_err(|e| fail(&e))?)?;
        }
        if needs.unschedulable {
            let count = facts.unschedulable;
            context.add_function("unschedulable", move || count).map_err(|e| fail(&e))?;
        }
        Ok(context)
    }
}

fn value(of: &impl Serialize) -> Result<Value, ::cel::SerializationError> {
    ::cel::to_value(of)
}

fn values_of<T: Serialize>(map: &BTreeMap<String, T>) -> Result<BTreeMap<String, Value>, ::cel::SerializationError> {
    map.iter().map(|(name, facts)| Ok((name.clone(), value(facts)?))).collect()
}

/// A function from a name to a value that was gathered before.
fn add_lookup(context: &mut Context<'_, '_>, function: &'static str, known: BTreeMap<String, Value>) -> Result<(), String> {
    let look = move |name: Arc<String>| -> Result<Value, ExecutionError> {
        let found = known.get(name.as_str()).or_else(|| known.get(&names::canonical(&name)));
        found
            .cloned()
            .ok_or_else(|| ExecutionError::function_error(function, format!("there is no {function} {}", visible_short(&name, 80))))
    };
    context.add_function(function, look).map_err(|error| error.to_string())
}

/// What a part of an expression asks for. The depth of the walk is bounded by the parser's own limit.
fn needs_of(expr: &IdedExpr, needs: &mut Needs) {
    match &expr.expr {
        Expr::Literal(LiteralValue::Int(number)) => needs.moments.push(*number.inner()),
        Expr::Ident(name) => match name.as_str() {
            "pods" => needs.pods = true,
            "nodes" => needs.nodes = true,
            "events" => needs.events = true,
            "notes" => needs.notes = true,
            "claims" => needs.claims = true,
            "volumes" => needs.volumes = true,
            "time" => needs.time = true,
            _ => {}
        },
        Expr::Call(call) => match call.func_name.as_str() {
            "workload" => needs.workloads.join(which(&call.args)),
            "zone" => needs.zones.join(which(&call.args)),
            "autoscaler" => needs.autoscalers.join(which(&call.args)),
            "budget" => needs.budgets.join(which(&call.args)),
            "unschedulable" => needs.unschedulable = true,
            _ => {}
        },
        _ => {}
    }
    children(expr, &mut |child| needs_of(child, needs));
}

fn which(args: &[IdedExpr]) -> Which {
    match args {
        [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }] => Which::Named(vec![name.inner().to_owned()]),
        _ => Which::All,
    }
}

fn collect_bound(expr: &IdedExpr, bound: &mut Vec<String>) {
    if let Expr::Comprehension(comprehension) = &expr.expr {
        bound.push(comprehension.iter_var.clone());
        bound.extend(comprehension.iter_var2.clone());
        bound.push(comprehension.accu_var.clone());
    }
    children(expr, &mut |child| collect_bound(child, bound));
}

fn children(expr: &IdedExpr, visit: &mut dyn FnMut(&IdedExpr)) {
    use ::cel::common::ast::EntryExpr;
    let entry = |entry: &EntryExpr, visit: &mut dyn FnMut(&IdedExpr)| match entry {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&entry.key);
            visit(&entry.value);
        }
    };
    match &expr.expr {
        Expr::Call(call) => {
            if let Some(target) = &call.target {
                visit(target);
            }
            call.args.iter().for_each(visit);
        }
        Expr::Comprehension(c) => [&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result].into_iter().for_each(visit),
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Map(map) => map.entries.iter().for_each(|e| entry(&e.expr, visit)),
        Expr::Struct(of) => of.entries.iter().for_each(|e| entry(&e.expr, visit)),
        Expr::Select(select) => visit(&select.operand),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

/// The parts of an expression that ask the state, with their values.
fn parts(expr: &IdedExpr, context: &Context<'_, '_>, shown: &mut Vec<String>) {
    if let Some(text) = asked(expr) {
        // A whole workload is shown by what matters of it.
        if let Ok(value) = Value::resolve(expr, context) {
            shown.push(format!("{text} = {}", display(&value)));
        }
        return;
    }
    if let Expr::Comprehension(comprehension) = &expr.expr
        && let Some(culprits) = culprits(comprehension, context)
    {
        shown.push(culprits);
        return;
    }
    children(expr, &mut |child| parts(child, context, shown));
}

/// The text of a part that asks the state: `workload("deployment/web").ready`, `unschedulable()`, `time`.
fn asked(expr: &IdedExpr) -> Option<String> {
    match &expr.expr {
        Expr::Ident(name) if name == "time" => Some(name.clone()),
        Expr::Call(call) if call.target.is_none() && FUNCTIONS.contains(&call.func_name.as_str()) => match call.args.as_slice() {
            [] => Some(format!("{}()", call.func_name)),
            [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }] => Some(format!("{}(\"{}\")", call.func_name, name.inner())),
            _ => None,
        },
        Expr::Select(select) if !select.test => asked(&select.operand).map(|operand| format!("{operand}.{}", select.field)),
        _ => None,
    }
}

/// Of `pods.exists(…)` the pods for which it holds, of `pods.all(…)` those for which it does not.
fn culprits(comprehension: &::cel::common::ast::ComprehensionExpr, context: &Context<'_, '_>) -> Option<String> {
    let Expr::Ident(list) = &comprehension.iter_range.expr else { return None };
    let Expr::Call(step) = &comprehension.loop_step.expr else { return None };
    let wanted = match step.func_name.as_str() {
        "_||_" => true,
        "_&&_" => false,
        _ => return None,
    };
    let predicate = step.args.get(1)?;
    let Ok(Value::List(items)) = Value::resolve(&comprehension.iter_range, context) else { return None };
    let mut names = Vec::new();
    let mut more = 0;
    for item in items.iter() {
        let mut inner = context.new_inner_scope();
        inner.add_variable_from_value(comprehension.iter_var.as_str(), item.clone());
        if !matches!(Value::resolve(predicate, &inner), Ok(Value::Bool(held)) if held == wanted) {
            continue;
        }
        if names.len() == SHOWN_ITEMS {
            more += 1;
            continue;
        }
        names.push(item_name(item));
    }
    let verb = if wanted { "it holds for" } else { "it does not hold for" };
    Some(match (names.len(), more) {
        (0, _) => format!("{list}: {verb} none of {}", items.len()),
        (_, 0) => format!("{list}: {verb} {}", names.join(", ")),
        _ => format!("{list}: {verb} {} and {more} more", names.join(", ")),
    })
}

fn item_name(item: &Value) -> String {
    if let Value::Map(map) = item {
        for key in ["name", "object"] {
            if let Some(Value::String(name)) = map.map.get(&::cel::objects::Key::from(key.to_owned())) {
                return visible_short(name, 80);
            }
        }
    }
    display(item)
}

/// A value as the language writes it, cut where it is long.
fn display(value: &Value) -> String {
    let text = match value {
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => format!("{n}u"),
        Value::Float(x) => x.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("\"{text}\""),
        Value::List(items) => format!("[{}]", items.iter().take(20).map(display).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let mut entries: Vec<String> = map.map.iter().map(|(key, value)| format!("{}: {}", key_text(key), display(value))).collect();
            entries.arrange();
            format!("{{{}}}", entries.join(", "))
        }
        other => format!("a value of type {}", other.type_of()),
    };
    visible_short(&text, 200)
}

/// A value as a sentence says it.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => visible_short(text, 200),
        Value::List(items) => items.iter().take(20).map(words).collect::<Vec<_>>().join(", "),
        other => display(other),
    }
}

fn key_text(key: &::cel::objects::Key) -> String {
    display(&Value::from(key))
}

/// Refuses a text of too many words and operators, before the parser sees it.
fn bounded(text: &str) -> Result<(), String> {
    let (mut words, mut in_word) = (0_usize, false);
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '_';
        words += usize::from(!(c.is_whitespace() || word && in_word));
        in_word = word;
    }
    if words > MOST_WORDS { Err(format!("the expression has more than {MOST_WORDS} words and operators")) } else { Ok(()) }
}

fn parse_message(errors: &::cel::ParseErrors) -> String {
    let Some(first) = errors.errors.first() else { return "the expression cannot be read".to_owned() };
    let (line, column) = first.pos;
    let text = first.msg.lines().next().unwrap_or_default();
    let place = if line > 1 { format!("line {line}, column {column}") } else { format!("column {column}") };
    format!("{place}: {}", visible_short(text, 200))
}

fn execution_message(error: &ExecutionError) -> String {
    match error {
        ExecutionError::FunctionError { message, .. } => visible_short(message, 200),
        ExecutionError::NoSuchKey(key) => format!("there is no field {}", visible_short(key, 80)),
        ExecutionError::UndeclaredReference(name) => {
            let near =
                nearest(name, VARIABLES.into_iter().chain(FUNCTIONS)).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!("{} is not known here{near}", visible_short(name, 80))
        }
        other => visible_short(&other.to_string(), 200),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{PodFacts, WorkloadFacts};
    use super::*;

    fn pod(name: &str, phase: &str) -> PodFacts {
        PodFacts {
            name: name.into(),
            namespace: "default".into(),
            workload: "deployment/web".into(),
            phase: phase.into(),
            reason: String::new(),
            ready: true,
            terminating: false,
            node: "n1".into(),
            zone: "zone-a".into(),
            restarts: 0,
            nominated: String::new(),
            image: "web:1".into(),
            priority: 0,
            created: 0,
        }
    }

    fn facts() -> Facts {
        let web = WorkloadFacts { desired: 3, ready: 2, zones: [("zone-a".to_owned(), 2)].into(), ..WorkloadFacts::default() };
        Facts {
            time: 90,
            workloads: [("deployment/web".to_owned(), web)].into(),
            pods: vec![pod("web-1", "Running"), pod("web-2", "Failed")],
            unschedulable: 1,
            ..Facts::default()
        }
    }

    #[test]
    fn expressions_ask_the_state() {
        for (text, holds) in [
            ("workload(\"deployment/web\").ready >= 2", true),
            ("workload('deployment/web').ready == workload('deployment/web').desired", false),
            ("workload(\"deploy/web\").zones[\"zone-a\"] == 2", true),
            ("[\"web\"].all(n, workload(\"deployment/\" + n).ready == 2)", true),
            ("pods.exists(p, p.phase == \"Failed\")", true),
            ("pods.all(p, p.ready)", true),
            ("pods.filter(p, p.phase == 'Running').size() == 1", true),
            ("unschedulable() == 0", false),
            ("time > 60 && time < 100", true),
            ("size(events) == 0", true),
        ] {
            let mut cel = Cel::default();
            let (id, needs) = cel.compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut known = facts();
            if needs.workloads == Which::Named(vec!["deploy/web".into()]) {
                let web = known.workloads["deployment/web"].clone();
                known.workloads = [("deploy/web".to_owned(), web)].into();
            }
            assert_eq!(cel.holds(id, &known), Ok(holds), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_known_before() {
        let mut cel = Cel::default();
        let (_, needs) = cel.compile("workload('a').ready > 0 && workload('b').ready > 0 && unschedulable() == 0").unwrap();
        assert_eq!(needs.workloads, Which::Named(vec!["a".into(), "b".into()]));
        assert!(needs.unschedulable && !needs.pods && !needs.time);
        let (_, needs) = cel.compile("pods.all(p, workload(p.workload).ready > 0)").unwrap();
        assert_eq!(needs.workloads, Which::All);
        assert!(needs.pods);
    }

    #[test]
    fn mistakes_are_told_in_a_sentence() {
        let mut cel = Cel::default();
        assert!(cel.compile("workload(").unwrap_err().starts_with("column "));
        assert_eq!(cel.compile("podz.size() == 0").unwrap_err(), "podz is not known here; did you mean pods?");
        let (id, _) = cel.compile("workload('deployment/web').redy > 0").unwrap();
        assert_eq!(cel.holds(id, &facts()).unwrap_err(), "there is no field redy");
        let (id, _) = cel.compile("workload('deployment/none').ready > 0").unwrap();
        assert_eq!(cel.holds(id, &facts()).unwrap_err(), "there is no workload deployment/none");
        let (id, _) = cel.compile("unschedulable()").unwrap();
        assert_eq!(cel.holds(id, &facts()).unwrap_err(), "the expression is 1, neither true nor false");
    }

    #[test]
    fn a_message_shows_the_values() {
        let mut cel = Cel::default();
        let (id, _) = cel.compile("workload(\"deployment/web\").ready >= 3 || time < 10").unwrap();
        assert_eq!(cel.values(id, &facts()), ["workload(\"deployment/web\").ready = 2", "time = 90"]);
        let (id, _) = cel.compile("pods.exists(p, p.phase == 'Failed')").unwrap();
        assert_eq!(cel.values(id, &facts()), ["pods: it holds for web-2"]);
    }

    #[test]
    fn hostile_text_is_refused_without_harm() {
        let mut cel = Cel::default();
        for piece in ["(", "[", "{", "!", "-", "1+", "time.", "-(", "[1,", "1?1:", "f(", "\"", "\u{e9}", "1 in ", "'\\"] {
            for count in [1, 8, 23, 24, 50, 199, 200, 2_000] {
                let mut text = piece.repeat(count);
                text.push('1');
                text.push_str(&")".repeat(count.min(24)));
                // Read or refused: the point is that it ends.
                if let Ok((id, _)) = cel.compile(&text) {
                    let _ = cel.holds(id, &facts());
                }
            }
        }
    }
}

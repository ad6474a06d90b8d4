//! Expressions of the Common Expression Language in admission policies and match conditions: whether they can be evaluated here, and
//! their values over a request.
//!
//! Owns reading and evaluating; what follows from a value is decided by admission.

use serde_json::Value as Json;

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// True or false.
    Bool(bool),
    /// A text.
    Text(String),
    /// Anything else.
    Other,
}

/// The names that expressions may use (`apiserver/pkg/cel/mutation`, `plugin/cel/compile.go`, v1.37); `authorizer` and `params` are not known
/// here.
pub const VARIABLES: [&str; 5] = ["object", "oldObject", "request", "namespaceObject", "variables"];

#[cfg(feature = "cel")]
mod evaluated {
    use std::collections::{BTreeMap, HashMap};
    use std::sync::Arc;

    use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, MapEntryExpr, MapExpr};
    use cel::objects::Key;
    use cel::parser::PrattParser;
    use cel::{Context, Env, ExecutionError, Value};

    use super::{Json, Outcome, VARIABLES};
    use crate::units::arrange::Arrange;
    use crate::units::text::visible_short;

    /// How deep an expression may be nested, and how long it may be: they bound the stack that reading and evaluating need.
    const DEEPEST: u16 = 32;
    const LONGEST: usize = 4_096;
    const MOST_WORDS: usize = 600;

    /// Functions, operators and macros of the language itself; Kubernetes' own libraries (quantities, URLs, addresses, CIDRs, regular
    /// expressions, formats, the authorizer) are not known here.
    const FUNCTIONS: [&str; 19] = [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "has",
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "bytes",
        "type",
        "dyn",
        "in",
    ];

    fn read(text: &str) -> Result<IdedExpr, String> {
        let mut words = 0_usize;
        let mut in_word = false;
        for c in text.chars() {
            let word = c.is_alphanumeric() || c == '_';
            words += usize::from(!(c.is_whitespace() || word && in_word));
            in_word = word;
        }
        if text.len() > LONGEST || words > MOST_WORDS {
            return Err("it is longer than is evaluated here".to_owned());
        }
        let parser = PrattParser::default().max_recursion_depth(DEEPEST);
        parser.parse(text).map_err(|errors| {
            let first = errors.errors.first().and_then(|e| e.msg.lines().next()).unwrap_or("it cannot be read");
            visible_short(first, 200)
        })
    }

    /// With `Object{…}`, `Object.spec{…}` and `JSONPatch{…}` as the maps of their fields, and `jsonpatch.escapeKey` of a text as its result.
    fn read_change(text: &str) -> Result<IdedExpr, String> {
        let mut expression = read(text)?;
        objects_as_maps(&mut expression)?;
        Ok(expression)
    }

    fn objects_as_maps(expr: &mut IdedExpr) -> Result<(), String> {
        if let Expr::Call(call) = &expr.expr
            && call.func_name == "escapeKey"
            && matches!(call.target.as_deref(), Some(IdedExpr { expr: Expr::Ident(name), .. }) if name == "jsonpatch")
            && let [IdedExpr { expr: Expr::Literal(LiteralValue::String(key)), .. }] = call.args.as_slice()
        {
            let escaped = key.inner().replace('~', "~0").replace('/', "~1");
            expr.expr = Expr::Literal(LiteralValue::String(escaped.into()));
            return Ok(());
        }
        if let Expr::Struct(object) = &mut expr.expr {
            let made = object.type_name.split('.').next().unwrap_or_default();
            if !matches!(made, "Object" | "JSONPatch") {
                return Err(format!("it makes a {}", visible_short(&object.type_name, 40)));
            }
            let entries = std::mem::take(&mut object.entries).into_iter().map(|entry| {
                let id = entry.id;
                let entry = match entry.expr {
                    EntryExpr::StructField(field) => {
                        let key = IdedExpr { id, expr: Expr::Literal(LiteralValue::String(field.field.into())) };
                        EntryExpr::MapEntry(MapEntryExpr { key, value: field.value, optional: field.optional })
                    }
                    other => other,
                };
                IdedEntryExpr { id, expr: entry }
            });
            expr.expr = Expr::Map(MapExpr { entries: entries.collect() });
        }
        match &mut expr.expr {
            Expr::Call(call) => call.target.iter_mut().map(AsMut::as_mut).chain(&mut call.args).try_for_each(objects_as_maps),
            Expr::List(list) => list.elements.iter_mut().try_for_each(objects_as_maps),
            Expr::Select(select) => objects_as_maps(&mut select.operand),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => objects_as_maps(&mut entry.key).and_then(|()| objects_as_maps(&mut entry.value)),
                EntryExpr::StructField(field) => objects_as_maps(&mut field.value),
            }),
            Expr::Comprehension(c) => [&mut c.iter_range, &mut c.accu_init, &mut c.loop_cond, &mut c.loop_step, &mut c.result]
                .into_iter()
                .try_for_each(objects_as_maps),
            _ => Ok(()),
        }
    }

    pub(super) fn check(text: &str) -> Result<(), String> {
        check_read(&read(text)?)
    }

    pub(super) fn check_change(text: &str) -> Result<(), String> {
        check_read(&read_change(text)?)
    }

    fn check_read(expression: &IdedExpr) -> Result<(), String> {
        let references = expression.references();
        let mut bound = Vec::new();
        bound_names(expression, &mut bound);
        let mut variables = references.variables();
        variables.arrange();
        let types = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"];
        if let Some(name) =
            variables.into_iter().find(|name| !VARIABLES.contains(name) && !types.contains(name) && !bound.iter().any(|b| b == name))
        {
            return Err(format!("it uses {}", visible_short(name, 40)));
        }
        let mut functions = references.functions();
        functions.arrange();
        let is_operator =
            |name: &str| name.contains(|c: char| !c.is_alphanumeric() && c != '_') || name.starts_with('_') || name.starts_with('@');
        match functions.into_iter().find(|name| !FUNCTIONS.contains(name) && !is_operator(name)) {
            Some(name) => Err(format!("it uses the function {}()", visible_short(name, 40))),
            None => Ok(()),
        }
    }

    fn bound_names(expr: &IdedExpr, bound: &mut Vec<String>) {
        let mut visit = |child: &IdedExpr| bound_names(child, bound);
        match &expr.expr {
            Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(&mut visit),
            Expr::List(list) => list.elements.iter().for_each(&mut visit),
            Expr::Select(select) => visit(&select.operand),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        visit(&entry.key);
                        visit(&entry.value);
                    }
                }
            }
            Expr::Comprehension(c) => {
                [&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result].into_iter().for_each(&mut visit);
                bound.push(c.iter_var.clone());
                bound.extend(c.iter_var2.clone());
                bound.push(c.accu_var.clone());
            }
            _ => {}
        }
    }

    /// A request that expressions are asked about.
    #[derive(Clone)]
    pub struct Asked {
        known: Vec<(String, Value)>,
        variables: HashMap<String, Value>,
    }

    impl std::fmt::Debug for Asked {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Asked").field("variables", &self.variables.len()).finish()
        }
    }

    impl Asked {
        pub(super) fn new(known: &[(&str, &Json)]) -> Asked {
            let known = known.iter().map(|(name, json)| ((*name).to_owned(), value(json))).collect();
            Asked { known, variables: HashMap::new() }
        }

        fn context(&self) -> Context<'static, 'static> {
            let mut context = Context::with_env(Arc::new(Env::stdlib()));
            for (name, value) in &self.known {
                context.add_variable_from_value(name.clone(), value.clone());
            }
            context.add_variable_from_value("variables", Value::from(self.variables.clone()));
            context
        }

        pub(super) fn define(&mut self, name: &str, expression: &str) {
            let Ok(found) = self.value(expression) else { return };
            self.variables.insert(name.to_owned(), found);
        }

        pub(super) fn outcome(&self, expression: &str) -> Result<Outcome, String> {
            Ok(match self.value(expression)? {
                Value::Bool(held) => Outcome::Bool(held),
                Value::String(text) => Outcome::Text(text.to_string()),
                _ => Outcome::Other,
            })
        }

        pub(super) fn change(&self, expression: &str) -> Result<Json, String> {
            json(&self.resolved(&read_change(expression)?)?).ok_or_else(|| "it gives what is no field of an object".to_owned())
        }

        fn value(&self, expression: &str) -> Result<Value, String> {
            self.resolved(&read(expression)?)
        }

        fn resolved(&self, program: &IdedExpr) -> Result<Value, String> {
            Value::resolve(program, &self.context()).map_err(|error| match error {
                ExecutionError::NoSuchKey(key) => format!("no such key: {}", visible_short(&key, 80)),
                other => visible_short(&other.to_string(), 200),
            })
        }
    }

    /// The value as JSON; none for what JSON has no form for.
    fn json(value: &Value) -> Option<Json> {
        Some(match value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::from(*b),
            Value::Int(n) => Json::from(*n),
            Value::UInt(n) => Json::from(*n),
            Value::Float(n) => Json::from(*n),
            Value::String(text) => Json::from(text.as_str()),
            Value::List(items) => Json::from(items.iter().map(json).collect::<Option<Vec<Json>>>()?),
            Value::Map(map) => {
                let entry = |(key, value): (&Key, &Value)| match key {
                    Key::String(key) => Some((key.to_string(), json(value)?)),
                    _ => None,
                };
                // In the order of their names, whatever order the map has.
                let fields = map.map.iter().map(entry).collect::<Option<BTreeMap<String, Json>>>()?;
                Json::Object(fields.into_iter().collect())
            }
            _ => return None,
        })
    }

    /// Numbers without a fraction are integers, as fields of Kubernetes' objects are.
    fn value(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::from(*b),
            Json::Number(n) => n.as_i64().map_or_else(|| Value::from(n.as_f64().unwrap_or(0.0)), Value::from),
            Json::String(text) => Value::from(text.as_str()),
            Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<Value>>()),
            Json::Object(map) => Value::from(map.iter().map(|(key, of)| (key.clone(), value(of))).collect::<HashMap<String, Value>>()),
        }
    }
}

#[cfg(not(feature = "cel"))]
mod evaluated {
    use super::{Json, Outcome};

    const NONE: &str = "this build evaluates no expressions";

    pub(super) fn check(_: &str) -> Result<(), String> {
        Err(NONE.to_owned())
    }

    pub(super) fn check_change(_: &str) -> Result<(), String> {
        Err(NONE.to_owned())
    }

    /// A request that expressions are asked about.
    #[derive(Clone, Debug)]
    pub struct Asked;

    impl Asked {
        pub(super) fn new(_: &[(&str, &Json)]) -> Self {
            Asked
        }

        pub(super) fn define(&mut self, _: &str, _: &str) {}

        pub(super) fn outcome(&self, _: &str) -> Result<Outcome, String> {
            Err(NONE.to_owned())
        }

        pub(super) fn change(&self, _: &str) -> Result<Json, String> {
            Err(NONE.to_owned())
        }
    }
}

pub use evaluated::Asked;

/// Whether an expression can be evaluated here.
///
/// # Errors
/// Why not, as the end of a sentence.
pub fn check(expression: &str) -> Result<(), String> {
    evaluated::check(expression)
}

/// Whether an expression that gives a change can be evaluated here: one that makes `Object`s, or a list of `JSONPatch`es.
///
/// # Errors
/// Why not, as the end of a sentence.
pub fn check_change(expression: &str) -> Result<(), String> {
    evaluated::check_change(expression)
}

impl Asked {
    /// A request, by the values of the names that expressions use.
    #[must_use]
    pub fn about(known: &[(&str, &Json)]) -> Self {
        Asked::new(known)
    }

    /// Names the value of an expression: `variables.NAME` of the expressions after it. One that has no value is not named.
    pub fn name(&mut self, name: &str, expression: &str) {
        self.define(name, expression);
    }

    /// The change that an expression gives: the fields of an `Object`, or operations.
    ///
    /// # Errors
    /// It cannot be evaluated: why, as the API server says it.
    pub fn ask_for_change(&self, expression: &str) -> Result<Json, String> {
        self.change(expression)
    }

    /// What an expression comes to.
    ///
    /// # Errors
    /// It cannot be evaluated: why, as the API server says it.
    pub fn ask(&self, expression: &str) -> Result<Outcome, String> {
        self.outcome(expression)
    }
}

#[cfg(all(test, feature = "cel"))]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_are_asked_of_a_pod() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"image": "web:latest"}, {"image": "db:1"}], "replicas": 5}});
        let mut asked = Asked::about(&[("object", &pod)]);
        asked.name("images", "object.spec.containers.map(c, c.image)");
        for (text, outcome) in [
            ("object.spec.containers.all(c, !c.image.endsWith(':latest'))", Ok(Outcome::Bool(false))),
            ("variables.images.exists(i, i == 'db:1')", Ok(Outcome::Bool(true))),
            ("object.spec.replicas <= 5 && object.spec.replicas == 5", Ok(Outcome::Bool(true))),
            ("has(object.metadata.labels)", Ok(Outcome::Bool(false))),
            ("'no ' + object.metadata.name", Ok(Outcome::Text("no p".to_owned()))),
            ("object.spec.nodeName == 'a'", Err("no such key: nodeName".to_owned())),
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
            assert_eq!(asked.ask(text), outcome, "{text}");
        }
    }

    #[test]
    fn changes_are_made_of_objects_and_patches() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "app"}]}});
        let asked = Asked::about(&[("object", &pod)]);
        let apply = "Object{metadata: Object.metadata{labels: {'team': object.metadata.name}}, spec: Object.spec{containers: \
                     object.spec.containers.map(c, Object.spec.containers{name: c.name, image: 'x'})}}";
        assert_eq!(check_change(apply), Ok(()));
        let change = json!({"metadata": {"labels": {"team": "p"}}, "spec": {"containers": [{"name": "app", "image": "x"}]}});
        assert_eq!(asked.ask_for_change(apply), Ok(change));
        let patch = "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 'c'}]";
        assert_eq!(check_change(patch), Ok(()));
        assert_eq!(asked.ask_for_change(patch), Ok(json!([{"op": "add", "path": "/metadata/labels/a~1b", "value": "c"}])));
        assert_eq!(check_change("Other{a: 1}"), Err("it makes a Other".to_owned()));
    }

    #[test]
    fn what_is_not_known_here_is_said() {
        assert_eq!(check("quantity(object.spec.x).isLessThan(quantity('1'))"), Err("it uses the function isLessThan()".to_owned()));
        assert_eq!(check("params.max > 1"), Err("it uses params".to_owned()));
        assert!(check("object.(").is_err());
        assert!(check(&"(".repeat(5_000)).is_err());
    }
}

//! Words for what a schema check found: located diagnostics with what to do, and a fix where one is sure.
//!
//! Owns the texts of `WT1015`, `WT1016` and `WT1024`. It decides nothing.

use super::catalog as ids;
use super::diagnostic::Diagnostic;
use super::schema::{Problem, SchemaFault};
use super::tree::{NodeId, NodeKind, Scalar, Tree};
use crate::units::text::{visible, visible_short};

/// The diagnostic of one fault of the object called `title`.
pub(super) fn diagnostic(tree: &Tree, title: &str, fault: &SchemaFault) -> Diagnostic {
    let value = tree.span(fault.node);
    let path = visible(&fault.path);
    match &fault.problem {
        Problem::UnknownField(near) => {
            let at = fault.key.map_or(value, |key| tree.span(key));
            let diagnostic = Diagnostic::warning(ids::UNKNOWN_FIELD, format!("{title}: there is no field `{path}`")).at(Some(at));
            match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`? As it is, it has no effect")).fix(
                    at,
                    *near,
                    format!("rename to {near}"),
                ),
                None => diagnostic.help("check spelling and indentation; as it is, it has no effect"),
            }
        }
        Problem::WrongType(wanted) => {
            let message = format!("{title}: `{path}` wants {wanted}, not {}", shown(tree, fault.node));
            with_quotes(tree, fault.node, wanted, Diagnostic::error(ids::WRONG_TYPE, message).at(Some(value)))
        }
        Problem::OutOfRange(size) => {
            let message = format!("{title}: `{path}` wants an integer of {size}, and {} does not fit", shown(tree, fault.node));
            Diagnostic::error(ids::WRONG_TYPE, message).at(Some(value)).help("write a smaller number")
        }
        Problem::BadForm(wanted, words) => {
            let message = format!("{title}: `{path}` is not {wanted}: {}", shown(tree, fault.node));
            let diagnostic = Diagnostic::error(ids::BAD_VALUE, message)
                .at(Some(value))
                .note(None, format!("Kubernetes says: {}", visible_short(words, 160)));
            match quantity_help(tree.text(fault.node)).filter(|_| wanted.contains("quantity")) {
                Some(help) => diagnostic.help(help),
                None if wanted.contains("base64") => {
                    diagnostic.help("encode the value (`base64`), or move the key to `stringData`, which takes plain text")
                }
                None => diagnostic.help(format!("write {wanted}")),
            }
        }
    }
}

/// Adds what quotes, or their absence, would mend.
fn with_quotes(tree: &Tree, node: NodeId, wanted: &str, diagnostic: Diagnostic) -> Diagnostic {
    let at = tree.span(node);
    if tree.kind(node) != NodeKind::Scalar {
        return match wanted {
            "a list" => diagnostic.help("begin each item with `- `"),
            _ => diagnostic.help(format!("write {wanted} here")),
        };
    }
    let text = tree.text(node);
    let plain = super::scalar::resolve_plain(text);
    match wanted {
        "a text" if !text.is_empty() => {
            let quoted = format!("\"{text}\"");
            let diagnostic = match (tree.scalar(node), text) {
                (Scalar::Bool(_), "true" | "false") => diagnostic,
                (Scalar::Bool(b), _) => {
                    diagnostic.note(None, format!("unquoted, `{}` is the boolean {b} in Kubernetes' YAML", visible(text)))
                }
                _ => diagnostic,
            };
            diagnostic.help(format!("put it in quotes: {}", visible(&quoted))).fix(at, quoted, "put it in quotes")
        }
        "an integer" | "a number" if tree.is_string_style(node) && plain.as_integer().is_some() => {
            diagnostic.help(format!("remove the quotes: {}", visible(text))).fix(at, text, "remove the quotes")
        }
        "true or false" if tree.is_string_style(node) && matches!(plain, Scalar::Bool(_)) => {
            diagnostic.help(format!("remove the quotes: {}", visible(text))).fix(at, text, "remove the quotes")
        }
        _ if text.starts_with("${") || text.starts_with("$(") => {
            diagnostic.help("this looks like a placeholder: fill it in first (for example with `envsubst`)")
        }
        _ => diagnostic.help(format!("write {wanted} here")),
    }
}

/// What was probably meant by a quantity that is none.
fn quantity_help(text: &str) -> Option<String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit()).trim();
    let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim();
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let meant = match suffix.to_ascii_lowercase().as_str() {
        "mb" | "mib" | "mi" => format!("{digits}Mi"),
        "gb" | "gib" | "gi" => format!("{digits}Gi"),
        "kb" | "kib" | "ki" => format!("{digits}Ki"),
        "tb" | "tib" | "ti" => format!("{digits}Ti"),
        "g" => format!("{digits}G"),
        "m" => format!("{digits}m"),
        "k" => format!("{digits}k"),
        _ => return Some("suffixes are m, k, M, G, T, P, E and Ki, Mi, Gi, Ti, Pi, Ei, without a blank before them".to_owned()),
    };
    Some(format!("did you mean {meant}?"))
}

/// A value in short, for messages.
fn shown(tree: &Tree, node: NodeId) -> String {
    match tree.kind(node) {
        NodeKind::Map => "a map".to_owned(),
        NodeKind::Seq => "a list".to_owned(),
        NodeKind::Scalar => match tree.scalar(node) {
            Scalar::Str(text) => format!("the text \"{}\"", visible_short(text, 40)),
            Scalar::Null => "null".to_owned(),
            Scalar::Bool(_) => format!("the boolean {}", visible_short(tree.text(node), 40)),
            Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_) => format!("the number {}", visible_short(tree.text(node), 40)),
        },
    }
}

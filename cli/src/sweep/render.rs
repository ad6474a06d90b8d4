//! The result of a sweep for people, pull requests and programs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use wavetank_core::scenario::sweep::Row;
use wavetank_core::units::time::format_span;

use super::Swept;
use crate::context::{Context, shown};

/// The version of a row's form.
const SCHEMA_VERSION: u32 = 1;

fn what(row: &Row) -> String {
    let steps = row.steps.join(", ");
    // Replicates differ by their seed alone.
    shown(steps)
}

fn why(row: &Row) -> String {
    let Some(first) = row.harm.reasons.first() else { return "no harm".to_owned() };
    match row.harm.reasons.len() - 1 {
        0 => shown(&first.text),
        more => format!("{} (and {more} more)", shown(&first.text)),
    }
}

fn harmful(swept: &Swept) -> usize {
    swept.rows.iter().filter(|row| row.harm.score > 0).count()
}

fn summary(swept: &Swept) -> String {
    let (all, bad) = (swept.rows.len(), harmful(swept));
    let runs = if all == 1 { "1 what-if".to_owned() } else { format!("{all} what-ifs") };
    match bad {
        0 => format!("{runs}: none does harm"),
        bad if bad == all => format!("{runs}: each does harm"),
        bad => format!("{runs}: {bad} do harm, {} do not", all - bad),
    }
}

/// The worst rows, then how many there were.
pub(super) fn table(swept: &Swept, top: usize, context: Option<&Context>) -> String {
    let (bold, dim, plain) = match context {
        Some(context) if context.color => ("\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"),
        _ => ("", "", ""),
    };
    let shown_rows: Vec<&Row> = swept.ranking.iter().map(|&i| &swept.rows[i]).filter(|row| row.harm.score > 0).take(top).collect();
    let many_seeds = swept.rows.iter().any(|row| row.seed != swept.rows[0].seed);
    let names: Vec<String> =
        shown_rows.iter().map(|row| if many_seeds { format!("{} (seed {})", what(row), row.seed) } else { what(row) }).collect();
    let wide = names.iter().map(|name| name.chars().count()).chain([7]).max().unwrap_or(7);
    let mut out = String::new();
    if !shown_rows.is_empty() {
        let _ = writeln!(out, "{bold}{:>9}  {:<wide$}  {:>9}  why{plain}", "harm", "what if", "recovered");
    }
    for (row, name) in shown_rows.iter().zip(&names) {
        let back = row.measures.recovered_ms.map_or_else(|| "-".to_owned(), format_span);
        let _ = writeln!(out, "{:>9}  {name:<wide$}  {back:>9}  {}", row.harm.score, why(row));
    }
    let left = harmful(swept) - shown_rows.len();
    if left > 0 {
        let _ = writeln!(out, "{:>9}  and {left} more that do harm (--top {})", "", harmful(swept));
    }
    let _ = writeln!(out, "{}{}", if shown_rows.is_empty() { "" } else { "\n" }, summary(swept));
    if let Some(&worst) = swept.ranking.first().filter(|&&worst| swept.rows[worst].harm.score > 0) {
        let _ = writeln!(out, "{dim}the worst again:{plain} {}", shown(&swept.commands[worst]));
    }
    out
}

/// Every run in order of its number: the canonical form, compared byte for byte.
pub(super) fn jsonl(swept: &Swept) -> String {
    let mut rank = vec![0; swept.rows.len()];
    for (place, &index) in swept.ranking.iter().enumerate() {
        rank[index] = place + 1;
    }
    let mut out = String::new();
    for ((row, command), rank) in swept.rows.iter().zip(&swept.commands).zip(rank) {
        let mut value = serde_json::to_value(row).unwrap_or(Value::Null);
        if let Value::Object(fields) = &mut value {
            fields.insert("schemaVersion".to_owned(), json!(SCHEMA_VERSION));
            fields.insert("rank".to_owned(), json!(rank));
            fields.insert("command".to_owned(), json!(command));
        }
        let _ = writeln!(out, "{value}");
    }
    out
}

/// A table with the worst rows and the command of each.
pub(super) fn markdown(swept: &Swept, top: usize) -> String {
    let mut out = format!("<!-- wavetank sweep -->\n**{}**\n\n", summary(swept));
    if harmful(swept) == 0 {
        return out;
    }
    out.push_str("| harm | what if | recovered | why | again |\n|---:|---|---:|---|---|\n");
    for &index in swept.ranking.iter().take(top) {
        let row = &swept.rows[index];
        if row.harm.score == 0 {
            break;
        }
        let back = row.measures.recovered_ms.map_or_else(|| "-".to_owned(), format_span);
        let command = shown(&swept.commands[index]).replace('|', "\\|").replace('`', "'");
        let _ = writeln!(out, "| {} | {} | {back} | {} | `{command}` |", row.harm.score, cell(&what(row)), cell(&why(row)));
    }
    let left = harmful(swept).saturating_sub(top);
    if left > 0 {
        let _ = writeln!(out, "\nand {left} more that do harm");
    }
    out
}

fn cell(text: &str) -> String {
    escape(text).replace('|', "&#124;").replace('`', "&#96;").replace('*', "&#42;").replace('_', "&#95;").replace('[', "&#91;")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code{font-size:13px;overflow-wrap:anywhere}ul{margin:0;padding-left:1.1rem}\
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e6e6}}";

/// One file that needs nothing else.
pub(super) fn html(swept: &Swept, top: usize) -> String {
    let mut rows = String::new();
    for &index in swept.ranking.iter().take(top) {
        let row = &swept.rows[index];
        let back = row.measures.recovered_ms.map_or_else(|| "–".to_owned(), format_span);
        let reasons: String = row
            .harm
            .reasons
            .iter()
            .take(12)
            .map(|reason| format!("<li>{} ({})</li>", escape(&shown(&reason.text)), reason.points))
            .collect();
        let _ = writeln!(
            rows,
            "<tr><td class=n>{}</td><td>{}</td><td class=n>{back}</td><td><ul>{reasons}</ul></td><td><code>{}</code></td></tr>",
            row.harm.score,
            escape(&what(row)),
            escape(&shown(&swept.commands[index]))
        );
    }
    format!(
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Wavetank sweep</title><style>{STYLE}</style></head><body><main><h1>Sweep</h1><p>{}</p>\n<table><thead><tr>\
         <th class=n>harm<th>what if<th class=n>recovered<th>why (points)<th>again</tr></thead><tbody>\n{rows}</tbody></table></main></body></html>\n",
        escape(&summary(swept))
    )
}

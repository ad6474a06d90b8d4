//! Answers about capacity: for a terminal, and as Markdown.

use std::fmt::Write as _;

use super::super::amounts::{counted, listed};
use super::super::capacity::{Capacity, PoolAnswer, Room};
use super::escape::markdown as escaped;
use super::style::{Align, Style, Terminal, table};

fn count(room: &Room) -> String {
    if room.at_least { format!("{} or more", room.fits) } else { room.fits.to_string() }
}

/// What stops the next one.
fn limit(room: &Room) -> String {
    let mut limit = if room.meaning.is_empty() { room.message.clone() } else { room.meaning.clone() };
    if !room.remark.is_empty() {
        limit = if limit.is_empty() { room.remark.clone() } else { format!("{limit}; {}", room.remark) };
    }
    limit
}

fn zones(room: &Room) -> String {
    let named = room.zones.iter().filter(|(zone, _)| !zone.is_empty());
    named.map(|(zone, count)| format!("{zone} {count}")).collect::<Vec<_>>().join(", ")
}

/// `2 m5.large and 1 c5.large in each of zone-a, zone-b: 6 nodes, price 1.2`.
fn pool(answer: &PoolAnswer) -> String {
    if answer.pool.is_empty() {
        return counted(answer.nodes, "node");
    }
    let parts: Vec<String> = answer.pool.iter().map(|part| format!("{} {} ({})", part.in_each_zone, part.name, part.shape)).collect();
    let named: Vec<&str> = answer.zones.iter().map(String::as_str).filter(|zone| !zone.is_empty()).collect();
    let place = match named.as_slice() {
        [] => String::new(),
        [one] => format!(" in {one}"),
        several => format!(" in each of {}", listed(several, 8)),
    };
    let price = answer.price.as_ref().map_or(String::new(), |price| format!(", price {price}"));
    format!("{}{place}: {}{price}", parts.join(" and "), counted(answer.nodes, "node"))
}

/// How sure the answer is.
fn proof(answer: &PoolAnswer) -> String {
    let tried = format!("{} simulated", counted(answer.tried, "pool"));
    if answer.cut { format!("{tried}; the search was cut short, a smaller or cheaper pool may hold") } else { tried }
}

fn tied(answer: &PoolAnswer) -> Option<String> {
    let names = &answer.tied;
    (!names.is_empty()).then(|| format!("volumes tie {} to their zone: no pool moves them", listed(names, 5)))
}

/// For a terminal.
pub fn text(capacity: &Capacity, terminal: &Terminal) -> String {
    let mut out = String::new();
    if !capacity.room.is_empty() {
        let title = format!("how many more fit into {} beside {}", counted(capacity.nodes, "node"), counted(capacity.pods, "pod"));
        out.push_str(terminal.heading(&title).trim_start());
        let mut rows: Vec<Vec<String>> = vec![["", "more", "where", "then"].iter().map(|head| terminal.paint(Style::Dim, head)).collect()];
        for room in &capacity.room {
            let style = if room.fits == 0 { Style::Red } else { Style::Green };
            rows.push(vec![
                terminal.paint(Style::Plain, &room.subject),
                terminal.paint(style, &count(room)),
                terminal.paint(Style::Plain, &zones(room)),
                terminal.paint(Style::Dim, &limit(room)),
            ]);
        }
        out.push_str(&table(&rows, &[Align::Left, Align::Right, Align::Left, Align::Left], ""));
    }
    if !capacity.pools.is_empty() {
        out.push_str(&terminal.heading("what holds everything with a zone lost"));
        for answer in &capacity.pools {
            let (style, sign) =
                if answer.holds { (Style::Green, terminal.sign("✓", "+")) } else { (Style::Red, terminal.sign("✗", "x")) };
            let lead = format!("{} ", terminal.paint(style, sign));
            out.push_str(&terminal.wrapped(&lead, "  ", Style::Bold, &format!("{}: {}", answer.subject, pool(answer))));
            out.push_str(&terminal.wrapped("  ", "  ", Style::Plain, &answer.verdict));
            if let Some(tied) = tied(answer) {
                out.push_str(&terminal.wrapped("  ", "  ", Style::Yellow, &tied));
            }
            if !answer.pool.is_empty() {
                out.push_str(&terminal.wrapped("  ", "  ", Style::Dim, &proof(answer)));
            }
        }
    }
    out
}

/// As Markdown.
pub fn markdown(capacity: &Capacity) -> String {
    let mut out = "## Wavetank: capacity\n\n".to_owned();
    if !capacity.room.is_empty() {
        let _ = writeln!(out, "{}, {}\n", counted(capacity.nodes, "node"), counted(capacity.pods, "pod"));
        out.push_str("| | more fit | where | then |\n|---|--:|---|---|\n");
        for room in &capacity.room {
            let _ =
                writeln!(out, "| {} | {} | {} | {} |", escaped(&room.subject), count(room), escaped(&zones(room)), escaped(&limit(room)));
        }
        out.push('\n');
    }
    for answer in &capacity.pools {
        let sign = if answer.holds { "✅" } else { "❌" };
        let _ = writeln!(out, "- {sign} **{}**: {}  \n  {}", escaped(&answer.subject), escaped(&pool(answer)), escaped(&answer.verdict));
        if let Some(tied) = tied(answer) {
            let _ = writeln!(out, "  ({})", escaped(&tied));
        }
        if !answer.pool.is_empty() {
            let _ = writeln!(out, "  <sub>{}</sub>", proof(answer));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::capacity::PoolPart;
    use super::*;

    #[test]
    fn answers_say_what_was_simulated_and_what_was_not() {
        let room = Room {
            subject: "deployment/web".to_owned(),
            fits: 6,
            at_least: false,
            zones: vec![("a".to_owned(), 4), ("b".to_owned(), 2)],
            message: "0/3 nodes are available: 3 Insufficient cpu.".to_owned(),
            meaning: "3 nodes have too little cpu free".to_owned(),
            remark: String::new(),
        };
        let answer = PoolAnswer {
            subject: "the cheapest pool of these types".to_owned(),
            pool: vec![PoolPart { name: "m".to_owned(), shape: "cpu=4,memory=16Gi,pods=110".to_owned(), in_each_zone: 2 }],
            zones: vec!["a".to_owned(), "b".to_owned()],
            nodes: 4,
            price: Some("1.2".to_owned()),
            holds: true,
            verdict: "holds everything with any one zone lost".to_owned(),
            tied: vec!["statefulset/db".to_owned()],
            tried: 3,
            cut: true,
        };
        let capacity = Capacity { schema_version: 1, nodes: 3, pods: 9, room: vec![room], pools: vec![answer] };
        let told = text(&capacity, &Terminal::PLAIN);
        for part in [
            "deployment/web",
            "a 4, b 2",
            "2 m (cpu=4,memory=16Gi,pods=110) in each of a",
            "price 1.2",
            "the search was cut short",
            "volumes tie",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let told = markdown(&capacity);
        assert!(told.contains("| deployment/web | 6 |") && told.contains("✅"), "{told}");
    }
}

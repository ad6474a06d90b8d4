//! The report for a terminal: the verdict first, then who suffered, what happened, why, and what would help.

use super::super::amounts::{bytes, counted, cpu, listed};
use super::super::model::*;
use super::super::span;
use super::chart;
use super::style::{Align, Style, Terminal, columns, table};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict and who suffered.
    Concise,
    /// The story.
    Story,
    /// Everything: all assumptions, nodes, entries, untouched workloads.
    Full,
}

/// How many rows of a list a story shows.
const ROWS: usize = 12;
/// How many entries of the timeline a story shows.
const ENTRIES: usize = 40;
/// How many lines of a proposal a story shows.
const LINES: usize = 3;
/// How many losses and proposals a story shows.
const STORIES: usize = 6;

/// The report as text with line breaks.
pub fn render(report: &Report, terminal: &Terminal, detail: Detail) -> String {
    let view = View { report, t: terminal, detail };
    let mut out = String::new();
    if detail > Detail::Concise {
        view.read(&mut out);
        view.cluster(&mut out);
    }
    view.verdict(&mut out);
    view.expectations(&mut out);
    view.workloads(&mut out);
    if detail > Detail::Concise {
        view.unplaced(&mut out);
        view.timeline(&mut out);
        view.losses(&mut out);
        view.cost(&mut out);
        view.proposals(&mut out);
        view.ties(&mut out);
        view.seeds(&mut out);
    }
    out
}

struct View<'a> {
    report: &'a Report,
    t: &'a Terminal,
    detail: Detail,
}

impl View<'_> {
    fn full(&self) -> bool {
        self.detail == Detail::Full
    }

    fn label(&self, out: &mut String, label: &str, text: &str) {
        let lead = format!("{}{}", self.t.paint(Style::Dim, label), " ".repeat(10usize.saturating_sub(columns(label))));
        out.push_str(&self.t.wrapped(&lead, &" ".repeat(10), Style::Plain, text));
    }

    fn read(&self, out: &mut String) {
        let read = &self.report.read;
        let list = |kinds: &[KindCount]| {
            listed(&kinds.iter().map(|k| format!("{} {}", k.count, k.kind)).collect::<Vec<_>>(), if self.full() { 100 } else { 7 })
        };
        let sum = |kinds: &[KindCount]| kinds.iter().map(|k| k.count).sum::<usize>();
        if read.files > 0 {
            let mut text = format!("{} from {}", counted(sum(&read.simulated), "object"), counted(read.files, "file"));
            if !read.simulated.is_empty() {
                text.push_str(&format!(": {}", list(&read.simulated)));
            }
            self.label(out, "read", &text);
        }
        if !read.not_simulated.is_empty() {
            self.label(out, "", &format!("known, and not simulated: {}", list(&read.not_simulated)));
        }
        if !read.custom.is_empty() {
            self.label(out, "", &format!("custom kinds, kept and not simulated: {}", list(&read.custom)));
        }
        if read.rejected > 0 {
            self.label(out, "", &format!("{} could not be read: see the diagnostics", counted(read.rejected, "document")));
        }
    }

    fn cluster(&self, out: &mut String) {
        let placement = &self.report.placement;
        let zones: Vec<String> = placement
            .zones
            .iter()
            .map(|zone| match zone.name.as_str() {
                "" => format!("no zone ({})", counted(zone.nodes.len(), "node")),
                name => format!("{name} ({})", counted(zone.nodes.len(), "node")),
            })
            .collect();
        let place = if zones.is_empty() { String::new() } else { format!(" in {}", listed(&zones, 6)) };
        let nodes = counted(self.report.totals.nodes, "node");
        let mut text = format!("{nodes}{place}; {} placed", counted(placement.pods_placed, "pod"));
        let waiting: usize = placement.unplaced.iter().map(|u| u.count).sum();
        if waiting > 0 {
            text.push_str(&format!(", {waiting} without a node"));
        }
        self.label(out, "cluster", &text);
        let assumptions = &self.report.assumptions;
        let shown = if self.full() { assumptions.len() } else { 3 };
        for (i, a) in assumptions.iter().take(shown).enumerate() {
            let mut text = format!("{}: {} {} ({})", a.subject, a.what, a.value, a.why);
            if self.full() {
                text.push_str(&format!(". To say otherwise: {}", a.change));
            }
            self.label(out, if i == 0 { "assumed" } else { "" }, &text);
        }
        if assumptions.len() > shown {
            self.label(out, "", &format!("and {} more; -o full lists them, and how to say otherwise", assumptions.len() - shown));
        }
        for (i, step) in self.report.steps.iter().enumerate() {
            self.label(out, if i == 0 { "what if" } else { "" }, &super::step_in_words(step));
        }
        if self.full() {
            self.nodes(out);
        }
    }

    fn nodes(&self, out: &mut String) {
        let head = ["zone", "node", "pods", "cpu requested", "", "memory requested", ""].map(|h| self.t.paint(Style::Dim, h)).to_vec();
        let mut rows = vec![head];
        let percent =
            |part: i64, whole: i64| if whole > 0 { format!("{}%", (i128::from(part) * 100) / i128::from(whole)) } else { "-".to_owned() };
        let cells = |load: &Load| {
            [
                format!("{}/{}", load.pods, load.pods_allocatable),
                format!("{} of {}", cpu(load.cpu_milli), cpu(load.cpu_milli_allocatable)),
                percent(load.cpu_milli, load.cpu_milli_allocatable),
                format!("{} of {}", bytes(load.memory), bytes(load.memory_allocatable)),
                percent(load.memory, load.memory_allocatable),
            ]
        };
        for zone in &self.report.placement.zones {
            for (i, node) in zone.nodes.iter().enumerate() {
                let name = if i == 0 { self.t.paint(Style::Cyan, &zone.name) } else { String::new() };
                let mut row = vec![name, self.t.paint(Style::Plain, &node.name)];
                row.extend(cells(&node.load));
                if node.cordoned {
                    row.push(self.t.paint(Style::Yellow, "cordoned"));
                }
                if !node.taints.is_empty() {
                    row.push(self.t.paint(Style::Yellow, &node.taints.join(" ")));
                }
                rows.push(row);
            }
        }
        out.push('\n');
        out.push_str(&table(
            &rows,
            &[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right],
            "  ",
        ));
    }

    fn verdict(&self, out: &mut String) {
        let verdict = &self.report.verdict;
        let (style, sign) = (self.harm_style(verdict.harm), self.harm_sign(verdict.harm));
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&self.t.wrapped(&format!("{} ", self.t.paint(style, sign)), "  ", Style::Bold, &verdict.text));
    }

    fn harm_style(&self, harm: Harm) -> Style {
        match harm {
            Harm::None => Style::Green,
            Harm::Dipped | Harm::ShortBefore => Style::Yellow,
            Harm::Stuck | Harm::Short | Harm::Outage | Harm::Down => Style::Red,
        }
    }

    fn harm_sign(&self, harm: Harm) -> &'static str {
        match harm {
            Harm::None => self.t.sign("✓", "ok"),
            Harm::Dipped | Harm::ShortBefore => self.t.sign("~", "~"),
            Harm::Stuck | Harm::Short | Harm::Outage | Harm::Down => self.t.sign("✗", "x"),
        }
    }

    fn harm_word(&self, w: &WorkloadOutcome) -> String {
        match w.harm {
            Harm::None => "untouched".to_owned(),
            Harm::Dipped => "dipped, back".to_owned(),
            Harm::ShortBefore => "short before".to_owned(),
            Harm::Stuck => "does not finish".to_owned(),
            Harm::Short => "stays short".to_owned(),
            Harm::Outage => "outage, back".to_owned(),
            Harm::Down => "down".to_owned(),
        }
    }

    fn expectations(&self, out: &mut String) {
        if self.report.expectations.is_empty() {
            return;
        }
        out.push_str(&self.t.heading("expectations"));
        for e in &self.report.expectations {
            let (style, sign) = match e.holds {
                Some(true) => (Style::Green, self.t.sign("✓", "ok")),
                Some(false) => (Style::Red, self.t.sign("✗", "x")),
                None => (Style::Yellow, "?"),
            };
            let when = match (e.holds, e.at_ms) {
                (Some(true), Some(at)) => format!(" (since {})", span(at)),
                (Some(false), Some(at)) => format!(" (at {})", span(at)),
                _ => String::new(),
            };
            out.push_str(&self.t.wrapped(&format!("{} ", self.t.paint(style, sign)), "  ", Style::Plain, &format!("{}{when}", e.title)));
            if e.holds != Some(true) {
                let new: Vec<&str> = e.values.iter().map(String::as_str).filter(|value| !e.message.contains(value)).collect();
                let values = if new.is_empty() { String::new() } else { format!(" ({})", new.join(", ")) };
                out.push_str(&self.t.wrapped("    ", "    ", Style::Plain, &format!("{}{values}", e.message)));
            }
            if let (Some(place), false) = (&e.place, e.holds == Some(true)) {
                out.push_str(&format!("    {}\n", self.t.paint(Style::Cyan, &format!("{}:{}", place.file, place.line))));
            }
        }
    }

    fn workloads(&self, out: &mut String) {
        let all = &self.report.workloads;
        if all.is_empty() {
            return;
        }
        let hurt = all.iter().filter(|w| w.harm > Harm::None).count();
        let shown = if self.full() { all.len() } else { all.len().min(hurt.clamp(ROWS.min(all.len()), 2 * ROWS)) };
        out.push_str(&self.t.heading("workloads"));
        let until = chart::horizon(self.report);
        let broken = !self.report.is_at_rest();
        let graph = format!("serving, 0s to {}", span(until / 1_000 * 1_000));
        let mut head = vec!["", "", "wants", "least", "none for", "short for", "back at"];
        if !broken {
            head = vec!["", "", "wants", "serving"];
        }
        let mut rows: Vec<Vec<String>> = vec![head.into_iter().map(|h| self.t.paint(Style::Dim, h)).collect()];
        if broken {
            rows[0].push(self.t.paint(Style::Dim, &graph));
        }
        let has_graph = self.t.width >= 90;
        for w in &all[..shown] {
            rows.push(self.workload_row(w, until, broken, has_graph));
        }
        let align = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right, Align::Left];
        out.push_str(&table(&rows, &align, ""));
        if all.len() > shown {
            let rest = &all[shown..];
            let text = match rest.iter().filter(|w| w.harm > Harm::None).count() {
                0 => format!("  and {} untouched", counted(rest.len(), "workload")),
                n => format!("  and {}, {n} of them hurt; -o full lists them", counted(rest.len(), "more workload")),
            };
            out.push_str(&format!("{}\n", self.t.paint(Style::Dim, &text)));
        }
        self.budgets(out);
    }

    fn workload_row(&self, w: &WorkloadOutcome, until: i64, broken: bool, has_graph: bool) -> Vec<String> {
        let style = self.harm_style(w.harm);
        let mut row = vec![self.t.paint(style, self.harm_sign(w.harm)), self.t.paint(Style::Plain, &w.label)];
        if let Some((wanted, done)) = w.completions {
            row.push(format!("{wanted}"));
            row.push(self.t.paint(if done >= wanted { Style::Green } else { Style::Yellow }, &format!("{done} done")));
            return row;
        }
        let fewest = w.series.iter().map(|p| p.desired).min().unwrap_or(w.desired);
        // A DaemonSet wants no pod on a dead machine; a scaled workload wants what it was scaled to.
        let last = w.desired_at_end();
        let wants = if fewest < w.desired || last != w.desired {
            format!("{}{}{}", w.desired, self.t.sign("→", ">"), if last == w.desired { fewest } else { last })
        } else {
            w.desired.to_string()
        };
        row.push(wants);
        if !broken {
            row.push(self.t.paint(style, &w.serving_after.to_string()));
            return row;
        }
        row.push(self.t.paint(if w.least < w.desired { style } else { Style::Plain }, &w.least.to_string()));
        let time = |ms: i64, style: Style| if ms > 0 { self.t.paint(style, &span(ms)) } else { self.t.paint(Style::Dim, "-") };
        let ever = |ms: i64, style: Style, still: bool| match still {
            true => self.t.paint(style, "to the end"),
            false => time(ms, style),
        };
        row.push(ever(w.none_ms, Style::Red, w.harm == Harm::Down));
        row.push(ever(
            w.short_ms,
            Style::Yellow,
            w.recovered_at_ms.is_none() && matches!(w.harm, Harm::Down | Harm::Short | Harm::ShortBefore),
        ));
        row.push(match (w.recovered_at_ms, w.harm) {
            (Some(at), _) => span(at),
            (None, _) if w.short_ms == 0 => self.t.paint(Style::Dim, "-"),
            (None, _) => self.t.paint(Style::Red, "never"),
        });
        row.push(match has_graph {
            true => self.t.paint(style, &chart::sparkline(w, until, 24, self.t.unicode)),
            false => self.t.paint(style, &self.harm_word(w)),
        });
        row
    }

    fn budgets(&self, out: &mut String) {
        for budget in self.report.budgets.iter().filter(|b| b.below_at_end || b.below_ms > 0 || b.refused > 0) {
            let mut told = Vec::new();
            if budget.below_at_end {
                told.push("below it to the end (a budget stops evictions, not failures)".to_owned());
            } else if budget.below_ms > 0 {
                told.push(format!("below it for {} (a budget stops evictions, not failures)", span(budget.below_ms)));
            }
            if budget.refused > 0 {
                told.push(format!("{} refused", counted(budget.refused, "eviction")));
            }
            let text = format!("budget {} ({}, needs {} of {}): {}", budget.name, budget.rule, budget.needed, budget.pods, told.join("; "));
            out.push_str(&self.t.wrapped("  ", "    ", Style::Yellow, &text));
        }
    }

    fn unplaced(&self, out: &mut String) {
        let unplaced = &self.report.placement.unplaced;
        if unplaced.is_empty() {
            return;
        }
        out.push_str(&self.t.heading("no node found before anything was broken"));
        let shown = if self.full() { unplaced.len() } else { STORIES };
        for u in unplaced.iter().take(shown) {
            let lead = format!("{} ", self.t.paint(Style::Red, self.t.sign("✗", "x")));
            let what = format!("{} of {}: {}", counted(u.count, "pod"), u.workload, u.meaning);
            out.push_str(&self.t.wrapped(&lead, "  ", Style::Plain, &what));
            if !u.message.is_empty() {
                out.push_str(&self.t.wrapped("  ", "  ", Style::Dim, &u.message));
            }
            self.decisions(out, &u.decided_by);
        }
        self.more(out, unplaced.len(), shown, "workload");
    }

    fn more(&self, out: &mut String, all: usize, shown: usize, noun: &str) {
        if all > shown {
            out.push_str(&format!(
                "  {}\n",
                self.t.paint(Style::Dim, &format!("and {}; -o full lists them", counted(all - shown, &format!("more {noun}"))))
            ));
        }
    }

    fn timeline(&self, out: &mut String) {
        let entries: Vec<&Entry> = self.report.timeline.iter().filter(|e| e.key || self.full()).collect();
        if entries.is_empty() {
            return;
        }
        let at_rest = self.report.is_at_rest();
        if at_rest && !self.full() {
            return;
        }
        out.push_str(&self.t.heading(if at_rest { "how it came to rest" } else { "what happened" }));
        let shown = if self.full() { entries.len() } else { ENTRIES };
        let mut last = None;
        for entry in entries.iter().take(shown) {
            let (style, sign) = match entry.kind {
                EntryKind::Step => (Style::Magenta, self.t.sign("▶", ">")),
                EntryKind::Fault => (Style::Red, self.t.sign("✗", "x")),
                EntryKind::Node => (Style::Yellow, self.t.sign("◆", "n")),
                EntryKind::Loss => (Style::Red, self.t.sign("−", "-")),
                EntryKind::Refused => (Style::Yellow, self.t.sign("!", "!")),
                EntryKind::Pod => (Style::Plain, self.t.sign("+", "+")),
                EntryKind::Ready => (Style::Green, self.t.sign("✓", "*")),
                EntryKind::Controller => (Style::Dim, self.t.sign("·", ".")),
            };
            let mut time = span(entry.at_ms);
            if entry.to_ms > entry.at_ms {
                time = format!("{time} to {}", span(entry.to_ms));
            }
            let shown_time = if last.as_ref() == Some(&time) { String::new() } else { time.clone() };
            last = Some(time);
            let pad = " ".repeat(16usize.saturating_sub(columns(&shown_time)));
            let lead = format!("{pad}{}  {} ", self.t.paint(Style::Dim, &shown_time), self.t.paint(style, sign));
            let text_style = if entry.kind == EntryKind::Step { Style::Bold } else { Style::Plain };
            // By its number `explain event/N` finds it.
            let numbered = entry.records.first().filter(|_| self.full()).map(|record| format!("{} #{record}", entry.text));
            out.push_str(&self.t.wrapped(&lead, &" ".repeat(20), text_style, numbered.as_ref().unwrap_or(&entry.text)));
        }
        self.more(out, entries.len(), shown, "entry");
        let end = match self.report.ended {
            RunEnd::Quiet => format!("nothing more happens after {}", span(self.report.last_ms)),
            RunEnd::TimeUp => format!("watching stopped at {}", span(self.report.until_ms)),
            RunEnd::BudgetSpent => format!("stopped at {}: something goes round in circles", span(self.report.last_ms)),
        };
        out.push_str(&format!("{}{}\n", " ".repeat(18), self.t.paint(Style::Dim, &end)));
    }

    fn losses(&self, out: &mut String) {
        let worth = |loss: &&Loss| self.full() || loss.harm > Harm::None;
        let losses: Vec<&Loss> = self.report.losses.iter().filter(worth).collect();
        if losses.is_empty() {
            return;
        }
        out.push_str(&self.t.heading("why"));
        let shown = if self.full() { losses.len() } else { 2 * STORIES };
        let mut told_brief = false;
        let mut ways = std::collections::BTreeSet::new();
        for (i, loss) in losses.iter().take(shown).enumerate() {
            // What went the same way as a loss above is told in a line, and so is what came back without an outage.
            let way =
                loss.text.split_once(' ').map_or(loss.text.as_str(), |(_, way)| way).trim_start_matches("pod ").trim_start_matches("pods ");
            let known = !ways.insert(way);
            let brief = (known || (i > 0 && loss.harm < Harm::Short)) && !self.full();
            if i > 0 && !(brief && told_brief) {
                out.push('\n');
            }
            told_brief = brief;
            let lead = format!("{} ", self.t.paint(self.harm_style(loss.harm), self.harm_sign(loss.harm)));
            if brief {
                let back = self.report.workloads.iter().find(|w| w.label == loss.workload).and_then(|w| w.recovered_at_ms);
                let back = back.map_or(String::new(), |at| format!("; back at {}", span(at)));
                let line = loss.decided_by.first().filter(|_| loss.harm >= Harm::Short).and_then(|d| d.place.as_ref());
                let line = line.map_or(String::new(), |place| format!(" ({}:{})", place.file, place.line));
                out.push_str(&self.t.wrapped(&lead, "    ", Style::Plain, &format!("{}: {}{back}{line}", loss.workload, loss.text)));
                continue;
            }
            out.push_str(&self.t.wrapped(&lead, "  ", Style::Bold, &format!("{}: {}", loss.workload, loss.text)));
            let mut last = None;
            for (depth, link) in loss.chain.iter().enumerate() {
                let time = span(link.at_ms);
                let shown_time = if last.as_ref() == Some(&time) { String::new() } else { time.clone() };
                last = Some(time);
                let pad = " ".repeat(9usize.saturating_sub(columns(&shown_time)));
                let arrow = if depth == 0 { " " } else { self.t.sign("↳", ">") };
                let lead = format!("{pad}{} {} ", self.t.paint(Style::Dim, &shown_time), self.t.paint(Style::Dim, arrow));
                out.push_str(&self.t.wrapped(&lead, &" ".repeat(12), Style::Plain, &link.text));
            }
            self.decisions(out, &loss.decided_by);
        }
        self.more(out, losses.len(), shown, "loss");
    }

    fn decisions(&self, out: &mut String, decisions: &[Decision]) {
        for decision in decisions {
            match &decision.place {
                Some(place) => {
                    let lead = format!("  {} ", self.t.paint(Style::Cyan, &format!("{}:{}", place.file, place.line)));
                    // A key alone says nothing that the decision does not say.
                    if place.text.ends_with(':') {
                        out.push_str(&self.t.wrapped(&lead, "      ", Style::Yellow, &decision.text));
                        continue;
                    }
                    out.push_str(&self.t.wrapped(&lead, "      ", Style::Plain, &place.text));
                    out.push_str(&self.t.wrapped("      ", "      ", Style::Yellow, &decision.text));
                }
                None => out.push_str(&self.t.wrapped("  ", "      ", Style::Yellow, &decision.text)),
            }
        }
    }

    fn cost(&self, out: &mut String) {
        let lines = super::cost::lines(self.report);
        if !lines.is_empty() {
            out.push_str(&self.t.heading("what it cost"));
            let lead = format!("{} ", self.t.paint(Style::Dim, self.t.sign("·", "-")));
            lines.iter().for_each(|line| out.push_str(&self.t.wrapped(&lead, "  ", Style::Plain, line)));
        }
    }

    fn proposals(&self, out: &mut String) {
        let proposals = &self.report.proposals;
        if proposals.is_empty() {
            return;
        }
        out.push_str(&self.t.heading("what would help"));
        let shown = if self.full() { proposals.len() } else { STORIES };
        for (i, p) in proposals.iter().take(shown).enumerate() {
            let lead = format!("{}. ", i + 1);
            let rest = " ".repeat(columns(&lead));
            out.push_str(&self.t.wrapped(&lead, &rest, Style::Bold, &p.title));
            out.push_str(&self.t.wrapped(&rest, &rest, Style::Plain, &p.why));
            if !p.places.is_empty() {
                let shown = if self.full() { p.places.len() } else { LINES };
                let at: Vec<String> = p.places.iter().take(shown).map(|place| format!("{}:{}", place.file, place.line)).collect();
                let more = if p.places.len() > shown { "  …" } else { "" };
                out.push_str(&self.t.wrapped(&rest, &rest, Style::Cyan, &format!("{}{more}", at.join("  "))));
            }
            for line in p.snippet.lines() {
                out.push_str(&format!("{rest}  {}\n", self.t.paint(Style::Green, line)));
            }
            let (style, sign) = match p.verified {
                Verified::NotRun => (Style::Dim, "?"),
                Verified::Holds => (Style::Green, self.t.sign("✓", "+")),
                Verified::Partly => (Style::Yellow, self.t.sign("◐", "~")),
                Verified::Fails => (Style::Red, self.t.sign("✗", "x")),
            };
            if !p.outcome.is_empty() {
                let lead = format!("{rest}{} ", self.t.paint(style, sign));
                out.push_str(&self.t.wrapped(&lead, &format!("{rest}  "), style, &p.outcome));
            }
        }
        if proposals.iter().all(|p| p.outcome.is_empty()) {
            let text = "These follow from the rules; the run was not repeated with them.";
            out.push_str(&self.t.wrapped("", "", Style::Dim, text));
        }
        self.more(out, proposals.len(), shown, "proposal");
    }

    fn seeds(&self, out: &mut String) {
        let Some(seeds) = &self.report.seeds else { return };
        out.push_str(&self.t.heading("what hangs on the order"));
        out.push_str(&self.t.wrapped("", "", Style::Plain, &seeds.summary()));
        for subject in &seeds.subjects {
            let (style, sign) = if subject.certain { (Style::Dim, ("●", "-")) } else { (Style::Yellow, ("◆", "!")) };
            let lead = format!("{} ", self.t.paint(style, self.t.sign(sign.0, sign.1)));
            out.push_str(&self.t.wrapped(&lead, "  ", Style::Plain, &subject.in_words(seeds.seeds)));
        }
    }

    fn ties(&self, out: &mut String) {
        let Some(ties) = &self.report.ties else { return };
        out.push_str(&self.t.heading("what hangs on ties"));
        out.push_str(&self.t.wrapped("", "", Style::Plain, &super::ties_in_words(ties)));
        for change in &ties.changes {
            let lead = format!("{} ", self.t.paint(Style::Yellow, self.t.sign("◆", "!")));
            out.push_str(&self.t.wrapped(&lead, "  ", Style::Plain, &super::tie_in_words(change)));
        }
    }
}

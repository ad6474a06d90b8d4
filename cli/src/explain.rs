//! `wavetank explain`: why. Of a pod: its life, and every node with the plugin that refuses it; of an event: what led to it and what
//! followed; of a diagnostic's id: what it means.

use std::path::PathBuf;

use wavetank_core::report::render::explained::{self as explained_as, Parts};
use wavetank_core::report::render::style::Terminal;
use wavetank_core::report::render::why as render;
use wavetank_core::report::{Index, Told, matrix, verb_in_words, why};
use wavetank_core::scenario::{Scenario, names};
use wavetank_core::session::{Run, Session};
use wavetank_core::trace::RecordId;
use wavetank_core::units::text::nearest;
use wavetank_core::units::time::{Time, format_span};

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_manifest};
use crate::output::{Output, chosen, write_all};
use crate::steps::{StepArgs, check_names, parse_span};

/// Explain a pod, an event or a diagnostic: why is it so?
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `pod/NAME`, a workload such as `deploy/web`, a diagnostic such as `WT1001`, or an event: `event/NUMBER`, or its time and words of it as
    /// `run` prints them, such as `'event/6m3s web'`
    #[arg(value_name = "WHAT")]
    what: String,
    /// Manifests: files, directories, `-` for stdin; none for a diagnostic
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    steps: StepArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The moment to explain; without it, the end of the run
    #[arg(long, value_name = "SPAN")]
    at: Option<String>,
    /// The same as `-o json`
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Of a pod: text, json, markdown or html; with `=FILE` into a file. Several at once. Of an event: text or json
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Vec<Output<Format>>,
}

/// A form of the explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// Data.
    Json,
    /// For a pull request.
    Markdown,
    /// One file.
    Html,
}

impl Args {
    fn outputs(&self) -> Result<Vec<Output<Format>>, CliError> {
        chosen(&self.output, if self.json { Format::Json } else { Format::Text })
    }
}

/// Explains.
///
/// # Errors
/// Nothing of that name, and input that cannot be read.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let terminal = context.terminal(true);
    if is_diagnostic(&args.what) {
        let info = why::diagnostic(&args.what).ok_or_else(|| {
            let ids: Vec<&str> = why::diagnostics().map(|info| info.id.0).collect();
            let error = CliError::new(format!("there is no diagnostic {}", args.what));
            match nearest(&args.what, ids) {
                Some(near) => error.help(format!("did you mean {near}?")),
                None => error,
            }
        })?;
        context.print(&render::diagnostic(info, &terminal))?;
        return Ok(Exit::Holds);
    }
    let (what, paths) = subject(args)?;
    let manifest = read_manifest(&InputArgs::of(paths), context)?;
    let busy = context.spinner("letting the cluster settle");
    let session = Session::of(manifest, &args.cluster.options());
    let mut scenario = Scenario::of_steps("flags", args.steps.steps()?);
    check_names(session.cluster(), &scenario.steps)?;
    let whole = session.run(&scenario);
    busy.finish_and_clear();
    let at = args.at.as_deref().map(parse_span).transpose()?.map(|span| Time::ZERO + span);
    if let Some(given) = what.strip_prefix("event/") {
        let id = event(given, &session, &whole, context)?;
        return explain_record(id, &whole, args, context, &terminal);
    }
    // The state at a moment is the end of a run that stops there.
    let run = match at {
        Some(at) if at < whole.outcome().end => {
            scenario.until = Some(at);
            session.run(&scenario)
        }
        _ => whole,
    };
    explain_pod(&what, &session, &scenario, &run, args, context, &terminal)
}

/// The record that is meant by a number, or by the time and words of an entry of the timeline.
fn event(given: &str, session: &Session, run: &Run, context: &Context) -> Result<RecordId, CliError> {
    let given = given.trim();
    if let Ok(number) = given.trim_start_matches('#').parse() {
        return Ok(RecordId(number));
    }
    let (time, words) = given.split_once(char::is_whitespace).unwrap_or((given, ""));
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let report = run.report(session);
    let entries = report.timeline.iter().filter(|entry| format_span(entry.at_ms) == time && !entry.records.is_empty());
    let means = |text: &str| words.iter().all(|word| text.to_lowercase().contains(word.as_str()));
    let mut found = entries.clone().filter(|entry| means(&entry.text));
    let Some(first) = found.next() else {
        let there: Vec<&str> = entries.map(|entry| entry.text.as_str()).take(4).collect();
        let error =
            CliError::new(format!("no event at {time} says {}", if words.is_empty() { "anything".to_owned() } else { words.join(" ") }));
        return Err(match there.is_empty() {
            true => error.help("an event is named by its number, or by its time as `wavetank run` prints it: 'event/6m3s web'"),
            false => error.help(format!("at {time}: {}", there.join("; "))),
        });
    };
    let others = found.count();
    if others > 0 {
        context.note(&format!("{others} more at {time}; more words choose between them"));
    }
    Ok(RecordId(first.records[0]))
}

fn is_diagnostic(what: &str) -> bool {
    what.len() > 2 && what[..2].eq_ignore_ascii_case("wt") && what.bytes().skip(2).all(|b| b.is_ascii_digit())
}

/// `pod web-0 PATH` is `pod/web-0 PATH`.
fn subject(args: &Args) -> Result<(String, Vec<PathBuf>), CliError> {
    let (mut what, mut paths) = (args.what.clone(), args.paths.clone());
    if !what.contains('/') && paths.len() > 1 {
        what = format!("{what}/{}", paths.remove(0).display());
    }
    if paths.is_empty() {
        return Err(CliError::new("no manifests given").help(format!("wavetank explain {} PATH", crate::input::quoted(&what))));
    }
    Ok((what, paths))
}

fn explain_record(id: RecordId, run: &Run, args: &Args, context: &Context, terminal: &Terminal) -> Result<Exit, CliError> {
    let labels: Vec<String> = run.outcome().steps.iter().map(|step| verb_in_words(run.end(), &step.verb)).collect();
    let told = Told { cluster: run.end(), trace: run.trace(), steps: &labels };
    let story = why::record(&told, id).ok_or_else(|| {
        CliError::new(format!("there is no event {}", id.0))
            .help(format!("events of this run have the numbers below {}", run.trace().len()))
    })?;
    write_all(&args.outputs()?, context, |format, _| match format {
        Format::Json => json(&story),
        Format::Text | Format::Markdown | Format::Html => render::record(&story, terminal),
    })?;
    Ok(Exit::Holds)
}

fn json(story: &impl serde::Serialize) -> String {
    format!("{}\n", serde_json::to_string_pretty(story).unwrap_or_default())
}

fn explain_pod(
    what: &str,
    session: &Session,
    scenario: &Scenario,
    run: &Run,
    args: &Args,
    context: &Context,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let labels: Vec<String> = run.outcome().steps.iter().map(|step| verb_in_words(run.end(), &step.verb)).collect();
    let cluster = run.end();
    let now = run.outcome().end;
    let late = Told { cluster, trace: run.trace(), steps: &labels };
    let early = Told { cluster, trace: session.settle_trace(), steps: &[] };
    let of_name = why::pods_named(&late, what);
    // Of several pods of one name the last is meant; of a workload's, one that waits if there is one.
    let pod = of_name.last().copied().or_else(|| {
        let workload = names::workload(cluster, what).ok()?;
        let pods = || cluster.live_pods().filter(move |&(id, _)| cluster.workload_of(id) == workload);
        pods()
            .find(|(_, pod)| pod.is_unscheduled())
            .or_else(|| pods().find(|(_, pod)| !pod.ready))
            .or_else(|| pods().next())
            .map(|(id, _)| id)
    });
    let Some(pod) = pod else {
        let known: Vec<String> = cluster.live_pods().map(|(id, _)| late.pod(id)).collect();
        let wanted = what.strip_prefix("pod/").unwrap_or(what);
        let near = nearest(wanted, known.iter().map(String::as_str)).or(known.first().map(String::as_str));
        let error = CliError::new(format!("there is no {what}"));
        return Err(match near {
            Some(near) => error.help(format!("there is pod/{near}, for one; `wavetank run` lists workloads")),
            None => error.help("there are no pods at all"),
        });
    };
    let index = |told: &Told<'_>| Index::new(told.trace, cluster.pods.len());
    let story = why::pod(&[early, late], &[index(&early), index(&late)], pod, now);
    // As the scheduler saw it when it decided; for a pod that it never decided about, as things stand.
    let matrix = run.decision(session, scenario, pod, now).map(|decision| decision.matrix).or_else(|| {
        let configuration = session.manifest().documents.iter().find(|d| d.kind == "KubeSchedulerConfiguration").map(|d| d.value());
        matrix(cluster, configuration.as_ref(), pod, now)
    });
    let explained = session.explain(scenario, pod, Some(now));
    let data = json(&serde_json::json!({
        "schemaVersion": wavetank_core::report::SCHEMA_VERSION,
        "pod": story,
        "matrix": matrix,
        "explained": explained,
    }));
    let parts = Parts { story: &story, matrix: matrix.as_ref(), explained: explained.as_ref() };
    write_all(&args.outputs()?, context, |format, on_stdout| {
        let plain = Terminal::PLAIN;
        let terminal = if on_stdout { terminal } else { &plain };
        match format {
            Format::Text => {
                let ways = explained.as_ref().map_or_else(String::new, |explained| explained_as::text(explained, terminal));
                format!("{}{ways}", render::pod(&story, matrix.as_ref(), terminal))
            }
            Format::Json => data.clone(),
            Format::Markdown => explained_as::markdown(&parts),
            Format::Html => explained_as::html(&parts, &data),
        }
    })?;
    Ok(Exit::Holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_diagnostics_are_told_from_names() {
        assert!(is_diagnostic("WT1001") && is_diagnostic("wt1001"));
        assert!(!is_diagnostic("wt") && !is_diagnostic("pod/wt1") && !is_diagnostic("é"));
    }
}

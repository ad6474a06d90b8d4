//! `wavetank capacity`: how many more pods fit, which pool holds everything with a zone lost, and which is the cheapest.

use std::path::PathBuf;

use wavetank_core::report::render::capacity as render;
use wavetank_core::report::{Capacity, SCHEMA_VERSION};
use wavetank_core::scenario::names;
use wavetank_core::session::{NodeType, PodRequests, RoomFor, Session};

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_manifest};
use crate::output::{Output, chosen, pretty, write_all};

/// See how many more pods fit, and which nodes hold everything with a zone lost; every answer is simulated
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Only this workload, such as `deploy/web`
    #[arg(long, value_name = "WORKLOAD")]
    workload: Vec<String>,
    /// How many pods fit that ask for so much: `cpu=500m,memory=1Gi`
    #[arg(long, value_name = "REQUESTS", value_parser = PodRequests::parse)]
    pod: Vec<PodRequests>,
    /// A machine type for the pools: `m5.large:cpu=2,memory=8Gi,price=0.096`; without any, those that are there
    #[arg(long = "type", value_name = "TYPE", value_parser = NodeType::parse)]
    types: Vec<NodeType>,
    /// A file of machine types, one in each line: `m5.large cpu=2,memory=8Gi,price=0.096`
    #[arg(long = "types", value_name = "FILE")]
    types_file: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// text, json or markdown; with `=FILE` into a file. Several at once
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    output: Vec<Output<Format>>,
}

/// A form of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// Data.
    Json,
    /// For a pull request.
    Markdown,
}

/// How many workloads are asked about where none is named.
const MOST_WORKLOADS: usize = 40;

/// Answers.
///
/// # Errors
/// Input that cannot be read, and names that are not there.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Text)?;
    let mut types = args.types.clone();
    if let Some(file) = &args.types_file {
        let text = std::fs::read_to_string(file).map_err(|error| CliError::new(format!("{}: {error}", file.display())))?;
        types.extend(NodeType::parse_all(&text).map_err(|error| CliError::new(format!("{}: {error}", file.display())))?);
    }
    let manifest = read_manifest(&args.input, context)?;
    let busy = context.spinner("letting the cluster settle");
    let session = Session::of(manifest, &args.cluster.options());
    let capacity = answers(args, &session, types, context)?;
    busy.finish_and_clear();
    write_all(&outputs, context, |format, on_stdout| {
        let terminal = context.terminal(on_stdout);
        match format {
            Format::Text => render::text(&capacity, &terminal),
            Format::Json => pretty(&capacity),
            Format::Markdown => render::markdown(&capacity),
        }
    })?;
    Ok(if capacity.pods == 0 && args.pod.is_empty() { Exit::Nothing } else { Exit::Holds })
}

fn answers(args: &Args, session: &Session, types: Vec<NodeType>, context: &Context) -> Result<Capacity, CliError> {
    let cluster = session.cluster();
    let mut asked: Vec<RoomFor> = Vec::new();
    for name in &args.workload {
        let found = names::workload(cluster, name).map_err(|unknown| {
            let error = CliError::new(unknown.to_string());
            match &unknown.near {
                Some(near) => error.help(format!("did you mean {near}?")),
                None => error,
            }
        })?;
        asked.push(RoomFor::Workload(found));
    }
    asked.extend(args.pod.iter().cloned().map(RoomFor::Pod));
    if asked.is_empty() {
        let all = names::workloads(cluster);
        if all.len() > MOST_WORKLOADS {
            context.note(&format!("{} more workloads are not asked about; name one with --workload", all.len() - MOST_WORKLOADS));
        }
        asked.extend(all.into_iter().take(MOST_WORKLOADS).map(RoomFor::Workload));
    }
    let zones = session.zones();
    let mut pools = vec![session.survives()];
    let priced = types.iter().any(|of| of.price.is_some());
    let unpriced: Vec<NodeType> =
        if types.is_empty() { session.node_types() } else { types.iter().filter(|of| of.price.is_none()).cloned().collect() };
    pools.extend(unpriced.iter().map(|of| session.smallest_pool(of, &zones)));
    if priced {
        pools.extend(session.cheapest_pool(&types, &zones));
    }
    Ok(Capacity {
        schema_version: SCHEMA_VERSION,
        nodes: cluster.live_nodes().count(),
        pods: cluster.live_pods().count(),
        room: asked.iter().filter_map(|asked| session.room_for(asked)).collect(),
        pools,
    })
}

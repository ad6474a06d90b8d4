//! `wavetank graph`: how the objects depend on each other, what a loss takes along, what stands alone.

use wavetank_core::cluster::build::build;
use wavetank_core::graph::{Graph, GraphOptions, Index, find, focus, relate, render};
use wavetank_core::session::Session;

use crate::cluster::ClusterArgs;
use crate::context::Context;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_manifest};
use crate::output::{Output, chosen, write_all};

/// Draw how objects depend on each other; ask what stops if one goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// How to draw: text, dot, mermaid, svg, json; to a file with `svg=graph.svg`. May be given more than once.
    #[arg(short, long = "output", value_name = "FORMAT[=PATH]")]
    output: Vec<Output<Format>>,
    /// Only the surroundings of this object (`deploy/web`, `shop/sts/db`, `zone/zone-b`).
    #[arg(long, value_name = "OBJECT")]
    focus: Option<String>,
    /// How many ties away the surroundings end.
    #[arg(long, value_name = "N", default_value_t = 2, requires = "focus")]
    steps: usize,
    /// What stops if this object goes.
    #[arg(long, value_name = "OBJECT")]
    blast_radius: Option<String>,
    /// Pods one by one.
    #[arg(long)]
    pods: bool,
    /// Without nodes and zones, and without placing any pod.
    #[arg(long)]
    no_places: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A list with the single points of failure.
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid, for Markdown.
    Mermaid,
    /// A picture.
    Svg,
    /// For programs.
    Json,
}

/// Builds the cluster, lets it settle so that it is known what runs where, and draws.
///
/// # Errors
/// Where nothing could be read, an object is not found, or a file can't be written.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let outputs = chosen(&args.output, Format::Text)?;
    let manifest = read_manifest(&args.input, context)?;
    let options = args.cluster.options();
    let whole = if args.no_places {
        relate(&manifest, &build(&manifest, &options.cluster).cluster, &GraphOptions { pods: args.pods, places: false })
    } else {
        let session = Session::of(manifest, &options);
        relate(session.manifest(), session.cluster(), &GraphOptions { pods: args.pods, places: true })
    };
    let graph = match &args.focus {
        Some(centre) => focus(&whole, find(&whole, centre).map_err(CliError::new)?, args.steps),
        None => whole,
    };
    let gone = args.blast_radius.as_deref().map(|object| find(&graph, object)).transpose().map_err(CliError::new)?;
    write_all(&outputs, context, |format, _| draw(&graph, *format, gone))?;
    Ok(Exit::Holds)
}

fn draw(graph: &Graph, format: Format, gone: Option<Index>) -> String {
    match format {
        Format::Text => render::text(graph, gone),
        Format::Dot => render::dot(graph),
        Format::Mermaid => render::mermaid(graph),
        Format::Svg => render::svg(graph, gone),
        Format::Json => format!("{:#}\n", render::json(graph, gone)),
    }
}

//! `wavetank schema`: the JSON Schema of our own documents, for editors and for programs that write them.

use wavetank_core::scenario::{KINDS, json_schema, json_schema_of_all};

use crate::context::Context;
use crate::failure::{CliError, Exit};

/// Print the JSON Schema of a document: scenario, sweep, cluster, behavior, or all
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which; `all` is for files in which any of them may stand
    #[arg(value_name = "KIND", default_value = "all")]
    kind: String,
}

/// Prints the schema.
///
/// # Errors
/// A kind that is not ours.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let schema = if args.kind.eq_ignore_ascii_case("all") {
        json_schema_of_all()
    } else {
        json_schema(&args.kind).ok_or_else(|| {
            let help = format!("there are {} and all; Kubernetes' own kinds are not described here", KINDS.join(", "));
            CliError::new(format!("there is no schema of {}", args.kind)).help(help)
        })?
    };
    let mut text = serde_json::to_string_pretty(&schema).map_err(|error| CliError::new(error.to_string()))?;
    text.push('\n');
    context.print(&text)?;
    Ok(Exit::Holds)
}

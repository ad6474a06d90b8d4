//! `wavetank share`: files as a link that opens them in the page, or as a file that it takes. The codec is the core's; nothing is sent anywhere.

use std::fs;
use std::path::PathBuf;

use wavetank_core::manifest::SourceSet;
use wavetank_core::scenario::When;
use wavetank_core::session::link;
use wavetank_core::session::scene::{Scene, SourceFile, Step};

use crate::context::Context;
use crate::failure::{CliError, Exit};
use crate::input::{InputArgs, read_sources};
use crate::steps::{StepArgs, parse_span};

/// Print a link that opens these files in the page
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    steps: StepArgs,
    /// The moment that is shown: 5m40s
    #[arg(long, value_name = "TIME", default_value = "0s")]
    at: String,
    /// What is selected: pod/web-0, pod/shop/web-0, node/node-1, zone/zone-b
    #[arg(long, value_name = "KIND/NAME")]
    select: Option<String>,
    /// Decides what Kubernetes leaves open
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the page is; `wavetank serve` has it on this machine
    #[arg(long, value_name = "URL", env = "WAVETANK_PAGE", default_value = "http://127.0.0.1:8017/")]
    page: String,
    /// Into a file that opens when it is dropped on the page, instead of a link
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

/// Prints the link, or writes the file.
///
/// # Errors
/// Where nothing could be read, a flag has no meaning, or the link is too long for an address.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let sources = read_sources(&args.input, context)?;
    let scene = scene(args, &sources)?;
    if let Some(path) = &args.file {
        let text = link::to_file(&scene) + "\n";
        fs::write(path, text).map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
        context.note(&format!("written to {}: drop it on the page", path.display()));
        return Ok(Exit::Holds);
    }
    let page = args.page.split('#').next().unwrap_or_default();
    let address = format!("{page}#{}", link::encode(&scene));
    if address.len() > link::LONG_FOR_ADDRESS {
        let message = format!("the link would have {} characters, more than many browsers take", address.len());
        return Err(CliError::new(message).help(format!("share a file instead: --file scene{}", link::FILE_ENDING)));
    }
    if address.len() > link::LONG_FOR_CHAT {
        context.note(&format!("the link has {} characters: some chats cut it; --file scene{} is safer", address.len(), link::FILE_ENDING));
    }
    context.print(&format!("{address}\n"))?;
    Ok(Exit::Holds)
}

fn scene(args: &Args, sources: &SourceSet) -> Result<Scene, CliError> {
    let steps = args.steps.steps()?.into_iter().map(|step| match step.when {
        When::At(time) => Step::of(&step.verb, time.millis()),
        // Flags give times, and nothing else.
        When::After(_) | When::Condition(_) => Step::of(&step.verb, 0),
    });
    let shared = shared_directory(sources);
    let files = sources.files.iter().map(|file| SourceFile { name: file.name[shared..].to_owned(), text: file.text.to_string() });
    Ok(Scene {
        files: files.collect(),
        steps: steps.collect(),
        seed: args.seed,
        at_ms: parse_span(&args.at)?,
        selection: args.select.as_deref().map(selection).transpose()?.unwrap_or_default(),
        ..Scene::default()
    })
}

/// How many bytes of every file's name are the directory that they share.
fn shared_directory(sources: &SourceSet) -> usize {
    let mut names = sources.files.iter().map(|file| file.name.as_str());
    let Some(first) = names.next() else { return 0 };
    let mut shared = first.rfind('/').map_or(0, |end| end + 1);
    for name in names {
        while !name.starts_with(&first[..shared]) {
            shared = first[..shared].trim_end_matches('/').rfind('/').map_or(0, |end| end + 1);
        }
    }
    shared
}

fn selection(given: &str) -> Result<String, CliError> {
    let wrong = || CliError::new(format!("--select {given}: not of the form pod/NAME, node/NAME or zone/NAME"));
    match given.split_once('/').ok_or_else(wrong)? {
        // The page leaves the usual namespace out.
        ("pod", name) => Ok(format!("p/{}", name.strip_prefix("default/").unwrap_or(name))),
        ("node", name) => Ok(format!("n/{name}")),
        ("zone", name) => Ok(format!("z/{name}")),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_directory_is_left_out() {
        let shared = |names: &[&str]| {
            let mut sources = SourceSet::default();
            names.iter().for_each(|name| {
                sources.add(*name, "");
            });
            shared_directory(&sources)
        };
        assert_eq!(shared(&["a/b/c.yaml", "a/b/d.yaml"]), 4);
        assert_eq!(shared(&["a/b/c.yaml", "a/bd/d.yaml"]), 2);
        assert_eq!(shared(&["/a.yaml", "b.yaml"]), 0);
        assert_eq!((shared(&["x.yaml"]), shared(&[])), (0, 0));
    }

    #[test]
    fn what_is_selected_is_named_as_the_page_names_it() {
        assert_eq!(selection("pod/default/web-0").unwrap(), "p/web-0");
        assert_eq!(selection("pod/shop/web-0").unwrap(), "p/shop/web-0");
        assert_eq!(selection("zone/zone-b").unwrap(), "z/zone-b");
        assert!(selection("web").is_err() && selection("deployment/web").is_err());
    }
}

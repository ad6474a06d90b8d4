//! Reading what was named on the command line: files, directories with all below them, and stdin. It decides nothing about the text.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wavetank_core::manifest::{Class, Limits, Manifest, SourceSet};

use crate::context::{Context, shown};
use crate::failure::CliError;

/// The manifests a verb works on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// Manifests: files, directories (with everything below them), `-` for stdin
    #[arg(value_name = "PATH", required_unless_present = "files")]
    paths: Vec<PathBuf>,
    /// The same, as kubectl has it
    #[arg(short = 'f', long = "filename", value_name = "PATH", id = "files")]
    files: Vec<PathBuf>,
    /// Directories are always read with everything below them; taken for kubectl's sake
    #[arg(short = 'R', long, hide = true)]
    recursive: bool,
}

impl InputArgs {
    /// Paths that were named in another way.
    pub(crate) fn of(paths: Vec<PathBuf>) -> InputArgs {
        InputArgs { paths, files: Vec::new(), recursive: true }
    }

    /// Every path that was named, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().chain(&self.files).map(PathBuf::as_path)
    }

    /// The same paths as one would type them.
    pub(crate) fn as_typed(&self) -> String {
        self.paths().map(|path| quoted(&path.display().to_string())).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// How many directories deep is looked.
const MOST_LEVELS: usize = 64;
/// How many files are read.
const MOST_FILES: usize = 100_000;

/// Reads the texts that were named. What is neither YAML nor JSON in a directory is passed over, and said so once.
///
/// # Errors
/// A path that is not there or cannot be read; nothing to read at all.
pub(crate) fn read_sources(input: &InputArgs, context: &Context) -> Result<SourceSet, CliError> {
    let paths: Vec<PathBuf> = input.paths().map(Path::to_path_buf).collect();
    read_paths(&paths, context)
}

/// As [`read_sources`], of paths that a document names.
///
/// # Errors
/// As there.
pub(crate) fn read_paths(paths: &[PathBuf], context: &Context) -> Result<SourceSet, CliError> {
    let mut found = Found::default();
    for path in paths {
        if path.as_os_str() == "-" {
            found.files.push(path.to_path_buf());
            continue;
        }
        let kind = fs::metadata(path).map_err(|error| cannot(path, &error))?;
        if kind.is_dir() { found.directory(path, 0)? } else { found.files.push(path.to_path_buf()) }
    }
    if !found.passed_over.is_empty() {
        let count = found.passed_over.len();
        let (noun, verb) = if count == 1 { ("file", "is") } else { ("files", "are") };
        context.note(&format!("{count} {noun} passed over that {verb} neither YAML nor JSON (-v names them)"));
        found.passed_over.iter().for_each(|path| context.detail(&format!("passed over: {}", shown(path.display().to_string()))));
    }
    if found.files.is_empty() {
        let typed: Vec<_> = paths.iter().map(|path| quoted(&path.display().to_string())).collect();
        return Err(CliError::new(format!("nothing to read in {}: no .yaml, .yml or .json file", typed.join(" "))));
    }
    let mut sources = SourceSet::default();
    for path in &found.files {
        let (name, text) = read_one(path).map_err(|error| cannot(path, &error))?;
        sources.add(name, text);
    }
    Ok(sources)
}

/// Reads and parses what was named.
///
/// # Errors
/// As [`read_sources`]; and where not one document was found, or none that could be read.
pub(crate) fn read_manifest(input: &InputArgs, context: &Context) -> Result<Manifest, CliError> {
    let manifest = wavetank_core::manifest::read(read_sources(input, context)?, &Limits::default());
    if manifest.documents.is_empty() {
        let error = CliError::new(format!("not one Kubernetes object in {}", input.as_typed()));
        return Err(error.diagnostics(manifest.diagnostics, manifest.sources));
    }
    if manifest.documents.iter().all(|document| document.class == Class::Rejected) {
        let error = CliError::new(format!("not one object in {} could be read", input.as_typed()));
        return Err(error.diagnostics(manifest.diagnostics, manifest.sources));
    }
    Ok(manifest)
}

fn cannot(path: &Path, error: &io::Error) -> CliError {
    CliError::new(format!("{}: {error}", path.display()))
}

/// One text and its name. Reading stops one byte after what the core takes: that a file is too large is for the core to say.
fn read_one(path: &Path) -> io::Result<(String, String)> {
    let most = Limits::default().file_bytes as u64 + 1;
    let mut bytes = Vec::new();
    let name = if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        "<stdin>".to_owned()
    } else {
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
        path.to_string_lossy().into_owned()
    };
    // Where it is not UTF-8, the replacement character stands for what is wrong, and the parser has the place.
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok((name, text))
}

/// What is found below the named directories, in the order of names.
#[derive(Debug, Default)]
struct Found {
    files: Vec<PathBuf>,
    passed_over: Vec<PathBuf>,
    // Where links lead in a circle, each directory is looked at once.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    fn directory(&mut self, dir: &Path, level: usize) -> Result<(), CliError> {
        let real = dir.canonicalize().map_err(|error| cannot(dir, &error))?;
        if level > MOST_LEVELS || !self.seen.insert(real) {
            return Ok(());
        }
        let entries = fs::read_dir(dir).map_err(|error| cannot(dir, &error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if hidden(&path) {
                continue;
            }
            if path.is_dir() {
                self.directory(&path, level + 1)?;
            } else if is_manifest(&path) {
                self.files.push(path);
            } else {
                self.passed_over.push(path);
            }
            if self.files.len() > MOST_FILES {
                return Err(CliError::new(format!("more than {MOST_FILES} files in {}", dir.display())));
            }
        }
        Ok(())
    }
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_manifest(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("yaml" | "yml" | "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("shop/web.yaml"), "shop/web.yaml");
        assert_eq!(quoted("my shop"), "'my shop'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn directories_are_read_in_order_and_each_once() {
        let dir = std::env::temp_dir().join(format!("wavetank-input-{}", std::process::id()));
        fs::create_dir_all(dir.join("b/.git")).unwrap();
        for name in ["b/2.yml", "a.YAML", "b/1.json", "b/.git/x.yaml", "README.md"] {
            fs::write(dir.join(name), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&dir, dir.join("b/loop")).unwrap();
        let mut found = Found::default();
        found.directory(&dir, 0).unwrap();
        let short = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| path.strip_prefix(&dir).unwrap().display().to_string()).collect()
        };
        assert_eq!(short(&found.files), ["a.YAML", "b/1.json", "b/2.yml"]);
        assert_eq!(short(&found.passed_over), ["README.md"]);
        fs::remove_dir_all(&dir).unwrap();
    }
}

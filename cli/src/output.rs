//! Where results go: several `-o FORMAT[=PATH]` at once, at most one of them to stdout.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

use crate::context::{Context, shown};
use crate::failure::CliError;

/// One `-o FORMAT[=PATH]`: a format of the verb, and the file it goes to; stdout where no path is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output<F> {
    /// The format.
    pub(crate) format: F,
    /// The file; none for stdout.
    pub(crate) path: Option<PathBuf>,
}

impl<F: ValueEnum> FromStr for Output<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((_, "")) => return Err("a file name is missing after `=`".to_owned()),
            Some((name, path)) => (name, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let format = F::from_str(name, true).map_err(|_| {
            let names: Vec<_> = F::value_variants().iter().filter_map(|f| f.to_possible_value()).map(|v| v.get_name().to_owned()).collect();
            format!("`{}` is no format; there are {}", shown(name), names.join(", "))
        })?;
        let path = path.filter(|path| path.as_os_str() != "-");
        Ok(Output { format, path })
    }
}

/// The outputs asked for, or the verb's own format to stdout where none is.
///
/// # Errors
/// Two outputs to stdout, or two to one file.
pub(crate) fn chosen<F: Clone>(asked: &[Output<F>], default: F) -> Result<Vec<Output<F>>, CliError> {
    if asked.is_empty() {
        return Ok(vec![Output { format: default, path: None }]);
    }
    for (i, one) in asked.iter().enumerate() {
        if asked[..i].iter().any(|other| other.path == one.path) {
            return Err(match &one.path {
                None => CliError::new("two outputs go to stdout").help("give all but one a file: `-o json=report.json`"),
                Some(path) => CliError::new(format!("two outputs go to {}", path.display())),
            });
        }
    }
    Ok(asked.to_vec())
}

/// Data as indented JSON with a line break at the end.
pub(crate) fn pretty(data: &impl serde::Serialize) -> String {
    // Plain data with text keys always serialises.
    serde_json::to_string_pretty(data).unwrap_or_default() + "\n"
}

/// Writes each output: `render` makes the text, for a terminal where it is told so.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn write_all<F>(outputs: &[Output<F>], context: &Context, render: impl Fn(&F, bool) -> String) -> Result<(), CliError> {
    for output in outputs {
        match &output.path {
            None => context.print(&render(&output.format, true))?,
            Some(path) => {
                fs::write(path, render(&output.format, false)).map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
                context.note(&format!("wrote {}", shown(path.display().to_string())));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, ValueEnum)]
    enum Format {
        Text,
        Json,
    }

    #[test]
    fn formats_with_and_without_files() {
        assert_eq!("json".parse(), Ok(Output { format: Format::Json, path: None }));
        assert_eq!("JSON=a=b.json".parse(), Ok(Output { format: Format::Json, path: Some("a=b.json".into()) }));
        assert_eq!("text=-".parse(), Ok(Output { format: Format::Text, path: None }));
        assert_eq!("pdf=x".parse::<Output<Format>>(), Err("`pdf` is no format; there are text, json".to_owned()));
        assert!("json=".parse::<Output<Format>>().is_err());
    }

    #[test]
    fn only_one_output_goes_to_stdout() {
        let to = |format, path: Option<&str>| Output { format, path: path.map(PathBuf::from) };
        assert!(chosen(&[to(Format::Text, None), to(Format::Json, None)], Format::Text).is_err());
        assert!(chosen(&[to(Format::Text, None), to(Format::Json, Some("r.json"))], Format::Text).is_ok());
        assert_eq!(chosen(&[], Format::Text).ok(), Some(vec![to(Format::Text, None)]));
    }
}

//! How a verb ends: exit codes, and errors that name what went wrong and what to do.

use std::process::ExitCode;

use wavetank_core::manifest::Diagnostic;
use wavetank_core::manifest::SourceSet;

use crate::context::{Context, shown};
use crate::diagnostics;

/// How a verb ended that could do its work. The same for every output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: all holds.
    Holds,
    /// 1: something does not hold.
    Broken,
    /// 2: there was nothing to do.
    Nothing,
    /// 3: a comparison found a difference, and was to say so.
    Differs,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Holds => 0,
            Exit::Broken => 1,
            Exit::Nothing => 2,
            Exit::Differs => 3,
        })
    }
}

/// Why a verb could not do its work: bad usage, or input that could not be read. The exit code is 2.
#[derive(Debug)]
pub(crate) struct CliError {
    message: String,
    help: Option<String>,
    diagnostics: Vec<Diagnostic>,
    sources: SourceSet,
}

impl CliError {
    /// An error in one sentence, without a full stop. Names in it are made safe to print here.
    pub(crate) fn new(message: impl AsRef<str>) -> CliError {
        CliError { message: shown(message), help: None, diagnostics: Vec::new(), sources: SourceSet::default() }
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// With what to do about it.
    pub(crate) fn help(mut self, help: impl AsRef<str>) -> CliError {
        self.help = Some(shown(help));
        self
    }

    /// With diagnostics, shown before the message.
    pub(crate) fn diagnostics(mut self, diagnostics: Vec<Diagnostic>, sources: SourceSet) -> CliError {
        self.diagnostics = diagnostics;
        self.sources = sources;
        self
    }

    /// Tells it on stderr and gives the exit code.
    pub(crate) fn report(&self, context: &Context) -> ExitCode {
        use std::io::Write;
        let mut err = anstream::stderr().lock();
        let (red, cyan, plain) = ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m");
        let _ = write!(err, "{}", diagnostics::render(&self.diagnostics, &self.sources, context, diagnostics::MOST_SHOWN));
        // `anstream` takes the colours away where they are not wanted; nobody may be listening.
        let _ = writeln!(err, "{red}error{plain}: {}", self.message);
        if let Some(help) = &self.help {
            let _ = writeln!(err, "{cyan}help{plain}: {help}");
        }
        ExitCode::from(2)
    }
}

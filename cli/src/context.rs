//! What every verb knows of its surroundings: colour, width, how much to say, and where words go. Only this file looks at the terminal.

use std::io::{self, IsTerminal, Write};

use crate::failure::CliError;
use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wavetank_core::report::render::style::Terminal;
use wavetank_core::units::text::visible;

/// Options that every verb takes.
#[derive(Debug, clap::Args)]
pub(crate) struct GlobalArgs {
    /// Colours: `auto` follows the terminal, NO_COLOR, CLICOLOR_FORCE and TERM
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    color: When,
    /// Say nothing but results and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// How much is said besides the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors, warnings, one line about what was left out.
    Normal,
    /// Everything, each left-out file by name.
    Verbose,
}

/// The surroundings of a verb.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Whether stdout takes colours.
    pub(crate) color: bool,
    /// Whether stderr takes colours.
    pub(crate) color_messages: bool,
    /// Whether the terminal shows more than ASCII.
    pub(crate) unicode: bool,
    /// Columns of the terminal; 100 where there is none.
    pub(crate) width: usize,
    /// How much to say.
    pub(crate) verbosity: Verbosity,
}

/// Columns where nobody says how many there are: a log, a pipe, a page.
const WIDTH_OF_A_PIPE: usize = 100;

impl Context {
    /// Looks at the terminal and the environment, once.
    pub(crate) fn new(global: &GlobalArgs) -> Context {
        let choice = match global.color {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        };
        choice.write_global();
        let colored = |detected: ColorChoice| match choice {
            ColorChoice::Auto => !matches!(detected, ColorChoice::Never),
            other => !matches!(other, ColorChoice::Never),
        };
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Context {
            color: colored(AutoStream::choice(&io::stdout())),
            color_messages: colored(AutoStream::choice(&io::stderr())),
            unicode: takes_unicode(|name| std::env::var(name).ok()),
            width: terminal_size::terminal_size().map_or(WIDTH_OF_A_PIPE, |(width, _)| usize::from(width.0)).clamp(40, 160),
            verbosity,
        }
    }

    /// Writes a result to stdout. A reader that went away is no error.
    ///
    /// # Errors
    /// Where stdout cannot be written for another reason.
    pub(crate) fn print(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::new(format!("stdout: {error}"))),
            _ => Ok(()),
        }
    }

    /// A message on stderr, unless `--quiet`. The text is safe to print already.
    pub(crate) fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            say(text);
        }
    }

    /// A message on stderr with `--verbose` only.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbosity > Verbosity::Normal {
            say(text);
        }
    }

    /// What a renderer may use: what this terminal shows on stdout, plain text in a file.
    pub(crate) fn terminal(&self, on_stdout: bool) -> Terminal {
        if on_stdout { Terminal { color: self.color, unicode: self.unicode, width: self.width } } else { Terminal::PLAIN }
    }

    /// A bar for work of `steps` parts: on a terminal's stderr only, and not with `--quiet`.
    pub(crate) fn progress(&self, steps: u64, what: &'static str) -> ProgressBar {
        let hidden = self.verbosity == Verbosity::Quiet || !io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.with_message(what)
    }

    /// A sign of life for work whose length is not known; see [`Context::progress`] for where it shows.
    pub(crate) fn spinner(&self, what: &'static str) -> ProgressBar {
        let hidden = self.verbosity == Verbosity::Quiet || !io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target).with_message(what);
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }
}

fn say(text: &str) {
    // Nobody may be listening: that is no reason to stop.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A terminal shows more than ASCII unless its locale says otherwise: `C` and `POSIX` do not, everything else does.
fn takes_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    !matches!(locale.as_deref(), Some("C" | "POSIX"))
}

/// A name from outside, fit for a message.
pub(crate) fn shown(name: impl AsRef<str>) -> String {
    visible(name.as_ref()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_locale_gets_ascii() {
        let with = |pairs: &'static [(&'static str, &'static str)]| {
            takes_unicode(move |name| pairs.iter().find(|p| p.0 == name).map(|p| p.1.to_string()))
        };
        assert!(with(&[]));
        assert!(with(&[("LANG", "de_DE.UTF-8")]));
        assert!(with(&[("LC_ALL", "C.UTF-8"), ("LANG", "C")]));
        assert!(!with(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(!with(&[("LC_ALL", ""), ("LANG", "POSIX")]));
    }
}

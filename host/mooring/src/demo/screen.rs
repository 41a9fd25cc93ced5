//! What the reader sees: a line a step, with its time. A spinner while it runs, on terminals.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::volume::{Failure, output};

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// What happens, in the order of a volume's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Serve,
    Clear,
    Create,
    Stage,
    Publish,
    Write,
    Grow,
    Stats,
    Verify,
    Unpublish,
    Unstage,
    Delete,
    LookRound,
    CleanUp,
    Stop,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Clear => "clear",
            Self::Create => "create",
            Self::Stage => "stage",
            Self::Publish => "publish",
            Self::Write => "write",
            Self::Grow => "grow",
            Self::Stats => "stats",
            Self::Verify => "verify",
            Self::Unpublish => "unpublish",
            Self::Unstage => "unstage",
            Self::Delete => "delete",
            Self::LookRound => "look round",
            Self::CleanUp => "clean up",
            Self::Stop => "stop",
        }
    }
}

/// The reader's screen, or whatever stdout is.
pub(super) struct Screen {
    begun: Instant,
    /// The step that ran last.
    step: Cell<Option<Step>>,
    print: fn(&str) -> io::Result<()>,
}

/// What a step found out, and what to say about it.
pub(super) struct Told<T> {
    pub(super) value: T,
    pub(super) text: String,
}

impl<T> Told<T> {
    pub(super) fn new(value: T, text: impl Into<String>) -> Self {
        Self { value, text: text.into() }
    }
}

impl Screen {
    pub(super) fn new(print: fn(&str) -> io::Result<()>) -> Self {
        Self { begun: Instant::now(), step: Cell::new(None), print }
    }

    /// The step that ran last.
    pub(super) fn last_step(&self) -> Option<Step> {
        self.step.get()
    }

    /// Runs a step and shows its outcome.
    pub(super) async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = anyhow::Result<Told<T>>>,
    ) -> anyhow::Result<T> {
        self.step.set(Some(step));
        let name = step.name();
        let spinner = Spinner::start(name);
        let begun = Instant::now();
        let outcome = work.await;
        let took = begun.elapsed();
        drop(spinner);
        match outcome {
            Ok(Told { value, text }) => {
                self.text(&line(GREEN, "✔", took, name, &text));
                Ok(value)
            }
            Err(error) => {
                self.text(&line(RED, "✘", took, name, "failed"));
                Err(error)
            }
        }
    }

    pub(super) fn title(&self, text: &str) {
        self.text(&format!("{BOLD}{text}{BOLD:#}\n\n"));
    }

    /// Why a step failed, and what to do.
    pub(super) fn failure(&self, error: &anyhow::Error) {
        let text = if let Some(status) = error.downcast_ref::<tonic::Status>() {
            output::failure_text(&Failure::from(status.clone()))
        } else if let Some(failure) = error.downcast_ref::<Failure>() {
            output::failure_text(failure)
        } else {
            format!("{RED}error{RED:#}: {}\n", output::shown(&format!("{error:#}")))
        };
        self.text(&format!("\n{text}"));
    }

    pub(super) fn note(&self, text: &str) {
        self.text(&format!("{BOLD} note{BOLD:#}: {text}\n"));
    }

    pub(super) fn summary(&self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        self.text(&format!(
            "\n{BOLD}Done in {seconds:.1} s.{BOLD:#} Nothing is left of the volume.\n"
        ));
    }

    /// Text as it stands. A reader that has gone away does not stop the demo from cleaning up.
    pub(super) fn text(&self, text: &str) {
        let _ = (self.print)(text);
    }
}

/// ` ✔    12.3 ms  create     what happened`, further lines of the text below it.
fn line(colour: Style, mark: &str, took: Duration, name: &str, text: &str) -> String {
    let mut lines = text.lines();
    let milliseconds = took.as_secs_f64() * 1e3;
    let first = output::shown(lines.next().unwrap_or_default());
    let mut shown = format!(
        " {colour}{mark}{colour:#} {DIM}{milliseconds:>8.1} ms{DIM:#}  {BOLD}{name:<11}{BOLD:#} {first}\n"
    );
    for further in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(shown, "{:28}{}", "", output::shown(further));
    }
    shown
}

/// Turns while a step runs; gone when it is dropped. It hides itself where stderr is no terminal.
struct Spinner(ProgressBar);

impl Spinner {
    fn start(name: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(name);
        if let Ok(style) = ProgressStyle::with_template(" {spinner:.cyan} {elapsed:>10}  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(80));
        Self(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_mark_time_name_and_text() {
        let text = line(GREEN, "✔", Duration::from_micros(12_345), "create", "vol-1\nand more");
        assert_eq!(
            anstream::adapter::strip_str(&text).to_string(),
            " ✔     12.3 ms  create      vol-1\n                            and more\n"
        );
    }
}

//! The only place that writes to stdout and stderr: tables for people, JSON for scripts.
//!
//! What a driver says is not trusted by the terminal: control characters are shown, not sent.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use bytesize::ByteSize;
use comfy_table::{Table, presets};
use serde::Serialize;

use super::failure::{Exit, Failure};

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns, sizes for people.
    #[default]
    Table,
    /// One JSON object; sizes in bytes.
    Json,
}

/// What a command found out or did. Its JSON keys are a contract: added to, never renamed.
pub(crate) trait Answer: Serialize {
    /// The answer for people, each line ended.
    fn table(&self) -> String;

    /// Ids alone, for `--quiet`: it goes before the format.
    fn quiet(&self) -> Option<String> {
        None
    }

    /// How the command ends with this answer.
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// The text of an answer.
pub(super) fn render(answer: &impl Answer, format: Format) -> Result<String, Failure> {
    if let Some(text) = answer.quiet() {
        return Ok(text);
    }
    match format {
        Format::Table => Ok(answer.table()),
        Format::Json => serde_json::to_string_pretty(answer)
            .map(|json| json + "\n")
            .map_err(|error| Failure::Protocol(error.to_string())),
    }
}

/// Writes to stdout. A reader that has gone away (`| head`) is no failure.
///
/// # Errors
/// When stdout cannot be written for any other reason, such as a full disk.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    forgive_closed_pipe(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes a failure to stderr, in the form that was asked for.
///
/// # Errors
/// When stderr cannot be written.
pub(crate) fn print_failure(failure: &Failure, format: Format) -> io::Result<()> {
    let text = match format {
        Format::Table => failure_text(failure),
        Format::Json => format!("{:#}\n", failure_json(failure)),
    };
    let mut stderr = anstream::stderr().lock();
    forgive_closed_pipe(stderr.write_all(text.as_bytes()))
}

/// Writes a line of another process's log to stderr.
///
/// # Errors
/// When stderr cannot be written.
pub(crate) fn print_log(line: &str) -> io::Result<()> {
    forgive_closed_pipe(writeln!(anstream::stderr().lock(), "{line}"))
}

fn forgive_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// `error: CODE: message`, and what to do next.
pub(crate) fn failure_text(failure: &Failure) -> String {
    const RED: Style = AnsiColor::Red.on_default().bold();
    const GREEN: Style = AnsiColor::Green.on_default().bold();
    format!(
        "{RED}error{RED:#}: {}: {}\n {GREEN}next{GREEN:#}: {}\n",
        failure.name(),
        lines(&failure.to_string()),
        failure.advice()
    )
}

/// A message, its further lines set in.
fn lines(message: &str) -> String {
    message.lines().map(shown).collect::<Vec<_>>().join("\n       ")
}

fn failure_json(failure: &Failure) -> serde_json::Value {
    serde_json::json!({"error": {
        "code": failure.name(),
        "message": failure.to_string(),
        "next": failure.advice(),
        "exitCode": failure.exit().code(),
    }})
}

/// A listing: a line of heads, a line an entry.
pub(crate) fn columns<const N: usize>(heads: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = plain_table();
    table.set_header(heads);
    for row in rows {
        table.add_row(row.map(|cell| shown(&cell).into_owned()));
    }
    text_of(&table)
}

/// One thing: a line a property. Properties without a value are left out.
pub(crate) fn properties<const N: usize>(rows: [(&str, String); N]) -> String {
    let mut table = plain_table();
    for (name, value) in rows {
        if !value.is_empty() {
            table.add_row([name, &shown(&value)]);
        }
    }
    text_of(&table)
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// Without the blanks that the table puts at both ends of a line.
fn text_of(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n")
        .collect()
}

/// `a=1, b=2`.
pub(super) fn pairs(map: &std::collections::BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// `1.5 GiB`; `-` where the driver does not know.
pub(crate) fn human(bytes: i64) -> String {
    match u64::try_from(bytes) {
        Ok(0) | Err(_) => "-".to_owned(),
        Ok(bytes) => ByteSize::b(bytes).display().iec().to_string(),
    }
}

/// Text of a driver, its control characters made visible.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let visible = |c: char| {
        if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
    };
    Cow::Owned(text.chars().map(visible).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_code_message_and_next_step() {
        let failure = Failure::from(tonic::Status::not_found("no volume \"x\"\u{1b}[2J\nat all"));
        assert_eq!(
            anstream::adapter::strip_str(&failure_text(&failure)).to_string(),
            "error: NOT_FOUND: no volume \"x\"\\u{1b}[2J\n       at all\n \
             next: `mooring volume list` shows the volumes that there are\n"
        );
        assert_eq!(failure_json(&failure)["error"]["exitCode"], 3);
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!([human(0), human(1 << 30), human(1536 << 20)], ["-", "1.0 GiB", "1.5 GiB"]);
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(forgive_closed_pipe(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert!(forgive_closed_pipe(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}

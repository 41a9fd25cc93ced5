//! How these commands fail: in the form, and with the exit codes, of every other command.

use anstyle::{AnsiColor, Style};
use mooring_source::SourceError;

use super::Output;
use crate::cli::volume::{Exit, output};

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A component could not be had, put or trusted.
    Source(SourceError),
    /// The command line asks for what cannot be.
    Usage(String),
    /// A file is there already.
    Exists(String),
    /// Anything else of this machine.
    Other(anyhow::Error),
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl Refusal {
    pub(super) fn other(error: anyhow::Error) -> Self {
        Self::Other(error)
    }

    pub(super) fn exit(&self) -> Exit {
        self.told().1
    }

    /// Name, exit code, and what to do next.
    fn told(&self) -> (&'static str, Exit, &'static str) {
        const SETTINGS: &str = "see --help; --config takes `registries` and `offline` from a file";
        match self {
            Self::Source(error) => match error {
                SourceError::Away { .. } => {
                    ("UNAVAILABLE", Exit::TryAgain, "repeat the same command, which is safe")
                }
                SourceError::Denied { .. } => (
                    "PERMISSION_DENIED",
                    Exit::Refused,
                    "name a docker config.json by --credentials",
                ),
                SourceError::Missing { .. } => (
                    "NOT_FOUND",
                    Exit::NotFound,
                    "`mooring backend list REPOSITORY` shows what there is",
                ),
                SourceError::Broken { .. } => (
                    "DATA_LOSS",
                    Exit::Failed,
                    "ask whoever runs the registry; nothing of it was kept",
                ),
                SourceError::Exists { .. } => (
                    "ALREADY_EXISTS",
                    Exit::Exists,
                    "choose another tag, or move this one by --replace",
                ),
                SourceError::Untrusted(_) => (
                    "UNTRUSTED",
                    Exit::Refused,
                    "do not run it before somebody you trust has signed it",
                ),
                SourceError::Setting(_) => ("USAGE", Exit::Usage, SETTINGS),
                SourceError::Local { .. } => ("LOCAL", Exit::Failed, "paths are this machine's"),
            },
            Self::Usage(_) => ("USAGE", Exit::Usage, SETTINGS),
            Self::Exists(_) => {
                ("ALREADY_EXISTS", Exit::Exists, "name another file, or add --replace")
            }
            Self::Other(_) => ("LOCAL", Exit::Failed, "the message says what is in the way"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Source(error) => error.to_string(),
            Self::Usage(text) | Self::Exists(text) => text.clone(),
            Self::Other(error) => format!("{error:#}"),
        }
    }

    /// Writes it to stderr.
    pub(super) fn print(&self, format: Output) -> std::io::Result<()> {
        let (name, exit, advice) = self.told();
        let message = self.message();
        let text = match format {
            Output::Table => {
                const RED: Style = AnsiColor::Red.on_default().bold();
                const GREEN: Style = AnsiColor::Green.on_default().bold();
                let message = output::shown(&message);
                format!("{RED}error{RED:#}: {name}: {message}\n {GREEN}next{GREEN:#}: {advice}")
            }
            Output::Json => {
                let code = exit.code();
                let error = serde_json::json!({"error": {
                    "code": name, "message": message, "next": advice, "exitCode": code,
                }});
                format!("{error:#}")
            }
        };
        output::print_log(&text)
    }
}

//! `mooring backend`: what a component can do and would need, and having a driver served by it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use bytesize::ByteSize;
use clap::{Subcommand, ValueEnum};
use mooring_backend::{Engine, EngineConfig, Inspection};

use crate::config::Source;
use crate::run;

/// How an answer is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For scripts.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a component's contract version, abilities, imports and size, and the grants that it
    /// would need.
    #[command(after_help = "Examples:\n  mooring backend inspect vendor.wasm\n  \
        mooring backend inspect embedded:image-file -o json")]
    Inspect {
        /// A .wasm file, or embedded:NAME.
        file: String,
        /// Table or JSON.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Output,
    },
    /// Have a running host serve a driver by what its configuration names now; or say what that
    /// would change.
    Swap(super::status::SwapArgs),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (file, output) = match self {
            Self::Inspect { file, output } => (file, output),
            Self::Swap(args) => return run::client_runtime()?.block_on(args.run()),
        };
        let source = match file.strip_prefix("embedded:") {
            Some(name) => Source::Embedded(name.to_owned()),
            None => Source::File(PathBuf::from(&file)),
        };
        let component = run::controller::component(&source)?;
        let engine = Engine::new(EngineConfig { calls: 1, ..EngineConfig::default() })?;
        let found = run::client_runtime()?
            .block_on(mooring_backend::inspect(&engine, component))
            .with_context(|| file.clone())?;
        let mut out = std::io::stdout().lock();
        match output {
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
            Output::Table => write!(out, "{}", table(&found)?)?,
        }
        Ok(if found.problem.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Two columns: what, and what of it; lists one to a line.
fn table(found: &Inspection) -> anyhow::Result<String> {
    let abilities: Vec<String> = found
        .abilities
        .iter()
        .map(|ability| Ok(serde_json::to_value(ability)?.as_str().unwrap_or_default().to_owned()))
        .collect::<anyhow::Result<_>>()?;
    let mut rows = vec![
        ("digest", format!("sha256:{}", found.digest)),
        ("size", ByteSize::b(found.size).to_string()),
        ("contract", found.contract_version.clone().unwrap_or_else(|| "none found".to_owned())),
    ];
    if let Some(info) = &found.info {
        rows.push(("backend", format!("{} {}", info.name, info.version)));
    }
    rows.push(("abilities", abilities.join("\n")));
    rows.push(("grants needed", found.grants_needed.join("\n")));
    rows.push(("exports", found.exports.join("\n")));
    rows.push(("imports", found.imports.join("\n")));
    if let Some(problem) = &found.problem {
        rows.push(("problem", problem.clone()));
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for (name, value) in rows {
        table.add_row([name.to_owned(), if value.is_empty() { "none".to_owned() } else { value }]);
    }
    Ok(format!("{table}\n"))
}

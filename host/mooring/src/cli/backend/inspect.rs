//! `mooring backend inspect`: what a component can do, and what it would need.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use bytesize::ByteSize;
use clap::Args;
use mooring_backend::{Engine, EngineConfig, Inspection};

use super::reach::ReachArgs;
use super::{Output, Refusal, answer};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring backend inspect vendor.wasm\n  \
    mooring backend inspect embedded:image-file -o json\n  \
    mooring backend inspect oci://ghcr.io/vendor/backend:1.2.0")]
pub(crate) struct Inspect {
    /// A .wasm file, embedded:NAME, or oci://registry/repository:tag.
    file: String,
    /// Table or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    pub(super) output: Output,
    #[command(flatten)]
    reach: ReachArgs,
}

impl Inspect {
    pub(super) async fn run(self) -> Result<ExitCode, Refusal> {
        let candidate = self.reach.candidate(&self.file, &|_, _| ()).await?;
        let found = looked_into(&self.file, candidate.bytes).await?;
        answer(self.output, &found, || table(&found))?;
        Ok(if found.problem.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Looks into a component.
///
/// # Errors
/// With the word that names it, where it is none.
pub(super) async fn looked_into(word: &str, bytes: Arc<[u8]>) -> Result<Inspection, Refusal> {
    let config = EngineConfig { calls: 1, ..EngineConfig::default() };
    let engine = Engine::new(config).map_err(|error| Refusal::other(error.into()))?;
    let found = mooring_backend::inspect(&engine, bytes).await;
    found.with_context(|| word.to_owned()).map_err(Refusal::other)
}

/// Names of the abilities.
pub(super) fn abilities(found: &Inspection) -> Vec<String> {
    let named = found.abilities.iter().filter_map(|ability| serde_json::to_value(ability).ok());
    named.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Two columns: what, and what of it; lists one to a line.
fn table(found: &Inspection) -> String {
    let mut rows = vec![
        ("digest", format!("sha256:{}", found.digest)),
        ("size", ByteSize::b(found.size).to_string()),
        ("contract", found.contract_version.clone().unwrap_or_else(|| "none found".to_owned())),
    ];
    if let Some(info) = &found.info {
        rows.push(("backend", format!("{} {}", info.name, info.version)));
    }
    rows.push(("abilities", abilities(found).join("\n")));
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
    format!("{table}\n")
}

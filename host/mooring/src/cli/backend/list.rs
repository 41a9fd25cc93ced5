//! `mooring backend list`: what a repository has.

use std::process::ExitCode;

use clap::Args;
use mooring_source::{Listed, Reference};

use super::reach::ReachArgs;
use super::{Output, Refusal, answer};
use crate::cli::volume::output;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring backend list ghcr.io/vendor/backend\n  \
    mooring backend list oci://localhost:5000/backend --plain-http -o json")]
pub(crate) struct List {
    /// registry/repository
    repository: Reference,
    /// Table or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    pub(super) output: Output,
    #[command(flatten)]
    reach: ReachArgs,
}

impl List {
    pub(super) async fn run(self) -> Result<ExitCode, Refusal> {
        let fetcher = self.reach.fetcher(&[&self.repository])?;
        let tags = fetcher.list(&self.repository).await?;
        answer(self.output, &serde_json::json!({"tags": tags}), || {
            let heads = ["TAG", "VERSION", "SIZE", "CREATED", "SIGNED", "MANIFEST"];
            output::columns(heads, tags.iter().map(row).collect())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(listed: &Listed) -> [String; 6] {
    let Listed { tag, digest, size, title: _, version, created, signed } = listed;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let size = size.and_then(|size| i64::try_from(size).ok()).map_or("-".to_owned(), output::human);
    [
        tag.clone(),
        or_none(version),
        size,
        or_none(created),
        if *signed { "yes" } else { "no" }.to_owned(),
        digest.to_string(),
    ]
}

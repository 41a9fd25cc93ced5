//! `mooring backend push`: a component into a registry.

use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use mooring_source::{Digest, Labels, Reference};
use serde::Serialize;

use super::pull::Shown;
use super::reach::ReachArgs;
use super::{Output, Refusal, answer};
use crate::cli::volume::output;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mooring backend push backend.wasm ghcr.io/vendor/backend:1.2.0 --version 1.2.0\n  \
    mooring backend push backend.wasm localhost:5000/backend:dev --plain-http --replace\n\n\
    Sign it afterwards: cosign sign --key cosign.key REGISTRY/REPOSITORY@DIGEST")]
pub(crate) struct Push {
    /// A .wasm file, or embedded:NAME.
    file: String,
    /// registry/repository:tag
    reference: Reference,
    /// Move a tag that names other content.
    #[arg(long)]
    replace: bool,
    /// What people call it (org.opencontainers.image.title).
    #[arg(long)]
    title: Option<String>,
    /// Its semantic version (org.opencontainers.image.version) [default: what the component says].
    #[arg(long)]
    version: Option<String>,
    /// Where its source code is (org.opencontainers.image.source).
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Table or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    pub(super) output: Output,
    #[command(flatten)]
    reach: ReachArgs,
}

/// What is in the registry now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pushed {
    reference: String,
    /// Of the manifest: what a configuration pins and cosign signs.
    manifest: Digest,
    digest: Digest,
    size: usize,
}

impl Push {
    pub(super) async fn run(self) -> Result<ExitCode, Refusal> {
        let candidate = self.reach.candidate(&self.file, &|_, _| ()).await?;
        let fetcher = self.reach.fetcher(&[&self.reference])?;
        let labels = Labels { title: self.title, version: self.version, source: self.source };
        let shown = Shown::new(&format!("pushing {}", self.reference));
        let bytes = Bytes::copy_from_slice(&candidate.bytes);
        let progress = |done, total| shown.at(done, total);
        let pushed = fetcher.push(bytes, &self.reference, &labels, self.replace, &progress).await;
        shown.end(pushed.as_ref().ok().map(|_| candidate.bytes.len()));
        let pushed = Pushed {
            reference: self.reference.to_string(),
            manifest: pushed?,
            digest: candidate.digest,
            size: candidate.bytes.len(),
        };
        answer(self.output, &pushed, || {
            output::properties([
                ("REFERENCE", pushed.reference.clone()),
                ("MANIFEST", pushed.manifest.to_string()),
                ("DIGEST", pushed.digest.to_string()),
                ("SIZE", output::human(i64::try_from(pushed.size).unwrap_or(i64::MAX))),
            ])
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

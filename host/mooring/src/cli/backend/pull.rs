//! `mooring backend pull`: a component from a registry, into a file.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mooring_source::{Digest, Key, Origin, Reference, SourceError, Trust, Verified};
use serde::Serialize;

use super::reach::ReachArgs;
use super::{Output, Refusal, answer};
use crate::cli::volume::output;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mooring backend pull oci://ghcr.io/vendor/backend:1.2.0 -o backend.wasm\n  \
    mooring backend pull ghcr.io/vendor/backend:1.2.0 -o backend.wasm --key /etc/cosign.pub")]
pub(crate) struct Pull {
    /// registry/repository:tag or …@sha256:…
    reference: Reference,
    /// Where the component goes.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    replace: bool,
    /// Only with a signature by this public key (the absolute path of a cosign.pub); may be repeated.
    #[arg(long, value_name = "FILE")]
    key: Vec<Key>,
    /// Say what was pulled as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// What was pulled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pulled {
    reference: String,
    file: PathBuf,
    /// Of the manifest: what a configuration pins and cosign signs.
    manifest: Option<Digest>,
    digest: Digest,
    size: usize,
    version: Option<String>,
    signed_by: Option<String>,
}

impl Pull {
    pub(super) async fn run(self) -> Result<ExitCode, Refusal> {
        if !self.replace && self.output.exists() {
            return Err(Refusal::Exists(format!("{} is there already", self.output.display())));
        }
        let fetcher = self.reach.fetcher(&[&self.reference])?;
        let shown = Shown::new(&format!("pulling {}", self.reference));
        let pulled = fetcher.component(&self.reference, &|done, total| shown.at(done, total)).await;
        shown.end(pulled.as_ref().ok().map(|candidate| candidate.bytes.len()));
        let trust = Trust { keys: self.key, allow_downgrade: true, ..Trust::default() };
        let verified = trust.verify("", pulled?, &fetcher).await?;
        let Verified { candidate, version, signed_by } = verified;
        write(&self.output, &candidate.bytes, self.replace)?;
        let manifest = match candidate.origin {
            Origin::Registry { manifest, .. } => Some(manifest),
            Origin::Embedded(_) | Origin::File(_) => None,
        };
        let pulled = Pulled {
            reference: self.reference.to_string(),
            file: self.output,
            manifest,
            digest: candidate.digest,
            size: candidate.bytes.len(),
            version: version.map(|version| version.to_string()),
            signed_by: signed_by.map(|key| key.to_string()),
        };
        let format = if self.json { Output::Json } else { Output::Table };
        answer(format, &pulled, || pulled.table())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Pulled {
    fn table(&self) -> String {
        output::properties([
            ("FILE", self.file.display().to_string()),
            ("MANIFEST", self.manifest.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("DIGEST", self.digest.to_string()),
            ("SIZE", output::human(i64::try_from(self.size).unwrap_or(i64::MAX))),
            ("VERSION", self.version.clone().unwrap_or_default()),
            ("SIGNED BY", self.signed_by.clone().unwrap_or_else(|| "not asked".to_owned())),
        ])
    }
}

/// Writes aside and renames: whoever watches the file sees it whole.
fn write(path: &Path, bytes: &[u8], replace: bool) -> Result<(), Refusal> {
    let told = |source| SourceError::Local { doing: "write", path: path.to_owned(), source };
    let dir = match path.parent() {
        Some(dir) if dir != Path::new("") => dir,
        _ => Path::new("."),
    };
    let mut aside = tempfile::Builder::new().prefix(".pull-").tempfile_in(dir).map_err(told)?;
    aside.write_all(bytes).and_then(|()| aside.as_file().sync_all()).map_err(told)?;
    // Readable to the controller, as a file that cp writes would be.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    aside.as_file().set_permissions(mode).map_err(told)?;
    let placed = match replace {
        true => aside.persist(path),
        false => aside.persist_noclobber(path),
    };
    placed.map_err(|error| told(error.error))?;
    Ok(())
}

/// A bar on terminals; elsewhere a line at the start and one at the end.
pub(super) struct Shown {
    what: String,
    bar: Option<ProgressBar>,
}

impl Shown {
    pub(super) fn new(what: &str) -> Self {
        let what = what.to_owned();
        if !std::io::stderr().is_terminal() {
            // A reader that went away does not stop the work.
            let _ = output::print_log(&what);
            return Self { what, bar: None };
        }
        let bar = ProgressBar::new(0).with_message(what.clone());
        let template = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { what, bar: Some(bar) }
    }

    /// So many bytes of so many are there.
    pub(super) fn at(&self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// Takes the bar away; with a size, it went well.
    pub(super) fn end(&self, size: Option<usize>) {
        match (&self.bar, size) {
            (Some(bar), _) => bar.finish_and_clear(),
            (None, Some(size)) => {
                let size = output::human(i64::try_from(size).unwrap_or(i64::MAX));
                let _ = output::print_log(&format!("{}: {size}", self.what));
            }
            (None, None) => {}
        }
    }
}

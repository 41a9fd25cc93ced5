//! Asks the host's own program whether a configuration is right, before the host reads it: an object that is wrong must
//! not keep the others' changes from being taken over.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::Command;

/// The program reads one file; beyond this it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// `mooring config check`.
#[derive(Debug, Clone)]
pub struct Check {
    /// `mooring`. None: nothing is checked, and the host's own word comes for all objects together.
    pub program: Option<PathBuf>,
    /// Where the file is written that the program reads.
    pub folder: PathBuf,
}

impl Check {
    /// What is wrong with a configuration, in the host's words; none where nothing is, or nobody can tell.
    ///
    /// # Errors
    /// When the program can't be asked.
    pub async fn problem(&self, text: &str) -> anyhow::Result<Option<String>> {
        let Some(program) = &self.program else { return Ok(None) };
        let file = tempfile::Builder::new().prefix(".mooring-check-").tempfile_in(&self.folder)?;
        tokio::fs::write(file.path(), text).await?;
        let asked = Command::new(program)
            .args(["config", "check"])
            .arg(file.path())
            .kill_on_drop(true)
            .output();
        let told = || format!("{} does not check configurations", program.display());
        let output =
            tokio::time::timeout(PATIENCE, asked).await.with_context(told)?.with_context(told)?;
        if output.status.success() {
            return Ok(None);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("mooring: ");
        // The file is gone by the time that somebody reads this.
        Ok(Some(said.replace(&format!("{} ", file.path().display()), "")))
    }
}

//! Where one behaviour plays: names and folders of its own, and the record of what it made.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mooring_proto::csi::v1 as csi;

use crate::driver::Driver;
use crate::finding::{At, Verdict};
use crate::kernel;
use crate::ledger::Made;
use crate::options::Options;

/// One behaviour's surroundings; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// The driver under test.
    pub(crate) driver: Driver,
    /// What the run was told.
    pub(crate) options: Arc<Options>,
    directory: PathBuf,
    prefix: String,
    made: Arc<Mutex<Vec<Made>>>,
}

impl Scene {
    /// Surroundings below a folder, whose names begin with `prefix`, which no other run has.
    pub(crate) fn new(
        driver: Driver,
        options: Arc<Options>,
        directory: &Path,
        prefix: String,
    ) -> Self {
        let directory = directory.join(&prefix);
        Self { driver, options, directory, prefix, made: Arc::default() }
    }

    /// A name that nothing else has.
    pub(crate) fn name(&self, label: &str) -> String {
        format!("{}-{label}", self.prefix)
    }

    /// An id that no driver has given.
    pub(crate) fn unknown(&self) -> String {
        self.name("does-not-exist")
    }

    /// A folder of this behaviour's own, made as an orchestrator makes it.
    pub(crate) fn folder(&self, path: &str) -> Verdict<PathBuf> {
        let mut folder = self.directory.clone();
        self.make(&folder)?;
        for part in Path::new(path).components() {
            folder.push(part);
            self.make(&folder)?;
        }
        Ok(folder)
    }

    fn make(&self, folder: &Path) -> Verdict {
        if !folder.exists() {
            std::fs::create_dir(folder).at(folder)?;
            self.record(Made::Directory(folder.to_owned()));
        }
        Ok(())
    }

    /// Remembers what was made, or is about to be.
    pub(crate) fn record(&self, made: Made) {
        let mut list = self.list();
        if !list.contains(&made) {
            list.push(made);
        }
    }

    /// What was recorded is gone.
    pub(crate) fn gone(&self, made: &Made) {
        self.list().retain(|it| it != made);
    }

    fn list(&self) -> MutexGuard<'_, Vec<Made>> {
        // A panic of a behaviour must not keep its volumes.
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back all that was made, the newest first; answers what could not be.
    pub(crate) async fn end(&self) -> Vec<String> {
        let mut problems = Vec::new();
        loop {
            let Some(made) = self.list().pop() else { break };
            if let Err(problem) = made.give_back(&self.driver).await {
                problems.push(problem);
            }
        }
        problems.extend(kernel::detach_below(&self.directory));
        problems
    }

    /// A request for an empty volume of the run's kind.
    pub(crate) fn request(&self, label: &str) -> csi::CreateVolumeRequest {
        self.request_as(label, self.options.capability())
    }

    /// A request for an empty volume with a use of its own.
    pub(crate) fn request_as(
        &self,
        label: &str,
        capability: csi::VolumeCapability,
    ) -> csi::CreateVolumeRequest {
        csi::CreateVolumeRequest {
            name: self.name(label),
            capacity_range: at_least(self.options.bytes()),
            volume_capabilities: vec![capability],
            parameters: self.options.parameters(),
            ..Default::default()
        }
    }
}

/// At least so many bytes.
pub(crate) fn at_least(bytes: i64) -> Option<csi::CapacityRange> {
    Some(csi::CapacityRange { required_bytes: bytes, limit_bytes: 0 })
}

//! What the array has, on disk: one JSON file, replaced as a whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::model::{Host, Job, Snapshot, Volume};

const FORMAT: u32 = 1;

/// All that the array remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contents {
    format: u32,
    /// 8 hexadecimal digits, which its serials begin with.
    pub(crate) array: String,
    /// The number of the next id.
    pub(crate) next: u32,
    pub(crate) volumes: BTreeMap<String, Volume>,
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
    pub(crate) hosts: BTreeMap<String, Host>,
    pub(crate) jobs: BTreeMap<String, Job>,
}

/// The folder, held for one server alone.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, and reads what is in it.
    ///
    /// # Errors
    /// Another server has it; the file cannot be read, or is missing while there are images.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Contents)> {
        fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
        let path = path.canonicalize()?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("lock"))
            .context("opening the lock")?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .with_context(|| format!("another server uses {}", path.display()))?;
        let folder = Self { path, _lock: lock };
        let contents = match fs::read(folder.file()) {
            Ok(text) => {
                let contents: Contents =
                    serde_json::from_slice(&text).context("reading array.json")?;
                ensure!(contents.format == FORMAT, "array.json is of format {}", contents.format);
                contents
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // To begin anew beside images would be to delete them.
                let images = fs::read_dir(folder.images()).map_or(0, Iterator::count);
                ensure!(images == 0, "array.json is missing and there are {images} images");
                Contents::new()
            }
            Err(error) => return Err(error).context("reading array.json"),
        };
        folder.write(&contents)?;
        Ok((folder, contents))
    }

    pub(crate) fn images(&self) -> PathBuf {
        self.path.join("images")
    }

    fn file(&self) -> PathBuf {
        self.path.join("array.json")
    }

    /// Replaces the file; it is on disk when this returns.
    pub(crate) fn write(&self, contents: &Contents) -> std::io::Result<()> {
        let aside = self.path.join(".array.json");
        let mut file = File::create(&aside)?;
        file.write_all(&serde_json::to_vec(contents)?)?;
        file.sync_all()?;
        fs::rename(aside, self.file())?;
        File::open(&self.path)?.sync_all()
    }
}

impl Contents {
    fn new() -> Self {
        Self {
            format: FORMAT,
            array: format!("{:08x}", fastrand::u32(..)),
            next: 1,
            volumes: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            hosts: BTreeMap::new(),
            jobs: BTreeMap::new(),
        }
    }

    /// A number that was never given before.
    pub(crate) fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }
}

mod clones;
mod copies;
mod crashes;
mod directories;
mod groups;
mod images;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mooring_volume::{Code, DriverName};

use crate::{DEFAULT_QUOTA, Item, PoolError, Scoped, Store};

const DRIVER: &str = "image.example.com";
const MIB: u64 = 1 << 20;

/// A store and a pool in real directories.
struct Bench {
    state: tempfile::TempDir,
    pool: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::in_dir(&std::env::temp_dir())
    }

    /// The pool in a directory of some file system.
    fn in_dir(dir: &std::path::Path) -> Self {
        let pool = tempfile::tempdir_in(dir).unwrap();
        Self { state: tempfile::tempdir().unwrap(), pool }
    }

    /// Starts the host's part, as after a reboot.
    fn start(&self) -> Arc<Scoped> {
        self.start_as(DRIVER)
    }

    fn start_as(&self, driver: &str) -> Arc<Scoped> {
        self.scoped(&Store::open(self.state.path()).unwrap(), driver)
    }

    fn scoped(&self, store: &Arc<Store>, driver: &str) -> Arc<Scoped> {
        let pools = BTreeMap::from([("default".to_owned(), self.pool.path().to_owned())]);
        store.scoped(&DriverName::new(driver).unwrap(), &pools, DEFAULT_QUOTA).unwrap()
    }

    fn image(&self, name: &str) -> PathBuf {
        self.pool.path().join(DRIVER).join("images").join(name)
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.pool.path().join(DRIVER).join("directories").join(name)
    }

    /// What lies in a folder of the driver.
    fn folder(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.pool.path().join(DRIVER).join(folder)) else {
            return Vec::new();
        };
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(name).map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// An image that is there, with bytes in it.
async fn with_data(host: &Scoped, name: &str, byte: u8) -> PathBuf {
    host.create_image("default", name, 4 * MIB).await.unwrap();
    let path = host.materialise("default", name).await.unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[byte; 8192], MIB).unwrap();
    file.sync_all().unwrap();
    path
}

async fn item(host: &Scoped, name: &str) -> Option<Item> {
    host.item("default", name).await.unwrap()
}

/// Waits until deleted files are gone.
async fn settle(host: &Scoped) {
    host.barrier().await.unwrap();
    host.store.deletions().await;
}

fn code<T: std::fmt::Debug>(result: mooring_volume::Result<T>) -> Code {
    result.unwrap_err().code
}

/// Ends a test's writer, also where the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

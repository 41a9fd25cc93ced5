//! Compiled code, kept from start to start.
//!
//! A file is named by the component's digest and the engine's compatibility, and holds
//! `MAC ‖ code`. The MAC (BLAKE3, keyed) covers the name as well, so that no file can stand in for
//! another. The key lies beside it, 0600, in a directory of 0700. A file is read into memory,
//! verified there, and only then taken for code. Whatever is wrong with the cache, the answer is
//! to compile: it never makes a load fail.

mod trusted;

use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::Component;

const KEY_FILE: &str = "key";
const MAC: usize = blake3::OUT_LEN;
/// Compiled components that are kept; the oldest go first.
const KEPT: usize = 32;

/// The place of compiled code.
pub(crate) struct CodeCache {
    /// None where nothing is kept.
    place: Option<Place>,
    compatibility: String,
    temporary: AtomicU64,
}

struct Place {
    dir: PathBuf,
    key: [u8; blake3::KEY_LEN],
}

impl CodeCache {
    pub(crate) fn open(engine: &wasmtime::Engine, dir: Option<PathBuf>) -> Self {
        let place = dir.and_then(|dir| match Place::open(&dir) {
            Ok(place) => Some(place),
            Err(error) => {
                let dir = dir.display();
                tracing::warn!(%dir, %error, "no compiled code is kept: components are compiled at each start");
                None
            }
        });
        let mut compatibility = Fingerprint::default();
        engine.precompile_compatibility_hash().hash(&mut compatibility);
        let compatibility = compatibility.0.finalize().to_hex().chars().take(16).collect();
        Self { place, compatibility, temporary: AtomicU64::new(0) }
    }

    /// The name that a component's code is kept under.
    pub(crate) fn name(&self, digest: &str) -> String {
        format!("{digest}-{}", self.compatibility)
    }

    /// The compiled component, where it was kept.
    pub(crate) fn find(&self, engine: &wasmtime::Engine, name: &str) -> Option<Component> {
        self.place.as_ref().and_then(|place| place.load(engine, name))
    }

    /// Keeps code that was compiled here.
    pub(crate) fn keep(&self, name: &str, code: &[u8]) {
        let Some(place) = &self.place else { return };
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = format!(".{}-{number}", std::process::id());
        if let Err(error) = place.keep(name, &temporary, code) {
            tracing::warn!(%name, %error, "compiled code could not be kept");
        }
    }

    /// Takes code that our own compiler has just made.
    ///
    /// # Errors
    /// It is of another version or other settings of the runtime.
    pub(crate) fn take(
        &self,
        engine: &wasmtime::Engine,
        code: &[u8],
    ) -> wasmtime::Result<Component> {
        trusted::component(engine, code)
    }
}

impl Place {
    fn open(dir: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let metadata = fs::symlink_metadata(dir)?;
        let own = metadata.uid() == rustix::process::geteuid().as_raw();
        if !metadata.is_dir() || !own || metadata.mode() & 0o077 != 0 {
            return Err(io::Error::other(
                "the directory must belong to this user and have mode 0700",
            ));
        }
        Ok(Self { dir: dir.to_owned(), key: key(dir)? })
    }

    fn load(&self, engine: &wasmtime::Engine, name: &str) -> Option<Component> {
        let file = fs::read(self.dir.join(name)).ok()?;
        let found = file
            .split_at_checked(MAC)
            .filter(|(mac, code)| self.mac(name, code) == **mac)
            .and_then(|(_, code)| trusted::component(engine, code).ok());
        if found.is_none() {
            tracing::warn!(%name, "kept code is damaged or not ours: the component is compiled anew");
        }
        found
    }

    fn keep(&self, name: &str, temporary: &str, code: &[u8]) -> io::Result<()> {
        let temporary = self.dir.join(temporary);
        let written = write_new(&temporary, self.mac(name, code).as_slice(), code)
            .and_then(|()| fs::rename(&temporary, self.dir.join(name)));
        if written.is_err() {
            // What is left is of no use to anyone, and may not be there at all.
            let _ = fs::remove_file(&temporary);
        }
        written.and_then(|()| self.forget_the_oldest())
    }

    fn forget_the_oldest(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name() != KEY_FILE {
                files.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        files.sort();
        let too_many = files.len().saturating_sub(KEPT);
        files.iter().take(too_many).try_for_each(|(_, path)| fs::remove_file(path))
    }

    /// Comparing what this returns takes the same time whatever differs.
    fn mac(&self, name: &str, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(code);
        hasher.finalize()
    }
}

/// Reads the key, or makes one.
fn key(dir: &Path) -> io::Result<[u8; blake3::KEY_LEN]> {
    let path = dir.join(KEY_FILE);
    match read_key(&path) {
        Ok(key) => Ok(key),
        // A key that is gone or cut short verifies nothing; what it once signed is compiled anew.
        Err(_) => {
            let mut key = [0; blake3::KEY_LEN];
            fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
            let temporary = dir.join(format!(".key-{}", std::process::id()));
            // Of a process that was killed here.
            let _ = fs::remove_file(&temporary);
            write_new(&temporary, &key, &[])?;
            fs::rename(&temporary, &path)?;
            Ok(key)
        }
    }
}

fn read_key(path: &Path) -> io::Result<[u8; blake3::KEY_LEN]> {
    if fs::symlink_metadata(path)?.mode() & 0o077 != 0 {
        return Err(io::Error::other("others may read the key"));
    }
    let bytes = fs::read(path)?;
    bytes.try_into().map_err(|_| io::Error::other("the key has not its length"))
}

fn write_new(path: &Path, head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(head)?;
    file.write_all(body)
}

/// A hasher that is the same in every build of this program, unlike the standard library's.
#[derive(Default)]
struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        hash.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests;

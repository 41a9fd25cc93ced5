//! The folder that the host's processes read: the file that they follow, and beside it what the objects said last, from
//! which the file is made anew where no API server answers.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::merge::Entries;

/// What an object said when the host's check found nothing wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The object's.
    pub generation: i64,
    /// Of `drivers`.
    pub entry: Value,
}

/// By the objects' names.
pub type AllKept = BTreeMap<String, Kept>;

/// The file, and what is beside it.
#[derive(Debug, Clone)]
pub struct Live {
    file: PathBuf,
}

impl Live {
    /// The file that the host follows.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Its folder, which must be there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Writes it, if it is another one. Answers whether it was.
    ///
    /// # Errors
    /// The kernel's, with the path.
    pub fn write(&self, text: &str) -> anyhow::Result<bool> {
        replace(&self.file, text)
    }

    /// What the objects said; nothing where nothing was kept yet, or what was kept is damaged: the API says it again.
    #[must_use]
    pub fn kept(&self) -> AllKept {
        let Ok(text) = std::fs::read_to_string(self.memory()) else { return AllKept::new() };
        serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(file = %self.memory().display(), %error, "what the objects said last cannot be read");
            AllKept::new()
        })
    }

    /// Keeps what the objects say.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn keep(&self, kept: &AllKept) -> anyhow::Result<bool> {
        replace(&self.memory(), &serde_json::to_string_pretty(kept)?)
    }

    fn memory(&self) -> PathBuf {
        self.file.with_extension("objects.json")
    }
}

/// The entries of what was kept.
#[must_use]
pub fn entries(kept: &AllKept) -> Entries {
    kept.iter().map(|(name, kept)| (name.clone(), kept.entry.clone())).collect()
}

/// As the host tells which text it follows.
#[must_use]
pub fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A new file in the old one's place, in one step and on disk: whoever reads it reads one or the other.
fn replace(path: &Path, text: &str) -> anyhow::Result<bool> {
    if std::fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(false);
    }
    let told = || format!("cannot write {}", path.display());
    let folder =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".mooring-")
        // The host's processes are other users.
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .with_context(told)?;
    // Whatever the umask.
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).with_context(told)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(told)?;
    file.persist(path).map_err(|error| error.error).with_context(told)?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(told)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_replaced_only_by_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let live = Live::new(folder.path().join("mooring.yaml"));
        assert!(live.write("a").unwrap());
        let inode = |live: &Live| std::fs::metadata(&live.file).unwrap().ino();
        let first = inode(&live);
        assert!(!live.write("a").unwrap());
        assert_eq!(inode(&live), first);
        assert!(live.write("b").unwrap());
        assert_ne!(inode(&live), first);
        assert_eq!(std::fs::metadata(&live.file).unwrap().mode() & 0o777, 0o644);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn what_was_kept_is_had_back_and_damage_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let live = Live::new(folder.path().join("mooring.yaml"));
        assert_eq!(live.kept(), AllKept::new());
        let kept = Kept { generation: 3, entry: json!({"name": "a.example"}) };
        let kept = AllKept::from([("a.example".to_owned(), kept)]);
        live.keep(&kept).unwrap();
        assert_eq!(live.kept(), kept);
        std::fs::write(live.memory(), "{").unwrap();
        assert_eq!(live.kept(), AllKept::new());
    }

    #[test]
    fn a_digest_is_what_sha256sum_says() {
        // printf abc | sha256sum
        let known = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest("abc"), known);
    }
}

//! Where directories that the operator named really are, found so that storage that does not answer keeps
//! nobody waiting: a pool's path is looked up for every volume that is mounted, whichever pool that lies in.
//!
//! Mostly the kernel knows it without asking anybody (RESOLVE_CACHED, openat2(2), Linux 5.12). Else one thread
//! a path asks the storage, and may wait.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2, readlink};

use super::errno::io_failed;
use super::path::proc_path;
use crate::os::{Error, Kind, Result};

/// How long an answer may take. Where it is late, the path counts as silent until it comes.
const PATIENCE: Duration = Duration::from_secs(1);

const RESOLVING: &str = "resolving directory";

type Ask = fn(&Path) -> io::Result<PathBuf>;

/// The paths that are waited for, each by a thread.
#[derive(Debug, Default)]
pub(super) struct Roots(Mutex<BTreeMap<PathBuf, Waiting>>);

#[derive(Debug)]
struct Waiting {
    answer: Receiver<io::Result<PathBuf>>,
    until: Instant,
}

impl Roots {
    /// A directory's path without links.
    ///
    /// # Errors
    /// What looking it up answers; [`Kind::Io`] where nothing does.
    pub(super) fn real(&self, path: &Path) -> Result<PathBuf> {
        match known(path) {
            Some(real) => Ok(real),
            None => self.asked(path, |path| std::fs::canonicalize(path)),
        }
    }

    fn asked(&self, path: &Path, ask: Ask) -> Result<PathBuf> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What came late is of then.
        if waiting.get(path).is_some_and(|one| one.answer.try_recv().is_ok()) {
            waiting.remove(path);
        }
        let silent = |why: &str| Error::new(Kind::Io, RESOLVING, path.display(), why);
        let one = match waiting.remove(path) {
            Some(one) => one,
            None => {
                begin(path, ask).map_err(|error| io_failed(&error, RESOLVING, path.display()))?
            }
        };
        match one.answer.recv_timeout(one.until.saturating_duration_since(Instant::now())) {
            Ok(answer) => answer.map_err(|error| io_failed(&error, RESOLVING, path.display())),
            Err(RecvTimeoutError::Timeout) => {
                waiting.insert(path.to_owned(), one);
                Err(silent("its storage does not answer"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(silent("looking it up was cut short")),
        }
    }
}

fn begin(path: &Path, ask: Ask) -> io::Result<Waiting> {
    let (tell, answer) = channel();
    let path = path.to_owned();
    let asking = std::thread::Builder::new().name("real-path".into());
    // Whoever asked may be gone.
    asking.spawn(move || drop(tell.send(ask(&path))))?;
    Ok(Waiting { answer, until: Instant::now() + PATIENCE })
}

/// What the kernel knows of a path; none where it does not know all of it, or does not say what it knows.
fn known(path: &Path) -> Option<PathBuf> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let found = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED).ok()?;
    let real = readlink(proc_path(&found), Vec::new()).ok()?.into_string().ok()?;
    // Removed meanwhile, or outside of what this process sees: whatever it is, looking it up says it.
    (real.starts_with('/') && !real.ends_with(" (deleted)")).then(|| real.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_thread_waits_for_a_path_that_is_silent_and_no_other_path() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        fn ask(path: &Path) -> io::Result<PathBuf> {
            if path == Path::new("/hung") {
                ASKED.fetch_add(1, Ordering::SeqCst);
                // For ever: nobody wakes it.
                loop {
                    std::thread::park();
                }
            }
            Ok(path.join("real"))
        }
        let roots = Roots::default();
        for _ in 0..5 {
            assert_eq!(roots.asked(Path::new("/hung"), ask).unwrap_err().kind, Kind::Io);
            let other = roots.asked(Path::new("/other"), ask).unwrap();
            assert_eq!(other, Path::new("/other/real"));
        }
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn links_are_followed_whether_the_kernel_knows_the_path_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().join("link");
        symlink(&real, &link).unwrap();
        let roots = Roots::default();
        assert_eq!(roots.real(&link).unwrap(), real);
        assert_eq!(roots.asked(&link, |path| std::fs::canonicalize(path)).unwrap(), real);
        if let Some(known) = known(&link) {
            assert_eq!(known, real);
        }
        let absent = roots.real(&folder.path().join("absent")).unwrap_err();
        assert_eq!(absent.kind, Kind::NotFound);
    }
}

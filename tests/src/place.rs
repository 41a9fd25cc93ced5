//! Where a test happens: a folder and a mount namespace of its own, both gone afterwards.
//!
//! In the namespace everything is read-only but the folder and what the kernel serves (/dev,
//! /proc, /sys): a program that goes astray meets EROFS, and its test fails, instead of writing to
//! the machine. Mounts of tests that run at the same time are not seen, so the whole mount table
//! belongs to the test.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::kernel;

/// The variable that lets the tests that need root be skipped.
const UNPRIVILEGED: &str = "MOORING_TESTS_UNPRIVILEGED";

/// How long one case may take before it counts as hung.
const CASE: Duration = Duration::from_secs(150);

/// How many cases of a sweep run at once: they mostly wait for the disk and for processes.
const AT_ONCE: usize = 4;

/// The folder of one case.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
}

/// Runs one test as root in a place of its own.
///
/// # Panics
/// With the test's own panic; when not root (unless `MOORING_TESTS_UNPRIVILEGED=1`, which skips
/// loudly); when the test leaves a mount, loop device or process behind.
pub fn case<F>(test: F)
where
    F: AsyncFnOnce(&Place) + Send + 'static,
{
    case_within(CASE, test);
}

/// As [`case`], for what takes longer than a case may.
///
/// # Panics
/// As [`case`].
pub fn case_within<F>(limit: Duration, test: F)
where
    F: AsyncFnOnce(&Place) + Send + 'static,
{
    if geteuid().is_root() {
        let name = std::thread::current().name().unwrap_or("case").to_owned();
        if let Err(panic) = in_a_place_of_its_own(name, limit, test) {
            resume_unwind(panic);
        }
        return;
    }
    assert!(
        std::env::var(UNPRIVILEGED).is_ok_and(|value| value == "1"),
        "this test mounts file systems and needs root; run it as root, or set {UNPRIVILEGED}=1 \
         to skip what needs it"
    );
    eprintln!("SKIPPED, not proven: this test needs root and {UNPRIVILEGED}=1 is set");
}

/// Runs one case for each item, a few at a time, each in a place of its own, and then fails with
/// all that failed.
///
/// # Panics
/// As [`case`], naming the items.
pub fn sweep<T, F>(items: Vec<T>, test: F)
where
    T: std::fmt::Debug + Clone + Send + 'static,
    F: AsyncFn(&Place, T) + Clone + Send + Sync + 'static,
{
    let queue = Mutex::new(items.into_iter());
    let failed = Mutex::new(Vec::new());
    let sweeper = std::thread::current().name().unwrap_or("sweep").to_owned();
    let worker = || {
        while let Some(item) = { queue.lock().unwrap().next() } {
            let test = test.clone();
            let label = format!("{sweeper} {item:?}");
            let one = std::thread::Builder::new().name(label.clone());
            let case = move || case(async move |place: &Place| test(place, item).await);
            if one.spawn(case).unwrap().join().is_err() {
                failed.lock().unwrap().push(label);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(worker);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} cases failed (their messages are above): {failed:#?}",
        failed.len()
    );
}

fn in_a_place_of_its_own<F>(name: String, limit: Duration, test: F) -> std::thread::Result<()>
where
    F: AsyncFnOnce(&Place) + Send + 'static,
{
    // Outside of the namespace: the mounts below are never seen here, so that removing the folder
    // can't reach into them.
    let folder = tempfile::Builder::new().prefix("mooring-").tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    // The controller process, of another user, has to get at its sockets and its pool.
    std::fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run = move || {
        let place = Place::enter(root);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async {
                let hung = tokio::time::timeout(limit, test(&place)).await;
                assert!(hung.is_ok(), "the case did not end within {limit:?}");
            });
        }));
        drop(runtime);
        let left = place.clear();
        match outcome {
            Err(panic) => resume_unwind(panic),
            Ok(()) => assert!(left.is_empty(), "left behind: {left:#?}"),
        }
    };
    let outcome = std::thread::Builder::new().name(name).spawn(run).unwrap().join();
    drop(folder);
    outcome
}

impl Place {
    /// Moves the calling thread, and what it starts from here on, to a namespace in which `root`
    /// alone may be written.
    ///
    /// # Panics
    /// When not root.
    #[must_use]
    pub fn enter(root: PathBuf) -> Self {
        let none: Option<&str> = None;
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        // Copies of other tests' mounts would keep their devices busy.
        let others = std::env::temp_dir().canonicalize().unwrap();
        for other in kernel::mounts_below(&others).iter().rev() {
            let _ = umount2(&other.point, MntFlags::MNT_DETACH);
        }
        mount(Some(&root), &root, none, MsFlags::MS_BIND, none).unwrap();
        mount(none, &root, none, MsFlags::MS_PRIVATE, none).unwrap();
        let readonly = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        mount(none, "/", none, readonly, none).unwrap();
        Self { root }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the folder.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// A new directory below the folder, with its parents.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn directory(&self, below: &str) -> PathBuf {
        let path = self.path(below);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Kills, unmounts and unbinds whatever of this place is left, and says what that was.
    #[must_use]
    pub fn clear(&self) -> Vec<String> {
        let mut left = Vec::new();
        // Whoever was just killed is given the time to die before it is told of.
        let until = Instant::now() + crate::PATIENCE;
        let mut told = std::collections::BTreeSet::new();
        loop {
            let alive = self.processes();
            for process in &alive {
                if told.insert(process.pid) {
                    left.push(format!("process {}: {}", process.pid, process.command));
                }
                if let Ok(pid) = i32::try_from(process.pid) {
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
            }
            // A dying process has no command line any more, and is not gone yet.
            let dying = told.iter().any(|pid| kernel::runs(*pid));
            if (alive.is_empty() && !dying) || Instant::now() > until {
                break;
            }
            std::thread::park_timeout(crate::LOOK);
        }
        // Seen before a mount goes: their files' paths go with it.
        let devices = kernel::loops_below(&self.root);
        for mount in kernel::mounts_below(&self.root).iter().rev() {
            left.push(format!("mount {}", mount.point.display()));
            if umount2(&mount.point, MntFlags::UMOUNT_NOFOLLOW).is_err() {
                let _ = umount2(&mount.point, MntFlags::MNT_DETACH);
            }
        }
        for device in devices.iter().filter(|device| kernel::is_bound(device)) {
            left.push(format!("{} on {}", device.name, device.backing));
            kernel::detach(device);
        }
        left
    }

    /// The processes that were started with a path of this place.
    #[must_use]
    pub fn processes(&self) -> Vec<kernel::Process> {
        let own = std::process::id();
        let root = self.root.to_string_lossy().into_owned();
        let all = kernel::processes().into_iter();
        all.filter(|it| it.pid != own && it.state != 'Z' && it.command.contains(&root)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_can_be_written() {
        case(async |place| {
            std::fs::write(place.path("here"), "x").unwrap();
            let elsewhere = place.root().with_extension("elsewhere");
            let error = std::fs::write(&elsewhere, "x").unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
        });
    }

    #[expect(clippy::zombie_processes, reason = "what it leaves behind is the test")]
    #[test]
    fn what_a_case_leaves_behind_fails_it_and_is_gone() {
        if !geteuid().is_root() {
            return case(async |_| {});
        }
        let (send, receive) = std::sync::mpsc::channel();
        let outcome = in_a_place_of_its_own("untidy".into(), CASE, async move |place| {
            let mut sleeper = std::process::Command::new("tail");
            let log = place.path("log");
            std::fs::write(&log, "").unwrap();
            let child = sleeper.args(["-f"]).arg(&log).spawn().unwrap();
            // A process is there before its command line is.
            crate::eventually("tail has its command line", async || {
                kernel::process(child.id()).filter(|it| it.command.contains("tail -f"))
            })
            .await;
            send.send((place.root().to_owned(), child.id())).unwrap();
            let mounted = place.directory("mounted");
            let none: Option<&str> = None;
            mount(Some("tmpfs"), &mounted, Some("tmpfs"), MsFlags::empty(), none).unwrap();
        });
        let panic = outcome.unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains("tail -f") && message.contains("mounted"), "{message}");
        let (root, pid) = receive.recv().unwrap();
        assert!(!root.exists() && !kernel::runs(pid));
    }
}

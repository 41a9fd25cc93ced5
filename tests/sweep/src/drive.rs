//! The sweep itself: workers, what each is told next, and what came of it.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::orders::{Answer, Order};

/// A worker's process and folder.
pub(crate) struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Removed when the worker, whose place it is, has ended.
    _root: tempfile::TempDir,
}

impl Worker {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(program: &Path) -> anyhow::Result<Self> {
        let root = tempfile::Builder::new().prefix("mooring-sweep-").tempdir()?;
        // The controller, of another user, has to get at its folders.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(root.path(), open)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("worker")
            .arg(root.path().canonicalize()?)
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a worker")?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the worker's output")?);
        Ok(Self { child, orders, answers, _root: root })
    }

    /// Has a life lived.
    ///
    /// # Errors
    /// When the worker has ended instead.
    pub(crate) fn live(&mut self, order: &Order) -> anyhow::Result<Answer> {
        let orders = self.orders.as_mut().context("it is ending")?;
        writeln!(orders, "{}", serde_json::to_string(order)?)?;
        orders.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).context("the worker has ended")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input lets it clean up and end.
        self.orders = None;
        let _ = self.child.wait();
    }
}

/// Has all orders carried out by `workers` at once; each answer goes out as it comes, with the number
/// of its order.
///
/// # Errors
/// When no worker can be started.
pub(crate) fn all(
    orders: Vec<Order>,
    program: &Path,
    workers: usize,
    out: &Sender<(usize, Answer)>,
) -> anyhow::Result<()> {
    let stopped = stopped()?;
    let queue: Mutex<VecDeque<_>> = Mutex::new(orders.into_iter().enumerate().collect());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> anyhow::Result<()> {
        let program: PathBuf = program.to_owned();
        let mut worker = Worker::start(&program)?;
        while let Some((number, order)) = next().filter(|_| !stopped.load(Ordering::Relaxed)) {
            let answer = match worker.live(&order) {
                Ok(answer) => answer,
                Err(error) => {
                    worker = Worker::start(&program)?;
                    Answer { finding: Some(format!("{error:#}")), ..Answer::default() }
                }
            };
            if out.send((number, answer)).is_err() {
                break;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a worker's thread failed"))??;
        }
        Ok(())
    })
}

/// Becomes true when someone wants the sweep to end: lives that are being lived go on to their end, and
/// what was found until then is told.
fn stopped() -> anyhow::Result<Arc<AtomicBool>> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            tokio::select! { _ = terminate.recv() => {}, _ = tokio::signal::ctrl_c() => {} }
            flag.store(true, Ordering::Relaxed);
        });
    })?;
    Ok(stopped)
}

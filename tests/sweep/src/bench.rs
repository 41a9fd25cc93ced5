//! A worker's own machine: a place that nobody else sees, in memory, and in it a controller and, where
//! nodes are swept, a node, both under trace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use mooring_proto::csi::v1::ProbeRequest;
use mooring_tests::config::{IMAGE, Paths};
use mooring_tests::{Clients, Place, Settings, kernel};
use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use crate::patience::{LOOK, within};
use crate::trace::Traced;

/// The processes of one worker and where they live.
pub(crate) struct Bench {
    /// Where everything lies.
    pub(crate) paths: Paths,
    place: Place,
    program: PathBuf,
    /// The unprivileged one.
    pub(crate) controller: Option<Traced>,
    /// The one with privilege.
    pub(crate) node: Option<Traced>,
    /// Files that the node holds open when it has just started.
    descriptors: usize,
}

impl Bench {
    /// Moves the calling thread into a place below `root`, which is in memory: a kill loses nothing of
    /// it, and syncing costs nothing.
    ///
    /// # Errors
    /// When not root.
    pub(crate) fn enter(root: PathBuf, program: PathBuf) -> anyhow::Result<Self> {
        let place = Place::enter(root.clone());
        let none: Option<&str> = None;
        mount(Some("tmpfs"), &root, Some("tmpfs"), MsFlags::empty(), Some("mode=755,size=2g"))
            .context("a file system in memory")?;
        mount(none, &root, none, MsFlags::MS_PRIVATE, none).context("keeping it private")?;
        let paths = Paths::of(&place);
        std::fs::create_dir_all(&paths.targets)?;
        std::fs::write(&paths.config, Settings::default().yaml(&paths))?;
        Ok(Self { paths, place, program, controller: None, node: None, descriptors: 0 })
    }

    fn spawn(&self, command: &str) -> anyhow::Result<Traced> {
        let arguments =
            [command.to_owned(), "--config".into(), self.paths.config.display().to_string()];
        Traced::start(&self.program, &arguments, &self.paths.log)
    }

    /// Starts the controller and waits until it serves.
    ///
    /// # Errors
    /// When it does not; with how it ended.
    pub(crate) async fn start_controller(&mut self) -> anyhow::Result<()> {
        let started = self.spawn("controller")?;
        let socket = self.paths.controller_socket(IMAGE);
        serves(&started, &socket).await.context("the controller")?;
        self.controller = Some(started);
        Ok(())
    }

    /// Starts the node and waits until it serves.
    ///
    /// # Errors
    /// When it does not; with how it ended.
    pub(crate) async fn start_node(&mut self) -> anyhow::Result<()> {
        let started = self.spawn("node")?;
        serves(&started, &self.paths.socket(IMAGE)).await.context("the node")?;
        self.node = Some(started);
        self.descriptors = self.descriptors_now();
        Ok(())
    }

    /// Files that the node has gained since it started; sockets come and go with callers.
    pub(crate) fn descriptors_gained(&self) -> usize {
        self.descriptors_now().saturating_sub(self.descriptors)
    }

    fn descriptors_now(&self) -> usize {
        let files = self.node_pid().map(kernel::open_files).unwrap_or_default();
        files.iter().filter(|it| !it.to_string_lossy().starts_with("socket:")).count()
    }

    /// The node's process id, while it runs.
    pub(crate) fn node_pid(&self) -> Option<u32> {
        let node = self.node.as_ref().filter(|it| it.ended().is_none())?;
        node.pid().and_then(|pid| u32::try_from(pid.as_raw()).ok())
    }

    /// A connection to the node, which answers every service, or to the controller where none runs.
    ///
    /// # Errors
    /// When nothing listens.
    pub(crate) async fn connect(&self) -> anyhow::Result<Clients> {
        let socket = match self.node {
            Some(_) => self.paths.socket(IMAGE),
            None => self.paths.controller_socket(IMAGE),
        };
        Ok(Clients::connect(&socket).await?)
    }

    /// What the processes wrote.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(&self.paths.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Begins an empty log.
    pub(crate) fn forget_log(&self) {
        // It is appended to, so that it can be cut while it is open.
        let _ = std::fs::OpenOptions::new().write(true).truncate(true).open(&self.paths.log);
    }

    /// Ends everything, and says what was left of it that the processes did not clean up themselves.
    pub(crate) fn clear(&mut self) -> Vec<String> {
        for process in [self.node.take(), self.controller.take()].into_iter().flatten() {
            process.signal(Signal::SIGKILL);
            process.wait();
        }
        let left = self.place.clear();
        let paths = &self.paths;
        for directory in [&paths.node_state(), &paths.pool(), &paths.targets, &paths.sockets] {
            let _ = std::fs::remove_dir_all(directory);
        }
        // All but what was compiled, which takes longer than a life.
        for entry in std::fs::read_dir(paths.controller_state()).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_file() {
                let _ = std::fs::remove_file(path);
            } else if !path.ends_with("code") {
                let _ = std::fs::remove_dir_all(path);
            }
        }
        let _ = std::fs::create_dir_all(&self.paths.targets);
        self.forget_log();
        left
    }

    /// Everything below the place that is mounted, bound or running, but for the two processes.
    pub(crate) fn mounts(&self) -> Vec<kernel::Mount> {
        kernel::mounts_below(self.place.root())
    }

    /// Loop devices over files of the place.
    pub(crate) fn loops(&self) -> Vec<kernel::Loop> {
        kernel::loops_below(self.place.root())
    }
}

/// Waits until a socket answers Probe with `ready`.
async fn serves(process: &Traced, socket: &Path) -> anyhow::Result<()> {
    within("its start", async {
        loop {
            if let Some(how) = process.ended() {
                bail!("{how} before it served");
            }
            if let Ok(mut clients) = Clients::connect(socket).await
                && let Ok(answer) = clients.identity.probe(ProbeRequest {}).await
                && answer.into_inner().ready.unwrap_or(true)
            {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    })
    .await?
}

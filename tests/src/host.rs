//! The program as processes: started, found, killed and started again.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use mooring_proto::csi::v1::{GetPluginInfoRequest, ProbeRequest};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::config::{DIRECTORY, IMAGE, Paths, Settings};
use crate::pool::Pool;
use crate::{Clients, PATIENCE, Place, eventually, kernel};

/// How long one look at a host may take before there is another.
const ONE_LOOK: Duration = Duration::from_millis(500);

/// The program under test.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn program() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/mooring");
    let path = std::env::var_os("MOORING_PROGRAM").map_or(built, PathBuf::from);
    path.canonicalize().unwrap_or_else(|error| {
        panic!(
            "the program {} is not there ({error}); run `make build`, or set MOORING_PROGRAM",
            path.display()
        )
    })
}

/// Which process a test kills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The unprivileged child of `mooring serve`.
    Controller,
    /// `mooring serve` itself, which is the node.
    Node,
}

/// The processes of one host.
#[derive(Debug)]
pub struct Host {
    /// Where everything of it lies.
    pub paths: Paths,
    settings: Settings,
    /// Subcommand and process; `serve` alone, or `controller` and `node`.
    processes: Vec<(&'static str, Child)>,
    /// The pool's own file system, where it has one.
    #[expect(dead_code, reason = "held until the processes are gone")]
    pool: Option<Pool>,
}

impl Host {
    /// Runs `mooring serve` and waits until every driver is ready.
    pub async fn serve(place: &Place, settings: Settings) -> Self {
        Self::start(place, settings, &["serve"]).await
    }

    /// Runs `mooring controller` and `mooring node` and waits until every driver is ready.
    pub async fn apart(place: &Place, settings: Settings) -> Self {
        Self::start(place, settings, &["controller", "node"]).await
    }

    async fn start(place: &Place, settings: Settings, commands: &[&'static str]) -> Self {
        let paths = Paths::of(place);
        std::fs::create_dir_all(&paths.targets).unwrap();
        std::fs::write(&paths.config, settings.yaml(&paths)).unwrap();
        let pool = Pool::mount(place, &paths, settings.pool);
        let mut host = Self { paths, settings, processes: vec![], pool };
        for command in commands {
            host.spawn(command);
        }
        host.ready().await;
        host
    }

    fn spawn(&mut self, command: &'static str) {
        let log = OpenOptions::new().create(true).append(true).open(&self.paths.log).unwrap();
        let child = Command::new(self.settings.program.clone().unwrap_or_else(program))
            .arg(command)
            .arg("--config")
            .arg(&self.paths.config)
            .env("MOORING_LOG", self.settings.log)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.processes.push((command, child));
    }

    /// The names of its drivers.
    #[must_use]
    pub fn drivers(&self) -> &'static [&'static str] {
        if self.settings.directory { &[IMAGE, DIRECTORY] } else { &[IMAGE] }
    }

    /// Waits until every driver answers Probe with `ready` on its public socket, and on its own
    /// where the controller runs apart.
    ///
    /// # Panics
    /// When a process ended instead, or it took too long.
    pub async fn ready(&mut self) {
        for driver in self.drivers() {
            for socket in [self.paths.socket(driver), self.paths.controller_socket(driver)] {
                self.answers(&socket).await;
            }
        }
    }

    async fn answers(&mut self, socket: &Path) {
        let what = format!("{} answers Probe; log:\n{}", socket.display(), self.log());
        eventually(&what, async || {
            for (command, child) in &mut self.processes {
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("mooring {command} ended with {status}:\n{}", read(&self.paths.log));
                }
            }
            is_ready(socket).await.then_some(())
        })
        .await;
    }

    /// A new connection to a driver's public socket.
    ///
    /// # Panics
    /// When nothing listens.
    pub async fn connect(&self, driver: &str) -> Clients {
        Clients::connect(&self.paths.socket(driver)).await.unwrap()
    }

    /// What the processes wrote to standard error, since the first start.
    #[must_use]
    pub fn log(&self) -> String {
        read(&self.paths.log)
    }

    /// The process that has privilege: `serve`, or `node`.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    pub fn node_pid(&self) -> u32 {
        let (_, child) = self.processes.last().expect("started");
        child.id().expect("not ended")
    }

    /// The process that runs components.
    pub async fn controller_pid(&self) -> u32 {
        let (command, first) = self.processes.first().expect("started");
        let pid = first.id().expect("not ended");
        if *command == "controller" {
            return pid;
        }
        eventually("serve has a controller child", async || controller_child(pid)).await
    }

    /// Kills a process with SIGKILL and waits until the host serves again: a controller is started
    /// anew by `serve`; `serve` is started by the test, after its old controller is gone.
    ///
    /// # Panics
    /// When the old controller outlives `serve`, or nothing serves again.
    pub async fn kill_and_recover(&mut self, victim: Victim) {
        let controller = self.controller_pid().await;
        match victim {
            Victim::Controller => {
                signal(controller, Signal::SIGKILL);
                gone(controller, "the killed controller").await;
                eventually("serve starts another controller", async || {
                    controller_child(self.node_pid()).filter(|pid| *pid != controller)
                })
                .await;
            }
            Victim::Node => {
                self.kill_node().await;
                self.spawn("serve");
            }
        }
        self.ready().await;
    }

    /// Kills `serve` with SIGKILL and waits until its controller is gone, too.
    ///
    /// # Panics
    /// When the controller outlives it.
    pub async fn kill_node(&mut self) {
        let controller = self.controller_pid().await;
        let (_, mut serve) = self.processes.pop().expect("serve");
        serve.kill().await.unwrap();
        gone(controller, "the controller of the killed serve").await;
    }

    /// Sends `serve` a signal and waits until it runs nothing any more, though storage that hangs may
    /// keep threads of it in the kernel; answers what is left of it.
    ///
    /// # Panics
    /// When its first thread does not end.
    pub async fn abandon(&mut self, how: Signal) -> Child {
        let (_, serve) = self.processes.pop().expect("serve");
        let pid = serve.id().expect("runs");
        signal(pid, how);
        eventually("serve runs nothing any more", async || (!kernel::runs(pid)).then_some(()))
            .await;
        serve
    }

    /// Starts `serve` again after it was stopped or killed.
    pub async fn serve_again(&mut self) {
        self.spawn("serve");
        self.ready().await;
    }

    /// As [`Self::serve_again`], beside storage that fails: waits until these drivers say their names, and
    /// not until they are ready.
    ///
    /// # Panics
    /// When they do not.
    pub async fn serve_again_unready(&mut self, drivers: &[&str]) {
        self.spawn("serve");
        for driver in drivers {
            let socket = self.paths.socket(driver);
            let named = async || {
                let mut clients = Clients::connect(&socket).await.ok()?;
                clients.identity.get_plugin_info(GetPluginInfoRequest {}).await.ok()
            };
            eventually("a driver says its name", async || look(named()).await).await;
        }
    }

    /// Stops the controller of two processes that run apart.
    ///
    /// # Panics
    /// When it does not end well.
    pub async fn stop_controller(&mut self) {
        let (command, controller) = self.processes.remove(0);
        assert_eq!(command, "controller");
        let status = end(controller, Signal::SIGTERM).await;
        assert!(status.success(), "mooring controller ended with {status}:\n{}", self.log());
    }

    /// Starts the controller again after [`Self::stop_controller`].
    pub async fn controller_again(&mut self) {
        self.spawn("controller");
        self.processes.rotate_right(1);
        self.ready().await;
    }

    /// Asks every process to end with SIGTERM, the node first, and waits.
    ///
    /// # Panics
    /// When one does not end in time or says that it failed, or a controller outlives `serve`.
    pub async fn stop(&mut self) {
        self.stop_by(Signal::SIGTERM).await;
    }

    /// As [`Self::stop`], by another signal.
    ///
    /// # Panics
    /// As [`Self::stop`].
    pub async fn stop_by(&mut self, how: Signal) {
        let controller = self.controller_pid().await;
        while let Some((command, child)) = self.processes.pop() {
            let status = end(child, how).await;
            assert!(status.success(), "mooring {command} ended with {status}:\n{}", self.log());
        }
        gone(controller, "the controller").await;
    }

    /// The files that the processes hold open and that keep a volume's storage busy: devices, the
    /// pool, staging and target paths.
    pub async fn volumes_held_open(&self) -> Vec<PathBuf> {
        let mut held = Vec::new();
        for pid in [self.node_pid(), self.controller_pid().await] {
            held.extend(kernel::open_files(pid).into_iter().filter(|path| {
                let text = path.to_string_lossy();
                text.starts_with("/dev/loop") && text != "/dev/loop-control"
                    || path.starts_with(&self.paths.targets)
                    || path.starts_with(self.paths.pool().join(IMAGE).join("images"))
            }));
        }
        held
    }
}

async fn end(mut child: Child, how: Signal) -> ExitStatus {
    signal(child.id().expect("runs"), how);
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    ended.unwrap_or_else(|_| panic!("{how} does not end the process")).unwrap()
}

/// Sends a signal to a process that this test started.
///
/// # Panics
/// When it is gone.
pub fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

async fn gone(pid: u32, who: &str) {
    eventually(&format!("{who} is gone"), async || (!kernel::runs(pid)).then_some(())).await;
}

fn controller_child(serve: u32) -> Option<u32> {
    let all = kernel::processes().into_iter();
    let mut children = all.filter(|it| it.parent == serve && it.state != 'Z');
    children.find(|it| it.command.contains(" controller ")).map(|it| it.pid)
}

async fn is_ready(socket: &Path) -> bool {
    let probed = async {
        let mut clients = Clients::connect(socket).await.ok()?;
        let answer = clients.identity.probe(ProbeRequest {}).await.ok()?;
        Some(answer.into_inner().ready.unwrap_or(true))
    };
    look(probed).await.unwrap_or(false)
}

/// What one look at a host finds; none where it does not answer: as long as storage keeps a killed process in
/// the kernel, its sockets take connections, and nobody answers them.
async fn look<T>(looking: impl Future<Output = Option<T>>) -> Option<T> {
    tokio::time::timeout(ONE_LOOK, looking).await.ok().flatten()
}

fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

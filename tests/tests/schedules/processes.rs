//! One controller and two nodes as processes: started, killed, started again.

use std::fs::OpenOptions;
use std::path::PathBuf;

use mooring_proto::csi::v1::ProbeRequest;
use mooring_tests::config::{CONTROLLER_UID, IMAGE, Paths};
use mooring_tests::host::program;
use mooring_tests::{Clients, Place, eventually};
use tokio::process::{Child, Command};

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Controller,
    Node(usize),
}

/// Their configurations, and the processes themselves.
#[derive(Debug)]
pub(crate) struct Processes {
    place: PathBuf,
    controller: Option<Child>,
    nodes: [Option<Child>; 2],
}

/// Where kubelet's directory of a node is.
pub(crate) fn targets(place: &std::path::Path, node: usize) -> PathBuf {
    place.join(format!("pods-{node}"))
}

/// Where a node's own state is.
pub(crate) fn state(place: &std::path::Path, node: usize) -> PathBuf {
    place.join(format!("state-{node}"))
}

impl Processes {
    /// Writes the configurations and starts all three.
    pub(crate) async fn start(place: &Place) -> Self {
        let paths = Paths::of(place);
        for node in 0..2 {
            std::fs::create_dir_all(targets(place.root(), node)).unwrap();
            let text = format!(
                "stateDir: {}\nsocketDir: {}\ncontroller: {{uid: {CONTROLLER_UID}, socketDir: {}}}\n\
                 node: {{id: worker-{node}, targetRoots: [{}]}}\ndrivers:\n  - name: {IMAGE}\n    \
                 backend: embedded:image-file\n    filesystem: ext4\n    grants:\n      \
                 pools: {{default: {}}}\n      attachments: [image-file]\n",
                state(place.root(), node).display(),
                place.path(&format!("run-{node}")).display(),
                place.path("run-0/controller").display(),
                targets(place.root(), node).display(),
                paths.pool().display(),
            );
            std::fs::write(place.path(&format!("mooring-{node}.yaml")), text).unwrap();
        }
        let mut all =
            Self { place: place.root().to_owned(), controller: None, nodes: [None, None] };
        all.spawn(Who::Controller);
        all.ready(Who::Controller).await;
        for node in 0..2 {
            all.spawn(Who::Node(node));
            all.ready(Who::Node(node)).await;
        }
        all
    }

    fn spawn(&mut self, who: Who) {
        let (command, config) = match who {
            Who::Controller => ("controller", 0),
            Who::Node(node) => ("node", node),
        };
        let log = self.place.join(format!("{who:?}.log").replace(['(', ')'], "-"));
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let child = Command::new(program())
            .arg(command)
            .arg("--config")
            .arg(self.place.join(format!("mooring-{config}.yaml")))
            .env("MOORING_LOG", "info")
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        *self.child(who) = Some(child);
    }

    fn child(&mut self, who: Who) -> &mut Option<Child> {
        match who {
            Who::Controller => &mut self.controller,
            Who::Node(node) => &mut self.nodes[node],
        }
    }

    /// The process's id.
    pub(crate) fn pid(&mut self, who: Who) -> u32 {
        self.child(who).as_ref().and_then(Child::id).expect("it runs")
    }

    /// The socket that an orchestrator uses.
    pub(crate) fn socket(&self, who: Who) -> PathBuf {
        match who {
            Who::Controller => self.place.join("run-0/controller").join(IMAGE).join("csi.sock"),
            Who::Node(node) => self.place.join(format!("run-{node}")).join(IMAGE).join("csi.sock"),
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self, who: Who) {
        if let Some(mut child) = self.child(who).take() {
            child.kill().await.unwrap();
        }
    }

    /// Starts it again after [`Self::kill`], and waits until it serves.
    pub(crate) async fn again(&mut self, who: Who) {
        self.spawn(who);
        self.ready(who).await;
    }

    async fn ready(&mut self, who: Who) {
        let socket = self.socket(who);
        eventually(&format!("{who:?} serves at {}", socket.display()), async || {
            if let Some(status) = self.child(who).as_mut().and_then(|it| it.try_wait().unwrap()) {
                panic!("{who:?} ended with {status}:\n{}", self.log(who));
            }
            let mut clients = Clients::connect(&socket).await.ok()?;
            let ready = clients.identity.probe(ProbeRequest {}).await.ok()?.into_inner().ready;
            ready.unwrap_or(true).then_some(())
        })
        .await;
    }

    /// What a process wrote.
    pub(crate) fn log(&self, who: Who) -> String {
        let log = self.place.join(format!("{who:?}.log").replace(['(', ')'], "-"));
        std::fs::read_to_string(log).unwrap_or_default()
    }

    /// Ends all of them with SIGTERM.
    pub(crate) async fn stop(&mut self) {
        for who in [Who::Node(1), Who::Node(0), Who::Controller] {
            let pid = self.pid(who);
            mooring_tests::host::signal(pid, nix::sys::signal::Signal::SIGTERM);
            if let Some(mut child) = self.child(who).take() {
                let status = child.wait().await.unwrap();
                assert!(status.success(), "{who:?} ended with {status}:\n{}", self.log(who));
            }
        }
    }
}

//! Whose connections are taken. Needs root, to have processes of other uids.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mooring_csi::{Audience, Controller, Listener, Peers, Settings, Telemetry, serve};

use crate::model::{Gate, Model};

const SOCKET: &str = "MOORING_TEST_SOCKET";

/// The other process: tells by its exit whether the server speaks to it.
#[test]
#[ignore = "is run by the test below, as a process of another uid"]
fn other_process() {
    let mut stream = UnixStream::connect(std::env::var(SOCKET).unwrap()).unwrap();
    // Hung up on while writing is hung up on as well.
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let mut byte = [0];
    let read = stream.read(&mut byte).unwrap_or(0);
    assert_eq!(read, 1, "the server hung up");
}

fn is_served(socket: &Path, uid: u32) -> bool {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--ignored", "--exact", "peers::other_process"]).env(SOCKET, socket).uid(uid);
    command.output().unwrap().status.success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_is_known_by_its_uid_whatever_the_file_s_mode() {
    let directory = tempfile::tempdir().unwrap();
    if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(directory.path()).unwrap()) != 0 {
        eprintln!("skipped: needs root");
        return;
    }
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), everybody).unwrap();
    let path = directory.path().join("csi.sock");
    let listener = Listener::bind(&path, &[1234].into_iter().collect::<Peers>()).unwrap();
    let model = Arc::new(Model::new(Gate::open()));
    let app = Controller::new(model).app(
        Audience::Orchestrator,
        &Telemetry::new(Arc::new(())),
        &Settings::controller(),
    );
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(
        listener,
        app,
        async { stopped.await.unwrap_or_default() },
        Duration::from_secs(5),
    ));
    let served = tokio::task::spawn_blocking(move || {
        [0, 1234, 65534].map(|uid| (uid, is_served(&path, uid)))
    });
    assert_eq!(served.await.unwrap(), [(0, true), (1234, true), (65534, false)]);
    stop.send(()).unwrap();
    server.await.unwrap();
}

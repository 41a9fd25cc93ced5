//! Processes, for real: one that gives its privileges up, and the controller as a child. This
//! program runs itself as each of them, since the test harness has threads and is no controller.
#![expect(clippy::expect_used, reason = "a test fails loudly; the harness is not there to tell")]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use mooring_node::os::privilege::{self, PrivilegeError};
use mooring_node::os::process::Controller;

const USER: u32 = 64_123;
const GROUP: u32 = 64_124;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("--dropped") => dropped(),
        Some("--as-root") => as_root(),
        Some("controller") => controller(&arguments),
        _ => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(children());
            if privilege::is_root() {
                privileges();
            } else {
                eprintln!("left out: giving up root's privileges needs root");
            }
            ExitCode::SUCCESS
        }
    }
}

/// The process that drops, then tries what it may no longer do.
fn dropped() -> ExitCode {
    privilege::drop_to(USER, GROUP).expect("it can be given up");
    assert!(!privilege::is_root());
    assert!(nix::unistd::setuid(nix::unistd::Uid::from_raw(0)).is_err());
    assert!(nix::unistd::setgroups(&[nix::unistd::Gid::from_raw(0)]).is_err());
    assert!(std::fs::read("/etc/shadow").is_err());
    let mounted = rustix::mount::mount_bind("/", "/mnt");
    assert_eq!(mounted, Err(rustix::io::Errno::PERM));
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    privilege::drop_to(USER, GROUP).expect("doing it again changes nothing");

    let report = privilege::report(std::process::id()).expect("it may ask about itself");
    assert_eq!((report.uids, report.gids), ([USER; 4], [GROUP; 4]));
    assert!(report.groups.is_empty() && report.no_new_privs);
    assert_eq!(report.capabilities.bounding | report.capabilities.permitted, 0);
    println!("dropped");
    // Until the parent has asked the kernel too.
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line from the parent");
    ExitCode::SUCCESS
}

/// Uid 0 is no way to give privileges up.
fn as_root() -> ExitCode {
    assert!(matches!(privilege::drop_to(0, GROUP), Err(PrivilegeError::Root)));
    assert!(matches!(privilege::drop_to(USER, 0), Err(PrivilegeError::Root)));
    assert!(privilege::is_root(), "and nothing was changed");
    println!("refused");
    ExitCode::SUCCESS
}

fn privileges() {
    let this = std::env::current_exe().expect("its own path");
    let mut child = Command::new(&this)
        .arg("--dropped")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("it was piped");
    BufReader::new(output).read_line(&mut line).expect("a line from the child");
    assert_eq!(line, "dropped\n");
    let report = privilege::report(child.id()).expect("root may ask");
    assert_eq!((report.uids, report.gids), ([USER; 4], [GROUP; 4]));
    assert_eq!(report.capabilities.bounding, 0);
    child.stdin.take().expect("it was piped").write_all(b"\n").expect("it listens");
    assert!(child.wait().expect("it ends").success());

    let output = Command::new(&this).arg("--as-root").output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "refused\n", "{output:?}");
    println!("ok: privileges are given up, and not by becoming root");
}

/// Stands for `mooring controller --attached`: tells what it was started with by a FIFO, and ends
/// when its standard input does, with its own code.
fn controller(arguments: &[String]) -> ExitCode {
    let [_, _, attached, mode, told] = arguments else { return ExitCode::FAILURE };
    assert_eq!(attached, "--attached");
    if mode == "stubborn" {
        nix::sys::signal::SigSet::from(nix::sys::signal::Signal::SIGTERM)
            .thread_block()
            .expect("a signal can be blocked");
    }
    let names: Vec<String> =
        std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    let place = std::env::current_dir().expect("a place");
    let text = format!("{}\n{}\n", names.join(" "), place.display());
    std::fs::write(told, text).expect("the parent reads");
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).expect("the end of its input");
    ExitCode::from(7)
}

/// Starts a controller and waits until it runs.
fn started(dir: &Path, mode: &str) -> (Controller, String) {
    let told = dir.join(mode);
    let access = rustix::fs::Mode::RWXU;
    rustix::fs::mkfifoat(rustix::fs::CWD, &told, access).expect("a FIFO");
    let arguments = [OsString::from(mode), told.clone().into_os_string()];
    let controller = Controller::spawn(&arguments).expect("it starts");
    let text = std::fs::read_to_string(&told).expect("it tells");
    (controller, text)
}

async fn children() {
    let dir = tempfile::tempdir().expect("a directory");
    // This process has more in its environment: cargo's, at least.
    assert!(std::env::vars_os().count() > 2);

    let (mut controller, text) = started(dir.path(), "plain");
    let known = ["MOORING_LOG", "RUST_BACKTRACE"];
    let mut lines = text.lines();
    let names = lines.next().expect("its environment");
    assert!(names.split_whitespace().all(|name| known.contains(&name)), "{names}");
    assert_eq!(lines.next(), Some("/"));
    let status = controller.terminate(Duration::from_secs(60)).await.expect("it ends");
    assert_eq!(status.signal(), Some(15));

    let (mut controller, _) = started(dir.path(), "stubborn");
    let status = controller.terminate(Duration::from_millis(100)).await.expect("it ends");
    assert_eq!(status.signal(), Some(9), "what does not end is killed");

    let (mut controller, _) = started(dir.path(), "watched");
    let alive = tokio::time::timeout(Duration::from_millis(50), controller.wait()).await;
    assert!(alive.is_err(), "waiting does not end it: {alive:?}");
    drop(controller);
    println!("ok: the controller starts, tells nothing of the environment, and ends");
}

//! Serves a directory at a mount point: `bad-storage MOUNTPOINT DIRECTORY`. Each line on standard input is
//! a command, answered with a line on standard output; when it closes, the process ends.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use fuser::{MountOption, Session};
use mooring_bad_storage::server::{Control, Server};
use mooring_bad_storage::storage::{Command, Told};

fn main() -> ExitCode {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(point), Some(directory), None) = (paths.next(), paths.next(), paths.next()) else {
        return failed("bad-storage MOUNTPOINT DIRECTORY");
    };
    let control = Control::default();
    let options = [
        MountOption::FSName("bad-storage".into()),
        MountOption::AllowOther,
        MountOption::DefaultPermissions,
    ];
    let server = Server::new(directory, control.clone());
    let mut session = match Session::new(server, &point, &options) {
        Ok(session) => session,
        Err(error) => return failed(&format!("{}: {error}", point.display())),
    };
    #[expect(clippy::disallowed_methods, reason = "destructors could wait for what hangs")]
    std::thread::spawn(move || {
        obey(&control);
        // Without unmounting, which could wait for what hangs: the kernel breaks off what is open.
        std::process::exit(0);
    });
    match session.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

/// Until standard input closes.
fn obey(control: &Control) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Command::Add(fault)) => control.add(fault),
            Ok(Command::Mend) => control.mend(),
            Ok(Command::Tell) => {}
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "bad-storage: {line}: {error}");
                return;
            }
        }
        let (held, struck) = control.counts();
        let Ok(told) = serde_json::to_string(&Told { held, struck }) else { return };
        if writeln!(std::io::stdout(), "{told}").is_err() {
            return;
        }
    }
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "bad-storage: {why}");
    ExitCode::FAILURE
}

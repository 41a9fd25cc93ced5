//! `mooring demo`: one volume's life before the reader's eyes, with real data on real devices.
//!
//! It starts `mooring serve` (or uses the one that answers), talks to it as any CSI client does,
//! and proves what it shows: checksums of data read back from the device, the kernel's own mount
//! table and loop devices. It knows no backend and nothing of how the host works.

mod data;
mod host;
mod invitation;
mod kernel;
mod life;
mod remains;
mod screen;
mod workers;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::volume::{ConnectionArgs, FsType, Session, Size, output};
use host::{Host, Serving};
use invitation::Invitation;
use kernel::ThisMachine;
use life::{Life, Plan};
use screen::{Screen, Step};

/// The embedded driver that `mooring serve` runs when it is told nothing else.
const DRIVER: &str = "image.mooring.dev";

/// How long one call of the demo may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Carry one volume through its whole life, each step with its time.
#[derive(Debug, Args)]
#[command(
    after_help = "Create, attach, format, mount, publish, write, grow while a writer writes, verify, and all of it\n\
    back again. Needs root, for it mounts. A `mooring serve` that answers already is used; it has to\n\
    allow the target root.\n\n\
    Exit codes: 0 all went well; 1 a step failed, and what it left was cleaned up; 130 and 143\n\
    stopped by SIGINT or SIGTERM, and cleaned up.\n\n\
    Examples:\n  mooring demo\n  mooring demo --fs-type btrfs --size 1GiB\n  \
    mooring demo --keep-serving      then try it by hand; Ctrl-C ends it"
)]
pub(crate) struct DemoArgs {
    /// Go on serving afterwards, and show what to try next.
    #[arg(long)]
    keep_serving: bool,
    /// The volume's size at first; it grows to twice as much.
    #[arg(long, default_value = "512MiB")]
    size: Size,
    /// The file system. Growing a mounted ext4 needs CAP_SYS_RESOURCE, which containers and some
    /// virtual machines lack.
    #[arg(long, value_enum, default_value_t = FsType::Xfs, value_name = "TYPE")]
    fs_type: FsType,
    /// The `stateDir` of the host that is started. It is kept, with the compiled backends.
    #[arg(long, default_value = "/var/lib/mooring", value_name = "DIR")]
    state_dir: PathBuf,
    /// The `socketDir` of the host.
    #[arg(long, default_value = "/run/mooring", value_name = "DIR")]
    socket_dir: PathBuf,
    /// Where the demo mounts: the host's only target root. Removed at the end.
    #[arg(long, default_value = "/run/mooring-demo", value_name = "DIR")]
    target_root: PathBuf,
}

impl DemoArgs {
    fn socket(&self) -> PathBuf {
        self.socket_dir.join(DRIVER).join("csi.sock")
    }

    fn session(&self) -> Session {
        Session::new(ConnectionArgs {
            socket: self.socket(),
            controller_socket: None,
            timeout: DEADLINE,
        })
    }

    fn plan(&self) -> Plan {
        Plan {
            name: format!("demo-{}", std::process::id()),
            size: self.size.bytes(),
            fs_type: self.fs_type,
            root: self.target_root.clone(),
        }
    }
}

/// How the demo was told to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal, and answers the exit code that shells give it.
    async fn received(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

/// Runs the demo and prints it.
///
/// # Errors
/// When it cannot begin: not root, another demo below the same target root, no executable. A step
/// that fails is printed, and exit code 1.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    if !rustix::process::geteuid().is_root() {
        anyhow::bail!("the demo mounts a volume, which needs root; run it as root, or with sudo");
    }
    let signals = Signals::new()?;
    let screen = Screen::new(output::print);
    screen.title(&format!("One volume's life on this machine: {}, {}", args.size, args.fs_type));
    let session = args.session();
    let made_root = !args.target_root.exists();
    let claim = kernel::claim(&args.target_root)?;
    let host = Host::find_or_spawn(&args, &session).await?;
    let mut demo = Demo { args, made_root, session, screen, signals, host };
    let mut ended = demo.show_life().await;
    drop(claim);
    if ended.is_ok() && demo.args.keep_serving {
        ended = demo.keep_serving().await;
    }
    let ended = ended.and(demo.stop().await);
    Ok(match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Signal(code)) => code.into(),
        Err(Ended::Failed) => ExitCode::FAILURE,
    })
}

/// Why the demo is over, where it is not simply done.
enum Ended {
    /// What failed has been shown.
    Failed,
    Signal(u8),
}

/// A demo with its host; whatever becomes of its other parts, `stop` comes last.
struct Demo {
    args: DemoArgs,
    /// Whether the target root was not there before.
    made_root: bool,
    session: Session,
    screen: Screen,
    signals: Signals,
    host: Host,
}

impl Demo {
    async fn show_life(&mut self) -> Result<(), Ended> {
        let Self { args, session, screen, signals, host, .. } = self;
        let ready = screen.step(Step::Serve, host.ready(session));
        let ready = tokio::select! {
            ready = ready => ready.inspect_err(|error| screen.failure(error)),
            code = signals.received() => return Err(stopped_by(code, screen)),
        };
        if ready.is_err() {
            host.show_log();
            return Err(Ended::Failed);
        }
        let life = Life::new(args.plan(), session, ThisMachine::new(), screen);
        life.clear_remains().await;
        let lived = tokio::select! {
            lived = life.run() => lived,
            code = signals.received() => {
                let ended = stopped_by(code, screen);
                life.clean_up().await;
                return Err(ended);
            }
        };
        if let Err(error) = lived {
            screen.failure(&error);
            if let Some(note) = life.note(&error, host.serving()) {
                screen.note(&note);
            }
            life.clean_up().await;
            return Err(Ended::Failed);
        }
        screen.summary();
        Ok(())
    }

    /// Shows what to try, and waits for the end.
    async fn keep_serving(&mut self) -> Result<(), Ended> {
        let Self { args, screen, signals, host, .. } = self;
        let socket = args.socket();
        let invitation = Invitation::new(&socket, &args.socket_dir, &args.target_root);
        screen.text(&invitation.text(host.serving()));
        if host.serving() == Serving::Found {
            return Ok(());
        }
        host.follow_log();
        tokio::select! {
            _ = signals.received() => Ok(()),
            ended = host.ended() => {
                screen.failure(&ended);
                Err(Ended::Failed)
            }
        }
    }

    /// Ends what the demo has started. A root that was there stays for the host that uses it.
    async fn stop(self) -> Result<(), Ended> {
        let Self { args, made_root, screen, host, .. } = self;
        let own = host.serving() == Serving::Own;
        let stopped = if own { host.stop(&screen).await } else { Ok(()) };
        if own || made_root {
            kernel::remove_root(&args.target_root);
        }
        stopped.map_err(|error| {
            screen.failure(&error);
            Ended::Failed
        })
    }
}

fn stopped_by(code: u8, screen: &Screen) -> Ended {
    screen.note("stopped by a signal; cleaning up");
    Ended::Signal(code)
}

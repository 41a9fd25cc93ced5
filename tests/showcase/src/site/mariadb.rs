//! Debian's MariaDB server, as a process of an unprivileged user, with all that it has on the volume.

use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The user that it runs as: nobody else's.
const UID: u32 = 64614;

/// How long it may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Small, and every commit on the disk; pages are written at the rate of a disk without moving parts, so that the
/// small log does not fill up in one go.
const SETTINGS: [&str; 9] = [
    "--innodb-buffer-pool-size=128M",
    "--innodb-log-file-size=64M",
    "--innodb-io-capacity=2000",
    "--innodb-flush-log-at-trx-commit=1",
    "--skip-networking",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--max-connections=100",
    "--max-allowed-packet=16M",
];

/// The server and where it lies.
#[derive(Debug)]
pub(super) struct MariaDb {
    volume: PathBuf,
    log: PathBuf,
    server: Option<Child>,
}

impl MariaDb {
    /// A server on a volume that is mounted there; none is started. `log` is a file that takes what it says.
    pub(super) fn on(volume: &Path, log: PathBuf) -> Self {
        Self { volume: volume.to_owned(), log, server: None }
    }

    /// Makes the system tables, on an empty volume.
    pub(super) async fn install(&self) -> Result<()> {
        for folder in [self.data(), self.temporary()] {
            std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
            chown(&folder, Some(UID), Some(UID))?;
        }
        let log = std::fs::File::create(&self.log)?;
        let mut install = Command::new("mariadb-install-db");
        // Whoever opens the socket, in a folder of its own user, is its administrator.
        install
            .arg("--no-defaults")
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        let status = self
            .on_the_volume(&mut install)
            .args(SETTINGS)
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .await
            .context("mariadb-install-db does not start; run `./setup showcase`")?;
        if !status.success() {
            bail!("mariadb-install-db ended with {status}:\n{}", self.said());
        }
        Ok(())
    }

    /// Starts the server and waits until it takes connections.
    pub(super) async fn start(&mut self) -> Result<()> {
        let log = std::fs::OpenOptions::new().append(true).create(true).open(&self.log)?;
        let mut server = Command::new("mariadbd");
        server.arg("--no-defaults").arg(format!("--socket={}", self.socket().display()));
        let server = self
            .on_the_volume(&mut server)
            .args(SETTINGS)
            .stdout(log.try_clone()?)
            .stderr(log)
            // An interrupt at the terminal is this program's, which ends the server in turn.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("mariadbd does not start; run `./setup showcase`")?;
        self.server = Some(server);
        timeout(PATIENCE, self.answers()).await.context("MariaDB takes no connections")?
    }

    async fn answers(&mut self) -> Result<()> {
        loop {
            if let Ok(connection) = Conn::new(self.opts(None)).await {
                connection.disconnect().await?;
                return Ok(());
            }
            let ended = self.server.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
                bail!("mariadbd ended with {status}:\n{}", self.said());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes a database in it.
    pub(super) async fn create(&self, database: &str) -> Result<()> {
        let mut connection = Conn::new(self.opts(None)).await?;
        connection.query_drop(format!("CREATE DATABASE {database}")).await?;
        Ok(connection.disconnect().await?)
    }

    /// Asks the server to end, and waits; nothing, where it does not run.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        if let Some(pid) = server.id() {
            kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        }
        let status = timeout(PATIENCE, server.wait()).await.context("mariadbd does not end")??;
        if !status.success() {
            bail!("mariadbd ended with {status}:\n{}", self.said());
        }
        Ok(())
    }

    /// How it is reached.
    pub(super) fn opts(&self, database: Option<&str>) -> Opts {
        let socket = self.socket().to_string_lossy().into_owned();
        OptsBuilder::default().socket(Some(socket)).user(Some("root")).db_name(database).into()
    }

    /// The end of what it said.
    fn said(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let last = text.lines().count().saturating_sub(20);
        text.lines().skip(last).collect::<Vec<_>>().join("\n")
    }

    fn on_the_volume<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .arg(format!("--datadir={}", self.data().display()))
            .arg(format!("--tmpdir={}", self.temporary().display()))
            .env("TMPDIR", self.temporary())
            .stdin(Stdio::null())
            .uid(UID)
            .gid(UID)
    }

    fn data(&self) -> PathBuf {
        self.volume.join("data")
    }

    fn temporary(&self) -> PathBuf {
        self.volume.join("temporary")
    }

    fn socket(&self) -> PathBuf {
        self.data().join("db.sock")
    }
}

//! One machine, no cluster: `mooring serve`, and the CSI calls that an orchestrator makes.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use mooring_proto::csi::v1::volume_usage::Unit;
use mooring_proto::csi::v1::{
    ControllerExpandVolumeRequest, ListVolumesRequest, NodeExpandVolumeRequest,
    NodeGetVolumeStatsRequest,
};
use mooring_tests::config::IMAGE;
use mooring_tests::guest::replace;
use mooring_tests::life::{at_least, nothing_left, text};
use mooring_tests::{Clients, Host, Life, Place, Settings, case_within};
use mysql_async::Opts;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::mariadb::MariaDb;
use super::{Site, Usage};
use crate::options::Plain;
use crate::report::Report;
use crate::story;

/// The database of the server in which the table is.
const DATABASE: &str = "showcase";

/// How long a swap may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it in a folder and a mount namespace of its own; what it started is gone afterwards, however it ends.
pub(crate) fn run(options: &Plain) -> Result<Report> {
    ensure!(nix::unistd::geteuid().is_root(), "it mounts file systems: run it as root");
    let mut options = options.clone();
    for file in options.versions.iter_mut().chain([&mut options.program]) {
        *file = file.canonicalize().with_context(|| {
            format!("{} is not there; `make showcase-plain` builds it", file.display())
        })?;
    }
    let (sender, receiver) = mpsc::channel();
    let limit = options.plan.duration * 5 + Duration::from_secs(300);
    case_within(limit, async move |place: &Place| {
        let (told, ended) = in_a_place(place, &options).await;
        // What a failed run left is no second failure.
        if told.is_err() || ended.is_err() {
            for left in place.clear() {
                eprintln!("taken down: {left}");
            }
        }
        // What was measured is told, unless all of it was well but the end.
        let told = told.and_then(|report| match ended {
            Err(error) if report.verdict().is_ok() => Err(error.context("taking it down")),
            _ => Ok(report),
        });
        let _ = sender.send(told);
    });
    receiver.recv().context("it told nothing")?
}

/// What was measured, and how taking it down went.
async fn in_a_place(place: &Place, options: &Plain) -> (Result<Report>, Result<()>) {
    let made = tokio::select! {
        made = Volume::make(place, options) => made,
        () = super::interrupted() => Err(anyhow!("interrupted")),
    };
    let mut volume = match made {
        Ok(volume) => volume,
        Err(error) => return (Err(error), Ok(())),
    };
    let told = tokio::select! {
        told = volume.tell(options) => told,
        () = super::interrupted() => Err(anyhow!("interrupted")),
    };
    (told, volume.end().await)
}

/// The volume, its host and its database.
struct Volume {
    options: Plain,
    /// The file that the driver's configuration names.
    component: PathBuf,
    host: Host,
    clients: Clients,
    life: Life,
    database: MariaDb,
}

impl Volume {
    async fn make(place: &Place, options: &Plain) -> Result<Self> {
        let component = place.path("backend.wasm");
        let first = options.versions.first().context("no version")?;
        std::fs::copy(first, &component)?;
        let settings = Settings {
            program: Some(options.program.clone()),
            backend: text(&component),
            filesystem: options.filesystem.kind().fs_type(),
            ..Settings::default()
        };
        let host = Host::serve(place, settings).await;
        let mut life = Life::new(&host, options.filesystem.kind(), "database").await;
        life.bytes = i64::try_from(options.plan.size.as_u64())?;
        let clients = host.connect(IMAGE).await;
        let database = MariaDb::on(&life.target, place.path("mariadb.log"));
        Ok(Self { options: options.clone(), component, host, clients, life, database })
    }

    async fn tell(&mut self, options: &Plain) -> Result<Report> {
        self.life.create().await?;
        self.bring().await?;
        self.database.install().await?;
        self.database.start().await?;
        self.database.create(DATABASE).await?;
        story::run(self, options.plan).await
    }

    async fn bring(&mut self) -> Result<()> {
        self.life.stage().await?;
        self.life.publish().await?;
        self.life.assert_published();
        Ok(())
    }

    /// Takes it off the node, also where the database did not end well; that is told then.
    async fn take(&mut self) -> Result<()> {
        let stopped = self.database.stop().await;
        self.life.unpublish().await?;
        self.life.unstage().await?;
        stopped
    }

    /// Takes all down and looks whether anything is left.
    async fn end(&mut self) -> Result<()> {
        let mut taken = Ok(());
        if self.life.volume.is_some() {
            taken = self.take().await;
            self.life.delete().await?;
        }
        nothing_left(&self.host).await;
        self.host.stop().await;
        eprintln!("nothing is left: no mount, loop device, image, record or open file");
        taken
    }

    async fn status(&self) -> Result<Value> {
        let said = self.mooring(&["status", "-o", "json"]).await?;
        let status: Value = serde_json::from_slice(&said).context("`mooring status -o json`")?;
        Ok(status.pointer("/drivers/0").cloned().unwrap_or_default())
    }

    /// What a command of people says.
    async fn mooring(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.options.program);
        command.args(arguments).arg("--socket-dir").arg(&self.host.paths.sockets);
        let output = command.kill_on_drop(true).output().await?;
        if !output.status.success() {
            bail!("mooring {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.stdout)
    }
}

impl Site for Volume {
    fn title(&self) -> String {
        format!("on {}, by CSI calls on one machine", self.life.kind.fs_type())
    }

    fn database(&self) -> Opts {
        self.database.opts(Some(DATABASE))
    }

    /// As kubelet asks; the controller is asked for its volumes beside that, which the backend answers.
    async fn usage(&self) -> Result<Usage> {
        let (mut controller, mut node) =
            (self.clients.controller.clone(), self.clients.node.clone());
        let listed = controller.list_volumes(ListVolumesRequest::default()).await?.into_inner();
        ensure!(listed.entries.len() == 1, "the backend lists {} volumes", listed.entries.len());
        let request = NodeGetVolumeStatsRequest {
            volume_id: self.life.id(),
            volume_path: text(&self.life.target),
            staging_target_path: text(&self.life.staging),
        };
        let stats = node.node_get_volume_stats(request).await?.into_inner();
        let bytes = stats.usage.iter().find(|usage| usage.unit() == Unit::Bytes);
        let bytes = bytes.context("NodeGetVolumeStats tells no bytes")?;
        Ok(Usage { size: u64::try_from(bytes.total)?, used: u64::try_from(bytes.used)? })
    }

    async fn grow(&self, to: u64) -> Result<()> {
        let (mut controller, mut node) =
            (self.clients.controller.clone(), self.clients.node.clone());
        let (before, wanted) = (self.usage().await?, at_least(i64::try_from(to)?));
        let request = ControllerExpandVolumeRequest {
            volume_id: self.life.id(),
            capacity_range: wanted,
            volume_capability: Some(self.life.kind.capability()),
            ..Default::default()
        };
        controller.controller_expand_volume(request).await?;
        let request =
            NodeExpandVolumeRequest { capacity_range: wanted, ..self.life.node_expand_request() };
        node.node_expand_volume(request).await?;
        let after = self.usage().await?;
        ensure!(after.size > before.size, "the file system has {} bytes, as before", after.size);
        Ok(())
    }

    async fn version(&self) -> Result<String> {
        let status = self.status().await?;
        let version = status.get("version").and_then(Value::as_str);
        Ok(version.context("`mooring status` tells no version")?.to_owned())
    }

    fn swaps(&self) -> usize {
        self.options.versions.len() - 1
    }

    async fn swap(&self, number: usize) -> Result<()> {
        let file = self.options.versions.get(number).context("no such version")?;
        let before = self.version().await?;
        replace(&self.component, &std::fs::read(file)?);
        self.mooring(&["backend", "swap", IMAGE]).await?;
        let serves = async {
            while self.version().await? == before {
                sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        timeout(PATIENCE, serves).await.context("the next version does not serve")?
    }

    async fn move_out_and_in(&mut self) -> Result<()> {
        self.take().await?;
        self.bring().await?;
        self.database.start().await
    }
}

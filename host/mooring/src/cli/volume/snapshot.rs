//! `mooring volume snapshot`: points in time of volumes.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use mooring_proto::csi::v1 as csi;
use serde::Serialize;

use super::arguments::{Pair, SecretArgs, map};
use super::failure::Failure;
use super::output::{Answer, Format, columns, human, properties, shown};
use super::session::{Session, following};
use super::{Outcome, outcome, progress};

/// Waits between two questions whether a snapshot is ready: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Take, list, show and delete snapshots.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring volume snapshot create monday --volume ID\n  \
    mooring volume snapshot list --volume ID\n  \
    mooring volume snapshot list -o json | jq '.snapshots[].snapshotId'\n  \
    mooring volume restore data-of-monday --snapshot SNAPSHOT\n  \
    mooring volume snapshot delete SNAPSHOT")]
pub(super) struct SnapshotArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(CreateArgs),
    List(ListArgs),
    Get(GetArgs),
    Delete(DeleteArgs),
}

impl SnapshotArgs {
    pub(super) async fn run(self, session: &Session, format: Format) -> Result<Outcome, Failure> {
        match self.command {
            Command::Create(args) => outcome(&args.run(session).await?, format),
            Command::List(args) => outcome(&args.run(session).await?, format),
            Command::Get(args) => outcome(&args.run(session).await?, format),
            Command::Delete(args) => outcome(&args.run(session).await?, format),
        }
    }
}

/// A snapshot as it is printed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SnapshotView {
    pub(super) snapshot_id: String,
    volume_id: String,
    /// What a volume made of it needs at least; 0: the driver does not know.
    pub(super) size_bytes: i64,
    /// RFC 3339, in UTC.
    created: Option<String>,
    ready: bool,
    /// The group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_snapshot_id: Option<String>,
}

impl SnapshotView {
    /// From an answer, where the snapshot is a required field.
    pub(super) fn required(snapshot: Option<csi::Snapshot>) -> Result<Self, Failure> {
        let snapshot =
            snapshot.ok_or_else(|| Failure::Protocol("it has no snapshot".to_owned()))?;
        if snapshot.snapshot_id.is_empty() {
            return Err(Failure::Protocol("the snapshot has no id".to_owned()));
        }
        Ok(Self {
            snapshot_id: snapshot.snapshot_id,
            volume_id: snapshot.source_volume_id,
            size_bytes: snapshot.size_bytes,
            created: snapshot.creation_time.and_then(written),
            ready: snapshot.ready_to_use,
            group_snapshot_id: Some(snapshot.group_snapshot_id).filter(|id| !id.is_empty()),
        })
    }

    /// A line of a listing, under [`HEADS`].
    pub(super) fn row(&self) -> [String; 6] {
        [
            self.snapshot_id.clone(),
            self.volume_id.clone(),
            human(self.size_bytes),
            self.created.clone().unwrap_or_default(),
            readiness(self.ready).to_owned(),
            self.group_snapshot_id.clone().unwrap_or_default(),
        ]
    }
}

/// What the columns of a listing are.
pub(super) const HEADS: [&str; 6] = ["ID", "VOLUME", "SIZE", "CREATED", "STATE", "GROUP"];

/// A moment; none for one that no clock of ours shows.
pub(super) fn written(moment: mooring_proto::Timestamp) -> Option<String> {
    let moment = SystemTime::try_from(moment).ok()?;
    Some(humantime::format_rfc3339_seconds(moment).to_string())
}

/// For people.
pub(super) fn readiness(ready: bool) -> &'static str {
    if ready { "ready" } else { "copying" }
}

impl Answer for SnapshotView {
    fn table(&self) -> String {
        properties([
            ("ID", self.snapshot_id.clone()),
            ("VOLUME", self.volume_id.clone()),
            ("SIZE", human(self.size_bytes)),
            ("CREATED", self.created.clone().unwrap_or_default()),
            ("STATE", readiness(self.ready).to_owned()),
            ("GROUP", self.group_snapshot_id.clone().unwrap_or_default()),
        ])
    }
}

/// Take a snapshot, and wait until volumes can be made of it. The same name again gives the same
/// snapshot.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring volume snapshot create monday --volume ID\n  \
    mooring volume snapshot create monday --volume ID --no-wait --quiet")]
struct CreateArgs {
    /// The name: it makes the call repeatable. The driver chooses the id.
    name: String,
    /// Of which volume.
    #[arg(long, value_name = "ID")]
    volume: String,
    /// A parameter for the driver (a VolumeSnapshotClass's). May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<Pair>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Answer as soon as its point in time is fixed, though its bytes may still be copied.
    #[arg(long)]
    no_wait: bool,
    /// Print the id alone.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
struct Created {
    #[serde(flatten)]
    snapshot: SnapshotView,
    #[serde(skip)]
    quiet: bool,
}

impl CreateArgs {
    async fn run(self, session: &Session) -> Result<Created, Failure> {
        let request = csi::CreateSnapshotRequest {
            source_volume_id: self.volume,
            name: self.name,
            secrets: self.secrets.read()?,
            parameters: map("--parameter", self.parameter)?,
            accessibility_requirements: None,
        };
        let mut controller = session.controller().await?;
        let bar = progress::spinner("the snapshot is being copied");
        let mut wait = FIRST_WAIT;
        loop {
            let answer = controller.create_snapshot(session.request(request.clone())).await?;
            let snapshot = SnapshotView::required(answer.into_inner().snapshot)?;
            if snapshot.ready || self.no_wait {
                bar.finish_and_clear();
                return Ok(Created { snapshot, quiet: self.quiet });
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }
}

impl Answer for Created {
    fn table(&self) -> String {
        self.snapshot.table()
    }

    fn quiet(&self) -> Option<String> {
        self.quiet.then(|| format!("{}\n", shown(&self.snapshot.snapshot_id)))
    }
}

/// List all snapshots, page by page.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring volume snapshot list\n  \
    mooring volume snapshot list --volume ID --quiet")]
struct ListArgs {
    /// Those of this volume alone.
    #[arg(long, value_name = "ID")]
    volume: Option<String>,
    /// Ask for so many at a time; the list is complete all the same.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..))]
    max_entries: i32,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Print ids alone.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
struct Listed {
    snapshots: Vec<SnapshotView>,
    #[serde(skip)]
    quiet: bool,
}

impl ListArgs {
    async fn run(self, session: &Session) -> Result<Listed, Failure> {
        let request = csi::ListSnapshotsRequest {
            max_entries: self.max_entries,
            source_volume_id: self.volume.unwrap_or_default(),
            secrets: self.secrets.read()?,
            ..Default::default()
        };
        Ok(Listed { snapshots: list(session, request).await?, quiet: self.quiet })
    }
}

/// All that a question finds, page by page.
pub(super) async fn list(
    session: &Session,
    mut request: csi::ListSnapshotsRequest,
) -> Result<Vec<SnapshotView>, Failure> {
    let mut controller = session.controller().await?;
    let mut snapshots = Vec::new();
    loop {
        let page = controller.list_snapshots(session.request(request.clone())).await?.into_inner();
        for entry in page.entries {
            snapshots.push(SnapshotView::required(entry.snapshot)?);
        }
        match following(&request.starting_token, page.next_token)? {
            Some(next) => request.starting_token = next,
            None => return Ok(snapshots),
        }
    }
}

impl Answer for Listed {
    fn table(&self) -> String {
        if self.snapshots.is_empty() {
            return "No snapshots.\n".to_owned();
        }
        columns(HEADS, self.snapshots.iter().map(SnapshotView::row).collect())
    }

    fn quiet(&self) -> Option<String> {
        let line = |snapshot: &SnapshotView| format!("{}\n", shown(&snapshot.snapshot_id));
        self.quiet.then(|| self.snapshots.iter().map(line).collect())
    }
}

/// Show one snapshot.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mooring volume snapshot get SNAPSHOT -o json | jq .ready")]
struct GetArgs {
    /// The snapshot.
    id: String,
    #[command(flatten)]
    secrets: SecretArgs,
}

impl GetArgs {
    async fn run(self, session: &Session) -> Result<SnapshotView, Failure> {
        get(session, self.id, self.secrets).await
    }
}

/// One snapshot, as the driver knows it.
pub(super) async fn get(
    session: &Session,
    snapshot_id: String,
    secrets: SecretArgs,
) -> Result<SnapshotView, Failure> {
    // Older drivers list, and lack GetSnapshot.
    let request = csi::ListSnapshotsRequest {
        snapshot_id: snapshot_id.clone(),
        secrets: secrets.read()?,
        ..Default::default()
    };
    let found = list(session, request).await?.into_iter().next();
    found.ok_or_else(|| {
        tonic::Status::not_found(format!("there is no snapshot {snapshot_id:?}")).into()
    })
}

/// Delete a snapshot. One that is gone already is a success.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mooring volume snapshot delete SNAPSHOT")]
struct DeleteArgs {
    /// The snapshot.
    id: String,
    #[command(flatten)]
    secrets: SecretArgs,
}

/// A snapshot, or a group of them, that is gone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deleted {
    #[serde(rename = "snapshotId")]
    pub(super) id: String,
    pub(super) state: &'static str,
}

impl DeleteArgs {
    async fn run(self, session: &Session) -> Result<Deleted, Failure> {
        let request = csi::DeleteSnapshotRequest {
            snapshot_id: self.id.clone(),
            secrets: self.secrets.read()?,
        };
        session.controller().await?.delete_snapshot(session.request(request)).await?;
        Ok(Deleted { id: self.id, state: "deleted" })
    }
}

impl Answer for Deleted {
    fn table(&self) -> String {
        format!("{} {}\n", shown(&self.id), self.state)
    }
}

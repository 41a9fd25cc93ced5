//! `mooring volume group`: snapshots of several volumes at one point in time.

use clap::{Args, Subcommand};
use mooring_proto::csi::v1 as csi;
use serde::Serialize;

use super::arguments::{Pair, SecretArgs, map};
use super::failure::Failure;
use super::output::{Answer, Format, columns, properties, shown};
use super::session::Session;
use super::snapshot::{self, Deleted, SnapshotView, readiness, written};
use super::{Outcome, outcome};

/// Take, show and delete snapshots of several volumes at one point in time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mooring volume group create monday --volume DATA --volume JOURNAL\n  \
    mooring volume group get GROUP\n  mooring volume group delete GROUP")]
pub(super) struct GroupArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(CreateArgs),
    Get(GetArgs),
    Delete(DeleteArgs),
}

impl GroupArgs {
    pub(super) async fn run(self, session: &Session, format: Format) -> Result<Outcome, Failure> {
        match self.command {
            Command::Create(args) => outcome(&args.run(session).await?, format),
            Command::Get(args) => outcome(&args.run(session).await?, format),
            Command::Delete(args) => outcome(&args.run(session).await?, format),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupView {
    group_snapshot_id: String,
    /// RFC 3339, in UTC.
    created: Option<String>,
    ready: bool,
    snapshots: Vec<SnapshotView>,
    #[serde(skip)]
    quiet: bool,
}

impl GroupView {
    fn required(group: Option<csi::VolumeGroupSnapshot>) -> Result<Self, Failure> {
        let csi::VolumeGroupSnapshot { group_snapshot_id, snapshots, creation_time, ready_to_use } =
            group.ok_or_else(|| Failure::Protocol("it has no group".to_owned()))?;
        if group_snapshot_id.is_empty() {
            return Err(Failure::Protocol("the group has no id".to_owned()));
        }
        let members = snapshots.into_iter().map(|one| SnapshotView::required(Some(one)));
        Ok(Self {
            group_snapshot_id,
            created: creation_time.and_then(written),
            ready: ready_to_use,
            snapshots: members.collect::<Result<_, _>>()?,
            quiet: false,
        })
    }
}

impl Answer for GroupView {
    fn table(&self) -> String {
        let mut text = properties([
            ("ID", self.group_snapshot_id.clone()),
            ("CREATED", self.created.clone().unwrap_or_default()),
            ("STATE", readiness(self.ready).to_owned()),
        ]);
        text.push('\n');
        text.push_str(&columns(
            snapshot::HEADS,
            self.snapshots.iter().map(SnapshotView::row).collect(),
        ));
        text
    }

    fn quiet(&self) -> Option<String> {
        self.quiet.then(|| format!("{}\n", shown(&self.group_snapshot_id)))
    }
}

/// Take snapshots of several volumes at one point in time. The same name again gives the same group.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mooring volume group create monday --volume DATA --volume JOURNAL"
)]
struct CreateArgs {
    /// The name: it makes the call repeatable. The driver chooses the id.
    name: String,
    /// A volume of the group. To be repeated.
    #[arg(long = "volume", value_name = "ID", required = true)]
    volumes: Vec<String>,
    /// A parameter for the driver (a VolumeGroupSnapshotClass's). May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<Pair>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Print the id alone.
    #[arg(short, long)]
    quiet: bool,
}

impl CreateArgs {
    async fn run(self, session: &Session) -> Result<GroupView, Failure> {
        let request = csi::CreateVolumeGroupSnapshotRequest {
            name: self.name,
            source_volume_ids: self.volumes,
            secrets: self.secrets.read()?,
            parameters: map("--parameter", self.parameter)?,
        };
        let mut groups = session.groups().await?;
        let answer = groups.create_volume_group_snapshot(session.request(request)).await?;
        let group = GroupView::required(answer.into_inner().group_snapshot)?;
        Ok(GroupView { quiet: self.quiet, ..group })
    }
}

/// Which group, and its members.
#[derive(Debug, Args)]
struct Reference {
    /// The group.
    id: String,
    /// A snapshot of the group; without any, the driver's list is searched for them. May be repeated.
    #[arg(long = "snapshot", value_name = "ID")]
    snapshots: Vec<String>,
    #[command(flatten)]
    secrets: SecretArgs,
}

impl Reference {
    /// The members: CSI wants them told with each call about a group.
    async fn members(&mut self, session: &Session) -> Result<Vec<String>, Failure> {
        if !self.snapshots.is_empty() {
            return Ok(std::mem::take(&mut self.snapshots));
        }
        let all = snapshot::list(session, csi::ListSnapshotsRequest::default()).await?;
        let of = all.into_iter().filter(|one| one.group_snapshot_id.as_ref() == Some(&self.id));
        Ok(of.map(|one| one.snapshot_id).collect())
    }
}

/// Show a group and its snapshots.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mooring volume group get GROUP -o json | jq .ready")]
struct GetArgs {
    #[command(flatten)]
    group: Reference,
}

impl GetArgs {
    async fn run(mut self, session: &Session) -> Result<GroupView, Failure> {
        let request = csi::GetVolumeGroupSnapshotRequest {
            snapshot_ids: self.group.members(session).await?,
            group_snapshot_id: self.group.id,
            secrets: self.group.secrets.read()?,
        };
        let mut groups = session.groups().await?;
        let answer = groups.get_volume_group_snapshot(session.request(request)).await?;
        GroupView::required(answer.into_inner().group_snapshot)
    }
}

/// Delete a group with its snapshots. One that is gone already is a success.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mooring volume group delete GROUP")]
struct DeleteArgs {
    #[command(flatten)]
    group: Reference,
}

impl DeleteArgs {
    async fn run(mut self, session: &Session) -> Result<Deleted, Failure> {
        let request = csi::DeleteVolumeGroupSnapshotRequest {
            snapshot_ids: self.group.members(session).await?,
            group_snapshot_id: self.group.id.clone(),
            secrets: self.group.secrets.read()?,
        };
        let mut groups = session.groups().await?;
        groups.delete_volume_group_snapshot(session.request(request)).await?;
        Ok(Deleted { id: self.group.id, state: "deleted" })
    }
}

//! `mooring volume restore` and `clone`: new volumes that start with the bytes of others.

use clap::Args;
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_content_source::{SnapshotSource, Type as Source, VolumeSource};

use super::arguments::{Pair, SecretArgs, map};
use super::capability::CapabilityArgs;
use super::create::Created;
use super::failure::Failure;
use super::session::Session;
use super::size::{Size, range};
use super::{list, snapshot};

/// What both have in common.
#[derive(Debug, Args)]
struct CopyArgs {
    /// The new volume's name: it makes the call repeatable. The driver chooses the id.
    name: String,
    /// At least this large; without it as large as the source.
    #[arg(long)]
    size: Option<Size>,
    #[command(flatten)]
    capability: CapabilityArgs,
    /// A parameter for the driver (a StorageClass's). May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<Pair>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Print the id alone.
    #[arg(short, long)]
    quiet: bool,
}

/// Make a volume of what a snapshot holds.
#[derive(Debug, Args)]
#[command(
    after_help = "The new volume is never formatted; its file system grows when it is staged.\n\n\
    Examples:\n  mooring volume restore data-of-monday --snapshot SNAPSHOT\n  \
    mooring volume restore data-of-monday --snapshot SNAPSHOT --size 20GiB --quiet"
)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    copy: CopyArgs,
    /// What it starts with.
    #[arg(long, value_name = "ID")]
    snapshot: String,
}

/// Make a volume of what another one holds now.
#[derive(Debug, Args)]
#[command(
    after_help = "The new volume is never formatted; its file system grows when it is staged.\n\n\
    Examples:\n  mooring volume clone trial --volume ID\n  \
    mooring volume clone trial --volume ID --size 20GiB --quiet"
)]
pub(super) struct CloneArgs {
    #[command(flatten)]
    copy: CopyArgs,
    /// What it starts with.
    #[arg(long, value_name = "ID")]
    volume: String,
}

impl RestoreArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Created, Failure> {
        let Self { copy, snapshot: id } = self;
        let size = match copy.size {
            Some(size) => Some(size),
            None => {
                let secrets = SecretArgs::default();
                Size::known(snapshot::get(session, id.clone(), secrets).await?.size_bytes)
            }
        };
        copy.run(session, size, Source::Snapshot(SnapshotSource { snapshot_id: id })).await
    }
}

impl CloneArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Created, Failure> {
        let Self { copy, volume: id } = self;
        let size = match copy.size {
            Some(size) => Some(size),
            None => Size::known(list::get(session, id.clone()).await?.capacity_bytes),
        };
        copy.run(session, size, Source::Volume(VolumeSource { volume_id: id })).await
    }
}

impl CopyArgs {
    async fn run(
        self,
        session: &Session,
        size: Option<Size>,
        source: Source,
    ) -> Result<Created, Failure> {
        let request = csi::CreateVolumeRequest {
            name: self.name,
            capacity_range: range(size, None),
            volume_capabilities: vec![self.capability.to_csi()],
            parameters: map("--parameter", self.parameter)?,
            secrets: self.secrets.read()?,
            volume_content_source: Some(csi::VolumeContentSource { r#type: Some(source) }),
            ..Default::default()
        };
        Created::ask(session, request, self.quiet).await
    }
}

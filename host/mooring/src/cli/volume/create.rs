//! `mooring volume create`, `delete` and `capacity`: volumes come, go, and the room for them.

use std::collections::BTreeMap;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_content_source::{SnapshotSource, Type as Source, VolumeSource};
use serde::Serialize;

use super::arguments::{Pair, SecretArgs, map};
use super::capability::CapabilityArgs;
use super::failure::Failure;
use super::output::{Answer, human, properties, shown};
use super::session::Session;
use super::size::{Size, range};
use super::view::VolumeView;

/// Create a volume. The same name and arguments again give the same volume.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring volume create data --size 10GiB\n  \
    mooring volume create data --size 10GiB --fs-type xfs --parameter tier=gold\n  \
    mooring volume create disk --size 1GiB --block --quiet\n  \
    mooring volume create copy --from-volume ID --secret-file token=/run/secrets/token\n  \
    printf %s \"$TOKEN\" | mooring volume create data --size 1GiB --secret-file token=-")]
pub(super) struct CreateArgs {
    /// The name: it makes the call repeatable. The driver chooses the id.
    name: String,
    /// At least this large, such as 512MiB or 10GiB; without it the driver chooses.
    #[arg(long)]
    size: Option<Size>,
    /// At most this large.
    #[arg(long, value_name = "SIZE")]
    limit: Option<Size>,
    #[command(flatten)]
    capability: CapabilityArgs,
    /// A parameter for the driver (a StorageClass's). May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<Pair>,
    /// A parameter that can be changed later (a VolumeAttributesClass's). May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    mutable_parameter: Vec<Pair>,
    /// Start with a copy of this volume.
    #[arg(long, value_name = "ID", conflicts_with = "from_snapshot")]
    from_volume: Option<String>,
    /// Start with what this snapshot holds.
    #[arg(long, value_name = "ID")]
    from_snapshot: Option<String>,
    /// A place that the volume must be reachable from. Several pairs make one place.
    #[arg(long, value_name = "KEY=VALUE")]
    topology: Vec<Pair>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Print the id alone.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Created {
    #[serde(flatten)]
    volume: VolumeView,
    #[serde(skip)]
    quiet: bool,
}

impl CreateArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Created, Failure> {
        let quiet = self.quiet;
        Created::ask(session, self.request()?, quiet).await
    }

    fn request(self) -> Result<csi::CreateVolumeRequest, Failure> {
        if let (Some(size), Some(limit)) = (self.size, self.limit)
            && size > limit
        {
            return Err(Failure::Usage(format!("--size {size} is above --limit {limit}")));
        }
        let place = map("--topology", self.topology)?;
        let from =
            self.from_volume.map(|volume_id| Source::Volume(VolumeSource { volume_id })).or(self
                .from_snapshot
                .map(|snapshot_id| Source::Snapshot(SnapshotSource { snapshot_id })));
        Ok(csi::CreateVolumeRequest {
            name: self.name,
            capacity_range: range(self.size, self.limit),
            volume_capabilities: vec![self.capability.to_csi()],
            parameters: map("--parameter", self.parameter)?,
            secrets: self.secrets.read()?,
            volume_content_source: from
                .map(|source| csi::VolumeContentSource { r#type: Some(source) }),
            accessibility_requirements: (!place.is_empty()).then(|| csi::TopologyRequirement {
                requisite: vec![csi::Topology { segments: place.clone() }],
                preferred: vec![csi::Topology { segments: place }],
            }),
            mutable_parameters: map("--mutable-parameter", self.mutable_parameter)?,
        })
    }
}

impl Created {
    /// Has a volume created.
    pub(super) async fn ask(
        session: &Session,
        request: csi::CreateVolumeRequest,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let answer = session.controller().await?.create_volume(session.request(request)).await?;
        Ok(Self { volume: VolumeView::required(answer.into_inner().volume)?, quiet })
    }
}

impl Answer for Created {
    fn table(&self) -> String {
        self.volume.table()
    }

    fn quiet(&self) -> Option<String> {
        self.quiet.then(|| format!("{}\n", shown(&self.volume.volume_id)))
    }
}

/// Delete a volume and its data. One that is gone already is a success.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mooring volume delete ID")]
pub(super) struct DeleteArgs {
    /// The volume.
    id: String,
    #[command(flatten)]
    secrets: SecretArgs,
}

/// What became of a volume, where there is no more to say.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done {
    pub(super) volume_id: String,
    /// One word, such as `deleted`.
    pub(super) state: &'static str,
    /// Where, if the command was about a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
}

impl DeleteArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Done, Failure> {
        let request =
            csi::DeleteVolumeRequest { volume_id: self.id.clone(), secrets: self.secrets.read()? };
        session.controller().await?.delete_volume(session.request(request)).await?;
        Ok(Done { volume_id: self.id, state: "deleted", path: None })
    }
}

impl Answer for Done {
    fn table(&self) -> String {
        let id = shown(&self.volume_id);
        match &self.path {
            None => format!("{id} {}\n", self.state),
            Some(path) => format!("{id} {} {}\n", self.state, shown(path)),
        }
    }
}

/// Ask how much room there is for new volumes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mooring volume capacity\n  mooring volume capacity -o json | jq .availableBytes"
)]
pub(super) struct CapacityArgs {
    #[command(flatten)]
    capability: CapabilityArgs,
    /// A parameter that the volumes would have. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<Pair>,
    /// A place that the volumes would be reachable from. Several pairs make one place.
    #[arg(long, value_name = "KEY=VALUE")]
    topology: Vec<Pair>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Room {
    available_bytes: i64,
    /// Of a single volume; null: no limit is known.
    maximum_volume_bytes: Option<i64>,
    minimum_volume_bytes: Option<i64>,
}

impl CapacityArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Room, Failure> {
        let segments: BTreeMap<_, _> = map("--topology", self.topology)?;
        let request = csi::GetCapacityRequest {
            volume_capabilities: vec![self.capability.to_csi()],
            parameters: map("--parameter", self.parameter)?,
            accessible_topology: (!segments.is_empty()).then_some(csi::Topology { segments }),
        };
        let answer = session.controller().await?.get_capacity(session.request(request)).await?;
        let csi::GetCapacityResponse {
            available_capacity,
            maximum_volume_size,
            minimum_volume_size,
        } = answer.into_inner();
        Ok(Room {
            available_bytes: available_capacity,
            maximum_volume_bytes: maximum_volume_size,
            minimum_volume_bytes: minimum_volume_size,
        })
    }
}

impl Answer for Room {
    fn table(&self) -> String {
        let bound = |bytes: Option<i64>| bytes.map(human).unwrap_or_default();
        properties([
            ("AVAILABLE", human(self.available_bytes)),
            ("LARGEST VOLUME", bound(self.maximum_volume_bytes)),
            ("SMALLEST VOLUME", bound(self.minimum_volume_bytes)),
        ])
    }
}

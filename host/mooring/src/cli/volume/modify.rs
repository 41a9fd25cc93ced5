//! `mooring volume modify`: what a volume can do is changed while it lives.

use clap::Args;
use mooring_proto::csi::v1 as csi;

use super::arguments::{Pair, SecretArgs, map};
use super::create::Done;
use super::failure::Failure;
use super::session::Session;

/// Change mutable parameters of a volume (a VolumeAttributesClass's). Those not named stay.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mooring volume modify ID --set readBandwidth=20Mi --set writeBandwidth=10Mi\n  \
    mooring volume modify ID --set writeIops=0")]
pub(super) struct ModifyArgs {
    /// The volume.
    id: String,
    /// A parameter and its new value. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", required = true)]
    set: Vec<Pair>,
    #[command(flatten)]
    secrets: SecretArgs,
}

impl ModifyArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Done, Failure> {
        let request = csi::ControllerModifyVolumeRequest {
            volume_id: self.id.clone(),
            secrets: self.secrets.read()?,
            mutable_parameters: map("--set", self.set)?,
        };
        session.controller().await?.controller_modify_volume(session.request(request)).await?;
        Ok(Done { volume_id: self.id, state: "modified", path: None })
    }
}

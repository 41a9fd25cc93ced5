//! `modification`.

use mooring_volume::limits::NodeLimits;
use mooring_volume::modification::{Modification, ModifyVolume};
use mooring_volume::{Call, Result, VolumeId};

use super::{Asked, Driver, Guest, convert};

impl Modification for Driver {
    async fn modify(&self, call: &Call, request: ModifyVolume) -> Result<()> {
        let modification = self.exported(&self.exports.modification, "modification")?;
        let ModifyVolume { volume, mutable_parameters, mut secrets } = request;
        self.schema.check_mutable_parameters(&mutable_parameters)?;
        let asked = self.asked(call, "modification.modify", &mut secrets);
        let parameters = convert::map(mutable_parameters);
        let secrets = convert::exposed(&secrets);
        let body = guest!(modification, call_modify(volume.as_str(), &parameters, &secrets));
        self.call(asked, body, Ok).await
    }

    async fn limits(&self, call: &Call, volume: VolumeId) -> Result<Option<NodeLimits>> {
        let modification = self.exported(&self.exports.modification, "modification")?;
        let asked = Asked::new(call, "modification.limits");
        let body = guest!(modification, call_limits(volume.as_str()));
        self.call(asked, body, |limits| Ok(limits.map(convert::limits))).await
    }
}

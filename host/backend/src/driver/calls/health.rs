//! `health`.

use mooring_volume::backend::{Page, Paged};
use mooring_volume::health::{Health, StorageFinding, VolumeFinding, VolumeHealth};
use mooring_volume::{Call, NodeId, Result, Secrets, VolumeId};

use super::{Driver, Guest, convert};

impl Health for Driver {
    async fn volume_health(
        &self,
        call: &Call,
        volume: VolumeId,
        mut secrets: Secrets,
    ) -> Result<Vec<VolumeFinding>> {
        let health = self.exported(&self.exports.health, "health")?;
        let asked = self.asked(call, "health.get", &mut secrets);
        let secrets = convert::exposed(&secrets);
        let body = guest!(health, call_get(volume.as_str(), &secrets));
        self.call(asked, body, convert::volume_findings).await
    }

    async fn list_health(
        &self,
        call: &Call,
        page: Page,
        mut secrets: Secrets,
    ) -> Result<Paged<VolumeHealth>> {
        let health = self.exported(&self.exports.health, "health")?;
        let most = page.max_entries;
        let asked = self.asked(call, "health.list", &mut secrets);
        let (page, secrets) = (convert::page(page), convert::exposed(&secrets));
        let body = guest!(health, call_list(&page, &secrets));
        self.call(asked, body, |entries| convert::unsound(entries, most)).await
    }

    async fn storage_health(
        &self,
        call: &Call,
        node: Option<NodeId>,
        mut secrets: Secrets,
    ) -> Result<Vec<StorageFinding>> {
        let health = self.exported(&self.exports.health, "health")?;
        let asked = self.asked(call, "health.backend", &mut secrets);
        let (node, secrets) = (node.map(|node| node.to_string()), convert::exposed(&secrets));
        let body = guest!(health, call_backend(node.as_deref(), &secrets));
        self.call(asked, body, convert::storage_findings).await
    }
}

//! CSI's Identity service: who the driver is, and what it is made for.

use std::sync::Arc;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::identity_server::Identity;
use mooring_volume::backend::{Backend, Description};
use tonic::{Request, async_trait};

use crate::controller::capabilities;
use crate::unary::{Reply, close, open};

/// Serves it for one driver.
#[derive(Debug)]
pub(crate) struct IdentityService<B> {
    backend: Arc<B>,
}

impl<B> IdentityService<B> {
    pub(crate) fn new(backend: Arc<B>) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl<B: Backend> Identity for IdentityService<B> {
    async fn get_plugin_info(
        &self,
        request: Request<pb::GetPluginInfoRequest>,
    ) -> Reply<pb::GetPluginInfoResponse> {
        let (_, pb::GetPluginInfoRequest {}) = open(request)?;
        let Description { name, version, mut manifest } = self.backend.description();
        manifest.insert("mooring.dev/host-version".into(), env!("CARGO_PKG_VERSION").into());
        manifest.insert("mooring.dev/backend".into(), name);
        close(Ok(pb::GetPluginInfoResponse {
            name: self.backend.driver().to_string(),
            vendor_version: version,
            manifest,
        }))
    }

    async fn get_plugin_capabilities(
        &self,
        request: Request<pb::GetPluginCapabilitiesRequest>,
    ) -> Reply<pb::GetPluginCapabilitiesResponse> {
        let (_, pb::GetPluginCapabilitiesRequest {}) = open(request)?;
        let capabilities = capabilities::of_plugin(&self.backend.abilities());
        close(Ok(pb::GetPluginCapabilitiesResponse { capabilities }))
    }

    async fn probe(&self, request: Request<pb::ProbeRequest>) -> Reply<pb::ProbeResponse> {
        let (call, pb::ProbeRequest {}) = open(request)?;
        let ready = self.backend.probe(&call).await;
        close(ready.map(|ready| pb::ProbeResponse { ready: Some(ready) }))
    }
}

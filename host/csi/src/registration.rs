//! Kubelet's plugin registration: who the driver is and where it is called, and what kubelet made of that.

use mooring_proto::pluginregistration as pb;
use mooring_proto::pluginregistration::registration_server::Registration;
use mooring_volume::DriverName;
use tonic::{Request, async_trait};

use crate::status;
use crate::unary::{Reply, close, open};

/// The part of kubelet that is meant. Source: `k8s.io/kubelet/pkg/apis/pluginregistration/v1`, constants.go.
const TYPE: &str = "CSIPlugin";
/// What kubelet is told of CSI's versions: it takes any highest one of `1.x`, and looks at nothing else of it.
/// Source: kubelet, `pkg/volume/csi/csi_plugin.go`; node-driver-registrar answers the same.
const VERSION: &str = "1.0.0";

/// What kubelet is told of a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its name.
    pub driver: DriverName,
    /// The path of its CSI socket as kubelet sees it.
    pub endpoint: String,
}

/// What kubelet made of a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its volumes are mounted from now on.
    Registered,
    /// They are not, for this reason; kubelet does not try again by itself.
    Refused(String),
}

/// Serves it for one driver.
pub(crate) struct RegistrationService {
    pub(crate) plugin: Plugin,
    pub(crate) hear: Box<dyn Fn(Verdict) + Send + Sync>,
}

#[async_trait]
impl Registration for RegistrationService {
    async fn get_info(&self, request: Request<pb::InfoRequest>) -> Reply<pb::PluginInfo> {
        let (_, pb::InfoRequest {}) = open(request)?;
        let Plugin { driver, endpoint } = self.plugin.clone();
        close(Ok(pb::PluginInfo {
            r#type: TYPE.to_owned(),
            name: driver.to_string(),
            endpoint,
            supported_versions: vec![VERSION.to_owned()],
        }))
    }

    async fn notify_registration_status(
        &self,
        request: Request<pb::RegistrationStatus>,
    ) -> Reply<pb::RegistrationStatusResponse> {
        let (_, pb::RegistrationStatus { plugin_registered, error }) = open(request)?;
        (self.hear)(if plugin_registered {
            Verdict::Registered
        } else {
            Verdict::Refused(status::shorten(error))
        });
        close(Ok(pb::RegistrationStatusResponse {}))
    }
}

//! Where the driver is reached, and how long it may take: connections, deadlines, capabilities.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::controller_client::ControllerClient;
use mooring_proto::csi::v1::controller_service_capability as ability;
use mooring_proto::csi::v1::group_controller_client::GroupControllerClient;
use mooring_proto::csi::v1::node_client::NodeClient;
use mooring_proto::csi::v1::snapshot_metadata_client::SnapshotMetadataClient;
use tonic::Request;
use tonic::transport::Channel;

use super::failure::Failure;
use crate::client;

/// The heading of what all commands share.
pub(super) const REACHING: &str = "Driver and output";

/// How to reach the driver.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectionArgs {
    /// The driver's socket.
    #[arg(
        long,
        global = true,
        help_heading = REACHING,
        env = "MOORING_SOCKET",
        default_value = "/run/mooring/image.mooring.dev/csi.sock",
        value_parser = parse_socket,
        value_name = "PATH"
    )]
    pub(crate) socket: PathBuf,
    /// The socket of the Controller service, where it is another one.
    #[arg(
        long,
        global = true,
        help_heading = REACHING,
        env = "MOORING_CONTROLLER_SOCKET",
        value_parser = parse_socket,
        value_name = "PATH"
    )]
    pub(crate) controller_socket: Option<PathBuf>,
    /// How long each call may take; the driver is told (grpc-timeout).
    #[arg(
        long,
        global = true,
        help_heading = REACHING,
        default_value = "30s",
        value_parser = parse_timeout,
        value_name = "DURATION"
    )]
    pub(crate) timeout: Duration,
}

/// A path, or the `unix://` form that CSI_ENDPOINT has.
fn parse_socket(text: &str) -> Result<PathBuf, String> {
    let path =
        text.strip_prefix("unix:").map_or(text, |rest| rest.strip_prefix("//").unwrap_or(rest));
    if path.is_empty() { Err("a path is wanted".to_owned()) } else { Ok(path.into()) }
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a timeout must be above zero".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}; write it like 30s or 2m")),
    }
}

/// One driver, as one command talks to it.
#[derive(Debug)]
pub(crate) struct Session {
    connection: ConnectionArgs,
}

impl Session {
    pub(crate) fn new(connection: ConnectionArgs) -> Self {
        Self { connection }
    }

    /// Where the Node service is, and the others in the usual case.
    pub(crate) fn socket(&self) -> &std::path::Path {
        &self.connection.socket
    }

    /// A message with its deadline.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.connection.timeout);
        request
    }

    /// # Errors
    /// [`Failure::Unreachable`] where nothing listens.
    pub(crate) async fn channel(&self) -> Result<Channel, Failure> {
        connect(&self.connection.socket).await
    }

    /// How long one answer may take.
    pub(super) fn timeout(&self) -> Duration {
        self.connection.timeout
    }

    /// The connection to where the Controller service and its like are.
    async fn of_controller(&self) -> Result<Channel, Failure> {
        let socket = self.connection.controller_socket.as_ref();
        connect(socket.unwrap_or(&self.connection.socket)).await
    }

    /// # Errors
    /// [`Failure::Unreachable`] where nothing listens.
    pub(crate) async fn controller(&self) -> Result<ControllerClient<Channel>, Failure> {
        Ok(ControllerClient::new(self.of_controller().await?))
    }

    /// # Errors
    /// [`Failure::Unreachable`] where nothing listens.
    pub(super) async fn groups(&self) -> Result<GroupControllerClient<Channel>, Failure> {
        Ok(GroupControllerClient::new(self.of_controller().await?))
    }

    /// # Errors
    /// [`Failure::Unreachable`] where nothing listens.
    pub(super) async fn metadata(&self) -> Result<SnapshotMetadataClient<Channel>, Failure> {
        Ok(SnapshotMetadataClient::new(self.of_controller().await?))
    }

    /// # Errors
    /// [`Failure::Unreachable`] where nothing listens.
    pub(crate) async fn node(&self) -> Result<NodeClient<Channel>, Failure> {
        Ok(NodeClient::new(self.channel().await?))
    }

    /// Whether the driver advertises an ability of the Controller service.
    pub(super) async fn advertises(&self, wanted: ability::rpc::Type) -> Result<bool, Failure> {
        let request = self.request(csi::ControllerGetCapabilitiesRequest {});
        let answer = self.controller().await?.controller_get_capabilities(request).await?;
        Ok(answer.into_inner().capabilities.into_iter().any(|capability| match capability.r#type {
            Some(ability::Type::Rpc(rpc)) => rpc.r#type() == wanted,
            None => false,
        }))
    }

    /// The driver's name of this node.
    pub(super) async fn node_id(&self) -> Result<String, Failure> {
        let request = self.request(csi::NodeGetInfoRequest {});
        Ok(self.node().await?.node_get_info(request).await?.into_inner().node_id)
    }
}

/// The token of the page after one that was asked for with `asked`; none after the last.
///
/// # Errors
/// [`Failure::Protocol`] for a page that names itself as the next: the list would not end.
pub(super) fn following(asked: &str, next: String) -> Result<Option<String>, Failure> {
    if next.is_empty() {
        return Ok(None);
    }
    if next == asked {
        return Err(Failure::Protocol(format!(
            "the page after token {asked:?} names itself as the next"
        )));
    }
    Ok(Some(next))
}

async fn connect(socket: &std::path::Path) -> Result<Channel, Failure> {
    client::connect(socket).await.map_err(Failure::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_endpoints() {
        for text in ["/run/x.sock", "unix:///run/x.sock", "unix:/run/x.sock"] {
            assert_eq!(parse_socket(text), Ok("/run/x.sock".into()));
        }
        assert!(parse_socket("unix://").is_err());
    }

    #[test]
    fn a_list_that_does_not_end_is_noticed() {
        assert_eq!(following("a", String::new()).unwrap(), None);
        assert_eq!(following("a", "b".to_owned()).unwrap(), Some("b".to_owned()));
        assert!(matches!(following("a", "a".to_owned()), Err(Failure::Protocol(_))));
    }

    #[test]
    fn timeouts() {
        assert_eq!(parse_timeout("2m"), Ok(Duration::from_secs(120)));
        assert!(parse_timeout("0s").is_err() && parse_timeout("soon").is_err());
    }
}

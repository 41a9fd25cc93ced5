//! The node's side: the backend, as far as a node needs it, at the other end of a link.

use std::time::Instant;

use mooring_proto::mooring::internal::v1 as pb;
use mooring_proto::mooring::internal::v1::backend_client::BackendClient;
use mooring_volume::attachment::Attached;
use mooring_volume::backend::{Attachments, DescribeAttachment, NodeDescription, NodeFacts, Nodes};
use mooring_volume::{Call, Code, Error, Result};
use tonic::{Request, Response, Status};

use super::{attachment, facts};
use crate::convert::capability;
use crate::link::Link;
use crate::status;

/// The backend of a driver whose component runs in the controller process. Errors come as the backend meant
/// them; `Unavailable` is also the link's own.
#[derive(Debug, Clone)]
pub struct RemoteBackend {
    pub(super) link: Link,
}

impl RemoteBackend {
    /// At the other end of `link`.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self { link }
    }

    fn client(&self) -> BackendClient<Link> {
        BackendClient::new(self.link.clone())
    }
}

/// A request that carries what is left of the call's time.
pub(super) fn timed<T>(call: &Call, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(call.id);
    request.set_timeout(call.deadline.saturating_duration_since(Instant::now()));
    request
}

/// Waits no longer than the call: the controller may hang.
pub(super) async fn answer<T>(
    call: &Call,
    answering: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T> {
    match tokio::time::timeout_at(call.deadline.into(), answering).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(status::into_error(&status)),
        Err(_) => Err(Error::new(
            Code::DeadlineExceeded,
            "the controller process did not answer within the call's time; try again",
        )),
    }
}

impl Attachments for RemoteBackend {
    async fn describe_attachment(
        &self,
        call: &Call,
        request: DescribeAttachment,
    ) -> Result<Attached> {
        let DescribeAttachment {
            volume_id,
            volume_context,
            publish_context,
            capability,
            readonly,
            node_id,
            secrets,
        } = request;
        let message = pb::DescribeAttachmentRequest {
            volume_id: volume_id.into(),
            volume_context,
            publish_context,
            capability: Some(capability::wire(capability)),
            readonly,
            node_id: node_id.into(),
            secrets: attachment::encode::exposed(&secrets),
        };
        let mut client = self.client();
        let described = client.describe_attachment(timed(call, message));
        attachment::decode::attached(answer(call, described).await?)
    }
}

impl Nodes for RemoteBackend {
    async fn describe_node(&self, call: &Call, facts: NodeFacts) -> Result<NodeDescription> {
        let message = pb::DescribeNodeRequest { facts: Some(facts::encode(facts)) };
        let mut client = self.client();
        let described = client.describe_node(timed(call, message));
        facts::decode_description(answer(call, described).await?)
    }
}

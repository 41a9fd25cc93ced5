//! The controller's side.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use mooring_proto::mooring::internal::v1 as pb;
use mooring_proto::mooring::internal::v1::backend_server::Backend;
use mooring_volume::backend::{Attachments, DescribeAttachment, Nodes};
use mooring_volume::{Call, NodeId, Result, VolumeId};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, Streaming, async_trait};

use super::{Hub, attachment, facts};
use crate::conceal::conceal;
use crate::convert::{capability, map};
use crate::unary::{Reply, about, close, open};

/// Serves it for one driver.
#[derive(Debug)]
pub(crate) struct InternalService<B> {
    pub(crate) backend: Arc<B>,
    /// Who is connected.
    pub(crate) hub: Hub,
    /// When the streams of orders end, which would end last otherwise.
    pub(crate) ending: CancellationToken,
}

impl<B: Attachments + Nodes> InternalService<B> {
    async fn attachment(
        &self,
        call: &Call,
        message: pb::DescribeAttachmentRequest,
    ) -> Result<pb::DescribeAttachmentResponse> {
        let request = request(message)?;
        about(&request.volume_id);
        let secrets = request.secrets.clone();
        let attached = self.backend.describe_attachment(call, request).await;
        attached.map(attachment::encode::attached).map_err(|error| conceal(error, &secrets))
    }

    async fn node(
        &self,
        call: &Call,
        message: pb::DescribeNodeRequest,
    ) -> Result<pb::DescribeNodeResponse> {
        let pb::DescribeNodeRequest { facts } = message;
        let facts = facts::decode(facts.unwrap_or_default());
        facts::encode_description(self.backend.describe_node(call, facts).await?)
    }
}

fn request(message: pb::DescribeAttachmentRequest) -> Result<DescribeAttachment> {
    let pb::DescribeAttachmentRequest {
        volume_id,
        volume_context,
        publish_context,
        capability,
        readonly,
        node_id,
        secrets,
    } = message;
    Ok(DescribeAttachment {
        volume_id: VolumeId::new(volume_id)?,
        volume_context: map::checked("volume_context", volume_context)?,
        publish_context: map::checked("publish_context", publish_context)?,
        capability: capability::required(capability)?,
        readonly,
        node_id: NodeId::new(node_id)?,
        secrets: map::secrets(secrets)?,
    })
}

#[async_trait]
impl<B: Attachments + Nodes> Backend for InternalService<B> {
    type TakeOrdersStream = Pin<Box<dyn Stream<Item = Result<pb::Order, Status>> + Send>>;

    async fn take_orders(
        &self,
        request: Request<Streaming<pb::OrderReport>>,
    ) -> Reply<Self::TakeOrdersStream> {
        // The call's deadline is that of a beginning; the stream lasts for as long as the node does.
        let (_, reports) = open(request)?;
        let orders = self.hub.connect(reports, self.ending.clone());
        close(orders.map(|orders| Box::pin(orders) as Self::TakeOrdersStream))
    }

    async fn describe_attachment(
        &self,
        request: Request<pb::DescribeAttachmentRequest>,
    ) -> Reply<pb::DescribeAttachmentResponse> {
        let (call, message) = open(request)?;
        close(self.attachment(&call, message).await)
    }

    async fn describe_node(
        &self,
        request: Request<pb::DescribeNodeRequest>,
    ) -> Reply<pb::DescribeNodeResponse> {
        let (call, message) = open(request)?;
        close(self.node(&call, message).await)
    }
}

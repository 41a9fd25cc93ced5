//! A receiver of traces: OTLP over gRPC, as a collector serves it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// One span, and who sent it.
#[derive(Debug, Clone)]
pub struct Received {
    /// `service.name`
    pub process: String,
    /// The span.
    pub span: Span,
}

impl Received {
    /// An attribute as text; empty where there is none.
    #[must_use]
    pub fn attribute(&self, key: &str) -> String {
        text(&self.span.attributes, key)
    }
}

/// What was sent to it.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    spans: Arc<Mutex<Vec<Received>>>,
    raw: Arc<Mutex<Vec<u8>>>,
    headers: Arc<Mutex<MetadataMap>>,
}

impl Receiver {
    /// Listens on a loopback port until the test ends.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> (Self, SocketAddr) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(receiver.clone());
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        (receiver, address)
    }

    /// All spans so far.
    ///
    /// # Panics
    /// When a receiving thread panicked.
    #[must_use]
    pub fn spans(&self) -> Vec<Received> {
        self.spans.lock().unwrap().clone()
    }

    /// All exports so far, as text that holds every name and value.
    ///
    /// # Panics
    /// When a receiving thread panicked.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    /// The headers of the last export.
    ///
    /// # Panics
    /// When a receiving thread panicked.
    #[must_use]
    pub fn headers(&self) -> MetadataMap {
        self.headers.lock().unwrap().clone()
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|it| it.key == key);
    match found.and_then(|it| it.value.as_ref()) {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text.clone(),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        *self.headers.lock().unwrap() = request.metadata().clone();
        let message = request.into_inner();
        self.raw.lock().unwrap().extend(prost::Message::encode_to_vec(&message));
        for group in message.resource_spans {
            let resource = group.resource.unwrap_or_default();
            let process = text(&resource.attributes, "service.name");
            let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let received = spans.map(|span| Received { process: process.clone(), span });
            self.spans.lock().unwrap().extend(received);
        }
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

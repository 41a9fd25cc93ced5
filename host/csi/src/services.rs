//! Which service answers a request: by the first part of its path.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;
use tower::util::BoxCloneSyncService;

use crate::methods;

/// A request as all of this crate's layers know it.
pub(crate) type Asked = Request<Body>;
/// An answer likewise; an error is an answer, too.
pub(crate) type Answer = Response<Body>;
/// What a layer's future is.
pub(crate) type Answering =
    std::pin::Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;
/// A service with everything around it.
pub(crate) type Boxed = BoxCloneSyncService<Asked, Answer, Infallible>;

/// The services of one socket, by name.
#[derive(Clone, Default)]
pub(crate) struct Services(BTreeMap<&'static str, Boxed>);

impl Services {
    /// Adds a generated service, inside of `around`.
    pub(crate) fn with<S, R>(self, service: S, around: impl FnOnce(S) -> R) -> Self
    where
        S: NamedService,
        R: Service<Asked, Response = Answer, Error = Infallible> + Clone + Send + Sync + 'static,
        R::Future: Send,
    {
        self.named(S::NAME, around(service))
    }

    /// Adds a service under a name.
    pub(crate) fn named<R>(mut self, name: &'static str, service: R) -> Self
    where
        R: Service<Asked, Response = Answer, Error = Infallible> + Clone + Send + Sync + 'static,
        R::Future: Send,
    {
        self.0.insert(name, Boxed::new(service));
        self
    }
}

impl Service<Asked> for Services {
    type Response = Answer;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Asked) -> Answering {
        let (name, _) = methods::split(request.uri().path());
        match self.0.get_mut(name) {
            // Every service here is ready at any time: they keep no state between calls.
            Some(service) => service.call(request),
            None => {
                let served: Vec<_> = self.0.keys().copied().collect();
                let status = Status::unimplemented(format!(
                    "this socket does not serve that service; it serves {}",
                    served.join(", ")
                ));
                Box::pin(async move { Ok(status.into_http()) })
            }
        }
    }
}

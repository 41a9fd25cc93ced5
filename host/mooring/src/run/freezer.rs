//! Freezes for the store what the connected nodes have attached: the one place that knows both.

use std::time::{Duration, Instant};

use mooring_csi::{Held, Hub};
use mooring_store::{BoxFuture, FreezeError, Freezer, Frozen};
use mooring_volume::attachment::PoolItem;
use mooring_volume::orders::LONGEST_HOLD;
use mooring_volume::{Code, Error};

/// For a node to write what is dirty, before it freezes, and to freeze.
const TO_FREEZE: Duration = Duration::from_secs(20);
/// For a node to thaw. Its hold ends about then.
const TO_THAW: Duration = LONGEST_HOLD;

/// The nodes of one driver, as its store knows them.
pub(crate) struct Nodes(Hub);

impl Nodes {
    pub(crate) fn new(hub: &Hub) -> Self {
        Self(hub.clone())
    }

    async fn hold(&self, images: &[PoolItem]) -> Result<Box<dyn Frozen>, FreezeError> {
        if self.0.connected() == 0 {
            return Err(FreezeError::Failed("no node is connected that could freeze".to_owned()));
        }
        let deadline = Instant::now() + TO_FREEZE;
        let held = self.0.freeze(images, LONGEST_HOLD, deadline).await.map_err(refused)?;
        match images.iter().find(|image| !held.images().contains(image)) {
            None => Ok(Box::new(Kept(held))),
            Some(image) => Err(FreezeError::Failed(format!(
                "image {:?} is not attached on a node that is connected; if it was just unstaged, \
                 try again",
                image.name
            ))),
        }
    }
}

impl Freezer for Nodes {
    fn freeze<'a>(
        &'a self,
        images: &'a [PoolItem],
    ) -> BoxFuture<'a, Result<Box<dyn Frozen>, FreezeError>> {
        Box::pin(self.hold(images))
    }
}

/// What the nodes keep frozen.
struct Kept(Held);

impl Frozen for Kept {
    fn release(self: Box<Self>) -> BoxFuture<'static, Result<(), FreezeError>> {
        Box::pin(async move {
            match self.0.thaw(Instant::now() + TO_THAW).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(FreezeError::Failed(
                    "the images were thawed before they were all read; try again".to_owned(),
                )),
                Err(error) => Err(FreezeError::Failed(error.message)),
            }
        })
    }
}

/// What will not be otherwise the next time, and what may be.
fn refused(error: Error) -> FreezeError {
    let lasting = [
        Code::FailedPrecondition,
        Code::InvalidArgument,
        Code::PermissionDenied,
        Code::Unimplemented,
    ];
    if lasting.contains(&error.code) {
        FreezeError::Impossible(error.message)
    } else {
        FreezeError::Failed(error.message)
    }
}

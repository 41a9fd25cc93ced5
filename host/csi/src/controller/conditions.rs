//! What is wrong with volumes, as ListVolumes tells it to callers of CSI up to 1.12.
//!
//! A page of volumes must not cost a look at each of them: all that are ill are asked for at once, and known for
//! some seconds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::backend::Page;
use mooring_volume::health::{Health, VolumeFinding};
use mooring_volume::{Call, Error, Result, Secrets, VolumeId};
use tokio::sync::Mutex;

/// How long the answer is good for. Watchers ask every minute; a listing takes many pages.
const GOOD_FOR: Duration = Duration::from_secs(10);

/// The volumes with which something is wrong, and what.
pub(crate) type Ill = HashMap<VolumeId, Vec<VolumeFinding>>;

/// What is known of one driver's volumes. A clone is another handle on the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions(Arc<Mutex<Option<Known>>>);

#[derive(Debug)]
struct Known {
    since: Instant,
    ill: Arc<Ill>,
}

impl Conditions {
    /// All that are ill; whoever comes while they are looked up waits for that.
    pub(crate) async fn ill<B: Health>(&self, backend: &B, call: &Call) -> Result<Arc<Ill>> {
        let mut known = self.0.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.since.elapsed() < GOOD_FOR) {
            return Ok(Arc::clone(&known.ill));
        }
        let ill = Arc::new(look(backend, call).await?);
        *known = Some(Known { since: Instant::now(), ill: Arc::clone(&ill) });
        Ok(ill)
    }
}

async fn look<B: Health>(backend: &B, call: &Call) -> Result<Ill> {
    let (mut ill, mut page) = (Ill::new(), Page::default());
    loop {
        let found = backend.list_health(call, page.clone(), Secrets::default()).await?;
        ill.extend(found.entries.into_iter().map(|entry| (entry.volume, entry.findings)));
        match found.next {
            None => return Ok(ill),
            Some(next) if page.token.as_ref() == Some(&next) => {
                return Err(Error::internal("the backend's list of ill volumes does not end"));
            }
            next @ Some(_) => page.token = next,
        }
    }
}

//! Asking a pool what only its storage knows, for a while: storage that hangs keeps one thread, and nobody who asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::grant::blocking;
use crate::PoolError;

/// How long whoever asks waits: longer than storage under load takes, shorter than a probe's caller waits.
const LONGEST: Duration = Duration::from_secs(2);

/// Of one pool.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    asking: Arc<Mutex<()>>,
    /// That who asks now has been given up on.
    silent: AtomicBool,
}

impl Patience {
    /// What `question` finds on a thread that may block.
    ///
    /// # Errors
    /// `Storage` where it takes too long, and at once as long as the one that took too long goes on; otherwise
    /// what it answers.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        pool: &str,
        question: impl FnOnce() -> Result<T, PoolError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let silent = || PoolError::Storage(format!("the storage of pool {pool:?} does not answer"));
        let alone = match Arc::clone(&self.asking).try_lock_owned() {
            Ok(alone) => Some(alone),
            Err(_) if self.silent.load(Ordering::Relaxed) => return Err(silent()),
            Err(_) => None,
        };
        match tokio::time::timeout(LONGEST, self.answer(alone, question)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.silent.store(true, Ordering::Relaxed);
                Err(silent())
            }
        }
    }

    async fn answer<T: Send + 'static>(
        &self,
        alone: Option<OwnedMutexGuard<()>>,
        question: impl FnOnce() -> Result<T, PoolError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let alone = match alone {
            Some(alone) => alone,
            None => Arc::clone(&self.asking).lock_owned().await,
        };
        self.silent.store(false, Ordering::Relaxed);
        // Goes on, and keeps the others from asking, where nobody waits any more.
        let (_alone, answer) = blocking(alone, question).await?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_thread_waits_for_storage_that_hangs_and_the_others_are_told() {
        let patience = Patience::default();
        let (answer, hangs) = mpsc::channel();
        let first = patience.ask("a", move || Ok::<u8, _>(hangs.recv().unwrap())).await;
        assert!(matches!(first, Err(PoolError::Storage(why)) if why.contains("does not answer")));
        for _ in 0..3 {
            let next = patience.ask("a", || -> Result<(), _> { panic!("asked beside it") }).await;
            assert!(
                matches!(next, Err(PoolError::Storage(why)) if why.contains("does not answer"))
            );
        }
        answer.send(7).unwrap();
        drop(patience.asking.lock().await);
        assert_eq!(patience.ask("a", || Ok(7)).await.unwrap(), 7);
    }
}

//! Keeps the file that the host follows at what the base file and the objects say. It talks to no API server, so none
//! that hangs keeps it from anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::ResourceExt as _;
use serde_json::Value;
use tokio::sync::watch;

use crate::check::Check;
use crate::driver::Driver;
use crate::live::{AllKept, Kept, Live, digest, entries};
use crate::merge::{alone, entry, merge, named};
use crate::standing::{Fate, Judged};

/// Until a file that could not be written, or a check that could not be asked for, is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// The objects, once all of them are known.
pub type Objects = Option<Vec<Arc<Driver>>>;

/// What was written, and what of it are objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The file's.
    pub digest: String,
    /// What became of each object, by name.
    pub objects: BTreeMap<String, Judged>,
}

/// Makes the one file of the other and the objects.
#[derive(Debug)]
pub struct Follower {
    base: PathBuf,
    live: Live,
    check: Check,
    /// The last base that was right.
    good: Option<Value>,
    /// With which base what was kept was found right. None: with none yet.
    checked: Option<Value>,
    kept: AllKept,
}

impl Follower {
    /// Begins with what the objects said when this last ran.
    #[must_use]
    pub fn new(base: PathBuf, live: Live, program: Option<PathBuf>) -> Self {
        let check = Check { program, folder: live.folder().to_owned() };
        let kept = live.kept();
        Self { base, live, check, good: None, checked: None, kept }
    }

    /// Writes what the base says now and the objects said last, for a host that starts before an API server answers.
    ///
    /// # Errors
    /// When the base cannot be read, or the file not be written.
    pub fn seed(&self) -> anyhow::Result<()> {
        let text = merge(&self.read()?, &entries(&self.kept)).with_context(|| self.of_base())?;
        if self.live.write(&text)? {
            tracing::info!(objects = self.kept.len(), "the configuration is written");
        }
        Ok(())
    }

    /// Follows until the process ends: whenever `seen` changes, and with the objects that it has then. None: they are
    /// not known yet, and those that were kept stay.
    pub async fn run(
        mut self,
        mut seen: watch::Receiver<Objects>,
        written: watch::Sender<Arc<Written>>,
    ) {
        loop {
            let objects = seen.borrow_and_update().clone();
            let again = match self.follow(objects.as_deref()).await {
                Ok(now) => {
                    written.send_if_modified(|before| {
                        let changed = **before != now;
                        *before = Arc::new(now);
                        changed
                    });
                    None
                }
                Err(error) => {
                    tracing::error!(
                        reason = format!("{error:#}"),
                        "the host's configuration stays as it is"
                    );
                    Some(AGAIN)
                }
            };
            let later = async {
                match again {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = seen.changed() => if changed.is_err() { return },
                () = later => {}
            }
        }
    }

    /// One look.
    async fn follow(&mut self, objects: Option<&[Arc<Driver>]>) -> anyhow::Result<Written> {
        let base = self.right_base().await?;
        let judged = match objects {
            Some(objects) => self.judge(&base, objects).await?,
            None => {
                let taken = |kept: &Kept| Judged { generation: kept.generation, fate: Fate::Taken };
                self.kept.iter().map(|(name, kept)| (name.clone(), taken(kept))).collect()
            }
        };
        let text = merge(&base, &entries(&self.kept)).with_context(|| self.of_base())?;
        // First what it is made of: were it the other way round, a crash between could bring a deleted object back.
        self.live.keep(&self.kept)?;
        if self.live.write(&text)? {
            tracing::info!(objects = judged.len(), "the configuration is written");
        }
        Ok(Written { digest: digest(&text), objects: judged })
    }

    /// The base as it is, if it is right; else as it was when it last was. The first one is taken as it is: the host says
    /// what is wrong with it.
    async fn right_base(&mut self) -> anyhow::Result<Value> {
        let found = self.found_base().await;
        match (found, &self.good) {
            (Ok(base), _) => {
                self.good = Some(base.clone());
                Ok(base)
            }
            (Err(error), Some(good)) => {
                tracing::error!(
                    reason = format!("{error:#}"),
                    "the configuration file is not taken over; the last good one holds"
                );
                Ok(good.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn found_base(&self) -> anyhow::Result<Value> {
        let base = self.read()?;
        if self.good.is_some() && self.good.as_ref() != Some(&base) {
            let text = merge(&base, &BTreeMap::new()).with_context(|| self.of_base())?;
            if let Some(problem) = self.check.problem(&text).await? {
                anyhow::bail!("{}: {problem}", self.of_base());
            }
        }
        Ok(base)
    }

    fn read(&self) -> anyhow::Result<Value> {
        let text = std::fs::read_to_string(&self.base).with_context(|| self.of_base())?;
        serde_saphyr::from_str(&text).with_context(|| self.of_base())
    }

    fn of_base(&self) -> String {
        format!("the configuration file {}", self.base.display())
    }

    /// What becomes of each object; those that are right are kept.
    async fn judge(
        &mut self,
        base: &Value,
        objects: &[Arc<Driver>],
    ) -> anyhow::Result<BTreeMap<String, Judged>> {
        let base_is_new = self.checked.as_ref() != Some(base);
        let named = named(base);
        let mut judged = BTreeMap::new();
        for object in objects {
            let (name, generation) =
                (object.name_any(), object.metadata.generation.unwrap_or_default());
            let entry = entry(&name, &object.spec.0);
            let known = self.kept.get(&name).is_some_and(|kept| kept.entry == entry);
            let fate = if named.contains(name.as_str()) {
                Fate::Shadowed
            } else if known && !base_is_new {
                Fate::Taken
            } else {
                match self.check.problem(&alone(base, &entry)?).await? {
                    Some(problem) => Fate::Refused(problem),
                    None => Fate::Taken,
                }
            };
            match &fate {
                Fate::Taken => {
                    self.kept.insert(name.clone(), Kept { generation, entry });
                }
                Fate::Refused(reason) => tracing::error!(
                    driver = name,
                    reason,
                    "the object is refused; what it said before holds"
                ),
                Fate::Shadowed => tracing::warn!(
                    driver = name,
                    "the configuration file has a driver of this name, which wins"
                ),
            }
            judged.insert(name, Judged { generation, fate });
        }
        let there: BTreeSet<&String> = judged.keys().collect();
        self.kept.retain(|name, _| there.contains(name));
        self.checked = Some(base.clone());
        Ok(judged)
    }
}

#[cfg(test)]
mod tests;

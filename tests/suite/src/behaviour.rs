//! One behaviour: what is looked at, why, what it needs, and how it is run so that nothing stays.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::ability::{Controller, Need};
use crate::finding::{Stop, Verdict};
use crate::scene::Scene;

/// A behaviour that is being looked at.
pub(crate) type Running = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// Something that CSI promises.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behaviour {
    /// The test's name.
    pub(crate) name: &'static str,
    /// What is looked at.
    pub(crate) does: &'static str,
    /// What the specification says of it.
    pub(crate) says: &'static str,
    /// Where: a heading of spec.md.
    pub(crate) section: &'static str,
    /// What must be there; CREATE_DELETE_VOLUME always.
    pub(crate) needs: &'static [Need],
    /// Looks at it.
    pub(crate) run: fn(Scene) -> Running,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As the specification says.
    Passed,
    /// Otherwise; a sentence each.
    Failed(Vec<String>),
    /// Not looked at, and why.
    Skipped(String),
}

impl Behaviour {
    /// Runs it, and gives back what it made, however it ended.
    pub(crate) async fn look(
        &self,
        scene: Scene,
        interrupted: watch::Receiver<bool>,
    ) -> (Outcome, Duration) {
        let began = Instant::now();
        let outcome = match self.missing(&scene) {
            Some(need) => Outcome::Skipped(need.to_string()),
            None => self.run_to_end(&scene, interrupted).await,
        };
        (outcome, began.elapsed())
    }

    fn missing(&self, scene: &Scene) -> Option<Need> {
        let volumes = Need::Controller(Controller::CreateDeleteVolume);
        let mut needs = std::iter::once(volumes).chain(self.needs.iter().copied());
        needs.find(|need| !need.is_met(&scene.driver.abilities, &scene.options))
    }

    async fn run_to_end(&self, scene: &Scene, mut interrupted: watch::Receiver<bool>) -> Outcome {
        let limit = scene.options.timeout;
        // A task of its own: one that hangs in the kernel or panics does not take the suite along.
        let mut task = tokio::spawn((self.run)(scene.clone()));
        let done = tokio::select! {
            done = timeout(limit, &mut task) => {
                done.map_err(|_| format!("not done within {}", humantime::format_duration(limit)))
            }
            _ = interrupted.wait_for(|it| *it) => Err("interrupted".to_owned()),
        };
        let mut problems = Vec::new();
        let mut skipped = None;
        match done {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(Stop::Finding(sentence)))) => problems.push(sentence),
            Ok(Ok(Err(Stop::Skipped(reason)))) => skipped = Some(reason),
            Ok(Err(error)) => problems.push(format!("the suite itself failed: {error}")),
            Err(sentence) => {
                problems.push(sentence);
                // It ends at its next call; what it makes until then is recorded.
                task.abort();
                let _ = timeout(limit, &mut task).await;
            }
        }
        match timeout(limit, scene.end()).await {
            Ok(left) => problems.extend(left),
            Err(_) => problems.push("giving back what was made takes too long".to_owned()),
        }
        match (problems.is_empty(), skipped) {
            (false, _) => Outcome::Failed(problems),
            (true, Some(reason)) => Outcome::Skipped(reason),
            (true, None) => Outcome::Passed,
        }
    }
}

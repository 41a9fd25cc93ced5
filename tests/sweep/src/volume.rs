//! One volume's life on a node, with faults on its way: each call that met one is repeated, as kubelet
//! does, and the life goes on to its end as if nothing had been.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use mooring_tests::payload::{self, Written};
use mooring_tests::{Kind, Life, kernel};
use tonic::{Code, Status};

use crate::bench::Bench;
use crate::checks;
use crate::patience::{LOOK, within};
use crate::points::{Fault, Rpc, What};
use crate::trace::{Passed, Traced};

/// How often a call is repeated before it counts as stuck.
const ATTEMPTS: u32 = 60;

/// What a life went through.
#[derive(Debug, Default)]
pub(crate) struct Lived {
    /// What each call passed, where that was asked for.
    pub(crate) passed: BTreeMap<Rpc, Vec<Passed>>,
    /// Faults that happened: their place in the list.
    pub(crate) hit: Vec<usize>,
    /// Most repetitions that a call took to succeed.
    pub(crate) repeated: u32,
}

/// A life that is being lived.
pub(crate) struct Volume<'a> {
    bench: &'a mut Bench,
    life: Life,
    faults: &'a [Fault],
    lived: Lived,
    uuid: Option<String>,
    written: Option<Written>,
    /// Nodes that were killed; their children may run still.
    former: Vec<Traced>,
}

impl<'a> Volume<'a> {
    /// Lives it from CreateVolume to DeleteVolume; `name` is new.
    ///
    /// # Errors
    /// What went wrong, in words: a finding.
    pub(crate) async fn live(
        bench: &'a mut Bench,
        kind: Kind,
        name: &str,
        faults: &'a [Fault],
    ) -> anyhow::Result<Lived> {
        let life = Life::at(&bench.paths, bench.connect().await?, kind, name);
        if let Some(node) = &bench.node {
            node.forget_formats();
        }
        let lived = Lived::default();
        let (uuid, written) = (None, None);
        let mut volume = Self { bench, life, faults, lived, uuid, written, former: vec![] };
        volume.all().await?;
        Ok(volume.lived)
    }

    async fn all(&mut self) -> anyhow::Result<()> {
        self.life.create().await.context("CreateVolume")?;
        self.step(Rpc::Stage).await?;
        self.step(Rpc::Publish).await?;
        self.written = Some(payload::write(&self.life.data(), 0, 16, 7).context("writing")?);
        self.life.expand().await.context("ControllerExpandVolume")?;
        self.step(Rpc::Expand).await?;
        self.verify();
        self.step(Rpc::Unpublish).await?;
        self.step(Rpc::Unstage).await?;
        self.step(Rpc::Restage).await?;
        self.life.publish().await.context("publishing again")?;
        self.verify();
        self.life.unpublish().await.context("unpublishing in the end")?;
        self.life.unstage().await.context("unstaging in the end")?;
        self.life.delete().await.context("DeleteVolume")?;
        ensure!(self.formats() <= 1, "mkfs finished {} times", self.formats());
        checks::nothing_left(self.bench, &mut self.life).await
    }

    fn verify(&self) {
        if let Some(written) = &self.written {
            written.verify_at(&self.life.data());
        }
    }

    fn formats(&self) -> u32 {
        let nodes = self.former.iter().chain(&self.bench.node);
        nodes.map(|node| node.formats().finished).sum()
    }

    async fn step(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        let fault = self.faults.iter().position(|it| it.rpc == rpc);
        let armed = fault.and_then(|at| self.faults.get(at)).map(|it| (it.point.clone(), it.what));
        if armed.is_some() || self.faults.is_empty() {
            let what = armed.as_ref().map(|(_, what)| *what);
            self.node()?.watch(armed);
            let answer = self.bounded(rpc).await?;
            let watched = self.node()?.unwatch();
            if watched.hits > 0 {
                self.lived.hit.extend(fault);
            }
            if self.faults.is_empty() {
                self.lived.passed.insert(rpc, watched.passed);
            }
            let killed =
                watched.hits > 0 && matches!(what, Some(What::Kill(kill)) if kill.is_of_program());
            if killed {
                self.restart().await.with_context(|| format!("starting again after {rpc}"))?;
            } else {
                self.judge(rpc, &answer).with_context(|| format!("{rpc} with the fault"))?;
                // A new file system that could not be flushed, checked or read back is taken away again:
                // nobody was told that it is there.
                if rpc == Rpc::Stage && answer.is_err() && self.uuid.is_none() {
                    self.node()?.forget_formats();
                }
            }
            if fault.and_then(|at| self.faults.get(at)).is_some_and(|it| it.back) {
                self.take_back(rpc).await.context("taking it back")?;
            }
        }
        self.converge(rpc).await?;
        self.look(rpc).with_context(|| format!("after {rpc}"))
    }

    fn node(&self) -> anyhow::Result<&Traced> {
        self.bench.node.as_ref().context("no node runs")
    }

    async fn restart(&mut self) -> anyhow::Result<()> {
        let how = self.node()?.wait();
        ensure!(how.is_some(), "the killed node does not end");
        self.former.extend(self.bench.node.take());
        self.bench.start_node().await?;
        self.life.talk_to(self.bench.connect().await?);
        Ok(())
    }

    /// A call that got an error answer after an injected fault, or an OK.
    fn judge(&mut self, rpc: Rpc, answer: &Result<(), Status>) -> anyhow::Result<()> {
        if let Some(how) = self.node()?.ended() {
            bail!("the node {how}");
        }
        let Err(status) = answer else { return self.look(rpc).context("a false OK") };
        if is_final(status.code()) {
            checks::clean(self.bench, &self.life, rpc)
                .with_context(|| format!("the final answer was {status}"))?;
        }
        Ok(())
    }

    /// Off the node, and on it again as it was before `rpc`.
    async fn take_back(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        for call in [Rpc::Unpublish, Rpc::Unstage] {
            self.converge(call).await?;
            self.look(call)?;
        }
        if matches!(rpc, Rpc::Publish | Rpc::Expand) {
            self.converge(Rpc::Restage).await?;
            self.look(Rpc::Restage)?;
        }
        if rpc == Rpc::Expand {
            self.converge(Rpc::Publish).await?;
        }
        Ok(())
    }

    /// Repeats a call until it succeeds.
    async fn converge(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        let mut pause = LOOK;
        for attempt in 0..ATTEMPTS {
            let answer = self.bounded(rpc).await?;
            if let Some(how) = self.node()?.ended() {
                bail!("the node {how} in {rpc}");
            }
            match answer {
                Ok(()) => {
                    self.lived.repeated = self.lived.repeated.max(attempt);
                    return Ok(());
                }
                Err(status) if attempt + 1 == ATTEMPTS => {
                    bail!("{rpc} does not succeed when it is repeated {ATTEMPTS} times: {status}")
                }
                Err(status) if is_final(status.code()) => {
                    checks::clean(self.bench, &self.life, rpc).with_context(|| {
                        format!("the final answer to the repeated {rpc} was {status}")
                    })?;
                }
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
        Ok(())
    }

    /// One call; an answer has to come.
    async fn bounded(&mut self, rpc: Rpc) -> anyhow::Result<Result<(), Status>> {
        within(rpc.name(), self.call(rpc)).await
    }

    async fn call(&mut self, rpc: Rpc) -> Result<(), Status> {
        match rpc {
            Rpc::Stage | Rpc::Restage => self.life.stage().await,
            Rpc::Publish => self.life.publish().await,
            Rpc::Expand => self.expand().await,
            Rpc::Unpublish => self.life.unpublish().await,
            Rpc::Unstage => self.life.unstage().await,
            Rpc::Create
            | Rpc::Grow
            | Rpc::Snapshot
            | Rpc::Restore
            | Rpc::Clone
            | Rpc::Forget
            | Rpc::Delete
            | Rpc::Damage => Err(Status::unimplemented("a call of the store's life")),
        }
    }

    /// A mounted ext4 grows only with CAP_SYS_RESOURCE: where the node lacks it, it says so.
    async fn expand(&mut self) -> Result<(), Status> {
        let withheld = self.life.kind == Kind::Ext4
            && self.bench.node_pid().is_some_and(|pid| !kernel::may_grow_mounted_ext4(pid));
        match self.life.node_expand().await {
            Err(status) if withheld && status.message().contains("CAP_SYS_RESOURCE") => Ok(()),
            other => other.map(drop),
        }
    }

    /// What must be true after a call succeeded.
    fn look(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        let life = &self.life;
        match rpc {
            Rpc::Stage | Rpc::Restage => {
                checks::staged(self.bench, life)?;
                let uuid = life.uuid_in(&self.bench.paths);
                let first = self.uuid.get_or_insert(uuid.clone().unwrap_or_default());
                ensure!(*first == uuid.unwrap_or_default(), "another file system is there now");
                ensure!(self.formats() <= 1, "mkfs finished {} times", self.formats());
            }
            Rpc::Publish => life.assert_published(),
            Rpc::Unpublish => ensure!(!life.target.exists(), "the target is still there"),
            Rpc::Unstage => checks::clean(self.bench, life, Rpc::Stage)?,
            Rpc::Expand
            | Rpc::Create
            | Rpc::Grow
            | Rpc::Snapshot
            | Rpc::Restore
            | Rpc::Clone
            | Rpc::Forget
            | Rpc::Delete
            | Rpc::Damage => {}
        }
        Ok(())
    }
}

/// Codes after which an orchestrator believes that nothing was done.
fn is_final(code: Code) -> bool {
    mooring_kubelet::Code::of(i32::from(code)).is_final()
}

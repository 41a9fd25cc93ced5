//! After a failure: undoes what was begun, and sees to it that a *final* code leaves this node
//! only when that is proven.
//!
//! kubelet takes a final code of stage or publish for "surely not there" and never calls the
//! reverse. So either the node is shown to be free of the volume, by looking again, or the code
//! becomes `Unavailable`. The one exception is `AlreadyExists`, by which the specification itself
//! says that something is there, put by an earlier call that was answered with OK.
//! Codes for a request's form are given before any of this and say nothing of the node.

use std::path::Path;

use mooring_volume::{Code, Error, Result, VolumeId};

use super::Inner;
use crate::observe;
use crate::os::Machine;
use crate::record::Stored;
use crate::run::Runner;
use crate::seen::Seen;
use crate::steps;

/// The same failure with a code by which the caller knows that something may be left.
pub(super) fn not_final(error: Error, why: &str) -> Error {
    if error.code.is_final() {
        Error {
            code: Code::Unavailable,
            message: format!("{} (not reported as {:?}: {why})", error.message, error.code),
            retry_after: error.retry_after,
        }
    } else {
        error
    }
}

/// A failure to look at the node, which leaves open what an earlier call left on it.
pub(super) fn unlooked(error: Error) -> Error {
    not_final(error, "the node could not be looked at")
}

impl<M: Machine> Inner<M> {
    pub(super) fn seen(&self, volume: &VolumeId) -> Result<Seen> {
        observe::tables(&*self.os, &self.scope(), volume)
    }

    /// As [`Self::seen`], of a volume that is to be taken off the node.
    pub(super) fn seen_leaving(&self, volume: &VolumeId) -> Result<Seen> {
        observe::leaving(&*self.os, &self.scope(), volume)
    }

    /// As [`Self::seen`], where failing to look leaves open what an earlier call left.
    pub(super) fn seen_first(&self, volume: &VolumeId) -> Result<Seen> {
        self.seen(volume).map_err(unlooked)
    }

    pub(super) fn run(&self, seen: &Seen, steps: &[steps::Step]) -> Result<()> {
        Runner::new(&*self.os, &self.scope(), seen, (None, None)).run(steps)
    }

    /// Undoes a stage that failed.
    pub(super) fn settle_stage(&self, before: &Seen, path: &Path, error: Error) -> Error {
        if steps::complete(before) {
            return stays(error, "the volume is staged since an earlier call");
        }
        if matches!(before.stored, Stored::Unreadable(_)) {
            // Taking it down would remove the record, and with it what forbids formatting.
            return not_final(error, "the volume's record can't be read; unstage the volume");
        }
        let undone = self.undo_stage(before, path, error.code == Code::NotFound);
        match undone {
            Ok(()) => error,
            Err(left) => not_final(error, &format!("undoing it failed: {left}")),
        }
    }

    /// `gone`: there is no such volume.
    fn undo_stage(&self, before: &Seen, path: &Path, gone: bool) -> Result<()> {
        let seen = self.seen_leaving(&before.volume)?;
        if !steps::clean(&seen) || (gone && steps::is_former(&seen)) {
            self.run(&seen, &steps::unstage(&seen, path)?)?;
        }
        if steps::clean(&self.seen_leaving(&before.volume)?) {
            Ok(())
        } else {
            Err(Error::internal("parts of the volume are left on the node"))
        }
    }

    /// Undoes a publish that failed.
    pub(super) fn settle_publish(&self, before: &Seen, target: &Path, error: Error) -> Error {
        let known = before.staging().is_some_and(|staging| staging.targets.contains_key(target));
        let told = before.direct.own.contains_key(target);
        if known && (told || before.stack(target).has_own(&before.own)) {
            return stays(error, "the volume is published there since an earlier call");
        }
        match self.undo_publish(before, target) {
            Ok(()) => error,
            Err(left) => not_final(error, &format!("undoing it failed: {left}")),
        }
    }

    fn undo_publish(&self, before: &Seen, target: &Path) -> Result<()> {
        let seen = self.seen_leaving(&before.volume)?;
        self.run(&seen, &steps::unpublish(&seen, target)?)?;
        let after = self.seen_leaving(&before.volume)?;
        if after.stack(target).has_own(&after.own)
            || after.direct.own.contains_key(target)
            || after.stored.targets().any(|path| path == target)
        {
            return Err(Error::internal("parts of the publication are left on the node"));
        }
        Ok(())
    }
}

fn stays(error: Error, why: &str) -> Error {
    if error.code == Code::AlreadyExists { error } else { not_final(error, why) }
}

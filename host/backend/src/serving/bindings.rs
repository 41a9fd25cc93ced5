//! Which version a volume's calls go to, so that none flips versions in mid-operation.
//!
//! The rule: a call goes to the version that serves now, unless its subject (a volume, a snapshot,
//! a group, or the name of one that is to be made) is bound to another one. It is bound
//! - while a call of it runs: calls of one subject that overlap go to one version;
//! - for [`STAY`] after a call that did not end for good (a code after which the orchestrator
//!   repeats it, such as DEADLINE_EXCEEDED or ABORTED), until one does: the repetition finds the
//!   version that began. The time is not extended by further such answers, so that an operation
//!   which the old version cannot end reaches the new one.
//!
//! A version that was rolled back, or whose state was migrated away from it, binds nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::id::{GroupSnapshotId, GroupSnapshotName, SnapshotId, SnapshotName};
use mooring_volume::{CallId, VolumeId, VolumeName};

/// How long the repetitions of an unsettled call go where it went. Longer than the first pauses of
/// the sidecars (1, 2, 4 … s), and far shorter than their longest (5 min).
pub(crate) const STAY: Duration = Duration::from_secs(60);
/// Entries from which on those that bind nothing any more are looked for.
const MANY: usize = 1_024;

/// What a call is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    VolumeName(VolumeName),
    Volume(VolumeId),
    SnapshotName(SnapshotName),
    Snapshot(SnapshotId),
    GroupName(GroupSnapshotName),
    Group(GroupSnapshotId),
    /// The pages of one stream.
    Stream(CallId),
}

/// Subjects and the versions that they are bound to.
pub(crate) struct Bindings<K, V> {
    bound: HashMap<K, Bound<V>>,
    /// The size at which to look for what can go.
    crowded: usize,
}

struct Bound<V> {
    version: Arc<V>,
    running: u32,
    until: Option<Instant>,
}

impl<V> Bound<V> {
    fn holds(&self, now: Instant) -> bool {
        self.running > 0 || self.until.is_some_and(|until| until > now)
    }
}

impl<K: Hash + Eq, V> Bindings<K, V> {
    pub(crate) fn new() -> Self {
        Self { bound: HashMap::new(), crowded: MANY }
    }

    /// A call begins; answers where it goes.
    pub(crate) fn begin(&mut self, subject: K, current: &Arc<V>, now: Instant) -> Arc<V> {
        if self.bound.len() >= self.crowded {
            self.purge(now);
        }
        let bound = self.bound.entry(subject).or_insert_with(|| Bound {
            version: Arc::clone(current),
            running: 0,
            until: None,
        });
        if !bound.holds(now) {
            bound.version = Arc::clone(current);
            bound.until = None;
        }
        bound.running += 1;
        Arc::clone(&bound.version)
    }

    /// It ended; `settled`: for good.
    pub(crate) fn end(&mut self, subject: &K, version: &Arc<V>, settled: bool, now: Instant) {
        let Some(bound) = self.bound.get_mut(subject) else { return };
        // One that was released meanwhile may be bound to another by now.
        if !Arc::ptr_eq(&bound.version, version) {
            return;
        }
        bound.running = bound.running.saturating_sub(1);
        if settled {
            bound.until = None;
        } else {
            bound.until.get_or_insert(now + STAY);
        }
        if !bound.holds(now) {
            self.bound.remove(subject);
        }
    }

    /// Nothing is bound to this version any more.
    pub(crate) fn release(&mut self, version: &Arc<V>) {
        self.bound.retain(|_, bound| !Arc::ptr_eq(&bound.version, version));
    }

    /// Forgets what binds nothing any more.
    pub(crate) fn purge(&mut self, now: Instant) {
        self.bound.retain(|_, bound| bound.holds(now));
        self.crowded = MANY.max(self.bound.len().saturating_mul(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        bindings: Bindings<&'static str, u32>,
        old: Arc<u32>,
        new: Arc<u32>,
        now: Instant,
    }

    fn scene() -> Scene {
        let (old, new) = (Arc::new(1), Arc::new(2));
        Scene { bindings: Bindings::new(), old, new, now: Instant::now() }
    }

    #[test]
    fn calls_that_overlap_go_to_one_version() {
        let Scene { mut bindings, old, new, now } = scene();
        assert_eq!(*bindings.begin("a", &old, now), 1);
        // The switch comes here.
        assert_eq!(*bindings.begin("a", &new, now), 1);
        assert_eq!(*bindings.begin("b", &new, now), 2);
        bindings.end(&"a", &old, true, now);
        assert_eq!(*bindings.begin("a", &new, now), 1);
        bindings.end(&"a", &old, true, now);
        bindings.end(&"a", &old, true, now);
        assert_eq!(*bindings.begin("a", &new, now), 2);
    }

    #[test]
    fn a_call_that_is_not_settled_is_repeated_where_it_began_for_a_while() {
        let Scene { mut bindings, old, new, now } = scene();
        bindings.begin("a", &old, now);
        bindings.end(&"a", &old, false, now);
        let soon = now + STAY / 2;
        assert_eq!(*bindings.begin("a", &new, soon), 1);
        // Not for longer because it failed again.
        bindings.end(&"a", &old, false, soon);
        assert_eq!(*bindings.begin("a", &new, now + STAY), 2);
        bindings.end(&"a", &new, true, now + STAY);
        assert!(bindings.bound.is_empty());
    }

    #[test]
    fn a_settled_repetition_ends_it() {
        let Scene { mut bindings, old, new, now } = scene();
        bindings.begin("a", &old, now);
        bindings.end(&"a", &old, false, now);
        bindings.begin("a", &new, now);
        bindings.end(&"a", &old, true, now);
        assert_eq!(*bindings.begin("a", &new, now), 2);
    }

    #[test]
    fn a_released_version_binds_nothing_even_where_its_calls_end_later() {
        let Scene { mut bindings, old, new, now } = scene();
        bindings.begin("a", &old, now);
        bindings.release(&old);
        assert_eq!(*bindings.begin("a", &new, now), 2);
        bindings.end(&"a", &old, false, now);
        assert_eq!(*bindings.begin("a", &new, now), 2);
    }

    #[test]
    fn what_binds_nothing_any_more_is_forgotten() {
        let mut bindings = Bindings::new();
        let (version, now) = (Arc::new(1), Instant::now());
        for number in 0..MANY {
            bindings.begin(number, &version, now);
            bindings.end(&number, &version, false, now);
        }
        assert_eq!(bindings.bound.len(), MANY);
        bindings.begin(MANY, &version, now + STAY);
        assert_eq!(bindings.bound.len(), 1);
    }
}

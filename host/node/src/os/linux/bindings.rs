//! What loop devices are bound to, asked so that storage that does not answer keeps nobody waiting.
//!
//! LOOP_GET_STATUS64 asks the file system of the file behind the device for its inode (`loop_get_status`,
//! drivers/block/loop.c), and opening a device waits for whoever is closing it. Over FUSE or a network either
//! may take for ever. So each binding is asked once, on a thread that may wait, and what it answered is
//! remembered: a device that is bound to something else has another sequence number
//! (/sys/block/loopN/diskseq). What changes of one binding, its size, is read from /sys.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::os::{LoopDevice, Result};

/// How long an answer may take that has never been given. Where it is late, the device counts as silent
/// until it comes.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sectors of /sys/block/loopN/size.
const SECTOR: u64 = 512;

type Asked = Result<Option<LoopDevice>>;

/// What was asked of this process's loop devices.
#[derive(Debug, Default)]
pub(super) struct Bindings(Mutex<BTreeMap<u32, Binding>>);

#[derive(Debug)]
struct Binding {
    sequence: Option<u64>,
    state: State,
    /// Whether the log says that it does not answer: once until it does.
    told: bool,
}

#[derive(Debug)]
enum State {
    /// One thread waits for the answer; it may count as silent from this moment on.
    Waiting(Receiver<Asked>, Instant),
    Known(LoopDevice),
    /// It answered with an error, and is asked again next time.
    Failed,
}

/// What is known of a device.
#[derive(Debug)]
pub(super) enum Told {
    Bound(LoopDevice),
    Unbound,
    Silent,
}

impl Bindings {
    /// What the devices with these numbers are bound to. At most one thread a device waits longer than
    /// this does.
    pub(super) fn of(&self, numbers: &[u32], ask: fn(u32) -> Asked) -> Vec<(u32, Told)> {
        let mut bindings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bindings.retain(|number, _| numbers.contains(number));
        // All at once, so that several that hang are waited for together.
        for number in numbers {
            begin(&mut bindings, *number, ask);
        }
        numbers.iter().map(|number| (*number, end(&mut bindings, *number))).collect()
    }

    /// What was just bound, with the sequence number that the descriptor used showed: it need not be
    /// asked again.
    pub(super) fn remember(&self, sequence: u64, device: &LoopDevice) {
        let state = State::Known(device.clone());
        let binding = Binding { sequence: Some(sequence), state, told: false };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(device.number, binding);
    }

    /// The sequence number of the binding that a device was last seen with, if that is the one that is
    /// meant and the kernel counts.
    pub(super) fn sequence_of(
        &self,
        is_meant: impl Fn(&LoopDevice) -> bool,
        number: u32,
    ) -> Option<u64> {
        let bindings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let binding = bindings.get(&number)?;
        match &binding.state {
            State::Known(device) if is_meant(device) => binding.sequence,
            State::Known(_) | State::Waiting(..) | State::Failed => None,
        }
    }
}

fn begin(bindings: &mut BTreeMap<u32, Binding>, number: u32, ask: fn(u32) -> Asked) {
    let sequence = sequence(number);
    let known = bindings.get(&number);
    let stale = known.is_none_or(|known| {
        known.sequence != sequence
            || match known.state {
                // A kernel that does not count: what was known may be of another binding.
                State::Known(_) => sequence.is_none(),
                State::Waiting(..) => false,
                State::Failed => true,
            }
    });
    if !stale {
        return;
    }
    let told = known.is_some_and(|known| known.told && known.sequence == sequence);
    let (answer, answered) = channel();
    let asking = std::thread::Builder::new().name("loop-status".into());
    // Whoever asked may have been told that the device is silent, and be gone.
    let asked = asking.spawn(move || drop(answer.send(ask(number))));
    let state = match asked {
        Ok(_) => State::Waiting(answered, Instant::now() + PATIENCE),
        // No room for a thread: the answer's sender is gone, and it is asked again next time.
        Err(_) => State::Waiting(answered, Instant::now()),
    };
    bindings.insert(number, Binding { sequence, state, told });
}

fn end(bindings: &mut BTreeMap<u32, Binding>, number: u32) -> Told {
    let Some(binding) = bindings.get_mut(&number) else { return Told::Unbound };
    let answer = match &binding.state {
        State::Known(device) => Ok(Some(device.clone())),
        State::Failed => return Told::Silent,
        State::Waiting(answered, until) => {
            match answered.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(answer) => answer,
                Err(RecvTimeoutError::Timeout) => {
                    binding.tell(number, "its storage does not answer");
                    return Told::Silent;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bindings.remove(&number);
                    return Told::Silent;
                }
            }
        }
    };
    match answer {
        Ok(Some(mut device)) => {
            device.size = size(number).unwrap_or(device.size);
            binding.state = State::Known(device.clone());
            binding.told = false;
            Told::Bound(device)
        }
        Ok(None) => {
            bindings.remove(&number);
            Told::Unbound
        }
        // Storage that is gone answers with an error (ENOTCONN of a file server that died): as little is
        // known of this device as of a silent one, and it is as little the other volumes' matter.
        Err(error) => {
            binding.tell(number, &error.to_string());
            binding.state = State::Failed;
            Told::Silent
        }
    }
}

impl Binding {
    fn tell(&mut self, number: u32, reason: &str) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(number, reason, "a loop device does not say what it is bound to");
        }
    }
}

/// Which binding of all it is, where the kernel counts them.
pub(super) fn sequence(number: u32) -> Option<u64> {
    said(number, "diskseq")
}

fn size(number: u32) -> Option<u64> {
    said(number, "size").map(|sectors| sectors.saturating_mul(SECTOR))
}

fn said(number: u32, what: &str) -> Option<u64> {
    std::fs::read_to_string(format!("/sys/block/loop{number}/{what}")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::os::{BackingFile, DeviceId};

    /// Of numbers that no machine has: /sys says nothing of them.
    const NUMBER: u32 = 4_000_000;

    fn device(number: u32) -> LoopDevice {
        LoopDevice {
            number,
            device: DeviceId { major: 7, minor: number },
            backing: BackingFile { device: 1, inode: 2 },
            label: "it".into(),
            readonly: false,
            size: 4096,
        }
    }

    #[test]
    fn one_thread_waits_for_a_device_that_is_silent_and_the_others_are_told() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        fn ask(number: u32) -> Asked {
            if number == NUMBER {
                ASKED.fetch_add(1, Ordering::SeqCst);
                // For ever: nobody wakes it.
                loop {
                    std::thread::park();
                }
            }
            Ok(Some(device(number)))
        }
        let bindings = Bindings::default();
        for _ in 0..5 {
            let told = bindings.of(&[NUMBER, NUMBER + 1], ask);
            assert!(matches!(told[0], (NUMBER, Told::Silent)), "{told:?}");
            assert!(matches!(&told[1].1, Told::Bound(it) if *it == device(NUMBER + 1)), "{told:?}");
        }
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_answers_late_is_known_then_and_what_fails_is_asked_again() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        fn ask(number: u32) -> Asked {
            if ASKED.fetch_add(1, Ordering::SeqCst) == 0 {
                return Ok(None);
            }
            Ok(Some(device(number)))
        }
        let bindings = Bindings::default();
        let first = bindings.of(&[NUMBER], ask);
        assert!(matches!(first[0].1, Told::Unbound), "{first:?}");
        let second = bindings.of(&[NUMBER], ask);
        assert!(matches!(second[0].1, Told::Bound(_)), "{second:?}");
    }

    #[test]
    fn what_fails_is_asked_each_time_and_told_once_until_it_answers() {
        static ANSWERS: AtomicU32 = AtomicU32::new(0);
        fn ask(number: u32) -> Asked {
            if ANSWERS.fetch_add(1, Ordering::SeqCst) == 2 {
                return Ok(Some(device(number)));
            }
            Err(crate::os::Error::new(crate::os::Kind::Io, "asking", "it", "it fails"))
        }
        let bindings = Bindings::default();
        let told = || bindings.0.lock().unwrap().get(&NUMBER).map(|binding| binding.told);
        for _ in 0..2 {
            let answer = bindings.of(&[NUMBER], ask);
            assert!(matches!(answer[0].1, Told::Silent), "{answer:?}");
            assert_eq!(told(), Some(true));
        }
        let answer = bindings.of(&[NUMBER], ask);
        assert!(matches!(answer[0].1, Told::Bound(_)), "{answer:?}");
        assert_eq!((told(), ANSWERS.load(Ordering::SeqCst)), (Some(false), 3));
    }

    #[test]
    fn the_binding_that_is_meant_is_known_again_by_its_number() {
        let bindings = Bindings::default();
        bindings.remember(7, &device(NUMBER));
        let of = |label: &str| bindings.sequence_of(|known| known.label == label, NUMBER);
        assert_eq!((of("it"), of("other")), (Some(7), None));
        assert_eq!(bindings.sequence_of(|_| true, NUMBER + 1), None);
        // /sys tells of no such binding: what was known is of another.
        let told = bindings.of(&[NUMBER], |_| Ok(None));
        assert!(matches!(told[0].1, Told::Unbound), "{told:?}");
        assert_eq!(of("it"), None);
    }
}

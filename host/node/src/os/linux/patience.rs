//! A little patience with what is busy for a moment.
//!
//! Between `fork` and the end of `exec`, a child holds a copy of every descriptor of this process,
//! close-on-exec or not. A device, mount or lock that was just let go here is then busy still,
//! until the program has started, which takes it a millisecond or so. Device mapper, multipath
//! and RAID daemons claim new devices for as short a time. The kernel announces neither, so here
//! alone something is tried again by the clock.

use std::time::Duration;

use rustix::event::{Timespec, poll};
use rustix::io::{Errno, Result};

/// The first pause between tries; each is twice the one before.
const FIRST: Duration = Duration::from_millis(1);

/// About a second in all, since on a machine with too little CPU a program takes that long to
/// start; mostly the first pauses do.
const PAUSES: u32 = 10;

/// Tries again, for a moment, what fails with EBUSY or EWOULDBLOCK; then that is the answer.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    for n in 0..PAUSES {
        match attempt() {
            Err(Errno::BUSY | Errno::WOULDBLOCK) => wait(FIRST * 2_u32.pow(n)),
            other => return other,
        }
    }
    attempt()
}

fn wait(pause: Duration) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: pause.subsec_nanos().into() };
    // Interrupted, it is the shorter pause.
    let _ = poll(&mut [], Some(&timeout));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_tried_again_and_ends() {
        let mut left = 3;
        let answer = patiently(|| {
            left -= 1;
            if left == 0 { Ok("free") } else { Err(Errno::BUSY) }
        });
        assert_eq!((answer, left), (Ok("free"), 0));
        let mut tries = 0;
        let answer: Result<()> = patiently(|| {
            tries += 1;
            Err(Errno::WOULDBLOCK)
        });
        assert_eq!((answer, tries), (Err(Errno::WOULDBLOCK), PAUSES + 1));
    }

    #[test]
    fn anything_else_is_the_answer_at_once() {
        let mut tries = 0;
        let answer: Result<()> = patiently(|| {
            tries += 1;
            Err(Errno::PERM)
        });
        assert_eq!((answer, tries), (Err(Errno::PERM), 1));
    }
}

//! The kernel's announcements of changes to devices, to wait for one without polling.

use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, Result};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};

/// The multicast group that the kernel itself speaks to.
const KERNEL: u32 = 1;

/// Announcements from when this was made on.
pub(super) struct Uevents(OwnedFd);

impl Uevents {
    pub(super) fn listen() -> Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(KOBJECT_UEVENT),
        )?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self(socket))
    }

    /// Waits for any announcement; false when the deadline came first. What was announced is not
    /// read: the caller looks itself.
    pub(super) fn wait(&self, deadline: Instant) -> Result<bool> {
        if !poll_until(&mut [PollFd::new(&self.0, PollFlags::IN)], deadline)? {
            return Ok(false);
        }
        let mut ignored = [0_u8; 4096];
        loop {
            match rustix::net::recv(&self.0, &mut ignored[..], RecvFlags::empty()) {
                Ok(_) | Err(Errno::INTR) => {}
                // NOBUFS: announcements were lost, so there were some.
                Err(Errno::AGAIN | Errno::NOBUFS) => return Ok(true),
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// poll(2) with a deadline; false when it came first.
pub(super) fn poll_until(fds: &mut [PollFd<'_>], deadline: Instant) -> Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(fds, Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

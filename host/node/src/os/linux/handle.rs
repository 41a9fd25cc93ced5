//! What the node's logic holds while it works: an open image, directory or device.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::fs::SeekFrom;
use rustix::io::{Errno, retry_on_intr};

use super::proven::Proven;
use crate::filesystem::{BlockRead, BlockWrite, NextData};
use crate::os::DeviceId;

/// An open image, directory or device.
#[derive(Debug)]
pub struct Handle(pub(super) Inner);

#[derive(Debug)]
pub(super) enum Inner {
    /// An image, or a directory (`O_PATH`).
    File(OwnedFd),
    /// A block device.
    Device(Device),
}

/// A block device that is claimed.
///
/// The claim (`O_EXCL`) is a descriptor of its own, since programs that make and check file
/// systems claim the device themselves: it is given up for them, while `device` stays open, and
/// with it the identity that was checked.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) node: String,
    /// For direct I/O, so that what is read is what is on the device and not in a cache.
    pub(super) device: OwnedFd,
    pub(super) claim: Mutex<Option<OwnedFd>>,
    /// What it was when it was last read and held nothing that forbids formatting it.
    pub(super) proven: Mutex<Option<Proven>>,
}

impl Device {
    /// Remembers what was proven, or that nothing is.
    pub(super) fn prove(&self, proven: Option<Proven>) {
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = proven;
    }

    /// What was proven.
    pub(super) fn proof(&self) -> Option<Proven> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nobody else can mount or claim it.
    pub(super) fn is_claimed(&self) -> bool {
        self.claim.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Gives the claim up.
    pub(super) fn release(&self) {
        self.set_claim(None);
    }

    /// Keeps a new claim.
    pub(super) fn hold(&self, claim: OwnedFd) {
        self.set_claim(Some(claim));
    }

    fn set_claim(&self, claim: Option<OwnedFd>) {
        *self.claim.lock().unwrap_or_else(PoisonError::into_inner) = claim;
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Inner::File(file) => file.as_fd(),
            Inner::Device(device) => device.device.as_fd(),
        }
    }
}

/// Reads an open file or device of a known size.
pub(super) struct Reader<'a> {
    pub(super) file: BorrowedFd<'a>,
    pub(super) size: u64,
    /// What reads are aligned to.
    pub(super) unit: u64,
    /// What knows its holes: a file itself, the image of a loop device.
    pub(super) holes: Option<BorrowedFd<'a>>,
}

impl BlockRead for Reader<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn unit(&self) -> u64 {
        self.unit
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        read_exact_at(self.file, offset, buf).map_err(io::Error::from)
    }

    fn next_data(&self, offset: u64) -> io::Result<NextData> {
        let Some(holes) = self.holes else { return Ok(NextData::Unknown) };
        match rustix::fs::seek(holes, SeekFrom::Data(offset)) {
            Ok(at) => Ok(NextData::At(at)),
            Err(Errno::NXIO) => Ok(NextData::None),
            // A file system that does not know.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(NextData::Unknown),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// pread until `buf` is full. The end of the file before that is an error.
pub(super) fn read_exact_at(
    file: BorrowedFd<'_>,
    mut offset: u64,
    mut buf: &mut [u8],
) -> Result<(), Errno> {
    while !buf.is_empty() {
        let count = retry_on_intr(|| rustix::io::pread(file, &mut *buf, offset))?;
        if count == 0 {
            return Err(Errno::NODATA);
        }
        buf = buf.get_mut(count..).ok_or(Errno::IO)?;
        offset += count as u64;
    }
    Ok(())
}

impl BlockWrite for Reader<'_> {
    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = retry_on_intr(|| rustix::io::pwrite(self.file, bytes, offset))?;
            bytes = bytes.get(count..).ok_or(Errno::IO)?;
            offset += count as u64;
        }
        Ok(())
    }
}

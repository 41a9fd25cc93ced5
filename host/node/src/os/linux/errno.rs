//! Error numbers of the kernel as the kinds that the node's logic tells apart.

use std::fmt::Display;

use rustix::io::Errno;

use crate::os::{Error, Kind};

/// The kind of an error number, whatever was being done.
pub(super) fn kind(errno: Errno) -> Kind {
    match errno {
        Errno::NOENT | Errno::NXIO | Errno::NODEV => Kind::NotFound,
        Errno::BUSY | Errno::TXTBSY => Kind::Busy,
        Errno::LOOP | Errno::XDEV => Kind::Unsafe,
        Errno::NOTDIR | Errno::ISDIR | Errno::NOTBLK => Kind::WrongType,
        Errno::NOTEMPTY => Kind::NotEmpty,
        Errno::PERM | Errno::ACCESS => Kind::Denied,
        Errno::ROFS => Kind::ReadOnly,
        Errno::NOSPC | Errno::DQUOT => Kind::NoSpace,
        Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::AGAIN => Kind::Exhausted,
        Errno::NOTCONN
        | Errno::STALE
        | Errno::IO
        | Errno::HOSTDOWN
        | Errno::TIMEDOUT
        | Errno::REMOTEIO
        | Errno::UCLEAN
        | Errno::BADMSG
        | Errno::SHUTDOWN
        | Errno::NODATA
        | Errno::NOLINK => Kind::Io,
        Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOTTY => Kind::Unsupported,
        _ => Kind::Other,
    }
}

/// A failed system call.
pub(super) fn failed(errno: Errno, doing: &'static str, object: impl Display) -> Error {
    Error::new(kind(errno), doing, object, std::io::Error::from(errno))
}

/// A failed call of the standard library.
pub(super) fn io_failed(
    error: &std::io::Error,
    doing: &'static str,
    object: impl Display,
) -> Error {
    let kind = match error.raw_os_error() {
        Some(raw) => kind(Errno::from_raw_os_error(raw)),
        None => Kind::Io,
    };
    Error::new(kind, doing, object, error)
}

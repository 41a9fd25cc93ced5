//! How a call to the operating system fails: what was done, to what, and in which way.

use std::fmt;

/// The ways that the node's logic tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ENOENT, ENXIO, ENODEV of a thing looked for.
    NotFound,
    /// EBUSY, ETXTBSY, EWOULDBLOCK of a lock.
    Busy,
    /// The thing is no longer, or not, what it was said to be: another device number, mount id,
    /// backing file.
    Changed,
    /// A symbolic link, a mount or `..` on a way where none may be (ELOOP, EXDEV of openat2).
    Unsafe,
    /// Not a directory, not a regular file, not a block device.
    WrongType,
    /// ENOTEMPTY, or a file with bytes in it.
    NotEmpty,
    /// EPERM, EACCES.
    Denied,
    /// EROFS.
    ReadOnly,
    /// ENOSPC, EDQUOT.
    NoSpace,
    /// ENOMEM, EMFILE, ENFILE, EAGAIN: the machine is short of something for now.
    Exhausted,
    /// ENOTCONN, ESTALE, EIO, EHOSTDOWN and other signs that storage does not answer; a short
    /// read; contents that can't be understood.
    Io,
    /// EOPNOTSUPP, ENOSYS, ENOTTY: this kernel or file system cannot.
    Unsupported,
    /// A program said no; its exit code, or none where a signal ended it.
    Program {
        /// The exit code.
        code: Option<i32>,
    },
    /// Anything else; the error number is in the detail.
    Other,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The way.
    pub kind: Kind,
    /// What was being done, as a gerund phrase: "binding a loop device".
    pub doing: &'static str,
    /// To what: a path or a device.
    pub object: String,
    /// What the kernel or the program said, for people.
    pub detail: String,
}

/// The result of a call to the operating system.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failed call.
    pub fn new(
        kind: Kind,
        doing: &'static str,
        object: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> Self {
        Self { kind, doing, object: object.to_string(), detail: detail.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.doing, self.object, self.detail)
    }
}

impl std::error::Error for Error {}

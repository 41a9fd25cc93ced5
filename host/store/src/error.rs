//! What can go wrong, in the words of the vendor contract (`mooring:host/state`, `pool`).

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The store cannot be opened. It is never made anew over what is there: the text says what an
/// operator can do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or used.
    #[error("cannot use the state directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file cannot be read or written.
    #[error("cannot open {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Another process has it open.
    #[error(
        "{} is in use by another process; one controller at a time may use a state directory: \
         stop the other one", path.display()
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "{} is damaged ({reason}); it is left as it is. Put back a copy of it, or move it away to \
         start with an empty store: no image is deleted by that, but each must then be taken up \
         by hand", path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The file was written by a later version.
    #[error(
        "{} has format {found}, this program knows {known}; start the version that wrote it, or \
         a later one", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u64,
        /// The format of this program.
        known: u64,
    },
}

/// The store cannot be read or written. After a failed write to stable storage it stays so until
/// the process starts anew, because what a failed fsync left behind cannot be known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot be used: {0}")]
pub struct StorageError(pub String);

/// `state-error` of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The key exists already (`insert`), is gone or has moved on (`replace`, `remove`).
    #[error("the key has changed meanwhile; read it again")]
    Conflict,
    /// The driver's quota would be passed.
    #[error("{0}")]
    Quota(String),
    /// A key, value or limit that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The store cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// `pool-error` of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// No such pool is granted.
    #[error("{0}")]
    Denied(String),
    /// Nothing of that name is there.
    #[error("the pool has no item of that name")]
    NotFound,
    /// Something of that name is there, of another kind, size or origin.
    #[error("the pool has another item of that name")]
    Exists,
    /// No room in the pool's file system, or in the driver's quota of records.
    #[error("{0}")]
    NoSpace(String),
    /// The image is attached on this machine.
    #[error("{0}")]
    InUse(String),
    /// A name or size that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The pool's file system cannot do this.
    #[error("{0}")]
    Unsupported(String),
    /// The pool cannot be read or written, or the file of an item is not what the record says.
    #[error("{0}")]
    Storage(String),
}

impl From<StorageError> for PoolError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl PoolError {
    /// A failed system call on the pool's file system.
    pub(crate) fn io(doing: impl fmt::Display, error: impl Into<std::io::Error>) -> Self {
        let error = error.into();
        let text = format!("{doing}: {error}");
        let kind = error.kind();
        if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            Self::NoSpace(text)
        } else if kind == ErrorKind::FileTooLarge {
            Self::Invalid(text)
        } else {
            // Any other failure is the pool's, and says nothing of the request.
            Self::Storage(text)
        }
    }
}

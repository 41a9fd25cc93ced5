//! Why a call failed: a gRPC code and a sentence for a person.

use alloc::format;
use alloc::string::String;

use core::fmt;
use core::time::Duration;

pub use crate::bindings::types::Code;

/// A failed call. The message says what was asked, what is in the way and what to do, and never
/// holds a secret: it ends up in events and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// How the orchestrator shall take it.
    pub code: Code,
    /// For people.
    pub message: String,
    /// When trying again makes sense, if the storage system said so.
    pub retry_after: Option<Duration>,
}

/// The result of a call.
pub type Result<T, E = Error> = core::result::Result<T, E>;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident),* $(,)?) => {
        $($(#[$doc])*
        pub fn $name(message: impl Into<String>) -> Self {
            Self::new(Code::$code, message)
        })*
    };
}

impl Error {
    /// An error of any code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    constructors! {
        /// The caller gave up.
        cancelled => Cancelled,
        /// Nothing more is known.
        unknown => Unknown,
        /// The request can never work as it stands.
        invalid_argument => InvalidArgument,
        /// The time was not enough; what has happened is not known.
        deadline_exceeded => DeadlineExceeded,
        /// What was named does not exist.
        not_found => NotFound,
        /// It exists, but otherwise than asked.
        already_exists => AlreadyExists,
        /// The operator or the storage system does not allow it.
        permission_denied => PermissionDenied,
        /// No room, no slot, a quota used up.
        resource_exhausted => ResourceExhausted,
        /// The right request at the wrong moment; something must change first.
        failed_precondition => FailedPrecondition,
        /// Another operation on the same thing is under way; repeat later.
        aborted => Aborted,
        /// The size or position cannot be had.
        out_of_range => OutOfRange,
        /// The backend cannot do this at all.
        unimplemented => Unimplemented,
        /// The backend itself is at fault.
        internal => Internal,
        /// The storage system does not answer; repeat later.
        unavailable => Unavailable,
        /// Data are lost or damaged.
        data_loss => DataLoss,
        /// The storage system refused the credentials.
        unauthenticated => Unauthenticated,
    }

    /// Whether the operation surely had no effect, by its code. After the others it may have had
    /// one, or may have it yet, and only repeating it tells.
    #[must_use]
    pub fn had_no_effect(&self) -> bool {
        match self.code {
            Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => false,
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated => true,
        }
    }

    /// Says when trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}

impl From<Error> for crate::bindings::types::Error {
    fn from(Error { code, message, retry_after }: Error) -> Self {
        let milliseconds = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self { code, message, retry_after: retry_after.map(milliseconds) }
    }
}

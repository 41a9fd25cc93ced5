//! The one error that crosses crate borders: a gRPC code and a sentence for a person.

use std::time::Duration;

/// The gRPC status codes other than OK.
///
/// Source: <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>; how CSI uses them is in the
/// specification's "Error Scheme".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "gRPC documents its codes")]
pub enum Code {
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl Code {
    /// Whether kubelet takes this code of NodeStage or NodePublish for "surely not there", and so
    /// never calls the reverse. May be returned only when the node is proven clean.
    ///
    /// Source: kubernetes `pkg/volume/csi/csi_client.go`, `isFinalError`.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Cancelled
            | Self::DeadlineExceeded
            | Self::Unavailable
            | Self::ResourceExhausted
            | Self::Aborted => false,
            Self::Unknown
            | Self::InvalidArgument
            | Self::NotFound
            | Self::AlreadyExists
            | Self::PermissionDenied
            | Self::FailedPrecondition
            | Self::OutOfRange
            | Self::Unimplemented
            | Self::Internal
            | Self::DataLoss
            | Self::Unauthenticated => true,
        }
    }
}

/// A failed operation. The message says what was asked, what is in the way and what to do; it
/// never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// How the caller shall take it.
    pub code: Code,
    /// For people.
    pub message: String,
    /// When trying again makes sense, where that is known.
    pub retry_after: Option<Duration>,
}

/// The result of an operation of the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of any code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// The request can never work as it stands.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// What was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// It exists, but otherwise than asked.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(Code::AlreadyExists, message)
    }

    /// Right request, wrong moment; something must change first.
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, message)
    }

    /// The size cannot be had.
    pub fn out_of_range(message: impl Into<String>) -> Self {
        Self::new(Code::OutOfRange, message)
    }

    /// Try again later; the state of the operation is not known.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// Another operation on the same volume is under way.
    pub fn aborted(message: impl Into<String>) -> Self {
        Self::new(Code::Aborted, message)
    }

    /// The host itself is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// The driver has no such ability.
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, message)
    }

    /// The operator has not granted this.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, message)
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub fn context(mut self, doing: impl std::fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

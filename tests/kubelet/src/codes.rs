//! What an orchestrator makes of a gRPC code.

/// The gRPC status codes other than OK, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "gRPC documents its codes")]
pub enum Code {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl Code {
    /// By its number; what gRPC does not know counts as `Unknown`.
    #[must_use]
    pub fn of(number: i32) -> Self {
        match number {
            1 => Self::Cancelled,
            3 => Self::InvalidArgument,
            4 => Self::DeadlineExceeded,
            5 => Self::NotFound,
            6 => Self::AlreadyExists,
            7 => Self::PermissionDenied,
            8 => Self::ResourceExhausted,
            9 => Self::FailedPrecondition,
            10 => Self::Aborted,
            11 => Self::OutOfRange,
            12 => Self::Unimplemented,
            13 => Self::Internal,
            14 => Self::Unavailable,
            15 => Self::DataLoss,
            16 => Self::Unauthenticated,
            _ => Self::Unknown,
        }
    }

    /// Whether the operation is over and has surely not happened.
    ///
    /// kubelet then takes the volume for not mounted and never calls the reverse
    /// (`pkg/volume/csi/csi_client.go`, `isFinalError`); the provisioner gives a deleted claim up
    /// without deleting a volume (`checkError`); the attacher takes the volume for not attached.
    /// Which codes these are is the same for all three.
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

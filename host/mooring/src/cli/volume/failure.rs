//! What can go wrong in a command: what was in the way, what to do next, and the exit code that
//! scripts can use. The one place where gRPC codes become exit codes and advice.

use std::path::PathBuf;
use std::process::ExitCode;

use tonic::{Code, Status};

/// How a command ends, for scripts. The numbers are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or done before.
    Done,
    /// The driver or this machine is at fault.
    Failed,
    /// The command line or an argument is wrong.
    Usage,
    /// What was named does not exist.
    NotFound,
    /// It exists otherwise than asked.
    Exists,
    /// Not now; the same command may be repeated.
    TryAgain,
    /// Something has to change first.
    Refused,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Exists => 4,
            Self::TryAgain => 5,
            Self::Refused => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The driver answered with an error.
    #[error("{message}")]
    Rpc { code: Code, message: String },
    /// No driver answers at the socket.
    #[error("{0:#}")]
    Unreachable(anyhow::Error),
    /// An argument that only showed itself to be wrong after parsing.
    #[error("{0}")]
    Usage(String),
    /// Something on this machine, such as making a directory.
    #[error("cannot {doing} {}: {source}", path.display())]
    Local { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// An answer that the specification does not allow.
    #[error("the driver's answer breaks the specification: {0}")]
    Protocol(String),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let mut code = status.code();
        let mut message = status.message().to_owned();
        // The client's own clock ran out; gRPC's word for that is the other one.
        if code == Code::Cancelled && message == "Timeout expired" {
            code = Code::DeadlineExceeded;
            "no answer before the deadline".clone_into(&mut message);
        }
        if message.is_empty() {
            code.description().clone_into(&mut message);
        }
        Self::Rpc { code, message }
    }
}

impl Failure {
    /// A stable name: gRPC's for what the driver answered.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rpc { code, .. } => code_name(*code),
            Self::Unreachable(_) => "UNAVAILABLE",
            Self::Usage(_) => "USAGE",
            Self::Local { .. } => "LOCAL",
            Self::Protocol(_) => "PROTOCOL",
        }
    }

    /// The exit code of a command that ended with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Rpc { code, .. } => code_exit(*code),
            Self::Unreachable(_) => Exit::TryAgain,
            Self::Usage(_) => Exit::Usage,
            Self::Local { .. } | Self::Protocol(_) => Exit::Failed,
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Rpc { code, .. } => code_advice(*code),
            Self::Unreachable(_) => {
                "start `mooring serve`, or name the driver's socket with --socket or MOORING_SOCKET"
            }
            Self::Usage(_) => "see --help",
            Self::Local { .. } => "paths are this machine's, and most of them need root",
            Self::Protocol(_) => "report it to the driver's vendor",
        }
    }

    /// Whether the driver may have done the work all the same, or still be at it.
    pub(crate) fn leaves_doubt(&self) -> bool {
        self.exit() == Exit::TryAgain
    }
}

/// gRPC's name of a code, as the specification writes it.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// `TryAgain` holds exactly the codes that kubelet takes for "maybe still in progress".
fn code_exit(code: Code) -> Exit {
    match code {
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => Exit::Failed,
        Code::InvalidArgument => Exit::Usage,
        Code::NotFound => Exit::NotFound,
        Code::AlreadyExists => Exit::Exists,
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Unavailable => Exit::TryAgain,
        Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => Exit::Refused,
    }
}

fn code_advice(code: Code) -> &'static str {
    match code {
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => {
            "the driver's log says more about this call"
        }
        Code::InvalidArgument => "correct what the message names; --help has examples",
        Code::NotFound => "`mooring volume list` shows the volumes that there are",
        Code::AlreadyExists => {
            "repeat with the arguments of the first time, or choose another name or path"
        }
        Code::Cancelled | Code::DeadlineExceeded => {
            "repeat the same command, which is safe, or give it longer, such as --timeout 2m"
        }
        Code::ResourceExhausted => "free room or wait, then repeat the same command",
        Code::Aborted => "another call for this volume is under way: repeat in a moment",
        Code::Unavailable => "repeat the same command, which is safe; the driver's log says more",
        Code::PermissionDenied | Code::Unauthenticated => {
            "see the grants in the driver's configuration, and the secrets of this call"
        }
        Code::FailedPrecondition => {
            "put right what the message names; a volume in use has to be unpublished and unstaged"
        }
        Code::OutOfRange => "choose another size; `mooring volume capacity` shows the bounds",
        Code::Unimplemented => "the driver lacks this ability: its backend does not export it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grpc_code_has_its_exit_code() {
        let exits: Vec<(&str, u8)> = (1..=16)
            .map(|number| Failure::from(Status::new(Code::from_i32(number), "x")))
            .map(|failure| (failure.name(), failure.exit().code()))
            .collect();
        assert_eq!(
            exits,
            [
                ("CANCELLED", 5),
                ("UNKNOWN", 1),
                ("INVALID_ARGUMENT", 2),
                ("DEADLINE_EXCEEDED", 5),
                ("NOT_FOUND", 3),
                ("ALREADY_EXISTS", 4),
                ("PERMISSION_DENIED", 6),
                ("RESOURCE_EXHAUSTED", 5),
                ("FAILED_PRECONDITION", 6),
                ("ABORTED", 5),
                ("OUT_OF_RANGE", 6),
                ("UNIMPLEMENTED", 6),
                ("INTERNAL", 1),
                ("UNAVAILABLE", 5),
                ("DATA_LOSS", 1),
                ("UNAUTHENTICATED", 6),
            ]
        );
    }

    #[test]
    fn an_empty_message_is_filled() {
        assert_eq!(Failure::from(Status::aborted("")).to_string(), Code::Aborted.description());
    }
}

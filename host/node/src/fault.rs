//! From a failed call to the operating system to the answer: one match, so that a new kind of
//! failure breaks the build here. Whether a *final* code may leave the node is decided later.

use mooring_volume::{Code, Error};

use crate::os;

impl From<os::Error> for Error {
    fn from(fault: os::Error) -> Self {
        Self::new(code(fault.kind), fault.to_string())
    }
}

fn code(kind: os::Kind) -> Code {
    match kind {
        // Paths of the request are the only thing that links and types can be wrong of: what is in
        // a pool is opened by `attach`, which says it in its own words.
        os::Kind::Unsafe | os::Kind::WrongType => Code::InvalidArgument,
        os::Kind::NotFound
        | os::Kind::Busy
        | os::Kind::NotEmpty
        | os::Kind::ReadOnly
        | os::Kind::Unsupported => Code::FailedPrecondition,
        // The machine moved on between looking and doing: look again.
        os::Kind::Changed => Code::Aborted,
        os::Kind::NoSpace | os::Kind::Exhausted => Code::ResourceExhausted,
        os::Kind::Io => Code::Unavailable,
        os::Kind::Denied | os::Kind::Program { .. } | os::Kind::Other => Code::Internal,
    }
}

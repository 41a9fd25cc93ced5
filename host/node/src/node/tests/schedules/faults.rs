//! From what goes wrong in a schedule to what goes wrong with a machine, and from codes to codes.

use mooring_kubelet::{Code, How, Mishap};

use crate::os::Kind;
use crate::os::twin::Fault;

/// How a machine's call fails: not in a way that states a fact, such as that there is no such file.
fn kind(number: u8) -> Kind {
    let kinds = [Kind::Other, Kind::NoSpace, Kind::Busy, Kind::Io, Kind::Exhausted, Kind::Denied];
    kinds[usize::from(number) % kinds.len()]
}

/// What a mishap is to the model of a machine.
pub(super) fn fault(mishap: Mishap) -> Option<Fault> {
    let at = usize::try_from(mishap.at).unwrap();
    match mishap.how {
        How::Fails(number) => Some(Fault::Error(at, kind(number))),
        How::FailsLate(number) => Some(Fault::LateError(at, kind(number))),
        How::StaysBroken(number) => Some(Fault::Broken(at, kind(number))),
        How::Dies => Some(Fault::Crash(at)),
        How::DiesLate => Some(Fault::LateCrash(at)),
        How::AnswerLost | How::KubeletDies => None,
    }
}

/// The orchestrator's name of a code.
pub(super) fn code(code: mooring_volume::Code) -> Code {
    use mooring_volume::Code as From;
    match code {
        From::Cancelled => Code::Cancelled,
        From::Unknown => Code::Unknown,
        From::InvalidArgument => Code::InvalidArgument,
        From::DeadlineExceeded => Code::DeadlineExceeded,
        From::NotFound => Code::NotFound,
        From::AlreadyExists => Code::AlreadyExists,
        From::PermissionDenied => Code::PermissionDenied,
        From::ResourceExhausted => Code::ResourceExhausted,
        From::FailedPrecondition => Code::FailedPrecondition,
        From::Aborted => Code::Aborted,
        From::OutOfRange => Code::OutOfRange,
        From::Unimplemented => Code::Unimplemented,
        From::Internal => Code::Internal,
        From::Unavailable => Code::Unavailable,
        From::DataLoss => Code::DataLoss,
        From::Unauthenticated => Code::Unauthenticated,
    }
}

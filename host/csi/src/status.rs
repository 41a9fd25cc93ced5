//! Errors of the domain as gRPC statuses, and back on the other side of the private socket. The only
//! place that knows both.

use std::time::Duration;

use mooring_volume::{Code, Error};
use tonic::metadata::MetadataMap;
use tonic::{Code as Grpc, Status};

/// A status travels in HTTP/2 headers, which peers bound (some at 8 KiB, escapes included).
const LONGEST_MESSAGE: usize = 2048;

/// When to try again, in milliseconds: the trailer by which gRPC servers say it (gRFC A6). CSI wants the
/// status's `details` empty, so that no RetryInfo can be sent.
const RETRY_AFTER: &str = "grpc-retry-pushback-ms";

/// An error as the caller will see it.
pub(crate) fn from_error(error: Error) -> Status {
    let Error { code, message, retry_after } = error;
    let mut metadata = MetadataMap::new();
    if let Some(wait) = retry_after
        && let Ok(value) = wait.as_millis().to_string().parse()
    {
        metadata.insert(RETRY_AFTER, value);
    }
    Status::with_metadata(grpc(code), shorten(message), metadata)
}

/// A status as the domain's error: code and message unchanged.
pub(crate) fn into_error(status: &Status) -> Error {
    let wait = status.metadata().get(RETRY_AFTER).and_then(|text| text.to_str().ok()?.parse().ok());
    let retry_after = wait.map(Duration::from_millis);
    Error { retry_after, ..Error::new(domain(status.code()), status.message()) }
}

fn grpc(code: Code) -> Grpc {
    match code {
        Code::Cancelled => Grpc::Cancelled,
        Code::Unknown => Grpc::Unknown,
        Code::InvalidArgument => Grpc::InvalidArgument,
        Code::DeadlineExceeded => Grpc::DeadlineExceeded,
        Code::NotFound => Grpc::NotFound,
        Code::AlreadyExists => Grpc::AlreadyExists,
        Code::PermissionDenied => Grpc::PermissionDenied,
        Code::ResourceExhausted => Grpc::ResourceExhausted,
        Code::FailedPrecondition => Grpc::FailedPrecondition,
        Code::Aborted => Grpc::Aborted,
        Code::OutOfRange => Grpc::OutOfRange,
        Code::Unimplemented => Grpc::Unimplemented,
        Code::Internal => Grpc::Internal,
        Code::Unavailable => Grpc::Unavailable,
        Code::DataLoss => Grpc::DataLoss,
        Code::Unauthenticated => Grpc::Unauthenticated,
    }
}

fn domain(code: Grpc) -> Code {
    match code {
        // An error that says it is none has no meaning.
        Grpc::Ok | Grpc::Unknown => Code::Unknown,
        Grpc::Cancelled => Code::Cancelled,
        Grpc::InvalidArgument => Code::InvalidArgument,
        Grpc::DeadlineExceeded => Code::DeadlineExceeded,
        Grpc::NotFound => Code::NotFound,
        Grpc::AlreadyExists => Code::AlreadyExists,
        Grpc::PermissionDenied => Code::PermissionDenied,
        Grpc::ResourceExhausted => Code::ResourceExhausted,
        Grpc::FailedPrecondition => Code::FailedPrecondition,
        Grpc::Aborted => Code::Aborted,
        Grpc::OutOfRange => Code::OutOfRange,
        Grpc::Unimplemented => Code::Unimplemented,
        Grpc::Internal => Code::Internal,
        Grpc::Unavailable => Code::Unavailable,
        Grpc::DataLoss => Code::DataLoss,
        Grpc::Unauthenticated => Code::Unauthenticated,
    }
}

/// A code's name in gRPC's own documents.
pub(crate) fn name(code: Grpc) -> &'static str {
    match code {
        Grpc::Ok => "OK",
        Grpc::Cancelled => "CANCELLED",
        Grpc::Unknown => "UNKNOWN",
        Grpc::InvalidArgument => "INVALID_ARGUMENT",
        Grpc::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Grpc::NotFound => "NOT_FOUND",
        Grpc::AlreadyExists => "ALREADY_EXISTS",
        Grpc::PermissionDenied => "PERMISSION_DENIED",
        Grpc::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Grpc::FailedPrecondition => "FAILED_PRECONDITION",
        Grpc::Aborted => "ABORTED",
        Grpc::OutOfRange => "OUT_OF_RANGE",
        Grpc::Unimplemented => "UNIMPLEMENTED",
        Grpc::Internal => "INTERNAL",
        Grpc::Unavailable => "UNAVAILABLE",
        Grpc::DataLoss => "DATA_LOSS",
        Grpc::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Cuts a message that is too long, at a character's border.
pub(crate) fn shorten(mut message: String) -> String {
    if message.len() > LONGEST_MESSAGE {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_message_and_wait_survive_the_way_there_and_back() {
        for number in 1..=16 {
            let code = domain(Grpc::from_i32(number));
            let error =
                Error { retry_after: Some(Duration::from_millis(1500)), ..Error::new(code, "why") };
            let status = from_error(error.clone());
            assert_eq!(status.code() as i32, number);
            assert!(status.details().is_empty(), "CSI wants details to be empty");
            assert_eq!(into_error(&status), error);
        }
    }

    #[test]
    fn a_message_fits_into_headers() {
        let status = from_error(Error::internal("ü".repeat(100_000)));
        assert!(status.message().len() <= LONGEST_MESSAGE + '…'.len_utf8());
        assert!(status.message().ends_with("ü…"));
    }
}

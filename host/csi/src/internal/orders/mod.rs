//! Orders from the controller to its nodes, over a stream that each node opens: the controller's side (`hub`)
//! and the node's (`take`).

mod hub;
mod take;

pub use hub::{Held, Hub};
pub use take::take_orders;

use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::Error;
use tonic::{Code, Status};

use crate::status;

/// Orders, or reports, that may be on their way at once on one stream.
const ON_THE_WAY: usize = 64;

fn failure(error: Error) -> pb::Failure {
    let status = status::from_error(error);
    pb::Failure { code: status.code().into(), message: status.message().to_owned() }
}

fn error(failure: pb::Failure) -> Error {
    let pb::Failure { code, message } = failure;
    status::into_error(&Status::new(Code::from_i32(code), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_keep_code_and_message() {
        for code in [mooring_volume::Code::Aborted, mooring_volume::Code::FailedPrecondition] {
            let sent = Error::new(code, "why – not");
            assert_eq!(error(failure(sent.clone())), sent);
        }
        let later = error(pb::Failure { code: 77, message: String::new() });
        assert_eq!(later.code, mooring_volume::Code::Unknown);
    }
}

//! Why the array refuses: a code for programs, which stays, a sentence for people, which may change.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What programs go by. Two codes of one HTTP status want different reactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "README.md has the table")]
pub enum Code {
    BadRequest,
    Unauthorized,
    RouteNotFound,
    PoolNotFound,
    VolumeNotFound,
    SnapshotNotFound,
    HostNotFound,
    MappingNotFound,
    JobNotFound,
    NameInUse,
    NotReady,
    Busy,
    Mapped,
    MappedElsewhere,
    MappedOtherwise,
    InUse,
    CannotCopyInUse,
    SizeOutOfRange,
    NoSpace,
    NoSlot,
    Internal,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl Problem {
    /// A refusal of this kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn status(&self) -> StatusCode {
        match self.code {
            Code::BadRequest => StatusCode::BAD_REQUEST,
            Code::Unauthorized => StatusCode::UNAUTHORIZED,
            Code::RouteNotFound
            | Code::PoolNotFound
            | Code::VolumeNotFound
            | Code::SnapshotNotFound
            | Code::HostNotFound
            | Code::MappingNotFound
            | Code::JobNotFound => StatusCode::NOT_FOUND,
            Code::NameInUse
            | Code::NotReady
            | Code::Busy
            | Code::Mapped
            | Code::MappedElsewhere
            | Code::MappedOtherwise
            | Code::InUse
            | Code::CannotCopyInUse => StatusCode::CONFLICT,
            Code::SizeOutOfRange => StatusCode::UNPROCESSABLE_ENTITY,
            Code::NoSpace | Code::NoSlot => StatusCode::INSUFFICIENT_STORAGE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        let full = error.kind() == std::io::ErrorKind::StorageFull;
        Self::new(if full { Code::NoSpace } else { Code::Internal }, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status(), Json(json!({ "error": self }))).into_response()
    }
}

//! How a behaviour ends other than well: a finding, or a reason why it could not be looked at.

use std::fmt;
use std::path::Path;

use tonic::{Code, Status};

/// Why a behaviour ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The driver does otherwise than the specification says; a sentence.
    Finding(String),
    /// The driver may do so, and leaves nothing to look at; a sentence.
    Skipped(String),
}

/// What a step of a behaviour answers.
pub(crate) type Verdict<T = ()> = Result<T, Stop>;

/// Ends the behaviour with a finding unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($sentence:tt)+) => {
        if !$condition {
            return Err($crate::finding::Stop::Finding(format!($($sentence)+)));
        }
    };
}
pub(crate) use ensure;

/// A finding.
pub(crate) fn finding<T>(sentence: impl Into<String>) -> Verdict<T> {
    Err(Stop::Finding(sentence.into()))
}

/// What the driver may do, and what leaves nothing to look at.
pub(crate) fn skipped<T>(sentence: impl Into<String>) -> Verdict<T> {
    Err(Stop::Skipped(sentence.into()))
}

/// An error answer to a call.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The RPC's name.
    pub(crate) rpc: &'static str,
    /// What it answered.
    pub(crate) status: Status,
}

impl Refusal {
    /// The answer's code.
    pub(crate) fn code(&self) -> Code {
        self.status.code()
    }

    /// Whether the same call may succeed a little later ("Error Scheme").
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.code(), Code::Aborted | Code::Unavailable | Code::DeadlineExceeded)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}: {}", self.rpc, code(self.code()), self.status.message())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Finding(refusal.to_string())
    }
}

/// A code as the specification writes it.
fn code(code: Code) -> String {
    let mut text = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// Holds an answer to be an error of one of these codes; `when` says of what call.
pub(crate) fn refused<T>(answer: Result<T, Refusal>, codes: &[Code], when: &str) -> Verdict {
    let wanted = codes.iter().map(|it| code(*it)).collect::<Vec<_>>().join(" or ");
    match answer {
        Ok(_) => finding(format!("{when}: OK, where {wanted} was due")),
        Err(refusal) if codes.contains(&refusal.code()) => Ok(()),
        Err(refusal) => finding(format!("{when}: {refusal}, where {wanted} was due")),
    }
}

/// Names the file that the system could not do something with.
pub(crate) trait At<T> {
    /// The path that the error is about.
    fn at(self, path: &Path) -> Verdict<T>;
}

impl<T, E: fmt::Display> At<T> for Result<T, E> {
    fn at(self, path: &Path) -> Verdict<T> {
        self.map_err(|error| Stop::Finding(format!("{}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_the_specification_does() {
        assert_eq!(code(Code::NotFound), "NOT_FOUND");
        assert_eq!(code(Code::Ok), "OK");
    }

    #[test]
    fn another_code_or_none_is_a_finding() {
        let refusal = Refusal { rpc: "DeleteVolume", status: Status::not_found("gone") };
        assert_eq!(refused(Err::<(), _>(refusal.clone()), &[Code::NotFound], "x"), Ok(()));
        assert!(refused(Err::<(), _>(refusal), &[Code::Aborted], "x").is_err());
        assert!(refused(Ok(()), &[Code::Aborted], "x").is_err());
    }
}

//! Keeps the secrets of a call out of its error.
//!
//! A backend is a stranger's code: it may quote a request, its password included, in the message of an
//! error, which goes into events, logs and terminals. This is the last place that knows both.

use std::borrow::Cow;

use mooring_volume::{Error, Secrets};

/// The error, with every value of `secrets` in its message blotted out.
pub(crate) fn conceal(mut error: Error, secrets: &Secrets) -> Error {
    if let Cow::Owned(blotted) = secrets.blot(&error.message) {
        error.message = blotted;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blots_out_values_and_nothing_else() {
        let secrets: Secrets = [("user", "ab"), ("password", "hunter2")]
            .map(|(k, v)| (k.into(), v.into()))
            .into_iter()
            .collect();
        let error = Error::unavailable("login of ab with hunter2/hunter2 failed");
        assert_eq!(conceal(error, &secrets).message, "login of ab with [secret]/[secret] failed");
    }
}

//! Keeps the secrets of a call out of its error.
//!
//! A backend is a stranger's code: it may quote a request, its password included, in the message of an
//! error, which goes into events, logs and terminals. This is the last place that knows both.

use mooring_volume::{Error, Secrets};

/// Shorter values are words that occur by chance, and no protection to anything.
const SHORTEST: usize = 4;

/// The error, with every value of `secrets` in its message blotted out. Values are found as they are; one
/// that was encoded or cut before is not.
pub(crate) fn conceal(mut error: Error, secrets: &Secrets) -> Error {
    for (_, secret) in secrets.iter() {
        let value = secret.expose();
        if value.len() >= SHORTEST && error.message.contains(value) {
            error.message = error.message.replace(value, "[secret]");
        }
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

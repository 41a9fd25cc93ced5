//! Who may ask: tokens that a login gives and that end, or user and password with each request.
//! They live in memory alone: a restart ends all of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::problem::{Code, Problem};
use crate::server::Credentials;

/// The logins.
#[derive(Debug)]
pub(crate) struct Sessions {
    credentials: Option<Credentials>,
    lifetime: Duration,
    tokens: Mutex<HashMap<String, Instant>>,
}

impl Sessions {
    pub(crate) fn new(credentials: Option<Credentials>, lifetime: Duration) -> Self {
        Self { credentials, lifetime, tokens: Mutex::default() }
    }

    /// Whether anybody may ask.
    pub(crate) fn open(&self) -> bool {
        self.credentials.is_none()
    }

    /// A new token and how many seconds it lives.
    pub(crate) fn login(&self, user: &str, password: &str) -> Result<(String, u64), Problem> {
        if !self.knows(user, password) {
            return Err(refused("user or password is wrong"));
        }
        let token = format!("{:032x}", fastrand::u128(..));
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        tokens.retain(|_, end| *end > now);
        tokens.insert(token.clone(), now + self.lifetime);
        Ok((token, self.lifetime.as_secs()))
    }

    /// Ends all logins.
    pub(crate) fn expire(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether a request with this `Authorization` may be served.
    pub(crate) fn check(&self, authorization: Option<&str>) -> Result<(), Problem> {
        if self.open() {
            return Ok(());
        }
        let given = authorization.ok_or_else(|| refused("log in first"))?;
        if let Some(token) = given.strip_prefix("Bearer ") {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            return match tokens.get(token) {
                Some(end) if *end > Instant::now() => Ok(()),
                Some(_) | None => Err(refused("the login has ended; log in again")),
            };
        }
        let pair = given.strip_prefix("Basic ").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok());
        match pair.as_deref().and_then(|pair| pair.split_once(':')) {
            Some((user, password)) if self.knows(user, password) => Ok(()),
            Some(_) | None => Err(refused("user or password is wrong")),
        }
    }

    fn knows(&self, user: &str, password: &str) -> bool {
        let known = |known: &Credentials| known.user == user && known.password == password;
        self.credentials.as_ref().is_none_or(known)
    }
}

fn refused(why: &str) -> Problem {
    Problem::new(Code::Unauthorized, why)
}

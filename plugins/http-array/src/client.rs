//! Asking the array: logins, repetition, and what its answers mean. Everything that is asked here can
//! be asked twice: names, ids and sizes are said outright. So what got no answer is asked again
//! while the call's time lasts, and after that the orchestrator repeats the call.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::cell::RefCell;
use core::time::Duration;

use mooring_sdk::http::{Failure, Method, Request, Response};
use mooring_sdk::{Code, Error, Result, Secrets};
use serde::Deserialize;

use crate::Services;
use crate::settings::Settings;
use crate::wire::{self, Checked, Login, Page, Refusal};

/// Below an array's address.
const BASE: &str = "/api/v1";

/// The most bytes of an answer: a page of a thousand volumes has a tenth of it.
const LARGEST: usize = 8 << 20;

/// One request, at most; the array begins jobs for what takes longer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The first wait before a request is repeated; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// When to repeat a call whose time was not enough.
const LATER: Duration = Duration::from_secs(2);

/// How often a login that has just been made may be refused.
const REFUSALS: u32 = 3;

/// An array, as one call asks it.
pub(crate) struct Client<'a, H> {
    pub(crate) host: &'a H,
    pub(crate) settings: &'a Settings,
    url: &'a str,
    secrets: &'a Secrets,
    token: RefCell<Option<String>>,
    /// When the call's time is over.
    end: Duration,
}

/// What the array says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200, 201, 204 and their body.
    Done(Vec<u8>),
    /// 202: a job does it.
    Job(String),
    /// No.
    Refused(Refusal),
}

/// Why there is no answer yet.
enum Trouble {
    /// Repeating may help, at the soonest after this.
    Passing(String, Option<Duration>),
    /// The login is not good, or not any more.
    Login(Error),
    /// Nothing helps.
    Lasting(Error),
}

impl<'a, H: Services> Client<'a, H> {
    pub(crate) fn new(
        host: &'a H,
        settings: &'a Settings,
        url: &'a str,
        secrets: &'a Secrets,
    ) -> Self {
        let end = host.elapsed().saturating_add(settings.patience());
        Self { host, settings, url, secrets, token: RefCell::new(None), end }
    }

    /// Waits, if the call's time is enough for that.
    ///
    /// # Errors
    /// `Unavailable` where it is not, with what is being waited for.
    pub(crate) fn wait(&self, wait: Duration, reason: &str) -> Result<()> {
        if self.host.elapsed().saturating_add(wait) >= self.end {
            return Err(Error::unavailable(reason).retry_after(wait.max(LATER)));
        }
        self.host.pause(wait);
        Ok(())
    }

    /// Something that has to be there.
    pub(crate) fn get<T: Checked + for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T> {
        match self.ask(Method::Get, path, "", |body| wire::read(body).map(Some))? {
            Read::Value(value) => Ok(value),
            Read::Job(_) => Err(Error::internal("the array answers a question with a job")),
            Read::Refused(refusal) => Err(refusal.error()),
        }
    }

    /// Something that may be there; `absent` is the code of its absence.
    pub(crate) fn look<T: Checked + for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        absent: &str,
    ) -> Result<Option<T>> {
        match self.ask(Method::Get, path, "", |body| wire::read(body).map(Some))? {
            Read::Value(value) => Ok(Some(value)),
            Read::Refused(refusal) if refusal.code == absent => Ok(None),
            Read::Job(_) => Err(Error::internal("the array answers a question with a job")),
            Read::Refused(refusal) => Err(refusal.error()),
        }
    }

    /// The one entry of a list that a name selects, if there is one.
    pub(crate) fn find<T: Checked + for<'de> Deserialize<'de>>(
        &self,
        list: &str,
        name: &str,
        name_of: impl Fn(&T) -> &str,
    ) -> Result<Option<T>> {
        let mut page: Page<T> = self.get(&format!("/{list}?name={name}&limit=2"))?;
        if page.items.iter().any(|one| name_of(one) != name) || page.items.len() > 1 {
            return Err(Error::internal(format!(
                "the array lists others for the name {name}, which is unique"
            )));
        }
        Ok(page.items.pop())
    }

    /// Asks for a change.
    pub(crate) fn call(&self, method: Method, path: &str, body: &str) -> Result<Answer> {
        Ok(match self.ask(method, path, body, |body| Ok(Some(body.to_vec())))? {
            Read::Value(body) => Answer::Done(body),
            Read::Job(job) => Answer::Job(job),
            Read::Refused(refusal) => Answer::Refused(refusal),
        })
    }

    /// Whether the array answers at all.
    pub(crate) fn is_there(&self) -> Result<()> {
        match self.call(Method::Get, "/system", "") {
            Ok(Answer::Refused(refusal)) => Err(refusal.error()),
            Ok(Answer::Done(_) | Answer::Job(_)) => Ok(()),
            Err(error) if error.code == Code::Unauthenticated => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks until there is an answer that can be read, or the time is over.
    fn ask<T>(
        &self,
        method: Method,
        path: &str,
        body: &str,
        reader: impl Fn(&[u8]) -> Result<Option<T>>,
    ) -> Result<Read<T>> {
        let (mut wait, mut refusals) = (FIRST_WAIT, 0);
        loop {
            if self.host.elapsed() >= self.end {
                let message =
                    format!("{} {path}: the call's time is over; repeat it", method.name());
                return Err(Error::unavailable(message).retry_after(LATER));
            }
            let trouble = match self.attempt(method, path, body) {
                Ok(Said::Done(bytes)) => match reader(&bytes) {
                    Ok(Some(value)) => return Ok(Read::Value(value)),
                    Ok(None) => Trouble::Passing("the array's answer is empty".to_owned(), None),
                    Err(error) => Trouble::Passing(error.message, None),
                },
                Ok(Said::Job(job)) => return Ok(Read::Job(job)),
                Ok(Said::Refused(refusal)) => return Ok(Read::Refused(refusal)),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Lasting(error) => return Err(error),
                Trouble::Login(error) => {
                    self.token.take();
                    refusals += 1;
                    if refusals >= REFUSALS {
                        return Err(error);
                    }
                }
                Trouble::Passing(why, after) => {
                    let name = method.name();
                    self.wait(after.unwrap_or(wait).max(wait), &format!("{name} {path}: {why}"))?;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    fn attempt(&self, method: Method, path: &str, body: &str) -> Result<Said, Trouble> {
        let bearer = self.login()?.map(|token| format!("Bearer {token}"));
        let response = self.send(method, path, body, bearer.as_deref())?;
        self.meaning(&response)
    }

    /// The token of this call, if its secrets are for a login.
    fn login(&self) -> Result<Option<String>, Trouble> {
        if let Some(token) = &*self.token.borrow() {
            return Ok(Some(token.clone()));
        }
        let (user, password) = match (self.secrets.get("username"), self.secrets.get("password")) {
            (None, None) => return Ok(None),
            (Some(user), Some(password)) => (user, password),
            (Some(_), None) => return Err(missing("password")),
            (None, Some(_)) => return Err(missing("username")),
        };
        let body = serde_json::json!({ "username": user, "password": password });
        let response = self.send(Method::Post, "/login", &format!("{body}"), None)?;
        let said = self.meaning(&response).map_err(|trouble| match trouble {
            // To repeat a wrong password is to have the user locked out.
            Trouble::Login(error) => Trouble::Lasting(error),
            other @ (Trouble::Passing(..) | Trouble::Lasting(_)) => other,
        });
        match said? {
            Said::Done(body) => {
                let Login { token } =
                    wire::read(&body).map_err(|error| Trouble::Passing(error.message, None))?;
                *self.token.borrow_mut() = Some(token.clone());
                Ok(Some(token))
            }
            Said::Job(_) => Err(Trouble::Passing("the login is answered with a job".into(), None)),
            Said::Refused(refusal) => Err(Trouble::Lasting(refusal.error())),
        }
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: &str,
        bearer: Option<&str>,
    ) -> Result<Response, Trouble> {
        let left = self.end.saturating_sub(self.host.elapsed());
        let mut headers = Vec::with_capacity(3);
        headers.push(("accept", "application/json"));
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        headers.extend(bearer.map(|bearer| ("authorization", bearer)));
        let request = Request {
            method,
            url: &format!("{}{BASE}{path}", self.url),
            headers: &headers,
            body: body.as_bytes(),
            timeout: left.min(TIMEOUT),
            largest: LARGEST,
        };
        self.host.send(&request).map_err(|failure| match failure {
            Failure::Refused(why) => {
                Trouble::Lasting(Error::permission_denied(format!("array {}: {why}", self.url)))
            }
            Failure::Unreachable(why) | Failure::Lost(why) => Trouble::Passing(why, None),
            Failure::TooLarge => {
                Trouble::Lasting(Error::unavailable("the array's answer is too large"))
            }
        })
    }

    fn meaning(&self, response: &Response) -> Result<Said, Trouble> {
        let passing = |why: &str, after| Err(Trouble::Passing(why.to_owned(), after));
        let refusal = || Refusal::read(&response.body).map(|refusal| self.cleaned(refusal));
        match response.status {
            200 | 201 | 204 => Ok(Said::Done(response.body.clone())),
            202 => match wire::read::<wire::Begun>(&response.body) {
                Ok(begun) => Ok(Said::Job(begun.job)),
                Err(error) => passing(&error.message, None),
            },
            401 => Err(Trouble::Login(refusal().map_or_else(
                || Error::unauthenticated("the array refuses the credentials"),
                |refusal| Error { code: Code::Unauthenticated, ..refusal.error() },
            ))),
            403 => Err(Trouble::Lasting(Error::permission_denied(
                "the array does not allow this to its user (403)",
            ))),
            429 => {
                let after = response.header("retry-after").and_then(|text| text.parse().ok());
                passing("the array is asked too often (429)", after.map(Duration::from_secs))
            }
            status @ (400..=499 | 507) => match refusal() {
                Some(refusal) => Ok(Said::Refused(refusal)),
                // A 404 of a proxy does not say that a volume is gone.
                None if status == 507 => passing("status 507 without a reason", None),
                None => Err(Trouble::Lasting(Error::unavailable(format!(
                    "{} answers {status} as no array does; is its address right?",
                    self.url
                )))),
            },
            status @ 500..=599 => passing(&format!("the array fails (status {status})"), None),
            status => Err(Trouble::Lasting(Error::unavailable(format!(
                "{} answers {status}, which is no answer of an array; is its address right?",
                self.url
            )))),
        }
    }

    /// A refusal without the secrets that it may repeat.
    fn cleaned(&self, refusal: Refusal) -> Refusal {
        let token = self.token.borrow();
        let secrets =
            [self.secrets.get("username"), self.secrets.get("password"), token.as_deref()];
        let mut message = refusal.message;
        for secret in secrets.into_iter().flatten().filter(|secret| !secret.is_empty()) {
            message = message.replace(secret, "[secret]");
        }
        Refusal { message, ..refusal }
    }
}

/// An answer that was read.
enum Read<T> {
    Value(T),
    Job(String),
    Refused(Refusal),
}

/// An answer as it came.
enum Said {
    Done(Vec<u8>),
    Job(String),
    Refused(Refusal),
}

fn missing(name: &str) -> Trouble {
    Trouble::Lasting(Error::unauthenticated(format!(
        "the secret of this call lacks {name:?}; username and password belong together"
    )))
}

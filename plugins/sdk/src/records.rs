//! Typed records in the driver's store, and pages over them.
//!
//! A record is one key; what it holds is written in postcard, which is compact and cheap to read.
//! Give the table an enum with a case for each version of the record's form: the case's number
//! stands first in the bytes, an older component that meets a newer case says so instead of
//! guessing. Code that is to know the newest form alone works with a type that each form turns
//! into, `Table<Volume, Stored>`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::types::Page;
use crate::error::{Error, Result};
use crate::logging::{Level, log};
use crate::state::{Entry, State, StateError};

/// Records of one kind, each under `<prefix><id>`: a `T`, written in the form `F`.
#[derive(Debug)]
pub struct Table<T, F = T> {
    prefix: &'static str,
    kind: PhantomData<fn() -> (T, F)>,
}

/// A record and the version to hand to [`Table::replace`] and [`Table::remove`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// What is stored.
    pub value: T,
    /// The version of it.
    pub version: u64,
}

/// A page of records, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// Ids and records, in the ids' order.
    pub entries: Vec<(String, T)>,
    /// The token of the next page; none on the last.
    pub next: Option<String>,
}

/// The longest page, and the page where the caller leaves it open: one less than the host's
/// `scan` gives, so that one read also tells whether there is more.
pub const PAGE: u32 = 999;

/// What tokens start with: a token is the id after which the next page starts, so it stays good
/// whatever is created and deleted meanwhile.
const TOKEN: &str = "after:";

impl<T: Clone + Into<F>, F: Into<T> + Serialize + DeserializeOwned> Table<T, F> {
    /// The table whose keys start with `prefix`, such as `volume/`.
    #[must_use]
    pub const fn new(prefix: &'static str) -> Self {
        Self { prefix, kind: PhantomData }
    }

    /// Keeps an id for this call until it ends, whether it has a record or not. Calls that create
    /// by a name and calls that delete by an id meet here alone; claim before you read.
    ///
    /// # Errors
    /// `Aborted` where another call has it; `Unavailable`.
    pub fn claim(&self, state: &impl State, id: &str) -> Result<()> {
        state.claim(&self.key(id)).map_err(|error| match error {
            StateError::Conflict => Error::aborted(format!(
                "{} {id} is being created or deleted by another call; the same request can be \
                 repeated",
                self.prefix.trim_end_matches('/')
            )),
            StateError::Quota(_) | StateError::Invalid(_) | StateError::Storage(_) => error.into(),
        })
    }

    /// One record, if it is there.
    ///
    /// # Errors
    /// `Unavailable` where the store cannot be read, `DataLoss` for a record that cannot.
    pub fn get(&self, state: &impl State, id: &str) -> Result<Option<Found<T>>> {
        let Some(entry) = state.get(&self.key(id))? else { return Ok(None) };
        Ok(Some(Found { value: self.decode(&entry)?, version: entry.version }))
    }

    /// One record that must be there.
    ///
    /// # Errors
    /// `NotFound`, and as [`get`](Self::get).
    pub fn find(&self, state: &impl State, id: &str) -> Result<Found<T>> {
        self.get(state, id)?.ok_or_else(|| {
            Error::not_found(format!("there is no {} {id:?}", self.prefix.trim_end_matches('/')))
        })
    }

    /// Creates what belongs to an id, once: first the record, then the thing itself by `make`.
    /// Answers the record that stands.
    ///
    /// Where a record is there already, `fits` says whether it is what is asked for, and `make`
    /// is called all the same, for the record that is there: the call that wrote it may have died
    /// before it made anything. So `make` has to be repeatable. Where it fails, and the failure is
    /// one after which surely nothing was made, a record of this call is taken back; else it
    /// stays, so that the repeated call and the deletion find it. The id is
    /// [claimed](Self::claim): a deletion that claims it too is not under way meanwhile.
    ///
    /// # Errors
    /// What `fits` and `make` answer; `Aborted` where another call has the id;
    /// `Unavailable`, or `ResourceExhausted` where the driver's quota is used up.
    pub fn create(
        &self,
        state: &impl State,
        id: &str,
        value: T,
        fits: impl FnOnce(&T) -> Result<()>,
        make: impl FnOnce(&T) -> Result<()>,
    ) -> Result<T> {
        self.claim(state, id)?;
        match state.insert(&self.key(id), &self.encode(&value)?) {
            Ok(version) => match make(&value) {
                Ok(()) => Ok(value),
                Err(error) => Err(self.take_back(state, id, version, error)),
            },
            Err(StateError::Conflict) => {
                let found = self.get(state, id)?.ok_or(StateError::Conflict)?;
                fits(&found.value)?;
                make(&found.value)?;
                Ok(found.value)
            }
            Err(other) => Err(other.into()),
        }
    }

    fn take_back(&self, state: &impl State, id: &str, version: u64, error: Error) -> Error {
        if error.had_no_effect()
            && let Err(second) = state.remove(&self.key(id), version)
        {
            let second = Error::from(second);
            log(
                Level::Warn,
                format_args!("the record of {id}, which was not made, stays for now: {second}"),
            );
        }
        error
    }

    /// Writes a record that must not exist yet; answers its version. For things whose making has
    /// more to it than [`create`](Self::create) sees to.
    ///
    /// # Errors
    /// `Aborted` where there is one; `Unavailable`, `ResourceExhausted`.
    pub fn insert(&self, state: &impl State, id: &str, value: &T) -> Result<u64> {
        Ok(state.insert(&self.key(id), &self.encode(value)?)?)
    }

    /// Writes a record that has not changed since it was found; answers its version.
    ///
    /// # Errors
    /// `Aborted` where it has changed; `Unavailable`, `ResourceExhausted`.
    pub fn replace(&self, state: &impl State, id: &str, value: &T, version: u64) -> Result<u64> {
        Ok(state.replace(&self.key(id), &self.encode(value)?, version)?)
    }

    /// Removes a record that has not changed since it was found.
    ///
    /// # Errors
    /// `Aborted` where it has changed; `Unavailable`.
    pub fn remove(&self, state: &impl State, id: &str, version: u64) -> Result<()> {
        Ok(state.remove(&self.key(id), version)?)
    }

    /// One page, in the ids' order: a record that exists throughout a listing is in it exactly
    /// once. The cost follows the page, not the table.
    ///
    /// # Errors
    /// `Aborted` for a token that is none of this table's; `Unavailable`, `DataLoss`.
    pub fn page(&self, state: &impl State, page: &Page) -> Result<Listed<T>> {
        self.page_of(state, page, |_| true)
    }

    /// As [`page`](Self::page), of the records alone that `wanted` says. The cost follows what is
    /// passed over, too.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn page_of(
        &self,
        state: &impl State,
        page: &Page,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Listed<T>> {
        let mut after = page.token.as_deref().map(|token| self.after(token)).transpose()?;
        let length = length(page);
        let mut entries: Vec<(String, T)> = Vec::new();
        loop {
            // A scan may end early; only an empty one says that there is no more.
            let found = state.scan(self.prefix, after.as_deref(), length + 1)?;
            let Some(last) = found.last() else { return Ok(Listed { entries, next: None }) };
            after = Some(last.key.clone());
            for entry in &found {
                let value = self.decode(entry)?;
                if !wanted(&value) {
                    continue;
                }
                if entries.len() == length as usize {
                    let next = entries.last().map(|(id, _)| token(id));
                    return Ok(Listed { entries, next });
                }
                entries.push((self.id(entry).to_owned(), value));
            }
        }
    }

    /// One page of what `look` finds out about records, where looking is dear: no more than `most`
    /// records are looked at, so a page may be shorter than asked for, or empty, and still have a
    /// next one.
    ///
    /// # Errors
    /// As [`page`](Self::page), and what `look` answers.
    pub fn look_through<R>(
        &self,
        state: &impl State,
        page: &Page,
        most: u32,
        mut look: impl FnMut(&str, &T) -> Result<Option<R>>,
    ) -> Result<Listed<R>> {
        let some = Page { max_entries: most, token: page.token.clone() };
        let Listed { entries: looked_at, mut next } = self.page(state, &some)?;
        let mut entries = Vec::new();
        let mut rest = looked_at.into_iter().peekable();
        while let Some((id, value)) = rest.next() {
            let Some(found) = look(&id, &value)? else { continue };
            let full = entries.len() + 1 == length(page) as usize;
            if full && rest.peek().is_some() {
                next = Some(token(&id));
            }
            entries.push((id, found));
            if full {
                break;
            }
        }
        Ok(Listed { entries, next })
    }

    fn key(&self, id: &str) -> String {
        [self.prefix, id].concat()
    }

    fn id<'a>(&self, entry: &'a Entry) -> &'a str {
        entry.key.strip_prefix(self.prefix).unwrap_or(&entry.key)
    }

    /// The key that a token stands for.
    fn after(&self, token: &str) -> Result<String> {
        match token.strip_prefix(TOKEN) {
            // No id of the contract is longer than this.
            Some(id) if (1..=128).contains(&id.len()) => Ok(self.key(id)),
            _ => Err(Error::aborted(
                "the starting token is none that this driver gave; start the listing anew",
            )),
        }
    }

    fn decode(&self, entry: &Entry) -> Result<T> {
        postcard::from_bytes::<F>(&entry.value).map(F::into).map_err(|_| {
            Error::data_loss(format!(
                "the record {} cannot be read: it is damaged, or a newer version of this backend \
                 wrote it; restore the driver's state or go back to that version",
                entry.key
            ))
        })
    }

    fn encode(&self, value: &T) -> Result<Vec<u8>> {
        let form: F = value.clone().into();
        postcard::to_allocvec(&form)
            .map_err(|_| Error::internal("a record of this backend's own cannot be written"))
    }
}

fn length(page: &Page) -> u32 {
    match page.max_entries {
        0 => PAGE,
        asked => asked.min(PAGE),
    }
}

/// The token of a page that starts after this id.
fn token(id: &str) -> String {
    [TOKEN, id].concat()
}

#[cfg(test)]
mod tests;

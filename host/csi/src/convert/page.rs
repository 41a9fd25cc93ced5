//! Pages of any listing: the question, and the answer held against it.

use mooring_volume::backend::{Page, Paged};
use mooring_volume::{Error, Result};

use super::text;

/// Which page is asked for. What a token means is the backend's affair; a bad one is its ABORTED.
pub(crate) fn asked(max_entries: i32, starting_token: String) -> Result<Page> {
    let max_entries = u32::try_from(max_entries).map_err(|_| {
        Error::invalid(format!(
            "max_entries is {max_entries}; it must not be negative; 0 means no limit"
        ))
    })?;
    text::plain("starting_token", &starting_token, text::LONGEST)?;
    Ok(Page { max_entries, token: Some(starting_token).filter(|token| !token.is_empty()) })
}

/// The entries and the next token, empty on the last page. `what` names the entries.
///
/// # Errors
/// `Internal` where the backend answers more than was asked for, or a token that cannot be handed back.
pub(crate) fn answered<T>(what: &str, paged: Paged<T>, asked: &Page) -> Result<(Vec<T>, String)> {
    let Paged { entries, next } = paged;
    let most = usize::try_from(asked.max_entries).unwrap_or(usize::MAX);
    if most != 0 && entries.len() > most {
        return Err(Error::internal(format!(
            "the backend answered {} {what} where at most {most} were asked for; this is a fault of the backend",
            entries.len()
        )));
    }
    let next_token = next.unwrap_or_default();
    text::plain("next_token", &next_token, text::LONGEST).map_err(|error| {
        Error::internal(format!("{}; this is a fault of the backend", error.message))
    })?;
    Ok((entries, next_token))
}

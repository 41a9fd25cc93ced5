//! Credentials, from the call's secrets or from mounted files.

use std::io::Read as _;
use std::path::Path;

use mooring_volume::http::{Credential, CredentialFile};
use mooring_volume::{Secret, Secrets};

use crate::error::EgressError;

/// Bytes of a file with a credential.
const MOST: u64 = 64 << 10;

/// Reads one credential.
///
/// # Errors
/// `ConfigurationError`, which names the key or the file and shows nothing of it.
pub(crate) async fn read(
    credential: &Credential,
    secrets: &Secrets,
) -> Result<Secret, EgressError> {
    match credential {
        Credential::Secret(name) => {
            secrets.get(name).cloned().ok_or_else(|| EgressError::ConfigurationError {
                reason: format!("it needs the secret {name:?}, which this call does not have"),
            })
        }
        Credential::File(CredentialFile { file }) => {
            let path = file.clone();
            let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
            read.unwrap_or_else(|_| Err("it was not read".to_owned())).map_err(|reason| {
                EgressError::ConfigurationError { reason: format!("{}: {reason}", file.display()) }
            })
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    if size > MOST {
        return Err(format!("it has more than {MOST} bytes"));
    }
    // Large enough from the start, so that no copy is left behind by growing.
    let mut text = String::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(size).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(Secret::new(text))
}

//! Public keys, and what they say of a signature.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use webpki::{RawPublicKeyEntity, ring as algorithms};

use crate::layout::bounded;

/// A file of public keys is small.
const MAX_FILE: u64 = 64 << 10;

/// What cosign signs with: ECDSA on P-256 by default; P-384, Ed25519 and RSA keys that were imported.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 5] = [
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
];

/// `cosign.pub` by its absolute path, or the PEM text itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Key {
    /// Read whenever something is verified, so that a key can be rotated.
    File(PathBuf),
    /// `-----BEGIN PUBLIC KEY-----` and so on.
    Pem(String),
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        if text.trim_start().starts_with("-----BEGIN") {
            read(text.as_bytes()).map_err(|why| format!("an inline key {why}"))?;
            Ok(Self::Pem(text.to_owned()))
        } else if path.is_absolute() {
            Ok(Self::File(path))
        } else {
            Err(format!("{text:?} is neither the absolute path of a public key nor PEM text"))
        }
    }
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key {
            Key::File(path) => path.display().to_string(),
            Key::Pem(text) => text,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Pem(_) => f.write_str("an inline key"),
        }
    }
}

/// The keys of one PEM file.
pub(crate) struct Keys(Vec<SubjectPublicKeyInfoDer<'static>>);

impl Key {
    /// Reads the key.
    ///
    /// # Errors
    /// A sentence, with the file's name.
    pub(crate) fn load(&self) -> Result<Keys, String> {
        let told = |why: String| format!("{self} {why}");
        match self {
            Self::Pem(text) => read(text.as_bytes()),
            Self::File(path) => match bounded(path, MAX_FILE) {
                Ok(Some(bytes)) => read(&bytes),
                Ok(None) => Err("does not exist".to_owned()),
                Err(error) => Err(format!("cannot be used: {error}")),
            },
        }
        .map_err(told)
    }
}

impl Keys {
    /// Whether one of them made this signature of this message.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.iter().filter_map(|key| RawPublicKeyEntity::try_from(key).ok()).any(|key| {
            ALGORITHMS.iter().any(|with| key.verify_signature(*with, message, signature).is_ok())
        })
    }
}

/// Every key in PEM text; a private key there is refused, and not for its form alone.
fn read(text: &[u8]) -> Result<Keys, String> {
    if text.windows(11).any(|window| window == b"PRIVATE KEY") {
        return Err("is a private key; trust names public keys".to_owned());
    }
    let keys: Result<Vec<_>, _> = SubjectPublicKeyInfoDer::pem_slice_iter(text).collect();
    let keys = keys.map_err(|error| format!("is no PEM file: {error}"))?;
    if keys.is_empty() {
        return Err("has no PUBLIC KEY in it".to_owned());
    }
    match keys.iter().find_map(|key| RawPublicKeyEntity::try_from(key).err()) {
        Some(error) => Err(format!("has a key that cannot be read: {error}")),
        None => Ok(Keys(keys)),
    }
}

//! Tokens signed with an RSA key: RFC 7519 in the compact form of RFC 7515, RS256, as service
//! accounts use them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mooring_volume::Secret;
use mooring_volume::http::Jwt;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::unfit;
use crate::error::EgressError;

/// Signs a token that is valid from `now` on.
pub(super) fn token(
    jwt: &Jwt,
    key: &Secret,
    now: SystemTime,
) -> Result<Zeroizing<String>, EgressError> {
    let Jwt { key: _, key_id, issuer, subject, audience, lifetime, claims } = jwt;
    let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut header = Map::new();
    header.insert("alg".to_owned(), Value::from("RS256"));
    header.insert("typ".to_owned(), Value::from("JWT"));
    header.extend(key_id.iter().map(|id| ("kid".to_owned(), Value::from(id.as_str()))));
    let mut said: Map<String, Value> =
        claims.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    said.insert("iss".to_owned(), Value::from(issuer.as_str()));
    said.extend(subject.iter().map(|text| ("sub".to_owned(), Value::from(text.as_str()))));
    said.extend(audience.iter().map(|text| ("aud".to_owned(), Value::from(text.as_str()))));
    said.insert("iat".to_owned(), Value::from(issued));
    said.insert("exp".to_owned(), Value::from(issued.saturating_add(u64::from(*lifetime))));
    let part = |map: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(map).to_string());
    let signed = format!("{}.{}", part(header), part(said));
    let signature = sign(signed.as_bytes(), key)?;
    Ok(Zeroizing::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn sign(message: &[u8], key: &Secret) -> Result<Vec<u8>, EgressError> {
    let bad = || unfit("jwt.key", "it is no RSA key in PEM, or too small");
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| bad())?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, non-exhaustive enum")]
    let pair = match &key {
        PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        _ => return Err(bad()),
    };
    let pair = pair.map_err(|_| bad())?;
    let mut signature = vec![0; pair.public().modulus_len()];
    let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
    signed.map_err(|_| unfit("jwt.key", "it does not sign"))?;
    Ok(signature)
}

#[cfg(test)]
mod tests;

//! AWS Signature Version 4, as AWS's "Create a signed AWS API request" has it: a canonical form of
//! the request, hashed, and a key that is derived for one day, region and service.

use std::fmt::Write as _;
use std::time::SystemTime;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use mooring_volume::Secret;
use mooring_volume::http::AwsSigV4;
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::{Unsigned, set, unfit};
use crate::error::EgressError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The credentials themselves.
pub(super) struct Keys {
    pub(super) access: Secret,
    pub(super) secret: Secret,
    pub(super) session: Option<Secret>,
}

/// Signs a request at the given time, its body included.
pub(super) fn sign(
    request: &mut Unsigned,
    host: &str,
    aws: &AwsSigV4,
    keys: &Keys,
    now: SystemTime,
) -> Result<(), EgressError> {
    let time: String = humantime::format_rfc3339_seconds(now)
        .to_string()
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    let day = time.get(..8).unwrap_or_default();
    let hash = hex(digest::digest(&digest::SHA256, request.body()).as_ref());
    let headers = request.headers_mut();
    headers.insert(DATE, value(&time)?);
    if aws.service == "s3" {
        headers.insert(CONTENT_HASH, value(&hash)?);
    }
    match &keys.session {
        Some(token) => set(request, SECURITY_TOKEN, token.expose(), "awsSigV4.sessionToken")?,
        None => drop(request.headers_mut().remove(SECURITY_TOKEN)),
    }
    let (canonical, signed) = canonical(request, host, &hash, aws.service == "s3");
    let scope = format!("{day}/{}/{}/aws4_request", aws.region, aws.service);
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{hashed}");
    let signature = hex(signing_key(aws, &keys.secret, day, &to_sign).as_ref());
    let authorization = Zeroizing::new(format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
        keys.access.expose()
    ));
    set(request, AUTHORIZATION, &authorization, "awsSigV4.accessKey")
}

fn value(text: &str) -> Result<HeaderValue, EgressError> {
    HeaderValue::from_str(text).map_err(|_| unfit("awsSigV4", "the clock shows no date"))
}

fn signing_key(aws: &AwsSigV4, secret: &Secret, day: &str, to_sign: &str) -> hmac::Tag {
    let step = |key: &[u8], text: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
    };
    let first = Zeroizing::new(format!("AWS4{}", secret.expose()));
    let day = step(first.as_bytes(), day);
    let region = step(day.as_ref(), &aws.region);
    let service = step(region.as_ref(), &aws.service);
    step(step(service.as_ref(), "aws4_request").as_ref(), to_sign)
}

/// The canonical request and the names of its signed headers.
fn canonical(request: &Unsigned, host: &str, hash: &str, s3: bool) -> (String, String) {
    let mut headers = vec![("host", host.trim().to_owned())];
    for name in request.headers().keys() {
        let signed = matches!(name.as_str(), "content-type" | "content-md5" | "range");
        if signed || name.as_str().starts_with("x-amz-") {
            headers.push((name.as_str(), joined(request, name)));
        }
    }
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let signed = names.join(";");
    let path = request.uri().path();
    // All services but S3 hash the path encoded once more.
    let path = if s3 { path.to_owned() } else { encode(path.as_bytes(), b"/") };
    let mut text = format!("{}\n{path}\n{}\n", request.method(), query(request.uri()));
    for (name, value) in &headers {
        let _ = writeln!(text, "{name}:{value}");
    }
    let _ = write!(text, "\n{signed}\n{hash}");
    (text, signed)
}

/// All values of a header, with runs of spaces made one.
fn joined(request: &Unsigned, name: &HeaderName) -> String {
    let values = request.headers().get_all(name).iter();
    let values = values.map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

/// The query in its canonical form: every name and value encoded one way, in order.
fn query(uri: &http::Uri) -> String {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode(&decode(name), b""), encode(&decode(value), b""))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encode(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if plain || kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let code = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;

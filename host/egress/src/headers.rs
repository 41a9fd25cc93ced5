//! Headers that are the host's and not the guest's.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::error::EgressError;

/// With which a guest asks for a request to be sent again where it failed: how often, 0 to 5.
pub(crate) const RETRY: HeaderName = HeaderName::from_static("mooring-retry");
const MOST_RETRIES: u32 = 5;

/// What holds for one connection (RFC 9110, 7.6.1), for the proxy, or follows from the request.
const HOSTS_OWN: [HeaderName; 14] = [
    http::header::CONNECTION,
    http::header::CONTENT_LENGTH,
    http::header::EXPECT,
    http::header::HOST,
    http::header::PROXY_AUTHENTICATE,
    http::header::PROXY_AUTHORIZATION,
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    RETRY,
];

/// Takes the number of retries out.
pub(crate) fn retries(headers: &HeaderMap) -> Result<u32, EgressError> {
    let Some(value) = headers.get(RETRY) else { return Ok(0) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.filter(|number| *number <= MOST_RETRIES).ok_or_else(|| EgressError::HttpRequestDenied {
        reason: format!("its header {RETRY} is no number from 0 to {MOST_RETRIES}"),
    })
}

/// Removes what a guest may not set, and what its Connection header names.
pub(crate) fn strip_request(headers: &mut HeaderMap) {
    strip_connection(headers);
    for name in &HOSTS_OWN {
        headers.remove(name);
    }
}

/// Removes from an answer what was said to this connection alone.
pub(crate) fn strip_answer(headers: &mut HeaderMap) {
    strip_connection(headers);
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        headers.remove(name);
    }
}

fn strip_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(http::header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// A value that is not shown by Debug, and not kept in HTTP/2's table.
pub(crate) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_hosts_is_stripped() {
        let mut headers = HeaderMap::new();
        for name in &HOSTS_OWN {
            headers.insert(name, HeaderValue::from_static("1"));
        }
        headers.insert("connection", HeaderValue::from_static("x-hop, close"));
        headers.insert("x-hop", HeaderValue::from_static("1"));
        headers.insert("accept", HeaderValue::from_static("*/*"));
        strip_request(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn retries_are_a_small_number() {
        let asked = |value: &'static str| {
            retries(&[(RETRY, HeaderValue::from_static(value))].into_iter().collect())
        };
        assert_eq!(retries(&HeaderMap::new()), Ok(0));
        assert_eq!(asked("3"), Ok(3));
        for bad in ["", "-1", "6", "many"] {
            assert!(asked(bad).is_err(), "{bad}");
        }
    }
}

//! Blots the secrets of a call out of a text that a backend wrote: as they are, and as programs usually write
//! them on: quoted for JSON or for a log, in hexadecimal, percent-encoded, in base64.
//!
//! A backend that wants to give a secret away in a form of its own cannot be kept from it here; it could not
//! have been trusted with the secret. One that quotes a header or an URL in an error is what this is for.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

use super::{Secret, Secrets};

/// Shorter values are words that occur by chance, and no protection to anything.
const SHORTEST: usize = 4;
/// What is shorter may stand in a record for another reason than that it is a secret.
const SHORTEST_KEPT: usize = 8;

/// What stands where one was.
const BLOT: &str = "[secret]";

impl Secrets {
    /// The text without them. Values of less than 4 bytes stay.
    #[must_use]
    pub fn blot<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (_, secret) in self.iter() {
            for form in forms(secret) {
                if text.contains(form.as_str()) {
                    text = Cow::Owned(text.replace(form.as_str(), BLOT));
                }
            }
        }
        text
    }
}

impl Secrets {
    /// Whether one of them, of at least 8 bytes, is in what a backend wants to keep.
    #[must_use]
    pub fn is_told_by(&self, record: &[u8]) -> bool {
        let long = self.iter().filter(|(_, secret)| secret.expose().len() >= SHORTEST_KEPT);
        let mut forms = long.flat_map(|(_, secret)| forms(secret));
        forms.any(|form| record.windows(form.len()).any(|window| window == form.as_bytes()))
    }
}

/// The ways in which a value is written, the longest first: a shorter one may be a part of it.
fn forms(secret: &Secret) -> Vec<Zeroizing<String>> {
    let value = secret.expose();
    if value.len() < SHORTEST {
        return Vec::new();
    }
    let json = serde_json::to_string(value).unwrap_or_default();
    let debug = format!("{value:?}");
    let [json, debug] = [&json, &debug].map(|quoted| unquoted(quoted).to_owned());
    let url = percent(value);
    let mut forms = vec![
        value.to_owned(),
        json,
        debug,
        hex(value),
        hex(value).to_uppercase(),
        url.replace("%20", "+"),
        url.to_lowercase(),
        url,
    ];
    forms.extend((0..3).flat_map(|before| in_base64(value, before)));
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.into_iter().map(Zeroizing::new).collect()
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or_default()
}

fn hex(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len() * 2), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// All but the characters that no URL needs to escape (RFC 3986, unreserved).
fn percent(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut url, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(byte));
            }
            _ => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
        url
    })
}

/// What of a longer text's base64 is the same whatever stands around the value, if `before` bytes of the
/// first group of three do not belong to it: the digits whose six bits are all the value's.
fn in_base64(value: &str, before: usize) -> [String; 2] {
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(value.bytes()).collect();
    let (first, end) = ((8 * before).div_ceil(6), 8 * bytes.len() / 6);
    [STANDARD, URL_SAFE]
        .map(|alphabet| alphabet.encode(&bytes).get(first..end).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(value: &str) -> Secrets {
        [("user".to_owned(), "ab".to_owned()), ("key".to_owned(), value.to_owned())]
            .into_iter()
            .collect()
    }

    #[test]
    fn values_are_blotted_out_and_nothing_else() {
        let text = "login of ab with hunter2/hunter2 failed";
        assert_eq!(secrets("hunter2").blot(text), "login of ab with [secret]/[secret] failed");
        assert!(matches!(secrets("hunter2").blot("nothing of it"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_record_that_holds_a_secret_is_known() {
        let secrets = secrets("correct horse");
        for record in ["correct horse", "{\"key\":\"correct horse\"}", "636f727265637420686f727365"]
        {
            assert!(secrets.is_told_by(record.as_bytes()), "{record}");
        }
        assert!(!secrets.is_told_by(b"correct\xff horse"));
        // Two letters are in every other record.
        assert!(!secrets.is_told_by(b"user ab"));
    }

    #[test]
    fn every_usual_way_of_writing_is_known() {
        let value = "p\u{e4}ss/+~=&%?\"\\ w\nord";
        for text in [
            format!("{value:?}"),
            serde_json::to_string(value).unwrap(),
            hex(value),
            hex(value).to_uppercase(),
            percent(value),
            percent(value).to_lowercase(),
            percent(value).replace("%20", "+"),
        ] {
            let left = secrets(value).blot(&text).replace('"', "");
            assert_eq!(left, "[secret]", "{text}");
        }
    }

    #[test]
    fn base64_is_known_wherever_the_value_stands_in_it() {
        let value = "correct horse battery";
        for before in 0..6 {
            for alphabet in [STANDARD, URL_SAFE] {
                let text = alphabet.encode(format!("{}{value}:x", "u".repeat(before)));
                let left = secrets(value).blot(&text).into_owned();
                assert!(left.contains(BLOT), "{before}: {left}");
                // A digit at either end is partly of what stands around it.
                assert!(left.len() < BLOT.len() + 16, "{before}: {left}");
            }
        }
    }
}

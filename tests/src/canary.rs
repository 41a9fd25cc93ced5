//! A secret that is found wherever and however it was written.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Not a word of any language, and with what each way of writing changes.
pub const CANARY: &str = "c4nary/+~=&%?\"\\ \u{fc}-7f3d9e51b2";

/// How a secret could be written: as it is, escaped, encoded.
///
/// # Panics
/// Never: text is JSON.
#[must_use]
pub fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let json = serde_json::to_string(secret).unwrap();
    let debug = format!("{secret:?}");
    let mut forms = vec![
        ("raw", secret.as_bytes().to_vec()),
        ("its plain end", b"7f3d9e51b2".to_vec()),
        ("JSON", json.trim_matches('"').as_bytes().to_vec()),
        ("debug", debug.trim_matches('"').as_bytes().to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("URL", url.to_lowercase().into_bytes()),
        ("URL", url.clone().into_bytes()),
        ("form", url.replace("%20", "+").into_bytes()),
    ];
    // Within a longer text base64 depends on the position: what is the same in all of each.
    for shift in 0..3 {
        let shifted = [vec![b'.'; shift], secret.as_bytes().to_vec()].concat();
        let whole = shifted.len() / 3 * 3;
        let head = if shift == 0 { 0 } else { 4 };
        for encoded in [STANDARD.encode(&shifted[..whole]), URL_SAFE.encode(&shifted[..whole])] {
            forms.push(("base64", encoded.as_bytes()[head..].to_vec()));
        }
    }
    forms
}

/// Whether the one is somewhere in the other.
#[must_use]
pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_for_secrets_finds_each_form() {
        for (form, needle) in forms(CANARY) {
            let around = [b"before ".as_slice(), &needle, b" after"].concat();
            assert!(contains(&around, &needle), "{form}");
        }
        for shift in 0..6 {
            let text = format!("{}{CANARY}tail", ".".repeat(shift));
            let encoded = STANDARD.encode(text);
            let found = forms(CANARY).into_iter().any(|(_, it)| contains(encoded.as_bytes(), &it));
            assert!(found, "base64, {shift} bytes in");
        }
    }
}

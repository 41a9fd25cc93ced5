//! A component that tells its secrets, as a careless one does: it logs them, prints them, keeps them in its
//! state and quotes them in its error, as they are and encoded.

#![allow(clippy::disallowed_methods, reason = "what is disallowed is what is tried here")]

use mooring_sdk::state::State as _;
use mooring_sdk::{Error, Host, Result, Secrets, info};

/// Tells the secret `password` where the name or id says `echo-secrets`; behind `echo-then-trap` it breaks
/// off.
pub(crate) fn if_asked(deed: &str, secrets: &Secrets) -> Result<()> {
    let Some(secret) = secrets.get("password").filter(|_| deed.starts_with("echo-")) else {
        return Ok(());
    };
    let forms = forms(secret);
    for form in &forms {
        info!("logging in with {form}");
        eprintln!("printed: {form}");
        // It is refused, or the test finds it on disk.
        let _ = Host.insert(&format!("login/{}", form.len()), form.as_bytes());
        let _ = Host.insert(&format!("login/{form}"), b"");
    }
    assert!(deed != "echo-then-trap", "{}", forms.join(" "));
    Err(Error::unauthenticated(format!("login failed: {}", forms.join(" "))))
}

fn forms(secret: &str) -> Vec<String> {
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
    let mut forms = vec![
        secret.to_owned(),
        format!("{secret:?}"),
        serde_json::Value::from(secret).to_string(),
        hex.to_uppercase(),
        hex,
        url.to_lowercase(),
        url,
    ];
    forms.extend(
        ["", "u", "us"].map(|user| format!("Basic {}", base64(&format!("{user}{secret}")))),
    );
    forms
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| {
            bits << 8 | usize::from(group.get(at).copied().unwrap_or_default())
        });
        for at in 0..=group.len() {
            encoded.push(char::from(DIGITS[bits >> (18 - 6 * at) & 63]));
        }
    }
    encoded
}

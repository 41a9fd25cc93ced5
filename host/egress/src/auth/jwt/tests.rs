//! Against a token that another implementation signed with the same key: RSASSA-PKCS1-v1_5 gives
//! one signature for one message.

use std::collections::BTreeMap;
use std::time::Duration;

use mooring_volume::http::Credential;

use super::*;

fn jwt() -> Jwt {
    Jwt {
        key: Credential::Secret("key".to_owned()),
        key_id: Some("key-1".to_owned()),
        issuer: "mooring@example.com".to_owned(),
        subject: None,
        audience: Some("https://array.example.com/token".to_owned()),
        lifetime: 300,
        claims: BTreeMap::from([("scope".to_owned(), "volumes".to_owned())]),
    }
}

#[test]
fn a_token_is_the_one_that_openssl_signs() {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for key in [include_str!("rsa-pkcs1.pem"), include_str!("rsa-pkcs8.pem")] {
        let token = token(&jwt(), &Secret::new(key.to_owned()), now).unwrap();
        assert_eq!(token.as_str(), include_str!("token.txt").trim_end());
    }
}

#[test]
fn what_is_no_rsa_key_is_refused_without_being_shown() {
    for bad in ["hunter2", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n"]
    {
        let error = token(&jwt(), &Secret::new(bad.to_owned()), SystemTime::now()).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("jwt.key") && !text.contains("hunter2") && !text.contains("aHVud"));
    }
}

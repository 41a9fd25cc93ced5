//! What is a grant, and which requests one allows.

use std::sync::Arc;

use super::*;

fn parse(yaml_as_json: serde_json::Value) -> Result<HttpGrant, String> {
    serde_json::from_value(yaml_as_json).map_err(|error| error.to_string())
}

fn refused(grant: serde_json::Value) -> String {
    match parse(grant) {
        Ok(grant) => Granted::check(0, &grant).map(drop).unwrap_err().to_string(),
        Err(error) => error,
    }
}

#[test]
fn the_designs_example_is_a_grant() {
    let grant = parse(serde_json::json!({
        "origin": "https://array.example.com:8443", "paths": ["/api/"],
        "networks": ["10.2.0.0/16"],
        "auth": {"basic": {"user": "username", "password": "password"}},
    }));
    let grant = grant.unwrap();
    assert!(Granted::check(0, &grant).is_ok());
    let withheld: Vec<String> = mooring_volume::http::withheld_keys(&[grant]).into_iter().collect();
    assert_eq!(withheld, ["password", "username"]);
}

#[test]
fn credentials_may_be_files() {
    let grant = parse(serde_json::json!({
        "origin": "https://a.example.com",
        "auth": {"bearer": {"token": {"file": "/run/secrets/token"}}},
    }));
    let grant = grant.unwrap();
    assert!(Granted::check(0, &grant).is_ok());
    assert!(mooring_volume::http::withheld_keys(&[grant]).is_empty());
}

#[test]
fn a_wrong_grant_names_its_key() {
    let a = "https://a.example.com";
    for (grant, key) in [
        (serde_json::json!({"origin": "array"}), "grants.http[0].origin"),
        (serde_json::json!({"origin": "https://a.example.com/api"}), "paths"),
        (serde_json::json!({"origin": "https://u:hunter2@a"}), "origin"),
        (serde_json::json!({"origin": "http://2130706433"}), "origin"),
        (serde_json::json!({"origin": "http://169.254.169.254"}), "metadata"),
        (serde_json::json!({"origin": "http://127.0.0.1:80"}), "127.0.0.0/8"),
        (serde_json::json!({"origin": a, "paths": ["api"]}), "paths"),
        (serde_json::json!({"origin": a, "paths": ["/a/../b"]}), "paths"),
        (serde_json::json!({"origin": a, "networks": ["10.0.0.1-9"]}), "networks"),
        (serde_json::json!({"origin": a, "proxy": "proxy:3128"}), "proxy"),
        (serde_json::json!({"origin": a, "ca": "ca.pem"}), "ca"),
        (serde_json::json!({"origin": "http://a.b", "ca": "/ca.pem"}), "ca"),
        (serde_json::json!({"origin": a, "auth": {"basic": {"user": "u"}}}), "password"),
        (serde_json::json!({"origin": a, "auth": {"magic": {}}}), "magic"),
        (serde_json::json!({"origin": a, "auth": {"bearer": {"token": {"path": "/x"}}}}), "path"),
        (serde_json::json!({"origin": a, "auth": {"bearer": {"token": {"file": "x"}}}}), "token"),
        (serde_json::json!({"origin": a, "auth": {"bearer": {"token": 7}}}), "name of a secret"),
        (
            serde_json::json!({"origin": a, "auth": {"header": {"name": "Host", "value": "x"}}}),
            "name",
        ),
        (
            serde_json::json!({"origin": a, "auth": {"bearer": {"token": "t"},
                "basic": {"user": "u", "password": "p"}}}),
            "auth",
        ),
        (
            serde_json::json!({"origin": a, "auth": {"jwt": {"key": "k", "issuer": "i", "lifetime": 0}}}),
            "lifetime",
        ),
        (
            serde_json::json!({"origin": "http://a.b",
                "auth": {"clientCertificate": {"certificate": "c", "key": "k"}}}),
            "clientCertificate",
        ),
    ] {
        let error = refused(grant.clone());
        assert!(error.contains(key) && !error.contains("hunter2"), "{grant}: {error}");
    }
}

fn granted(grants: &[(&str, &[&str])]) -> Vec<Arc<Granted>> {
    let grant = |(index, (origin, paths)): (usize, &(&str, &[&str]))| {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Arc::new(Granted::check(index, &HttpGrant { paths, ..HttpGrant::to(origin) }).unwrap())
    };
    grants.iter().enumerate().map(grant).collect()
}

#[test]
fn the_grant_that_says_the_most_is_taken() {
    let granted = granted(&[
        ("https://a.example.com", &["/"]),
        ("https://a.example.com", &["/api/v1", "/api/v2"]),
        ("https://b.example.com:8443", &[]),
    ]);
    let index = |url: &str| find(&granted, &url.parse().unwrap()).map(|granted| granted.index);
    assert_eq!(index("https://a.example.com/api/v1/volumes?x=/../"), Ok(1));
    assert_eq!(index("https://A.example.com:443/api/v1x"), Ok(0));
    assert_eq!(index("https://b.example.com:8443"), Ok(2));
    for denied in [
        "http://a.example.com/",
        "https://a.example.com:8443/",
        "https://c.example.com/",
        "https://a.example.com.evil.net/",
        "https://b.example.com/",
    ] {
        let error = index(denied).unwrap_err();
        assert!(matches!(error, EgressError::HttpRequestDenied { .. }), "{denied}: {error}");
    }
    for invalid in ["https://a.example.com/api/../x", "https://a.example.com@b.net/", "/x"] {
        let error = index(invalid).unwrap_err();
        assert!(matches!(error, EgressError::HttpRequestUriInvalid { .. }), "{invalid}: {error}");
    }
}

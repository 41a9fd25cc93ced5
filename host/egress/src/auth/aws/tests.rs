//! Against AWS's published signatures: its test suite for Signature Version 4, and the example of
//! S3's documentation.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use mooring_volume::http::Credential;

use super::*;

const TEST_SUITE: u64 = 1_440_938_160; // 2015-08-30T12:36:00Z

fn aws(service: &str) -> AwsSigV4 {
    AwsSigV4 {
        region: "us-east-1".to_owned(),
        service: service.to_owned(),
        access_key: Credential::Secret(String::new()),
        secret_key: Credential::Secret(String::new()),
        session_token: None,
    }
}

fn keys(access: &str, secret: &str) -> Keys {
    Keys {
        access: Secret::new(access.to_owned()),
        secret: Secret::new(secret.to_owned()),
        session: None,
    }
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Unsigned {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

fn authorization(request: &Unsigned) -> &str {
    request.headers()[AUTHORIZATION].to_str().unwrap()
}

fn check(mut request: Unsigned, signed: &str, signature: &str) {
    let keys = keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let now = UNIX_EPOCH + Duration::from_secs(TEST_SUITE);
    sign(&mut request, "example.amazonaws.com", &aws("service"), &keys, now).unwrap();
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={signed}, Signature={signature}"
    );
    assert_eq!(authorization(&request), expected);
}

#[test]
fn get_vanilla() {
    check(
        request("GET", "/", &[], ""),
        "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
}

#[test]
fn get_vanilla_query_order_key_case() {
    check(
        request("GET", "/?Param2=value2&Param1=value1", &[], ""),
        "host;x-amz-date",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    );
}

#[test]
fn a_path_is_encoded_once_more_but_for_s3() {
    let request = request("GET", "/a%20b/%E1%88%B4?x=a+b&x=%7e&y", &[], "");
    let (usual, _) = canonical(&request, "h", "hash", false);
    assert_eq!(usual, "GET\n/a%2520b/%25E1%2588%25B4\nx=a%2Bb&x=~&y=\nhost:h\n\nhost\nhash");
    let (s3, _) = canonical(&request, "h", "hash", true);
    assert!(s3.starts_with("GET\n/a%20b/%E1%88%B4\n"), "{s3}");
}

#[test]
fn post_vanilla() {
    check(
        request("POST", "/", &[], ""),
        "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
}

#[test]
fn post_x_www_form_urlencoded() {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    check(
        request("POST", "/", &headers, "Param1=value1"),
        "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    );
}

#[test]
fn a_session_token_is_signed_and_one_of_the_guest_is_not_sent() {
    let now = UNIX_EPOCH + Duration::from_secs(TEST_SUITE);
    let mut keys = keys("AKIDEXAMPLE", "secret");
    let forged = [("x-amz-security-token", "forged")];
    let mut first = request("GET", "/", &forged, "");
    sign(&mut first, "h", &aws("ec2"), &keys, now).unwrap();
    assert!(!first.headers().contains_key(SECURITY_TOKEN));
    keys.session = Some(Secret::new("token".to_owned()));
    let mut second = request("GET", "/", &forged, "");
    sign(&mut second, "h", &aws("ec2"), &keys, now).unwrap();
    assert_eq!(second.headers()[SECURITY_TOKEN], "token");
    assert!(authorization(&second).contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
}

#[test]
fn s3_get_object() {
    let mut request = request("GET", "/test.txt", &[("range", "bytes=0-9")], "");
    let keys = keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let now = UNIX_EPOCH + Duration::from_secs(1_369_353_600); // 2013-05-24T00:00:00Z
    sign(&mut request, "examplebucket.s3.amazonaws.com", &aws("s3"), &keys, now).unwrap();
    let expected = "AWS4-HMAC-SHA256 \
         Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
         Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    assert_eq!(authorization(&request), expected);
}

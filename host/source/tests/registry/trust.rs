//! What is trusted and what is not; every refusal says why.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mooring_source::{Digest, Fetcher, Reference, SourceError, Trust, Verified};
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};

use super::front::{Auth, Fault};
use super::{Site, component, fetcher};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) fn policy(value: Value) -> Trust {
    serde_json::from_value(value).unwrap()
}

/// Loads as the controller does: verified, and noted as having run.
async fn load(site: &Site, rest: &str, trust: &Trust) -> Result<Verified, String> {
    let fetcher = site.fetcher();
    let candidate = fetcher.component(&site.reference(rest), &|_, _| ()).await;
    let verified = trust.verify("array.example", candidate.unwrap(), &fetcher).await;
    let verified = verified.map_err(|error| error.to_string())?;
    verified.ran("array.example", &fetcher).await.unwrap();
    Ok(verified)
}

impl Site {
    async fn put(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Response<Incoming> {
        let uri = match path.starts_with('/') {
            true => format!("http://{}{path}", self.front.backend),
            false => path.to_owned(),
        };
        let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, media_type);
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer =
            Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    async fn blob(&self, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        let begun = self.put(Method::POST, "/v2/vendor/array/blobs/uploads/", "", Vec::new()).await;
        let place = begun.headers()[LOCATION].to_str().unwrap();
        let sign = if place.contains('?') { '&' } else { '?' };
        let place = format!("{place}{sign}digest={digest}");
        self.put(Method::PUT, &place, "application/octet-stream", bytes.to_vec()).await;
        json!({"digest": digest, "size": bytes.len()})
    }

    /// Puts a signature beside a manifest, of the form that cosign documents: payload and annotation.
    async fn sign(&self, beside: &Digest, key: &KeyPair, payload: &Value) {
        let payload = payload.to_string().into_bytes();
        let signature = STANDARD.encode(key.sign(&payload).unwrap());
        let mut layer = self.blob(&payload).await;
        layer["mediaType"] = json!("application/vnd.dev.cosign.simplesigning.v1+json");
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
        let mut config = self.blob(b"{}").await;
        config["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let path = format!("/v2/vendor/array/manifests/sha256-{}.sig", beside.hex());
        self.put(Method::PUT, &path, MANIFEST, manifest.to_string().into_bytes()).await;
    }
}

fn payload(of: &Digest) -> Value {
    json!({
        "critical": {
            "identity": {"docker-reference": "vendor/array"},
            "image": {"docker-manifest-digest": of},
            "type": "cosign container image signature",
        },
        "optional": null,
    })
}

fn key() -> (KeyPair, Trust) {
    let key = KeyPair::generate().unwrap();
    let trust = policy(json!({"keys": [key.public_key_pem()]}));
    (key, trust)
}

#[tokio::test]
async fn only_a_signature_of_this_content_by_a_named_key_counts() {
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let other = site.holds("2", component("2.0.0")).await;
    let (mine, trust) = key();
    let (theirs, _) = key();

    let none = load(&site, ":1", &trust).await.unwrap_err();
    assert!(
        none.contains("there is no signature at") && none.contains("cosign sign --key"),
        "{none}"
    );
    site.sign(&digest, &theirs, &payload(&digest)).await;
    let stranger = load(&site, ":1", &trust).await.unwrap_err();
    assert!(stranger.contains("none of the 1 signatures"), "{stranger}");
    // Mine, and right, but of other content: a signature that was moved here.
    site.sign(&digest, &mine, &payload(&other)).await;
    assert!(load(&site, ":1", &trust).await.unwrap_err().contains("none of the 1"));
    let mut attestation = payload(&digest);
    attestation["critical"]["type"] = json!("something else");
    site.sign(&digest, &mine, &attestation).await;
    assert!(load(&site, ":1", &trust).await.unwrap_err().contains("none of the 1"));

    site.sign(&digest, &mine, &payload(&digest)).await;
    let verified = load(&site, ":1", &trust).await.unwrap();
    assert_eq!(verified.signed_by, trust.keys.first().cloned());
    let listed = site.fetcher().list(&site.reference("")).await.unwrap();
    let signed: Vec<_> = listed.iter().map(|l| (l.tag.as_str(), l.signed)).collect();
    assert_eq!(signed, [("2", false), ("1", true)]);
}

#[tokio::test]
async fn a_signed_component_starts_while_the_registry_is_away() {
    let site = Site::new(Auth::Basic).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let (mine, trust) = key();
    site.sign(&digest, &mine, &payload(&digest)).await;
    load(&site, ":1", &trust).await.unwrap();
    site.front.fail("", Fault::Status(503), usize::MAX);
    for rest in [":1", &format!("@{digest}")] {
        load(&site, rest, &trust).await.unwrap();
    }
    // What was never seen signed by this key does not start, registry or not.
    let (_, others) = key();
    assert!(load(&site, ":1", &others).await.is_err());
}

#[tokio::test]
async fn a_registry_that_hides_the_signature_keeps_it_from_running() {
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let (mine, trust) = key();
    site.sign(&digest, &mine, &payload(&digest)).await;
    for fault in [Fault::Status(404), Fault::Status(500), Fault::Flip, Fault::Cut] {
        site.front.fail(".sig", fault.clone(), usize::MAX);
        assert!(load(&site, ":1", &trust).await.is_err(), "{fault:?}");
        site.front.heal();
    }
    load(&site, ":1", &trust).await.unwrap();
}

#[tokio::test]
async fn a_pin_holds_for_manifest_and_component() {
    let site = Site::new(Auth::Anybody).await;
    let manifest = site.holds("1", component("1.0.0")).await;
    for pinned in [manifest.clone(), Digest::of(&component("1.0.0"))] {
        load(&site, ":1", &policy(json!({"digest": pinned}))).await.unwrap();
    }
    let moved = policy(json!({"digest": manifest}));
    let other = site.holds("1", component("1.1.0")).await;
    let refused = load(&site, ":1", &moved).await.unwrap_err();
    assert!(refused.contains(&manifest.to_string()) && refused.contains(&other.to_string()));
}

#[tokio::test]
async fn versions_only_rise_unless_the_operator_says_otherwise() {
    let site = Site::new(Auth::Anybody).await;
    let unnamed: Bytes = b"\0asm\x0d\0\x01\0"[..].into();
    for (tag, component) in
        [("9", component("1.9.0")), ("10", component("1.10.0")), ("none", unnamed)]
    {
        site.holds(tag, component).await;
    }
    let odd = site.fetcher().file(&site.write("odd.wasm", component("newest"))).await.unwrap();
    let free = Trust::default();
    load(&site, ":9", &free).await.unwrap();
    load(&site, ":10", &free).await.unwrap();
    for (rest, what) in [(":9", "its version is 1.9.0"), (":none", "it states no version")] {
        let refused = load(&site, rest, &free).await.unwrap_err();
        assert!(refused.contains(what) && refused.contains("allowDowngrade"), "{refused}");
    }
    let refused = free.verify("array.example", odd.clone(), &site.fetcher()).await.unwrap_err();
    assert!(refused.to_string().contains("it states no version"), "{refused}");
    let back = policy(json!({"allowDowngrade": true}));
    load(&site, ":9", &back).await.unwrap();
    assert!(load(&site, ":9", &free).await.is_err(), "one order does not open the way for good");

    let least = policy(json!({"minimumVersion": "1.10.0", "allowDowngrade": true}));
    load(&site, ":10", &least).await.unwrap();
    for (rest, what) in [(":9", "1.9.0"), (":none", "states no version")] {
        let refused = load(&site, rest, &least).await.unwrap_err();
        assert!(refused.contains(what), "{refused}");
    }
    let refused = least.verify("array.example", odd, &site.fetcher()).await.unwrap_err();
    assert!(refused.to_string().contains("\"newest\""), "{refused}");
}

#[tokio::test]
async fn what_did_not_load_locks_nothing_out() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    site.holds("2", component("2.0.0")).await;
    load(&site, ":1", &Trust::default()).await.unwrap();
    let fetcher = site.fetcher();
    let newer = fetcher.component(&site.reference(":2"), &|_, _| ()).await.unwrap();
    Trust::default().verify("array.example", newer, &fetcher).await.unwrap();
    load(&site, ":1", &Trust::default()).await.unwrap();
}

#[tokio::test]
async fn a_file_needs_its_detached_signature() {
    let site = Site::new(Auth::Anybody).await;
    let (mine, trust) = key();
    let path = site.write("array.wasm", component("1.0.0"));
    let fetcher = fetcher([].into());
    let verify = async || {
        let candidate = fetcher.file(&path).await.unwrap();
        trust.verify("array.example", candidate, &fetcher).await.map_err(|error| error.to_string())
    };
    assert!(verify().await.unwrap_err().contains("sign-blob"));
    let signature = STANDARD.encode(mine.sign(&component("1.0.0")).unwrap());
    site.write("array.wasm.sig", "no base64!");
    assert!(verify().await.unwrap_err().contains("base64"));
    site.write("array.wasm.sig", format!("{signature}\n"));
    verify().await.unwrap();
    site.write("array.wasm", component("1.0.1"));
    assert!(verify().await.unwrap_err().contains("none of the 1"));
}

#[tokio::test]
async fn keys_are_read_each_time_and_refused_with_their_name() {
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let (mine, _) = key();
    site.sign(&digest, &mine, &payload(&digest)).await;
    let path = site.write("cosign.pub", mine.public_key_pem());
    let trust = policy(json!({"keys": [path]}));
    load(&site, ":1", &trust).await.unwrap();
    for (text, what) in [
        ("", "no PUBLIC KEY"),
        (mine.serialize_pem().as_str(), "private key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
    ] {
        site.write("cosign.pub", text);
        let refused = load(&site, ":1", &trust).await.unwrap_err();
        assert!(refused.contains(what) && refused.contains("cosign.pub"), "{refused}");
    }
    std::fs::remove_file(site.path("cosign.pub")).unwrap();
    assert!(load(&site, ":1", &trust).await.unwrap_err().contains("does not exist"));
    for wrong in
        [json!({"keys": ["cosign.pub"]}), json!({"keys": ["-----BEGIN X"]}), json!({"key": []})]
    {
        assert!(serde_json::from_value::<Trust>(wrong).is_err());
    }
}

#[tokio::test]
async fn offline_nothing_is_asked_and_everything_is_checked() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cosign/layout");
    let reference: Reference =
        "oci://registry.example/vendor/array@sha256:644daf537c050bff54c06be78c19d038bc783efa921e70e87876453b204fa4c7"
            .parse()
            .unwrap();
    let offline =
        |dir: &std::path::Path| -> Fetcher { fetcher([].into()).with_offline(Some(dir.into())) };
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("registry.example/vendor/array");
    std::fs::create_dir_all(own.join("blobs/sha256")).unwrap();
    let index = std::fs::read_to_string(format!("{fixtures}/index.json")).unwrap();
    let named =
        r#""kind": "dev.cosignproject.cosign/image", "org.opencontainers.image.ref.name": "1.4""#;
    let index = index.replace(r#""kind": "dev.cosignproject.cosign/image""#, named);
    std::fs::write(own.join("index.json"), index).unwrap();
    for blob in std::fs::read_dir(format!("{fixtures}/blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        std::fs::copy(blob.path(), own.join("blobs/sha256").join(blob.file_name())).unwrap();
    }
    let tagged = Reference { tag: Some("1.4".to_owned()), digest: None, ..reference.clone() };
    for (dir, reference) in
        [(fixtures.as_ref(), &reference), (dir.path(), &reference), (dir.path(), &tagged)]
    {
        let pulled = offline(dir).component(reference, &|_, _| ()).await.unwrap();
        assert_eq!(*pulled.bytes, *component("1.4.0"));
    }
    let unknown = Reference { tag: Some("1.5".to_owned()), digest: None, ..reference.clone() };
    let missing = offline(dir.path()).component(&unknown, &|_, _| ()).await;
    assert!(matches!(missing, Err(SourceError::Missing { .. })), "{missing:?}");
    let blob = own.join("blobs/sha256").join(Digest::of(&component("1.4.0")).hex());
    std::fs::write(blob, component("1.4.1")).unwrap();
    let damaged = offline(dir.path()).component(&tagged, &|_, _| ()).await;
    assert!(matches!(damaged, Err(SourceError::Broken { .. })), "{damaged:?}");
}

//! Against what cosign itself writes: from files always, and with the program where it is installed.

use std::process::Command;

use mooring_source::{Reference, Trust};
use serde_json::json;

use super::front::{Auth, tool};
use super::trust::policy;
use super::{Site, component, fetcher};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cosign");

fn trust() -> Trust {
    policy(json!({"keys": [format!("{FIXTURES}/cosign.pub")]}))
}

#[tokio::test]
async fn a_saved_signature_is_verified_offline() {
    let fetcher = fetcher([].into()).with_offline(Some(format!("{FIXTURES}/layout").into()));
    let reference: Reference =
        "registry.example/vendor/array@sha256:644daf537c050bff54c06be78c19d038bc783efa921e70e87876453b204fa4c7"
            .parse()
            .unwrap();
    let candidate = fetcher.component(&reference, &|_, _| ()).await.unwrap();
    let verified = trust().verify("array.example", candidate.clone(), &fetcher).await.unwrap();
    assert_eq!(verified.version.unwrap().to_string(), "1.4.0");
    let stranger = policy(json!({"keys": [rcgen::KeyPair::generate().unwrap().public_key_pem()]}));
    let refused = stranger.verify("array.example", candidate, &fetcher).await.unwrap_err();
    assert!(refused.to_string().contains("none of the 1 signatures"), "{refused}");
}

#[tokio::test]
async fn a_signed_file_is_verified() {
    let fetcher = fetcher([].into());
    let candidate = fetcher.file(format!("{FIXTURES}/component.wasm").as_ref()).await.unwrap();
    trust().verify("array.example", candidate, &fetcher).await.unwrap();
}

#[tokio::test]
async fn what_the_program_signs_is_verified() {
    let Some(program) = tool("cosign") else {
        return eprintln!("cosign is not installed: not tried");
    };
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let cosign = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(site.dir.path()).env("COSIGN_PASSWORD", "").args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    cosign(&["generate-key-pair"]);
    let trust = policy(json!({"keys": [site.path("cosign.pub")]}));
    let fetcher = site.fetcher();
    let candidate = fetcher.component(&site.reference(":1"), &|_, _| ()).await.unwrap();
    assert!(trust.verify("array.example", candidate.clone(), &fetcher).await.is_err());
    let image = format!("{}/vendor/array@{digest}", site.front.backend);
    cosign(&[
        "sign",
        "--key",
        "cosign.key",
        "--tlog-upload=false",
        "--allow-http-registry",
        "-y",
        &image,
    ]);
    trust.verify("array.example", candidate, &fetcher).await.unwrap();

    site.write("array.wasm", component("1.0.0"));
    let sign = ["sign-blob", "--key", "cosign.key", "--tlog-upload=false", "-y"];
    cosign(&[&sign[..], &["--output-signature", "array.wasm.sig", "array.wasm"]].concat());
    let candidate = fetcher.file(&site.path("array.wasm")).await.unwrap();
    trust.verify("array.example", candidate, &fetcher).await.unwrap();
}

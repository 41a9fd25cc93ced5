//! Pulling: by tag and digest, as whom, from where, and what is done when it fails.

use std::sync::Mutex;

use mooring_source::{Registries, RegistrySettings, SourceError};

use super::front::{Auth, Fault};
use super::{Site, bytes, component, fetcher, stale};

#[tokio::test]
async fn a_component_is_pulled_by_tag_and_by_digest() {
    for auth in
        [Auth::Anybody, Auth::Basic, Auth::Token { brief: false }, Auth::Token { brief: true }]
    {
        let site = Site::new(auth).await;
        let digest = site.holds("1.0.0", component("1.0.0")).await;
        for rest in [":1.0.0", &format!("@{digest}"), &format!(":1.0.0@{digest}")] {
            assert_eq!(*bytes(site.pull_fresh(rest).await), *component("1.0.0"), "{auth:?} {rest}");
        }
        let missing = site.pull(":2.0.0").await;
        assert!(matches!(missing, Err(SourceError::Missing { .. })), "{auth:?} {missing:?}");
    }
}

#[tokio::test]
async fn progress_says_how_much_of_how_much() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    let seen = Mutex::new(Vec::new());
    let progress = |done, total| seen.lock().unwrap().push((done, total));
    let pulled = site.fetcher().component(&site.reference(":1"), &progress).await;
    let size = pulled.unwrap().bytes.len() as u64;
    assert_eq!(seen.into_inner().unwrap().last(), Some(&(size, size)));
}

#[tokio::test]
async fn who_may_not_pull_is_told_what_to_set_and_no_secret() {
    for auth in [Auth::Basic, Auth::Token { brief: false }] {
        let site = Site::new(auth).await;
        let reference = site.reference(":1");
        let nobody = RegistrySettings { credentials: None, ..site.settings() };
        let wrong = r#"{"auths": {"HOST": {"username": "robot", "password": "canary"}}}"#;
        let wrong = site.write("wrong.json", wrong.replace("HOST", &site.front.host));
        let wrong = RegistrySettings { credentials: Some(wrong), ..site.settings() };
        let absent = Some(site.path("absent.json"));
        let absent = RegistrySettings { credentials: absent, ..site.settings() };
        for settings in [nobody, wrong, absent] {
            let registries = [(site.front.host.clone(), settings)].into();
            let refused = fetcher(registries).component(&reference, &|_, _| ()).await.unwrap_err();
            assert!(matches!(refused, SourceError::Denied { .. }), "{refused:?}");
            let text = format!("{refused} {refused:?}");
            assert!(text.contains("credentials") && !text.contains("canary"), "{text}");
        }
    }
}

#[tokio::test]
async fn only_the_operators_ca_makes_the_registry_trusted() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    let settings = RegistrySettings { ca: None, ..site.settings() };
    let registries: Registries = [(site.front.host.clone(), settings)].into();
    let refused =
        fetcher(registries).component(&site.reference(":1"), &|_, _| ()).await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    assert_eq!(site.front.asked("manifests/1"), 2, "the two requests of the push, and no other");
}

#[tokio::test]
async fn without_tls_only_where_the_operator_says_so() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    let reference = format!("{}/vendor/array:1", site.front.backend).parse().unwrap();
    for plain_http in [true, false] {
        let settings = RegistrySettings { plain_http, ..RegistrySettings::default() };
        let registries = [(site.front.backend.clone(), settings)].into();
        let pulled = fetcher(registries).component(&reference, &|_, _| ()).await;
        assert_eq!(pulled.is_ok(), plain_http, "{pulled:?}");
    }
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused() {
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    for (part, rest) in [("/blobs/", ":1".to_owned()), ("/manifests/", format!("@{digest}"))] {
        for fault in [Fault::Flip, Fault::Endless] {
            site.front.fail(part, fault.clone(), 1);
            let refused = site.pull_fresh(&rest).await;
            assert!(
                matches!(refused, Err(SourceError::Broken { .. })),
                "{part} {fault:?} {refused:?}"
            );
            site.front.heal();
        }
    }
    assert_eq!(*bytes(site.pull(":1").await), *component("1.0.0"), "nothing of it was kept");
}

#[tokio::test]
async fn a_registry_that_is_not_well_is_asked_again() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    for fault in [Fault::Status(500), Fault::Status(429), Fault::Cut, Fault::Stall] {
        for part in ["/blobs/", "/manifests/"] {
            site.front.heal();
            site.front.fail(part, fault.clone(), 2);
            assert_eq!(
                *bytes(site.pull_fresh(":1").await),
                *component("1.0.0"),
                "{part} {fault:?}"
            );
            assert_eq!(site.front.asked(part), 3, "{part} {fault:?}");
        }
    }
    site.front.heal();
    site.front.fail("/manifests/", Fault::Status(503), 9);
    let away = site.pull_fresh(":1").await.unwrap_err();
    assert!(away.is_away() && site.front.asked("/manifests/") == 3, "{away}");
}

#[tokio::test]
async fn nobody_is_sent_from_tls_to_the_open() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    let to = format!("http://{}/v2/vendor/array/manifests/1", site.front.backend);
    site.front.fail("GET /v2/vendor/array/manifests", Fault::Redirect(to), 9);
    assert!(site.pull_fresh(":1").await.is_err());
    site.front.heal();
    let to = format!("https://{}/v2/vendor/array/manifests/1?again", site.front.host);
    site.front.fail("manifests/1", Fault::Redirect(to), 1);
    assert_eq!(*bytes(site.pull_fresh(":1").await), *component("1.0.0"));
}

#[tokio::test]
async fn a_restart_works_while_the_registry_is_away() {
    let site = Site::new(Auth::Basic).await;
    let digest = site.holds("stable", component("1.0.0")).await;
    let pinned = format!("@{digest}");
    bytes(site.pull(":stable").await);
    site.front.heal();
    assert_eq!(*bytes(site.pull(&pinned).await), *component("1.0.0"));
    assert_eq!(site.front.asked(""), 0, "what has a digest is not asked for twice");

    site.front.fail("", Fault::Status(502), usize::MAX);
    let last = site.pull(":stable").await.unwrap();
    assert!(stale(&last).unwrap().contains("502"), "{last:?}");
    assert_eq!(*last.bytes, *component("1.0.0"));
    assert!(site.pull(":other").await.unwrap_err().is_away());

    site.front.heal();
    let next = site.holds("stable", component("1.1.0")).await;
    let now = site.pull(":stable").await.unwrap();
    assert!(stale(&now).is_none() && now.bytes[..] == component("1.1.0"));
    assert_eq!(site.fetcher().resolve(&site.reference(":stable")).await.unwrap(), next);
}

#[tokio::test]
async fn a_definite_no_is_no_reason_to_go_by_the_past() {
    let site = Site::new(Auth::Anybody).await;
    site.holds("1", component("1.0.0")).await;
    bytes(site.pull(":1").await);
    for (status, what) in [(403, "refuses"), (404, "has no")] {
        site.front.heal();
        site.front.fail("manifests", Fault::Status(status), 9);
        let refused = site.pull(":1").await.unwrap_err().to_string();
        assert!(refused.contains(what), "{refused}");
    }
}

#[tokio::test]
async fn damage_in_the_store_is_repaired() {
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    bytes(site.pull(":1").await);
    for entry in std::fs::read_dir(site.path("store/content")).unwrap() {
        std::fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    assert_eq!(*bytes(site.pull(&format!("@{digest}")).await), *component("1.0.0"));
    site.front.fail("", Fault::Status(502), usize::MAX);
    assert_eq!(*bytes(site.pull(&format!("@{digest}")).await), *component("1.0.0"));
}

#[tokio::test]
async fn mirrors_are_asked_first_and_the_registry_behind_them() {
    let mirror = Site::new(Auth::Basic).await;
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let settings = RegistrySettings { mirrors: vec![mirror.front.host.clone()], ..site.settings() };
    let registries: Registries =
        [(site.front.host.clone(), settings), (mirror.front.host.clone(), mirror.settings())]
            .into();
    let fetcher = fetcher(registries);
    let pull = || async { fetcher.component(&site.reference(":1"), &|_, _| ()).await };
    site.front.heal();

    // A mirror that lacks it, and one that is down, and one that lies.
    assert_eq!(*bytes(pull().await), *component("1.0.0"));
    assert_eq!((mirror.front.asked("manifests/1") > 0, site.front.asked("manifests/1")), (true, 1));
    mirror.front.fail("", Fault::Status(500), usize::MAX);
    assert_eq!(*bytes(pull().await), *component("1.0.0"));
    mirror.front.heal();
    assert_eq!(
        mirror.holds("1", component("1.0.0")).await.to_string().len(),
        digest.to_string().len()
    );
    mirror.front.fail("/blobs/", Fault::Flip, 9);
    assert_eq!(*bytes(pull().await), *component("1.0.0"));

    // One that is well is enough.
    mirror.front.heal();
    site.front.heal();
    assert_eq!(*bytes(pull().await), *component("1.0.0"));
    assert_eq!(site.front.asked(""), 0);
}

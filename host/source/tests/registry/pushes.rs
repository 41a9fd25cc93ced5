//! Pushing and listing.

use mooring_source::{Labels, Listed, SourceError};

use super::front::{Auth, Fault};
use super::{Site, bytes, component};

#[tokio::test]
async fn what_is_pushed_is_listed_newest_first() {
    let site = Site::new(Auth::Token { brief: false }).await;
    let labels = Labels {
        title: Some("array".to_owned()),
        version: None,
        source: Some("https://git.example/array".to_owned()),
    };
    let fetcher = site.fetcher();
    for version in ["1.2.0", "1.10.0", "1.9.0"] {
        let tag = site.reference(&format!(":{version}"));
        fetcher.push(component(version), &tag, &labels, false, &|_, _| ()).await.unwrap();
    }
    let listed = fetcher.list(&site.reference("")).await.unwrap();
    let tags: Vec<&str> = listed.iter().map(|listed| listed.tag.as_str()).collect();
    assert_eq!(tags, ["1.10.0", "1.9.0", "1.2.0"]);
    let Listed { size, title, version, created, signed, .. } = &listed[0];
    assert_eq!(*size, Some(component("1.10.0").len() as u64));
    assert_eq!((title.as_deref(), version.as_deref()), (Some("array"), Some("1.10.0")));
    assert!(created.as_ref().is_some_and(|created| created.ends_with('Z')) && !signed);
}

#[tokio::test]
async fn a_tag_is_moved_only_by_order() {
    let site = Site::new(Auth::Basic).await;
    let (fetcher, tag) = (site.fetcher(), site.reference(":stable"));
    let push = async |version: &str, replace| {
        fetcher.push(component(version), &tag, &Labels::default(), replace, &|_, _| ()).await
    };
    let first = push("1.0.0", false).await.unwrap();
    assert_eq!(push("1.0.0", false).await.unwrap(), first, "the same once more");
    let refused = push("1.1.0", false).await;
    assert!(
        matches!(&refused, Err(SourceError::Exists { found, .. }) if *found == first.to_string())
    );
    assert_eq!(*bytes(site.pull(":stable").await), *component("1.0.0"));
    push("1.1.0", true).await.unwrap();
    assert_eq!(*bytes(site.pull(":stable").await), *component("1.1.0"));
}

#[tokio::test]
async fn a_push_that_breaks_off_leaves_no_tag() {
    let site = Site::new(Auth::Anybody).await;
    let (fetcher, tag) = (site.fetcher(), site.reference(":1"));
    for part in ["POST ", "PUT /v2/vendor/array/blobs", "PUT /v2/vendor/array/manifests"] {
        site.front.fail(part, Fault::Status(500), 1);
        let broken =
            fetcher.push(component("1.0.0"), &tag, &Labels::default(), false, &|_, _| ()).await;
        assert!(broken.unwrap_err().is_away(), "{part}");
        assert!(matches!(site.pull(":1").await, Err(SourceError::Missing { .. })), "{part}");
    }
    fetcher.push(component("1.0.0"), &tag, &Labels::default(), false, &|_, _| ()).await.unwrap();
}

#[tokio::test]
async fn neither_a_digest_nor_a_core_module_is_pushed() {
    let site = Site::new(Auth::Anybody).await;
    let digest = site.holds("1", component("1.0.0")).await;
    let fetcher = site.fetcher();
    for (bytes, rest) in [
        (component("1.0.0"), format!("@{digest}")),
        (component("1.0.0"), String::new()),
        (b"\0asm\x01\0\0\0"[..].into(), ":2".to_owned()),
    ] {
        let to = site.reference(&rest);
        let refused = fetcher.push(bytes, &to, &Labels::default(), false, &|_, _| ()).await;
        assert!(matches!(refused, Err(SourceError::Setting(_))), "{rest} {refused:?}");
    }
}

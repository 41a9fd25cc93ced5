//! Answers that no array should give: none is believed, none has an effect.

use mooring_sdk::listing::Listing;

use super::*;

/// The backend over an array that answers every request in the same way.
fn over(status: u16, body: &str) -> HttpArray<Bench> {
    let body = body.as_bytes().to_vec();
    let sender: Sender =
        Rc::new(move |_| Ok(Response { status, headers: Vec::new(), body: body.clone() }));
    HttpArray(Bench::new(sender, &json!({ "apiUrl": "http://array" })))
}

fn id() -> String {
    format!("{}.vol-1", crate::identifiers::key("http://array"))
}

fn volume() -> Value {
    json!({
        "id": "vol-1", "name": "csi-1", "pool": "p", "size": MIB, "thin": true, "serial": "abc",
        "source": null, "tags": {}, "state": "ready", "job": null, "mappings": [],
        "condition": { "state": "good" }, "a-new-key": 1,
    })
}

#[test]
fn a_volume_that_can_be_is_believed_with_keys_that_are_not_known() {
    let entry = Listing::get(&over(200, &volume().to_string()), &id()).unwrap();
    assert_eq!((entry.volume.capacity, entry.volume.id), (MIB, id()));
}

#[test]
fn a_volume_that_cannot_be_is_not_believed() {
    for (key, value) in [
        ("id", json!("../../etc")),
        ("id", json!("")),
        ("id", json!(7)),
        ("name", json!("")),
        ("size", json!(0)),
        ("size", json!(-1)),
        ("size", json!(u64::MAX)),
        ("size", json!(1.5)),
        ("size", json!("1")),
        ("serial", json!("a/../b")),
        ("serial", json!("x".repeat(65))),
        ("source", json!({ "snapshot": "a/b" })),
        ("source", json!({ "tape": "a" })),
        ("state", json!("resting")),
        ("job", json!("a/b")),
        ("mappings", json!([{ "host": "" }])),
        ("mappings", json!(null)),
        ("condition", json!({ "state": "fine" })),
    ] {
        let mut wrong = volume();
        wrong[key] = value.clone();
        let answer = Listing::get(&over(200, &wrong.to_string()), &id());
        assert_eq!(refused(answer), Code::Unavailable, "{key}: {value}");
    }
}

#[test]
fn a_404_of_something_else_does_not_say_that_a_volume_is_gone() {
    for body in ["", "<html>not found</html>", "{}", r#"{"error": "volume-not-found"}"#] {
        assert_eq!(refused(over(404, body).delete(&id(), &none())), Code::Unavailable, "{body}");
        assert_eq!(refused(Listing::get(&over(404, body), &id())), Code::Unavailable, "{body}");
    }
    let gone = r#"{"error": {"code": "volume-not-found", "message": "m"}}"#;
    assert_eq!(over(404, gone).delete(&id(), &none()), Ok(()));
    let other = r#"{"error": {"code": "route-not-found", "message": "m"}}"#;
    assert_eq!(refused(over(404, other).delete(&id(), &none())), Code::Unavailable);
}

#[test]
fn statuses_that_are_none_of_an_arrays_are_not_taken_for_success() {
    for status in [100, 206, 301, 302, 307, 418, 500, 503, 507, 599, 999] {
        let answer = over(status, &volume().to_string()).delete(&id(), &none());
        assert_eq!(refused(answer), Code::Unavailable, "{status}");
    }
    assert_eq!(refused(over(403, "").delete(&id(), &none())), Code::PermissionDenied);
    assert_eq!(refused(over(401, "").delete(&id(), &none())), Code::Unauthenticated);
}

#[test]
fn an_unknown_refusal_is_not_taken_for_certainty() {
    let odd = r#"{"error": {"code": "odd", "message": "line\u0000one\nline two"}}"#;
    let error = over(409, odd).delete(&id(), &none()).unwrap_err();
    assert_eq!(error.code, Code::Internal);
    assert!(!error.had_no_effect() && !error.message.contains(['\n', '\0']), "{error:?}");
}

#[test]
fn a_list_that_ignores_what_was_asked_is_not_believed() {
    let other = json!({ "items": [volume()], "next": null }).to_string();
    let error = over(200, &other).create(&request("pvc-1", MIB)).unwrap_err();
    assert_eq!(error.code, Code::Internal);
    let many = json!({ "items": vec![volume(); 3], "next": null }).to_string();
    let page = Page { max_entries: 2, token: None };
    assert_eq!(refused(Listing::list(&over(200, &many), &page)), Code::Internal);
    let astray = json!({ "items": [], "next": "a/b" }).to_string();
    assert_eq!(refused(Listing::list(&over(200, &astray), &page)), Code::Unavailable);
}

#[test]
fn what_the_host_refuses_is_told_at_once() {
    let sent = Rc::new(Cell::new(0));
    let count = Rc::clone(&sent);
    let sender: Sender = Rc::new(move |_| {
        count.set(count.get() + 1);
        Err(Failure::Refused("no grant of this driver (grants.http) allows this request".into()))
    });
    let backend = HttpArray(Bench::new(sender, &json!({ "apiUrl": "http://array" })));
    let error = backend.create(&request("pvc-1", MIB)).unwrap_err();
    assert_eq!((error.code, sent.get()), (Code::PermissionDenied, 1));
    assert!(error.message.contains("grants.http"), "{error}");
}

#[test]
fn the_schema_is_json_and_the_defaults_pass_it() {
    let backend = over(200, "{}");
    let schema: Value = serde_json::from_str(&backend.config_schema()).unwrap();
    assert_eq!(schema["$defs"]["config"]["additionalProperties"], json!(false));
    assert_eq!(backend.info().name, "http-array");
}

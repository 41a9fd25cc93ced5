//! The array over HTTP, as its clients see it, without devices.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mooring_array::{Credentials, Options, Running, start};
use serde_json::{Value, json};
use tempfile::TempDir;

const MIB: u64 = 1 << 20;

/// A server and one who asks it.
struct Scene {
    server: Running,
    token: Option<String>,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

impl Scene {
    fn new(adapt: impl FnOnce(&mut Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = Options::new(folder.path().to_owned());
        adapt(&mut options);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { server: start(options).unwrap(), token: None, runtime, folder }
    }

    /// Status and body; none where the connection ended or the body did.
    fn try_call(&self, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.server.address()))
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        self.runtime.block_on(async {
            let client = Client::builder(TokioExecutor::new()).build_http();
            let response = client.request(request).await.ok()?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.ok()?.to_bytes();
            Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
        })
    }

    fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.try_call(method, &format!("/api/v1{path}"), body).unwrap()
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, Value::Null)
    }

    fn fault(&self, fault: &str, method: &str) {
        let rules = json!({ "rules": [{ "fault": fault, "method": method }] });
        assert_eq!(self.try_call("PUT", "/admin/faults", rules).unwrap().0, 204);
    }

    fn images(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("images")).unwrap().count()
    }
}

fn volume(name: &str) -> Value {
    json!({ "name": name, "pool": "default", "size": MIB, "thin": true, "tags": { "a": "b" } })
}

#[test]
fn the_same_name_is_the_same_volume_and_another_is_refused() {
    let scene = Scene::new(|_| ());
    let (status, made) = scene.call("POST", "/volumes", volume("one"));
    assert_eq!((status, &made["state"]), (201, &json!("ready")));
    assert_eq!(scene.call("POST", "/volumes", volume("one")), (200, made.clone()));
    let larger = json!({ "name": "one", "pool": "default", "size": 2 * MIB, "thin": true });
    let (status, refused) = scene.call("POST", "/volumes", larger);
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("name-in-use")));
    let id = made["id"].as_str().unwrap();
    assert_eq!(scene.call("DELETE", &format!("/volumes/{id}"), Value::Null).0, 204);
    let (status, gone) = scene.get(&format!("/volumes/{id}"));
    assert_eq!((status, &gone["error"]["code"]), (404, &json!("volume-not-found")));
    assert_eq!(scene.images(), 0);
    let again = scene.call("POST", "/volumes", volume("one")).1;
    assert_ne!(again["id"], made["id"], "an id is never used again");
}

#[test]
fn sizes_rooms_and_bodies_that_cannot_be_are_refused() {
    let scene = Scene::new(|options| options.pools = vec![("default".to_owned(), 8 * MIB)]);
    for (wrong, status, code) in [
        (json!({ "name": "a", "pool": "default", "size": 1 }), 422, "size-out-of-range"),
        (json!({ "name": "a", "pool": "default", "size": 16 * MIB }), 422, "size-out-of-range"),
        (json!({ "name": "a", "pool": "none", "size": MIB }), 404, "pool-not-found"),
        (json!({ "name": "a", "pool": "default", "size": MIB, "colour": 1 }), 400, "bad-request"),
        (json!({ "name": "a" }), 400, "bad-request"),
    ] {
        let (given, body) = scene.call("POST", "/volumes", wrong);
        assert_eq!((given, &body["error"]["code"]), (status, &json!(code)));
    }
    let thick = |name, size| json!({ "name": name, "pool": "default", "size": size });
    assert_eq!(scene.call("POST", "/volumes", thick("a", 6 * MIB)).0, 201);
    assert_eq!(scene.get("/pools").1["items"][0]["available"], json!(2 * MIB));
    let (status, full) = scene.call("POST", "/volumes", thick("b", 4 * MIB));
    assert_eq!((status, &full["error"]["code"]), (507, &json!("no-space")));
}

#[test]
fn copies_hold_the_bytes_of_their_moment() {
    let scene = Scene::new(|_| ());
    let id = scene.call("POST", "/volumes", volume("one")).1["id"].as_str().unwrap().to_owned();
    let image = |id: &str| scene.folder.path().join(format!("images/{id}.img"));
    let write = |byte: u8| {
        use std::os::unix::fs::FileExt;
        let file = std::fs::OpenOptions::new().write(true).open(image(&id)).unwrap();
        file.write_all_at(&[byte; 4096], 512 << 10).unwrap();
    };
    write(1);
    let taken = scene.call("POST", "/snapshots", json!({ "name": "s", "volume": id })).1;
    write(2);
    let snapshot = taken["id"].as_str().unwrap();
    let from = |name, source| json!({ "name": name, "pool": "default", "size": 2 * MIB, "source": source });
    let restored = scene.call("POST", "/volumes", from("r", json!({ "snapshot": snapshot }))).1;
    let cloned = scene.call("POST", "/volumes", from("c", json!({ "volume": id }))).1;
    for (copy, byte) in [(&restored, 1), (&cloned, 2)] {
        let bytes = std::fs::read(image(copy["id"].as_str().unwrap())).unwrap();
        assert_eq!(bytes.len() as u64, 2 * MIB);
        assert_eq!((bytes[512 << 10], bytes[(512 << 10) - 1], bytes[516 << 10]), (byte, 0, 0));
    }
    // The snapshot needs its volume no more.
    assert_eq!(scene.call("DELETE", &format!("/volumes/{id}"), Value::Null).0, 204);
    assert_eq!(scene.get(&format!("/snapshots/{snapshot}")).1["size"], json!(MIB));
    let small = json!({ "name": "x", "pool": "default", "size": 0, "source": { "volume": "v" } });
    assert_eq!(scene.call("POST", "/volumes", small).0, 422);
}

#[test]
fn a_host_sees_as_many_volumes_as_it_can_and_a_volume_is_seen_by_one() {
    let scene = Scene::new(|_| ());
    let id =
        |name| scene.call("POST", "/volumes", volume(name)).1["id"].as_str().unwrap().to_owned();
    let (one, two) = (id("one"), id("two"));
    let map = |id: &str, host: &str, body| {
        let (status, body) = scene.call("PUT", &format!("/volumes/{id}/mappings/{host}"), body);
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(map(&one, "n1", json!({})), (404, "host-not-found".to_owned()));
    for name in ["n1", "n2"] {
        assert_eq!(scene.call("PUT", &format!("/hosts/{name}"), json!({ "slots": 1 })).0, 200);
    }
    let asked = json!({ "readonly": false, "note": "x" });
    assert_eq!(map(&one, "n1", asked.clone()).0, 200);
    assert_eq!(map(&one, "n1", asked.clone()).0, 200);
    assert_eq!(map(&one, "n1", json!({ "note": "y" })).1, "mapped-otherwise");
    assert_eq!(map(&one, "n2", asked.clone()).1, "mapped-elsewhere");
    assert_eq!(map(&two, "n1", asked), (507, "no-slot".to_owned()));
    let delete = |path: String| scene.call("DELETE", &path, Value::Null);
    assert_eq!(delete(format!("/volumes/{one}")).1["error"]["code"], json!("mapped"));
    assert_eq!(delete("/hosts/n1".to_owned()).1["error"]["code"], json!("mapped"));
    assert_eq!(delete(format!("/volumes/{one}/mappings/n1")).0, 204);
    assert_eq!(delete(format!("/volumes/{one}/mappings/n1")).0, 404);
    assert_eq!(delete(format!("/volumes/{one}")).0, 204);
}

#[test]
fn lists_come_in_parts_and_each_volume_once() {
    let scene = Scene::new(|_| ());
    for number in 0..5 {
        scene.call("POST", "/volumes", volume(&format!("a-{number}")));
    }
    scene.call("POST", "/volumes", volume("b-0"));
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = scene.get(&format!("/volumes?limit=2&prefix=a-{after}")).1;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(names, ["a-0", "a-1", "a-2", "a-3", "a-4"]);
}

#[test]
fn a_job_is_one_however_often_it_is_asked_for_and_can_be_taken_back() {
    let scene = Scene::new(|options| options.jobs = Some(Duration::from_secs(3600)));
    let (status, begun) = scene.call("POST", "/volumes", volume("one"));
    assert_eq!(status, 202);
    assert_eq!(scene.call("POST", "/volumes", volume("one")), (202, begun.clone()));
    assert_eq!(scene.get("/volumes").1["items"][0]["state"], json!("creating"));
    let job = format!("/jobs/{}", begun["job"].as_str().unwrap());
    assert_eq!(scene.get(&job).1["state"], json!("running"));
    assert_eq!(scene.call("DELETE", &job, Value::Null).1["state"], json!("cancelled"));
    assert_eq!((scene.get("/volumes").1["items"].clone(), scene.images()), (json!([]), 0));
}

#[test]
fn jobs_end_when_their_time_has_come_also_after_a_restart() {
    let mut scene = Scene::new(|options| options.jobs = Some(Duration::from_millis(1)));
    let settled = |scene: &Scene, path: &str| loop {
        let (status, body) = scene.get(path);
        if status != 200 || body["job"].is_null() {
            return (status, body);
        }
    };
    scene.call("POST", "/volumes", volume("one"));
    let id = scene.get("/volumes").1["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/volumes/{id}");
    assert_eq!(settled(&scene, &path).1["state"], json!("ready"));
    assert_eq!(scene.call("PATCH", &path, json!({ "size": 3 * MIB })).0, 202);
    let options = Options::new(scene.folder.path().to_owned());
    assert!(start(options.clone()).is_err(), "a folder has one server");
    // The first has let go of the folder when this returns.
    let parked = Scene::new(|_| ());
    drop(std::mem::replace(&mut scene.server, parked.server));
    scene.server = start(options).unwrap();
    assert_eq!(settled(&scene, &path).1["size"], json!(3 * MIB));
    assert_eq!(scene.call("PATCH", &path, json!({ "size": MIB })).1["size"], json!(3 * MIB));
}

#[test]
fn logins_are_asked_for_and_end() {
    let mut scene = Scene::new(|options| {
        let credentials = Credentials { user: "u".to_owned(), password: "p".to_owned() };
        options.credentials = Some(credentials);
    });
    assert_eq!(scene.get("/volumes").0, 401);
    let login = |password: &str| json!({ "username": "u", "password": password });
    assert_eq!(scene.call("POST", "/login", login("wrong")).0, 401);
    let token = scene.call("POST", "/login", login("p")).1["token"].clone();
    scene.token = token.as_str().map(str::to_owned);
    assert_eq!(scene.get("/volumes").0, 200);
    assert_eq!(scene.try_call("POST", "/admin/expire", Value::Null).unwrap().0, 204);
    assert_eq!(scene.get("/volumes").1["error"]["code"], json!("unauthorized"));
}

#[test]
fn faults_come_before_or_after_the_effect_as_they_say() {
    let scene = Scene::new(|_| ());
    let post = |name: &str| scene.try_call("POST", "/api/v1/volumes", volume(name));
    let exists = |name: &str| {
        scene.get(&format!("/volumes?name={name}")).1["items"].as_array().unwrap().len() == 1
    };
    for (fault, status, effect) in [
        ("error", Some(500), false),
        ("late-error", Some(500), true),
        ("throttled", Some(429), false),
        ("reset", None, true),
        ("truncated", None, true),
        ("stuck", Some(202), true),
        ("slow", Some(201), true),
        ("expired", Some(201), true),
    ] {
        scene.fault(fault, "POST");
        assert_eq!(post(fault).map(|(status, _)| status), status, "{fault}");
        assert_eq!(exists(fault), effect, "{fault}");
    }
}

#[test]
fn a_seed_repeats_its_faults() {
    let fates = |seed: u64| -> Vec<Option<u16>> {
        let scene =
            Scene::new(|options| (options.faults.percent, options.faults.seed) = (50, seed));
        (0..20)
            .map(|_| scene.try_call("GET", "/api/v1/pools", Value::Null).map(|it| it.0))
            .collect()
    };
    let first = fates(7);
    assert_eq!(first, fates(7));
    assert!(first.contains(&Some(200)) && first.iter().any(|status| *status != Some(200)));
}

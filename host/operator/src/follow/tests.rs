//! Objects come, change, are wrong and go; the file follows, over restarts too. The check is a program that finds a word.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::driver::DriverSpec;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(base: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("base.yaml"), base).unwrap();
        fs::create_dir(folder.path().join("live")).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn follower(&self) -> Follower {
        // As `mooring config check` does: what is wrong goes to standard error, with a code.
        let program = self.path().join("check");
        if !program.exists() {
            let text = "#!/bin/sh\nif grep -q WRONG \"$3\"; then echo \"mooring: key backend of $3 is wrong\" >&2; exit 1; fi\n";
            fs::write(&program, text).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let live = Live::new(self.path().join("live/mooring.yaml"));
        Follower::new(self.path().join("base.yaml"), live, Some(program))
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path().join("live/mooring.yaml")).unwrap()
    }

    fn backends(&self) -> Vec<(String, String)> {
        let whole: Value = serde_saphyr::from_str(&self.text()).unwrap();
        let word = |it: &Value, key| it.get(key).and_then(Value::as_str).unwrap().to_owned();
        let drivers = whole.get("drivers").and_then(Value::as_array).cloned().unwrap_or_default();
        drivers.iter().map(|it| (word(it, "name"), word(it, "backend"))).collect()
    }
}

fn object(name: &str, backend: &str, generation: i64) -> Arc<Driver> {
    let spec = json!({ "backend": backend });
    let mut driver = Driver::new(name, DriverSpec(spec.as_object().unwrap().clone()));
    driver.metadata.generation = Some(generation);
    Arc::new(driver)
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, backend)| ((*name).to_owned(), (*backend).to_owned())).collect()
}

#[tokio::test]
async fn objects_come_and_go() {
    let place = Place::new("drivers: [{name: file.example, backend: /f}]");
    let mut follower = place.follower();
    let first = follower.follow(Some(&[object("a.example", "/a", 1)])).await.unwrap();
    assert_eq!(place.backends(), pairs(&[("file.example", "/f"), ("a.example", "/a")]));
    assert_eq!(first.digest, digest(&place.text()));
    assert_eq!(first.objects["a.example"], Judged { generation: 1, fate: Fate::Taken });
    follower.follow(Some(&[])).await.unwrap();
    assert_eq!(place.backends(), pairs(&[("file.example", "/f")]));
}

#[tokio::test]
async fn one_that_is_wrong_keeps_no_other_from_anything() {
    let place = Place::new("drivers: []");
    let mut follower = place.follower();
    let all = |a: &str, b: &str, generation| {
        [object("a.example", a, generation), object("b.example", b, 1)]
    };
    let written = follower.follow(Some(&all("/WRONG", "/b", 1))).await.unwrap();
    assert_eq!(place.backends(), pairs(&[("b.example", "/b")]));
    let Fate::Refused(reason) = &written.objects["a.example"].fate else { panic!("{written:?}") };
    assert_eq!(reason, "key backend of is wrong");

    follower.follow(Some(&all("/a", "/b", 2))).await.unwrap();
    let written = follower.follow(Some(&all("/WRONG", "/b2", 3))).await.unwrap();
    assert_eq!(
        place.backends(),
        pairs(&[("a.example", "/a"), ("b.example", "/b2")]),
        "what it said before holds"
    );
    assert!(matches!(
        written.objects["a.example"],
        Judged { generation: 3, fate: Fate::Refused(_) }
    ));
}

#[tokio::test]
async fn the_file_wins_and_gives_way() {
    let place = Place::new("drivers: [{name: a.example, backend: /f}]");
    let mut follower = place.follower();
    let objects = [object("a.example", "/a", 1)];
    let written = follower.follow(Some(&objects)).await.unwrap();
    assert_eq!(written.objects["a.example"].fate, Fate::Shadowed);
    assert_eq!(place.backends(), pairs(&[("a.example", "/f")]));
    fs::write(place.path().join("base.yaml"), "drivers: []").unwrap();
    let written = follower.follow(Some(&objects)).await.unwrap();
    assert_eq!(written.objects["a.example"].fate, Fate::Taken);
    assert_eq!(place.backends(), pairs(&[("a.example", "/a")]));
}

#[tokio::test]
async fn without_an_api_server_the_objects_of_before_stay_and_the_base_is_followed() {
    let place = Place::new("{stateDir: /one, drivers: []}");
    let objects = [object("a.example", "/a", 7)];
    let before = place.follower().follow(Some(&objects)).await.unwrap();
    let text = place.text();

    // Started again, nothing known of the objects yet: byte for byte the same.
    let mut follower = place.follower();
    follower.seed().unwrap();
    assert_eq!(place.text(), text);
    assert_eq!(follower.follow(None).await.unwrap(), before);
    fs::write(place.path().join("base.yaml"), "{stateDir: /two, drivers: []}").unwrap();
    follower.follow(None).await.unwrap();
    assert!(place.text().contains("/two"));
    assert_eq!(place.backends(), pairs(&[("a.example", "/a")]));
}

#[tokio::test]
async fn a_first_start_without_an_api_server_is_the_base_alone() {
    let place = Place::new("{stateDir: /one, drivers: [{name: file.example, backend: /f}]}");
    place.follower().seed().unwrap();
    assert_eq!(place.backends(), pairs(&[("file.example", "/f")]));
}

#[tokio::test]
async fn a_base_that_is_wrong_changes_nothing_and_objects_are_followed_on() {
    let place = Place::new("drivers: [{name: file.example, backend: /f}]");
    let mut follower = place.follower();
    follower.follow(Some(&[])).await.unwrap();
    for (wrong, backend) in [
        ("drivers: [{name: file.example, backend: /WRONG}]", "/1"),
        ("{", "/2"),
        ("drivers: 1", "/3"),
    ] {
        fs::write(place.path().join("base.yaml"), wrong).unwrap();
        follower.follow(Some(&[object("a.example", backend, 1)])).await.unwrap();
        let wanted = pairs(&[("file.example", "/f"), ("a.example", backend)]);
        assert_eq!(place.backends(), wanted, "{wrong}");
    }
}

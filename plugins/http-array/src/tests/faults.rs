//! Everything that goes wrong on the way, before and after the effect: the same end, one effect.

use mooring_sdk::expansion::Expansion;
use mooring_sdk::publishing::Publishing;
use mooring_sdk::snapshots::Snapshots;

use super::*;

const KINDS: [&str; 8] =
    ["slow", "error", "late-error", "throttled", "reset", "truncated", "stuck", "expired"];

/// One that may cancel a job at once: only those that never end are to be met here.
fn hasty() -> Value {
    json!({ "giveUpAfter": 0, "patience": 600 })
}

/// A volume's whole life, and what has to be there after each step: volumes and snapshots.
fn live(scene: &Scene, mut before: impl FnMut(&str)) {
    let there = |volumes, snapshots| {
        scene.set_faults(&json!({}));
        let found = (scene.there("volumes").len(), scene.there("snapshots").len());
        assert_eq!(found, (volumes, snapshots));
        assert_eq!(scene.images(), volumes + snapshots);
    };
    let backend = scene.on();
    before("POST");
    let id = backend.create(&request("pvc-1", 4 * MIB)).unwrap().id;
    there(1, 0);
    before("PUT");
    backend.publish(&publication(&id, "n1")).unwrap();
    before("PATCH");
    assert_eq!(backend.expand(&growth(&id, 6 * MIB)).unwrap().capacity, 6 * MIB);
    before("GET");
    assert_eq!(
        Attachments::describe(&backend, &staging(&id, "n1")).unwrap().minimum_size,
        Some(6 * MIB)
    );
    before("DELETE");
    backend.unpublish(&id, Some("n1"), &none()).unwrap();
    before("POST");
    let taken = Snapshots::create(&backend, &snapshot("s-1", &id)).unwrap().id;
    there(1, 1);
    before("POST");
    let copy = from("pvc-2", 6 * MIB, ContentSource::Snapshot(taken.clone()));
    let copy = backend.create(&copy).unwrap().id;
    there(2, 1);
    before("DELETE");
    Snapshots::delete(&backend, &taken, &none()).unwrap();
    there(2, 0);
    for id in [id, copy] {
        before("DELETE");
        backend.delete(&id, &none()).unwrap();
    }
    there(0, 0);
}

#[test]
fn each_fault_at_each_step_of_a_life_is_lived_through_within_the_call() {
    for kind in KINDS {
        let scene = Scene::new(|_| (), hasty());
        let mut steps = 0;
        live(&scene, |method| {
            scene.fault(kind, method);
            steps += 1;
        });
        let (_, told) = scene.ask(Method::Get, "/admin/faults", &Value::Null);
        assert_eq!(told["count"], json!(steps), "{kind}: each of them has happened");
    }
}

#[test]
fn each_lost_answer_converges_when_the_call_is_repeated() {
    for kind in ["late-error", "reset", "truncated"] {
        // No patience: the first trouble ends the call.
        let scene = Scene::new(|_| (), json!({ "patience": 1 }));
        let steps = Cell::new(0);
        let twice = |method: &str, call: &dyn Fn() -> Result<String>| {
            // Enough for all tries of one call, and no more.
            let rules = json!({ "rules": [{ "fault": kind, "method": method, "times": 5 }] });
            scene.set_faults(&rules);
            let error = call().unwrap_err();
            assert_eq!(error.code, Code::Unavailable, "{kind} {method}: {error}");
            scene.set_faults(&json!({}));
            steps.set(steps.get() + 1);
            call().unwrap()
        };
        let backend = scene.on();
        let id = twice("POST", &|| Ok(backend.create(&request("pvc-1", MIB))?.id));
        assert_eq!(scene.images(), 1);
        twice("PUT", &|| backend.publish(&publication(&id, "n1")).map(|_| String::new()));
        twice("PATCH", &|| Ok(backend.expand(&growth(&id, 2 * MIB))?.capacity.to_string()));
        twice("DELETE", &|| backend.unpublish(&id, Some("n1"), &none()).map(|()| String::new()));
        let taken = twice("POST", &|| Ok(Snapshots::create(&backend, &snapshot("s", &id))?.id));
        assert_eq!(scene.images(), 2);
        twice("DELETE", &|| Snapshots::delete(&backend, &taken, &none()).map(|()| String::new()));
        twice("DELETE", &|| backend.delete(&id, &none()).map(|()| String::new()));
        assert_eq!((scene.there("volumes").len(), scene.images(), steps.get()), (0, 0, 7));
    }
}

#[test]
fn a_throttled_call_comes_back_when_the_array_says() {
    let scene = Scene::new(|_| (), json!({ "patience": 1 }));
    scene.set_faults(&json!({ "rules": [{ "fault": "throttled", "times": 9 }] }));
    let error = scene.on().create(&request("pvc-1", MIB)).unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.retry_after.is_some_and(|wait| wait >= Duration::from_secs(1)));
}

/// Calls until it is done, as orchestrators do; what is not to be repeated fails the test.
fn until_done<T>(call: impl Fn() -> Result<T>) -> T {
    for _ in 0..20 {
        match call() {
            Ok(answer) => return answer,
            Err(Error { code: Code::Unavailable | Code::Aborted, .. }) => {}
            Err(error) => panic!("{:?}: {error}", error.code),
        }
    }
    panic!("it does not converge");
}

#[test]
fn with_a_tenth_of_all_requests_gone_wrong_no_volume_is_lost_or_doubled() {
    let kinds: Vec<_> = KINDS.into_iter().filter(|kind| *kind != "slow").collect();
    let mut wrong = 0;
    for seed in 1..=8 {
        let config = json!({ "giveUpAfter": 0, "patience": 2 });
        let scene = Scene::new(|_| (), config);
        let backend = scene.on();
        scene.set_faults(&json!({ "percent": 10, "seed": seed, "kinds": kinds }));
        let name = |number: u32| format!("pvc-{number}");
        let mut kept = Vec::new();
        for number in 0..12 {
            let asked = request(&name(number), 4 * MIB);
            let volume = until_done(|| backend.create(&asked));
            let id = volume.id.clone();
            assert_eq!(until_done(|| backend.create(&asked)), volume);
            until_done(|| backend.publish(&publication(&id, "n1")));
            until_done(|| backend.expand(&growth(&id, 8 * MIB)));
            until_done(|| Attachments::describe(&backend, &staging(&id, "n1")));
            until_done(|| backend.unpublish(&id, Some("n1"), &none()));
            let taken = until_done(|| Snapshots::create(&backend, &snapshot(&name(number), &id)));
            let source = ContentSource::Snapshot(taken.id.clone());
            let copy = from(&format!("copy-{number}"), 8 * MIB, source);
            let copy = until_done(|| backend.create(&copy));
            until_done(|| Snapshots::delete(&backend, &taken.id, &none()));
            if number % 3 == 0 {
                until_done(|| backend.delete(&id, &none()));
                kept.push(copy.id);
            } else {
                until_done(|| backend.delete(&copy.id, &none()));
                kept.push(id);
            }
        }
        let (_, told) = scene.ask(Method::Get, "/admin/faults", &Value::Null);
        wrong += told["count"].as_u64().unwrap();
        scene.set_faults(&json!({}));
        let key = kept[0].split_once('.').unwrap().0.to_owned();
        let there = scene.there("volumes");
        let mut ids: Vec<_> =
            there.iter().map(|one| format!("{key}.{}", one["id"].as_str().unwrap())).collect();
        ids.sort();
        kept.sort();
        assert_eq!(ids, kept, "seed {seed}");
        let whole = |one: &Value| one["state"] == "ready" && one["size"] == json!(8 * MIB);
        assert!(there.iter().all(|one| whole(one) && one["mappings"] == json!([])));
        assert_eq!((scene.there("snapshots").len(), scene.images()), (0, kept.len()));
    }
    assert!(wrong > 100, "only {wrong} requests went wrong");
}

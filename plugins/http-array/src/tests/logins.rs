//! Credentials: from the call's secrets, or none where the host adds them; told to nobody else.

use mooring_array::Credentials;

use super::*;

const PASSWORD: &str = "c4n4ry-p4ssw0rd";

fn guarded() -> Scene {
    let credentials = Credentials { user: "csi".to_owned(), password: PASSWORD.to_owned() };
    Scene::new(|options| options.credentials = Some(credentials), json!({ "createHosts": true }))
}

fn secret(password: &str) -> Secrets {
    Secrets::new(pairs(&[("username", "csi"), ("password", password)]))
}

#[test]
fn a_login_is_made_of_the_calls_secrets_and_again_when_it_has_ended() {
    let scene = guarded();
    let asked = CreateRequest { secrets: secret(PASSWORD), ..request("pvc-1", MIB) };
    let volume = scene.on().create(&asked).unwrap();
    scene.fault("expired", "GET");
    assert_eq!(scene.on().create(&asked), Ok(volume.clone()));
    scene.fault("expired", "DELETE");
    assert_eq!(scene.on().delete(&volume.id, &secret(PASSWORD)), Ok(()));
    assert_eq!(scene.images(), 0);
}

#[test]
fn wrong_half_and_absent_secrets_are_told_without_showing_them() {
    let scene = guarded();
    let wrong = "wr0ng-c4n4ry";
    let half = Secrets::new(pairs(&[("password", wrong)]));
    for secrets in [secret(wrong), half, Secrets::default()] {
        let asked = CreateRequest { secrets, ..request("pvc-1", MIB) };
        let error = scene.on().create(&asked).unwrap_err();
        assert_eq!(error.code, Code::Unauthenticated);
        assert!(!format!("{error:?}").contains(wrong), "{error:?}");
    }
    assert_eq!(scene.images(), 0);
    // An array that asks for a login is there.
    assert_eq!(scene.on().probe(), Ok(true));
}

#[test]
fn an_array_that_repeats_a_secret_is_not_repeated() {
    let sender: Sender = Rc::new(|request| {
        let (status, body) = match request.url.ends_with("/login") {
            true => (200, json!({ "token": "t0ken-c4n4ry" })),
            false => {
                let message = format!("{PASSWORD} and t0ken-c4n4ry");
                (409, json!({ "error": { "code": "in-use", "message": message } }))
            }
        };
        Ok(Response { status, headers: Vec::new(), body: body.to_string().into_bytes() })
    });
    let backend = HttpArray(Bench::new(sender, &json!({ "apiUrl": "http://array" })));
    let asked = CreateRequest { secrets: secret(PASSWORD), ..request("pvc-1", MIB) };
    let error = backend.create(&asked).unwrap_err();
    let printed = format!("{error:?}");
    assert!(printed.contains("[secret]") && !printed.contains("c4n4ry"), "{printed}");
}

#[test]
fn nothing_of_a_secret_is_kept() {
    let scene = guarded();
    let asked = CreateRequest { secrets: secret(PASSWORD), ..request("pvc-1", MIB) };
    let volume = scene.on().create(&asked).unwrap();
    let kept = format!("{:?} {:?}", volume, scene.bench.machine.keys());
    assert!(!kept.contains(PASSWORD), "{kept}");
}

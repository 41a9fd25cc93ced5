//! Sockets in real directories.

use super::*;
use std::os::unix::net::UnixListener as Foreign;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

#[tokio::test]
async fn modes_are_tight_and_the_file_goes_with_the_listener() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/image.mooring.dev/csi.sock");
    let listener = Listener::bind(&path, &Peers::default()).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&root.path().join("a")), 0o700);
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn modes_let_the_allowed_through() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("d/csi.sock");
    let _listener = Listener::bind(&path, &[1234].into_iter().collect()).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o666, 0o711));
}

#[tokio::test]
async fn a_second_instance_is_refused_and_the_first_serves_on() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("csi.sock");
    let first = Listener::bind(&path, &Peers::default()).unwrap();
    let refused = Listener::bind(&path, &Peers::default()).unwrap_err();
    assert!(refused.to_string().contains("another instance serves"), "{refused}");
    let (client, served) = tokio::join!(UnixStream::connect(&path), first.accept());
    assert!(client.is_ok() && served.is_ok());
}

#[tokio::test]
async fn a_live_socket_of_another_program_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("csi.sock");
    let other = Foreign::bind(&path).unwrap();
    let refused = Listener::bind(&path, &Peers::default()).unwrap_err();
    assert!(matches!(refused, SocketError::Taken { .. }), "{refused}");
    drop(other);
    assert!(path.exists(), "std leaves the file, as a killed program does");
    let ours = Listener::bind(&path, &Peers::default()).unwrap();
    let (client, served) = tokio::join!(UnixStream::connect(&path), ours.accept());
    assert!(client.is_ok() && served.is_ok(), "the stale one was replaced");
}

#[tokio::test]
async fn what_is_no_socket_is_never_replaced() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("csi.sock");
    fs::write(&path, "precious").unwrap();
    let link = root.path().join("link.sock");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for place in [&path, &link] {
        let before = fs::symlink_metadata(place).unwrap().ino();
        assert!(matches!(
            Listener::bind(place, &Peers::default()).unwrap_err(),
            SocketError::Foreign { .. }
        ));
        assert_eq!(fs::symlink_metadata(place).unwrap().ino(), before);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn a_lock_that_is_a_link_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere = root.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, root.path().join("csi.sock.lock")).unwrap();
    let refused = Listener::bind(root.path().join("csi.sock"), &Peers::default()).unwrap_err();
    assert!(matches!(refused, SocketError::Foreign { .. }), "{refused}");
    assert!(!elsewhere.exists());
}

#[tokio::test]
async fn a_socket_that_took_our_place_is_not_removed() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("csi.sock");
    let ours = Listener::bind(&path, &Peers::default()).unwrap();
    fs::remove_file(&path).unwrap();
    let _theirs = Foreign::bind(&path).unwrap();
    drop(ours);
    assert!(path.exists());
}

#[tokio::test]
async fn a_path_that_the_kernel_cannot_take_is_told() {
    let root = tempfile::tempdir().unwrap();
    let length = LONGEST_PATH - root.path().as_os_str().len() - 1;
    let too_long = root.path().join("x".repeat(length));
    let refused = Listener::bind(&too_long, &Peers::default()).unwrap_err();
    assert!(refused.to_string().contains("107 bytes"), "{refused}");
    let fits = root.path().join("x".repeat(length - 1));
    assert!(Listener::bind(&fits, &Peers::default()).is_ok());
}

#[tokio::test]
async fn a_leftover_of_a_killed_instance_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("csi.sock");
    // Killed between binding and renaming, and once after.
    drop(Foreign::bind(root.path().join("csi.sock~")).unwrap());
    drop(Foreign::bind(&path).unwrap());
    assert!(Listener::bind(&path, &Peers::default()).is_ok());
    assert!(!root.path().join("csi.sock~").exists());
}

/// The names in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_further_socket_lies_alone_in_its_directory_under_the_lock_of_the_first() {
    let root = tempfile::tempdir().unwrap();
    let (path, watched) = (root.path().join("own/csi.sock"), root.path().join("watched"));
    fs::create_dir(&watched).unwrap();
    let first = Listener::bind(&path, &Peers::default()).unwrap();
    let place = watched.join("a-reg.sock");
    // What a killed instance left behind, under either name.
    drop(Foreign::bind(watched.join(".a-reg.sock")).unwrap());
    drop(Foreign::bind(&place).unwrap());
    let further = first.claim().bind(&place).unwrap();
    assert_eq!(names(&watched), ["a-reg.sock"]);
    assert_eq!(mode(&place), 0o600);
    let (client, served) = tokio::join!(UnixStream::connect(&place), further.accept());
    assert!(client.is_ok() && served.is_ok());
    assert!(matches!(first.claim().bind(&place), Err(SocketError::Taken { .. })));

    drop(first);
    assert!(Listener::bind(&path, &Peers::default()).is_err(), "the further one still claims it");
    drop(further);
    assert_eq!(names(&watched), Vec::<String>::new());
    assert!(Listener::bind(&path, &Peers::default()).is_ok());
}

#[tokio::test]
async fn a_further_socket_replaces_nothing_foreign_and_makes_no_directory() {
    let root = tempfile::tempdir().unwrap();
    let claim = Listener::bind(root.path().join("csi.sock"), &Peers::default()).unwrap().claim();
    let file = root.path().join("file");
    fs::write(&file, "precious").unwrap();
    assert!(matches!(claim.bind(&file), Err(SocketError::Foreign { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let missing = root.path().join("missing");
    assert!(matches!(claim.bind(missing.join("x")), Err(SocketError::Io { .. })));
    assert!(!missing.exists());
}

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

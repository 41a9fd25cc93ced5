//! What guests log, as it stands in the host's log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::io::Write;
use std::sync::{Arc, Mutex};

use mooring_backend::Limits;
use mooring_volume::Secrets;
use mooring_volume::VolumeId;
use mooring_volume::backend::Volumes;
use stand::{Stand, call, create, guest};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the host logs while the hostile guest does a deed, line by line.
async fn lines(stand: &Stand, deed: &str, secrets: Secrets) -> Vec<String> {
    let driver = stand.load("hostile.example.com", guest("hostile"), Limits::default()).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    driver.delete(&call(), VolumeId::new(deed).unwrap(), secrets).await.unwrap();
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn lines_are_stamped_and_cannot_be_forged() {
    let lines = lines(&Stand::new(), "forge", Secrets::default()).await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in &lines {
        assert!(
            line.contains("guest") && line.contains("driver=hostile.example.com call=7"),
            "{line}"
        );
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    assert!(lines[0].contains("INFO guest: harmless\\u{a}2026-01-01"), "{}", lines[0]);
    assert!(lines[1].contains("WARN guest: printed \\u{7}and\\u{d}returned"), "{}", lines[1]);
}

#[tokio::test]
async fn a_flood_is_held_to_the_rate_and_counted() {
    let stand = Stand::new();
    let logged = lines(&stand, "flood", Secrets::default()).await.len();
    assert!((200..2_000).contains(&logged), "{logged} lines");
    // The next line that passes tells how many did not.
    let driver = stand.load("hostile.example.com", guest("hostile"), Limits::default()).await;
    driver.create(&call(), create("flood")).await.unwrap();
    let told = async {
        while *stand.meter.dropped.lock().unwrap() < 40_000 {
            driver.create(&call(), create("forge")).await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), told).await.unwrap();
}

#[tokio::test]
async fn long_lines_are_cut() {
    for deed in ["log-long", "print"] {
        let lines = lines(&Stand::new(), deed, Secrets::default()).await;
        assert_eq!(lines.len(), 1, "{deed}");
        assert!(lines[0].len() < 4_400 && lines[0].contains("[…]"), "{deed}: {}", lines[0].len());
    }
}

#[tokio::test]
async fn a_secret_that_is_logged_is_blotted_out() {
    let secrets: Secrets = [("token".to_owned(), "hunter2".to_owned())].into_iter().collect();
    let lines = lines(&Stand::new(), "print-secret", secrets).await;
    assert!(lines.len() == 1 && lines[0].contains("[secret]"), "{lines:?}");
    assert!(!lines[0].contains("hunter2"), "{lines:?}");
}

//! Against a real registry, behind a server that speaks TLS, wants names, and fails as it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // Tests may fail loudly.

mod cosign;
mod front;
mod pulls;
mod pushes;
mod trust;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mooring_source::{
    Candidate, Digest, Fetcher, Labels, Origin, Patience, Reference, Registries, RegistrySettings,
    SourceError, Store,
};

use front::{Auth, Front};

/// A component without anything but a version.
fn component(version: &str) -> Bytes {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend([0, u8::try_from(version.len() + 8).unwrap(), 7]);
    bytes.extend(b"version");
    bytes.extend(version.as_bytes());
    bytes.into()
}

/// One registry, its front, and a folder for state and files.
struct Site {
    front: Front,
    dir: tempfile::TempDir,
}

impl Site {
    async fn new(auth: Auth) -> Self {
        Self { front: Front::start(auth).await, dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn reference(&self, rest: &str) -> Reference {
        format!("oci://{}/vendor/array{rest}", self.front.host).parse().unwrap()
    }

    fn settings(&self) -> RegistrySettings {
        let ca = Some(self.write("ca.pem", &self.front.ca));
        let credentials = self.front.auth.user().map(|(user, password)| {
            let entry = serde_json::json!({"username": user, "password": password});
            let file = serde_json::json!({"auths": {self.front.host.clone(): entry}});
            self.write("config.json", file.to_string())
        });
        RegistrySettings { ca, credentials, ..RegistrySettings::default() }
    }

    /// As the controller would ask: with a store.
    fn fetcher(&self) -> Fetcher {
        fetcher([(self.front.host.clone(), self.settings())].into()).with_store(self.store())
    }

    fn store(&self) -> Store {
        Store::open(self.path("store")).unwrap()
    }

    /// Puts a component there; says its manifest's digest.
    async fn holds(&self, tag: &str, component: Bytes) -> Digest {
        self.fetcher()
            .push(
                component,
                &self.reference(&format!(":{tag}")),
                &Labels::default(),
                true,
                &|_, _| (),
            )
            .await
            .unwrap()
    }

    async fn pull(&self, rest: &str) -> Result<Candidate, SourceError> {
        self.fetcher().component(&self.reference(rest), &|_, _| ()).await
    }

    /// As on a machine that never had anything.
    async fn pull_fresh(&self, rest: &str) -> Result<Candidate, SourceError> {
        std::fs::remove_dir_all(self.path("store")).unwrap();
        self.pull(rest).await
    }
}

/// Asks again at once, and waits for nothing longer than a test should.
fn fetcher(registries: Registries) -> Fetcher {
    Fetcher::new(registries).unwrap().with_patience(Patience {
        stall: Duration::from_secs(1),
        document: Duration::from_secs(3),
        component: Duration::from_secs(3),
        pauses: vec![Duration::ZERO; 2],
        ..Patience::default()
    })
}

fn stale(candidate: &Candidate) -> Option<&str> {
    match &candidate.origin {
        Origin::Registry { stale, .. } => stale.as_deref(),
        Origin::Embedded(_) | Origin::File(_) => None,
    }
}

fn bytes(found: Result<Candidate, SourceError>) -> Arc<[u8]> {
    found.unwrap().bytes
}

//! How full a volume is that a sandbox mounts, and its growth: both are the sandbox's to say, through
//! the shim that stands for it.

use std::fmt::Write as _;
use std::path::Path;

use mooring_volume::node::{Stats, Usage};
use mooring_volume::{Error, Result, VolumeId};
use serde::{Deserialize, Serialize};

use super::Inner;
use super::stats::absent;
use crate::attach::Direct;
use crate::os::{self, DeviceId, Kind, Machine, ShimRequest};
use crate::record::DirectSource;
use crate::seen::Seen;

const STATS: &str = "/direct-volume/stats";
const RESIZE: &str = "/direct-volume/resize";

/// What the runtime in Go answers. Zeros are left out of it.
///
/// Source: kata-containers `src/libs/protocols/protos/csi.proto`.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    usage: Vec<Measured>,
}

#[derive(Debug, Deserialize)]
struct Measured {
    #[serde(default)]
    available: u64,
    #[serde(default)]
    total: u64,
    #[serde(default)]
    used: u64,
    #[serde(default)]
    unit: u32,
}

/// CSI's numbers of them.
const BYTES: u32 = 1;
const INODES: u32 = 2;

/// One body for both runtimes: the one in Go reads the first two, the one in Rust the others.
#[derive(Debug, Serialize)]
struct Resize<'a> {
    #[serde(rename = "VolumePath")]
    path: &'a str,
    #[serde(rename = "Size")]
    bytes: u64,
    volume_guest_path: &'a str,
    size: u64,
}

impl<M: Machine> Inner<M> {
    /// Of a volume that is published: what its sandbox says. Of one that is staged only: its size.
    pub(super) fn sandbox_stats(
        &self,
        seen: &Seen,
        source: &DirectSource,
        path: &Path,
    ) -> Result<Stats> {
        let Some(direct) = seen.direct.own.get(path) else {
            let total = self.os.device_size(device(seen, source, path)?)?;
            let bytes = Usage { total, available: None, used: None };
            return Ok(Stats { bytes, inodes: None });
        };
        let sandbox = direct.sandbox.as_deref().ok_or_else(|| unused(&seen.volume))?;
        let node = text(&direct.info.device)?;
        let target = format!("{STATS}?path={}", percent_encoded(node));
        let request = ShimRequest { target, body: Vec::new() };
        let answer = self.ask(sandbox, &request)?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|error| {
            Error::unavailable(format!(
                "the shim of sandbox {sandbox} answers statistics that can't be understood: {error}"
            ))
        })?;
        let of = |unit: u32| answer.usage.iter().find(|one| one.unit == unit).map(filled);
        let bytes = of(BYTES).ok_or_else(|| {
            Error::unavailable(format!("the shim of sandbox {sandbox} does not say any bytes"))
        })?;
        Ok(Stats { bytes, inodes: of(INODES) })
    }

    /// Lets the sandbox that has the volume, if one has, take its new size into use.
    pub(super) fn sandbox_grow(&self, seen: &Seen, bytes: u64) -> Result<()> {
        let taken = seen.direct.own.values().find_map(|direct| {
            let Direct { info, sandbox } = direct;
            sandbox.as_deref().map(|sandbox| (info, sandbox))
        });
        // The guest that takes it next sees the new size.
        let Some((info, sandbox)) = taken else { return Ok(()) };
        let path = text(&info.device)?;
        let resize = Resize { path, bytes, volume_guest_path: path, size: bytes };
        let body = serde_json::to_vec(&resize)
            .map_err(|error| Error::internal(format!("a request can't be written: {error}")))?;
        self.ask(sandbox, &ShimRequest { target: RESIZE.to_owned(), body }).map(drop)
    }

    fn ask(&self, sandbox: &str, request: &ShimRequest) -> Result<Vec<u8>> {
        let places = &self.config.kata.sandboxes;
        self.os.ask_shim(places, sandbox, request).map_err(unanswered)
    }
}

fn unanswered(error: os::Error) -> Error {
    if error.kind == Kind::Unsupported {
        return Error::precondition(format!(
            "{error}; where this version of Kata Containers cannot do it, end the pod and start it \
             again"
        ));
    }
    if error.kind == Kind::NotFound { Error::unavailable(error.to_string()) } else { error.into() }
}

/// The number of the device that a volume was staged with.
pub(super) fn device(seen: &Seen, source: &DirectSource, path: &Path) -> Result<DeviceId> {
    match source {
        DirectSource::Image { .. } => {
            let bound = seen.loops.first().ok_or_else(|| absent(&seen.volume, path))?;
            Ok(bound.device)
        }
        DirectSource::Linked { number, .. } => Ok(*number),
    }
}

fn unused(volume: &VolumeId) -> Error {
    Error::unavailable(format!(
        "no sandbox has taken volume {volume} yet, so nobody knows how full it is"
    ))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::internal("a device's path is not UTF-8"))
}

fn filled(measured: &Measured) -> Usage {
    let Measured { available, total, used, unit: _ } = *measured;
    Usage { total, available: Some(available), used: Some(used) }
}

/// Source: RFC 3986, 2.1 and 2.3.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

//! Maps: parameters, contexts, secrets.

use std::collections::BTreeMap;

use mooring_volume::{Error, Result, Secrets, StringMap};

use super::text;

/// Keys and values together. Source: CSI "Size Limits".
const LARGEST: usize = 4096;

/// What kubelet alone says of a pod, to NodePublishVolume alone. Anywhere else it is somebody's claim.
///
/// Source: kubernetes `pkg/volume/csi/csi_mounter.go`, pod information on mount.
const KUBELETS: [&str; 3] = [
    "csi.storage.k8s.io/ephemeral",
    "csi.storage.k8s.io/pod.",
    "csi.storage.k8s.io/serviceAccount.",
];

/// Parameters, or the context of any call but NodePublishVolume: without what kubelet alone may say.
pub(crate) fn checked(field: &str, map: BTreeMap<String, String>) -> Result<StringMap> {
    let claims = |key: &str| KUBELETS.iter().any(|reserved| key.starts_with(reserved));
    if let Some(key) = map.keys().find(|key| claims(key)) {
        return Err(Error::invalid(format!(
            "{field} holds {key:?}, which kubelet alone sets, and only for NodePublishVolume; remove it"
        )));
    }
    published(field, map)
}

/// The volume context of NodePublishVolume.
pub(crate) fn published(field: &str, map: BTreeMap<String, String>) -> Result<StringMap> {
    bounded(field, &map)?;
    for (key, value) in &map {
        text::without_control(&format!("a key of {field}"), key)?;
        if value.contains('\0') {
            return Err(Error::invalid(format!("{field}[{key:?}] holds a NUL; remove it")));
        }
    }
    Ok(map)
}

/// Secrets. Values may have lines, as PEM files do. No refusal shows a key or a value.
pub(crate) fn secrets(map: BTreeMap<String, String>) -> Result<Secrets> {
    bounded("secrets", &map)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if map.keys().any(|key| !key.chars().all(fits)) {
        return Err(Error::invalid(
            "a key of secrets holds other characters than letters, digits, '-', '_' and '.'; rename it",
        ));
    }
    if map.values().any(|value| value.contains('\0')) {
        return Err(Error::invalid(
            "a value of secrets holds a NUL; encode binary values, as base64 for instance",
        ));
    }
    Ok(map.into_iter().collect())
}

fn bounded(field: &str, map: &BTreeMap<String, String>) -> Result<()> {
    let bytes = size(map);
    if bytes > LARGEST {
        return Err(Error::invalid(format!(
            "{field} has {bytes} bytes; keys and values together may have {LARGEST}"
        )));
    }
    if map.contains_key("") {
        return Err(Error::invalid(format!("{field} has an empty key; name it or remove it")));
    }
    Ok(())
}

fn size(map: &BTreeMap<String, String>) -> usize {
    map.iter().map(|(key, value)| key.len() + value.len()).sum()
}

/// A context of the backend's own making, which the orchestrator will store and hand back.
///
/// # Errors
/// `Internal`: the backend broke its contract.
pub(crate) fn wire(field: &str, map: StringMap) -> Result<BTreeMap<String, String>> {
    let bytes = size(&map);
    if bytes <= LARGEST {
        return Ok(map);
    }
    Err(Error::internal(format!(
        "the backend answered a {field} of {bytes} bytes; CSI allows {LARGEST}; this is a fault of the backend"
    )))
}

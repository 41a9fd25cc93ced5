//! Volumes that a pod describes itself and that live as long as it does: what a pod may choose.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::StringMap;
use crate::capacity::{CapacityRange, Quantity};
use crate::error::{Error, Result};

/// What a pod's attributes say the size with.
const SIZE: &str = "size";
/// What the orchestrator adds to a pod's attributes, for the driver to know.
const ORCHESTRATORS: &str = "csi.storage.k8s.io/";

/// `grants.ephemeral`: that pods may have volumes of this driver made for them, and what they may
/// say of them. A pod's author is not a cluster's administrator: a parameter that a StorageClass
/// would fix stays fixed, unless it is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ephemeral {
    /// For pods that do not say a `size`; without it the backend's own default.
    pub size: Option<Quantity>,
    /// The most that a pod may ask for.
    pub max_size: Option<Quantity>,
    /// As a StorageClass's, for every such volume.
    pub parameters: StringMap,
    /// Names of parameters that a pod may set, beside `size`; they override `parameters`.
    pub attributes: BTreeSet<String>,
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EphemeralWish {
    /// What the pod itself says, without what the orchestrator adds.
    pub attributes: StringMap,
    /// Bytes; none: as the backend likes.
    pub size: Option<u64>,
    /// For the backend.
    pub parameters: StringMap,
}

/// A size as a range: at least so much.
///
/// # Errors
/// `InvalidArgument` beyond what CSI can say (8 EiB).
pub fn capacity(size: Option<u64>) -> Result<Option<CapacityRange>> {
    let Some(size) = size else { return Ok(None) };
    let required = i64::try_from(size)
        .map_err(|_| Error::invalid(format!("size is {size} bytes, beyond what CSI can say")))?;
    CapacityRange::new(required, 0).map(Some)
}

impl Ephemeral {
    /// What a pod's attributes ask for, with what the operator adds.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the attribute; `PermissionDenied`, naming the grant.
    pub fn wish(&self, attributes: &StringMap) -> Result<EphemeralWish> {
        let mut size = self.size.map(Quantity::bytes);
        let mut parameters = self.parameters.clone();
        let mut attributes = attributes.clone();
        attributes.retain(|name, _| !name.starts_with(ORCHESTRATORS));
        for (name, value) in &attributes {
            if name == SIZE {
                let asked: Quantity =
                    value.parse().map_err(|error: Error| error.context("size"))?;
                size = Some(asked.bytes());
            } else if self.attributes.contains(name) {
                parameters.insert(name.clone(), value.clone());
            } else {
                return Err(Error::denied(format!(
                    "the volume attribute {name:?} is not for pods to set; add it to \
                     grants.ephemeral.attributes to allow it"
                )));
            }
        }
        if size == Some(0) {
            return Err(Error::invalid("size is 0; a size above it is wanted, such as 1Gi"));
        }
        match (size, self.max_size.map(Quantity::bytes)) {
            (Some(size), Some(most)) if size > most => Err(Error::out_of_range(format!(
                "size is {size} bytes, and pods may have {most} at most (grants.ephemeral.maxSize)"
            ))),
            _ => Ok(EphemeralWish { attributes, size, parameters }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn map(pairs: &[(&str, &str)]) -> StringMap {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn grant() -> Ephemeral {
        Ephemeral {
            size: Some("1Gi".parse().unwrap()),
            max_size: Some("2GiB".parse().unwrap()),
            parameters: map(&[("pool", "fast"), ("tier", "a")]),
            attributes: ["tier".to_owned()].into(),
        }
    }

    #[test]
    fn a_pod_chooses_what_is_listed_and_nothing_else() {
        let wish = grant().wish(&map(&[
            ("size", "1536Mi"),
            ("tier", "b"),
            ("csi.storage.k8s.io/pod.name", "web-0"),
        ]));
        let parameters = map(&[("pool", "fast"), ("tier", "b")]);
        let attributes = map(&[("size", "1536Mi"), ("tier", "b")]);
        let size = Some(1536 << 20);
        assert_eq!(wish.unwrap(), EphemeralWish { attributes, size, parameters });
        assert_eq!(grant().wish(&map(&[])).unwrap().size, Some(1 << 30));
        for (name, value, code) in [
            ("pool", "slow", Code::PermissionDenied),
            ("size", "lots", Code::InvalidArgument),
            ("size", "0", Code::InvalidArgument),
            ("size", "3Gi", Code::OutOfRange),
        ] {
            let refused = grant().wish(&map(&[(name, value)])).unwrap_err();
            assert_eq!(refused.code, code, "{name}={value}: {refused}");
        }
        let unsaid = Ephemeral::default().wish(&map(&[])).unwrap();
        assert_eq!(capacity(unsaid.size).unwrap(), None);
        assert!(capacity(Some(u64::MAX)).is_err());
    }
}

//! The RPCs by name, to give spans and metrics names from a closed set.

/// Every service that a socket of Mooring may answer, and its methods.
pub(crate) const SERVICES: [(&str, &[&str]); 7] = [
    ("csi.v1.Identity", &["GetPluginInfo", "GetPluginCapabilities", "Probe"]),
    (
        "csi.v1.Controller",
        &[
            "CreateVolume",
            "DeleteVolume",
            "ControllerPublishVolume",
            "ControllerUnpublishVolume",
            "ValidateVolumeCapabilities",
            "ListVolumes",
            "ControllerListVolumeHealth",
            "ControllerGetVolumeHealth",
            "GetCapacity",
            "ControllerGetCapabilities",
            "CreateSnapshot",
            "DeleteSnapshot",
            "ListSnapshots",
            "GetSnapshot",
            "ControllerExpandVolume",
            "ControllerGetVolume",
            "ControllerModifyVolume",
        ],
    ),
    (
        "csi.v1.GroupController",
        &[
            "GroupControllerGetCapabilities",
            "CreateVolumeGroupSnapshot",
            "DeleteVolumeGroupSnapshot",
            "GetVolumeGroupSnapshot",
        ],
    ),
    ("csi.v1.SnapshotMetadata", &["GetMetadataAllocated", "GetMetadataDelta"]),
    (
        "csi.v1.Node",
        &[
            "NodeStageVolume",
            "NodeUnstageVolume",
            "NodePublishVolume",
            "NodeUnpublishVolume",
            "NodeGetVolumeStats",
            "NodeGetVolumeHealth",
            "NodeGetStorageHealth",
            "NodeExpandVolume",
            "NodeGetCapabilities",
            "NodeGetInfo",
        ],
    ),
    ("mooring.internal.v1.Backend", &["DescribeAttachment", "DescribeNode", "TakeOrders"]),
    ("pluginregistration.Registration", &["GetInfo", "NotifyRegistrationStatus"]),
];

/// The stream on which a node takes orders: the only one that goes both ways.
const ORDERS: &str = "/mooring.internal.v1.Backend/TakeOrders";

/// What stands for a name that is not in the set.
const OTHER: &str = "other";

/// Service and method of a request's path, `/service/method`.
pub(crate) fn of(path: &str) -> (&'static str, &'static str) {
    let (service, method) = split(path);
    let Some((service, methods)) = SERVICES.iter().find(|(name, _)| *name == service) else {
        return (OTHER, OTHER);
    };
    (service, methods.iter().find(|name| **name == method).copied().unwrap_or(OTHER))
}

/// Whether a path's answer is a stream of messages.
pub(crate) fn streams(path: &str) -> bool {
    split(path).0 == "csi.v1.SnapshotMetadata" || path == ORDERS
}

/// The two parts of a path; empty where one is missing.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.strip_prefix('/').and_then(|path| path.split_once('/')).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_those_of_the_protocol() {
        let files =
            prost_types::FileDescriptorSet::decode(mooring_proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut wanted = BTreeSet::new();
        for file in &files.file {
            for service in &file.service {
                for method in &service.method {
                    wanted.insert(format!(
                        "{}.{}/{}",
                        file.package(),
                        service.name(),
                        method.name()
                    ));
                }
            }
        }
        let found: BTreeSet<_> = SERVICES
            .iter()
            .flat_map(|(service, methods)| methods.iter().map(move |m| format!("{service}/{m}")))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn streams_are_those_of_the_protocol() {
        let files =
            prost_types::FileDescriptorSet::decode(mooring_proto::FILE_DESCRIPTOR_SET).unwrap();
        for file in &files.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    assert_eq!(streams(&path), method.server_streaming(), "{path}");
                    assert_eq!(path == ORDERS, method.client_streaming(), "{path}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_has_one_name() {
        assert_eq!(of("/csi.v1.Node/NodeStageVolume"), ("csi.v1.Node", "NodeStageVolume"));
        assert_eq!(of("/csi.v1.Node/x1"), ("csi.v1.Node", "other"));
        for path in ["", "/", "//", "/x/y", "csi.v1.Node/NodeStageVolume"] {
            assert_eq!(of(path), ("other", "other"), "{path}");
        }
    }
}

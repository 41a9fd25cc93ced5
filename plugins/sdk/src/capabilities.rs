//! Which uses of a volume a backend serves.

use alloc::string::String;

use crate::types::{AccessMode, AccessType, Capability};

/// What a backend's volumes can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    /// Volumes can be raw devices.
    pub block: bool,
    /// Volumes can be file systems.
    pub mount: bool,
    /// Volumes can be on several nodes at once.
    pub several_nodes: bool,
}

impl Uses {
    /// Why these capabilities cannot all be served, as a sentence; none: they can.
    #[must_use]
    pub fn objection(&self, capabilities: &[Capability]) -> Option<&'static str> {
        capabilities.iter().find_map(|capability| self.object(capability))
    }

    fn object(&self, capability: &Capability) -> Option<&'static str> {
        match capability.access {
            AccessType::Block if !self.block => {
                return Some(
                    "these volumes are directories and cannot be raw devices; ask for mount",
                );
            }
            AccessType::Mount(_) if !self.mount => {
                return Some("these volumes are raw devices without a file system; ask for block");
            }
            AccessType::Block | AccessType::Mount(_) => {}
        }
        match capability.mode {
            AccessMode::MultiNodeReaderOnly
            | AccessMode::MultiNodeSingleWriter
            | AccessMode::MultiNodeMultiWriter
                if !self.several_nodes =>
            {
                Some("these volumes are on one node; ask for one of the single-node access modes")
            }
            AccessMode::SingleNodeWriter
            | AccessMode::SingleNodeReaderOnly
            | AccessMode::SingleNodeSingleWriter
            | AccessMode::SingleNodeMultiWriter
            | AccessMode::MultiNodeReaderOnly
            | AccessMode::MultiNodeSingleWriter
            | AccessMode::MultiNodeMultiWriter => None,
        }
    }
}

/// A capability as CSI spells it, by which two uses of a volume are told apart.
#[must_use]
pub fn usage(capability: &Capability) -> String {
    let mode = match capability.mode {
        AccessMode::SingleNodeWriter => "SINGLE_NODE_WRITER",
        AccessMode::SingleNodeReaderOnly => "SINGLE_NODE_READER_ONLY",
        AccessMode::MultiNodeReaderOnly => "MULTI_NODE_READER_ONLY",
        AccessMode::MultiNodeSingleWriter => "MULTI_NODE_SINGLE_WRITER",
        AccessMode::MultiNodeMultiWriter => "MULTI_NODE_MULTI_WRITER",
        AccessMode::SingleNodeSingleWriter => "SINGLE_NODE_SINGLE_WRITER",
        AccessMode::SingleNodeMultiWriter => "SINGLE_NODE_MULTI_WRITER",
    };
    match &capability.access {
        AccessType::Block => [mode, " block"].concat(),
        AccessType::Mount(fs_type) => [mode, " mount ", fs_type].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objection(uses: Uses, access: AccessType, mode: AccessMode) -> bool {
        uses.objection(&[Capability { access, mode }]).is_some()
    }

    #[test]
    fn each_limit_is_told() {
        let image = Uses { block: true, mount: true, several_nodes: false };
        let directory = Uses { block: false, ..image };
        let device = Uses { mount: false, several_nodes: true, ..image };
        let ext4 = || AccessType::Mount("ext4".into());
        assert!(!objection(image, AccessType::Block, AccessMode::SingleNodeWriter));
        assert!(!objection(image, ext4(), AccessMode::SingleNodeMultiWriter));
        assert!(objection(image, ext4(), AccessMode::MultiNodeReaderOnly));
        assert!(objection(image, ext4(), AccessMode::MultiNodeSingleWriter));
        assert!(objection(directory, AccessType::Block, AccessMode::SingleNodeWriter));
        assert!(objection(device, ext4(), AccessMode::SingleNodeWriter));
        assert!(!objection(device, AccessType::Block, AccessMode::MultiNodeMultiWriter));
    }

    #[test]
    fn one_bad_capability_among_good_ones_is_found() {
        let image = Uses { block: true, mount: true, several_nodes: false };
        let good = Capability { access: AccessType::Block, mode: AccessMode::SingleNodeReaderOnly };
        let bad = Capability { mode: AccessMode::MultiNodeMultiWriter, ..good.clone() };
        assert!(image.objection(std::slice::from_ref(&good)).is_none());
        assert!(image.objection(&[good, bad]).is_some());
    }
}

//! What can be changed of a volume while it lives, and is enforced by its node.

use mooring_sdk::modification::{Modification, NodeLimits};
use mooring_sdk::parameters::Parameters;
use mooring_sdk::records::Found;
use mooring_sdk::types::StringMap;
use mooring_sdk::{Result, Secrets, Services};
use serde::{Deserialize, Serialize};

use crate::ImageFile;
use crate::record::{VOLUMES, Volume};

/// The mutable parameters of a volume; none: not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tuning {
    /// Operations a second; 0 is no limit.
    read_iops: Option<u64>,
    write_iops: Option<u64>,
    /// Bytes a second; 0 is no limit.
    read_bandwidth: Option<u64>,
    write_bandwidth: Option<u64>,
    discard: Option<bool>,
}

impl Tuning {
    /// Takes those that are given.
    ///
    /// # Errors
    /// `InvalidArgument` for a value that cannot be.
    pub(crate) fn take(parameters: &mut Parameters<'_>) -> Result<Self> {
        Ok(Self {
            read_iops: parameters.take_quantity("readIops")?,
            write_iops: parameters.take_quantity("writeIops")?,
            read_bandwidth: parameters.take_quantity("readBandwidth")?,
            write_bandwidth: parameters.take_quantity("writeBandwidth")?,
            discard: parameters.take_switch("discard")?,
        })
    }

    /// Reads a map that may hold no others.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown parameter or a value that cannot be.
    pub(crate) fn read(mutable_parameters: &StringMap) -> Result<Self> {
        let mut parameters = Parameters::read(&[mutable_parameters]);
        let tuning = Self::take(&mut parameters)?;
        parameters.finish()?;
        Ok(tuning)
    }

    /// These, and where they say nothing, what `earlier` says.
    pub(crate) fn over(self, earlier: Self) -> Self {
        Self {
            read_iops: self.read_iops.or(earlier.read_iops),
            write_iops: self.write_iops.or(earlier.write_iops),
            read_bandwidth: self.read_bandwidth.or(earlier.read_bandwidth),
            write_bandwidth: self.write_bandwidth.or(earlier.write_bandwidth),
            discard: self.discard.or(earlier.discard),
        }
    }

    fn limits(self) -> Option<NodeLimits> {
        let Self { read_iops, write_iops, read_bandwidth, write_bandwidth, discard } = self;
        let limits = NodeLimits {
            read_iops: read_iops.unwrap_or(0),
            write_iops: write_iops.unwrap_or(0),
            read_bandwidth: read_bandwidth.unwrap_or(0),
            write_bandwidth: write_bandwidth.unwrap_or(0),
            discard,
        };
        let none = NodeLimits {
            read_iops: 0,
            write_iops: 0,
            read_bandwidth: 0,
            write_bandwidth: 0,
            discard: None,
        };
        (limits != none).then_some(limits)
    }
}

impl<H: Services> Modification for ImageFile<H> {
    fn modify(&self, id: &str, mutable_parameters: &StringMap, _secrets: &Secrets) -> Result<()> {
        let asked = Tuning::read(mutable_parameters)?;
        let Found { value, version } = VOLUMES.find(&self.0, id)?;
        let tuning = asked.over(value.tuning);
        if tuning != value.tuning {
            VOLUMES.replace(&self.0, id, &Volume { tuning, ..value }, version)?;
        }
        Ok(())
    }

    fn limits(&self, id: &str) -> Result<Option<NodeLimits>> {
        Ok(VOLUMES.find(&self.0, id)?.value.tuning.limits())
    }
}

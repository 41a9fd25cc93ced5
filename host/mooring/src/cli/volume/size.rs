//! Sizes on the command line: `512MiB`, `10GiB`, Kubernetes' `10Gi`, or plain bytes.

use std::str::FromStr;

use bytesize::ByteSize;
use mooring_proto::csi::v1::CapacityRange;

/// A size above zero that CSI can carry, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(i64);

impl Size {
    pub(crate) fn bytes(self) -> i64 {
        self.0
    }

    /// What a driver says, where 0 means that it does not know.
    pub(crate) fn known(bytes: i64) -> Option<Self> {
        (bytes > 0).then_some(Self(bytes))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write it like 64MiB, 10GiB or 1073741824";
        let size: ByteSize = text.parse().map_err(|_| format!("no size; {wanted}"))?;
        match i64::try_from(size.as_u64()) {
            Ok(0) => Err(format!("a size must be above zero; {wanted}")),
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(format!("above what CSI can express, 8 EiB; {wanted}")),
        }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::output::human(self.0))
    }
}

/// CSI's range; none where neither bound is given.
pub(super) fn range(required: Option<Size>, limit: Option<Size>) -> Option<CapacityRange> {
    let bytes = |size: Option<Size>| size.map_or(0, Size::bytes);
    (required.is_some() || limit.is_some())
        .then(|| CapacityRange { required_bytes: bytes(required), limit_bytes: bytes(limit) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_decimal_and_plain() {
        let bytes = |text: &str| text.parse::<Size>().map(Size::bytes);
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("10Gi"), Ok(10 << 30));
        assert_eq!(bytes("1.5 GiB"), Ok(3 << 29));
        assert_eq!(bytes("10GB"), Ok(10_000_000_000));
        assert_eq!(bytes("512"), Ok(512));
        for bad in ["", "0", "-1", "ten", "1 parsec", "9EiB", "18446744073709551616"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}

//! Sizes in bytes.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A number of bytes as people write it, and Kubernetes: `500M`, `1.5Gi`, `10GiB`, `1e9`.
///
/// Source: kubernetes `apimachinery/pkg/api/resource`, the grammar of Quantity, without its parts
/// of a byte (`m`); a `B` behind a unit is taken, too.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Quantity(u64);

impl Quantity {
    /// As a number.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Quantity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        bytes(text).map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Error::invalid(format!("{shown:?} is no size; such as 500M or 1.5Gi is wanted"))
        })
    }
}

impl TryFrom<String> for Quantity {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.to_string()
    }
}

/// Rounded up to whole bytes, as Kubernetes does.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || whole.len() > 20 || part.len() > 9 || part.contains('.') {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let part: u128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let scaled = whole.parse::<u128>().ok()?.checked_mul(scale)?.checked_add(part)?;
    u64::try_from(scaled.checked_mul(factor(unit)?)?.div_ceil(scale)).ok()
}

fn factor(unit: &str) -> Option<u128> {
    let exponent = unit.strip_prefix(['e', 'E']).filter(|digits| !digits.is_empty());
    if let Some(digits) = exponent
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        return 10_u128.checked_pow(digits.parse().ok().filter(|power| *power <= 18)?);
    }
    let unit = if unit.len() > 1 { unit.strip_suffix('B').unwrap_or(unit) } else { unit };
    let (letter, base) = match unit.strip_suffix('i') {
        Some(letter) => (letter, 1024_u128),
        None => (unit, 1000),
    };
    let power = match letter {
        "" if base == 1000 => 0,
        "k" if base == 1000 => 1,
        "K" if base == 1024 => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return None,
    };
    Some(base.pow(power))
}

/// CSI's CapacityRange: at least `required`, at most `limit` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapacityRange {
    required: Option<u64>,
    limit: Option<u64>,
}

impl CapacityRange {
    /// Checks and takes a range; zero means "not set", as in proto3.
    ///
    /// # Errors
    /// `InvalidArgument` when a bound is negative, or the limit is below what is required.
    pub fn new(required: i64, limit: i64) -> Result<Self> {
        let bound = |name: &str, value: i64| match u64::try_from(value) {
            Ok(0) => Ok(None),
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(Error::invalid(format!(
                "capacity_range.{name} is {value}; it must not be negative"
            ))),
        };
        let required = bound("required_bytes", required)?;
        let limit = bound("limit_bytes", limit)?;
        if let (Some(required), Some(limit)) = (required, limit)
            && required > limit
        {
            return Err(Error::invalid(format!(
                "capacity_range.required_bytes {required} is above limit_bytes {limit}"
            )));
        }
        Ok(Self { required, limit })
    }

    /// The least size that will do.
    #[must_use]
    pub fn required(&self) -> Option<u64> {
        self.required
    }

    /// The greatest size that will do.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Whether a size lies within.
    #[must_use]
    pub fn contains(&self, bytes: u64) -> bool {
        self.required.is_none_or(|least| bytes >= least)
            && self.limit.is_none_or(|most| bytes <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, bytes) in [
            ("0", 0),
            ("1073741824", 1 << 30),
            ("1Gi", 1 << 30),
            ("1GiB", 1 << 30),
            ("1.5Gi", 3 << 29),
            ("500M", 500_000_000),
            ("500MB", 500_000_000),
            ("64Ki", 65_536),
            ("2k", 2000),
            ("1e9", 1_000_000_000),
            ("2E3", 2000),
            ("1E", 1_000_000_000_000_000_000),
            ("0.3", 1),
        ] {
            assert_eq!(text.parse::<Quantity>().unwrap().bytes(), bytes, "{text}");
        }
        for bad in [
            "",
            "Gi",
            "-1",
            "+1",
            "1 Gi",
            "1gi",
            "1Kii",
            "1K",
            "1m",
            "1.2.3",
            ".5",
            "1e",
            "1e99",
            "99999999999999999999",
            "100E",
            "1i",
            "B",
            "1B1",
        ] {
            assert!(bad.parse::<Quantity>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bounds() {
        assert!(CapacityRange::new(-1, 0).is_err());
        assert!(CapacityRange::new(2, 1).is_err());
        let range = CapacityRange::new(10, 20).unwrap();
        assert!(range.contains(10) && range.contains(20));
        assert!(!range.contains(9) && !range.contains(21));
        assert!(CapacityRange::new(0, 0).unwrap().contains(u64::MAX));
    }
}

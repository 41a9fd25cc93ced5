//! Reading a StorageClass's parameters, so that none is overlooked.

use alloc::format;
use alloc::vec::Vec;

use crate::error::{Error, Result};
use crate::types::StringMap;

/// Keys with this prefix come from the orchestrator itself (the claim's name, say) whatever the
/// StorageClass says; no backend has to know them.
const ORCHESTRATOR: &str = "csi.storage.k8s.io/";

/// Parameters that are being read: [`take`](Self::take) each known one, then
/// [`finish`](Self::finish), which refuses the rest.
#[derive(Debug)]
pub struct Parameters<'a> {
    given: Vec<(&'a str, &'a str)>,
    known: Vec<&'static str>,
}

impl<'a> Parameters<'a> {
    /// Starts to read. Maps further to the right override those before (CSI's
    /// `mutable_parameters` override `parameters`).
    #[must_use]
    pub fn read(maps: &[&'a StringMap]) -> Self {
        let mut given: Vec<(&str, &str)> = Vec::new();
        for (name, value) in maps.iter().flat_map(|map| map.iter()) {
            given.retain(|(earlier, _)| earlier != name);
            if !name.starts_with(ORCHESTRATOR) {
                given.push((name, value));
            }
        }
        Self { given, known: Vec::new() }
    }

    /// The value of a parameter that the backend knows, if it was given.
    pub fn take(&mut self, name: &'static str) -> Option<&'a str> {
        self.known.push(name);
        let at = self.given.iter().position(|(given, _)| *given == name)?;
        Some(self.given.swap_remove(at).1)
    }

    /// The value of a parameter that is a [`quantity`], if it was given.
    ///
    /// # Errors
    /// `InvalidArgument` for one that is none.
    pub fn take_quantity(&mut self, name: &'static str) -> Result<Option<u64>> {
        self.take(name)
            .map(|text| {
                quantity(text).ok_or_else(|| unfit(name, "a number such as 500, 10k or 64Mi"))
            })
            .transpose()
    }

    /// The value of a parameter that is `true` or `false`, if it was given.
    ///
    /// # Errors
    /// `InvalidArgument` for anything else.
    pub fn take_switch(&mut self, name: &'static str) -> Result<Option<bool>> {
        self.take(name)
            .map(|text| match text {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(unfit(name, "true or false")),
            })
            .transpose()
    }

    /// Ends reading.
    ///
    /// # Errors
    /// `InvalidArgument` for a parameter that was not taken, with the list of those that were.
    pub fn finish(self) -> Result<()> {
        let Some((unknown, _)) = self.given.first() else { return Ok(()) };
        Err(Error::invalid_argument(match self.known.is_empty() {
            true => format!("the parameter {unknown:?} is not known; this backend has none"),
            false => format!(
                "the parameter {unknown:?} is not known; this backend knows: {}",
                self.known.join(", ")
            ),
        }))
    }
}

/// Values may be private, so that none is shown.
fn unfit(name: &str, wanted: &str) -> Error {
    Error::invalid_argument(format!("the parameter {name} cannot be that; write {wanted}"))
}

/// A whole number, alone or times `k`, `M`, `G`, `T`, `P` (1000 each) or `Ki`, `Mi`, `Gi`, `Ti`,
/// `Pi` (1024 each), as Kubernetes writes its quantities; none where the text is no such number,
/// or one of over 64 bits. In a JSON Schema: `^[0-9]+([kMGTP]|[KMGTP]i)?$`.
#[must_use]
pub fn quantity(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 10] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
    ];
    let in_unit = |(unit, factor): &(&str, u64)| Some((text.strip_suffix(unit)?, *factor));
    let (digits, factor) = UNITS.iter().find_map(in_unit).unwrap_or((text, 1));
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn map(pairs: &[(&str, &str)]) -> StringMap {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn unknown_ones_are_refused_with_those_that_are_known() {
        let given = map(&[("pool", "fast"), ("colour", "blue")]);
        let mut parameters = Parameters::read(&[&given]);
        assert_eq!(parameters.take("pool"), Some("fast"));
        assert_eq!(parameters.take("tier"), None);
        let error = parameters.finish().unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument);
        assert!(error.message.contains("colour") && error.message.contains("pool, tier"));
        assert!(!error.message.contains("blue"), "values may be private: {error}");
    }

    #[test]
    fn mutable_ones_override_and_the_orchestrators_own_are_left_out() {
        let class = map(&[("tier", "slow"), ("csi.storage.k8s.io/pvc/name", "data")]);
        let mutable = map(&[("tier", "fast")]);
        let mut parameters = Parameters::read(&[&class, &mutable]);
        assert_eq!(parameters.take("tier"), Some("fast"));
        assert_eq!(parameters.finish(), Ok(()));
    }

    #[test]
    fn quantities_are_numbers_with_a_unit_or_without() {
        for (text, number) in [
            ("0", Some(0)),
            ("500", Some(500)),
            ("10k", Some(10_000)),
            ("64Mi", Some(64 << 20)),
            ("3Pi", Some(3 << 50)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("16384Pi", None),
            ("", None),
            ("k", None),
            ("-1", None),
            ("+1", None),
            ("1.5k", None),
            ("1K", None),
            ("1 k", None),
            ("1MB", None),
        ] {
            assert_eq!(quantity(text), number, "{text:?}");
        }
    }

    #[test]
    fn unfit_values_are_refused_by_name() {
        let given = map(&[("rate", "secret"), ("trim", "yes"), ("most", "1Ki"), ("on", "true")]);
        let mut parameters = Parameters::read(&[&given]);
        for error in [
            parameters.take_quantity("rate").unwrap_err(),
            parameters.take_switch("trim").unwrap_err(),
        ] {
            assert_eq!(error.code, Code::InvalidArgument);
            assert!(!error.message.contains("secret") && !error.message.contains("yes"), "{error}");
        }
        assert_eq!(parameters.take_quantity("most"), Ok(Some(1024)));
        assert_eq!(parameters.take_switch("on"), Ok(Some(true)));
        assert_eq!(parameters.take_quantity("none"), Ok(None));
        assert_eq!(parameters.finish(), Ok(()));
    }
}

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
}

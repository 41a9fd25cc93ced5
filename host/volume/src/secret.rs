//! Secrets: values that can't be printed, compared by accident, or written to disk.

mod blot;

use std::collections::BTreeMap;

/// One secret value. It has no Display, Serialize or PartialEq on purpose, and its Debug shows
/// nothing of it: each use has to say `expose`. Its bytes are overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// Takes a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// The value, for the one request that it is for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The secrets of one call, by name.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Names and values, in the names' order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), secret))
    }

    /// One secret.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// These without the ones of the given names.
    #[must_use]
    pub fn without(&self, names: &std::collections::BTreeSet<String>) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(*name));
        Self(kept.map(|(name, secret)| (name.clone(), secret.clone())).collect())
    }
}

impl FromIterator<(String, String)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
    }
}

/// Shows how many there are and nothing else, so that requests can still derive Debug.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} secrets]", self.0.len())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_name_nor_value_is_printed() {
        let secrets: Secrets = [("token".to_owned(), "hunter2".to_owned())].into_iter().collect();
        assert_eq!(format!("{secrets:?}"), "[1 secrets]");
        assert_eq!(format!("{:?}", secrets.get("token")), "Some([secret])");
    }

    #[test]
    fn what_is_left_out_is_gone() {
        let pairs = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let kept = pairs.into_iter().collect::<Secrets>().without(&["b".to_owned()].into());
        assert_eq!(kept.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
    }
}

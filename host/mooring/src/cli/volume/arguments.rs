//! Arguments that several commands take: `key=value` pairs, secrets from files, absolute paths.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::failure::Failure;

/// `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            Some(_) | None => Err("write it as key=value".to_owned()),
        }
    }
}

/// The pairs of a repeated flag as CSI's map.
pub(super) fn map(flag: &str, pairs: Vec<Pair>) -> Result<BTreeMap<String, String>, Failure> {
    let mut map = BTreeMap::new();
    for Pair { key, value } in pairs {
        if map.contains_key(&key) {
            return Err(Failure::Usage(format!("{flag} names {key:?} twice")));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// Secrets of a call. They come from files or stdin alone: arguments are seen by every user of the
/// machine, and kept by shells.
#[derive(Debug, Default, Clone, Args)]
pub(super) struct SecretArgs {
    /// A secret for the driver, read from a file, or from stdin where PATH is `-`. A line break at
    /// its end is dropped. May be repeated.
    #[arg(long = "secret-file", value_name = "KEY=PATH")]
    files: Vec<Pair>,
}

impl SecretArgs {
    pub(super) fn read(self) -> Result<BTreeMap<String, String>, Failure> {
        let mut secrets = map("--secret-file", self.files)?;
        if secrets.values().filter(|path| *path == "-").count() > 1 {
            return Err(Failure::Usage("--secret-file: stdin can hold one secret only".to_owned()));
        }
        for value in secrets.values_mut() {
            *value = read_secret(Path::new(&*value))?;
        }
        Ok(secrets)
    }
}

fn read_secret(path: &Path) -> Result<String, Failure> {
    let text = if path == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let mut text = text.map_err(|source| Failure::Local {
        doing: "read a secret from",
        path: path.to_owned(),
        source,
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// A path as CSI wants it: absolute, and text.
pub(super) fn absolute(path: &Path) -> Result<String, Failure> {
    let whole = std::path::absolute(path).map_err(|source| Failure::Local {
        doing: "find the absolute path of",
        path: path.to_owned(),
        source,
    })?;
    whole.into_os_string().into_string().map_err(|name| {
        Failure::Usage(format!("{} is not UTF-8, which CSI needs", PathBuf::from(name).display()))
    })
}

/// Makes a directory and what is missing above it, open to root and its group alone, as kubelet
/// does. Whether there was none before.
pub(super) fn make_directory(path: &str) -> Result<bool, Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let missing = !Path::new(path).is_dir();
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o750).create(path);
    made.map(|()| missing).map_err(|source| Failure::Local {
        doing: "make the directory",
        path: path.into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_split_at_the_first_equals_sign() {
        let pair = |text: &str| text.parse::<Pair>().map(|pair| (pair.key, pair.value));
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err() && pair("a").is_err());
    }

    #[test]
    fn a_key_given_twice_is_a_mistake() {
        let pairs = vec!["a=1".parse().unwrap(), "a=2".parse().unwrap()];
        let failure = map("--parameter", pairs).unwrap_err();
        assert_eq!(failure.to_string(), "--parameter names \"a\" twice");
    }

    #[test]
    fn a_secret_loses_one_line_break() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (written, read) in [("s3cret\n", "s3cret"), ("a\n\n", "a\n"), ("a\r\n", "a"), ("", "")]
        {
            std::fs::write(file.path(), written).unwrap();
            assert_eq!(read_secret(file.path()).unwrap(), read);
        }
    }
}

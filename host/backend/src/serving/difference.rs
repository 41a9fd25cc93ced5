//! What a version would change, as data, and as lines that a person reads before granting it.

use std::collections::BTreeSet;
use std::fmt;

use mooring_volume::{Abilities, Ability};
use serde::Serialize;
use serde_json::Value;

use crate::driver::DriverConfig;

/// What a candidate has otherwise than the version that serves. All of it empty: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Names and versions with their digests, from and to, where the component is another one.
    pub component: Option<[String; 2]>,
    /// What the driver advertises. Sidecars ask for it when they start, and not again.
    pub abilities: Changes<Ability>,
    /// What the component imports.
    pub imports: Changes<String>,
    /// What the operator grants, a line each.
    pub grants: Changes<String>,
    /// What the component imports and the operator does not grant: it is refused.
    pub ungranted: Vec<Ungranted>,
    /// Keys of `config` that have other values.
    pub config: Vec<String>,
    /// `limits`, from and to.
    pub limits: Option<[String; 2]>,
    /// The schema of the driver's state, from and to: it will be migrated.
    pub state_schema: Option<[u32; 2]>,
}

/// What came and what went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes<T: Ord> {
    /// There is more of.
    pub added: BTreeSet<T>,
    /// There is no more.
    pub removed: BTreeSet<T>,
}

/// An import that the driver is not granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ungranted {
    /// Such as `mooring:host/pool@0.1.0`.
    pub import: String,
    /// The key of the configuration that would allow it, such as `grants.pools`.
    pub grant: String,
}

impl<T: Ord> Default for Changes<T> {
    fn default() -> Self {
        Self { added: BTreeSet::new(), removed: BTreeSet::new() }
    }
}

impl<T: Ord + Clone> Changes<T> {
    /// From one set to another.
    #[must_use]
    pub fn between(from: &BTreeSet<T>, to: &BTreeSet<T>) -> Self {
        Self {
            added: to.difference(from).cloned().collect(),
            removed: from.difference(to).cloned().collect(),
        }
    }
}

impl<T: Ord> Changes<T> {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What is compared of a version.
pub(crate) struct Side<'a> {
    pub(crate) component: String,
    pub(crate) imports: &'a [String],
    pub(crate) config: &'a DriverConfig,
}

impl Difference {
    /// Of what is known before a candidate is compiled.
    pub(crate) fn of_outlines(from: &Side<'_>, to: &Side<'_>) -> Self {
        let imports = |side: &Side<'_>| side.imports.iter().cloned().collect::<BTreeSet<_>>();
        let (old, new) = (from.config, to.config);
        let limits = |config: &DriverConfig| {
            let limits = config.limits;
            let (memory, deadline) = (limits.memory, limits.deadline);
            format!("memory {memory}, deadline {deadline:?}, concurrency {}", limits.concurrency)
        };
        Self {
            component: (from.component != to.component)
                .then(|| [from.component.clone(), to.component.clone()]),
            imports: Changes::between(&imports(from), &imports(to)),
            grants: Changes::between(&granted(old), &granted(new)),
            config: keys_that_differ(&old.config, &new.config),
            limits: (old.limits != new.limits).then(|| [limits(old), limits(new)]),
            ..Self::default()
        }
    }

    pub(crate) fn with_abilities(mut self, from: &Abilities, to: &Abilities) -> Self {
        self.abilities = Changes::between(from, to);
        self
    }

    /// Whether both are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The grants, a line each: the path of the key, and one value.
fn granted(config: &DriverConfig) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    // Grants are plain data, which can always be written.
    flatten("", &serde_json::to_value(&config.grants).unwrap_or_default(), &mut lines);
    lines
}

fn flatten(path: &str, value: &Value, lines: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, lines);
            }
        }
        Value::Array(items) => lines.extend(items.iter().map(|item| match item {
            Value::String(text) => format!("{path}: {text}"),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => format!("{path}: {item}"),
        })),
        Value::String(text) => {
            lines.insert(format!("{path}: {text}"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            lines.insert(format!("{path}: {value}"));
        }
    }
}

/// The uppermost keys that differ; never their values, which can be what nobody shall read.
fn keys_that_differ(from: &Value, to: &Value) -> Vec<String> {
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().into_iter().flat_map(serde_json::Map::keys).cloned().collect()
    };
    let all = &keys(from) | &keys(to);
    all.into_iter().filter(|key| from.get(key) != to.get(key)).collect()
}

impl fmt::Display for Ungranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, which needs {}", self.import, self.grant)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no difference");
        }
        let mut lines: Vec<(&str, String)> = Vec::new();
        let arrow = |[from, to]: &[String; 2]| format!("{from} → {to}");
        lines.extend(self.component.iter().map(|pair| ("component", arrow(pair))));
        lines.extend(changes("abilities", &self.abilities, |ability| {
            serde_json::to_value(ability)
                .ok()
                .and_then(|text| text.as_str().map(str::to_owned))
                .unwrap_or_default()
        }));
        lines.extend(changes("imports", &self.imports, String::clone));
        lines.extend(changes("grants", &self.grants, String::clone));
        lines.extend(self.config.iter().map(|key| ("config", format!("~ {key}"))));
        lines.extend(self.limits.iter().map(|pair| ("limits", arrow(pair))));
        lines.extend(
            self.state_schema.iter().map(|[from, to]| ("state schema", format!("{from} → {to}"))),
        );
        lines.extend(self.ungranted.iter().map(|import| ("not granted", import.to_string())));
        for (number, (what, line)) in lines.iter().enumerate() {
            let end = if number + 1 == lines.len() { "" } else { "\n" };
            write!(f, "{what:<13} {line}{end}")?;
        }
        Ok(())
    }
}

fn changes<T: Ord>(
    what: &'static str,
    changes: &Changes<T>,
    word: impl Fn(&T) -> String,
) -> Vec<(&'static str, String)> {
    if changes.is_empty() {
        return Vec::new();
    }
    let added = changes.added.iter().map(|item| (what, format!("+ {}", word(item))));
    let removed = changes.removed.iter().map(|item| (what, format!("- {}", word(item))));
    added.chain(removed).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mooring_volume::DriverName;
    use mooring_volume::attachment::AttachmentKind;
    use mooring_volume::policy::Grants;

    use super::*;
    use crate::Limits;

    fn config(config: Value, pool: &str) -> DriverConfig {
        DriverConfig {
            name: DriverName::new("a.example").unwrap(),
            config,
            grants: Grants {
                pools: [(pool.to_owned(), PathBuf::from("/pool"))].into(),
                attachments: [AttachmentKind::ImageFile].into(),
                ..Grants::default()
            },
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_person_reads_what_changes_and_no_value_of_the_config() {
        let old = config(serde_json::json!({"url": "a", "same": 1}), "default");
        let new = config(serde_json::json!({"url": "b", "same": 1, "token": "s3cret"}), "fast");
        let from = Side { component: "x 1".into(), imports: &["a".into()], config: &old };
        let to = Side { component: "x 2".into(), imports: &["b".into()], config: &new };
        let mut difference = Difference::of_outlines(&from, &to)
            .with_abilities(&[Ability::Listing].into(), &[Ability::Snapshots].into());
        difference.state_schema = Some([0, 2]);
        difference.ungranted = vec![Ungranted { import: "b".into(), grant: "grants.http".into() }];
        let text = difference.to_string();
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "component x 1 → x 2",
                "abilities + snapshots",
                "abilities - listing",
                "imports + b",
                "imports - a",
                "grants + pools.fast: /pool",
                "grants - pools.default: /pool",
                "config ~ token",
                "config ~ url",
                "state schema 0 → 2",
                "not granted b, which needs grants.http",
            ]
        );
        assert!(!text.contains("s3cret"));
        assert!(Difference::of_outlines(&from, &from).is_empty());
    }
}

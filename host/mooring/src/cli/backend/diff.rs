//! `mooring backend diff`: what changes for an operator who replaces one component by another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use bytesize::ByteSize;
use clap::Args;
use mooring_backend::Inspection;
use serde::Serialize;
use serde_json::Value;

use super::inspect::{abilities, looked_into};
use super::reach::ReachArgs;
use super::{Output, Refusal, answer};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring backend diff old.wasm new.wasm\n  \
    mooring backend diff embedded:image-file oci://ghcr.io/vendor/backend:1.2.0 -o json")]
pub(crate) struct Diff {
    /// The component that is there: a .wasm file, embedded:NAME, or oci://registry/repository:tag.
    old: String,
    /// The one that would replace it.
    new: String,
    /// Table or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    pub(super) output: Output,
    #[command(flatten)]
    reach: ReachArgs,
}

/// What was, and what would be; absent where both are the same.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change<T> {
    old: T,
    new: T,
}

/// What comes and what goes.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Names {
    added: Vec<String>,
    removed: Vec<String>,
}

/// Everything that an operator would have to know.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    same: bool,
    digest: Change<String>,
    size: Change<u64>,
    backend: Change<Option<String>>,
    contract: Change<Option<String>>,
    abilities: Names,
    /// What the configuration would have to grant in addition, or no longer has to.
    grants_needed: Names,
    imports: Names,
    exports: Names,
    /// Keys of the configuration's schema, as JSON pointers, with what they say.
    schema: BTreeMap<String, Change<Option<Value>>>,
    /// Why the new one could not be loaded.
    problem: Option<String>,
}

impl Diff {
    pub(super) async fn run(self) -> Result<ExitCode, Refusal> {
        let mut found = Vec::new();
        for word in [&self.old, &self.new] {
            let candidate = self.reach.candidate(word, &|_, _| ()).await?;
            found.push(looked_into(word, candidate.bytes).await?);
        }
        let [old, new] = found.as_slice() else {
            return Err(Refusal::Usage("two components are compared".to_owned()));
        };
        let difference = Difference::of(old, new);
        answer(self.output, &difference, || difference.table())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Difference {
    fn of(old: &Inspection, new: &Inspection) -> Self {
        let name = |found: &Inspection| {
            found.info.as_ref().map(|info| format!("{} {}", info.name, info.version))
        };
        Self {
            same: old.digest == new.digest,
            digest: Change { old: old.digest.clone(), new: new.digest.clone() },
            size: Change { old: old.size, new: new.size },
            backend: Change { old: name(old), new: name(new) },
            contract: Change {
                old: old.contract_version.clone(),
                new: new.contract_version.clone(),
            },
            abilities: Names::of(&abilities(old), &abilities(new)),
            grants_needed: Names::of(&old.grants_needed, &new.grants_needed),
            imports: Names::of(&old.imports, &new.imports),
            exports: Names::of(&old.exports, &new.exports),
            schema: schema(old.schema.as_deref(), new.schema.as_deref()),
            problem: new.problem.clone(),
        }
    }

    /// A line a difference, `+` for what comes and `-` for what goes.
    fn table(&self) -> String {
        if self.same {
            return format!("both are sha256:{}\n", self.digest.new);
        }
        let mut text = String::new();
        let none = || "none".to_owned();
        let size = |bytes| ByteSize::b(bytes).to_string();
        let backend = |name: &Option<String>| name.clone().unwrap_or_else(none);
        let rows = [
            ("digest", self.digest.old.clone(), self.digest.new.clone()),
            ("size", size(self.size.old), size(self.size.new)),
            ("backend", backend(&self.backend.old), backend(&self.backend.new)),
            ("contract", backend(&self.contract.old), backend(&self.contract.new)),
        ];
        for (what, old, new) in rows.into_iter().filter(|(_, old, new)| old != new) {
            line(&mut text, what, &format!("{old} -> {new}"));
        }
        for (what, names) in [
            ("abilities", &self.abilities),
            ("grants needed", &self.grants_needed),
            ("imports", &self.imports),
            ("exports", &self.exports),
        ] {
            names.added.iter().for_each(|name| line(&mut text, what, &format!("+ {name}")));
            names.removed.iter().for_each(|name| line(&mut text, what, &format!("- {name}")));
        }
        for (pointer, Change { old, new }) in &self.schema {
            let change = match (old, new) {
                (None, Some(new)) => format!("+ {pointer}: {new}"),
                (Some(old), None) => format!("- {pointer}: {old}"),
                (Some(old), Some(new)) => format!("~ {pointer}: {old} -> {new}"),
                (None, None) => continue,
            };
            line(&mut text, "config schema", &change);
        }
        if let Some(problem) = &self.problem {
            line(&mut text, "problem", problem);
        }
        text
    }
}

/// Text of a component is not trusted by the terminal.
fn line(text: &mut String, what: &str, change: &str) {
    let change = crate::cli::volume::output::shown(change);
    // Writing to a string does not fail.
    let _ = writeln!(text, "{what:<14} {change}");
}

impl Names {
    fn of(old: &[String], new: &[String]) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        let (old, new) = (set(old), set(new));
        Self {
            added: new.difference(&old).cloned().collect(),
            removed: old.difference(&new).cloned().collect(),
        }
    }
}

/// Every value of two schemas that is not the same in both.
fn schema(old: Option<&str>, new: Option<&str>) -> BTreeMap<String, Change<Option<Value>>> {
    let flat = |text: Option<&str>| {
        let mut values = BTreeMap::new();
        if let Some(value) = text.and_then(|text| serde_json::from_str(text).ok()) {
            flatten("", &value, &mut values);
        }
        values
    };
    let (mut old, new) = (flat(old), flat(new));
    let mut changes = BTreeMap::new();
    for (pointer, new) in new {
        let old = old.remove(&pointer);
        if old.as_ref() != Some(&new) {
            changes.insert(pointer, Change { old, new: Some(new) });
        }
    }
    let gone =
        old.into_iter().map(|(pointer, old)| (pointer, Change { old: Some(old), new: None }));
    changes.extend(gone);
    changes
}

/// Values that have no keys of their own, by JSON pointer (RFC 6901).
fn flatten(pointer: &str, value: &Value, values: &mut BTreeMap<String, Value>) {
    if let Value::Object(map) = value
        && !map.is_empty()
    {
        for (key, value) in map {
            let key = key.replace('~', "~0").replace('/', "~1");
            flatten(&format!("{pointer}/{key}"), value, values);
        }
    } else {
        values.insert(pointer.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(imports: &[&str], schema: &str) -> Inspection {
        Inspection {
            digest: schema.len().to_string(),
            size: 1 << 20,
            contract_version: Some("0.1.0".to_owned()),
            exports: vec!["mooring:backend/volumes@0.1.0".to_owned()],
            imports: imports.iter().map(|&name| name.to_owned()).collect(),
            grants_needed: Vec::new(),
            abilities: mooring_volume::Abilities::default(),
            info: None,
            schema: Some(schema.to_owned()),
            problem: None,
        }
    }

    #[test]
    fn what_comes_and_goes_is_a_line_each() {
        let old = inspection(
            &["a", "b"],
            r#"{"properties": {"url": {"type": "string"}, "old": {}}, "required": ["url"]}"#,
        );
        let new = inspection(
            &["b", "c\u{1b}[2J"],
            r#"{"properties": {"url": {"type": "array"}}, "required": ["url"], "title": "x/y"}"#,
        );
        assert_eq!(
            Difference::of(&old, &new).table(),
            "digest         75 -> 79\n\
             imports        + c\\u{1b}[2J\n\
             imports        - a\n\
             config schema  - /properties/old: {}\n\
             config schema  ~ /properties/url/type: \"string\" -> \"array\"\n\
             config schema  + /title: \"x/y\"\n"
        );
        assert_eq!(Difference::of(&old, &old).table(), "both are sha256:75\n");
    }
}

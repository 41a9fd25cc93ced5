//! The configuration that the host follows: the base file and the objects as one. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What stands above it. YAML is a superset of JSON, which is written because it leaves nothing to be read in two ways.
const HEADING: &str = "# Written by mooring-operator of the configuration file and the Driver objects. What is written \
                       here by hand is overwritten: change those.\n";

/// An entry of `drivers` for each object, by its name.
pub type Entries = BTreeMap<String, Value>;

/// The entry of an object: what it says, with its name.
#[must_use]
pub fn entry(name: &str, spec: &Map<String, Value>) -> Value {
    let mut entry = Map::from_iter([("name".to_owned(), json!(name))]);
    // Another name in there would not be the object's.
    entry
        .extend(spec.iter().filter(|(key, _)| *key != "name").map(|(k, v)| (k.clone(), v.clone())));
    Value::Object(entry)
}

/// The names that the base file has drivers for.
#[must_use]
pub fn named(base: &Value) -> BTreeSet<&str> {
    let drivers = base.get("drivers").and_then(Value::as_array).into_iter().flatten();
    drivers.filter_map(|driver| driver.get("name")?.as_str()).collect()
}

/// The text of the whole: the base with the entries behind its own drivers, less those that it names itself.
///
/// # Errors
/// When the base is no mapping.
pub fn merge(base: &Value, entries: &Entries) -> anyhow::Result<String> {
    let named = named(base);
    let added = entries.iter().filter(|(name, _)| !named.contains(name.as_str()));
    let added: Vec<Value> = added.map(|(_, entry)| entry.clone()).collect();
    text(base, |drivers| drivers.extend(added))
}

/// A file with this entry as its only driver, by which the host's own check tells what is wrong with it.
///
/// # Errors
/// As [`merge`].
pub fn alone(base: &Value, entry: &Value) -> anyhow::Result<String> {
    text(base, |drivers| *drivers = vec![entry.clone()])
}

fn text(base: &Value, change: impl FnOnce(&mut Vec<Value>)) -> anyhow::Result<String> {
    let mut whole = match base {
        Value::Object(base) => base.clone(),
        Value::Null => Map::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            anyhow::bail!("a mapping of keys is wanted")
        }
    };
    let said = whole.contains_key("drivers");
    let mut drivers = match whole.remove("drivers") {
        Some(Value::Array(drivers)) => drivers,
        None | Some(Value::Null) => Vec::new(),
        Some(_) => anyhow::bail!("drivers: a list is wanted"),
    };
    change(&mut drivers);
    // A file that says that there are none means it; the host's own default is for files that say nothing.
    if drivers.is_empty() && said {
        whole.insert("defaultDriver".to_owned(), json!(false));
    }
    if said || !drivers.is_empty() {
        whole.insert("drivers".to_owned(), Value::Array(drivers));
    }
    Ok(format!("{HEADING}{}\n", serde_json::to_string_pretty(&whole)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap()
    }

    fn merged(base: &str, entries: &[(&str, Value)]) -> Value {
        let entries = entries
            .iter()
            .map(|(name, spec)| ((*name).to_owned(), entry(name, spec.as_object().unwrap())));
        read(&merge(&read(base), &entries.collect()).unwrap())
    }

    #[test]
    fn objects_come_behind_what_the_file_names_and_in_order() {
        let found = merged(
            "{stateDir: /s, drivers: [{name: z.example, backend: /z.wasm}]}",
            &[
                ("b.example", json!({"backend": "/b.wasm", "csi": "1.12"})),
                ("a.example", json!({"backend": "/a"})),
            ],
        );
        assert_eq!(
            found,
            json!({"stateDir": "/s", "drivers": [
                {"name": "z.example", "backend": "/z.wasm"},
                {"name": "a.example", "backend": "/a"},
                {"name": "b.example", "backend": "/b.wasm", "csi": "1.12"},
            ]})
        );
    }

    #[test]
    fn the_file_wins_over_an_object_of_its_name() {
        let found = merged(
            "drivers: [{name: a.example, backend: /file}]",
            &[("a.example", json!({"backend": "/object"}))],
        );
        assert_eq!(found, json!({"drivers": [{"name": "a.example", "backend": "/file"}]}));
    }

    #[test]
    fn an_object_cannot_take_another_name() {
        let found = merged("{}", &[("a.example", json!({"backend": "/a", "name": "b.example"}))]);
        assert_eq!(found, json!({"drivers": [{"name": "a.example", "backend": "/a"}]}));
    }

    #[test]
    fn no_driver_is_none_where_the_file_says_so_and_the_default_where_it_does_not() {
        assert_eq!(merged("drivers: []", &[]), json!({"drivers": [], "defaultDriver": false}));
        assert_eq!(merged("stateDir: /s", &[]), json!({"stateDir": "/s"}));
        assert_eq!(merged("", &[]), json!({}));
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for wrong in ["[a]", "drivers: 1"] {
            assert!(merge(&read(wrong), &Entries::new()).is_err(), "{wrong}");
        }
    }
}

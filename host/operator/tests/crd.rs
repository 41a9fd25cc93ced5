//! The CustomResourceDefinition is the one that the chart has, and has the keys of the configuration, no more and no less.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use mooring_operator::crd;
use serde_json::Value;

fn chart(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/chart").join(file)
}

#[test]
fn the_charts_definition_is_what_the_program_prints() {
    let (file, printed) = (chart("crds/drivers.yaml"), crd::yaml().unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &printed).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == printed,
        "write it anew: UPDATE=1 cargo test --release -p mooring-operator --test crd"
    );
}

/// The keys of a schema, as paths; references of JSON Schema followed.
fn keys(whole: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return keys(whole, whole.pointer(name.trim_start_matches('#')).unwrap(), path, found);
    }
    for (key, below) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{key}");
        found.insert(path.clone());
        keys(whole, below, &path, found);
    }
    if let Some(items) = schema.get("items") {
        keys(whole, items, &format!("{path}[]"), found);
    }
}

/// What a schema calls for, as paths.
fn required(whole: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return required(whole, whole.pointer(name.trim_start_matches('#')).unwrap(), path, found);
    }
    let wanted = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    found.extend(wanted.map(|key| format!("{path}.{}", key.as_str().unwrap())));
    for (key, below) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        required(whole, below, &format!("{path}.{key}"), found);
    }
    if let Some(items) = schema.get("items") {
        required(whole, items, &format!("{path}[]"), found);
    }
}

/// The choices of a schema, each with its path.
fn choices(whole: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return choices(whole, whole.pointer(name.trim_start_matches('#')).unwrap(), path, found);
    }
    found.extend(
        schema
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|it| format!("{path}={it}")),
    );
    for (key, below) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        choices(whole, below, &format!("{path}.{key}"), found);
    }
    if let Some(items) = schema.get("items") {
        choices(whole, items, &format!("{path}[]"), found);
    }
}

#[test]
fn its_keys_and_choices_are_the_configurations() {
    let text = std::fs::read_to_string(chart("values.schema.json")).unwrap();
    // Held against the program by tests/chart.
    let values: Value = serde_json::from_str(&text).unwrap();
    let definition = crd::definition().unwrap();
    let ours =
        definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").unwrap();
    let theirs = values.pointer("/definitions/driver").unwrap();
    for walk in [keys, choices, required] {
        let (mut of_objects, mut of_file) = (BTreeSet::new(), BTreeSet::new());
        walk(&definition, ours, "", &mut of_objects);
        walk(&values, theirs, "", &mut of_file);
        // The object's name is the driver's, and the chart's own is not the file's.
        of_file.retain(|key| key != ".name" && !key.starts_with(".kubernetes"));
        assert!(of_file.len() > 5, "{of_file:?}");
        assert_eq!(of_objects, of_file);
    }
}

#[test]
fn nothing_is_nullable_or_written_into_objects() {
    let definition = crd::definition().unwrap();
    let spec =
        definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").unwrap();
    let text = spec.to_string();
    for wrong in ["\"nullable\"", "\"default\":", "null"] {
        assert!(!text.contains(wrong), "{wrong} in {text}");
    }
    assert!(text.contains("x-kubernetes-validations"));
}

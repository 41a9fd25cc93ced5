//! The CustomResourceDefinition, as `mooring-operator crd` prints it and the chart has it.

use kube::CustomResourceExt as _;
use serde_json::{Value, json};

use crate::driver::Driver;

/// Source: CSI's specification, `GetPluginInfo`: a driver's name has 63 characters at most.
const LONGEST_NAME: usize = 63;

/// The definition as YAML.
///
/// # Errors
/// When it can't be written as YAML, which its own test would have found.
pub fn yaml() -> anyhow::Result<String> {
    let text = serde_saphyr::to_string(&definition()?)?;
    Ok(format!("# Printed by `mooring-operator crd`.\n{text}"))
}

/// The definition: what the types say, and what they cannot.
///
/// # Errors
/// When it is no JSON.
pub fn definition() -> anyhow::Result<Value> {
    let mut definition = serde_json::to_value(Driver::crd())?;
    let schema = "/spec/versions/0/schema/openAPIV3Schema";
    if let Some(spec) = definition.pointer_mut(&format!("{schema}/properties/spec")) {
        plain(spec);
    }
    if let Some(status) = definition.pointer_mut(&format!("{schema}/properties/status")) {
        without(status, &["default"]);
    }
    if let Some(Value::Object(whole)) = definition.pointer_mut(schema) {
        whole.insert(
            "x-kubernetes-validations".to_owned(),
            json!([{
                "rule": format!("self.metadata.name.size() <= {LONGEST_NAME}"),
                "message": format!("the object's name is the CSI driver's, which has {LONGEST_NAME} characters at most"),
            }]),
        );
    }
    Ok(definition)
}

/// What is left out is left out: no null in its place, and no default that the API server would write into the object.
fn plain(schema: &mut Value) {
    without(schema, &["nullable", "default"]);
}

/// Takes keywords out of a schema, and null of what is to be chosen from; leaves properties of the same names.
fn without(schema: &mut Value, keywords: &[&str]) {
    let Value::Object(schema) = schema else { return };
    schema.retain(|key, _| !keywords.contains(&key.as_str()));
    for (key, below) in schema.iter_mut() {
        match (key.as_str(), below) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(|property| without(property, keywords));
            }
            ("items" | "additionalProperties", below) => without(below, keywords),
            ("enum", Value::Array(choices)) => choices.retain(|choice| !choice.is_null()),
            _ => {}
        }
    }
}

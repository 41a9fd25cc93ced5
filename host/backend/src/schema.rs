//! The backend's JSON Schema: what operators and users may set, checked before it is called.
//!
//! The schema is the component's and so not trusted: it cannot fetch others, and its patterns run
//! in linear time.

use jsonschema::{PatternOptions, ValidationError, Validator};
use mooring_volume::{Error, Result, StringMap};
use serde_json::{Map, Value, json};

/// Parameters with this prefix are the orchestrator's own, such as
/// `csi.storage.k8s.io/pvc/name` of csi-provisioner's `--extra-create-metadata`.
const RESERVED: &str = "csi.storage.k8s.io/";
/// Bytes of a schema.
const MAX_SCHEMA: usize = 256 << 10;
/// Bytes of a compiled pattern.
const MAX_PATTERN: usize = 1 << 20;
/// Complaints that one error lists.
const COMPLAINTS: usize = 5;

/// What fits a driver, compiled once at load.
pub(crate) struct Schema {
    config: Option<Part>,
    parameters: Option<Part>,
    mutable_parameters: Option<Part>,
    snapshot_parameters: Option<Part>,
    group_parameters: Option<Part>,
}

/// One of the `$defs`.
struct Part {
    validator: Validator,
    /// The names of its properties.
    known: Vec<String>,
    /// Whether it takes no others.
    closed: bool,
}

impl Schema {
    /// Compiles what `identity.config-schema` answered.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > MAX_SCHEMA {
            return Err(format!("it has {} bytes; at most {MAX_SCHEMA} are taken", text.len()));
        }
        let whole: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self {
            config: Part::compile(&whole, "config")?,
            parameters: Part::compile(&whole, "parameters")?,
            mutable_parameters: Part::compile(&whole, "mutable-parameters")?,
            snapshot_parameters: Part::compile(&whole, "snapshot-parameters")?,
            group_parameters: Part::compile(&whole, "group-parameters")?,
        })
    }

    /// Checks the driver's `config:`. Values are not shown: there may be a password in them.
    ///
    /// # Errors
    /// What does not fit, each with its key.
    pub(crate) fn check_config(&self, config: &Value) -> Result<(), String> {
        match &self.config {
            Some(part) => part.check("config", config, Show::Nothing),
            None => Ok(()),
        }
    }

    /// Checks what the orchestrator hands over at a volume's creation.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the keys and what would be right.
    pub(crate) fn check_parameters(
        &self,
        parameters: &StringMap,
        mutable_parameters: &StringMap,
    ) -> Result<()> {
        Part::check_given(self.parameters.as_ref(), "parameters", parameters)?;
        self.check_mutable_parameters(mutable_parameters)
    }

    /// Checks what a living volume is to be changed to.
    ///
    /// # Errors
    /// `InvalidArgument`, as [`check_parameters`](Self::check_parameters).
    pub(crate) fn check_mutable_parameters(&self, given: &StringMap) -> Result<()> {
        Part::check_given(self.mutable_parameters.as_ref(), "mutable_parameters", given)
    }

    /// Checks the VolumeSnapshotClass's parameters.
    ///
    /// # Errors
    /// `InvalidArgument`, as [`check_parameters`](Self::check_parameters).
    pub(crate) fn check_snapshot_parameters(&self, given: &StringMap) -> Result<()> {
        Part::check_given(self.snapshot_parameters.as_ref(), "parameters", given)
    }

    /// Checks the VolumeGroupSnapshotClass's parameters.
    ///
    /// # Errors
    /// `InvalidArgument`, as [`check_parameters`](Self::check_parameters).
    pub(crate) fn check_group_parameters(&self, given: &StringMap) -> Result<()> {
        Part::check_given(self.group_parameters.as_ref(), "parameters", given)
    }
}

/// Whether complaints may repeat what was given.
#[derive(Clone, Copy)]
enum Show {
    Values,
    Nothing,
}

impl Part {
    fn compile(whole: &Value, name: &str) -> Result<Option<Self>, String> {
        let Some(part) = whole.get("$defs").and_then(|defs| defs.get(name)) else {
            return Ok(None);
        };
        let known = part.get("properties").and_then(Value::as_object);
        let known = known.map(|known| known.keys().cloned().collect()).unwrap_or_default();
        let closed = part.get("additionalProperties") == Some(&Value::Bool(false))
            && part.get("patternProperties").is_none();
        let mut root = json!({ "$ref": format!("#/$defs/{name}") });
        if let (Some(root), Some(defs)) = (root.as_object_mut(), whole.get("$defs")) {
            root.insert("$defs".to_owned(), defs.clone());
        }
        let validator = jsonschema::draft202012::options()
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN))
            .build(&root)
            .map_err(|error| format!("$defs.{name}: {error}"))?;
        Ok(Some(Self { validator, known, closed }))
    }

    /// Checks parameters, where the component says what it takes.
    fn check_given(part: Option<&Self>, what: &str, given: &StringMap) -> Result<()> {
        match part {
            Some(part) => part.check(what, &object(given), Show::Values).map_err(Error::invalid),
            None => Ok(()),
        }
    }

    fn check(&self, what: &str, given: &Value, show: Show) -> Result<(), String> {
        // The validator names unknown keys or not, as it finds fit; here they always are.
        let unknown: Vec<String> = self.unknown(given).map(|key| self.no_such(what, key)).collect();
        let complaints: Vec<String> = if unknown.is_empty() {
            let errors = self.validator.iter_errors(given).take(COMPLAINTS);
            errors.map(|error| complaint(what, &error, show)).collect()
        } else {
            unknown
        };
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
    }

    fn unknown<'a>(&'a self, given: &'a Value) -> impl Iterator<Item = &'a String> {
        let keys = given.as_object().filter(|_| self.closed).into_iter().flat_map(Map::keys);
        keys.filter(|key| !self.known.contains(key)).take(COMPLAINTS)
    }

    fn no_such(&self, what: &str, key: &str) -> String {
        let known = if self.known.is_empty() { "nothing".into() } else { self.known.join(", ") };
        format!("{what}.{key} is not known; {what} takes {known}")
    }
}

fn complaint(what: &str, error: &ValidationError<'_>, show: Show) -> String {
    let path = error.instance_path().to_string().replace('/', ".");
    match show {
        Show::Values => format!("{what}{path}: {error}"),
        Show::Nothing => format!("{what}{path}: {}", error.masked()),
    }
}

fn object(parameters: &StringMap) -> Value {
    let given = parameters.iter().filter(|(key, _)| !key.starts_with(RESERVED));
    Value::Object(given.map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r##"{
        "$defs": {
            "size": { "type": "string", "pattern": "^[0-9]+$" },
            "config": {
                "type": "object", "additionalProperties": false,
                "properties": { "pool": { "type": "string" }, "password": { "type": "string", "minLength": 8 } },
                "required": ["pool"]
            },
            "parameters": {
                "type": "object", "additionalProperties": false,
                "properties": { "tier": { "enum": ["fast", "cheap"] }, "blockSize": { "$ref": "#/$defs/size" } }
            }
        }
    }"##;

    fn map(pairs: &[(&str, &str)]) -> StringMap {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_name_the_key_and_what_would_be_right() {
        let schema = Schema::compile(SCHEMA).unwrap();
        let check = |pairs| schema.check_parameters(&map(pairs), &StringMap::new());
        let complaint = |pairs| check(pairs).unwrap_err().message;
        assert!(check(&[("tier", "fast"), ("blockSize", "512")]).is_ok());
        assert!(check(&[("csi.storage.k8s.io/pvc/name", "data")]).is_ok());
        let text = complaint(&[("tier", "slow")]);
        assert!(text.contains("parameters.tier") && text.contains("fast"), "{text}");
        let text = complaint(&[("teir", "fast")]);
        assert!(text.contains("parameters.teir") && text.contains("blockSize, tier"), "{text}");
        let text = complaint(&[("blockSize", "4k")]);
        assert!(text.contains("parameters.blockSize"), "{text}");
    }

    #[test]
    fn each_class_of_parameters_has_its_own_part() {
        let closed = r#"{"additionalProperties": false, "properties": {"KEY": {}}}"#;
        let parts = ["mutable", "snapshot", "group"]
            .map(|part| format!("\"{part}-parameters\": {}", closed.replace("KEY", part)));
        let text = format!("{{\"$defs\": {{{}}}}}", parts.join(", "));
        let schema = Schema::compile(&text).unwrap();
        for key in ["mutable", "snapshot", "group"] {
            let given = map(&[(key, "x")]);
            assert_eq!(schema.check_mutable_parameters(&given).is_ok(), key == "mutable");
            assert_eq!(schema.check_snapshot_parameters(&given).is_ok(), key == "snapshot");
            assert_eq!(schema.check_group_parameters(&given).is_ok(), key == "group");
        }
    }

    #[test]
    fn config_is_checked_without_being_shown() {
        let schema = Schema::compile(SCHEMA).unwrap();
        assert!(schema.check_config(&json!({ "pool": "default" })).is_ok());
        let text = schema.check_config(&json!({ "pool": "a", "password": "hunter2" })).unwrap_err();
        assert!(text.contains("config.password") && !text.contains("hunter2"), "{text}");
        let text = schema.check_config(&json!({ "pool": "a", "pol": 1 })).unwrap_err();
        assert!(text.contains("config.pol ") && text.contains("password, pool"), "{text}");
        let text = schema.check_config(&json!({})).unwrap_err();
        assert!(text.contains("pool"), "{text}");
    }

    #[test]
    fn schemas_that_reach_out_or_are_broken_are_refused() {
        for bad in [
            "{",
            r#"{"$defs": {"config": {"type": 5}}}"#,
            r#"{"$defs": {"config": {"$ref": "file:///etc/passwd"}}}"#,
            r#"{"$defs": {"config": {"$ref": "https://example.com/schema.json"}}}"#,
            r#"{"$defs": {"parameters": {"properties": {"a": {"pattern": "("}}}}}"#,
        ] {
            assert!(Schema::compile(bad).is_err(), "{bad}");
        }
        assert!(Schema::compile("{}").is_ok());
    }

    #[test]
    fn patterns_cannot_be_made_to_backtrack() {
        // Exponential in a backtracking engine; the text is refused in linear time here.
        let schema = r#"{"$defs": {"parameters": {"properties": {"a": {"pattern": "^(a+)+$"}}}}}"#;
        let schema = Schema::compile(schema).unwrap();
        let text = format!("{}!", "a".repeat(4_000));
        assert!(schema.check_parameters(&map(&[("a", &text)]), &StringMap::new()).is_err());
    }
}

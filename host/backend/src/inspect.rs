//! What is in a component, for people: `mooring backend inspect FILE`.

use std::sync::Arc;

use mooring_volume::attachment::AttachmentKind;
use mooring_volume::policy::{Grants, HttpGrant};
use mooring_volume::{Abilities, DriverName, StringMap};
use serde::Serialize;

use crate::engine::Engine;
use crate::limits::Limits;
use crate::load::{self, Facts, LoadError};
use crate::log::DriverLog;
use crate::meter::Unmetered;
use crate::run::Recipe;
use crate::sandbox::Surroundings;

/// What a component is, needs and can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// SHA-256, 64 hexadecimal digits: what a configuration pins.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// The version of the contract that it speaks.
    pub contract_version: Option<String>,
    /// Every export by name.
    pub exports: Vec<String>,
    /// Every import by name.
    pub imports: Vec<String>,
    /// Grants that it does not load without, such as `grants.pools`.
    pub grants_needed: Vec<String>,
    /// What its driver would advertise; empty where it does not start.
    pub abilities: Abilities,
    /// What it says of itself, where it starts.
    pub info: Option<InspectedInfo>,
    /// JSON Schema of its configuration and parameters, where it starts.
    pub schema: Option<String>,
    /// Why it could not be loaded.
    pub problem: Option<String>,
}

/// `identity.info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedInfo {
    /// The backend's name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Further facts.
    pub manifest: StringMap,
}

/// Looks into a component, and starts it without any store or configuration to ask who it is.
///
/// # Errors
/// `TooLarge` and `NotAComponent`. Whatever else keeps it from loading is part of the answer.
pub async fn inspect(engine: &Arc<Engine>, bytes: Arc<[u8]>) -> Result<Inspection, LoadError> {
    let outline = load::outline(engine, &bytes)?;
    let size = bytes.len() as u64;
    let started = match load::load(engine, bytes, &outline, &everything()).await {
        Ok(loaded) => ask(engine, loaded).await,
        Err(error) => Err(error),
    };
    let mut inspection = Inspection {
        size,
        contract_version: outline.contract_version().map(str::to_owned),
        grants_needed: outline.grants_needed(),
        digest: outline.digest,
        exports: outline.exports,
        imports: outline.imports,
        abilities: Abilities::new(),
        info: None,
        schema: None,
        problem: None,
    };
    match started {
        Ok(Facts { description, abilities, schema }) => {
            let mooring_volume::backend::Description { name, version, manifest } = description;
            inspection.info = Some(InspectedInfo { name, version, manifest });
            inspection.abilities = abilities;
            inspection.schema = Some(schema);
        }
        Err(error) => inspection.problem = Some(error.to_string()),
    }
    Ok(inspection)
}

async fn ask(engine: &Arc<Engine>, loaded: load::Loaded) -> Result<Facts, LoadError> {
    let name = DriverName::new("inspected");
    let name = name.map_err(|error| LoadError::Start { reason: error.message })?;
    let log = DriverLog::new(name, Arc::new(Unmetered));
    let load::Loaded { pre, exports } = loaded;
    let surroundings = Arc::new(Surroundings { config: "{}".to_owned(), store: None });
    let recipe = Recipe {
        engine: Arc::clone(engine),
        pre,
        surroundings,
        limits: Limits::default(),
        lane: engine.lane(),
    };
    load::start(&recipe, &exports, &log).await
}

/// Grants for all, since nothing can be reached while a component is only inspected.
fn everything() -> Grants {
    let http = HttpGrant::to("https://inspected.invalid");
    Grants {
        pools: [("inspected".to_owned(), Default::default())].into(),
        http: vec![http],
        attachments: [AttachmentKind::ImageFile].into(),
        ..Grants::default()
    }
}

//! Nodes as hosts of arrays.
//!
//! A node registers when it describes itself: with the configured array, where that lets it (a
//! description has no secrets), and in this process's own store, which the controller shares where
//! all is on one machine. Publishing admits a node to an array if either knows it.

use alloc::format;

use mooring_sdk::http::Method;
use mooring_sdk::logging::{Level, log};
use mooring_sdk::nodes::{Description, Facts, Nodes};
use mooring_sdk::state::{State, StateError};
use mooring_sdk::{Code, Error, Result, Secrets};
use serde_json::json;

use crate::client::{Answer, Client};
use crate::identifiers::host_name;
use crate::settings::Settings;
use crate::{HttpArray, Services, places};

impl<H: Services> Nodes for HttpArray<H> {
    fn describe(&self, facts: &Facts) -> Result<Description> {
        let settings = Settings::read(&self.0)?;
        note(&self.0, &facts.id)?;
        if let Some(url) = places::configured(&settings)? {
            let none = Secrets::default();
            let client = Client::new(&self.0, &settings, &url, &none);
            match register(&client, &facts.id) {
                Err(error) if error.code == Code::Unauthenticated => log(
                    Level::Warn,
                    format_args!(
                        "the array takes no registration without a login ({error}); grant it auth, \
                         or set config.createHosts"
                    ),
                ),
                other => other?,
            }
        }
        Ok(Description {
            // What lists of published nodes will say.
            id: host_name(&facts.id),
            topology: None,
            max_volumes: settings.max_volumes_per_node.map(u64::from),
        })
    }
}

/// Makes a host of a node that has registered; called where the array does not know it.
///
/// # Errors
/// `NotFound` for a node that nobody knows.
pub(crate) fn admit(client: &Client<'_, impl Services>, node: &str) -> Result<()> {
    match client.settings.create_hosts || is_noted(client.host, node)? {
        true => register(client, node),
        false => Err(Error::not_found(format!(
            "node {node:?} is no host of the array and has not registered (NodeGetInfo); see \
             config.createHosts"
        ))),
    }
}

/// Whether a node has registered with this process.
pub(crate) fn is_noted(host: &impl State, node: &str) -> Result<bool> {
    Ok(host.get(&key(node))?.is_some())
}

fn note(host: &impl State, node: &str) -> Result<()> {
    match host.insert(&key(node), &[]) {
        Ok(_) | Err(StateError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn key(node: &str) -> alloc::string::String {
    format!("node/{}", host_name(node))
}

fn register(client: &Client<'_, impl Services>, node: &str) -> Result<()> {
    let body = format!("{}", json!({ "slots": client.settings.max_volumes_per_node }));
    match client.call(Method::Put, &format!("/hosts/{}", host_name(node)), &body)? {
        Answer::Done(_) => Ok(()),
        Answer::Job(_) => Err(Error::internal("the array registers hosts by a job")),
        Answer::Refused(refusal) => Err(refusal.error().context("registering the node")),
    }
}

//! What a test does to the array behind its clients' backs. Never subject to faults or logins: the
//! server is for loopback alone.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{Service, blocking};
use crate::faults::Faults;
use crate::model::Condition;
use crate::problem::Problem;

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/admin/faults", get(faults).put(set_faults))
        .route("/admin/expire", post(expire))
        .route("/admin/volumes/{id}/condition", put(condition))
}

async fn faults(State(service): State<Arc<Service>>) -> Json<Value> {
    let (faults, count) = service.fate.told();
    Json(json!({ "faults": faults, "count": count }))
}

async fn set_faults(State(service): State<Arc<Service>>, Json(faults): Json<Faults>) -> StatusCode {
    service.fate.set(faults);
    StatusCode::NO_CONTENT
}

async fn expire(State(service): State<Arc<Service>>) -> StatusCode {
    service.sessions.expire();
    StatusCode::NO_CONTENT
}

async fn condition(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Json(condition): Json<Condition>,
) -> Result<StatusCode, Problem> {
    blocking(&service, move |array| array.set_condition(&id, condition)).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! The array's HTTP: requests into calls of [`Array`], and back.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Path, Query as Params, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Extension, Json, Router};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::admin;
use crate::array::{Array, Mood, NewSnapshot, NewVolume, Outcome, Query};
use crate::faults::Fate;
use crate::model::{Host, Mapping};
use crate::problem::{Code, Problem};
use crate::sessions::Sessions;

/// Everything behind the routes.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) array: Arc<Array>,
    pub(crate) sessions: Sessions,
    pub(crate) fate: Fate,
}

type Shared = State<Arc<Service>>;

/// A body that has to be right, else it is a [`Problem`] as every other.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Json::from_request(request, state).await;
        let wrong = |why: JsonRejection| Problem::new(Code::BadRequest, why.body_text());
        read.map(|Json(value)| Self(value)).map_err(wrong)
    }
}

/// All routes.
pub(crate) fn routes(service: Arc<Service>) -> Router {
    let api = Router::new()
        .route("/system", get(system))
        .route("/pools", get(pools))
        .route("/volumes", get(volumes).post(create_volume))
        .route("/volumes/{id}", get(volume).patch(expand).delete(delete_volume))
        .route("/volumes/{id}/mappings/{host}", put(map).delete(unmap))
        .route("/snapshots", get(snapshots).post(create_snapshot))
        .route("/snapshots/{id}", get(snapshot).delete(delete_snapshot))
        .route("/hosts", get(hosts))
        .route("/hosts/{name}", get(host).put(put_host).delete(delete_host))
        .route("/jobs/{id}", get(job).delete(cancel))
        .layer(middleware::from_fn_with_state(Arc::clone(&service), authenticated));
    Router::new()
        .nest("/api/v1", api)
        .route("/api/v1/login", post(login))
        .merge(admin::routes())
        .fallback(async || Problem::new(Code::RouteNotFound, "there is nothing of that name"))
        .with_state(service)
}

/// Runs what waits for disks where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    service: &Service,
    work: impl FnOnce(&Array) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let array = Arc::clone(&service.array);
    let done = tokio::task::spawn_blocking(move || work(&array)).await;
    done.unwrap_or_else(|error| Err(Problem::new(Code::Internal, error.to_string())))
}

async fn authenticated(
    State(service): Shared,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|text| text.to_str().ok());
    service.sessions.check(given)?;
    Ok(next.run(request).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    username: String,
    password: String,
}

async fn login(
    State(service): Shared,
    Body(Login { username, password }): Body<Login>,
) -> Result<Response, Problem> {
    let (token, seconds) = service.sessions.login(&username, &password)?;
    Ok(Json(json!({ "token": token, "expiresIn": seconds })).into_response())
}

async fn system(State(service): Shared) -> Result<Response, Problem> {
    let id = blocking(&service, |array| Ok(array.id())).await?;
    Ok(Json(json!({ "id": id, "version": env!("CARGO_PKG_VERSION") })).into_response())
}

async fn pools(State(service): Shared) -> Result<Response, Problem> {
    let pools = blocking(&service, Array::pools).await?;
    Ok(Json(json!({ "items": pools })).into_response())
}

async fn volumes(
    State(service): Shared,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.volumes(&query)).await?).into_response())
}

async fn volume(State(service): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.volume(&id)).await?).into_response())
}

async fn create_volume(
    State(service): Shared,
    Extension(mood): Extension<Mood>,
    Body(new): Body<NewVolume>,
) -> Result<Response, Problem> {
    blocking(&service, move |array| array.create_volume(&new, mood)).await.map(told)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSize {
    size: u64,
}

async fn expand(
    State(service): Shared,
    Path(id): Path<String>,
    Extension(mood): Extension<Mood>,
    Body(NewSize { size }): Body<NewSize>,
) -> Result<Response, Problem> {
    let outcome = blocking(&service, move |array| array.expand(&id, size, mood)).await?;
    Ok(match outcome {
        Outcome::Same(volume) | Outcome::Done(volume) => Json(volume).into_response(),
        Outcome::Job(id) => accepted(&id),
    })
}

async fn delete_volume(
    State(service): Shared,
    Path(id): Path<String>,
    Extension(mood): Extension<Mood>,
) -> Result<Response, Problem> {
    blocking(&service, move |array| array.delete_volume(&id, mood)).await.map(gone)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMapping {
    #[serde(default)]
    readonly: bool,
    #[serde(default)]
    note: String,
}

async fn map(
    State(service): Shared,
    Path((id, host)): Path<(String, String)>,
    Body(NewMapping { readonly, note }): Body<NewMapping>,
) -> Result<Response, Problem> {
    let asked = Mapping { host, lun: 0, readonly, note };
    Ok(Json(blocking(&service, move |array| array.map(&id, asked)).await?).into_response())
}

async fn unmap(
    State(service): Shared,
    Path((id, host)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    blocking(&service, move |array| array.unmap(&id, &host)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn snapshots(
    State(service): Shared,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.snapshots(&query)).await?).into_response())
}

async fn snapshot(State(service): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.snapshot(&id)).await?).into_response())
}

async fn create_snapshot(
    State(service): Shared,
    Extension(mood): Extension<Mood>,
    Body(new): Body<NewSnapshot>,
) -> Result<Response, Problem> {
    blocking(&service, move |array| array.create_snapshot(&new, mood)).await.map(told)
}

async fn delete_snapshot(
    State(service): Shared,
    Path(id): Path<String>,
    Extension(mood): Extension<Mood>,
) -> Result<Response, Problem> {
    blocking(&service, move |array| array.delete_snapshot(&id, mood)).await.map(gone)
}

async fn hosts(State(service): Shared) -> Result<Response, Problem> {
    let hosts = blocking(&service, Array::hosts).await?;
    Ok(Json(json!({ "items": hosts })).into_response())
}

async fn host(State(service): Shared, Path(name): Path<String>) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.host(&name)).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHost {
    #[serde(default)]
    slots: Option<u32>,
}

async fn put_host(
    State(service): Shared,
    Path(name): Path<String>,
    Body(NewHost { slots }): Body<NewHost>,
) -> Result<Response, Problem> {
    let host = blocking(&service, move |array| array.put_host(Host { name, slots })).await?;
    Ok(Json(host).into_response())
}

async fn delete_host(
    State(service): Shared,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    blocking(&service, move |array| array.delete_host(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn job(State(service): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.job(&id)).await?).into_response())
}

async fn cancel(State(service): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(Json(blocking(&service, move |array| array.cancel(&id)).await?).into_response())
}

fn accepted(job: &str) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "job": job }))).into_response()
}

fn told<T: Serialize>(outcome: Outcome<T>) -> Response {
    match outcome {
        Outcome::Same(one) => Json(one).into_response(),
        Outcome::Done(one) => (StatusCode::CREATED, Json(one)).into_response(),
        Outcome::Job(id) => accepted(&id),
    }
}

fn gone(outcome: Outcome<()>) -> Response {
    match outcome {
        Outcome::Same(()) | Outcome::Done(()) => StatusCode::NO_CONTENT.into_response(),
        Outcome::Job(id) => accepted(&id),
    }
}

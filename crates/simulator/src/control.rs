//! The control API under `/_sim`: faults, endpoints, the request log.
//!
//! | call | answer |
//! |---|---|
//! | `GET /ready` | 200 |
//! | `GET /endpoints` | name, region, vendor, models, path of each |
//! | `GET /fault-kinds` | the table of kinds with their parameters |
//! | `GET`, `POST`, `DELETE /faults` | list; set one (201, the fault with its `id`); clear all |
//! | `DELETE /faults?endpoint=NAME` | clear those of one endpoint |
//! | `GET`, `DELETE /faults/ID` | one fault |
//! | `GET /requests?since=SEQ&endpoint=NAME&limit=N` | the log; `next` is the new `since` |
//! | `DELETE /requests` | forget the log |

use std::borrow::Cow;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::{Value, json};

use crate::fault::{Fault, FaultError, FaultSpec, fault_kinds};
use crate::playback::Playback;
use crate::site::Site;

const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Entries of one page of the log unless `limit` says otherwise.
const PAGE: usize = 10_000;

pub(crate) async fn serve(
    site: &Site,
    path: &str,
    request: Request<Incoming>,
) -> Response<Playback> {
    let method = request.method().clone();
    let reads = method == Method::GET || method == Method::HEAD;
    let query = request.uri().query().unwrap_or_default().to_owned();
    match path {
        "/ready" if reads => json(StatusCode::OK, &json!({"ready": true})),
        "/endpoints" if reads => endpoints(site),
        "/fault-kinds" if reads => json(StatusCode::OK, &json!({"kinds": fault_kinds()})),
        "/faults" if reads => json(StatusCode::OK, &json!({"faults": site.faults.list()})),
        "/faults" if method == Method::POST => set(site, request).await,
        "/faults" if method == Method::DELETE => {
            let only = parameter(&query, "endpoint");
            if let Some(unknown) = only.as_deref().filter(|name| !site.knows(name)) {
                return refuse(StatusCode::BAD_REQUEST, &format!("unknown endpoint `{unknown}`"));
            }
            clear(site, |fault| only.as_deref().is_none_or(|only| only == fault.spec.endpoint))
        }
        "/requests" if reads => requests(site, &query),
        "/requests" if method == Method::DELETE => {
            json(StatusCode::OK, &json!({"cleared": site.log.clear()}))
        }
        "/ready" | "/endpoints" | "/fault-kinds" => not_allowed("GET, HEAD"),
        "/faults" => not_allowed("GET, HEAD, POST, DELETE"),
        "/requests" => not_allowed("GET, HEAD, DELETE"),
        _ => one_fault(site, &method, path),
    }
}

/// `/faults/ID`.
fn one_fault(site: &Site, method: &Method, path: &str) -> Response<Playback> {
    let id = path.strip_prefix("/faults/").and_then(|id| id.parse::<u64>().ok());
    let found = id.and_then(|id| site.faults.list().into_iter().find(|fault| fault.id == id));
    let Some(found) = found else { return refuse(StatusCode::NOT_FOUND, "not found") };
    match *method {
        Method::GET | Method::HEAD => json(StatusCode::OK, &found),
        Method::DELETE => clear(site, |fault| fault.id == found.id),
        _ => not_allowed("GET, HEAD, DELETE"),
    }
}

fn endpoints(site: &Site) -> Response<Playback> {
    let endpoints: Vec<Value> = site
        .config
        .endpoints
        .iter()
        .map(|endpoint| {
            json!({"name": endpoint.name, "region": endpoint.region,
                "vendor": endpoint.vendor.as_str(), "models": endpoint.models,
                "needs_key": endpoint.asks_for_credential(), "path": format!("/{}", endpoint.name)})
        })
        .collect();
    json(StatusCode::OK, &json!({"endpoints": endpoints}))
}

async fn set(site: &Site, request: Request<Incoming>) -> Response<Playback> {
    let Ok(body) = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await else {
        return refuse(StatusCode::BAD_REQUEST, "the body is unreadable or too large");
    };
    let body: Value = match serde_json::from_slice(&body.to_bytes()) {
        Ok(body) => body,
        Err(error) => {
            return refuse(StatusCode::BAD_REQUEST, &format!("the body is not JSON: {error}"));
        }
    };
    match FaultSpec::from_json(body).and_then(|spec| site.set_fault(spec)) {
        Ok(fault) => json(StatusCode::CREATED, &fault),
        Err(error) => explain(&error),
    }
}

/// The whole chain of causes, and what would be right.
fn explain(error: &FaultError) -> Response<Playback> {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        message.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    let mut body = json!({"error": {"message": message}});
    let valid = match error {
        FaultError::UnknownEndpoint { known, .. } => Some(("endpoints", json!(known))),
        FaultError::UnknownKind { .. }
        | FaultError::UnknownParameter { .. }
        | FaultError::Parameter { .. }
        | FaultError::NotAnObject => Some(("kinds", json!(fault_kinds()))),
        FaultError::Range { .. } | FaultError::TooMany { .. } => None,
    };
    if let (Some((name, valid)), Some(body)) = (valid, body.as_object_mut()) {
        body.insert(name.to_owned(), valid);
    }
    json(StatusCode::BAD_REQUEST, &body)
}

fn clear(site: &Site, gone: impl Fn(&Fault) -> bool) -> Response<Playback> {
    json(StatusCode::OK, &json!({"cleared": site.faults.clear(gone)}))
}

fn requests(site: &Site, query: &str) -> Response<Playback> {
    let number = |name| match parameter(query, name) {
        None => Ok(None),
        Some(text) => text.parse::<u64>().map(Some).map_err(|_| name),
    };
    let (since, limit) = match (number("since"), number("limit")) {
        (Ok(since), Ok(limit)) => (since.unwrap_or(0), limit),
        (Err(name), _) | (_, Err(name)) => {
            return refuse(StatusCode::BAD_REQUEST, &format!("`{name}` must be a whole number"));
        }
    };
    let endpoint = parameter(query, "endpoint");
    if let Some(unknown) = endpoint.as_deref().filter(|name| !site.knows(name)) {
        return refuse(StatusCode::BAD_REQUEST, &format!("unknown endpoint `{unknown}`"));
    }
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE).max(1);
    json(StatusCode::OK, &site.log.page(since, endpoint.as_deref(), limit))
}

/// Values are endpoint names and numbers, which need no percent decoding.
fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then_some(Cow::Borrowed(value))
    })
}

fn not_allowed(allow: &'static str) -> Response<Playback> {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn refuse(status: StatusCode, message: &str) -> Response<Playback> {
    json(status, &json!({"error": {"message": message}}))
}

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response<Playback> {
    // Every type shown here serialises; an empty body would show if one did not.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Playback::of(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

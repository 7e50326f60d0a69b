//! The whole simulated world behind one listener: endpoints, fault board, request log.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::access::Issued;
use crate::ask::Peek;
use crate::clock::WallTime;
use crate::config::{Config, ConfigError};
use crate::control;
use crate::fault::{Fault, FaultError, FaultSpec, Stage};
use crate::faults::FaultBoard;
use crate::log::{Received, RequestLog, Tracked};
use crate::marks;
use crate::playback::{HANG_MAX, Playback, ResetSwitch, Severed};
use crate::random::digest;
use crate::reply::{Question, Reply, Station, Unreadable};
use crate::vendor::{Line, Operation};

/// Longest `x-request-id` kept, in bytes.
const REQUEST_ID_MAX: usize = 128;

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) config: Config,
    stations: HashMap<String, Station>,
    pub(crate) faults: FaultBoard,
    pub(crate) log: RequestLog,
    issued: Issued,
}

/// What the body of a request turned out to be.
struct Arrived {
    bytes: Bytes,
    body: Result<Value, Unreadable>,
}

impl Site {
    pub(crate) fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let stations = config
            .endpoints
            .iter()
            .map(|spec| (spec.name.clone(), Station::new(spec.clone())))
            .collect();
        let faults = FaultBoard::new(config.seed);
        let log = RequestLog::new(config.log_entries_max);
        Ok(Self { config, stations, faults, log, issued: Issued::default() })
    }

    pub(crate) fn knows(&self, endpoint: &str) -> bool {
        self.stations.contains_key(endpoint)
    }

    /// Puts a fault on the board, if its endpoint exists.
    pub(crate) fn set_fault(&self, spec: FaultSpec) -> Result<Fault, FaultError> {
        if !self.knows(&spec.endpoint) {
            let known = self.config.endpoints.iter().map(|endpoint| endpoint.name.clone());
            let known = known.collect();
            return Err(FaultError::UnknownEndpoint { endpoint: spec.endpoint, known });
        }
        self.faults.set(spec)
    }

    /// Answers one request. `Err` breaks the connection; dropped, the caller counts as gone.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
        reset: ResetSwitch,
    ) -> Result<Response<Playback>, Severed> {
        let path = request.uri().path().to_owned();
        let (first, rest) = split(&path);
        if first == "_sim" {
            return Ok(control::serve(self, rest, request).await);
        }
        match self.stations.get(first) {
            Some(station) => self.serve_vendor(station, rest, request, reset).await,
            None => Ok(self.no_such_endpoint(first)),
        }
    }

    async fn serve_vendor(
        &self,
        station: &Station,
        path: &str,
        request: Request<Incoming>,
        reset: ResetSwitch,
    ) -> Result<Response<Playback>, Severed> {
        let start = Instant::now();
        let (head, body) = request.into_parts();
        let name = station.spec.name.as_str();
        let query = head.uri.query().unwrap_or_default();
        let line = Line { method: &head.method, path, query };
        let operation = station.operation(&line);
        let mut received = received(station, &head, &line);
        received.wire = operation.wire();
        if let Some(strike) = self.faults.strike(Stage::Connect, name, "") {
            received.fault = Some(strike.spec.kind.name());
            self.log.open(WallTime::now(), received).end();
            reset.throw();
            return Err(Severed);
        }
        let Some(arrived) = self.arrive(body).await else {
            // The caller left in the middle of its own body: dropping the entry says so.
            drop(self.log.open(WallTime::now(), received));
            return Err(Severed);
        };
        let Arrived { bytes, body } = arrived;
        let peek = body
            .as_ref()
            .map_or_else(|_unreadable| Peek::default(), |body| Peek::of(body, operation.in_path()));
        if let Ok(body) = &body {
            marks::of_body(body, &mut received.marks);
        }
        let struck = self.faults.strike(Stage::Reply, name, &peek.model);
        received.fault = struck.as_ref().map(|strike| strike.spec.kind.name());
        received.digest = digest(&bytes);
        received.model.clone_from(&peek.model);
        received.stream = peek.stream;
        received.text.clone_from(&peek.text);
        received.fields.clone_from(&peek.fields);
        if let (Operation::Identity(_), Ok(form)) = (&operation, std::str::from_utf8(&bytes)) {
            received.fields = marks::of_form(form, &mut received.marks);
        }
        let mut tracked = self.log.open(WallTime::now(), received);
        let question = Question {
            line,
            full_path: head.uri.path(),
            operation: &operation,
            headers: &head.headers,
            bytes: &bytes,
            body: &body,
            issued: &self.issued,
            struck: struck.as_ref(),
        };
        let reply = station.reply(&self.config, &self.faults, &question, &tracked);
        match reply {
            Reply::Reset => {
                tracked.end();
                reset.throw();
                Err(Severed)
            }
            Reply::Hang => {
                sleep(HANG_MAX).await;
                tracked.end();
                Err(Severed)
            }
            Reply::Send { status, headers, script } => {
                if !script.head_at.is_zero() {
                    sleep_until(start + script.head_at).await;
                }
                tracked.status(status);
                let playback = Playback::new(script, start, reset);
                let playback = follow(playback, tracked, &head.method);
                Ok(response(status, headers, playback))
            }
        }
    }

    /// Reads the body within its bound. `None`: the caller did not finish it.
    async fn arrive(&self, body: Incoming) -> Option<Arrived> {
        let bytes = match Limited::new(body, self.config.body_bytes_max).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return Some(Arrived { bytes: Bytes::new(), body: Err(Unreadable::TooLarge) });
            }
            Err(_) => return None,
        };
        let body = serde_json::from_slice(&bytes).map_err(|_| Unreadable::NotJson);
        Some(Arrived { bytes, body })
    }

    fn no_such_endpoint(&self, name: &str) -> Response<Playback> {
        let names: Vec<&str> =
            self.config.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        let message = format!("no simulated endpoint `{name}`");
        control::json(
            StatusCode::NOT_FOUND,
            &json!({"error": {"message": message}, "endpoints": names}),
        )
    }
}

/// A reply to HEAD has no body to follow.
fn follow(playback: Playback, mut tracked: Tracked, method: &http::Method) -> Playback {
    if method == http::Method::HEAD {
        tracked.end();
        return playback;
    }
    playback.tracked(tracked)
}

fn response(status: u16, headers: HeaderMap, body: Playback) -> Response<Playback> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = headers;
    response
}

/// `/name/rest` to `name` and `/rest`.
fn split(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.find('/').map_or((path, ""), |slash| path.split_at(slash))
}

fn received(station: &Station, head: &http::request::Parts, line: &Line<'_>) -> Received {
    let id = head.headers.get("x-request-id").and_then(|id| id.to_str().ok());
    Received {
        endpoint: Arc::clone(&station.name),
        region: Arc::clone(&station.region),
        method: head.method.to_string(),
        path: line.path.to_owned(),
        marks: marks::of_head(&head.headers, line.path, line.query),
        request_id: id.map(|id| id.chars().take(REQUEST_ID_MAX).collect()),
        ..Received::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_names_the_endpoint() {
        assert_eq!(split("/a/v1/models"), ("a", "/v1/models"));
        assert_eq!(split("/a"), ("a", ""));
        assert_eq!(split("/"), ("", ""));
    }
}

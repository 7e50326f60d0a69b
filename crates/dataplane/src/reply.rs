//! What goes back to the caller: heads with the gateway's headers, errors in the caller's dialect.

use std::time::Duration;

use bytes::Bytes;
use dialect::{CallerError, ClientDialect, Retry};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use vocab::Refusal;

use crate::{body::Body, gateway::Readiness, headers, serving::Lane, trail::Trail};

/// The head of an answer from a lane (G7).
pub(crate) fn answer(
    trail: &Trail,
    lane: &Lane,
    content: &'static str,
    body: Body,
) -> Response<Body> {
    let mut response = Response::new(body);
    let out = response.headers_mut();
    out.reserve(10);
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    common(trail, out);
    out.insert(headers::REGION, lane.region_header.clone());
    out.insert(headers::ROUTE, lane.route_header.clone());
    out.insert(headers::EVIDENCE, HeaderValue::from_static(trail.evidence.as_str()));
    if !trail.dropped.is_empty() {
        out.insert(headers::DROPPED, headers::text(&trail.dropped.join(", ")));
    }
    response
}

/// An error in the caller's dialect.
pub(crate) fn error(trail: &Trail, error: &CallerError, evidence: &'static str) -> Response<Body> {
    let body = trail.dialect.error_body(error, Some(trail.request));
    let mut response = error_response(trail.dialect, error, body);
    let out = response.headers_mut();
    common(trail, out);
    out.insert(headers::EVIDENCE, HeaderValue::from_static(evidence));
    response
}

/// Marks a response as a refusal with this code.
pub(crate) fn mark_refusal(response: &mut Response<Body>, refusal: &Refusal) {
    let code = HeaderValue::from_static(refusal.code.as_str());
    response.headers_mut().insert(headers::REFUSAL, code);
}

/// A refusal outside the pipeline: no request was understood, so there is no id and no record.
pub(crate) fn plain_refusal(dialect: ClientDialect, refusal: &Refusal) -> Response<Body> {
    let error = CallerError::from_refusal(refusal);
    let body = dialect.error_body(&error, None);
    let mut response = error_response(dialect, &error, body);
    mark_refusal(&mut response, refusal);
    response
}

/// A short text with a status.
pub(crate) fn status(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::from(format!("{text}\n"))));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// A JSON document.
pub(crate) fn json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// `/ready`
pub(crate) fn readiness(readiness: &Readiness) -> Response<Body> {
    match readiness {
        Readiness::Ready => status(StatusCode::OK, "ready"),
        Readiness::NotReady(reason) => {
            status(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {reason}"))
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn common(trail: &Trail, out: &mut HeaderMap) {
    headers::put_request_id(out, trail.request, trail.dialect);
    out.insert(headers::GATEWAY, trail.gateway.region_header.clone());
    out.insert(headers::GENERATION, HeaderValue::from(trail.serving.bundle.generation));
    out.insert(headers::ATTEMPTS, HeaderValue::from(trail.attempts()));
}

fn error_response(dialect: ClientDialect, error: &CallerError, body: Bytes) -> Response<Body> {
    let mut response = json(body);
    let status = StatusCode::from_u16(dialect.status(error));
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    put_retry(response.headers_mut(), error.retry);
    response
}

/// CLIENTS: hints of 1 to 60 s make every SDK behave; anything longer makes one sleep through it,
/// another give up and a third hammer.
fn put_retry(out: &mut HeaderMap, retry: Retry) {
    match retry {
        Retry::Unsaid => {}
        Retry::Never => {
            out.insert(headers::SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        Retry::After(span) => {
            let span = span.clamp(Duration::from_secs(1), Duration::from_secs(60));
            out.insert(headers::SHOULD_RETRY, HeaderValue::from_static("true"));
            let millis = u64::try_from(span.as_millis()).unwrap_or(60_000);
            out.insert(headers::RETRY_AFTER_MS, HeaderValue::from(millis));
            out.insert(header::RETRY_AFTER, HeaderValue::from(millis.div_ceil(1000)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_hint_stays_between_one_and_sixty_seconds() {
        for (span, expected) in [(0, "1"), (7, "7"), (3600, "60")] {
            let mut out = HeaderMap::new();
            put_retry(&mut out, Retry::After(Duration::from_secs(span)));
            assert_eq!(out.get("retry-after").unwrap(), expected);
            assert_eq!(out.get("x-should-retry").unwrap(), "true");
        }
    }

    #[test]
    fn a_hint_with_milliseconds_is_rounded_up_in_seconds() {
        let mut out = HeaderMap::new();
        put_retry(&mut out, Retry::After(Duration::from_millis(1_001)));
        assert_eq!(out.get("retry-after-ms").unwrap(), "1001");
        assert_eq!(out.get("retry-after").unwrap(), "2");
    }
}

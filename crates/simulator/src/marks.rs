//! Marks of a request in the log: what tells by which door it came and where it may be served.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::Value;

use crate::form;
use crate::vendor::text;

/// Longest mark kept, in characters.
const MARK_CHARS_MAX: usize = 200;

/// Headers kept as they are, because they say what is asked of the vendor and on whose behalf.
const HEADERS: [&str; 8] = [
    "host",
    "anthropic-version",
    "anthropic-beta",
    "openai-organization",
    "openai-project",
    "x-amz-date",
    "x-goog-user-project",
    "x-stainless-retry-count",
];

/// Fields of the body that decide where or how a request is served.
const FIELDS: [&str; 4] = ["anthropic_version", "inference_geo", "service_tier", "store"];

pub(crate) fn of_head(headers: &HeaderMap, path: &str, query: &str) -> BTreeMap<String, String> {
    let mut marks = BTreeMap::new();
    let mut mark = |name: &str, value: &str| {
        marks.insert(name.to_owned(), value.chars().take(MARK_CHARS_MAX).collect::<String>());
    };
    for name in HEADERS {
        if let Some(value) = text(headers, name) {
            mark(name, value);
        }
    }
    let credential = credential(headers, query);
    mark("credential", credential);
    if credential == "sigv4" {
        let scope = text(headers, "authorization").and_then(signing_scope).unwrap_or_default();
        let (key, scope) = scope.split_once('/').unwrap_or((scope, ""));
        mark("access_key_id", key);
        mark("sigv4_scope", scope);
    }
    for name in ["api-version", "alt", "beta"] {
        if let Some(value) = form::field(query, name) {
            mark(name, &value);
        }
    }
    for name in ["locations", "projects", "publishers", "deployments"] {
        let mut segments = path.split('/').skip_while(|segment| *segment != name);
        if let Some(value) = segments.nth(1) {
            mark(name.trim_end_matches('s'), value);
        }
    }
    marks
}

pub(crate) fn of_body(body: &Value, marks: &mut BTreeMap<String, String>) {
    for name in FIELDS {
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else { continue };
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        marks.insert(name.to_owned(), value.chars().take(MARK_CHARS_MAX).collect());
    }
}

/// Fields of a form that say what is asked for and for whom.
const FORM: [&str; 7] =
    ["Action", "RoleArn", "RoleSessionName", "DurationSeconds", "grant_type", "client_id", "scope"];

/// Marks of a form, and the names of its fields.
pub(crate) fn of_form(form: &str, marks: &mut BTreeMap<String, String>) -> Vec<String> {
    for name in FORM {
        if let Some(value) = form::field(form, name) {
            marks.insert(name.to_owned(), value.chars().take(MARK_CHARS_MAX).collect());
        }
    }
    let names = form.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    names.map(form::decode).collect()
}

/// The kind of credential presented; the first one where there are several.
fn credential(headers: &HeaderMap, query: &str) -> &'static str {
    match text(headers, "authorization") {
        Some(value) if value.starts_with("AWS4-HMAC-SHA256") => return "sigv4",
        Some(value) if value.len() > 7 && value.as_bytes().starts_with(b"Bearer ") => {
            return "bearer";
        }
        Some(_) => return "authorization",
        None => {}
    }
    for name in ["x-api-key", "api-key", "x-goog-api-key"] {
        if headers.contains_key(name) {
            return name;
        }
    }
    if form::field(query, "key").is_some() { "key in query" } else { "none" }
}

/// `AKID/20261120/eu-west-1/bedrock/aws4_request`.
fn signing_scope(authorization: &str) -> Option<&str> {
    let (_, after) = authorization.split_once("Credential=")?;
    after.split([',', ' ']).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_signature_leaves_its_scope_and_no_secret() {
        let mut headers = HeaderMap::new();
        let value = "AWS4-HMAC-SHA256 Credential=AK/20261120/eu-west-1/bedrock/aws4_request, \
                     SignedHeaders=host, Signature=abc";
        headers.insert("authorization", HeaderValue::from_static(value));
        let marks = of_head(&headers, "/model/m/converse", "");
        assert_eq!(marks["sigv4_scope"], "20261120/eu-west-1/bedrock/aws4_request");
        assert_eq!(
            (marks["access_key_id"].as_str(), marks["credential"].as_str()),
            ("AK", "sigv4")
        );
        assert!(!marks.values().any(|value| value.contains("abc")));
    }

    #[test]
    fn a_vertex_path_leaves_its_location() {
        let path =
            "/v1/projects/p/locations/europe-west1/publishers/google/models/m:generateContent";
        let marks = of_head(&HeaderMap::new(), path, "alt=sse");
        assert_eq!(marks["location"], "europe-west1");
        assert_eq!((marks["project"].as_str(), marks["alt"].as_str()), ("p", "sse"));
    }
}

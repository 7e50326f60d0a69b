//! What differs from vendor to vendor, as one trait; everything else is shared.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::clock::WallTime;
use crate::config::{EndpointSpec, Vendor};
use crate::random::Random;
use crate::script::ScriptWriter;

/// A path and method, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Completion,
    CountTokens,
    Models,
    Model(String),
    Unknown,
    /// The path exists with another method, named here.
    WrongMethod(&'static str),
}

impl Operation {
    /// `path` starts with `/v1`. `completion` is the vendor's own path for it.
    pub(crate) fn of(method: &Method, path: &str, completion: &str, count: Option<&str>) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        let posts =
            |operation| if method == Method::POST { operation } else { Self::WrongMethod("POST") };
        let gets = |operation| if reads { operation } else { Self::WrongMethod("GET, HEAD") };
        if path == completion {
            return posts(Self::Completion);
        }
        if count == Some(path) {
            return posts(Self::CountTokens);
        }
        match path.strip_prefix("/v1/models") {
            Some("") => gets(Self::Models),
            Some(rest) if rest.len() > 1 && rest.starts_with('/') => {
                gets(Self::Model(rest.trim_start_matches('/').to_owned()))
            }
            _ => Self::Unknown,
        }
    }
}

/// A "no" by the vendor's own rules, or a status fault in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
}

impl Complaint {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into() }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(crate) fn param(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }
}

/// What a reply is made of besides its content.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) endpoint: &'a EndpointSpec,
    pub(crate) now: WallTime,
    pub(crate) random: Random,
    /// The vendor's own id of this request.
    pub(crate) request_id: String,
    pub(crate) room: Room,
}

/// What the rate-limit headers claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) requests_limit: u64,
    pub(crate) requests_left: u64,
    pub(crate) tokens_limit: u64,
    pub(crate) tokens_left: u64,
    /// Seconds until the window is new.
    pub(crate) reset_seconds: u64,
}

/// The manners of one vendor: its paths, checks, shapes, headers and words for failure.
pub(crate) trait Manners: Sync + std::fmt::Debug {
    fn operation(&self, method: &Method, path: &str) -> Operation;
    /// Header checks that come before the body is looked at.
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Complaint>;
    /// Whether `key` is presented.
    fn check_key(&self, headers: &HeaderMap, key: &str) -> Result<(), Complaint>;
    fn read(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        body: &Value,
    ) -> Result<Ask, Complaint>;
    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8>;
    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter);
    fn count(&self, ask: &Ask) -> Value;
    fn models(&self, facts: &Facts<'_>) -> Value;
    fn model(&self, facts: &Facts<'_>, id: &str) -> Value;
    fn error_body(&self, facts: &Facts<'_>, complaint: &Complaint) -> Value;
    fn error_event(&self, facts: &Facts<'_>, complaint: &Complaint) -> Bytes;
    fn malformed_event(&self) -> &'static str;
    fn not_json(&self) -> Complaint;
    fn too_large(&self) -> Complaint;
    fn no_such_model(&self, model: &str) -> Complaint;
    fn no_such_path(&self, method: &Method, path: &str) -> Complaint;
    fn wrong_method(&self, method: &Method, path: &str) -> Complaint;
    /// The usual words of a status.
    fn status(&self, code: u16) -> Complaint;
    fn out_of_quota(&self) -> Complaint;
    /// The failure that strikes in the middle of a stream.
    fn in_stream(&self) -> Complaint;
    /// Headers of every reply.
    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap);
    /// Headers that say when to come back.
    fn retry_after(&self, seconds: f64, headers: &mut HeaderMap);
}

impl Vendor {
    pub(crate) fn manners(self) -> &'static dyn Manners {
        match self {
            Self::OpenAi => &crate::openai::OpenAi,
            Self::Anthropic => &crate::anthropic::Anthropic,
        }
    }
}

/// The token after `Bearer `.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

pub(crate) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

pub(crate) fn put_number(headers: &mut HeaderMap, name: &'static str, value: u64) {
    headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
}

/// Whole seconds, rounded up, for `retry-after`.
pub(crate) fn ceil_seconds(seconds: f64) -> String {
    format!("{:.0}", seconds.ceil())
}

/// Writes `text` as a JSON string.
pub(crate) fn write_json(out: &mut Vec<u8>, text: &str) {
    // Writing a string to memory cannot fail; if it did, the event would not parse, which shows.
    let _infallible = serde_json::to_writer(out, text);
}

/// The JSON type of a value, in the words of a message.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

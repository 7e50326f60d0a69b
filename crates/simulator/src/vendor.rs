//! What differs from vendor to vendor, as one trait; what differs from wire format to wire format
//! is [`Wire`](crate::wire::Wire).

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::access::Visitor;
use crate::clock::WallTime;
use crate::config::{EndpointSpec, Vendor};
use crate::identity::Surface;
use crate::random::Random;
use crate::wire::{Embedder, Wire};

/// Content type of a JSON body.
pub(crate) const JSON: &str = "application/json";

/// The line of a request, as far as it concerns a vendor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) method: &'a Method,
    /// After the endpoint's name, not decoded.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
}

impl Line<'_> {
    pub(crate) fn posts(&self, operation: Operation) -> Operation {
        if self.method == Method::POST { operation } else { Operation::WrongMethod("POST") }
    }

    pub(crate) fn gets(&self, operation: Operation) -> Operation {
        let reads = self.method == Method::GET || self.method == Method::HEAD;
        if reads { operation } else { Operation::WrongMethod("GET, HEAD") }
    }

    /// The list of models at `prefix`, one of them below it, or nothing known.
    pub(crate) fn models(&self, prefix: &str) -> Operation {
        match self.path.strip_prefix(prefix) {
            Some("") => self.gets(Operation::Models),
            Some(rest) if rest.len() > 1 && rest.starts_with('/') => {
                let id = rest.trim_start_matches('/');
                self.gets(Operation::Model(crate::form::decode(id)))
            }
            _ => Operation::Unknown,
        }
    }
}

/// A path and method, understood.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// A conversation to go on with.
    Complete(&'static dyn Wire, InPath),
    /// Tokens of a conversation to count.
    Count(&'static dyn Wire, InPath),
    /// Texts to turn into vectors.
    Embed(&'static dyn Embedder, InPath),
    /// Credentials to issue.
    Identity(&'static dyn Surface),
    Models,
    Model(String),
    Unknown,
    /// The path exists with another method, named here.
    WrongMethod(&'static str),
}

impl Operation {
    /// The wire format spoken, for the log; empty where there is none.
    pub(crate) fn wire(&self) -> &'static str {
        match self {
            Self::Complete(wire, _) | Self::Count(wire, _) => wire.name(),
            Self::Embed(embedder, _) => embedder.name(),
            Self::Identity(surface) => surface.name(),
            Self::Models | Self::Model(_) => "models",
            Self::Unknown | Self::WrongMethod(_) => "",
        }
    }

    pub(crate) fn in_path(&self) -> Option<&InPath> {
        match self {
            Self::Complete(_, path) | Self::Count(_, path) | Self::Embed(_, path) => Some(path),
            Self::Identity(_)
            | Self::Models
            | Self::Model(_)
            | Self::Unknown
            | Self::WrongMethod(_) => None,
        }
    }
}

/// What some vendors say in the path and others in the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InPath {
    pub(crate) model: Option<String>,
    pub(crate) stream: Option<bool>,
}

impl InPath {
    pub(crate) fn model(model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), stream: None }
    }

    pub(crate) fn streamed(self, stream: bool) -> Self {
        Self { stream: Some(stream), ..self }
    }
}

/// A "no" by the vendor's own rules, or a status fault in its words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Complaint {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
    /// Seconds after which the vendor wants to be asked again, where its body says so.
    pub(crate) retry_after: Option<f64>,
    /// The whole body, where it is not the vendor's usual one.
    pub(crate) body: Option<Box<Value>>,
}

impl Complaint {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, code: None, param: None, message, retry_after: None, body: None }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(crate) fn param(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self { body: Some(Box::new(body)), ..self }
    }
}

/// What a reply is made of besides its content.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) endpoint: &'a EndpointSpec,
    /// After the endpoint's name.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
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

/// The manners of one vendor: its paths, checks, headers and words for failure.
pub(crate) trait Manners: Sync + std::fmt::Debug {
    fn operation(&self, line: &Line<'_>) -> Operation;
    /// Checks of the head that come before anything else.
    fn check_head(
        &self,
        _spec: &EndpointSpec,
        _line: &Line<'_>,
        _headers: &HeaderMap,
    ) -> Result<(), Complaint> {
        Ok(())
    }
    /// Whether the caller may come in; asked only where the endpoint wants a credential.
    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint>;
    fn models(&self, facts: &Facts<'_>) -> Value;
    fn model(&self, facts: &Facts<'_>, id: &str) -> Value;
    fn error_body(&self, facts: &Facts<'_>, complaint: &Complaint) -> Value;
    /// Content type and body of a failure; JSON unless the vendor has another habit.
    fn error_page(&self, facts: &Facts<'_>, complaint: &Complaint) -> (&'static str, Bytes) {
        (JSON, self.error_body(facts, complaint).to_string().into())
    }
    /// Headers of a failure.
    fn error_headers(&self, _complaint: &Complaint, _headers: &mut HeaderMap) {}
    fn not_json(&self) -> Complaint;
    fn too_large(&self) -> Complaint;
    fn no_such_model(&self, facts: &Facts<'_>, model: &str) -> Complaint;
    fn no_such_path(&self, line: &Line<'_>) -> Complaint;
    fn wrong_method(&self, line: &Line<'_>) -> Complaint;
    /// The usual words of a status.
    fn status(&self, code: u16) -> Complaint;
    fn out_of_quota(&self) -> Complaint;
    /// The failure that strikes in the middle of a stream.
    fn in_stream(&self) -> Complaint {
        self.status(500)
    }
    /// Headers of every reply.
    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap);
    /// Headers that say when to come back.
    fn retry_after(&self, seconds: f64, headers: &mut HeaderMap) {
        put(headers, "retry-after", &ceil_seconds(seconds));
    }
}

impl Vendor {
    pub(crate) fn manners(self) -> &'static dyn Manners {
        match self {
            Self::OpenAi => &crate::openai::OpenAi,
            Self::Anthropic => &crate::anthropic::Anthropic,
            Self::Azure => &crate::azure::Azure,
            Self::Bedrock => &crate::bedrock::Bedrock,
            Self::Vertex => &crate::vertex::Vertex,
            Self::Mistral => &crate::mistral::Mistral,
            Self::Identity => &crate::identity::Identity,
        }
    }
}

/// The token after `Bearer `.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = text(headers, "authorization")?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A header's value, if it is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
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

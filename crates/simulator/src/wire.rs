//! A wire format: how a conversation or a batch of texts is asked for and answered.
//!
//! A vendor may speak several, and one may be spoken by several vendors.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts, InPath};

/// Content type of a stream of server-sent events.
pub(crate) const EVENTS: &str = "text/event-stream; charset=utf-8";

/// A request to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub(crate) path: &'a InPath,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Value,
    /// Only its tokens are to be counted.
    pub(crate) counting: bool,
}

/// A format for conversations.
pub(crate) trait Wire: Sync + std::fmt::Debug {
    /// `vendor.format`, for the log.
    fn name(&self) -> &'static str;
    /// Checks and reads a request by the vendor's own rules.
    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint>;
    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8>;
    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter);
    fn stream_kind(&self) -> &'static str {
        EVENTS
    }
    fn count(&self, ask: &Ask) -> Value {
        json!({ "input_tokens": ask.prompt_tokens })
    }
    /// Headers that tell of the answer.
    fn headers(&self, _ask: &Ask, _answer: &Answer, _headers: &mut HeaderMap) {}
    /// The event that ends a failing stream, after `frames` others.
    fn error_event(&self, moment: &Moment<'_>, complaint: &Complaint) -> Bytes;
    /// An event that is framed well and whose payload is not JSON.
    fn malformed_event(&self) -> Bytes;
}

/// Where in a stream a failure strikes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) ask: &'a Ask,
    /// Frames already sent.
    pub(crate) frames: usize,
}

/// A format for vectors.
pub(crate) trait Embedder: Sync + std::fmt::Debug {
    /// `vendor.format`, for the log.
    fn name(&self) -> &'static str;
    /// Reads and answers at once: there is nothing to stream and nothing to choose.
    fn embed(&self, facts: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint>;
}

/// Vectors, in the vendor's words.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) model: String,
    pub(crate) tokens: u64,
    pub(crate) body: Value,
    /// The header that repeats the number of tokens, where there is one.
    pub(crate) token_header: Option<&'static str>,
}

//! Reading Responses answers, whole and streamed.

mod stream;
mod whole;

use serde::Deserialize;
use serde_json::value::RawValue;
pub(crate) use stream::StreamReader;
use vocab::{Failure, FailureKind, Usage};
pub(crate) use whole::{read, summary};

use super::usage;
use crate::{
    Finish, UpstreamDialect, read_error,
    reasoning::{Issuer, Seal},
    text::Loose,
    upstream::Source,
};

/// The object that is the answer, or the last event of its stream.
#[derive(Deserialize)]
struct Response<'a, I> {
    #[serde(borrow, default)]
    object: Loose<'a>,
    #[serde(borrow, default)]
    status: Loose<'a>,
    output: Option<Vec<I>>,
    #[serde(borrow, default)]
    incomplete_details: Option<Incomplete<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    usage: Option<usage::Wire>,
}

#[derive(Deserialize)]
struct Incomplete<'a> {
    #[serde(borrow, default)]
    reason: Loose<'a>,
}

impl<I> Response<'_, I> {
    fn usage(&self) -> Usage {
        self.usage.unwrap_or_default().into()
    }

    /// Why the answer ended, seen together with what it held: the status tells neither calls nor
    /// a refusal.
    fn finish(&self, has_calls: bool, has_refusal: bool) -> Result<Finish, Failure> {
        match self.status.as_str() {
            Some("completed") if has_calls => Ok(Finish::ToolCalls),
            Some("completed") if has_refusal => Ok(Finish::Refusal),
            Some("completed") => Ok(Finish::Stop),
            Some("incomplete") => {
                let details = self.incomplete_details.as_ref();
                Ok(match details.and_then(|details| details.reason.as_str()) {
                    Some("content_filter") => Finish::ContentFilter,
                    // Whatever the limit was, the answer is not whole (RTE-1).
                    _ => Finish::Length,
                })
            }
            Some("failed") => Err(self.failure()),
            // Queued, in progress, cancelled: nothing that a caller who waits can be given (RTE-1).
            _ => Err(broken("the provider's reply is not a finished answer")),
        }
    }

    fn failure(&self) -> Failure {
        match self.error {
            Some(error) => {
                read_error(UpstreamDialect::OpenAiResponses, None, error.get().as_bytes())
            }
            None => broken("the provider failed and does not say why"),
        }
    }
}

/// One thing that the model put out.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    call_id: Loose<'a>,
    #[serde(borrow, default)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    arguments: Loose<'a>,
    #[serde(borrow, default)]
    encrypted_content: Loose<'a>,
    #[serde(borrow, default)]
    summary: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

impl Item<'_> {
    /// Whether the caller is to run something.
    fn is_call(&self) -> bool {
        matches!(self.kind.as_str(), Some("function_call" | "custom_tool_call"))
    }
}

/// The seal of a reasoning item; `shown` says whether any of its words are.
fn seal<'a>(data: &'a str, source: &'a Source, shown: bool) -> Seal<'a> {
    let (model, data) = (source.model.as_str().into(), data.into());
    Seal { issuer: Issuer::OpenAi, model, redacted: !shown, data }
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

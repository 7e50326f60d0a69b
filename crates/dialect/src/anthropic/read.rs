//! Reading Messages answers, whole and streamed.

mod stream;
mod whole;

use std::borrow::Cow;

pub(crate) use stream::StreamReader;
use vocab::{Failure, FailureKind};
pub(crate) use whole::{read, summary};

use crate::{
    Finish,
    reasoning::{Issuer, Seal},
    upstream::Source,
};

/// A stop reason of the wire.
fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refusal,
        "pause_turn" => Finish::Pause,
        _ => Finish::Other,
    }
}

/// What Anthropic sealed, if it did.
fn seal<'a>(source: &'a Source, redacted: bool, data: Option<&'a str>) -> Option<Seal<'a>> {
    let data = data.filter(|data| !data.is_empty())?;
    let model = Cow::Borrowed(&*source.model);
    Some(Seal { issuer: Issuer::Anthropic, model, redacted, data: Cow::Borrowed(data) })
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

//! Reading Chat Completions answers, whole and streamed: OpenAI's, Mistral's, and those of compatible
//! servers with their habits.

mod content;
mod stream;
mod whole;

pub(crate) use stream::StreamReader;
use vocab::{Failure, FailureKind};
pub(crate) use whole::{read, summary};

use crate::Finish;

/// A finish reason of the wire, seen together with what the answer held: some compatible servers
/// say `stop` after tool calls, and OpenAI says `stop` after a refusal.
fn finish(reason: &str, has_calls: bool, has_refusal: bool) -> Result<Finish, Failure> {
    Ok(match reason {
        "stop" if has_refusal => Finish::Refusal,
        "stop" if has_calls => Finish::ToolCalls,
        "stop" => Finish::Stop,
        "length" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        // Mistral, vLLM and some routers end so; it is no answer (RTE-1).
        "error" | "abort" => return Err(broken("the provider ended the answer with an error")),
        _ => Finish::Other,
    })
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

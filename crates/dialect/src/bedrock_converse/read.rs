//! Reading Converse answers, whole and streamed.

mod stream;
mod whole;

pub(super) use stream::StreamReader;
use vocab::{Failure, FailureKind};
pub(super) use whole::read;

use crate::Finish;

/// A stop reason of the wire.
///
/// # Errors
/// The model failed and said nothing that can be used; another attempt may do better.
fn finish(reason: &str) -> Result<Finish, Failure> {
    match reason {
        "end_turn" => Ok(Finish::Stop),
        "stop_sequence" => Ok(Finish::StopSequence),
        "max_tokens" | "model_context_window_exceeded" => Ok(Finish::Length),
        "tool_use" => Ok(Finish::ToolCalls),
        "guardrail_intervened" | "content_filtered" => Ok(Finish::ContentFilter),
        "malformed_model_output" | "malformed_tool_use" => {
            Err(broken("the model's answer is malformed, its provider says"))
        }
        _ => Ok(Finish::Other),
    }
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

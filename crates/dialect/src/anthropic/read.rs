//! Reading Messages answers, whole and streamed.

mod stream;
mod whole;

pub(crate) use stream::StreamReader;
use vocab::{Failure, FailureKind};
pub(crate) use whole::{read, summary};

use crate::Finish;

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

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

//! The items of an answer as JSON text.

use serde::Serialize;

use crate::{events::Label, reasoning::UNSEALED, text};

/// One thing that the model put out.
pub(super) enum Item<'r> {
    Message(&'r [Part<'r>]),
    Reasoning { text: &'r str, seal: Option<&'r str> },
    Call(Call<'r>),
}

/// One part of a message.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part<'r> {
    OutputText { text: &'r str, annotations: [(); 0], logprobs: [(); 0] },
    Refusal { refusal: &'r str },
}

impl<'r> Part<'r> {
    pub(super) const fn text(text: &'r str) -> Self {
        Self::OutputText { text, annotations: [], logprobs: [] }
    }
}

/// A call of a tool.
pub(super) struct Call<'r> {
    pub(super) id: &'r str,
    pub(super) name: &'r str,
    pub(super) arguments: &'r str,
}

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    InProgress,
    Completed,
    Incomplete,
}

/// The id of the item at this place of the output.
pub(super) fn id(kind: &str, label: &Label, place: usize) -> String {
    format!("{kind}_{}_{place}", label.hex())
}

/// The id of a call: the provider's own, or one that is the same at every gateway when a
/// compatible server gives none.
pub(super) fn call_id(id: &str, label: &Label, number: usize) -> String {
    if id.is_empty() { format!("call_{}_{number}", label.tail()) } else { id.to_owned() }
}

impl Item<'_> {
    /// Its kind, as its id begins.
    pub(super) const fn prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg",
            Self::Reasoning { .. } => "rs",
            Self::Call(_) => "fc",
        }
    }

    /// The item at `place` of the output.
    pub(super) fn json(&self, label: &Label, place: usize, status: Status) -> Vec<u8> {
        let id = id(self.prefix(), label, place);
        match self {
            Self::Message(content) => {
                text::json(&Wire::Message { id, status, role: "assistant", content })
            }
            Self::Reasoning { text, seal } => {
                let summary: &[Summary<'_>] =
                    if text.is_empty() { &[] } else { &[Summary { kind: "summary_text", text }] };
                // Without a seal a turn that comes back would look like one that OpenAI keeps.
                let done = status == Status::Completed;
                let encrypted_content = seal.or(done.then_some(UNSEALED));
                text::json(&Wire::Reasoning { id, summary, encrypted_content })
            }
            Self::Call(Call { id: call_id, name, arguments }) => {
                text::json(&Wire::FunctionCall { id, status, call_id, name, arguments })
            }
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Wire<'r> {
    Message { id: String, status: Status, role: &'static str, content: &'r [Part<'r>] },
    Reasoning { id: String, summary: &'r [Summary<'r>], encrypted_content: Option<&'r str> },
    FunctionCall { id: String, status: Status, call_id: &'r str, name: &'r str, arguments: &'r str },
}

/// Reasoning as it is shown.
#[derive(Serialize)]
pub(super) struct Summary<'r> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) text: &'r str,
}

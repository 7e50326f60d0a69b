//! An answer, whole or event by event, in no dialect.

use vocab::{Failure, FailureKind, RequestId, Usage};

use crate::reasoning::{Reasoning, Seal};

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// A stop sequence was reached.
    StopSequence,
    /// The output limit or the context window was reached.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The provider's filter withheld content.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// The provider paused a long turn.
    Pause,
    /// A reason this version does not know.
    Other,
}

impl Finish {
    /// The name used in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::StopSequence => "stop_sequence",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Pause => "pause",
            Self::Other => "other",
        }
    }
}

/// One step of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplyEvent<'a> {
    /// The answer begins.
    Start,
    /// More text.
    Text(&'a str),
    /// More reasoning in plain text.
    Reasoning(&'a str),
    /// The seal of the reasoning that was open, which ends it; or hidden reasoning as a whole. A
    /// seal of Gemini belongs to the block that follows.
    Seal(Seal<'a>),
    /// More of the model's words of refusal.
    Refusal(&'a str),
    /// A tool call begins. Calls are numbered in the order of their beginning, from 0.
    ToolOpen {
        /// Which call.
        call: usize,
        /// The provider's id of the call; may be empty at some compatible servers.
        id: &'a str,
        /// The tool.
        name: &'a str,
    },
    /// More of a call's arguments: a fragment of JSON text.
    ToolArguments {
        /// Which call.
        call: usize,
        /// The fragment.
        fragment: &'a str,
    },
    /// Content of a kind that has no place in a reply; only a caller of the same dialect can have
    /// asked for it.
    Opaque,
    /// Nothing more comes for the block that is open, where the dialect says so.
    BlockEnd,
    /// Why the answer ends.
    Finish(Finish),
    /// What is known of usage; later figures replace earlier ones.
    Usage(Usage),
    /// The terminator: nothing follows.
    End,
}

/// What a frame of a stream is to a caller of the same dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Part of the answer.
    Content,
    /// Nothing to the answer: comments, signs of life, events of the future.
    Quiet,
    /// The usage that the gateway asked for.
    UsageOnly,
    /// The terminator.
    Terminal,
}

/// The failure of a writer that meets [`ReplyEvent::Opaque`].
pub(crate) fn opaque() -> Failure {
    let message = "the answer has content of a kind that cannot be carried to the caller";
    Failure::new(FailureKind::Broken, message)
}

/// The failure of an answer that ended without a reason: part of it may be missing (RTE-1).
pub(crate) fn unexplained(kind: FailureKind) -> Failure {
    Failure::new(kind, "the answer ended without saying why")
}

/// How a translated answer is named to the caller.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// The request's id: answers are named after it, so that one id joins everything.
    pub(crate) request_id: RequestId,
    /// The logical model.
    pub(crate) model: String,
    /// What of the request the answer repeats, in a form that the dialect's writers know.
    pub(crate) echo: Option<String>,
}

impl Label {
    /// The request's id without its prefix: 32 hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        self.request_id.to_string().split_off("req_".len())
    }

    pub(crate) fn openai_id(&self) -> String {
        format!("chatcmpl-{}", self.hex())
    }

    pub(crate) fn anthropic_id(&self) -> String {
        format!("msg_{}", self.hex())
    }

    /// The part of the id that differs between any two requests.
    pub(crate) fn tail(&self) -> String {
        self.hex().split_off(16)
    }

    /// The time of arrival in seconds: a request id begins with its milliseconds.
    pub(crate) fn created(&self) -> u64 {
        let hex = self.hex();
        let millis = hex.get(..12).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        millis.unwrap_or(0) / 1_000
    }
}

/// How far a streamed answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// A content token (text, reasoning, refusal, tool call) has been seen: the commit point.
    pub content: bool,
    /// The terminator has been seen.
    pub ended: bool,
    /// How many pieces of content there were.
    pub content_events: u64,
    /// What is known of usage.
    pub usage: Usage,
    /// Why the answer ended, once known.
    pub finish: Option<Finish>,
}

impl Progress {
    /// Takes note of one event.
    pub(crate) fn observe(&mut self, event: &ReplyEvent<'_>) {
        match event {
            ReplyEvent::Text(text)
            | ReplyEvent::Reasoning(text)
            | ReplyEvent::Refusal(text)
            | ReplyEvent::ToolArguments { fragment: text, .. } => {
                if !text.is_empty() {
                    self.content = true;
                    self.content_events = self.content_events.saturating_add(1);
                }
            }
            ReplyEvent::ToolOpen { .. } | ReplyEvent::Seal(_) | ReplyEvent::Opaque => {
                self.content = true;
                self.content_events = self.content_events.saturating_add(1);
            }
            ReplyEvent::Finish(finish) => self.finish = Some(*finish),
            ReplyEvent::Usage(usage) => self.usage.revise(usage),
            ReplyEvent::End => self.ended = true,
            ReplyEvent::Start | ReplyEvent::BlockEnd => {}
        }
    }
}

/// One block of a whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplyBlock {
    /// Text.
    Text(String),
    /// Reasoning, with its seal.
    Reasoning(Reasoning),
    /// The model's words of refusal.
    Refusal(String),
    /// A call of a tool.
    ToolCall {
        /// The provider's id of the call.
        id: String,
        /// The tool.
        name: String,
        /// The arguments as JSON text; empty means none.
        arguments: String,
    },
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reply {
    /// The blocks, in order.
    pub(crate) blocks: Vec<ReplyBlock>,
    /// Why it ended.
    pub(crate) finish: Option<Finish>,
    /// The stop sequence that was reached, where the provider says which.
    pub(crate) stop_sequence: Option<String>,
    /// What it used.
    pub(crate) usage: Usage,
}

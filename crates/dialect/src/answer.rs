//! A whole answer: validated, read for usage, and translated where the dialects differ.

use std::fmt;

use bytes::Bytes;
use vocab::{Failure, RequestId, Usage};

use crate::{
    ClientDialect, Finish, Request, UpstreamDialect, anthropic, events::Label, openai_chat,
};

/// A whole answer for the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The body.
    pub body: Bytes,
    /// What it used.
    pub usage: Usage,
    /// Why it ended.
    pub finish: Option<Finish>,
}

// AUD-4: the body is text of the answer, so `Debug` does not show it.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes, {:?}, {:?})", self.body.len(), self.usage, self.finish)
    }
}

/// Reads a whole answer of `upstream` to `request`. In the same dialect the body is shared and
/// stays as it is.
///
/// # Errors
/// An error with status 200, classified as its provider means it; `FailureKind::Broken` for a body
/// that is no answer, or one with content that cannot be carried to the caller.
pub fn answer(
    request: &Request,
    upstream: UpstreamDialect,
    request_id: RequestId,
    body: &Bytes,
) -> Result<Answer, Failure> {
    if upstream.is_same_as(request.client()) {
        let (usage, finish) = match upstream {
            UpstreamDialect::OpenAiChat => openai_chat::summary(body)?,
            UpstreamDialect::AnthropicMessages => anthropic::summary(body)?,
        };
        return Ok(Answer { body: body.clone(), usage, finish });
    }
    let reply = match upstream {
        UpstreamDialect::OpenAiChat => openai_chat::read(body)?,
        UpstreamDialect::AnthropicMessages => anthropic::read(body)?,
    };
    let label = Label { request_id, model: request.model().to_owned() };
    let body = match request.client() {
        ClientDialect::OpenAiChat => openai_chat::write(&reply, &label),
        ClientDialect::AnthropicMessages => anthropic::write(&reply, &label)?,
    };
    Ok(Answer { body: Bytes::from(body), usage: reply.usage, finish: reply.finish })
}

//! A whole answer: validated, read for usage, and translated where the dialects differ.

use std::fmt;

use bytes::Bytes;
use vocab::{Failure, FailureKind, RequestId, Usage};

use crate::{
    Finish, Request, UpstreamDialect,
    client::ClientFormat,
    events::Label,
    upstream::{Source, UpstreamFormat},
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

/// Reads a whole answer of `upstream` to `request`; `model` is the upstream's own name of the
/// model. In the same dialect the body is shared and stays as it is.
///
/// # Errors
/// An error with status 200, classified as its provider means it; `FailureKind::Broken` for a body
/// that is no answer, or one with content that cannot be carried to the caller.
pub fn answer(
    request: &Request,
    upstream: UpstreamDialect,
    model: &str,
    request_id: RequestId,
    body: &Bytes,
) -> Result<Answer, Failure> {
    let same = request.takes_answers_of(upstream);
    let passed = |usage, finish| Answer { body: body.clone(), usage, finish };
    let label = || Label { request_id, model: request.model().to_owned(), echo: request.echo() };
    match (request.client().format(), upstream.format()) {
        (ClientFormat::Generate(_), UpstreamFormat::Generate(format)) if same => {
            format.summary(body).map(|(usage, finish)| passed(usage, finish))
        }
        (ClientFormat::Generate(client), UpstreamFormat::Generate(format)) => {
            let reply = format
                .read(body, &Source { model: model.to_owned(), prefill: request.prefill() })?;
            let body = Bytes::from(client.write(&reply, &label())?);
            Ok(Answer { body, usage: reply.usage, finish: reply.finish })
        }
        (ClientFormat::Embed(_), UpstreamFormat::Embed(format)) if same => {
            format.summary(body).map(|usage| passed(usage, None))
        }
        (ClientFormat::Embed(client), UpstreamFormat::Embed(format)) => {
            let vectors = format.read(body)?;
            let texts = request.texts().filter(|texts| texts.inputs.len() == vectors.vectors.len());
            let Some(texts) = texts else {
                let message = "the provider's reply does not have a vector for each input";
                return Err(Failure::new(FailureKind::Broken, message));
            };
            let body = Bytes::from(client.write(texts, &vectors, &label()));
            Ok(Answer { body, usage: vectors.usage, finish: None })
        }
        (ClientFormat::Count(client), UpstreamFormat::Count(format)) => {
            let tokens = format.read(body)?;
            let body = if same { body.clone() } else { Bytes::from(client.write(tokens)) };
            // Counting generates nothing and is not billed.
            Ok(Answer { body, usage: Usage::default(), finish: None })
        }
        _ => Err(Failure::new(FailureKind::Broken, "the answer is to another kind of request")),
    }
}

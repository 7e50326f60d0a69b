//! A whole answer: validated, read for usage, and translated where the dialects differ.

use std::fmt;

use bytes::Bytes;
use vocab::{Failure, FailureKind, RequestId, Usage};

use crate::{
    Finish, Request, UpstreamDialect,
    client::ClientFormat,
    embedding::Texts,
    events::{Label, unexplained},
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

/// A whole reply with a good status, as it came from an upstream.
#[derive(Clone, Copy)]
pub struct WholeReply<'a> {
    /// The dialect it is in.
    pub upstream: UpstreamDialect,
    /// The upstream's own name of the model.
    pub model: &'a str,
    /// The body.
    pub body: &'a Bytes,
    /// The tokens of the input as the reply's head tells them; used for vectors where the body says
    /// nothing.
    pub input_tokens: Option<u64>,
}

// AUD-4: the body is text of the answer, so `Debug` does not show it.
impl fmt::Debug for WholeReply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WholeReply({}, {} bytes)", self.upstream, self.body.len())
    }
}

/// Reads a whole answer of `upstream` whose head tells nothing of its use; see
/// [`WholeReply::answer`].
///
/// # Errors
/// The same.
pub fn answer(
    request: &Request,
    upstream: UpstreamDialect,
    model: &str,
    request_id: RequestId,
    body: &Bytes,
) -> Result<Answer, Failure> {
    WholeReply { upstream, model, body, input_tokens: None }.answer(request, request_id)
}

impl WholeReply<'_> {
    /// Reads it as an answer to `request`. In the same dialect the body is shared and stays as it is.
    ///
    /// # Errors
    /// An error with status 200, classified as its provider means it; `FailureKind::Broken` for a
    /// body that is no answer, one with content that cannot be carried to the caller, or one that
    /// is to be translated and does not say why it ended (RTE-1).
    pub fn answer(&self, request: &Request, request_id: RequestId) -> Result<Answer, Failure> {
        let Self { upstream, model, body, .. } = *self;
        // Also where the request had to be taken apart for reasoning of another dialect: nothing in
        // the answer is.
        let same = upstream.is_same_as(request.client());
        let passed = |usage, finish| Answer { body: body.clone(), usage, finish };
        let label =
            || Label { request_id, model: request.model().to_owned(), echo: request.echo() };
        match (request.client().format(), upstream.format()) {
            (ClientFormat::Generate(_), UpstreamFormat::Generate(format)) if same => {
                format.summary(body).map(|(usage, finish)| passed(usage, finish))
            }
            (ClientFormat::Generate(client), UpstreamFormat::Generate(format)) => {
                let source = Source { model: model.to_owned(), prefill: request.prefill() };
                let reply = format.read(body, &source)?;
                if reply.finish.is_none() {
                    return Err(unexplained(FailureKind::Broken));
                }
                let body = Bytes::from(client.write(&reply, &label())?);
                Ok(Answer { body, usage: reply.usage, finish: reply.finish })
            }
            (ClientFormat::Embed(_), UpstreamFormat::Embed(format)) if same => {
                format.summary(body).map(|usage| passed(self.counted(usage), None))
            }
            (ClientFormat::Embed(client), UpstreamFormat::Embed(format)) => {
                let mut vectors = format.read(body)?;
                vectors.usage = self.counted(vectors.usage);
                let all = |texts: &&Texts| texts.inputs.len() == vectors.vectors.len();
                let Some(texts) = request.texts().filter(all) else {
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

    /// The use of an embedding, with what only the head tells.
    fn counted(&self, usage: Usage) -> Usage {
        Usage { input: usage.input.or(self.input_tokens), ..usage }
    }
}

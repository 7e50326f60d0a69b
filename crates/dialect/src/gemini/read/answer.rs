//! An answer as it comes, body by body, into events.
//!
//! A signature belongs to the part it stands in, so its seal comes before that part's content. Calls
//! have no ids here unless the model is new enough to give them; without one the caller's dialect
//! makes an id from the request's and the call's number, which is the same at every gateway.

use vocab::{Failure, FailureKind};

use super::{
    broken, finish,
    partial::Partial,
    wire::{Body, Call, Candidate, Feedback, Part},
};
use crate::{
    Finish, ReplyEvent, UpstreamDialect, read_error,
    reasoning::{Issuer, Seal},
    upstream::{Sink, Source},
};

/// What is known of the answer so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    source: Source,
    started: bool,
    calls: usize,
    // Arguments that come in pieces.
    partial: Option<Partial>,
    finish: Option<Finish>,
}

impl Answer {
    pub(super) fn new(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    /// Reads one body; gives whether it was part of an answer.
    ///
    /// # Errors
    /// An error, a prompt that was refused, a body that is malformed, or an end that is none.
    pub(super) fn body(&mut self, data: &[u8], sink: &mut Sink<'_>) -> Result<bool, Failure> {
        let text = std::str::from_utf8(data).ok();
        let Some(body) = text.and_then(|text| serde_json::from_str::<Body<'_>>(text).ok()) else {
            return Err(broken("the answer is malformed"));
        };
        if body.error.is_some() {
            return Err(read_error(UpstreamDialect::Gemini, None, data));
        }
        if let Some(failure) = body.prompt_feedback.as_ref().and_then(blocked) {
            return Err(failure);
        }
        if body.candidates.is_none() && body.usage_metadata.is_none() {
            return Ok(false);
        }
        if !self.started {
            self.started = true;
            sink(ReplyEvent::Start)?;
        }
        for candidate in body.candidates.iter().flatten() {
            self.candidate(candidate, sink)?;
        }
        if let Some(usage) = body.usage_metadata {
            sink(ReplyEvent::Usage(usage.into()))?;
        }
        Ok(true)
    }

    /// Nothing more comes: says why the answer ended. Some generations of models give a reason with
    /// every body, so the last one counts.
    pub(super) fn close(&mut self, sink: &mut Sink<'_>) -> Result<Option<Finish>, Failure> {
        self.close_partial(sink)?;
        let finish = match self.finish {
            Some(Finish::Stop | Finish::Other) if self.calls > 0 => Some(Finish::ToolCalls),
            finish => finish,
        };
        if let Some(finish) = finish {
            sink(ReplyEvent::Finish(finish))?;
        }
        Ok(finish)
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let parts = candidate.content.as_ref().and_then(|content| content.parts.as_deref());
        if candidate.index.0.unwrap_or(0) > 0 {
            // Only a request in this dialect can have asked for more than one answer.
            return sink(ReplyEvent::Opaque);
        }
        for part in parts.unwrap_or_default() {
            self.part(part, sink)?;
        }
        if let Some(reason) = candidate.finish_reason {
            self.finish = finish(reason.get())?.or(self.finish);
        }
        Ok(())
    }

    fn part(&mut self, part: &Part<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        if part.is_foreign() {
            return sink(ReplyEvent::Opaque);
        }
        let thought = part.thought == Some(true);
        let text = part.text.as_str().unwrap_or_default();
        if thought && !text.is_empty() {
            sink(ReplyEvent::Reasoning(text))?;
        }
        let signature = part.thought_signature.as_str().filter(|data| !data.is_empty());
        if let Some(data) = signature {
            sink(ReplyEvent::Seal(Seal {
                issuer: Issuer::Gemini,
                model: self.source.model.as_str().into(),
                redacted: false,
                data: data.into(),
            }))?;
        }
        if let Some(call) = &part.function_call {
            return self.call(call, sink);
        }
        if !thought && !text.is_empty() {
            sink(ReplyEvent::Text(text))?;
            // What is signed is not to be mixed with what follows.
            if signature.is_some() {
                sink(ReplyEvent::BlockEnd)?;
            }
        }
        Ok(())
    }

    fn call(&mut self, call: &Call<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let name = call.name.as_str().unwrap_or_default();
        let pieces = call.partial_args.as_deref().unwrap_or_default();
        let goes_on = call.will_continue == Some(true);
        if !name.is_empty() {
            self.close_partial(sink)?;
            let number = self.calls;
            self.calls += 1;
            let id = call.id.as_str().unwrap_or_default();
            sink(ReplyEvent::ToolOpen { call: number, id, name })?;
            if !goes_on && pieces.is_empty() {
                return whole_arguments(number, call, sink);
            }
            self.partial = Some(Partial::new(number));
        }
        let Some(partial) = &mut self.partial else {
            return Err(broken("a tool call of the answer has no name"));
        };
        pieces.iter().try_for_each(|piece| partial.take(piece))?;
        if goes_on { Ok(()) } else { self.close_partial(sink) }
    }

    /// Arguments in pieces go on as a whole: a piece is a value at a path, not JSON text.
    fn close_partial(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let Some(partial) = self.partial.take() else { return Ok(()) };
        let call = partial.call();
        sink(ReplyEvent::ToolArguments { call, fragment: &partial.json() })?;
        sink(ReplyEvent::BlockEnd)
    }
}

fn whole_arguments(number: usize, call: &Call<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let fragment = match call.args.map(serde_json::value::RawValue::get) {
        None | Some("null") => "{}",
        Some(args) if args.starts_with('{') => args,
        Some(_) => return Err(broken("the arguments of a tool call are not an object")),
    };
    sink(ReplyEvent::ToolArguments { call: number, fragment })?;
    sink(ReplyEvent::BlockEnd)
}

/// The prompt was refused: there is no answer to it.
fn blocked(feedback: &Feedback<'_>) -> Option<Failure> {
    let reason = feedback.block_reason?.get().trim_matches('"');
    if matches!(reason, "null" | "0" | "BLOCKED_REASON_UNSPECIFIED") {
        return None;
    }
    let said = feedback.block_reason_message.as_str().filter(|said| !said.is_empty());
    let message = said.unwrap_or("the provider's filter refused the prompt");
    let code = Some(reason.to_owned());
    Some(Failure { code, ..Failure::new(FailureKind::ContentBlocked, message) })
}

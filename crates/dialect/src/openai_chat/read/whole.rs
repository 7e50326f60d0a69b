//! A whole Chat Completions answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, Usage};

use super::{
    super::usage,
    broken,
    content::{self, Content, Said},
    finish,
    stream::seal,
};
use crate::{
    Finish, Reply, ReplyBlock, UpstreamDialect,
    events::opaque,
    read_error,
    reasoning::{Reasoning, Seal},
    text::Loose,
    upstream::Source,
};

/// What the gateway must know of an answer that passes through.
///
/// # Errors
/// An error with status 200, or a body that is no answer.
pub(crate) fn summary(
    upstream: UpstreamDialect,
    body: &[u8],
) -> Result<(Usage, Option<Finish>), Failure> {
    let answer: Completion<Brief<'_>> = parse(upstream, body)?;
    let Some(choice) = answer.choices.as_deref().and_then(<[_]>::first) else {
        return Err(broken("the provider's reply has no choice"));
    };
    let finish = choice.finish()?;
    Ok((answer.usage.unwrap_or_default().into(), finish))
}

/// The whole answer.
///
/// # Errors
/// An error with status 200, a body that is no answer, or content that has no place in a reply.
pub(crate) fn read(
    upstream: UpstreamDialect,
    body: &[u8],
    source: &Source,
) -> Result<Reply, Failure> {
    let answer: Completion<Choice<'_>> = parse(upstream, body)?;
    let mut choices = answer.choices.unwrap_or_default().into_iter();
    let (Some(choice), None) = (choices.next(), choices.next()) else {
        return Err(broken("the answer does not have exactly one choice"));
    };
    let mut blocks = Vec::new();
    if let Some(message) = choice.message {
        message.into_blocks(upstream, source, &mut blocks)?;
    }
    let has = |wanted: fn(&ReplyBlock) -> bool| blocks.iter().any(wanted);
    let has_calls = has(|block| matches!(block, ReplyBlock::ToolCall { .. }));
    let has_refusal = has(|block| matches!(block, ReplyBlock::Refusal(_)));
    let reason = choice.finish_reason.as_str().filter(|reason| !reason.is_empty());
    Ok(Reply {
        finish: reason.map(|reason| finish(reason, has_calls, has_refusal)).transpose()?,
        blocks,
        stop_sequence: None,
        usage: answer.usage.unwrap_or_default().into(),
    })
}

fn parse<'a, C: Deserialize<'a>>(
    upstream: UpstreamDialect,
    body: &'a [u8],
) -> Result<Completion<'a, C>, Failure> {
    let text = std::str::from_utf8(body).ok();
    let answer: Option<Completion<'a, C>> = text.and_then(|text| serde_json::from_str(text).ok());
    match answer {
        Some(answer) if answer.choices.is_some() && answer.error.is_none() => Ok(answer),
        Some(answer) if answer.error.is_some() || answer.object.as_str() == Some("error") => {
            Err(read_error(upstream, None, body))
        }
        _ => Err(broken("the provider's reply is not an answer")),
    }
}

#[derive(Deserialize)]
struct Completion<'a, C> {
    #[serde(borrow, default)]
    object: Loose<'a>,
    choices: Option<Vec<C>>,
    #[serde(default)]
    usage: Option<usage::Wire>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Brief<'a> {
    #[serde(borrow, default)]
    finish_reason: Loose<'a>,
    #[serde(borrow, default)]
    message: Option<BriefMessage<'a>>,
}

#[derive(Deserialize)]
struct BriefMessage<'a> {
    #[serde(borrow, default)]
    refusal: Loose<'a>,
    #[serde(default, deserialize_with = "content::one_or_many")]
    tool_calls: Vec<Call>,
}

/// A call of which only its being there matters.
#[derive(Deserialize)]
struct Call {}

impl Brief<'_> {
    fn finish(&self) -> Result<Option<Finish>, Failure> {
        let message = self.message.as_ref();
        let has_calls = message.is_some_and(|message| !message.tool_calls.is_empty());
        let has_refusal = message
            .and_then(|message| message.refusal.as_str())
            .is_some_and(|refusal| !refusal.is_empty());
        let reason = self.finish_reason.as_str().filter(|reason| !reason.is_empty());
        reason.map(|reason| finish(reason, has_calls, has_refusal)).transpose()
    }
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    finish_reason: Loose<'a>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Content<'a>,
    #[serde(borrow, default)]
    reasoning_content: Loose<'a>,
    #[serde(borrow, default)]
    reasoning: Loose<'a>,
    #[serde(borrow, default)]
    refusal: Loose<'a>,
    #[serde(borrow, default, deserialize_with = "content::one_or_many")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

impl Message<'_> {
    fn into_blocks(
        self,
        upstream: UpstreamDialect,
        source: &Source,
        blocks: &mut Vec<ReplyBlock>,
    ) -> Result<(), Failure> {
        let own =
            |text: &Loose<'_>| text.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if self.function_call.is_some() {
            return Err(opaque());
        }
        let reasoning = own(&self.reasoning_content).or_else(|| own(&self.reasoning));
        blocks.extend(reasoning.map(Reasoning::unsealed).map(ReplyBlock::Reasoning));
        match self.content {
            Content::Absent => {}
            Content::Text(text) if text.is_empty() => {}
            Content::Text(text) => blocks.push(ReplyBlock::Text(text.into_owned())),
            Content::Other => return Err(opaque()),
            Content::Parts(parts) => {
                for part in &parts {
                    blocks.extend(self::part(&part.said(), upstream, source)?);
                }
            }
        }
        blocks.extend(own(&self.refusal).map(ReplyBlock::Refusal));
        for call in self.tool_calls {
            let Some(name) = own(&call.function.name) else {
                return Err(broken("a tool call of the answer has no name"));
            };
            blocks.push(ReplyBlock::ToolCall {
                id: own(&call.id).unwrap_or_default(),
                name,
                arguments: content::arguments(call.function.arguments)?.into_owned(),
            });
        }
        Ok(())
    }
}

fn part(
    said: &Said<'_>,
    upstream: UpstreamDialect,
    source: &Source,
) -> Result<Option<ReplyBlock>, Failure> {
    Ok(match said {
        Said::Text("") => None,
        Said::Text(text) => Some(ReplyBlock::Text((*text).to_owned())),
        Said::Opaque => return Err(opaque()),
        Said::Reasoning(text, sealed) => {
            let seal = sealed.and_then(|data| seal(upstream, &source.model, data));
            let seal = seal.map(Seal::into_owned);
            Some(ReplyBlock::Reasoning(Reasoning { text: text.clone().into_owned(), seal }))
        }
    })
}

//! A whole Messages answer.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use vocab::{Failure, Usage};

use super::{super::usage, broken, finish, seal};
use crate::{
    Finish, Reply, ReplyBlock, UpstreamDialect, read_error,
    reasoning::{Reasoning, Seal},
    text::Loose,
    upstream::Source,
};

/// What the gateway must know of an answer that passes through.
///
/// # Errors
/// An error with status 200, or a body that is no answer.
pub(crate) fn summary(body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
    let answer: Message<'_, IgnoredAny> = parse(body)?;
    let usage = answer.usage.unwrap_or_default().into();
    Ok((usage, answer.stop_reason.as_str().map(finish)))
}

/// The whole answer.
///
/// # Errors
/// An error with status 200, a body that is no answer, or content that has no place in a reply.
pub(crate) fn read(body: &[u8], source: &Source) -> Result<Reply, Failure> {
    let answer: Message<'_, Block<'_>> = parse(body)?;
    let mut blocks = Vec::new();
    for block in answer.content.unwrap_or_default() {
        blocks.push(block.read(source)?);
    }
    Ok(Reply {
        blocks,
        finish: answer.stop_reason.as_str().map(finish),
        stop_sequence: answer.stop_sequence.as_str().map(str::to_owned),
        usage: answer.usage.unwrap_or_default().into(),
    })
}

fn parse<'a, B: Deserialize<'a>>(body: &'a [u8]) -> Result<Message<'a, B>, Failure> {
    let text = std::str::from_utf8(body).ok();
    let answer: Option<Message<'a, B>> = text.and_then(|text| serde_json::from_str(text).ok());
    match answer {
        Some(answer) if answer.error.is_some() || answer.kind.as_str() == Some("error") => {
            Err(read_error(UpstreamDialect::AnthropicMessages, None, body))
        }
        Some(answer) if answer.kind.as_str() == Some("message") && answer.content.is_some() => {
            Ok(answer)
        }
        _ => Err(broken("the provider's reply is not an answer")),
    }
}

#[derive(Deserialize)]
struct Message<'a, B> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    content: Option<Vec<B>>,
    #[serde(borrow, default)]
    stop_reason: Loose<'a>,
    #[serde(borrow, default)]
    stop_sequence: Loose<'a>,
    #[serde(default)]
    usage: Option<usage::Wire>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    thinking: Loose<'a>,
    #[serde(borrow, default)]
    signature: Loose<'a>,
    #[serde(borrow, default)]
    data: Loose<'a>,
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow, default)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

impl Block<'_> {
    fn read(self, source: &Source) -> Result<ReplyBlock, Failure> {
        let own = |text: &Loose<'_>| text.as_str().unwrap_or_default().to_owned();
        match self.kind.as_str().unwrap_or_default() {
            "text" => Ok(ReplyBlock::Text(own(&self.text))),
            "thinking" => Ok(ReplyBlock::Reasoning(Reasoning {
                text: own(&self.thinking),
                seal: seal(source, false, self.signature.as_str()).map(Seal::into_owned),
            })),
            // Encrypted: there is nothing to show, and all the same it must come back.
            "redacted_thinking" => Ok(ReplyBlock::Reasoning(Reasoning {
                text: String::new(),
                seal: seal(source, true, self.data.as_str()).map(Seal::into_owned),
            })),
            "tool_use" => Ok(ReplyBlock::ToolCall {
                id: own(&self.id),
                name: own(&self.name),
                arguments: self.input.map(|input| input.get().to_owned()).unwrap_or_default(),
            }),
            _ => Err(broken("the answer has content of a kind that cannot be carried")),
        }
    }
}

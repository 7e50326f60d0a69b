//! A whole Converse answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::Failure;

use super::{super::usage, broken, finish};
use crate::{
    Reply, ReplyBlock, UpstreamDialect, read_error,
    reasoning::{Issuer, Reasoning, Seal},
    text::Loose,
    upstream::Source,
};

/// The whole answer.
///
/// # Errors
/// An error with status 200, a body that is no answer, or content that has no place in a reply.
pub(crate) fn read(body: &[u8], source: &Source) -> Result<Reply, Failure> {
    let not = || broken("the provider's reply is not an answer");
    let text = std::str::from_utf8(body).map_err(|_| not())?;
    let answer: Answer<'_> = serde_json::from_str(text).map_err(|_| not())?;
    let message = match answer.output.and_then(|output| output.message) {
        Some(message) => message,
        None if answer.shape.is_some() || answer.message.is_some() => {
            return Err(read_error(UpstreamDialect::BedrockConverse, None, body));
        }
        None => return Err(not()),
    };
    let blocks = message.content.into_iter().map(|block| block.read(source));
    Ok(Reply {
        blocks: blocks.collect::<Result<_, _>>()?,
        finish: answer.stop_reason.as_str().map(finish).transpose()?,
        stop_sequence: None,
        usage: answer.usage.unwrap_or_default().into(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow, default)]
    output: Option<Output<'a>>,
    #[serde(borrow, default)]
    stop_reason: Loose<'a>,
    #[serde(default)]
    usage: Option<usage::Wire>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__type")]
    shape: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Block<'a>>,
}

/// A union: one of the members is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<ReasoningContent<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(borrow, default)]
    tool_use_id: Loose<'a>,
    #[serde(borrow, default)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningContent<'a> {
    #[serde(borrow, default)]
    reasoning_text: Option<ReasoningText<'a>>,
    #[serde(borrow, default)]
    redacted_content: Loose<'a>,
}

#[derive(Deserialize)]
struct ReasoningText<'a> {
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    signature: Loose<'a>,
}

impl Block<'_> {
    fn read(self, source: &Source) -> Result<ReplyBlock, Failure> {
        let own = |text: &Loose<'_>| text.as_str().unwrap_or_default().to_owned();
        if let Some(text) = self.text.as_str() {
            return Ok(ReplyBlock::Text(text.to_owned()));
        }
        if let Some(call) = self.tool_use {
            return Ok(ReplyBlock::ToolCall {
                id: own(&call.tool_use_id),
                name: own(&call.name),
                arguments: call.input.map(|input| input.get().to_owned()).unwrap_or_default(),
            });
        }
        let unknown = || broken("the answer has content of a kind that cannot be carried");
        let reasoning = self.reasoning_content.ok_or_else(unknown)?;
        let seal = |redacted, data: String| Seal {
            issuer: Issuer::Bedrock,
            model: source.model.clone().into(),
            redacted,
            data: data.into(),
        };
        Ok(ReplyBlock::Reasoning(match reasoning {
            ReasoningContent { reasoning_text: Some(text), .. } => Reasoning {
                text: own(&text.text),
                seal: text.signature.as_str().map(|data| seal(false, data.to_owned())),
            },
            ReasoningContent { redacted_content: Loose::Text(data), .. } => {
                Reasoning { text: String::new(), seal: Some(seal(true, data.into_owned())) }
            }
            ReasoningContent { .. } => return Err(unknown()),
        }))
    }
}

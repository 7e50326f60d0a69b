//! A whole Responses answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, Usage};

use super::{Item, Response, broken, seal};
use crate::{
    Finish, Reply, ReplyBlock, UpstreamDialect, read_error, reasoning::Reasoning, text::Loose,
    upstream::Source,
};

/// What the gateway must know of an answer that passes through.
///
/// # Errors
/// An error with status 200, or a body that is no answer.
pub(crate) fn summary(body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
    let answer: Response<'_, Item<'_>> = parse(body)?;
    let output = answer.output.as_deref().unwrap_or_default();
    let has_calls = output.iter().any(Item::is_call);
    // What passes through may hold items of any shape.
    let parts = output.iter().filter_map(|item| parts(item.content)).flatten();
    let has_refusal = parts.into_iter().any(|part| part.kind.as_str() == Some("refusal"));
    let finish = answer.finish(has_calls, has_refusal)?;
    Ok((answer.usage(), Some(finish)))
}

/// The whole answer.
///
/// # Errors
/// An error with status 200, a body that is no answer, or content that has no place in a reply.
pub(crate) fn read(body: &[u8], source: &Source) -> Result<Reply, Failure> {
    let answer: Response<'_, Item<'_>> = parse(body)?;
    let mut blocks = Vec::new();
    for item in answer.output.as_deref().unwrap_or_default() {
        push(item, source, &mut blocks)?;
    }
    let has = |wanted: fn(&ReplyBlock) -> bool| blocks.iter().any(wanted);
    let has_calls = has(|block| matches!(block, ReplyBlock::ToolCall { .. }));
    let has_refusal = has(|block| matches!(block, ReplyBlock::Refusal(_)));
    let finish = answer.finish(has_calls, has_refusal)?;
    let usage = answer.usage();
    Ok(Reply { blocks, finish: Some(finish), stop_sequence: None, usage })
}

fn parse<'a, I: Deserialize<'a>>(body: &'a [u8]) -> Result<Response<'a, I>, Failure> {
    let text = std::str::from_utf8(body).ok();
    let answer: Option<Response<'a, I>> = text.and_then(|text| serde_json::from_str(text).ok());
    match answer {
        Some(answer) if answer.output.is_some() && answer.object.as_str() != Some("error") => {
            Ok(answer)
        }
        Some(answer) if answer.error.is_some() || answer.object.as_str() == Some("error") => {
            Err(read_error(UpstreamDialect::OpenAiResponses, None, body))
        }
        _ => Err(broken("the provider's reply is not an answer")),
    }
}

fn push(item: &Item<'_>, source: &Source, blocks: &mut Vec<ReplyBlock>) -> Result<(), Failure> {
    let own = |text: &Loose<'_>| text.as_str().unwrap_or_default().to_owned();
    match item.kind.as_str().unwrap_or_default() {
        "message" => {
            for part in parts(item.content).ok_or_else(foreign)? {
                match part.kind.as_str().unwrap_or_default() {
                    "output_text" => blocks.push(ReplyBlock::Text(own(&part.text))),
                    "refusal" => blocks.push(ReplyBlock::Refusal(own(&part.refusal))),
                    _ => return Err(foreign()),
                }
            }
        }
        "reasoning" => {
            let text = shown(item);
            let data = item.encrypted_content.as_str().filter(|data| !data.is_empty());
            let seal = data.map(|data| seal(data, source, !text.is_empty()).into_owned());
            if !text.is_empty() || seal.is_some() {
                blocks.push(ReplyBlock::Reasoning(Reasoning { text, seal }));
            }
        }
        "function_call" => {
            let name = own(&item.name);
            if name.is_empty() {
                return Err(broken("a tool call of the answer has no name"));
            }
            let arguments = own(&item.arguments);
            blocks.push(ReplyBlock::ToolCall { id: own(&item.call_id), name, arguments });
        }
        _ => return Err(foreign()),
    }
    Ok(())
}

/// What a reasoning item shows: its summary, or at servers that show it, the reasoning itself.
fn shown(item: &Item<'_>) -> String {
    let joined = |list| {
        let parts: Vec<Part<'_>> = parts(list).unwrap_or_default();
        let texts = parts.iter().filter_map(|part| part.text.as_str());
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
    };
    let summary = joined(item.summary);
    if summary.is_empty() { joined(item.content) } else { summary }
}

fn foreign() -> Failure {
    broken("the answer has content of a kind that cannot be carried")
}

/// The parts of a list; nothing when it is no list of parts.
fn parts(list: Option<&RawValue>) -> Option<Vec<Part<'_>>> {
    list.map_or(Some(Vec::new()), |list| serde_json::from_str(list.get()).ok())
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    refusal: Loose<'a>,
}

//! Writes Converse answers, whole and as frames.

use serde_json::{Value, json};

use super::frame;
use crate::answer::{Answer, Call, Finish, fragments};
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::signature;
use crate::vendor::Facts;

/// The house that signs the thoughts.
pub(super) const HOUSE: &str = "bedrock";

const BLOCKED: &str = "Sorry, the model cannot answer this question.";

/// Frames are padded, so that their sizes do not tell the sizes of tokens.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyz";

pub(super) fn whole(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let mut content = Vec::with_capacity(2 + answer.calls.len());
    if let Some(thought) = &answer.thought {
        let text = thought.text();
        let signature = signature::sign(HOUSE, text);
        content.push(json!({"reasoningContent":
            {"reasoningText": {"text": text, "signature": signature}}}));
    }
    if !text(answer).is_empty() {
        content.push(json!({"text": text(answer)}));
    }
    for call in &answer.calls {
        content.push(json!({"toolUse": {"toolUseId": tool_use_id(facts), "name": call.name,
            "input": call.arguments}}));
    }
    let reply = json!({
        "metrics": {"latencyMs": 100},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": finish(answer.finish),
        "usage": usage(ask, answer),
    });
    reply.to_string().into_bytes()
}

fn text(answer: &Answer) -> &str {
    if answer.finish == Finish::Blocked { BLOCKED } else { answer.text.text() }
}

fn tool_use_id(facts: &mut Facts<'_>) -> String {
    facts.random.id("tooluse_", 22)
}

const fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Filtered => "content_filtered",
        Finish::Blocked => "guardrail_intervened",
    }
}

/// `inputTokens` excludes what was read from the cache; the total includes it.
fn usage(ask: &Ask, answer: &Answer) -> Value {
    let output = answer.all_tokens();
    json!({
        "inputTokens": ask.prompt_tokens.saturating_sub(ask.cached_tokens),
        "outputTokens": output,
        "totalTokens": ask.prompt_tokens + output,
        "cacheReadInputTokens": ask.cached_tokens,
        "cacheWriteInputTokens": 0,
    })
}

fn padded(mut payload: Value) -> Value {
    if let Some(payload) = payload.as_object_mut() {
        payload.insert("p".to_owned(), PADDING.into());
    }
    payload
}

fn event(out: &mut Vec<u8>, name: &str, payload: Value) {
    frame::event(out, name, &padded(payload));
}

fn delta(out: &mut Vec<u8>, index: usize, delta: &Value) {
    event(out, "contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}));
}

fn stop(out: &mut Vec<u8>, index: usize) {
    event(out, "contentBlockStop", json!({ "contentBlockIndex": index }));
}

pub(super) fn stream(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
    out.frame(|out| event(out, "messageStart", json!({"role": "assistant"})));
    let mut index = 0;
    if let Some(thought) = &answer.thought {
        for token in thought.iter() {
            let text = json!({"reasoningContent": {"text": token}});
            out.token(|out| delta(out, index, &text));
        }
        let signature = signature::sign(HOUSE, thought.text());
        let signed = json!({"reasoningContent": {"signature": signature}});
        out.frame(|out| delta(out, index, &signed));
        out.frame(|out| stop(out, index));
        index += 1;
    }
    if !text(answer).is_empty() {
        stream_text(index, answer, out);
        index += 1;
    }
    for call in &answer.calls {
        stream_call(facts, index, call, out);
        index += 1;
    }
    let reason = json!({"stopReason": finish(answer.finish)});
    out.frame(|out| event(out, "messageStop", reason));
    let end = json!({"metrics": {"latencyMs": 100}, "usage": usage(ask, answer)});
    out.frame(|out| event(out, "metadata", end));
}

/// A text block has no start.
fn stream_text(index: usize, answer: &Answer, out: &mut ScriptWriter) {
    if answer.finish == Finish::Blocked {
        out.token(|out| delta(out, index, &json!({ "text": BLOCKED })));
    }
    for token in answer.text.iter() {
        out.token(|out| delta(out, index, &json!({ "text": token })));
    }
    out.frame(|out| stop(out, index));
}

fn stream_call(facts: &mut Facts<'_>, index: usize, call: &Call, out: &mut ScriptWriter) {
    let start = json!({"contentBlockIndex": index, "start": {"toolUse":
        {"toolUseId": tool_use_id(facts), "name": call.name}}});
    out.frame(|out| event(out, "contentBlockStart", start));
    for fragment in fragments(&call.arguments.to_string(), &mut facts.random) {
        let input = json!({"toolUse": {"input": fragment}});
        out.token(|out| delta(out, index, &input));
    }
    out.frame(|out| stop(out, index));
}

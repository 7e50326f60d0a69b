//! Writes Messages answers, whole and as a stream of named events.

use serde_json::{Value, json};

use crate::answer::{Answer, Call, Finish, fragments};
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Facts, write_json};

pub(super) fn whole(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let id = facts.random.id("msg_01", 22);
    let text = answer.text.text();
    let mut content = Vec::with_capacity(1 + answer.calls.len());
    if !text.is_empty() {
        content.push(json!({"type": "text", "text": text}));
    }
    for call in &answer.calls {
        content.push(json!({"type": "tool_use", "id": facts.random.id("toolu_01", 22),
            "name": call.name, "input": call.arguments}));
    }
    let reply = json!({
        "model": ask.model, "id": id, "type": "message", "role": "assistant", "content": content,
        "stop_reason": finish(answer.finish), "stop_sequence": answer.stop, "stop_details": null,
        "usage": usage(ask, answer.output_tokens),
    });
    reply.to_string().into_bytes()
}

const fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
    }
}

/// `input_tokens` excludes what was read from the cache.
fn usage(ask: &Ask, output_tokens: u64) -> Value {
    json!({
        "input_tokens": ask.prompt_tokens.saturating_sub(ask.cached_tokens),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": ask.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output_tokens,
        "service_tier": "standard",
        "inference_geo": "not_available",
    })
}

fn event(out: &mut Vec<u8>, name: &str, body: &Value) {
    out.extend_from_slice(format!("event: {name}\ndata: {body}\n\n").as_bytes());
}

pub(super) fn stream(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
    let start = json!({"type": "message_start", "message": {
        "model": ask.model, "id": facts.random.id("msg_01", 22), "type": "message",
        "role": "assistant", "content": [], "stop_reason": null, "stop_sequence": null,
        "stop_details": null, "usage": usage(ask, 1),
    }});
    out.frame(|out| event(out, "message_start", &start));
    let mut index = 0;
    if answer.text.len() > 0 {
        stream_text(answer, out);
        index += 1;
    } else {
        out.frame(ping);
    }
    for call in &answer.calls {
        stream_call(facts, index, call, out);
        index += 1;
    }
    let end = json!({"type": "message_delta",
        "delta": {"stop_reason": finish(answer.finish), "stop_sequence": answer.stop,
            "stop_details": null},
        "usage": {
            "input_tokens": ask.prompt_tokens.saturating_sub(ask.cached_tokens),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": ask.cached_tokens,
            "output_tokens": answer.output_tokens,
        },
    });
    out.frame(|out| event(out, "message_delta", &end));
    out.frame(|out| event(out, "message_stop", &json!({"type": "message_stop"})));
}

fn ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ping\ndata: {\"type\": \"ping\"}\n\n");
}

fn stream_text(answer: &Answer, out: &mut ScriptWriter) {
    let open = json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "text", "text": ""}});
    out.frame(|out| event(out, "content_block_start", &open));
    out.frame(ping);
    for token in answer.text.iter() {
        out.token(|out| {
            out.extend_from_slice(
                b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
                  \"delta\":{\"type\":\"text_delta\",\"text\":",
            );
            write_json(out, token);
            out.extend_from_slice(b"}}\n\n");
        });
    }
    out.frame(|out| stop(out, 0));
}

fn stop(out: &mut Vec<u8>, index: usize) {
    event(out, "content_block_stop", &json!({"type": "content_block_stop", "index": index}));
}

fn stream_call(facts: &mut Facts<'_>, index: usize, call: &Call, out: &mut ScriptWriter) {
    let id = facts.random.id("toolu_01", 22);
    let block = json!({"type": "tool_use", "id": id, "name": call.name, "input": {}});
    let open = json!({"type": "content_block_start", "index": index, "content_block": block});
    out.frame(|out| event(out, "content_block_start", &open));
    let delta = |fragment: &str| {
        json!({"type": "content_block_delta", "index": index,
            "delta": {"type": "input_json_delta", "partial_json": fragment}})
    };
    out.frame(|out| event(out, "content_block_delta", &delta("")));
    for fragment in fragments(&call.arguments.to_string(), &mut facts.random) {
        out.token(|out| event(out, "content_block_delta", &delta(&fragment)));
    }
    out.frame(|out| stop(out, index));
}

//! Writes Messages answers, whole and as a stream of named events.

use serde_json::{Value, json};

use super::messages::Host;
use crate::answer::{Answer, Call, Finish, fragments};
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::signature;
use crate::vendor::{Facts, write_json};

pub(super) fn whole(host: Host, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let mut content = Vec::with_capacity(2 + answer.calls.len());
    if let Some(thought) = &answer.thought {
        let thought = thought.text();
        let signature = signature::sign(host.name(), thought);
        content.push(json!({"type": "thinking", "thinking": thought, "signature": signature}));
    }
    let text = answer.text.text();
    if !text.is_empty() {
        content.push(json!({"type": "text", "text": text}));
    }
    for call in &answer.calls {
        content.push(json!({"type": "tool_use", "id": facts.random.id("toolu_01", 22),
            "name": call.name, "input": call.arguments}));
    }
    let mut reply = message(host, facts, ask, content);
    if let Some(reply) = reply.as_object_mut() {
        reply.insert("stop_reason".to_owned(), finish(answer.finish).into());
        reply.insert("stop_sequence".to_owned(), json!(answer.stop));
        reply.insert("stop_details".to_owned(), details(answer.finish));
        reply.insert("usage".to_owned(), usage(host, ask, answer.all_tokens()));
    }
    reply.to_string().into_bytes()
}

/// A message that has not ended.
fn message(host: Host, facts: &mut Facts<'_>, ask: &Ask, content: Vec<Value>) -> Value {
    json!({
        "model": ask.model, "id": facts.random.id(host.message_prefix(), 22), "type": "message",
        "role": "assistant", "content": content, "stop_reason": null, "stop_sequence": null,
        "stop_details": null, "usage": usage(host, ask, 1),
    })
}

fn details(finish: Finish) -> Value {
    match finish {
        Finish::Filtered | Finish::Blocked => {
            json!({"type": "refusal", "category": "cyber", "explanation": null})
        }
        Finish::Stop | Finish::StopSequence | Finish::Length | Finish::Calls => Value::Null,
    }
}

const fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Filtered | Finish::Blocked => "refusal",
    }
}

/// `input_tokens` excludes what was read from the cache.
fn usage(host: Host, ask: &Ask, output_tokens: u64) -> Value {
    let mut usage = json!({
        "input_tokens": ask.prompt_tokens.saturating_sub(ask.cached_tokens),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": ask.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output_tokens,
    });
    if let (Host::Own, Some(usage)) = (host, usage.as_object_mut()) {
        usage.insert("service_tier".to_owned(), "standard".into());
        let geo = ask.echo.get("geo").and_then(Value::as_str).unwrap_or("not_available");
        usage.insert("inference_geo".to_owned(), geo.into());
    }
    usage
}

pub(super) fn stream(
    host: Host,
    facts: &mut Facts<'_>,
    (ask, answer): (&Ask, &Answer),
    out: &mut ScriptWriter,
) {
    let start = message(host, facts, ask, Vec::new());
    let start = json!({"type": "message_start", "message": start});
    out.frame(|out| host.event(out, "message_start", &start));
    let mut index = 0;
    if let Some(thought) = &answer.thought {
        let open = json!({"type": "thinking", "thinking": "", "signature": ""});
        out.frame(|out| open_block(host, out, index, &open));
        ping(host, out);
        for token in thought.iter() {
            let delta = json!({"type": "thinking_delta", "thinking": token});
            out.token(|out| host.event(out, "content_block_delta", &delta_of(index, &delta)));
        }
        let signature = signature::sign(host.name(), thought.text());
        let delta = json!({"type": "signature_delta", "signature": signature});
        out.frame(|out| host.event(out, "content_block_delta", &delta_of(index, &delta)));
        out.frame(|out| close_block(host, out, index));
        index += 1;
    }
    if answer.text.len() > 0 {
        stream_text(host, index, answer, out);
        index += 1;
    } else {
        ping(host, out);
    }
    for call in &answer.calls {
        stream_call((host, facts), index, call, out);
        index += 1;
    }
    let end = json!({"type": "message_delta",
        "delta": {"stop_reason": finish(answer.finish), "stop_sequence": answer.stop,
            "stop_details": details(answer.finish)},
        "usage": {
            "input_tokens": ask.prompt_tokens.saturating_sub(ask.cached_tokens),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": ask.cached_tokens,
            "output_tokens": answer.all_tokens(),
        },
    });
    out.frame(|out| host.event(out, "message_delta", &end));
    let stop = match host {
        Host::Own | Host::Vertex => json!({"type": "message_stop"}),
        Host::Bedrock => json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": ask.prompt_tokens, "outputTokenCount": answer.all_tokens(),
            "invocationLatency": 100, "firstByteLatency": 50}}),
    };
    out.frame(|out| host.event(out, "message_stop", &stop));
}

/// Bedrock sends none.
fn ping(host: Host, out: &mut ScriptWriter) {
    if host != Host::Bedrock {
        out.frame(|out| {
            out.extend_from_slice(b"event: ping\ndata: {\"type\": \"ping\"}\n\n");
        });
    }
}

fn open_block(host: Host, out: &mut Vec<u8>, index: usize, block: &Value) {
    let open = json!({"type": "content_block_start", "index": index, "content_block": block});
    host.event(out, "content_block_start", &open);
}

fn close_block(host: Host, out: &mut Vec<u8>, index: usize) {
    let close = json!({"type": "content_block_stop", "index": index});
    host.event(out, "content_block_stop", &close);
}

fn delta_of(index: usize, delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stream_text(host: Host, index: usize, answer: &Answer, out: &mut ScriptWriter) {
    let block = json!({"type": "text", "text": ""});
    out.frame(|out| open_block(host, out, index, &block));
    if index == 0 {
        ping(host, out);
    }
    let start = format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
         \"delta\":{{\"type\":\"text_delta\",\"text\":"
    );
    for token in answer.text.iter() {
        out.token(|out| {
            if host == Host::Bedrock {
                let delta = json!({"type": "text_delta", "text": token});
                host.event(out, "content_block_delta", &delta_of(index, &delta));
                return;
            }
            // The frequent one, written without a tree.
            out.extend_from_slice(start.as_bytes());
            write_json(out, token);
            out.extend_from_slice(b"}}\n\n");
        });
    }
    out.frame(|out| close_block(host, out, index));
}

fn stream_call(
    (host, facts): (Host, &mut Facts<'_>),
    index: usize,
    call: &Call,
    out: &mut ScriptWriter,
) {
    let id = facts.random.id("toolu_01", 22);
    let block = json!({"type": "tool_use", "id": id, "name": call.name, "input": {}});
    out.frame(|out| open_block(host, out, index, &block));
    let delta = |fragment: &str| {
        delta_of(index, &json!({"type": "input_json_delta", "partial_json": fragment}))
    };
    out.frame(|out| host.event(out, "content_block_delta", &delta("")));
    for fragment in fragments(&call.arguments.to_string(), &mut facts.random) {
        out.token(|out| host.event(out, "content_block_delta", &delta(&fragment)));
    }
    out.frame(|out| close_block(host, out, index));
}

//! Writes Mistral's chat answers, whole and as a stream.
//!
//! Thoughts make a list of the content; calls come whole, in one chunk.

use serde_json::{Value, json};

use crate::answer::{Answer, Call, Finish};
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::Facts;

pub(super) fn whole(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let id = facts.random.id("", 32).to_ascii_lowercase();
    let choices: Vec<Value> = (0..ask.choices)
        .map(|index| {
            json!({"index": index, "finish_reason": finish(answer.finish),
                "message": message(facts, answer)})
        })
        .collect();
    let reply = json!({
        "id": id, "created": facts.now.seconds(), "model": ask.model, "usage": usage(ask, answer),
        "object": "chat.completion", "choices": choices,
    });
    reply.to_string().into_bytes()
}

fn message(facts: &mut Facts<'_>, answer: &Answer) -> Value {
    let text = if answer.calls.is_empty() { answer.text.text() } else { "" };
    let content = match &answer.thought {
        Some(thought) => json!([thinking(thought.text()), {"type": "text", "text": text}]),
        None => json!(text),
    };
    let calls = match answer.calls.as_slice() {
        [] => Value::Null,
        calls => calls.iter().enumerate().map(|(index, one)| call(facts, index, one)).collect(),
    };
    json!({"role": "assistant", "tool_calls": calls, "content": content})
}

fn thinking(text: &str) -> Value {
    json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]})
}

fn call(facts: &mut Facts<'_>, index: usize, call: &Call) -> Value {
    json!({"id": facts.random.id("", 9), "index": index,
        "function": {"name": call.name, "arguments": call.arguments.to_string()}})
}

/// There is no word for a content filter: it stops.
const fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Filtered | Finish::Blocked => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

/// `prompt_tokens` includes what was read from the cache.
fn usage(ask: &Ask, answer: &Answer) -> Value {
    let output = answer.all_tokens() * u64::try_from(ask.choices).unwrap_or(1);
    json!({
        "prompt_tokens": ask.prompt_tokens, "completion_tokens": output,
        "total_tokens": ask.prompt_tokens + output,
        "prompt_tokens_details": {"cached_tokens": ask.cached_tokens},
    })
}

/// What every chunk of one stream shares.
struct Chunks<'a> {
    id: String,
    created: u64,
    model: &'a str,
}

impl Chunks<'_> {
    fn chunk(&self, index: usize, delta: &Value, finish: Option<&str>) -> Value {
        json!({"id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": self.model,
            "choices": [{"index": index, "delta": delta, "finish_reason": finish}]})
    }
}

fn data(out: &mut Vec<u8>, chunk: &Value) {
    out.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
}

pub(super) fn stream(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
    let chunks = Chunks {
        id: facts.random.id("", 32).to_ascii_lowercase(),
        created: facts.now.seconds(),
        model: &ask.model,
    };
    for index in 0..ask.choices {
        let role = json!({"role": "assistant", "content": ""});
        out.frame(|out| data(out, &chunks.chunk(index, &role, None)));
        if let Some(thought) = &answer.thought {
            for token in thought.iter() {
                let delta = json!({"content": [thinking(token)]});
                out.token(|out| data(out, &chunks.chunk(index, &delta, None)));
            }
        }
        if answer.calls.is_empty() {
            for token in answer.text.iter() {
                let mut chunk = chunks.chunk(index, &json!({ "content": token }), None);
                if let Some(chunk) = chunk.as_object_mut() {
                    // Padding against guessing tokens by their length.
                    chunk.insert("p".to_owned(), "abcdefgh".into());
                }
                out.token(|out| data(out, &chunk));
            }
        }
        let calls: Vec<Value> =
            answer.calls.iter().enumerate().map(|(place, one)| call(facts, place, one)).collect();
        let delta = if calls.is_empty() {
            json!({"content": ""})
        } else {
            json!({"content": "", "tool_calls": calls})
        };
        let mut last = chunks.chunk(index, &delta, Some(finish(answer.finish)));
        if let (true, Some(last)) = (index + 1 == ask.choices, last.as_object_mut()) {
            last.insert("usage".to_owned(), usage(ask, answer));
        }
        out.frame(|out| data(out, &last));
    }
    out.frame(|out| out.extend_from_slice(b"data: [DONE]\n\n"));
}

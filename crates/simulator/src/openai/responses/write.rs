//! The response object: what it holds at each state of its life.

use serde_json::{Value, json};

use super::super::{House, chat::REFUSAL};
use crate::answer::{Answer, Call, Finish};
use crate::ask::{Ask, Thought};
use crate::signature;
use crate::vendor::Facts;

/// Where a response stands.
#[derive(Debug)]
pub(super) enum State<'a> {
    InProgress,
    Ended { answer: &'a Answer, output: &'a [Value] },
    Failed { code: &'a str, message: &'a str },
}

/// The id is the same for every event of one response.
fn id(facts: &Facts<'_>) -> String {
    format!("resp_0{}", facts.request_id.trim_start_matches("req_"))
}

pub(super) fn response(facts: &Facts<'_>, ask: &Ask, state: &State<'_>) -> Value {
    let echo = |name: &str, default: Value| ask.echo.get(name).cloned().unwrap_or(default);
    let (status, error, details, output, usage) = match state {
        State::InProgress => ("in_progress", Value::Null, Value::Null, json!([]), Value::Null),
        State::Failed { code, message } => {
            let error = json!({"code": code, "message": message});
            ("failed", error, Value::Null, json!([]), Value::Null)
        }
        State::Ended { answer, output } => {
            let (status, reason) = ending(answer.finish);
            let details = reason.map_or(Value::Null, |reason| json!({"reason": reason}));
            (status, Value::Null, details, json!(output), usage(ask, answer))
        }
    };
    json!({
        "id": id(facts), "object": "response", "created_at": facts.now.seconds(),
        "status": status, "background": false, "error": error, "incomplete_details": details,
        "instructions": echo("instructions", Value::Null),
        "max_output_tokens": echo("max_output_tokens", Value::Null), "max_tool_calls": null,
        "model": ask.model, "output": output,
        "parallel_tool_calls": echo("parallel_tool_calls", Value::Bool(true)),
        "previous_response_id": null, "prompt_cache_key": null,
        "reasoning": echo("reasoning", json!({"effort": null, "summary": null})),
        "safety_identifier": null, "service_tier": "default",
        "store": echo("store", Value::Bool(true)),
        "temperature": echo("temperature", json!(1.0)),
        "text": echo("text", json!({"format": {"type": "text"}})),
        "tool_choice": echo("tool_choice", json!("auto")), "tools": echo("tools", json!([])),
        "top_logprobs": 0, "top_p": echo("top_p", json!(1.0)), "truncation": "disabled",
        "usage": usage, "user": null, "metadata": echo("metadata", json!({})),
    })
}

/// Status, and why it is incomplete.
pub(super) const fn ending(finish: Finish) -> (&'static str, Option<&'static str>) {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Calls | Finish::Blocked => {
            ("completed", None)
        }
        Finish::Length => ("incomplete", Some("max_output_tokens")),
        Finish::Filtered => ("incomplete", Some("content_filter")),
    }
}

fn usage(ask: &Ask, answer: &Answer) -> Value {
    let output = answer.all_tokens();
    json!({
        "input_tokens": ask.prompt_tokens,
        "input_tokens_details": {"cached_tokens": ask.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": answer.thought_tokens()},
        "total_tokens": ask.prompt_tokens + output,
    })
}

/// The items of the answer, each in its final state.
pub(super) fn output(
    house: House,
    facts: &mut Facts<'_>,
    ask: &Ask,
    answer: &Answer,
) -> Vec<Value> {
    let mut items = Vec::with_capacity(2 + answer.calls.len());
    if let Some(thought) = &answer.thought {
        items.push(reasoning(house, facts, ask, thought.text()));
    }
    if answer.calls.is_empty() {
        items.push(message(facts, ask, answer));
    }
    items.extend(answer.calls.iter().map(|call| function_call(facts, call)));
    items
}

fn reasoning(house: House, facts: &mut Facts<'_>, ask: &Ask, thought: &str) -> Value {
    let summary = match ask.thought {
        Thought::Shown => json!([{"type": "summary_text", "text": thought}]),
        Thought::Hidden | Thought::Absent => json!([]),
    };
    let mut item =
        json!({"id": facts.random.id("rs_", 48), "type": "reasoning", "summary": summary});
    let wanted = includes(ask, "reasoning.encrypted_content");
    if let (true, Some(item)) = (wanted, item.as_object_mut()) {
        let blob = signature::encrypt(house.name(), thought);
        item.insert("encrypted_content".to_owned(), Value::String(blob));
    }
    item
}

/// What is to be included besides.
pub(super) fn includes(ask: &Ask, what: &str) -> bool {
    let all = ask.echo.get("include").and_then(Value::as_array);
    all.is_some_and(|all| all.iter().any(|one| one == what))
}

/// Every token is said to be nearly certain.
pub(super) fn logprobs<'a>(ask: &Ask, tokens: impl Iterator<Item = &'a str>) -> Vec<Value> {
    if !includes(ask, "message.output_text.logprobs") {
        return Vec::new();
    }
    let told = |token: &str| json!({"token": token, "logprob": -0.125, "bytes": token.as_bytes(), "top_logprobs": []});
    tokens.map(told).collect()
}

fn message(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Value {
    let part = if answer.finish == Finish::Blocked {
        json!({"type": "refusal", "refusal": REFUSAL})
    } else {
        json!({"type": "output_text", "text": answer.text.text(), "annotations": [],
            "logprobs": logprobs(ask, answer.text.iter())})
    };
    json!({"id": facts.random.id("msg_", 48), "type": "message",
        "status": ending(answer.finish).0, "role": "assistant", "content": [part]})
}

fn function_call(facts: &mut Facts<'_>, call: &Call) -> Value {
    json!({"id": facts.random.id("fc_", 48), "type": "function_call", "status": "completed",
        "arguments": call.arguments.to_string(), "call_id": facts.random.id("call_", 24),
        "name": call.name})
}

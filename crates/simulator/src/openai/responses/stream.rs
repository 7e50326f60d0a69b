//! The stream of a response: every item is opened, filled and closed, and the whole comes last.
//!
//! One frame is one event, so the number of frames sent is the next sequence number.

use serde_json::{Value, json};

use super::super::House;
use super::write::{State, ending, logprobs, output, response};
use crate::answer::{Answer, Tokens, fragments};
use crate::ask::{Ask, kind};
use crate::script::ScriptWriter;
use crate::vendor::Facts;

struct Events<'a> {
    out: &'a mut ScriptWriter,
    sequence: u64,
}

impl Events<'_> {
    /// Numbers an event: `type` first, then its number, then the rest.
    fn number(&mut self, name: &str, rest: Value) -> Value {
        let mut event = json!({"type": name, "sequence_number": self.sequence});
        self.sequence += 1;
        if let (Some(event), Value::Object(rest)) = (event.as_object_mut(), rest) {
            event.extend(rest);
        }
        event
    }

    fn frame(&mut self, name: &str, rest: Value) {
        let event = self.number(name, rest);
        self.out.frame(|out| out.extend_from_slice(super::event(name, &event).as_bytes()));
    }

    fn token(&mut self, name: &str, rest: Value) {
        let event = self.number(name, rest);
        self.out.token(|out| out.extend_from_slice(super::event(name, &event).as_bytes()));
    }
}

pub(super) fn stream(
    house: House,
    facts: &mut Facts<'_>,
    (ask, answer): (&Ask, &Answer),
    out: &mut ScriptWriter,
) {
    let items = output(house, facts, ask, answer);
    let mut events = Events { out, sequence: 0 };
    let start = response(facts, ask, &State::InProgress);
    events.frame("response.created", json!({"response": start}));
    events.frame("response.in_progress", json!({"response": start}));
    for (index, item) in items.iter().enumerate() {
        let place = Place { index, id: item.get("id").cloned().unwrap_or(Value::Null) };
        events.frame(
            "response.output_item.added",
            json!({"output_index": index, "item": opened(item)}),
        );
        match kind(item) {
            "reasoning" => place.reasoning(&mut events, item),
            "function_call" => place.arguments(&mut events, facts, item),
            _ => place.message(&mut events, (ask, answer), item),
        }
        events.frame("response.output_item.done", json!({"output_index": index, "item": item}));
    }
    let end = response(facts, ask, &State::Ended { answer, output: &items });
    let name = format!("response.{}", ending(answer.finish).0);
    events.frame(&name, json!({"response": end}));
}

/// The item as it is before anything is in it.
fn opened(item: &Value) -> Value {
    let mut opened = item.clone();
    if let Some(fields) = opened.as_object_mut() {
        for (name, empty) in [
            ("status", json!("in_progress")),
            ("content", json!([])),
            ("summary", json!([])),
            ("arguments", json!("")),
        ] {
            if let Some(value) = fields.get_mut(name) {
                *value = empty;
            }
        }
    }
    opened
}

/// One item of the output.
struct Place {
    index: usize,
    id: Value,
}

impl Place {
    fn at(&self, more: Value) -> Value {
        let mut event = json!({"item_id": self.id, "output_index": self.index});
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        event
    }

    fn reasoning(&self, events: &mut Events<'_>, item: &Value) {
        let Some(part) = item.pointer("/summary/0") else { return };
        let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
        let at = |more: Value| {
            let mut event = self.at(json!({"summary_index": 0}));
            if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
                event.extend(more);
            }
            event
        };
        let empty = json!({"type": "summary_text", "text": ""});
        events.frame("response.reasoning_summary_part.added", at(json!({"part": empty})));
        for token in Tokens::of(text.to_owned()).iter() {
            events.token("response.reasoning_summary_text.delta", at(json!({"delta": token})));
        }
        events.frame("response.reasoning_summary_text.done", at(json!({"text": text})));
        events.frame("response.reasoning_summary_part.done", at(json!({"part": part})));
    }

    fn arguments(&self, events: &mut Events<'_>, facts: &mut Facts<'_>, item: &Value) {
        let arguments = item.get("arguments").and_then(Value::as_str).unwrap_or_default();
        for fragment in fragments(arguments, &mut facts.random) {
            let delta = self.at(json!({"delta": fragment}));
            events.token("response.function_call_arguments.delta", delta);
        }
        let name = item.get("name");
        let done = self.at(json!({"name": name, "arguments": arguments}));
        events.frame("response.function_call_arguments.done", done);
    }

    fn message(&self, events: &mut Events<'_>, (ask, answer): (&Ask, &Answer), item: &Value) {
        let part = item.pointer("/content/0").cloned().unwrap_or(Value::Null);
        let empty = match kind(&part) {
            "refusal" => json!({"type": "refusal", "refusal": ""}),
            _ => json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []}),
        };
        let opened = self.at(json!({"content_index": 0, "part": empty}));
        events.frame("response.content_part.added", opened);
        if let Some(refusal) = part.get("refusal") {
            let delta = self.at(json!({"content_index": 0, "delta": refusal}));
            events.token("response.refusal.delta", delta);
            let done = self.at(json!({"content_index": 0, "refusal": refusal}));
            events.frame("response.refusal.done", done);
        } else {
            for token in answer.text.iter() {
                let logprobs = logprobs(ask, std::iter::once(token));
                let delta = json!({"content_index": 0, "delta": token, "logprobs": logprobs});
                events.token("response.output_text.delta", self.at(delta));
            }
            let logprobs = part.get("logprobs");
            let done =
                json!({"content_index": 0, "text": answer.text.text(), "logprobs": logprobs});
            events.frame("response.output_text.done", self.at(done));
        }
        let closed = self.at(json!({"content_index": 0, "part": part}));
        events.frame("response.content_part.done", closed);
    }
}

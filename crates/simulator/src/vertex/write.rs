//! Writes `generateContent` answers, whole and as chunks.
//!
//! Calls have no ids, arguments come as objects and whole, and the reason is `STOP` even so. Usage
//! grows from chunk to chunk.

use serde_json::{Value, json};

use super::framing::Framing;
use crate::answer::{Answer, Call, Finish};
use crate::ask::{Ask, Thought};
use crate::script::ScriptWriter;
use crate::signature;
use crate::vendor::Facts;

/// The house that signs the thoughts.
pub(super) const HOUSE: &str = "gemini";

pub(super) fn whole(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let mut parts = Vec::with_capacity(2 + answer.calls.len());
    if let (Thought::Shown, Some(thought)) = (ask.thought, &answer.thought) {
        parts.push(json!({"text": thought.text(), "thought": true}));
    }
    let shown = answer.finish != Finish::Filtered;
    if answer.calls.is_empty() && !answer.text.text().is_empty() && shown {
        parts.push(json!({"text": answer.text.text()}));
    }
    parts.extend(calls(ask, answer));
    let mut content = json!({"role": "model"});
    if let (false, Some(content)) = (parts.is_empty(), content.as_object_mut()) {
        content.insert("parts".to_owned(), Value::Array(parts));
    }
    let candidates: Vec<Value> = (0..ask.choices)
        .map(|index| {
            let mut candidate = candidate(index, content.clone(), Some(answer.finish));
            if let (Value::Bool(true), Some(candidate)) = (&ask.echo, candidate.as_object_mut()) {
                candidate.insert("avgLogprobs".to_owned(), json!(-0.125));
                candidate.insert("logprobsResult".to_owned(), logprobs(answer));
            }
            candidate
        })
        .collect();
    let counts = [answer.thought_tokens(), answer.output_tokens];
    let mut reply = envelope(facts, ask, usage(ask, counts));
    if let Some(reply) = reply.as_object_mut() {
        if answer.finish == Finish::Blocked {
            reply.insert("promptFeedback".to_owned(), feedback());
        } else {
            reply.insert("candidates".to_owned(), Value::Array(candidates));
        }
    }
    reply.to_string().into_bytes()
}

/// What every reply and every chunk of one stream shares.
fn envelope(facts: &Facts<'_>, ask: &Ask, usage: Value) -> Value {
    json!({"usageMetadata": usage, "modelVersion": ask.model,
        "createTime": facts.now.rfc3339(), "responseId": facts.request_id})
}

fn feedback() -> Value {
    json!({"blockReason": "PROHIBITED_CONTENT",
        "blockReasonMessage": "The prompt could not be submitted."})
}

fn candidate(index: usize, content: Value, finish: Option<Finish>) -> Value {
    let mut candidate = json!({"index": index, "content": content});
    if let (Some(finish), Some(candidate)) = (finish, candidate.as_object_mut()) {
        candidate.insert("finishReason".to_owned(), reason(finish).into());
        if finish == Finish::Filtered {
            let rating = json!([{"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "HIGH",
                "blocked": true}]);
            candidate.insert("safetyRatings".to_owned(), rating);
        }
    }
    candidate
}

const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Calls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filtered | Finish::Blocked => "SAFETY",
    }
}

/// Only the first of several calls is signed.
fn calls<'a>(ask: &'a Ask, answer: &'a Answer) -> impl Iterator<Item = Value> + 'a {
    answer.calls.iter().enumerate().map(|(place, call)| {
        let signs = place == 0 && ask.thought != Thought::Absent;
        function_call(call, signs.then(|| signature::sign(HOUSE, &call.name)))
    })
}

fn function_call(call: &Call, signature: Option<String>) -> Value {
    let mut part = json!({"functionCall": {"name": call.name, "args": call.arguments}});
    if let (Some(signature), Some(part)) = (signature, part.as_object_mut()) {
        part.insert("thoughtSignature".to_owned(), signature.into());
    }
    part
}

fn logprobs(answer: &Answer) -> Value {
    let chosen: Vec<Value> = answer
        .text
        .iter()
        .map(|token| json!({"token": token, "tokenId": 7, "logProbability": -0.125}))
        .collect();
    let top: Vec<Value> = chosen.iter().map(|one| json!({ "candidates": [one] })).collect();
    json!({"topCandidates": top, "chosenCandidates": chosen})
}

/// Thoughts are not among the candidates' tokens, and what was cached is part of the prompt.
fn usage(ask: &Ask, [thoughts, tokens]: [u64; 2]) -> Value {
    let tokens = tokens * u64::try_from(ask.choices).unwrap_or(1);
    let mut usage = json!({
        "promptTokenCount": ask.prompt_tokens,
        "candidatesTokenCount": tokens,
        "totalTokenCount": ask.prompt_tokens + tokens + thoughts,
        "trafficType": "ON_DEMAND",
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": ask.prompt_tokens}],
    });
    if let Some(usage) = usage.as_object_mut() {
        for (name, count) in
            [("thoughtsTokenCount", thoughts), ("cachedContentTokenCount", ask.cached_tokens)]
        {
            if count > 0 {
                usage.insert(name.to_owned(), count.into());
            }
        }
    }
    usage
}

/// The chunks of one stream, in order.
struct Chunks<'a> {
    framing: Framing,
    facts: &'a Facts<'a>,
    ask: &'a Ask,
    frames: usize,
    thoughts: u64,
    tokens: u64,
}

impl Chunks<'_> {
    fn chunk(&mut self, fields: [(&str, Value); 1]) -> Vec<u8> {
        let mut chunk =
            envelope(self.facts, self.ask, usage(self.ask, [self.thoughts, self.tokens]));
        if let Some(chunk) = chunk.as_object_mut() {
            chunk.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        }
        let mut out = Vec::with_capacity(512);
        self.framing.chunk(&mut out, self.frames, &chunk);
        self.frames += 1;
        out
    }

    fn part(&mut self, index: usize, part: &Value) -> Vec<u8> {
        let content = json!({"role": "model", "parts": [part]});
        self.chunk([("candidates", json!([candidate(index, content, None)]))])
    }
}

pub(super) fn stream(
    framing: Framing,
    facts: &Facts<'_>,
    (ask, answer): (&Ask, &Answer),
    out: &mut ScriptWriter,
) {
    let mut chunks = Chunks { framing, facts, ask, frames: 0, thoughts: 0, tokens: 0 };
    let send = |out: &mut ScriptWriter, bytes: Vec<u8>| {
        out.token(|to| to.extend_from_slice(&bytes));
    };
    if answer.finish == Finish::Blocked {
        let only = chunks.chunk([("promptFeedback", feedback())]);
        out.frame(|out| out.extend_from_slice(&only));
        out.frame(|out| framing.end(out));
        return;
    }
    for index in 0..ask.choices {
        if let (Thought::Shown, Some(thought)) = (ask.thought, &answer.thought) {
            for token in thought.iter() {
                chunks.thoughts += 1;
                let bytes = chunks.part(index, &json!({"text": token, "thought": true}));
                send(out, bytes);
            }
        }
        chunks.thoughts = answer.thought_tokens();
        if answer.calls.is_empty() {
            for token in answer.text.iter() {
                chunks.tokens += u64::from(index == 0);
                let bytes = chunks.part(index, &json!({ "text": token }));
                send(out, bytes);
            }
        }
        for part in calls(ask, answer) {
            let bytes = chunks.part(index, &part);
            send(out, bytes);
        }
        chunks.tokens = answer.output_tokens;
        let content = json!({"role": "model", "parts": [{"text": ""}]});
        let last = candidate(index, content, Some(answer.finish));
        let bytes = chunks.chunk([("candidates", json!([last]))]);
        out.frame(|out| out.extend_from_slice(&bytes));
    }
    if framing == Framing::Array {
        out.frame(|out| framing.end(out));
    }
}

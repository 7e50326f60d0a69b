//! What of the request the answer repeats: this API's answers hold their request, and SDKs read
//! them so.
//!
//! Values are repeated as they were written. What the caller did not say has the value that it
//! stood for; temperature and nucleus are null then, for another provider's are not known.

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::text::Text;

/// Each member, its value when the caller said nothing, and whether what was said is repeated.
const MEMBERS: [(&str, &str, Repeat); 20] = [
    ("background", "false", Repeat::Never),
    ("instructions", "null", Repeat::Given),
    ("max_output_tokens", "null", Repeat::Given),
    ("max_tool_calls", "null", Repeat::Given),
    ("metadata", "{}", Repeat::Given),
    ("parallel_tool_calls", "true", Repeat::Given),
    ("previous_response_id", "null", Repeat::Never),
    ("prompt_cache_key", "null", Repeat::Given),
    ("prompt_cache_retention", "null", Repeat::Given),
    ("reasoning", r#"{"effort":null,"summary":null}"#, Repeat::Given),
    ("safety_identifier", "null", Repeat::Given),
    ("service_tier", r#""default""#, Repeat::Never),
    ("store", "false", Repeat::Never),
    ("temperature", "null", Repeat::Given),
    ("text", r#"{"format":{"type":"text"}}"#, Repeat::Given),
    ("tool_choice", r#""auto""#, Repeat::Given),
    ("tools", "[]", Repeat::Tools),
    ("top_logprobs", "0", Repeat::Never),
    ("top_p", "null", Repeat::Given),
    ("truncation", r#""disabled""#, Repeat::Never),
];

/// Whether the caller's own value is repeated.
#[derive(Clone, Copy)]
enum Repeat {
    /// No: nothing is stored, and no other value is carried.
    Never,
    /// As it was written.
    Given,
    /// As it was written, and whole: an answer's tools have every member.
    Tools,
}

/// The members as JSON text, separated by commas.
pub(super) fn echo(body: &[u8]) -> String {
    // Only a body that was read before is repeated, so it is an object.
    let body = std::str::from_utf8(body).ok().and_then(|body| serde_json::from_str(body).ok());
    members(&body.unwrap_or_default())
}

/// The members when nothing is known of the request.
pub(super) fn unsaid() -> String {
    members(&Entries::default())
}

fn members(body: &Entries<'_>) -> String {
    let mut out = String::with_capacity(640);
    for (name, unsaid, repeat) in MEMBERS {
        if !out.is_empty() {
            out.push(',');
        }
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        let given = body.get(name).filter(|given| *given != "null");
        match (repeat, given) {
            (Repeat::Never, _) | (_, None) => out.push_str(unsaid),
            (Repeat::Given, Some(given)) => out.push_str(given),
            (Repeat::Tools, Some(given)) => tools(&mut out, given),
        }
    }
    out
}

/// Tools with the members that a request may leave out.
fn tools(out: &mut String, given: &str) {
    let tools: Vec<&RawValue> = serde_json::from_str(given).unwrap_or_default();
    out.push('[');
    for (number, tool) in tools.into_iter().map(RawValue::get).enumerate() {
        if number > 0 {
            out.push(',');
        }
        let entries: Entries<'_> = serde_json::from_str(tool).unwrap_or_default();
        let whole = tool.trim_end().strip_suffix('}').filter(|_| entries.get("name").is_some());
        match whole {
            Some(head) => {
                out.push_str(head);
                for (name, unsaid) in
                    [("description", "null"), ("parameters", "null"), ("strict", "false")]
                {
                    if entries.get(name).is_none() {
                        out.push_str(&format!(",\"{name}\":{unsaid}"));
                    }
                }
                out.push('}');
            }
            None => out.push_str(tool),
        }
    }
    out.push(']');
}

/// An object, as its names and the text of their values.
#[derive(Default)]
struct Entries<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl Entries<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| **key == *name).map(|(_, raw)| raw.get())
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(12);
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn echoed(body: &str) -> Value {
        serde_json::from_str(&format!("{{{}}}", echo(body.as_bytes()))).unwrap()
    }

    #[test]
    fn what_was_said_is_repeated_and_the_rest_has_its_usual_value() {
        let echoed = echoed(
            r#"{"model":"m","input":"x","instructions":"be brief","temperature":0.20,
            "metadata":{"a":"b"},"text":null,"store":true,
            "tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f"}}"#,
        );
        assert_eq!(echoed["instructions"], "be brief");
        assert_eq!(echoed["metadata"], json!({"a": "b"}));
        assert_eq!(echoed["text"], json!({"format": {"type": "text"}}));
        assert_eq!(echoed["store"], false);
        let tool = json!({"type": "function", "name": "f", "description": null,
            "parameters": null, "strict": false});
        assert_eq!(echoed["tools"], json!([tool]));
        assert_eq!(echoed["tool_choice"]["name"], "f");
        assert!(echoed.get("input").is_none() && echoed.get("model").is_none());
    }

    #[test]
    fn nothing_said_is_an_answer_all_the_same() {
        assert_eq!(echo(b"{}"), unsaid());
        assert_eq!(echoed("{}").as_object().unwrap().len(), MEMBERS.len());
    }
}

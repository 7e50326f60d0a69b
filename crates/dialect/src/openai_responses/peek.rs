//! The cheap pass over a Responses body.

mod input;

use std::{borrow::Cow, ops::Range};

use input::Input;
use serde::{Deserialize, de::MapAccess};
use serde_json::value::RawValue;

use super::ENCRYPTED;

use crate::{
    Needs, ParseError, Unsupported, address, elsewhere,
    retention::TakenOut,
    scan::{Peek, Place, Summed, Top, Walked, scan},
    splice::{Edit, span},
    text::{Loose, Skip, Text, Word},
    tools::Tool,
};

/// What to put at the beginning of a body that says nothing about storing.
const DO_NOT_STORE: &str = r#""store":false,"#;
/// How sealed reasoning is asked for: a field, its list, an item of a list.
const INCLUDE_SEALED: &str = r#""include":["reasoning.encrypted_content"],"#;
const LIST_SEALED: &str = r#"["reasoning.encrypted_content"]"#;
const ITEM_SEALED: &str = r#""reasoning.encrypted_content","#;

/// Fields that refer to what a server keeps.
const STATE: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// Reads what routing and policy need to know.
///
/// # Errors
/// [`ParseError`] naming the field at fault.
pub(crate) fn peek(body: &[u8]) -> Result<Peek, ParseError> {
    let mut top = Body {
        whole: body,
        peek: Peek::default(),
        store: None,
        include: None,
        input: false,
        taken_out: TakenOut::default(),
    };
    scan(body, &mut top)?;
    top.finish()
}

/// That a field refers to what a server keeps.
fn state(param: impl Into<String>) -> Unsupported {
    let param = param.into();
    let message = format!(
        "`{param}` refers to what a server keeps, and nothing is kept: send the conversation itself, as SDKs do once `store` is false"
    );
    Unsupported::about(param, message)
}

struct Body<'b> {
    whole: &'b [u8],
    peek: Peek,
    store: Option<&'b RawValue>,
    include: Option<&'b RawValue>,
    input: bool,
    taken_out: TakenOut,
}

impl Body<'_> {
    fn finish(mut self) -> Result<Peek, ParseError> {
        if self.peek.model.is_none() {
            return Err(ParseError::about("model", "`model` is missing"));
        }
        if !self.input && self.peek.refused.is_none() {
            return Err(ParseError::about("input", "`input` is missing"));
        }
        if let Some(edit) = self.do_not_store()? {
            self.peek.sealing_edit = self.seal_reasoning();
            self.peek.retention.push(("store", edit));
        }
        self.taken_out.finish(self.whole, &mut self.peek);
        Ok(self.peek)
    }

    /// How to tell the upstream not to store. It is the one thing that changes in a body that
    /// passes through besides the model: this API stores for thirty days unless told otherwise, a
    /// caller who says nothing has not decided that, and how long a provider keeps a prompt is
    /// policy. Storing would also be of no use, for nothing that is stored can be referred to.
    fn do_not_store(&self) -> Result<Option<Edit>, ParseError> {
        let edit = |at, text| Ok(Some(Edit { at, text: Cow::Borrowed(text) }));
        match self.store.map(RawValue::get) {
            Some("false") => Ok(None),
            Some("true" | "null") => {
                let at = self.store.map(|raw| span(self.whole, raw)).unwrap_or_default();
                edit(at, "false")
            }
            Some(_) => Err(ParseError::about("store", "`store` must be true or false")),
            None => edit(self.beginning(), DO_NOT_STORE),
        }
    }

    /// How to have reasoning sealed. A caller who counts on storing sends an answer's items back as
    /// they came; a reasoning item that is neither stored nor sealed would be refused then. Models
    /// that do not reason refuse to be asked, so this is for those that do, and it leaves alone what
    /// a caller who switched storing off has said.
    fn seal_reasoning(&self) -> Option<Edit> {
        let edit = |at, text| Some(Edit { at, text: Cow::Borrowed(text) });
        let Some(include) = self.include else { return edit(self.beginning(), INCLUDE_SEALED) };
        let at = span(self.whole, include);
        let list: Option<Vec<Loose<'_>>> = serde_json::from_str(include.get()).ok()?;
        match list.as_deref() {
            None | Some([]) => edit(at, LIST_SEALED),
            Some(list) if list.iter().any(|what| what.as_str() == Some(ENCRYPTED)) => None,
            Some(_) => edit(at.start + 1..at.start + 1, ITEM_SEALED),
        }
    }

    /// Where a field can be added.
    fn beginning(&self) -> Range<usize> {
        let brace = self.whole.iter().position(|&byte| byte == b'{').unwrap_or(0);
        brace + 1..brace + 1
    }
}

impl<'de> Top<'de> for Body<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        key: &str,
        place: &mut Place,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let peek = &mut self.peek;
        match key {
            "model" => {
                let raw: &'de RawValue = map.next_value()?;
                let Ok(Text(model)) = serde_json::from_str(raw.get()) else {
                    return Err(place.fault("model", "`model` must be a string"));
                };
                peek.model = Some(model.into_owned());
                peek.model_at = span(self.whole, raw);
            }
            "stream" => peek.stream = map.next_value::<Option<bool>>()?.unwrap_or(false),
            "max_output_tokens" => peek.output_max = map.next_value::<Option<u64>>()?,
            "store" => self.store = Some(map.next_value()?),
            "input" => {
                self.input = true;
                let input = map.next_value::<Input>()?;
                peek.needs.merge(input.needs);
                let kept = input.state.map(|at| {
                    let param = format!("input{at}");
                    address::refused(&param).unwrap_or_else(|| state(param))
                });
                peek.refused = peek.refused.take().or(kept);
            }
            "tools" => peek.needs.merge(map.next_value::<Summed<Needs, Walked<Tool>>>()?.0),
            "text" => {
                let text = map.next_value::<Option<Form<'de>>>()?;
                let format = text.and_then(|text| text.format);
                let kind = format.as_ref().and_then(|format| format.kind.as_str());
                peek.needs.json_schema |= kind == Some("json_schema");
                peek.needs.json_object |= kind == Some("json_object");
            }
            "include" => {
                let raw: &'de RawValue = map.next_value()?;
                let read: Result<Option<Vec<Loose<'de>>>, _> = serde_json::from_str(raw.get());
                let Ok(include) = read.map(Option::unwrap_or_default) else {
                    return Err(place.fault("include", "`include` must be a list"));
                };
                self.include = Some(raw);
                let logprobs = Some("message.output_text.logprobs");
                peek.needs.logprobs |= include.iter().any(|what| what.as_str() == logprobs);
            }
            "top_logprobs" => {
                peek.needs.logprobs |= map.next_value::<Option<u64>>()?.unwrap_or(0) > 0;
            }
            "reasoning" => {
                let reasoning = map.next_value::<Option<Reasoning<'de>>>()?.unwrap_or_default();
                let effort = reasoning.effort.as_str();
                peek.needs.reasoning |= effort.is_some_and(|effort| effort != "none");
                peek.needs.reasoning |= reasoning.summary.as_str().is_some();
            }
            "tool_choice" => {
                // An object names a tool, or a kind of tools that the model may choose among.
                let choice = map.next_value::<Word<'de>>()?.0;
                let free = ["auto", "none", "allowed_tools"];
                peek.needs.forced_tool |= choice.is_some_and(|choice| !free.contains(&&*choice));
            }
            "parallel_tool_calls" => {
                peek.needs.parallel_tools |= map.next_value::<Option<bool>>()?.unwrap_or(false);
            }
            "temperature" | "top_p" => peek.needs.sampling |= map.next_value::<Skip>()?.some,
            "background" => {
                if map.next_value::<Option<bool>>()?.unwrap_or(false) {
                    peek.refused.get_or_insert_with(|| state("background"));
                }
            }
            key if TakenOut::known(key) => self.taken_out.field(self.whole, key, map)?,
            key if STATE.contains(&key) => {
                if map.next_value::<Skip>()?.some {
                    peek.refused.get_or_insert_with(|| state(key));
                }
            }
            _ => elsewhere::field(peek, key, map)?,
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow, default)]
    format: Option<Kind<'a>>,
}

#[derive(Deserialize, Default)]
struct Reasoning<'a> {
    #[serde(borrow, default)]
    effort: Loose<'a>,
    #[serde(borrow, default)]
    summary: Loose<'a>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(more: &str) -> String {
        format!(r#"{{"model":"m","input":"x"{more}}}"#)
    }

    #[test]
    fn what_a_server_keeps_is_refused_by_name() {
        for (more, param) in [
            (r#","previous_response_id":"resp_1""#, "previous_response_id"),
            (r#","conversation":{"id":"conv_1"}"#, "conversation"),
            (r#","prompt":{"id":"pmpt_1"}"#, "prompt"),
            (r#","background":true"#, "background"),
        ] {
            let refused = peek(body(more).as_bytes()).unwrap().refused.unwrap();
            assert_eq!(refused.param, param);
        }
        let none = r#","previous_response_id":null,"conversation":null,"background":false"#;
        assert!(peek(body(none).as_bytes()).unwrap().refused.is_none());
        let without_input = peek(br#"{"model":"m","prompt":{"id":"p"}}"#).unwrap();
        assert_eq!(without_input.refused.unwrap().param, "prompt");
    }

    #[test]
    fn storing_is_switched_off_in_place() {
        let edited = |more: &str| {
            let body = bytes::Bytes::from(body(more));
            let edits = peek(&body).unwrap().retention.into_iter().map(|(_, edit)| edit);
            crate::splice::splice(&body, edits.collect())
        };
        assert_eq!(edited(""), r#"{"store":false,"model":"m","input":"x"}"#);
        for more in [r#","store":true"#, r#","store":null"#, r#","store":false"#] {
            assert_eq!(edited(more), body(r#","store":false"#), "{more}");
        }
        assert!(peek(body(r#","store":1"#).as_bytes()).is_err());
    }

    #[test]
    fn reasoning_that_is_not_kept_is_asked_for_sealed_unless_the_caller_keeps_nothing_himself() {
        let edited = |more: &str| {
            let body = bytes::Bytes::from(body(more));
            let edit = peek(&body).unwrap().sealing_edit;
            edit.map(|edit| crate::splice::splice(&body, vec![edit]))
        };
        let sealed = r#""reasoning.encrypted_content""#;
        for (more, expected) in [
            ("", format!(r#"{{"include":[{sealed}],"model":"m","input":"x"}}"#)),
            (r#","include":null"#, body(&format!(r#","include":[{sealed}]"#))),
            (r#","include":[ ]"#, body(&format!(r#","include":[{sealed}]"#))),
            (r#","include":["a"]"#, body(&format!(r#","include":[{sealed},"a"]"#))),
        ] {
            assert_eq!(edited(more).unwrap(), expected, "{more}");
        }
        assert_eq!(edited(&format!(r#","include":["a",{sealed}]"#)), None);
        assert_eq!(edited(r#","store":false"#), None);
    }

    #[test]
    fn needs_are_found_wherever_they_stand() {
        let more = r#","tools":[{"type":"function","name":"f"},{"type":"web_search"}],
            "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":true,"top_p":0.5,
            "text":{"format":{"type":"json_schema"}},"reasoning":{"effort":"low"},
            "include":["message.output_text.logprobs"],"max_output_tokens":9,"stream":true"#;
        let peek = peek(body(more).as_bytes()).unwrap();
        let needs = &peek.needs;
        assert!(needs.function_tools && needs.json_schema && needs.reasoning && needs.logprobs);
        assert!(needs.forced_tool && needs.parallel_tools && needs.sampling);
        assert_eq!(needs.hosted_tools, ["web_search"]);
        assert_eq!((peek.output_max, peek.stream), (Some(9), true));
    }

    #[test]
    fn what_is_switched_off_or_left_to_the_model_is_no_need() {
        let more = r#","reasoning":{"effort":"none","summary":null},"tool_choice":"auto",
            "parallel_tool_calls":false,"temperature":null,"text":{"format":{"type":"text"}}"#;
        let peek = peek(body(more).as_bytes()).unwrap();
        assert_eq!(peek.needs, crate::Needs::default());
    }
}

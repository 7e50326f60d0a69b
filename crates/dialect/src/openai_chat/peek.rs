//! The cheap pass over a Chat Completions body, and over Mistral's, which is of the same shape.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::MapAccess};
use serde_json::value::RawValue;

use crate::{
    Needs, ParseError,
    address::Address,
    elsewhere,
    needs::{Order, Speaker},
    retention::TakenOut,
    scan::{Maybe, Named, Object, Peek, Place, Sum, Summed, Top, Walked, kept, scan},
    splice::{Edit, span},
    text::{Loose, Skip, Text, Word},
    tools::Tool,
};

/// What to put at the beginning of a body without `stream_options`.
const ASK_USAGE: &str = r#""stream_options":{"include_usage":true},"#;

/// Reads what routing and policy need to know.
///
/// # Errors
/// [`ParseError`] naming the field at fault.
pub(crate) fn peek(body: &[u8]) -> Result<Peek, ParseError> {
    let mut top = Body {
        whole: body,
        peek: Peek::default(),
        usage: None,
        messages: false,
        taken_out: TakenOut::default(),
    };
    scan(body, &mut top)?;
    top.finish()
}

struct Body<'b> {
    whole: &'b [u8],
    peek: Peek,
    usage: Option<Usage>,
    messages: bool,
    taken_out: TakenOut,
}

/// What the caller's `stream_options` say.
enum Usage {
    Asked,
    Unasked(Edit),
}

impl Body<'_> {
    fn finish(mut self) -> Result<Peek, ParseError> {
        if self.peek.model.is_none() {
            return Err(ParseError::about("model", "`model` is missing"));
        }
        if !self.messages {
            return Err(ParseError::about("messages", "`messages` is missing"));
        }
        self.taken_out.finish(self.whole, &mut self.peek);
        match self.usage {
            Some(Usage::Asked) => self.peek.include_usage = true,
            Some(Usage::Unasked(edit)) => self.peek.usage_edit = Some(edit),
            None => {
                let brace = self.whole.iter().position(|&byte| byte == b'{').unwrap_or(0);
                let at = brace + 1..brace + 1;
                self.peek.usage_edit = Some(Edit { at, text: Cow::Borrowed(ASK_USAGE) });
            }
        }
        Ok(self.peek)
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
            "stream_options" => {
                let raw: &'de RawValue = map.next_value()?;
                let Some(usage) = usage(self.whole, raw) else {
                    let message =
                        "`stream_options` must be an object with a boolean `include_usage`";
                    return Err(place.fault("stream_options", message));
                };
                self.usage = Some(usage);
            }
            // How long a provider keeps a prompt is policy, and nothing that it keeps can be
            // referred to here: storing is switched off in place.
            "store" => {
                let raw: &'de RawValue = map.next_value()?;
                match raw.get() {
                    "false" | "null" => {}
                    "true" => {
                        let at = span(self.whole, raw);
                        let edit = Edit { at, text: Cow::Borrowed("false") };
                        peek.retention.push(("store", edit));
                    }
                    _ => return Err(place.fault("store", "`store` must be true or false")),
                }
            }
            key if TakenOut::known(key) => self.taken_out.field(self.whole, key, map)?,
            "max_completion_tokens" => {
                peek.output_max = map.next_value::<Option<u64>>()?.or(peek.output_max);
            }
            "max_tokens" => {
                let older = map.next_value::<Option<u64>>()?;
                peek.output_max = peek.output_max.or(older);
            }
            "messages" => {
                self.messages = true;
                let messages = map.next_value::<Summed<Messages, Walked<Message>>>()?.0;
                peek.needs.merge(messages.needs);
                peek.needs.merge(messages.order.needs());
                peek.refused = peek.refused.take().or(messages.kept.map(kept));
            }
            "tools" => peek.needs.merge(map.next_value::<Summed<Needs, Walked<Tool>>>()?.0),
            "functions" => peek.needs.function_tools |= map.next_value::<Skip>()?.some,
            "web_search_options" => {
                if map.next_value::<Skip>()?.some {
                    peek.needs.hosted("web_search");
                }
            }
            "response_format" => {
                let format = map.next_value::<Option<Kind<'de>>>()?;
                let kind = format.as_ref().and_then(|format| format.kind.as_str());
                peek.needs.json_schema |= kind == Some("json_schema");
                peek.needs.json_object |= kind == Some("json_object");
            }
            "tool_choice" => {
                let choice = map.next_value::<Word<'de>>()?.0;
                peek.needs.forced_tool |=
                    matches!(choice.as_deref(), Some("required" | "any" | "function" | "custom"));
            }
            "parallel_tool_calls" => {
                peek.needs.parallel_tools |= map.next_value::<Option<bool>>()?.unwrap_or(false);
            }
            "temperature" | "top_p" | "top_k" => {
                peek.needs.sampling |= map.next_value::<Skip>()?.some;
            }
            "logprobs" => {
                peek.needs.logprobs |= map.next_value::<Option<bool>>()?.unwrap_or(false);
            }
            "n" => {
                let count = map.next_value::<Option<u64>>()?.unwrap_or(1);
                peek.needs.several_answers |= count > 1;
            }
            "audio" => peek.needs.audio |= map.next_value::<Skip>()?.some,
            "modalities" => {
                let modalities = map.next_value::<Option<Vec<Loose<'de>>>>()?.unwrap_or_default();
                peek.needs.audio |= modalities.iter().any(|what| what.as_str() == Some("audio"));
            }
            "reasoning_effort" => {
                let effort = map.next_value::<Word<'de>>()?.0;
                peek.needs.reasoning |= effort.is_some_and(|effort| effort != "none");
            }
            // Mistral's older way to ask for reasoning.
            "prompt_mode" => peek.needs.reasoning |= map.next_value::<Skip>()?.some,
            _ => elsewhere::field(peek, key, map)?,
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
}

#[derive(Deserialize)]
struct Options<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    include_usage: Option<&'a RawValue>,
}

/// An explicit null is present: it must be replaced, not doubled.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// How to make the upstream report usage; nothing when the options are malformed.
fn usage(whole: &[u8], raw: &RawValue) -> Option<Usage> {
    let edit = |at, text| Some(Usage::Unasked(Edit { at, text: Cow::Borrowed(text) }));
    let here = span(whole, raw);
    if raw.get() == "null" {
        return edit(here, r#"{"include_usage":true}"#);
    }
    // A list would be read as the fields of the object in order.
    let object = raw.get().starts_with('{').then_some(raw.get())?;
    let options: Options<'_> = serde_json::from_str(object).ok()?;
    match options.include_usage {
        None if raw.get().get(1..).is_some_and(|rest| rest.trim_start().starts_with('}')) => {
            edit(here, r#"{"include_usage":true}"#)
        }
        None => edit(here.start + 1..here.start + 1, r#""include_usage":true,"#),
        Some(asked) => match asked.get() {
            "true" => Some(Usage::Asked),
            "false" | "null" => edit(span(whole, asked), "true"),
            _ => None,
        },
    }
}

#[derive(Default)]
struct Messages {
    needs: Needs,
    order: Order,
    /// Where they first refer to what a provider keeps.
    kept: Option<String>,
}

impl Sum<Walked<Message>> for Messages {
    fn add(&mut self, index: usize, Walked(message): Walked<Message>) {
        self.needs.merge(message.needs);
        if let (None, Some(at)) = (&self.kept, message.kept) {
            self.kept = Some(format!("messages[{index}]{at}"));
        }
        self.order.add(message.speaker.unwrap_or(Speaker::Caller));
    }
}

#[derive(Default)]
struct Message {
    needs: Needs,
    speaker: Option<Speaker>,
    kept: Option<String>,
}

impl<'de> Object<'de> for Message {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "role" => {
                let role: Loose<'de> = map.next_value()?;
                self.needs.function_tools |= matches!(role.as_str(), Some("tool" | "function"));
                self.speaker = match role.as_str() {
                    Some("system" | "developer") => Some(Speaker::Instructions),
                    Some("assistant") => Some(Speaker::Model),
                    _ => Some(Speaker::Caller),
                };
            }
            "reasoning_details" => self.needs.reasoning |= map.next_value::<Skip>()?.some,
            "content" => {
                let content = map.next_value::<Summed<Content, Walked<Part>>>()?.0;
                self.needs.merge(content.needs);
                let at = content.kept.map(|at| format!(".content{at}"));
                self.kept = self.kept.take().or(at);
            }
            // An answer that was spoken is given back by its name.
            "audio" => {
                let audio = map.next_value::<Maybe<Named>>()?;
                self.needs.audio |= audio.some;
                let at = audio.object.key.map(|key| format!(".audio.{key}"));
                self.kept = self.kept.take().or(at);
            }
            "tool_calls" | "function_call" => {
                self.needs.function_tools |= map.next_value::<Skip>()?.some;
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Content {
    needs: Needs,
    kept: Option<String>,
}

impl Sum<Walked<Part>> for Content {
    fn add(&mut self, index: usize, Walked(part): Walked<Part>) {
        self.needs.merge(part.needs);
        if let (None, Some(at)) = (&self.kept, part.kept) {
            self.kept = Some(format!("[{index}]{at}"));
        }
    }
}

#[derive(Default)]
struct Part {
    needs: Needs,
    kept: Option<String>,
}

impl<'de> Object<'de> for Part {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => match map.next_value::<Loose<'de>>()?.as_str() {
                Some("image_url") => self.needs.images = true,
                Some("file" | "document_url") => self.needs.documents = true,
                Some("input_audio") => self.needs.audio = true,
                Some("thinking") => self.needs.reasoning = true,
                _ => {}
            },
            "file" => {
                let named = map.next_value::<Maybe<Named>>()?.object.key;
                self.kept = self.kept.take().or(named.map(|key| format!(".file.{key}")));
            }
            // The last three are of compatible servers.
            "image_url" | "document_url" | "file_url" | "video_url" | "audio_url" => {
                let foreign = map.next_value::<Address>()?.foreign;
                self.kept = self.kept.take().or(foreign.map(|at| format!(".{key}{at}")));
            }
            // Mistral's.
            "file_id" => {
                if map.next_value::<Skip>()?.some {
                    self.kept = Some(".file_id".to_owned());
                }
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

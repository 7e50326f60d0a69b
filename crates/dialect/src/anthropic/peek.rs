//! The cheap pass over a Messages body.

use serde::{Deserialize, de::MapAccess};
use serde_json::value::RawValue;

use super::Version;
use crate::{
    Needs, ParseError, Unsupported,
    address::Address,
    needs::{Order, Speaker},
    scan::{Maybe, Object, Peek, Place, Sum, Summed, Top, Walked, kept, scan},
    splice::span,
    text::{Loose, Skip, Text, Word},
    tools::Tool,
};

/// Reads what routing and policy need to know, and refuses what `version` refuses, as Anthropic
/// does, whichever upstream would serve.
///
/// # Errors
/// [`ParseError`] naming the field at fault.
pub(crate) fn peek(version: Version, body: &[u8]) -> Result<Peek, ParseError> {
    let peek = peek_count(version, body)?;
    if peek.output_max.is_none() {
        return Err(missing("max_tokens"));
    }
    Ok(peek)
}

/// The same for the body of a count, which has no output limit.
///
/// # Errors
/// [`ParseError`] naming the field at fault.
pub(crate) fn peek_count(version: Version, body: &[u8]) -> Result<Peek, ParseError> {
    let mut top = Body { version, whole: body, peek: Peek::default(), messages: false };
    scan(body, &mut top)?;
    if top.peek.model.is_none() {
        return Err(missing("model"));
    }
    if !top.messages {
        return Err(missing("messages"));
    }
    Ok(top.peek)
}

fn missing(field: &str) -> ParseError {
    ParseError::about(field, format!("`{field}` is missing"))
}

struct Body<'b> {
    version: Version,
    whole: &'b [u8],
    peek: Peek,
    messages: bool,
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
            "stream" => {
                let raw: &'de RawValue = map.next_value()?;
                let stream: Option<bool> = serde_json::from_str(raw.get())
                    .map_err(|_| place.fault("stream", "`stream` must be true or false"))?;
                peek.stream = stream.unwrap_or(false);
                peek.stream_at = Some(span(self.whole, raw));
            }
            "anthropic_version" | "anthropic_beta" => {
                // On some clouds these are fields of the body, which the gateway writes: even a null
                // of the caller would stand beside that.
                let message = "`anthropic_version` and `anthropic_beta` are headers here: send `anthropic-version` and `anthropic-beta`";
                return Err(place.fault(key, message));
            }
            "max_tokens" => peek.output_max = Some(map.next_value::<u64>()?),
            "messages" => {
                self.messages = true;
                let messages = map.next_value::<Summed<Messages, Walked<Message>>>()?.0;
                if let (Version::V20261021, Some((param, why))) = (self.version, messages.refused) {
                    return Err(place.fault(param, why));
                }
                peek.needs.merge(messages.needs);
                peek.needs.merge(messages.order.needs());
                peek.refused = peek.refused.take().or(messages.kept.map(kept));
            }
            "temperature" | "top_p" | "top_k" => {
                let some = map.next_value::<Skip>()?.some;
                peek.needs.sampling |= some;
                if some && self.version == Version::V20261021 {
                    let message = "sampling parameters are not accepted with `anthropic-version: 2026-10-21`; leave them out or send `2023-06-01`";
                    return Err(place.fault(key, message));
                }
            }
            "inference_geo" => {
                let raw: &'de RawValue = map.next_value()?;
                if raw.get() == "null" {
                    peek.inference_geo_null_at = Some(span(self.whole, raw));
                } else {
                    let Ok(Text(geo)) = serde_json::from_str(raw.get()) else {
                        return Err(place.fault(key, "`inference_geo` must be a string"));
                    };
                    peek.inference_geo = Some(geo.into_owned());
                }
            }
            "speed" => {
                let speed = map.next_value::<Loose<'de>>()?;
                if !matches!(speed, Loose::Absent) && speed.as_str() != Some("standard") {
                    let message = "`speed` may be `standard` alone: another may be served from another place than the endpoint says";
                    peek.refused.get_or_insert_with(|| Unsupported::about(key, message));
                }
            }
            "tool_choice" => {
                let choice = map.next_value::<Option<Walked<Choice>>>()?.map(|walked| walked.0);
                let Choice { forced, parallel } = choice.unwrap_or_default();
                peek.needs.forced_tool |= forced;
                peek.needs.parallel_tools |= parallel;
            }
            "tools" => peek.needs.merge(map.next_value::<Summed<Needs, Walked<Tool>>>()?.0),
            "mcp_servers" => {
                if map.next_value::<Summed<Count, Skip>>()?.0.0 > 0 {
                    peek.needs.hosted("mcp");
                }
            }
            "container" => {
                if map.next_value::<Skip>()?.some {
                    peek.needs.hosted("code_execution");
                }
            }
            "thinking" => {
                let kind = map.next_value::<Word<'de>>()?.0;
                peek.needs.reasoning |= kind.is_some_and(|kind| kind != "disabled");
            }
            "output_format" => peek.needs.json_schema |= map.next_value::<Skip>()?.some,
            "output_config" => {
                let config = map.next_value::<Option<OutputConfig>>()?;
                let config = config.unwrap_or_default();
                peek.needs.json_schema |= config.format.is_some_and(|format| format.some);
                peek.needs.reasoning |= config.effort.is_some_and(|effort| effort.some);
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
struct OutputConfig {
    #[serde(default)]
    format: Option<Skip>,
    #[serde(default)]
    effort: Option<Skip>,
}

#[derive(Default)]
struct Choice {
    forced: bool,
    parallel: bool,
}

impl<'de> Object<'de> for Choice {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => {
                let kind: Loose<'de> = map.next_value()?;
                self.forced = matches!(kind.as_str(), Some("any" | "tool"));
            }
            "disable_parallel_tool_use" => {
                self.parallel = map.next_value::<Option<bool>>()? == Some(false);
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

/// How many elements a list has.
#[derive(Default)]
struct Count(usize);

impl Sum<Skip> for Count {
    fn add(&mut self, _: usize, _: Skip) {
        self.0 += 1;
    }
}

#[derive(Default)]
struct Messages {
    needs: Needs,
    // The first place that version 2026-10-21 refuses, and why.
    refused: Option<(String, &'static str)>,
    order: Order,
    /// Where they first refer to what a provider keeps.
    kept: Option<String>,
}

impl Sum<Walked<Message>> for Messages {
    fn add(&mut self, index: usize, Walked(message): Walked<Message>) {
        let content = message.content;
        self.needs.merge(content.needs);
        if let (None, Some(at)) = (&self.kept, content.kept) {
            self.kept = Some(format!("messages[{index}].content{at}"));
        }
        self.order.add(message.speaker.unwrap_or(Speaker::Caller));
        let is_assistant = message.speaker == Some(Speaker::Model);
        if self.refused.is_some() {
            return;
        }
        let at = |part: usize| format!("messages[{index}].content[{part}]");
        self.refused = match (is_assistant, content.document, content.citations) {
            (true, Some(part), _) => Some((
                at(part),
                "a document in an assistant message is not accepted with `anthropic-version: 2026-10-21`",
            )),
            (false, _, Some(part)) => Some((
                at(part),
                "citations on a user's text are not accepted with `anthropic-version: 2026-10-21`",
            )),
            _ => None,
        };
    }
}

#[derive(Default)]
struct Message {
    speaker: Option<Speaker>,
    content: Content,
}

impl<'de> Object<'de> for Message {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "role" => {
                self.speaker = match map.next_value::<Loose<'de>>()?.as_str() {
                    Some("system") => Some(Speaker::Instructions),
                    Some("assistant") => Some(Speaker::Model),
                    _ => Some(Speaker::Caller),
                };
            }
            "content" => self.content = map.next_value::<Summed<Content, Walked<Block>>>()?.0,
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
    // The first document, and the first text with citations.
    document: Option<usize>,
    citations: Option<usize>,
    /// Where it first refers to what a provider keeps, e.g. `[0].source.file_id`.
    kept: Option<String>,
}

impl Sum<Walked<Block>> for Content {
    fn add(&mut self, index: usize, Walked(block): Walked<Block>) {
        self.needs.merge(block.content);
        if let (None, Some(at)) = (&self.kept, block.kept) {
            self.kept = Some(format!("[{index}]{at}"));
        }
        match block.kind {
            Kind::Text if block.citations > 0 => {
                self.citations.get_or_insert(index);
            }
            Kind::Image => self.needs.images = true,
            Kind::Document => {
                self.needs.documents = true;
                self.document.get_or_insert(index);
            }
            Kind::SearchResult => self.needs.documents = true,
            Kind::Tool => self.needs.function_tools = true,
            Kind::Reasoning => self.needs.reasoning = true,
            Kind::Hosted if !block.name.is_empty() => self.needs.hosted(&block.name),
            Kind::Mcp => self.needs.hosted("mcp"),
            Kind::Container => self.needs.hosted("code_execution"),
            Kind::Text | Kind::Hosted | Kind::Other => {}
        }
    }
}

/// The blocks that say something about needs.
#[derive(Default, Clone, Copy)]
enum Kind {
    Text,
    Image,
    Document,
    SearchResult,
    Tool,
    Reasoning,
    Hosted,
    Mcp,
    Container,
    #[default]
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "text" => Self::Text,
            "image" => Self::Image,
            "document" => Self::Document,
            "search_result" => Self::SearchResult,
            "tool_use" | "tool_result" => Self::Tool,
            "thinking" | "redacted_thinking" => Self::Reasoning,
            "server_tool_use" => Self::Hosted,
            "mcp_tool_use" | "mcp_tool_result" => Self::Mcp,
            "container_upload" => Self::Container,
            _ => Self::Other,
        }
    }
}

#[derive(Default)]
struct Block {
    kind: Kind,
    name: String,
    content: Needs,
    citations: usize,
    kept: Option<String>,
}

/// Where an image or a document comes from.
#[derive(Default)]
struct Source {
    needs: Needs,
    kept: Option<String>,
}

impl<'de> Object<'de> for Source {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "file_id" => {
                if map.next_value::<Skip>()?.some {
                    self.kept = Some(".file_id".to_owned());
                }
            }
            "url" => {
                let foreign = map.next_value::<Address>()?.foreign;
                self.kept = self.kept.take().or(foreign.map(|at| format!(".url{at}")));
            }
            // A document may be made of blocks.
            "content" => {
                let inner = map.next_value::<Inner>()?;
                self.needs = inner.needs;
                self.kept = self.kept.take().or(inner.kept.map(|at| format!(".content{at}")));
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Block {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => {
                let kind: Loose<'de> = map.next_value()?;
                self.kind = Kind::of(kind.as_str().unwrap_or_default());
            }
            "name" => {
                let name: Loose<'de> = map.next_value()?;
                name.as_str().unwrap_or_default().clone_into(&mut self.name);
            }
            "content" => {
                let inner = map.next_value::<Inner>()?;
                self.content.merge(inner.needs);
                self.kept = self.kept.take().or(inner.kept.map(|at| format!(".content{at}")));
            }
            "citations" => self.citations = map.next_value::<Inner>()?.count,
            "source" => {
                let source = map.next_value::<Maybe<Source>>()?.object;
                self.content.merge(source.needs);
                self.kept = self.kept.take().or(source.kept.map(|at| format!(".source{at}")));
            }
            // Of what is put into a container.
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

/// What stands inside a block: blocks of a result, a list of citations, or one object.
#[derive(Default)]
struct Inner {
    needs: Needs,
    count: usize,
    kept: Option<String>,
}

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InnerVisitor)
    }
}

struct InnerVisitor;

impl<'de> serde::de::Visitor<'de> for InnerVisitor {
    type Value = Inner;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("content")
    }
    fn visit_str<E>(self, _: &str) -> Result<Inner, E> {
        Ok(Inner::default())
    }
    fn visit_unit<E>(self) -> Result<Inner, E> {
        Ok(Inner::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inner, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, Skip>()?.is_some() {}
        Ok(Inner::default())
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Inner, A::Error> {
        let mut content = Content::default();
        let mut count = 0;
        while let Some(block) = seq.next_element::<Walked<Block>>()? {
            content.add(count, block);
            count += 1;
        }
        Ok(Inner { needs: content.needs, count, kept: content.kept })
    }
}

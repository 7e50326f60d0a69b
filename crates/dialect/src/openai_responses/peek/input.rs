//! What the items of the input and the tools need.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess},
};
use serde_json::value::RawValue;

use crate::{
    Needs,
    address::Address,
    needs::{Order, Speaker},
    scan::{Maybe, Object, Sum, Summed, Walked},
    text::{Loose, Skip},
};

/// What the input needs.
#[derive(Default)]
pub(super) struct Input {
    pub(super) needs: Needs,
    /// Where it first refers to what a server keeps, e.g. `[0].content[1].file_id`.
    pub(super) state: Option<String>,
    /// Who speaks in turn.
    order: Order,
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut input = Summed::<Self, Walked<Item>>::deserialize(deserializer)?.0;
        input.needs.merge(input.order.needs());
        Ok(input)
    }
}

impl Input {
    fn note(&mut self, index: usize, part: Self) {
        self.needs.merge(part.needs);
        if let (None, Some(at)) = (&self.state, part.state) {
            self.state = Some(format!("[{index}]{at}"));
        }
    }
}

impl Sum<Walked<Item>> for Input {
    fn add(&mut self, index: usize, Walked(mut item): Walked<Item>) {
        if item.is_reference() {
            item.input.state = Some(".id".to_owned());
        }
        self.note(index, item.input);
        self.order.add(item.speaker.unwrap_or(Speaker::Caller));
    }
}

impl Sum<Walked<Part>> for Input {
    fn add(&mut self, index: usize, element: Walked<Part>) {
        self.note(index, element.0.0);
    }
}

/// One item.
#[derive(Default)]
struct Item {
    input: Input,
    speaker: Option<Speaker>,
    kind: Kind,
    /// It has an id.
    named: bool,
    /// It has what a message or an image has beside its id.
    told: bool,
}

/// What an item's type says about its being itself there.
#[derive(Default)]
enum Kind {
    /// Nothing: a message of a person, or the name of an item.
    #[default]
    Absent,
    /// An image that a tool made, which may be left to its name.
    Image,
    Other,
}

impl Item {
    /// A name stands for the item itself.
    fn is_reference(&self) -> bool {
        self.named
            && match self.kind {
                Kind::Absent => self.speaker.is_none() || !self.told,
                Kind::Image => !self.told,
                Kind::Other => false,
            }
    }
}

impl<'de> Object<'de> for Item {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "role" => {
                self.speaker = Some(match map.next_value::<Loose<'de>>()?.as_str() {
                    Some("system" | "developer") => Speaker::Instructions,
                    Some("assistant") => Speaker::Model,
                    _ => Speaker::Caller,
                });
            }
            "type" => {
                let kind = map.next_value::<Loose<'de>>()?;
                self.kind = match kind {
                    Loose::Absent => Kind::Absent,
                    Loose::Text(_) if kind.as_str() == Some("image_generation_call") => Kind::Image,
                    Loose::Text(_) | Loose::Other => Kind::Other,
                };
                match kind.as_str() {
                    Some("function_call" | "custom_tool_call") => {
                        self.input.needs.function_tools = true;
                        self.speaker = Some(Speaker::Model);
                    }
                    Some("function_call_output" | "custom_tool_call_output") => {
                        self.input.needs.function_tools = true;
                    }
                    Some("reasoning") => {
                        self.input.needs.reasoning = true;
                        self.speaker = Some(Speaker::Model);
                    }
                    Some("item_reference") => self.input.state = Some(".type".to_owned()),
                    _ => {}
                }
            }
            "id" => self.named = map.next_value::<Skip>()?.some,
            "result" => self.told |= map.next_value::<Skip>()?.some,
            "content" | "output" => {
                let raw: &'de RawValue = map.next_value()?;
                self.told |= raw.get() != "null";
                let part = if raw.get().starts_with('[') {
                    let parts = serde_json::from_str::<Summed<Input, Walked<Part>>>(raw.get());
                    parts.map_err(A::Error::custom)?.0
                } else {
                    // The output of a tool may be one object.
                    let one = serde_json::from_str::<Maybe<Part>>(raw.get());
                    one.map_err(A::Error::custom)?.object.0
                };
                self.input.needs.merge(part.needs);
                let at = part.state.map(|at| format!(".{key}{at}"));
                self.input.state = self.input.state.take().or(at);
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

/// One part of an item's content.
#[derive(Default)]
struct Part(Input);

impl<'de> Object<'de> for Part {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => match map.next_value::<Loose<'de>>()?.as_str() {
                Some("input_image") => self.0.needs.images = true,
                Some("input_file") => self.0.needs.documents = true,
                Some("input_audio") => self.0.needs.audio = true,
                _ => {}
            },
            "image_url" | "file_url" => {
                let foreign = map.next_value::<Address>()?.foreign;
                let foreign = foreign.map(|at| format!(".{key}{at}"));
                self.0.state = self.0.state.take().or(foreign);
            }
            "file_id" => {
                if map.next_value::<Skip>()?.some {
                    self.0.state = Some(".file_id".to_owned());
                }
            }
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Input {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn references_are_named_with_their_place() {
        for (text, at) in [
            (r#"[{"role":"user","content":"a"},{"type":"item_reference","id":"x"}]"#, "[1].type"),
            (
                r#"[{"role":"user","content":[{"type":"input_text"},{"type":"input_file","file_id":"f"}]}]"#,
                "[0].content[1].file_id",
            ),
            (
                r#"[{"type":"function_call_output","output":[{"type":"input_image","file_id":"f"}]}]"#,
                "[0].output[0].file_id",
            ),
            (
                r#"[{"type":"computer_call_output","output":{"type":"computer_screenshot","file_id":"f"}}]"#,
                "[0].output.file_id",
            ),
            (r#"[{"id":"msg_1"}]"#, "[0].id"),
            (
                r#"[{"role":"user","content":"x"},{"id":"msg_1","type":null,"role":"user"}]"#,
                "[1].id",
            ),
            (r#"[{"id":"msg_1","content":"x"}]"#, "[0].id"),
            (r#"[{"type":"image_generation_call","id":"ig_1"}]"#, "[0].id"),
        ] {
            assert_eq!(input(text).state.as_deref(), Some(at), "{text}");
        }
        for text in [
            r#"[{"id":"msg_1","role":"assistant","content":"a"}]"#,
            r#"[{"id":"msg_1","type":"message","role":"assistant","content":[]}]"#,
            r#"[{"type":"image_generation_call","id":"ig_1","result":"AAAA"}]"#,
            r#"[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"}]"#,
            r#"[{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"}]"#,
        ] {
            assert_eq!(input(text).state, None, "{text}");
        }
    }

    #[test]
    fn the_order_of_items_tells_late_instructions_and_an_answer_to_be_continued() {
        for (text, late, prefill) in [
            (r#"[{"role":"developer","content":"s"},{"role":"user","content":"u"}]"#, false, false),
            (r#"[{"role":"user","content":"u"},{"role":"system","content":"s"}]"#, true, false),
            (r#"[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]"#, false, true),
            (r#"[{"type":"function_call"},{"type":"function_call_output"}]"#, false, false),
            (r#""u""#, false, false),
        ] {
            let needs = input(text).needs;
            assert_eq!((needs.late_instructions, needs.prefill), (late, prefill), "{text}");
        }
    }

    #[test]
    fn an_output_may_be_text_a_list_or_an_object() {
        let text = r#"[{"type":"function_call_output","output":"x"},
            {"type":"computer_call_output","output":{"type":"computer_screenshot"}},
            {"role":"user","content":[{"type":"input_image","image_url":"u"}]},{"type":"reasoning"}]"#;
        let needs = input(text).needs;
        assert!(needs.function_tools && needs.images && needs.reasoning && !needs.documents);
    }
}

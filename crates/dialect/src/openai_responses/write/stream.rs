//! A streamed Responses answer, event by event.
//!
//! The last event holds the whole answer, so everything that was said is kept until then. A message
//! or a reasoning item is open alone; tool calls may be open together, for events name their item's
//! place and some providers interleave the arguments of parallel calls.

use vocab::{Failure, FailureKind, Usage};

use super::{
    super::usage,
    Call, Ending, Frame, Item, Status,
    events::{Kind, Slot, event, part, part_done, summary},
    items,
};
use crate::{
    Finish, ReplyEvent,
    client::WriteStream,
    events::{Label, opaque},
    reasoning::Seal,
    sse::FRAME_MAX,
    text::quote,
};

/// The most that one answer may say, in bytes.
const ANSWER_MAX: usize = 4 * FRAME_MAX;

/// Writes a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    label: Label,
    frame: Frame,
    /// The number of the next event.
    number: u64,
    /// The items by their place; empty text for one that is open.
    output: Vec<Vec<u8>>,
    open: Open,
    calls: Vec<OpenCall>,
    /// Bytes that were said.
    said: usize,
    refuses: bool,
    finish: Option<Finish>,
    usage: Usage,
}

/// The item that is open alone.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Message(Slot, Vec<(Kind, String)>),
    Reasoning(Slot, String),
}

#[derive(Debug)]
struct OpenCall {
    call: usize,
    slot: Slot,
    id: String,
    name: String,
    arguments: String,
}

impl StreamWriter {
    pub(crate) fn new(label: Label) -> Self {
        Self {
            frame: Frame::new(&label),
            label,
            number: 0,
            output: Vec::new(),
            open: Open::Nothing,
            calls: Vec::new(),
            said: 0,
            refuses: false,
            finish: None,
            usage: Usage::default(),
        }
    }
}

impl WriteStream for StreamWriter {
    fn write(
        &mut self,
        event: ReplyEvent<'_>,
        out: &mut Vec<u8>,
        terminal: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match event {
            ReplyEvent::Start => {
                for name in ["response.created", "response.in_progress"] {
                    self.lifecycle(out, name, Ending::InProgress);
                }
            }
            ReplyEvent::Text(text) => self.words(out, Kind::Text, text)?,
            ReplyEvent::Refusal(text) => self.words(out, Kind::Refusal, text)?,
            ReplyEvent::Reasoning(text) => self.reasoning(out, text)?,
            ReplyEvent::Seal(seal) => self.seal(out, &seal),
            ReplyEvent::ToolOpen { name: "", .. } => {
                return Err(broken("a tool call of the answer has no name"));
            }
            ReplyEvent::ToolOpen { call, id, name } => self.call(out, call, id, name),
            ReplyEvent::ToolArguments { call, fragment } => self.arguments(out, call, fragment)?,
            ReplyEvent::BlockEnd => self.close_all(out, Status::Completed),
            ReplyEvent::Finish(finish) => {
                let whole = Ending::of(finish, true) == Ending::Completed;
                self.close_all(out, if whole { Status::Completed } else { Status::Incomplete });
                self.finish = Some(finish);
            }
            ReplyEvent::Usage(usage) => self.usage.revise(&usage),
            ReplyEvent::Opaque => return Err(opaque()),
            ReplyEvent::End => {
                self.close_all(out, Status::Completed);
                let ending = Ending::of(self.finish.unwrap_or(Finish::Stop), self.refuses);
                let whole = ending == Ending::Completed;
                let name = if whole { "response.completed" } else { "response.incomplete" };
                self.lifecycle(terminal, name, ending);
            }
        }
        Ok(())
    }

    fn number(&self) -> u64 {
        self.number
    }
}

impl StreamWriter {
    fn words(&mut self, out: &mut Vec<u8>, kind: Kind, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.say(text)?;
        self.refuses |= kind == Kind::Refusal;
        if !matches!(self.open, Open::Message(..)) {
            self.close(out, Status::Completed);
            let slot = self.add(out, &Item::Message(&[]));
            self.open = Open::Message(slot, Vec::new());
        }
        let Self { open: Open::Message(slot, parts), number, .. } = self else { return Ok(()) };
        if parts.last().is_none_or(|(last, _)| *last != kind) {
            part_done(out, number, slot, parts);
            parts.push((kind, String::new()));
            let at = parts.len().saturating_sub(1);
            event(out, number, "response.content_part.added");
            slot.write(out, "content_index", at);
            part(out, kind, "");
        }
        let at = parts.len().saturating_sub(1);
        if let Some((_, said)) = parts.last_mut() {
            said.push_str(text);
        }
        event(out, number, kind.delta());
        slot.write(out, "content_index", at);
        out.extend_from_slice(br#","delta":"#);
        quote(out, text);
        out.extend_from_slice(kind.rest());
        Ok(())
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.say(text)?;
        if !matches!(self.open, Open::Reasoning(..)) {
            self.close(out, Status::Completed);
            let slot = self.add(out, &Item::Reasoning { text: "", seal: None });
            event(out, &mut self.number, "response.reasoning_summary_part.added");
            slot.write(out, "summary_index", 0);
            summary(out, "");
            self.open = Open::Reasoning(slot, String::new());
        }
        let Self { open: Open::Reasoning(slot, said), number, .. } = self else { return Ok(()) };
        said.push_str(text);
        event(out, number, "response.reasoning_summary_text.delta");
        slot.write(out, "summary_index", 0);
        out.extend_from_slice(br#","delta":"#);
        quote(out, text);
        out.extend_from_slice(b"}\n\n");
        Ok(())
    }

    fn seal(&mut self, out: &mut Vec<u8>, seal: &Seal<'_>) {
        let carrier = seal.carrier();
        match std::mem::take(&mut self.open) {
            Open::Reasoning(slot, said) => self.reasoning_done(out, &slot, &said, Some(&carrier)),
            open => {
                self.open = open;
                self.close(out, Status::Completed);
                let hidden = Item::Reasoning { text: "", seal: None };
                let slot = self.add(out, &hidden);
                self.item_done(
                    out,
                    &slot,
                    &Item::Reasoning { text: "", seal: Some(&carrier) },
                    Status::Completed,
                );
            }
        }
    }

    fn call(&mut self, out: &mut Vec<u8>, call: usize, id: &str, name: &str) {
        self.close(out, Status::Completed);
        let id = items::call_id(id, &self.label, call);
        let slot = self.add(out, &Item::Call(Call { id: &id, name, arguments: "" }));
        let (name, arguments) = (name.to_owned(), String::new());
        self.calls.push(OpenCall { call, slot, id, name, arguments });
    }

    fn arguments(&mut self, out: &mut Vec<u8>, call: usize, fragment: &str) -> Result<(), Failure> {
        if fragment.is_empty() {
            return Ok(());
        }
        self.say(fragment)?;
        let Some(open) = self.calls.iter_mut().find(|open| open.call == call) else {
            let blank = fragment.trim().is_empty();
            return if blank { Ok(()) } else { Err(broken("a tool call goes on after its end")) };
        };
        open.arguments.push_str(fragment);
        event(out, &mut self.number, "response.function_call_arguments.delta");
        open.slot.write_item(out);
        out.extend_from_slice(br#","delta":"#);
        quote(out, fragment);
        out.extend_from_slice(b"}\n\n");
        Ok(())
    }

    /// Counts what is kept until the end.
    fn say(&mut self, text: &str) -> Result<(), Failure> {
        self.said = self.said.saturating_add(text.len());
        if self.said > ANSWER_MAX {
            Err(broken("the answer is too long to be kept"))
        } else {
            Ok(())
        }
    }

    fn close_all(&mut self, out: &mut Vec<u8>, status: Status) {
        self.close(out, status);
        for call in std::mem::take(&mut self.calls) {
            self.call_done(out, call, status);
        }
    }

    /// Closes the item that is open alone.
    fn close(&mut self, out: &mut Vec<u8>, status: Status) {
        match std::mem::take(&mut self.open) {
            Open::Nothing => {}
            Open::Message(slot, parts) => {
                part_done(out, &mut self.number, &slot, &parts);
                let parts: Vec<_> = parts.iter().map(|(kind, said)| kind.part(said)).collect();
                self.item_done(out, &slot, &Item::Message(&parts), status);
            }
            Open::Reasoning(slot, said) => self.reasoning_done(out, &slot, &said, None),
        }
    }

    fn reasoning_done(&mut self, out: &mut Vec<u8>, slot: &Slot, said: &str, seal: Option<&str>) {
        event(out, &mut self.number, "response.reasoning_summary_text.done");
        slot.write(out, "summary_index", 0);
        out.extend_from_slice(br#","text":"#);
        quote(out, said);
        out.extend_from_slice(b"}\n\n");
        event(out, &mut self.number, "response.reasoning_summary_part.done");
        slot.write(out, "summary_index", 0);
        summary(out, said);
        self.item_done(out, slot, &Item::Reasoning { text: said, seal }, Status::Completed);
    }

    /// A call without arguments ends with `{}`, so that its text is JSON.
    fn call_done(&mut self, out: &mut Vec<u8>, open: OpenCall, status: Status) {
        let OpenCall { slot, id, name, mut arguments, .. } = open;
        if arguments.is_empty() {
            arguments.push_str("{}");
            event(out, &mut self.number, "response.function_call_arguments.delta");
            slot.write_item(out);
            out.extend_from_slice(b",\"delta\":\"{}\"}\n\n");
        }
        event(out, &mut self.number, "response.function_call_arguments.done");
        slot.write_item(out);
        out.extend_from_slice(br#","name":"#);
        quote(out, &name);
        out.extend_from_slice(br#","arguments":"#);
        quote(out, &arguments);
        out.extend_from_slice(b"}\n\n");
        let call = Call { id: &id, name: &name, arguments: &arguments };
        self.item_done(out, &slot, &Item::Call(call), status);
    }

    /// Announces the item at the next place.
    fn add(&mut self, out: &mut Vec<u8>, item: &Item<'_>) -> Slot {
        let place = self.output.len();
        self.output.push(Vec::new());
        let text = item.json(&self.label, place, Status::InProgress);
        self.item(out, "response.output_item.added", place, &text);
        Slot { id: items::id(item.prefix(), &self.label, place), place }
    }

    fn item_done(&mut self, out: &mut Vec<u8>, slot: &Slot, item: &Item<'_>, status: Status) {
        let text = item.json(&self.label, slot.place, status);
        self.item(out, "response.output_item.done", slot.place, &text);
        if let Some(kept) = self.output.get_mut(slot.place) {
            *kept = text;
        }
    }

    fn item(&mut self, out: &mut Vec<u8>, name: &str, place: usize, text: &[u8]) {
        event(out, &mut self.number, name);
        out.extend_from_slice(format!(r#","output_index":{place},"item":"#).as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"}\n\n");
    }

    fn lifecycle(&mut self, out: &mut Vec<u8>, name: &str, ending: Ending) {
        let usage = usage::shown(&self.usage).filter(|_| ending != Ending::InProgress);
        event(out, &mut self.number, name);
        out.extend_from_slice(br#","response":"#);
        self.frame.response(out, ending, &self.output, usage);
        out.extend_from_slice(b"}\n\n");
    }
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

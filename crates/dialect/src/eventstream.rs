//! Amazon's binary framing of streams, `application/vnd.amazon.eventstream`.
//!
//! Its messages are rewritten as server-sent events, so that the rest of a relay knows one framing
//! only: it costs one copy of the payload and saves a second path through everything.
//!
//! A message is a prelude (its length, the length of its headers, their CRC-32), headers, a payload,
//! and a CRC-32 over all of it. Both sums are checked before anything is believed, and the length
//! is bounded, so memory is too. Any chunking of the same bytes gives the same events.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use vocab::{Failure, FailureKind};

use crate::{
    sse::{Event, FRAME_MAX},
    text::{Loose, Text, json},
};

/// Length, length of the headers, checksum.
const PRELUDE: usize = 12;
/// A message without headers and payload.
const MESSAGE_MIN: usize = PRELUDE + 4;
/// The names of events that end a stream with an error begin so; no event of an answer does.
const EXCEPTION: &str = "exception ";

/// What a message's payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// The event itself, named by the header `:event-type`.
    Event,
    /// An event of the model's own API in base64, in which it is named by its `type`.
    Chunk,
}

/// Rewrites messages as server-sent events.
#[derive(Debug)]
pub(crate) struct Transcoder {
    payload: Payload,
    partial: Vec<u8>,
}

impl Transcoder {
    pub(crate) const fn new(payload: Payload) -> Self {
        Self { payload, partial: Vec::new() }
    }

    /// Whether bytes of an unfinished message wait for more.
    pub(crate) const fn is_partial(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Takes bytes and appends the events that are whole. What was appended before an error is good.
    ///
    /// # Errors
    /// [`FailureKind::Broken`] for a message that is malformed, longer than 4 MiB, or whose checksum
    /// is wrong.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let mut rest = chunk;
        // A message that began before is completed first, so that no whole one is ever copied.
        while !self.partial.is_empty() {
            let length = length(&self.partial)?;
            let wanted = length.unwrap_or(PRELUDE).saturating_sub(self.partial.len());
            let (head, tail) = rest.split_at(wanted.min(rest.len()));
            self.partial.extend_from_slice(head);
            rest = tail;
            if head.len() < wanted {
                return Ok(());
            }
            if length.is_some() {
                let whole = std::mem::take(&mut self.partial);
                self.transcode(&whole, out)?;
            }
        }
        while let Some(length) = length(rest)?
            && let Some((message, tail)) = rest.split_at_checked(length)
        {
            self.transcode(message, out)?;
            rest = tail;
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    fn transcode(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let (head, payload) = open(message)?;
        match (&*head.kind, self.payload) {
            ("event", Payload::Event) => write(out, "", &head.event, payload),
            ("event", Payload::Chunk) if head.event == "chunk" => chunk(payload, out),
            // What is beside the chunks means nothing in the model's own API.
            ("event", Payload::Chunk) => Ok(()),
            ("exception", _) => write(out, EXCEPTION, &head.exception, payload),
            ("error", _) => {
                #[derive(Serialize)]
                struct Said<'a> {
                    message: &'a str,
                }
                let said = json(&Said { message: &head.error_message });
                write(out, EXCEPTION, &head.error_code, &said)
            }
            _ => Err(broken("a message of the stream is of an unknown kind")),
        }
    }
}

/// The name of the exception that this event reports.
pub(crate) fn exception<'a>(event: &Event<'a>) -> Option<&'a str> {
    std::str::from_utf8(event.name).ok()?.strip_prefix(EXCEPTION)
}

/// The length of the message that begins `bytes`, once its prelude is there.
fn length(bytes: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(prelude) = bytes.get(..PRELUDE) else { return Ok(None) };
    let whole = number(prelude, 0);
    let headers = number(prelude, 4);
    if crc32fast::hash(prelude.get(..8).unwrap_or_default()) != number32(prelude, 8) {
        return Err(broken("the beginning of a message of the stream is corrupt"));
    }
    if whole < MESSAGE_MIN || headers > whole - MESSAGE_MIN {
        return Err(broken("a message of the stream is malformed"));
    }
    if whole > FRAME_MAX {
        return Err(broken("a message of the stream is too long"));
    }
    Ok(Some(whole))
}

/// The headers that say what a whole message is, and its payload.
fn open(message: &[u8]) -> Result<(Head, &[u8]), Failure> {
    let malformed = || broken("a message of the stream is malformed");
    let (summed, sum) = message.split_last_chunk::<4>().ok_or_else(malformed)?;
    if crc32fast::hash(summed) != u32::from_be_bytes(*sum) {
        return Err(broken("a message of the stream is corrupt"));
    }
    let (prelude, rest) = summed.split_at_checked(PRELUDE).ok_or_else(malformed)?;
    let (headers, payload) = rest.split_at_checked(number(prelude, 4)).ok_or_else(malformed)?;
    Ok((Head::read(headers).ok_or_else(malformed)?, payload))
}

fn number32(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
    four.map_or(0, |four| u32::from_be_bytes(*four))
}

fn number(bytes: &[u8], at: usize) -> usize {
    usize::try_from(number32(bytes, at)).unwrap_or(usize::MAX)
}

/// The headers that matter; a message without `:message-type` is an event.
#[derive(Debug, Default)]
struct Head {
    kind: String,
    event: String,
    exception: String,
    error_code: String,
    error_message: String,
}

impl Head {
    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut head = Self { kind: "event".to_owned(), ..Self::default() };
        while let Some((name, rest)) = split(bytes, 1) {
            let (kind, rest) = rest.split_first()?;
            // The sizes of the values of each type; texts and bytes say theirs in front.
            let (value, rest) = match kind {
                0 | 1 => rest.split_at_checked(0),
                2 => rest.split_at_checked(1),
                3 => rest.split_at_checked(2),
                4 => rest.split_at_checked(4),
                5 | 8 => rest.split_at_checked(8),
                6 | 7 => split(rest, 2),
                9 => rest.split_at_checked(16),
                _ => None,
            }?;
            bytes = rest;
            let slot = match name {
                b":message-type" => &mut head.kind,
                b":event-type" => &mut head.event,
                b":exception-type" => &mut head.exception,
                b":error-code" => &mut head.error_code,
                b":error-message" => &mut head.error_message,
                _ => continue,
            };
            *slot = String::from_utf8(value.to_vec()).ok()?;
        }
        bytes.is_empty().then_some(head)
    }
}

/// Takes a value off that says its size in its first one or two bytes.
fn split(bytes: &[u8], size_bytes: usize) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_at_checked(size_bytes)?;
    let size = size.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
    rest.split_at_checked(size)
}

fn write(out: &mut Vec<u8>, prefix: &str, name: &str, data: &[u8]) -> Result<(), Failure> {
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(broken("an event of the stream has a malformed name"));
    }
    out.reserve(data.len() + name.len() + prefix.len() + 18);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(prefix.as_bytes());
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let begin = out.len();
    out.extend_from_slice(data);
    // In JSON a line break is white space, and here it would end the data.
    for byte in out.get_mut(begin..).unwrap_or_default() {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\n\n");
    Ok(())
}

/// An event of the model's own API.
fn chunk(payload: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        bytes: Text<'a>,
    }
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Loose<'a>,
    }
    let malformed = |_| broken("an event of the answer is malformed");
    let chunk: Chunk<'_> = serde_json::from_slice(payload).map_err(malformed)?;
    let event = STANDARD.decode(chunk.bytes.as_bytes());
    let event = event.map_err(|_| broken("an event of the answer is malformed"))?;
    let named: Named<'_> = serde_json::from_slice(&event).map_err(malformed)?;
    write(out, "", named.kind.as_str().unwrap_or_default(), &event)
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message as Amazon writes it.
    fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut head = Vec::new();
        for (name, value) in headers {
            head.push(u8::try_from(name.len()).unwrap());
            head.extend_from_slice(name.as_bytes());
            head.push(7);
            head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
            head.extend_from_slice(value.as_bytes());
        }
        framed(&head, payload)
    }

    fn framed(head: &[u8], payload: &[u8]) -> Vec<u8> {
        let size = |size: usize| u32::try_from(size).unwrap().to_be_bytes();
        let mut out = size(MESSAGE_MIN + head.len() + payload.len()).to_vec();
        out.extend_from_slice(&size(head.len()));
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out.extend_from_slice(head);
        out.extend_from_slice(payload);
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    }

    fn event(name: &str, payload: &str) -> Vec<u8> {
        let headers = [
            (":event-type", name),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ];
        message(&headers, payload.as_bytes())
    }

    fn run<'c>(
        payload: Payload,
        chunks: impl IntoIterator<Item = &'c [u8]>,
    ) -> (String, Result<(), Failure>) {
        let mut transcoder = Transcoder::new(payload);
        let mut out = Vec::new();
        let fed = chunks.into_iter().try_for_each(|chunk| transcoder.feed(chunk, &mut out));
        let fed = fed.and(if transcoder.is_partial() { Err(broken("partial")) } else { Ok(()) });
        (String::from_utf8(out).unwrap(), fed)
    }

    #[test]
    fn a_message_becomes_an_event_on_one_line() {
        let bytes = event("messageStart", "{\"a\":\r\n1}");
        let (out, fed) = run(Payload::Event, [&*bytes]);
        assert_eq!((out.as_str(), fed), ("event: messageStart\ndata: {\"a\":  1}\n\n", Ok(())));
    }

    #[test]
    fn a_chunk_becomes_the_event_that_it_holds() {
        let inner = STANDARD.encode(r#"{"type":"message_stop"}"#);
        let bytes = event("chunk", &format!(r#"{{"bytes":"{inner}","p":"abc"}}"#));
        let bytes = [event("metadata", "{}"), bytes].concat();
        let (out, fed) = run(Payload::Chunk, [&*bytes]);
        let expected = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        assert_eq!((out.as_str(), fed), (expected, Ok(())));
    }

    #[test]
    fn exceptions_and_errors_are_told_from_events_of_any_name() {
        let thrown = [(":exception-type", "throttlingException"), (":message-type", "exception")];
        let erred = [
            (":error-code", "InternalError"),
            (":error-message", "say \"when\""),
            (":message-type", "error"),
        ];
        let bytes =
            [message(&thrown, br#"{"message":"m"}"#), message(&erred, b""), event("x", "{}")];
        let (out, fed) = run(Payload::Event, [&*bytes.concat()]);
        fed.unwrap();
        let frames: Vec<_> = out.split_inclusive("\n\n").collect();
        let read = |frame: &'static str| crate::sse::event(frame.as_bytes());
        let frames: Vec<_> = frames.iter().map(|frame| read((*frame).to_owned().leak())).collect();
        assert_eq!(exception(&frames[0]), Some("throttlingException"));
        assert_eq!(exception(&frames[1]), Some("InternalError"));
        assert_eq!(frames[1].data.as_deref(), Some(&br#"{"message":"say \"when\""}"#[..]));
        assert_eq!(exception(&frames[2]), None);
    }

    #[test]
    fn headers_of_every_type_are_passed_over() {
        let mut head = Vec::new();
        for (kind, size) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)] {
            head.extend_from_slice(&[1, b'a', kind]);
            head.extend(std::iter::repeat_n(7, size));
        }
        head.extend_from_slice(b"\x01b\x06\x00\x02xy\x0b:event-type\x07\x00\x01e");
        let (out, fed) = run(Payload::Event, [&*framed(&head, b"{}")]);
        assert_eq!((out.as_str(), fed), ("event: e\ndata: {}\n\n", Ok(())));
        for cut in 1..head.len() {
            run(Payload::Event, [&*framed(&head[..cut], b"{}")]).1.ok();
        }
    }

    #[test]
    fn every_wrong_bit_is_found() {
        let bytes = event("messageStart", r#"{"role":"assistant"}"#);
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            let (out, fed) = run(Payload::Event, [&*wrong]);
            assert!(out.is_empty() && fed.is_err(), "{at}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_at_its_prelude() {
        let mut prelude = u32::try_from(FRAME_MAX + 1).unwrap().to_be_bytes().to_vec();
        prelude.extend_from_slice(&[0; 4]);
        prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
        let (_, fed) = run(Payload::Event, [&*prelude]);
        assert!(fed.unwrap_err().message.contains("too long"));
    }

    #[test]
    fn a_name_with_a_line_break_cannot_add_fields() {
        let (out, fed) = run(Payload::Event, [&*event("a\ndata: {}", "{}")]);
        assert!(out.is_empty() && fed.is_err());
    }

    #[test]
    fn what_came_before_an_error_is_good() {
        let bytes = [event("a", "{}"), b"garbage of some length".to_vec()].concat();
        let (out, fed) = run(Payload::Event, [&*bytes]);
        assert!(out.contains("event: a") && fed.is_err());
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(
            payloads in proptest::collection::vec("[a-z{}\"\n]{0,40}", 0..5),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes = payloads.iter().map(|payload| event("e", payload)).collect::<Vec<_>>().concat();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let whole = run(Payload::Event, [&*bytes]);
            prop_assert!(whole.1.is_ok());
            prop_assert_eq!(&run(Payload::Event, cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])), &whole);
            prop_assert_eq!(&run(Payload::Event, bytes.chunks(1)), &whole);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut transcoder = Transcoder::new(Payload::Chunk);
            let _ = transcoder.feed(&bytes, &mut Vec::new());
            let _ = run(Payload::Chunk, [&*framed(&bytes, &bytes)]);
        }
    }
}

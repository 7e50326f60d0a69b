//! Frames of `application/vnd.amazon.eventstream`: a prelude, headers, a payload, and two
//! checksums.
//!
//! Layout, big-endian: total length, length of headers, CRC of these two; headers; payload; CRC
//! of all before. A header is: length of its name, name, type (7: string), length, value.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::vendor::Complaint;

/// Content type of a stream of frames.
pub(crate) const KIND: &str = "application/vnd.amazon.eventstream";

const STRING: u8 = 7;

/// An event with a JSON payload.
pub(crate) fn event(out: &mut Vec<u8>, name: &str, payload: &Value) {
    write(out, &[(":event-type", name), JSON, (":message-type", "event")], payload);
}

/// The frame that ends a failing stream.
pub(crate) fn exception(complaint: &Complaint) -> Bytes {
    // In a stream, the names of exceptions begin with a small letter.
    let mut name = complaint.kind.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let mut out = Vec::new();
    let headers = [(":exception-type", name.as_str()), JSON, (":message-type", "exception")];
    write(&mut out, &headers, &json!({ "message": complaint.message }));
    out.into()
}

/// A frame with right checksums and a payload that is not JSON.
pub(crate) fn malformed(name: &str) -> Bytes {
    let mut out = Vec::new();
    let headers = [(":event-type", name), JSON, (":message-type", "event")];
    write_bytes(&mut out, &headers, b"{\"contentBlockIndex\":0,\"del");
    out.into()
}

const JSON: (&str, &str) = (":content-type", "application/json");

fn write(out: &mut Vec<u8>, headers: &[(&str, &str)], payload: &Value) {
    write_bytes(out, headers, payload.to_string().as_bytes());
}

fn write_bytes(out: &mut Vec<u8>, headers: &[(&str, &str)], payload: &[u8]) {
    let mut head = Vec::with_capacity(96);
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.extend_from_slice(name.as_bytes());
        head.push(STRING);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = Vec::with_capacity(16 + head.len() + payload.len());
    frame.extend_from_slice(&size(16 + head.len() + payload.len()));
    frame.extend_from_slice(&size(head.len()));
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    out.extend_from_slice(&frame);
}

/// CRC-32 as in zlib (polynomial 0xEDB88320, reflected), bit by bit: frames are small.
fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _bit| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_frame_says_its_own_length() {
        let mut out = Vec::new();
        event(&mut out, "messageStart", &json!({"role": "assistant"}));
        let total = u32::from_be_bytes(out[..4].try_into().unwrap());
        assert_eq!(usize::try_from(total).unwrap(), out.len());
        assert_eq!(crc32(&out[..8]), u32::from_be_bytes(out[8..12].try_into().unwrap()));
        let end = out.len() - 4;
        assert_eq!(crc32(&out[..end]), u32::from_be_bytes(out[end..].try_into().unwrap()));
    }
}

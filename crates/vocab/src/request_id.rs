//! The id that joins a request, its log lines, its trace and its evidence.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Timestamp;

/// A request's id: `req_` and 32 hexadecimal digits, laid out as a UUID of version 7, so that ids
/// sort by the time of arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u128);

/// Why a text is not a request id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a request id: it is `req_` followed by 32 hexadecimal digits, as in the `x-request-id` header"
)]
pub struct RequestIdError(String);

impl RequestId {
    /// Makes an id from the time of arrival and 128 random bits, of which 74 are used.
    #[must_use]
    pub fn new(now: Timestamp, random: u128) -> Self {
        // RFC 9562, section 5.7: 48 bits of milliseconds, version 7, variant 2.
        let millis = u128::from(now.unix_micros().unsigned_abs() / 1_000) & 0xffff_ffff_ffff;
        let noise_a = (random >> 64) & 0xfff;
        let noise_b = random & 0x3fff_ffff_ffff_ffff;
        Self(millis << 80 | 7 << 76 | noise_a << 64 | 2 << 62 | noise_b)
    }
}

/// The text of a request id, without an allocation.
#[derive(Clone, Copy)]
pub struct RequestIdText([u8; 36]);

impl RequestIdText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl RequestId {
    /// The id as text. Several times faster than formatting, and it is on every request's path.
    #[must_use]
    pub fn text(self) -> RequestIdText {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = *b"req_00000000000000000000000000000000";
        let (_, digits) = text.split_at_mut(4);
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0.to_be_bytes()) {
            if let [high, low] = pair {
                (*high, *low) = (digit(byte >> 4), digit(byte & 0xf));
            }
        }
        RequestIdText(text)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RequestId {
    type Err = RequestIdError;
    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        let digits = text.strip_prefix("req_").filter(|d| d.len() == 32);
        let lower = |d: &&str| d.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        digits
            .filter(lower)
            .and_then(|d| u128::from_str_radix(d, 16).ok())
            .map(Self)
            .ok_or_else(|| RequestIdError(text.chars().take(64).collect()))
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_sort_by_time_and_survive_text() {
        let early = RequestId::new(Timestamp::from_unix_micros(1_000_000), u128::MAX);
        let late = RequestId::new(Timestamp::from_unix_micros(2_000_000), 0);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.to_string(), format!("req_{:032x}", early.0));
        assert!("req_12".parse::<RequestId>().is_err());
        assert!(format!("req_+{}", "1".repeat(31)).parse::<RequestId>().is_err());
    }
}

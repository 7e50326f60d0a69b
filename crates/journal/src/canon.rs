//! A writer of RFC 8785 (JCS) JSON: keys in order, no white space, no floats, shortest escapes.
//!
//! It writes straight into bytes. The caller gives keys in ascending order; a debug build checks
//! that. All keys are ASCII, so byte order is the UTF-16 order that the RFC asks for.
//!
//! Two leaves of some 25 members are written per request, so the writer is on the hot path. Members
//! are inlined into the leaf that names them: there a key is a constant, and its length and the
//! comma before it are known to the compiler.

use vocab::{RequestId, Timestamp};

/// The largest integer that every JSON reader holds exactly (RFC 8785, section 3.2.2.3).
pub(crate) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// The longest text value, in bytes; a longer one is cut at a character boundary. Ids are shorter,
/// so this bounds only what a provider chose, e.g. its request id.
pub(crate) const TEXT_MAX: usize = 256;

/// An object being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
    #[cfg(debug_assertions)]
    last: &'static str,
}

impl<'a> Object<'a> {
    /// Opens an object.
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            empty: true,
            #[cfg(debug_assertions)]
            last: "",
        }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    #[inline(always)]
    fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        #[cfg(debug_assertions)]
        {
            debug_assert!(self.last < key, "`{key}` after `{}`", self.last);
            self.last = key;
        }
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A text member.
    #[inline(always)]
    pub(crate) fn text(&mut self, key: &'static str, value: &str) {
        text(self.key(key), value);
    }

    /// A member whose text needs no look: an id or a word of a closed set, whose alphabets hold
    /// nothing to escape.
    #[inline(always)]
    pub(crate) fn name(&mut self, key: &'static str, value: &str) {
        name(self.key(key), value);
    }

    /// A name member, left out when absent.
    #[inline(always)]
    pub(crate) fn name_if(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(key, value);
        }
    }

    /// A text member, left out when absent.
    #[inline(always)]
    pub(crate) fn text_if(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// An integer member; above [`INTEGER_MAX`] it is written as that.
    #[inline(always)]
    pub(crate) fn integer(&mut self, key: &'static str, value: u64) {
        integer(self.key(key), value.min(INTEGER_MAX));
    }

    /// An integer member, left out when absent.
    #[inline(always)]
    pub(crate) fn integer_if(&mut self, key: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.integer(key, value);
        }
    }

    /// A truth member.
    #[inline(always)]
    pub(crate) fn truth(&mut self, key: &'static str, value: bool) {
        self.key(key).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A time member, RFC 3339 with microseconds.
    #[inline(always)]
    pub(crate) fn time(&mut self, key: &'static str, value: Timestamp) {
        time(self.key(key), value);
    }

    /// A request id member. Its 36 characters never need escaping.
    #[inline(always)]
    pub(crate) fn request(&mut self, key: &'static str, value: RequestId) {
        let out = self.key(key);
        out.push(b'"');
        out.extend_from_slice(value.text().as_str().as_bytes());
        out.push(b'"');
    }

    /// An object member.
    pub(crate) fn object(&mut self, key: &'static str, write: impl FnOnce(&mut Object<'_>)) {
        let mut inner = Object::open(self.key(key));
        write(&mut inner);
        inner.close();
    }

    /// An array member of at most `keep` items; gives how many were left out.
    pub(crate) fn list<T>(
        &mut self,
        key: &'static str,
        items: &[T],
        keep: usize,
        write: impl Fn(&mut Vec<u8>, &T),
    ) -> u64 {
        let out = self.key(key);
        out.push(b'[');
        for (position, item) in items.iter().take(keep).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write(out, item);
        }
        out.push(b']');
        u64::try_from(items.len().saturating_sub(keep)).unwrap_or(INTEGER_MAX)
    }
}

/// Writes an id or a word of a closed set.
pub(crate) fn name(out: &mut Vec<u8>, value: &str) {
    debug_assert!(
        value.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'),
        "`{value}`"
    );
    out.reserve(value.len() + 2);
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

/// Writes a text value, cut to [`TEXT_MAX`].
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    let value = value.get(..value.floor_char_boundary(TEXT_MAX)).unwrap_or(value);
    out.reserve(value.len() + 9);
    out.push(b'"');
    let start = out.len();
    // Most texts hold nothing to escape, so they are copied first and looked at eight bytes at a
    // time; seven spaces make the last eight whole.
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(&[b' '; 7]);
    let (words, _) = out.get(start..).unwrap_or_default().as_chunks::<8>();
    if words.iter().any(|word| needs_escape(u64::from_ne_bytes(*word))) {
        out.truncate(start);
        value.bytes().for_each(|byte| escape(out, byte));
    } else {
        out.truncate(start + value.len());
    }
    out.push(b'"');
}

/// Whether one of eight bytes is a control character, a quote or a backslash. Each term has the
/// high bit of a byte set where that byte is less than its bound, a known trick (Anderson, "Bit
/// Twiddling Hacks", `hasless`): exact as to whether there is one, which is all that is asked.
const fn needs_escape(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | is_quote | is_backslash) & HIGHS != 0
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short: &[u8] = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        0x08 => b"\\b",
        0x09 => b"\\t",
        0x0a => b"\\n",
        0x0c => b"\\f",
        0x0d => b"\\r",
        0x00..=0x1f => {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
            return;
        }
        _ => return out.push(byte),
    };
    out.extend_from_slice(short);
}

/// Writes an integer value.
fn integer(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0_u8; 20];
    let mut rest = value;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = ascii_digit(rest % 10);
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or(&[]));
}

fn ascii_digit(value: u64) -> u8 {
    b'0' + u8::try_from(value % 10).unwrap_or(0)
}

/// Writes a time value. The calendar arithmetic is Howard Hinnant's `civil_from_days`; times
/// outside the years 1970 to 9999 go through the slower general formatter.
fn time(out: &mut Vec<u8>, value: Timestamp) {
    const END_OF_9999: u64 = 253_402_300_800_000_000;
    let micros = u64::try_from(value.unix_micros()).ok().filter(|m| *m < END_OF_9999);
    let Some(micros) = micros else { return text(out, &value.to_string()) };
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let ([y1, y2], [y3, y4]) = (pair(year / 100), pair(year));
    let ([m1, m2], [d1, d2]) = (pair(month), pair(day));
    let ([h1, h2], [i1, i2], [s1, s2]) =
        (pair(second / 3_600), pair(second / 60 % 60), pair(second % 60));
    let ([f1, f2], [f3, f4], [f5, f6]) =
        (pair(fraction / 10_000), pair(fraction / 100), pair(fraction));
    out.extend_from_slice(&[
        b'"', y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2,
        b'.', f1, f2, f3, f4, f5, f6, b'Z', b'"',
    ]);
}

/// The last two decimal digits.
fn pair(value: u64) -> [u8; 2] {
    let value = u8::try_from(value % 100).unwrap_or(0);
    [b'0' + value / 10, b'0' + value % 10]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn a_text_reads_back_as_it_was(
            value in "\\PC{0,60}|[\u{0}-\u{20}\"\\\\]{0,20}|[a-z]{0,30}[\u{0}-\u{7f}][a-z]{0,9}",
        ) {
            let json = written(|out| text(out, &value));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value.clone());
            // serde_json escapes exactly as RFC 8785 asks, so it is the oracle.
            prop_assert_eq!(json, serde_json::to_string(&value).unwrap());
        }

        #[test]
        fn a_time_is_written_as_the_calendar_says(micros in 0_i64..253_402_300_800_000_000) {
            let at = Timestamp::from_unix_micros(micros);
            prop_assert_eq!(written(|out| time(out, at)), format!("\"{at}\""));
        }

        #[test]
        fn an_integer_is_written_in_decimal(value: u64) {
            prop_assert_eq!(written(|out| integer(out, value)), value.to_string());
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let json = written(|out| text(out, &"ü".repeat(200)));
        assert_eq!(json.len(), TEXT_MAX + 2);
    }
}

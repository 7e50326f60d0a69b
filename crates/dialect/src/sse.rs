//! Server-sent events: from bytes in any chunking to whole frames.
//!
//! A frame is everything up to and including its empty line. Lines end with LF or CRLF; no
//! provider ends them with a lone CR. Frames that lie whole in one chunk are not copied, and a
//! frame that does not end within [`FRAME_MAX`] bytes is an error, so memory is bounded.

use std::borrow::Cow;

use memchr::memchr;

/// The longest frame, in bytes.
pub(crate) const FRAME_MAX: usize = 4 << 20;

/// The frame did not end within [`FRAME_MAX`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {FRAME_MAX} bytes")]
pub(crate) struct Oversize;

/// Collects the frame that a chunk left unfinished.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    partial: Vec<u8>,
    // Where the unfinished line of `partial` begins.
    line: usize,
}

impl Framer {
    /// Whether bytes of an unfinished frame wait for more.
    pub(crate) fn is_partial(&self) -> bool {
        !self.partial.is_empty()
    }

    /// The bytes that wait for more.
    pub(crate) fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Keeps `rest`, which holds no whole frame, until more arrives.
    ///
    /// # Errors
    /// [`Oversize`] when the frame is too long.
    pub(crate) fn keep(&mut self, rest: &[u8]) -> Result<(), Oversize> {
        let line = rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.line = self.partial.len() + line;
        self.partial.extend_from_slice(rest);
        if self.partial.len() > FRAME_MAX { Err(Oversize) } else { Ok(()) }
    }

    /// Goes on with the unfinished frame: the finished one and how many bytes of `chunk` it took,
    /// or nothing when it took them all and is not finished yet.
    ///
    /// # Errors
    /// [`Oversize`] when the frame is too long.
    pub(crate) fn complete(&mut self, chunk: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Oversize> {
        let mut taken = 0;
        while let Some(rest) = chunk.get(taken..)
            && let Some(at) = memchr(b'\n', rest)
        {
            self.partial.extend_from_slice(rest.get(..=at).unwrap_or_default());
            taken += at + 1;
            if self.partial.len() > FRAME_MAX {
                return Err(Oversize);
            }
            let line = self.partial.get(self.line..).unwrap_or_default();
            if line == b"\n" || line == b"\r\n" {
                self.line = 0;
                return Ok(Some((std::mem::take(&mut self.partial), taken)));
            }
            self.line = self.partial.len();
        }
        self.partial.extend_from_slice(chunk.get(taken..).unwrap_or_default());
        if self.partial.len() > FRAME_MAX { Err(Oversize) } else { Ok(None) }
    }
}

/// Where the first frame of `bytes` ends, if it ends there.
pub(crate) fn frame_end(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    loop {
        let rest = bytes.get(line..)?;
        let at = memchr(b'\n', rest)?;
        line += at + 1;
        if at == 0 || (at == 1 && rest.first() == Some(&b'\r')) {
            return Some(line);
        }
    }
}

/// What a frame says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event<'a> {
    /// The `event:` name, empty if there is none.
    pub(crate) name: &'a [u8],
    /// The data; `None` for a frame of comments only.
    pub(crate) data: Option<Cow<'a, [u8]>>,
}

/// Reads one frame. Fields other than `event` and `data` mean nothing to an answer.
pub(crate) fn event(frame: &[u8]) -> Event<'_> {
    let mut event = Event::default();
    let mut rest = frame;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        rest = rest.get(end + 1..).unwrap_or_default();
        if let Some(value) = field(line, b"data") {
            event.data = Some(match event.data {
                None => Cow::Borrowed(value),
                Some(before) => {
                    let mut lines = before.into_owned();
                    lines.push(b'\n');
                    lines.extend_from_slice(value);
                    Cow::Owned(lines)
                }
            });
        } else if let Some(value) = field(line, b"event") {
            event.name = value;
        }
    }
    event
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut framer = Framer::default();
        let mut whole = Vec::new();
        for chunk in chunks {
            let mut rest: &[u8] = chunk;
            if framer.is_partial() {
                match framer.complete(rest).unwrap() {
                    Some((frame, taken)) => {
                        whole.push(frame);
                        rest = &rest[taken..];
                    }
                    None => continue,
                }
            }
            while let Some(end) = frame_end(rest) {
                whole.push(rest[..end].to_vec());
                rest = &rest[end..];
            }
            framer.keep(rest).unwrap();
        }
        (whole, framer.partial().to_vec())
    }

    #[test]
    fn a_frame_gives_its_name_and_data() {
        let read = event(b": note\r\nevent: ping\r\ndata: {\"a\":1}\r\nid: 7\r\n\r\n");
        assert_eq!(read.name, b"ping");
        assert_eq!(read.data.as_deref(), Some(&b"{\"a\":1}"[..]));
        assert_eq!(event(b"data:a\ndata:  b\n\n").data.as_deref(), Some(&b"a\n b"[..]));
        assert_eq!(event(b": only a comment\n\n").data, None);
    }

    #[test]
    fn a_frame_of_nothing_but_short_lines_is_read_in_time() {
        let line = b"data:\n";
        let read = event(&line.repeat(FRAME_MAX / line.len())).data.map(Cow::into_owned);
        assert_eq!(read, Some(vec![b'\n'; FRAME_MAX / line.len() - 1]));
    }

    #[test]
    fn a_frame_without_end_is_refused_at_the_limit() {
        let mut framer = Framer::default();
        framer.keep(b"data: ").unwrap();
        assert_eq!(framer.complete(&vec![b'x'; FRAME_MAX]), Err(Oversize));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            text in "([a-c:\r\n ]|data: |\n\n|\r\n\r\n|event: x\n){0,60}",
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let whole = frames(&[bytes]);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&frames(&chunks), &whole);
            prop_assert_eq!(&frames(&single), &whole);
            prop_assert_eq!([whole.0.concat(), whole.1].concat(), bytes);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            event(&bytes);
            frame_end(&bytes);
        }
    }
}

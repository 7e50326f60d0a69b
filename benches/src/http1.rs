//! Just enough HTTP/1.1 to read an answer, cheaply: where it ends, and how many events it held.
//!
//! Any cut of the bytes gives the same result. Nothing is kept of the body.

use anyhow::{Context as _, Result, bail};

const HEAD_MAX: usize = 16 * 1024;

/// Reads the answers of one connection, one after the other.
#[derive(Debug)]
pub(crate) struct AnswerReader {
    step: Step,
    /// Bytes of a head or a chunk-size line that has not ended yet.
    line: Vec<u8>,
    answer: Answer,
    /// The last body byte was a line feed: one more ends an event.
    line_ended: bool,
}

/// What is known of an answer so far; all of it once `done`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub status: u16,
    /// Server-sent events that have ended.
    pub events: u64,
    /// Bytes of the body without its framing.
    pub body: u64,
    /// The body is an event stream.
    pub streamed: bool,
    /// The server closes the connection afterwards.
    pub closes: bool,
    /// The answer has ended.
    pub done: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Head,
    Sized {
        left: u64,
    },
    ChunkSize,
    Chunk {
        left: u64,
    },
    /// The line end after a chunk, or the lines of a trailer.
    ChunkEnd,
    Trailer,
}

impl AnswerReader {
    /// At the start of the first answer.
    pub(crate) fn new() -> Self {
        Self { step: Step::Head, line: Vec::new(), answer: Answer::default(), line_ended: false }
    }

    /// Takes what was read from the connection. After an answer that is `done` the next call
    /// starts a new one.
    ///
    /// # Errors
    /// When the bytes are no HTTP answer, or more of them follow than the answer holds.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<Answer> {
        if self.answer.done {
            *self = Self { line: std::mem::take(&mut self.line), ..Self::new() };
        }
        while !bytes.is_empty() {
            if self.answer.done {
                bail!("bytes after the end of an answer");
            }
            bytes = match self.step {
                Step::Head => self.head(bytes)?,
                Step::Sized { left } => {
                    let (left, rest) = self.body(left, bytes);
                    self.step = Step::Sized { left };
                    self.answer.done = left == 0;
                    rest
                }
                Step::Chunk { left } => {
                    let (left, rest) = self.body(left, bytes);
                    self.step = if left == 0 { Step::ChunkEnd } else { Step::Chunk { left } };
                    rest
                }
                Step::ChunkSize | Step::ChunkEnd | Step::Trailer => self.framing(bytes)?,
            };
        }
        Ok(self.answer)
    }

    fn head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let before = self.line.len();
        self.line.extend_from_slice(bytes);
        let found = self.line.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = found else {
            if self.line.len() > HEAD_MAX {
                bail!("the head of an answer is larger than {HEAD_MAX} bytes");
            }
            return Ok(&[]);
        };
        let head = self.line.get(..end + 2).unwrap_or_default();
        (self.answer, self.step) = read_head(head)?;
        self.line.clear();
        Ok(bytes.get(end + 4 - before..).unwrap_or_default())
    }

    fn body<'a>(&mut self, left: u64, bytes: &'a [u8]) -> (u64, &'a [u8]) {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (part, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        self.answer.body += part.len() as u64;
        if self.answer.streamed {
            for byte in part {
                let line_feed = *byte == b'\n';
                let event = line_feed && self.line_ended;
                self.answer.events += u64::from(event);
                self.line_ended = line_feed && !event;
            }
        }
        (left - part.len() as u64, rest)
    }

    /// One line of chunk framing.
    fn framing<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(bytes);
            if self.line.len() > HEAD_MAX {
                bail!("a line of chunk framing is larger than {HEAD_MAX} bytes");
            }
            return Ok(&[]);
        };
        let (part, rest) = bytes.split_at_checked(end + 1).unwrap_or((bytes, &[]));
        self.line.extend_from_slice(part);
        let line = self.line.trim_ascii();
        self.step = match self.step {
            Step::ChunkSize => match chunk_size(line)? {
                0 => Step::Trailer,
                left => Step::Chunk { left },
            },
            Step::Trailer if line.is_empty() => {
                self.answer.done = true;
                Step::Head
            }
            Step::Trailer => Step::Trailer,
            _ if line.is_empty() => Step::ChunkSize,
            _ => bail!("a chunk is longer than its size"),
        };
        self.line.clear();
        Ok(rest)
    }
}

fn chunk_size(line: &[u8]) -> Result<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = std::str::from_utf8(digits).context("a chunk size is not text")?;
    u64::from_str_radix(digits.trim(), 16).with_context(|| format!("bad chunk size `{digits}`"))
}

fn read_head(head: &[u8]) -> Result<(Answer, Step)> {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().and_then(status_of).context("not an HTTP/1.1 answer")?;
    let mut answer = Answer { status, ..Answer::default() };
    let mut step = None;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let left = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            step = Some(Step::Sized { left: left.context("bad content-length")? });
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            step = Some(Step::ChunkSize);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            answer.streamed = value.starts_with(b"text/event-stream");
        } else if name.eq_ignore_ascii_case(b"connection") {
            answer.closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    let step = step.context("an answer without a length")?;
    answer.done = matches!(step, Step::Sized { left: 0 });
    Ok((answer, step))
}

fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
        Transfer-Encoding: chunked\r\n\r\n\
        9\r\ndata: a\n\n\r\n8\r\ndata: b\n\r\nA;x=1\r\n\ndata: c\n\n\r\n0\r\n\r\n";

    #[test]
    fn a_stream_cut_at_every_byte_counts_the_same_events() {
        for cut in 0..STREAM.len() {
            let (one, two) = STREAM.split_at(cut);
            let mut reader = AnswerReader::new();
            reader.feed(one).unwrap();
            let answer = reader.feed(two).unwrap();
            assert_eq!((answer.done, answer.events, answer.body), (true, 3, 27), "cut at {cut}");
        }
    }

    #[test]
    fn a_sized_answer_is_followed_by_the_next_one_on_the_same_connection() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{ }";
        let mut reader = AnswerReader::new();
        for _ in 0..2 {
            let answer = reader.feed(bytes).unwrap();
            assert!(answer.done && answer.closes && !answer.streamed);
            assert_eq!((answer.status, answer.body), (200, 3));
        }
    }

    #[test]
    fn bytes_beyond_the_answer_and_chunks_beyond_their_size_are_errors() {
        let mut reader = AnswerReader::new();
        assert!(reader.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab").is_err());
        let mut reader = AnswerReader::new();
        let long = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n";
        assert!(reader.feed(long).is_err());
        assert!(AnswerReader::new().feed(b"SSH-2.0\r\n\r\n").is_err());
    }
}

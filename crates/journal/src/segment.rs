//! A write-ahead segment: a preallocated file of frames with a zero-filled tail.
//!
//! The first frame names the log, where the segment stands in it and everything that precedes it:
//! the peaks of the tree over all earlier entries and how many frames the segment before held. A
//! segment that is removed, shortened, doubled or moved therefore contradicts its neighbour.

use crate::{
    frame::{self, Frame, FrameKind},
    hash::Hash,
    tree::Tree,
};

/// First line of a segment header.
const MARK: &str = "isobar-journal-segment/1";

/// Ending of a segment's file name.
const SUFFIX: &str = ".wal";

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The log.
    pub origin: String,
    /// The size of the file, in bytes.
    pub capacity: u32,
    /// Frames in the segment before; zero in the first.
    pub frames_before: u32,
    /// The oldest admission that had no outcome when the segment was begun, by its index; the
    /// index of the segment's first entry if there was none. Recovery need not look further back.
    pub oldest_open: u64,
    /// The tree over all entries before; its size is the index of this segment's first entry.
    pub tree: Tree,
}

impl SegmentHeader {
    /// The payload of the segment's first frame.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { origin, capacity, frames_before, oldest_open, tree } = self;
        let size = tree.size();
        let mut text =
            format!("{MARK}\n{origin}\n{capacity}\n{frames_before}\n{oldest_open}\n{size}\n");
        for peak in tree.peaks() {
            text.push_str(&format!("{peak}\n"));
        }
        text
    }

    /// Reads such a payload; `None` when it is not one.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(payload).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let marked = lines.next()? == MARK;
        let origin = lines.next()?.to_owned();
        let capacity = lines.next()?.parse().ok()?;
        let frames_before = lines.next()?.parse().ok()?;
        let oldest_open = lines.next()?.parse().ok()?;
        let size = lines.next()?.parse().ok()?;
        let tree = Tree::from_peaks(size, lines.map(Hash::from_base64).collect::<Option<_>>()?)?;
        let header = Self { origin, capacity, frames_before, oldest_open, tree };
        (marked && header.to_text() == text).then_some(header)
    }
}

/// The header of a segment, if its first frame is whole and holds one.
#[must_use]
pub fn header(bytes: &[u8]) -> Option<SegmentHeader> {
    let first = frame::read(bytes).ok().flatten()?;
    (first.kind == FrameKind::Segment).then(|| SegmentHeader::parse(first.payload))?
}

/// The file name of the segment whose first entry has this index.
#[must_use]
pub fn file_name(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

/// The index of the first entry, by the file's name; `None` when it is not a segment's name.
#[must_use]
pub fn first_by_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let first = digits.parse().ok()?;
    (file_name(first) == name).then_some(first)
}

/// Whether every byte is zero.
#[must_use]
pub fn is_blank(bytes: &[u8]) -> bool {
    first_written(bytes).is_none()
}

/// Where the first byte stands that is not zero.
#[must_use]
pub fn first_written(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 4096;
    static ZERO: [u8; BLOCK] = [0; BLOCK];
    let block = bytes.chunks(BLOCK).position(|block| ZERO.get(..block.len()) != Some(block))?;
    let within = bytes.get(block * BLOCK..)?.iter().position(|byte| *byte != 0)?;
    Some(block * BLOCK + within)
}

/// A frame and where it begins in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The byte at which the frame begins.
    pub offset: usize,
    /// The frame.
    pub frame: Frame<'a>,
}

/// A place in a segment where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFault {
    /// The byte at which it begins.
    pub offset: usize,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// Nothing shows that the place was ever on disk and whole: it can be what a crash leaves of
    /// the last write.
    pub torn: bool,
}

/// The frames of a segment, in order, up to its end or its first fault.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
    number: u32,
    over: bool,
}

impl<'a> Frames<'a> {
    /// Begins at the beginning of a segment.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, number: 0, over: false }
    }

    /// Begins at a later frame, whose place and number are known.
    #[must_use]
    pub const fn from(bytes: &'a [u8], offset: usize, number: u32) -> Self {
        Self { bytes, offset, number, over: false }
    }

    /// Where the next frame begins: after the last, the end of what is written.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The number the next frame must have.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    fn fault(&self, offset: usize, sentence: String, moved: bool) -> SegmentFault {
        SegmentFault { offset, sentence, torn: !moved && !self.written_past(self.offset) }
    }

    /// Whether a whole frame further on was written when `offset` was already on disk.
    fn written_past(&self, offset: usize) -> bool {
        let written = self.bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        let later = (offset + 1)..written;
        later.filter_map(|at| self.bytes.get(at..)).any(|bytes| {
            let Ok(Some(frame)) = frame::read(bytes) else { return false };
            usize::try_from(frame.synced).is_ok_and(|synced| synced > offset)
        })
    }

    fn step(&mut self) -> Result<Option<Placed<'a>>, SegmentFault> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let frame =
            frame::read(rest).map_err(|fault| self.fault(self.offset, fault.to_string(), false))?;
        let Some(frame) = frame else {
            return match first_written(rest) {
                None => Ok(None),
                Some(at) => {
                    let sentence = "there is data after the last frame, where the segment must be \
                                    unwritten";
                    Err(self.fault(self.offset + at, sentence.to_owned(), false))
                }
            };
        };
        if frame.number != self.number {
            let sentence = format!(
                "frame {} of the segment stands where frame {} must: frames were removed, \
                 repeated or moved",
                frame.number, self.number
            );
            return Err(self.fault(self.offset, sentence, true));
        }
        if (frame.kind == FrameKind::Segment) != (self.number == 0) {
            let sentence = "a segment header must be the first frame and only that";
            return Err(self.fault(self.offset, sentence.to_owned(), true));
        }
        let placed = Placed { offset: self.offset, frame };
        self.offset += frame.size();
        self.number += 1;
        Ok(Some(placed))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Placed<'a>, SegmentFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let step = self.step().transpose();
        self.over = !matches!(step, Some(Ok(_)));
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        let tree = (0..5_u8).map(|n| Hash::leaf(&[n])).collect();
        let origin = "d/r/g".to_owned();
        SegmentHeader { origin, capacity: 512, frames_before: 9, oldest_open: 2, tree }
    }

    fn segment() -> Vec<u8> {
        let mut bytes = frame::sealed(FrameKind::Segment, header().to_text().as_bytes(), 0, 0);
        let first = u32::try_from(bytes.len()).unwrap();
        bytes.extend(frame::sealed(FrameKind::Entry, b"one", 1, first));
        let second = u32::try_from(bytes.len()).unwrap();
        bytes.extend(frame::sealed(FrameKind::Entry, b"two", 2, second));
        bytes.extend(frame::sealed(FrameKind::Entry, b"three", 3, second));
        bytes.resize(512, 0);
        bytes
    }

    fn fault(bytes: &[u8]) -> SegmentFault {
        Frames::of(bytes).find_map(Result::err).unwrap()
    }

    #[test]
    fn a_header_and_a_name_read_as_they_were_written() {
        assert_eq!(SegmentHeader::parse(header().to_text().as_bytes()), Some(header()));
        assert_eq!(first_by_name(&file_name(77)), Some(77));
        assert_eq!(first_by_name("77.wal"), None);
        let bytes = segment();
        let mut frames = Frames::of(&bytes);
        assert_eq!(frames.by_ref().map(|frame| frame.unwrap().frame.number).last(), Some(3));
        assert!(is_blank(&bytes[frames.offset()..]));
    }

    #[test]
    fn a_broken_frame_is_torn_only_if_nothing_was_written_after_it_was_safe() {
        let bytes = segment();
        let at: Vec<_> = Frames::of(&bytes).map(|frame| frame.unwrap().offset).collect();
        let broken = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at + 10] ^= 1;
            fault(&bytes)
        };
        // The frame after this one says it was on disk.
        assert!(!broken(at[1]).torn);
        // The frame after this one was written in the same go, so a crash may keep only that.
        assert!(broken(at[2]).torn);
        assert!(broken(at[3]).torn);
        assert_eq!(broken(at[3]).offset, at[3]);
    }

    #[test]
    fn a_frame_that_is_removed_or_repeated_shows_by_its_number() {
        let bytes = segment();
        let at: Vec<_> = Frames::of(&bytes).map(|frame| frame.unwrap().offset).collect();
        let removed = [&bytes[..at[1]], &bytes[at[2]..]].concat();
        assert_eq!(fault(&removed).offset, at[1]);
        let repeated = [&bytes[..at[2]], &bytes[at[1]..]].concat();
        assert_eq!(fault(&repeated).offset, at[2]);
        assert!(!fault(&repeated).torn);
    }
}

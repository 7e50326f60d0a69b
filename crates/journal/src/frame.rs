//! One frame of a write-ahead segment.
//!
//! ```text
//! length u32 │ crc32c u32 │ number u32 │ synced u32 │ kind u8 │ payload
//! ```
//!
//! Little endian. The checksum covers everything but itself. `number` counts the frames of the
//! segment from zero, so a frame that is missing, doubled or moved shows at once. `synced` says how
//! much of the segment was known to be on disk when the frame was written: a broken place before
//! it cannot be the work of a crash. A length of zero is where the unwritten part begins.

/// Bytes before the payload.
pub const FRAME_HEAD: usize = 17;

/// The longest payload, in bytes: a leaf, or a checkpoint with many signatures.
pub const PAYLOAD_MAX: usize = 20 * 1024;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// The segment's own header; always and only the first frame.
    Segment,
    /// An entry's leaf.
    Entry,
    /// A signed checkpoint over all entries before it.
    Checkpoint,
}

impl FrameKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Segment => 1,
            Self::Entry => 2,
            Self::Checkpoint => 3,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Segment),
            2 => Some(Self::Entry),
            3 => Some(Self::Checkpoint),
            _ => None,
        }
    }
}

/// A frame that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its place among the frames of the segment.
    pub number: u32,
    /// How much of the segment was on disk when it was written.
    pub synced: u32,
    /// What it holds.
    pub kind: FrameKind,
    /// The content.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes it takes in the segment.
    #[must_use]
    pub const fn size(&self) -> usize {
        FRAME_HEAD + self.payload.len()
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// The bytes end before the frame does.
    #[error("the frame runs past the end of the segment")]
    Short,
    /// A length no frame has.
    #[error("the frame has an impossible length")]
    Length,
    /// A kind no frame has.
    #[error("the frame is of no known kind")]
    Kind,
    /// The content is not what was written.
    #[error("the frame's checksum does not match its content")]
    Checksum,
}

/// Begins a frame at the end of `out`: the payload is appended next, then [`seal`] completes it.
pub fn begin(out: &mut Vec<u8>, kind: FrameKind) {
    out.extend_from_slice(&[0; FRAME_HEAD - 1]);
    out.push(kind.byte());
}

/// Completes a frame in place, once its number is known. A slice shorter than a frame's head is
/// left alone.
pub fn seal(frame: &mut [u8], number: u32, synced: u32) {
    let Some((head, payload)) = frame.split_first_chunk_mut::<FRAME_HEAD>() else { return };
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    head[0..4].copy_from_slice(&length.to_le_bytes());
    head[8..12].copy_from_slice(&number.to_le_bytes());
    head[12..16].copy_from_slice(&synced.to_le_bytes());
    let checksum = checksum(head, payload);
    head[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// A whole frame around a payload.
#[must_use]
pub fn sealed(kind: FrameKind, payload: &[u8], number: u32, synced: u32) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME_HEAD + payload.len());
    begin(&mut frame, kind);
    frame.extend_from_slice(payload);
    seal(&mut frame, number, synced);
    frame
}

/// Reads the frame at the beginning of `bytes`; `None` where the unwritten part begins.
///
/// # Errors
/// [`FrameFault`] when there is something and it is not a frame.
pub fn read(bytes: &[u8]) -> Result<Option<Frame<'_>>, FrameFault> {
    let Some((length, _)) = bytes.split_first_chunk::<4>() else {
        return if bytes.iter().all(|b| *b == 0) { Ok(None) } else { Err(FrameFault::Short) };
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| FrameFault::Length)?;
    if length == 0 {
        return Ok(None);
    }
    if length > PAYLOAD_MAX {
        return Err(FrameFault::Length);
    }
    let (head, rest) = bytes.split_first_chunk::<FRAME_HEAD>().ok_or(FrameFault::Short)?;
    let kind = FrameKind::of(head[16]).ok_or(FrameFault::Kind)?;
    let payload = rest.get(..length).ok_or(FrameFault::Short)?;
    let word = |at: [u8; 4]| u32::from_le_bytes(at);
    if word([head[4], head[5], head[6], head[7]]) != checksum(head, payload) {
        return Err(FrameFault::Checksum);
    }
    Ok(Some(Frame {
        number: word([head[8], head[9], head[10], head[11]]),
        synced: word([head[12], head[13], head[14], head[15]]),
        kind,
        payload,
    }))
}

fn checksum(head: &[u8; FRAME_HEAD], payload: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&head[..4]), &head[8..]);
    crc32c::crc32c_append(sum, payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_as_it_was_sealed_and_no_bit_changes_unnoticed() {
        let frame = sealed(FrameKind::Entry, b"{\"v\":1}", 3, 4096);
        let read_back = read(&frame).unwrap().unwrap();
        assert_eq!(
            read_back,
            Frame { number: 3, synced: 4096, kind: FrameKind::Entry, payload: b"{\"v\":1}" }
        );
        for at in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(!matches!(read(&flipped), Ok(Some(_))), "bit {at}");
        }
        for cut in 1..frame.len() {
            assert!(!matches!(read(&frame[..cut]), Ok(Some(_))), "cut {cut}");
        }
    }
}

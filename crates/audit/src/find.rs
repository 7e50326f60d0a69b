//! Finds journals in a directory, and reads their files as they are, also while a gateway writes.

use std::path::{Path, PathBuf};

use ::journal::{
    Entry,
    frame::FrameKind,
    segment::{self, Frames, SegmentHeader},
    verify::KEY_FILE,
};

use crate::{AuditError, disk};

/// An entry and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The log, `<deployment>/<region>/<gateway>`.
    pub origin: String,
    /// Its index in that log.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Its leaf, the canonical JSON that is hashed.
    pub leaf: String,
}

/// The journals in `dir`: `dir` itself, its `journal/*`, or its `*`, whichever holds some.
///
/// # Errors
/// [`AuditError`] naming the path: missing, not a directory, not readable, or without a journal.
pub(crate) fn journals(dir: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let names = disk::names(dir)?;
    if is_journal(&names) {
        return Ok(vec![dir.to_owned()]);
    }
    let parent = dir.join("journal");
    let parent = if names.iter().any(|name| name == "journal") { parent } else { dir.to_owned() };
    let mut found = Vec::new();
    for name in disk::names(&parent)? {
        let path = parent.join(name);
        if path.is_dir() && is_journal(&disk::names(&path)?) {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(AuditError::NoJournal { path: dir.to_owned() });
    }
    Ok(found)
}

fn is_journal(names: &[String]) -> bool {
    names.iter().any(|name| name == KEY_FILE || segment::first_by_name(name).is_some())
}

/// The segments of a journal, in order: index of the first entry, and path.
pub(crate) fn segments(dir: &Path) -> Result<Vec<(u64, PathBuf)>, AuditError> {
    let names = disk::names(dir)?.into_iter();
    Ok(names.filter_map(|name| Some((segment::first_by_name(&name)?, dir.join(name)))).collect())
}

/// Reads a segment from some place on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) origin: String,
    pub(crate) index: u64,
    offset: usize,
    number: u32,
}

impl Cursor {
    /// At the beginning of the segment whose first entry has this index.
    pub(crate) const fn at(first: u64) -> Self {
        Self { origin: String::new(), index: first, offset: 0, number: 0 }
    }

    /// Gives each leaf from here to the end, or to the first place that cannot be read, and moves
    /// on; gives what is wrong there. A torn end counts as the end: a gateway may be writing it.
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&str, u64, &[u8]),
    ) -> Option<String> {
        let mut frames = Frames::from(bytes, self.offset, self.number);
        let mut wrong = None;
        for step in frames.by_ref() {
            match step {
                Ok(placed) => match placed.frame.kind {
                    FrameKind::Segment => {
                        let header = SegmentHeader::parse(placed.frame.payload);
                        self.origin = header.map(|header| header.origin).unwrap_or_default();
                    }
                    FrameKind::Entry => {
                        each(&self.origin, self.index, placed.frame.payload);
                        self.index += 1;
                    }
                    FrameKind::Checkpoint => {}
                },
                Err(fault) if fault.torn => {}
                Err(fault) => wrong = Some(format!("byte {}: {}", fault.offset, fault.sentence)),
            }
        }
        (self.offset, self.number) = (frames.offset(), frames.number());
        wrong
    }
}

/// An entry from its leaf; one that does not read is the verifier's to explain.
pub(crate) fn locate(origin: &str, index: u64, leaf: &[u8]) -> Option<Located> {
    let entry = Entry::decode(leaf).ok()?;
    let leaf = String::from_utf8_lossy(leaf).into_owned();
    Some(Located { origin: origin.to_owned(), index, entry, leaf })
}

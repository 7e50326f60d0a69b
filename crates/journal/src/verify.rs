//! Checks a journal from its files alone (A3, AUD-3).
//!
//! The caller hands over the files of one journal as bytes: key, checkpoint, then the segments in
//! order. Nothing else is believed; in particular no running gateway is asked.
//!
//! What is detected and located:
//! - damage: any changed byte of any file;
//! - any removed, repeated, moved or shortened entry, frame or segment, also by somebody who
//!   repairs checksums and numbers, as far as a checkpoint in the journal covers it.
//!
//! What is not: entries newer than the last checkpoint can be cut off or rewritten by somebody who
//! can write the files ([`crate::LogReport::unsealed`] counts them; at most one second's worth
//! under load). An older copy of the whole directory is in itself a valid journal, and so is one
//! that was made anew under another key: hold the key, and a later checkpoint, elsewhere.

use vocab::Timestamp;

use crate::{
    checkpoint::Checkpoint,
    entry::Entry,
    frame::FrameKind,
    hash::Hash,
    note::{SigningKey, VerifierKey},
    report::{Fault, LogReport, OpenAdmission},
    requests::Matching,
    segment::{self, Frames, Placed, SegmentHeader},
    tree::Tree,
};

/// File name of the public key.
pub const KEY_FILE: &str = "key.pub";
/// File name of the signing key.
pub const SIGNING_KEY_FILE: &str = "key";
/// File name of the newest checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// File name of the segment that is prepared ahead.
pub const SPARE_FILE: &str = "spare";

/// What is known of a file that is not a segment.
#[derive(Debug, Clone, Copy)]
pub enum FileState<'a> {
    /// Its content.
    Read(&'a [u8]),
    /// It is not there.
    Missing,
    /// It is there and may not be read; the text says why.
    Unreadable(&'a str),
}

/// A verification under way. Hand it the key, the checkpoint, then each segment in order.
#[derive(Debug)]
pub struct Verifier {
    trusted: Option<VerifierKey>,
    key: Option<VerifierKey>,
    newest: Option<Newest>,
    tree: Tree,
    matching: Matching,
    /// It began at a later segment, so what came before is taken on that segment's word.
    partial: bool,
    segments: u64,
    checkpoints: u64,
    sealed: u64,
    last_at: Option<Timestamp>,
    stopped: bool,
    tail: Tail,
    in_log: Option<Fault>,
    beside: Option<Fault>,
    notes: Vec<String>,
}

/// The checkpoint file, until its twin among the frames is found.
#[derive(Debug)]
struct Newest {
    note: String,
    checkpoint: Checkpoint,
    twin_found: bool,
}

/// Where the last segment read ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tail {
    /// Its file name; empty before the first segment.
    pub file: String,
    /// Its size.
    pub capacity: u32,
    /// Frames in it.
    pub frames: u32,
    /// Frames in the segment before it.
    pub frames_before: u32,
    /// The byte after its last whole frame.
    pub end: usize,
}

/// What a writer needs to go on where a log ends.
#[derive(Debug)]
pub struct Resumption {
    /// The tree over all entries.
    pub tree: Tree,
    /// Where the last segment ends.
    pub tail: Tail,
    /// Admissions without an outcome, with their indices, the oldest first.
    pub open: Vec<(u64, OpenAdmission)>,
    /// The last run ended in order.
    pub stopped: bool,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

impl Verifier {
    /// Begins. With a key from elsewhere, the journal's own key must be that one.
    #[must_use]
    pub fn new(trusted: Option<VerifierKey>) -> Self {
        Self {
            trusted,
            key: None,
            newest: None,
            tree: Tree::default(),
            matching: Matching::default(),
            partial: false,
            segments: 0,
            checkpoints: 0,
            sealed: 0,
            last_at: None,
            stopped: false,
            tail: Tail::default(),
            in_log: None,
            beside: None,
            notes: Vec::new(),
        }
    }

    /// Takes the public key file. First call.
    pub fn key(&mut self, file: FileState<'_>) {
        let text = match file {
            FileState::Read(bytes) => std::str::from_utf8(bytes).ok(),
            FileState::Missing => return self.file_fault(KEY_FILE, "the public key is missing"),
            FileState::Unreadable(why) => return self.file_fault(KEY_FILE, why),
        };
        let line = text.and_then(|text| text.strip_suffix('\n'));
        let Some(key) = line.and_then(|line| VerifierKey::parse(line).ok()) else {
            let sentence = "it is not a key text, or its parts do not belong together";
            return self.file_fault(KEY_FILE, sentence);
        };
        if self.trusted.as_ref().is_some_and(|trusted| *trusted != key) {
            self.file_fault(KEY_FILE, "it is not the key that was given to verify with");
        }
        self.key = Some(key);
    }

    /// Takes the signing key file, which a copy for an auditor does not have.
    pub fn signing_key(&mut self, file: FileState<'_>) {
        let bytes = match file {
            FileState::Read(bytes) => bytes,
            FileState::Missing => return,
            FileState::Unreadable(why) => {
                return self.notes.push(format!("`{SIGNING_KEY_FILE}` was not checked: {why}"));
            }
        };
        let line = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n'));
        match line.and_then(|line| SigningKey::parse(line).ok()) {
            None => self.file_fault(
                SIGNING_KEY_FILE,
                "it is not a signing key, or its parts do not belong together",
            ),
            Some(key) if self.key.as_ref().is_some_and(|public| key.public() != public) => {
                self.file_fault(SIGNING_KEY_FILE, "it does not belong to the public key");
            }
            Some(_) => {}
        }
    }

    /// Takes the checkpoint file. To be read before the segments are, so that a gateway that
    /// writes meanwhile can only add.
    pub fn checkpoint(&mut self, file: FileState<'_>) {
        let bytes = match file {
            FileState::Read(bytes) => bytes,
            FileState::Missing => {
                return self.file_fault(CHECKPOINT_FILE, "the checkpoint is missing");
            }
            FileState::Unreadable(why) => return self.file_fault(CHECKPOINT_FILE, why),
        };
        let Some(key) = &self.key else { return };
        let note = String::from_utf8_lossy(bytes).into_owned();
        match Checkpoint::open(&note, key) {
            Err(error) => self.file_fault(CHECKPOINT_FILE, &format!("the checkpoint: {error}")),
            Ok(checkpoint) if checkpoint.origin != key.name() => {
                self.file_fault(CHECKPOINT_FILE, "the checkpoint is of another log");
            }
            Ok(checkpoint) => {
                let twin_found = checkpoint.head.size == 0;
                self.newest = Some(Newest { note, checkpoint, twin_found });
            }
        }
    }

    /// How many entries the checkpoint file covers, if it is a good one.
    #[must_use]
    pub fn newest_size(&self) -> Option<u64> {
        self.newest.as_ref().map(|newest| newest.checkpoint.head.size)
    }

    /// Takes the file of the segment that is prepared ahead.
    pub fn spare(&mut self, bytes: &[u8]) {
        if let Some(at) = segment::first_written(bytes) {
            let sentence = "there is data in the segment that is not in use yet";
            self.file_fault_at(SPARE_FILE, at, sentence);
        }
    }

    /// Takes the name of a file that no journal has. One that looks like a segment is a fault.
    pub fn stray(&mut self, name: &str) {
        if name.ends_with(".wal") {
            self.file_fault(name, "the file name is not that of a segment");
        } else {
            self.notes.push(format!("`{name}` is not part of a journal"));
        }
    }

    /// Says that something was not checked.
    pub fn note(&mut self, sentence: String) {
        self.notes.push(sentence);
    }

    /// Begins at the segment with this header and takes its word for what came before. For a
    /// writer that goes on where a log ends; the next checkpoint still proves the word.
    pub fn begin_at(&mut self, header: &SegmentHeader) {
        self.partial = true;
        self.tree = header.tree.clone();
        self.tail.frames = header.frames_before;
    }

    /// Takes a segment, by the name of its file. After the first fault in a segment the rest of
    /// the log cannot be placed and is passed over.
    pub fn segment(&mut self, name: &str, bytes: &[u8]) {
        if self.in_log.is_some() {
            return;
        }
        self.segments += 1;
        let frames_before = self.tail.frames;
        let capacity = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.tail = Tail { file: name.to_owned(), capacity, frames_before, ..Tail::default() };
        let Some(first) = segment::first_by_name(name) else {
            return self.fault_here(0, "the file name is not that of a segment", false);
        };
        if first != self.tree.size() {
            let sentence = if first > self.tree.size() {
                format!(
                    "the segment begins with entry {first}: entries {} to {} are missing before it",
                    self.tree.size(),
                    first - 1
                )
            } else {
                format!("the segment begins with entry {first}, which came before already")
            };
            return self.fault_here(0, &sentence, false);
        }
        if segment::is_blank(bytes) {
            // A crash between making a segment and writing to it leaves this.
            return self.notes.push(format!("`{name}` is made and not yet written"));
        }
        self.frames(Frames::of(bytes), bytes.len());
    }

    fn frames(&mut self, mut frames: Frames<'_>, length: usize) {
        while let Some(step) = frames.next() {
            let sound = match step {
                Ok(placed) => self.frame(&placed, length),
                Err(fault) => {
                    self.fault_here(fault.offset, &fault.sentence, fault.torn);
                    false
                }
            };
            if !sound {
                return;
            }
            self.tail.frames = frames.number();
            self.tail.end = frames.offset();
        }
    }

    /// Takes a frame; whether reading can go on.
    fn frame(&mut self, placed: &Placed<'_>, length: usize) -> bool {
        let result = match placed.frame.kind {
            FrameKind::Segment => self.header(placed.frame.payload, length),
            FrameKind::Entry => self.entry(placed.frame.payload),
            FrameKind::Checkpoint => self.sealed_checkpoint(placed.frame.payload),
        };
        let sound = result.is_ok();
        if let Err(sentence) = result {
            self.fault_here(placed.offset, &sentence, false);
        }
        sound
    }

    fn header(&mut self, payload: &[u8], length: usize) -> Result<(), String> {
        let header = SegmentHeader::parse(payload)
            .ok_or("the segment's header does not read as one".to_owned())?;
        if self.key.as_ref().is_some_and(|key| key.name() != header.origin) {
            return Err(format!("the segment belongs to another log, `{}`", header.origin));
        }
        if u64::from(header.capacity) != u64::try_from(length).unwrap_or(u64::MAX) {
            return Err(format!(
                "the segment is {length} bytes long and was made {} bytes long",
                header.capacity
            ));
        }
        if header.frames_before != self.tail.frames_before {
            return Err(format!(
                "the segment before held {} frames when this one was begun, and holds {}",
                header.frames_before, self.tail.frames_before
            ));
        }
        if header.tree != self.tree {
            return Err(format!(
                "the header does not match the {} entries before it: entries from {} on, or the \
                 header, were changed",
                self.tree.size(),
                self.sealed
            ));
        }
        let oldest_open = self.matching.oldest_open().unwrap_or(self.tree.size());
        if header.oldest_open > oldest_open && !self.partial {
            return Err(format!(
                "the header hides that the request admitted by entry {oldest_open} was open"
            ));
        }
        Ok(())
    }

    fn entry(&mut self, leaf: &[u8]) -> Result<(), String> {
        let entry = Entry::decode(leaf).map_err(|error| error.to_string())?;
        self.matching.take(self.tree.size(), &entry);
        self.stopped = matches!(entry, Entry::GatewayStopped(_));
        self.last_at = Some(entry.at());
        self.tree.push(Hash::leaf(leaf));
        Ok(())
    }

    fn sealed_checkpoint(&mut self, payload: &[u8]) -> Result<(), String> {
        let note =
            std::str::from_utf8(payload).map_err(|_| "the checkpoint is not text".to_owned())?;
        if let Some(key) = &self.key {
            let checkpoint =
                Checkpoint::open(note, key).map_err(|error| format!("the checkpoint: {error}"))?;
            if checkpoint.origin != key.name() {
                return Err(format!("the checkpoint is of another log, `{}`", checkpoint.origin));
            }
            self.covers(&checkpoint)?;
            self.checkpoints += 1;
            self.sealed = checkpoint.head.size;
        }
        if let Some(newest) = self.newest.as_mut().filter(|newest| newest.note == note) {
            newest.twin_found = true;
        }
        Ok(())
    }

    fn covers(&self, checkpoint: &Checkpoint) -> Result<(), String> {
        let (size, entries) = (checkpoint.head.size, self.tree.size());
        if size != entries {
            return Err(format!(
                "the checkpoint was signed over {size} entries and {entries} precede it: entries \
                 after {} were removed or added",
                self.sealed
            ));
        }
        if checkpoint.head.root != self.tree.root() {
            return Err(format!(
                "the signed root over {size} entries is not theirs: an entry from {} to {} was \
                 changed, moved or replaced",
                self.sealed,
                entries.saturating_sub(1)
            ));
        }
        Ok(())
    }

    /// Ends, with what a writer needs to go on.
    #[must_use]
    pub fn resume(mut self) -> Resumption {
        self.compare_with_newest();
        Resumption {
            fault: self.first_fault(),
            open: self.matching.open(),
            tree: self.tree,
            tail: self.tail,
            stopped: self.stopped,
        }
    }

    /// Ends, with the report.
    #[must_use]
    pub fn finish(mut self) -> LogReport {
        self.compare_with_newest();
        LogReport {
            fault: self.first_fault(),
            origin: self.key.as_ref().map(|key| key.name().to_owned()),
            key: self.key.as_ref().map(ToString::to_string),
            segments: self.segments,
            entries: self.tree.size(),
            checkpoints: self.checkpoints,
            sealed: self.sealed,
            root: self.tree.root(),
            last_at: self.last_at,
            requests: self.matching.finish(),
            notes: self.notes,
        }
    }

    /// AUD-3: what the newest checkpoint covers must be there, and so must its twin among the
    /// frames, or something was cut off behind it.
    fn compare_with_newest(&mut self) {
        if let Some(fault) = &mut self.in_log {
            // The checkpoint file is replaced only after its frame is on disk, so a broken place
            // before that frame is not the work of a crash.
            fault.torn &= self.newest.as_ref().is_none_or(|newest| newest.twin_found);
            return;
        }
        if self.segments == 0 {
            return self.file_fault(&segment::file_name(0), "the journal has no segment");
        }
        let Some(newest) = self.newest.as_ref().filter(|newest| !newest.twin_found) else { return };
        let (size, entries) = (newest.checkpoint.head.size, self.tree.size());
        let sentence = if size > entries {
            format!(
                "the log ends here and the newest checkpoint covers {size} entries: entries \
                 {entries} to {} are missing",
                size - 1
            )
        } else {
            format!(
                "the log ends here and the frame of the newest checkpoint, over {size} entries, \
                 is not in it"
            )
        };
        self.fault_here(self.tail.end, &sentence, false);
    }

    fn fault_here(&mut self, offset: usize, sentence: &str, torn: bool) {
        self.in_log.get_or_insert_with(|| Fault {
            file: self.tail.file.clone(),
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            entry: Some(self.tree.size()),
            sentence: sentence.to_owned(),
            torn,
        });
    }

    fn file_fault(&mut self, file: &str, sentence: &str) {
        self.file_fault_at(file, 0, sentence);
    }

    fn file_fault_at(&mut self, file: &str, offset: usize, sentence: &str) {
        self.beside.get_or_insert_with(|| Fault {
            file: file.to_owned(),
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            entry: None,
            sentence: sentence.to_owned(),
            torn: false,
        });
    }

    /// The fault to report: one in the segments says more than one beside them, which then
    /// becomes a note.
    fn first_fault(&mut self) -> Option<Fault> {
        if let Some(beside) = self.beside.as_ref().filter(|_| self.in_log.is_some()) {
            self.notes.push(beside.to_string());
        }
        self.in_log.take().or_else(|| self.beside.take())
    }
}

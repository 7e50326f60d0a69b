//! The end of a log on disk: the segment being written, and the tree over all entries.
//!
//! One thread owns it. Frames go out in the order they came, numbered; a segment that is full is
//! synced before the next is begun, so a broken place in any but the last segment is never the work
//! of a crash.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use ::journal::{
    Checkpoint, Entry, Hash, Head, Resumption, SigningKey, Tree,
    frame::{self, FrameKind},
    segment::{self, SegmentHeader},
    verify,
};

use vocab::RequestId;

use crate::{AuditError, disk};

/// What names a log and says how its segments are made.
#[derive(Debug)]
pub(crate) struct Log {
    /// Where its files are.
    pub(crate) dir: PathBuf,
    /// Signs its checkpoints; its name is the origin.
    pub(crate) key: SigningKey,
    /// Size of each new segment.
    pub(crate) segment_size: u32,
}

/// An entry's frame to be written: its length in the buffer, the hash of its leaf, and what the
/// entry does to its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queued {
    pub(crate) length: usize,
    pub(crate) leaf: Hash,
    pub(crate) mark: Mark,
}

/// What an entry does to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Opens(RequestId),
    Ends(RequestId),
    Nothing,
}

impl Mark {
    pub(crate) const fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Admission(e) => Self::Opens(e.request),
            Entry::Outcome(e) => Self::Ends(e.request),
            Entry::Refusal(e) => Self::Ends(e.request),
            Entry::OrphanClosed(e) => Self::Ends(e.request),
            Entry::GatewayStarted(_) | Entry::GatewayStopped(_) | Entry::BundleLoaded(_) => {
                Self::Nothing
            }
        }
    }
}

/// The segment being written.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) path: PathBuf,
    pub(crate) capacity: usize,
    /// Where the next frame goes.
    pub(crate) offset: usize,
    /// How much is known to be on disk.
    pub(crate) synced: usize,
    pub(crate) frames: u32,
}

/// The writing end of a log.
#[derive(Debug)]
pub(crate) struct Wal {
    log: Log,
    file: File,
    at: Position,
    tree: Tree,
    /// Open requests, with the index of their admission: what a new segment's header says of them
    /// bounds how far back the next recovery looks.
    open: HashMap<RequestId, u64>,
    sealed: u64,
    /// A checkpoint whose frame is written.
    note_written: Option<String>,
    /// A checkpoint whose frame is on disk and whose file is not yet replaced.
    note_durable: Option<String>,
    spare: Option<JoinHandle<Result<(), AuditError>>>,
}

impl Wal {
    /// Begins a log: its first segment and the checkpoint over nothing.
    pub(crate) fn create(log: Log) -> Result<Self, AuditError> {
        let empty = Head { size: 0, root: Hash::empty() };
        let checkpoint = Checkpoint { origin: log.key.public().name().to_owned(), head: empty };
        let note = checkpoint.sign(&log.key);
        disk::replace(&log.dir.join(verify::CHECKPOINT_FILE), note.as_bytes(), 0o644)?;
        disk::make_blank(&log.dir.join(verify::SPARE_FILE), log.segment_size)?;
        let (file, at) = adopt_spare(&log, 0)?;
        let mut wal = Self::at(log, file, at, Tree::default());
        wal.write_header(0)?;
        wal.sync()?;
        Ok(wal)
    }

    /// Goes on where a log ends. What lies after `at.offset` must be blank already.
    pub(crate) fn resume(log: Log, at: Position, found: &Resumption) -> Result<Self, AuditError> {
        let file = open_segment(&at.path)?;
        let mut wal = Self::at(log, file, at, found.tree.clone());
        wal.open = found.open.iter().map(|(index, open)| (open.request, *index)).collect();
        if wal.at.frames == 0 {
            wal.write_header(found.tail.frames_before)?;
        }
        wal.sync()?;
        Ok(wal)
    }

    fn at(log: Log, file: File, at: Position, tree: Tree) -> Self {
        let (open, note_written, note_durable, spare) = (HashMap::new(), None, None, None);
        Self { log, file, at, tree, open, sealed: 0, note_written, note_durable, spare }
    }

    /// How many entries the log holds.
    pub(crate) const fn entries(&self) -> u64 {
        self.tree.size()
    }

    /// How many entries the last checkpoint frame covers.
    pub(crate) const fn sealed(&self) -> u64 {
        self.sealed
    }

    /// The text of the public key.
    pub(crate) fn verifier_key(&self) -> String {
        self.log.key.public().to_string()
    }

    /// The directory of the log.
    pub(crate) fn dir(&self) -> &Path {
        &self.log.dir
    }

    /// Writes entries that lie one after the other in `frames`; not yet durable.
    pub(crate) fn put(&mut self, frames: &mut [u8], queued: &[Queued]) -> Result<(), AuditError> {
        let mut rest = frames;
        let mut queued = queued.iter().copied().peekable();
        while queued.peek().is_some() {
            let room = self.at.capacity - self.at.offset;
            let (number, synced) = (self.at.frames, to_u32(self.at.synced));
            let (mut taken, mut count) = (0, 0);
            while let Some(next) = queued.next_if(|next| taken + next.length <= room) {
                let end = taken + next.length;
                if let Some(frame) = rest.get_mut(taken..end) {
                    frame::seal(frame, number + count, synced);
                }
                match next.mark {
                    Mark::Opens(request) => drop(self.open.insert(request, self.tree.size())),
                    Mark::Ends(request) => drop(self.open.remove(&request)),
                    Mark::Nothing => {}
                }
                self.tree.push(next.leaf);
                (taken, count) = (end, count + 1);
            }
            let Some((part, left)) = rest.split_at_mut_checked(taken) else { break };
            self.write(part, count)?;
            rest = left;
            if queued.peek().is_some() {
                self.rotate()?;
            }
        }
        Ok(())
    }

    /// Writes a signed checkpoint over all entries so far; not yet durable.
    pub(crate) fn seal(&mut self) -> Result<(), AuditError> {
        let head = Head { size: self.tree.size(), root: self.tree.root() };
        let origin = self.log.key.public().name().to_owned();
        let note = Checkpoint { origin, head }.sign(&self.log.key);
        if self.at.offset + frame::FRAME_HEAD + note.len() > self.at.capacity {
            self.rotate()?;
        }
        let (number, synced) = (self.at.frames, to_u32(self.at.synced));
        let frame = frame::sealed(FrameKind::Checkpoint, note.as_bytes(), number, synced);
        self.write(&frame, 1)?;
        self.sealed = head.size;
        self.note_written = Some(note);
        Ok(())
    }

    /// Makes everything written durable.
    pub(crate) fn sync(&mut self) -> Result<(), AuditError> {
        self.file.sync_data().map_err(disk::failed("sync", &self.at.path))?;
        self.at.synced = self.at.offset;
        self.note_durable = self.note_written.take().or(self.note_durable.take());
        Ok(())
    }

    /// Replaces the checkpoint file, if a newer checkpoint is on disk as a frame.
    pub(crate) fn publish(&mut self) -> Result<(), AuditError> {
        if let Some(note) = self.note_durable.take() {
            let path = self.log.dir.join(verify::CHECKPOINT_FILE);
            disk::replace(&path, note.as_bytes(), 0o644)?;
        }
        Ok(())
    }

    /// Prepares the next segment beside the running work, once this one is half full.
    pub(crate) fn prepare_spare(&mut self) -> Result<(), AuditError> {
        if self.spare.is_some() || self.at.offset < self.at.capacity / 2 {
            return Ok(());
        }
        let (path, size) = (self.log.dir.join(verify::SPARE_FILE), self.log.segment_size);
        let work = thread::Builder::new().name("journal-spare".to_owned());
        let spawned = work.spawn(move || disk::make_blank(&path, size));
        self.spare = Some(spawned.map_err(disk::failed("prepare", &self.log.dir))?);
        Ok(())
    }

    /// Ends: waits for the preparation of a segment, which nobody may do after the lock is gone.
    pub(crate) fn end(self) {
        if let Some(Err(_)) = self.spare.map(JoinHandle::join) {
            tracing::warn!("preparing a journal segment panicked");
        }
    }

    fn write(&mut self, frames: &[u8], count: u32) -> Result<(), AuditError> {
        let at = u64::try_from(self.at.offset).unwrap_or(u64::MAX);
        self.file.write_all_at(frames, at).map_err(disk::failed("write", &self.at.path))?;
        self.at.offset += frames.len();
        self.at.frames += count;
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), AuditError> {
        self.sync()?;
        match self.spare.take().map(JoinHandle::join) {
            Some(Ok(made)) => made?,
            Some(Err(_)) | None => {
                disk::make_blank(&self.log.dir.join(verify::SPARE_FILE), self.log.segment_size)?;
            }
        }
        let frames_before = self.at.frames;
        (self.file, self.at) = adopt_spare(&self.log, self.tree.size())?;
        self.write_header(frames_before)
    }

    fn write_header(&mut self, frames_before: u32) -> Result<(), AuditError> {
        let header = SegmentHeader {
            origin: self.log.key.public().name().to_owned(),
            capacity: to_u32(self.at.capacity),
            frames_before,
            oldest_open: self.open.values().min().copied().unwrap_or(self.tree.size()),
            tree: self.tree.clone(),
        };
        let frame = frame::sealed(FrameKind::Segment, header.to_text().as_bytes(), 0, 0);
        self.write(&frame, 1)
    }
}

/// Gives the prepared segment its name, durably, before anything is written to it.
fn adopt_spare(log: &Log, first: u64) -> Result<(File, Position), AuditError> {
    let path = log.dir.join(segment::file_name(first));
    fs::rename(log.dir.join(verify::SPARE_FILE), &path).map_err(disk::failed("name", &path))?;
    disk::sync_dir(&log.dir)?;
    let capacity = usize::try_from(log.segment_size).unwrap_or(usize::MAX);
    let file = open_segment(&path)?;
    Ok((file, Position { path, capacity, offset: 0, synced: 0, frames: 0 }))
}

fn open_segment(path: &Path) -> Result<File, AuditError> {
    OpenOptions::new().read(true).write(true).open(path).map_err(disk::failed("open", path))
}

/// Offsets fit: a segment is at most 1 GiB.
fn to_u32(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

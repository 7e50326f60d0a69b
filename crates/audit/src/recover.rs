//! Opens a log: begins a new one, or checks an old one and cuts off what a crash left torn.

use std::{fs, fs::OpenOptions, os::unix::fs::FileExt as _, path::Path};

use ::journal::{
    FileState, OpenAdmission, Resumption, Verifier, segment,
    verify::{CHECKPOINT_FILE, KEY_FILE, SPARE_FILE},
};
use transport::Env;

use crate::{
    AuditError, Options, disk, key,
    wal::{Log, Position, Wal},
};

/// A log that is ready to be written to.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) wal: Wal,
    pub(crate) entries: u64,
    pub(crate) open: Vec<OpenAdmission>,
    /// The last run ended in order.
    pub(crate) stopped: bool,
    pub(crate) torn_bytes: u64,
}

/// Opens the log in `dir`, whose lock the caller holds.
pub(crate) fn open(dir: &Path, options: &Options, env: &Env) -> Result<Opened, AuditError> {
    let segments = segments(dir)?;
    let checkpoint = disk::read_if_there(&dir.join(CHECKPOINT_FILE))?;
    let is_new = segments.is_empty() && checkpoint.is_none();
    let key = key::load(dir, options, env, is_new)?;
    let log = Log { dir: dir.to_owned(), key, segment_size: options.segment_size };
    discard(&dir.join(SPARE_FILE))?;
    if segments.is_empty() {
        refuse_lost_segments(dir, checkpoint.as_deref())?;
        let wal = Wal::create(log)?;
        return Ok(Opened { wal, entries: 0, open: Vec::new(), stopped: true, torn_bytes: 0 });
    }
    let found = replay(dir, &segments, checkpoint.as_deref())?;
    let last = dir.join(&found.tail.file);
    refuse_damage(dir, &found, segments.last())?;
    let torn_bytes = cut(&last, found.tail.end)?;
    let capacity = usize::try_from(found.tail.capacity).unwrap_or(usize::MAX);
    let (offset, frames) = (found.tail.end, found.tail.frames);
    let at = Position { path: last, capacity, offset, synced: 0, frames };
    let wal = Wal::resume(log, at, &found)?;
    let entries = found.tree.size();
    let open = found.open.into_iter().map(|(_, open)| open).collect();
    Ok(Opened { wal, entries, open, stopped: found.stopped, torn_bytes })
}

fn segments(dir: &Path) -> Result<Vec<String>, AuditError> {
    let names = disk::names(dir)?;
    Ok(names.into_iter().filter(|name| segment::first_by_name(name).is_some()).collect())
}

/// Reads what is needed to go on: the segments from the oldest request that may still be open, or
/// from the newest checkpoint, if that is older. Opening takes as long as that, not as long as
/// the log; the whole of it is for `verify`.
fn replay(
    dir: &Path,
    segments: &[String],
    checkpoint: Option<&[u8]>,
) -> Result<Resumption, AuditError> {
    let mut verifier = Verifier::new(None);
    verifier.key(FileState::Read(&disk::read(&dir.join(KEY_FILE))?));
    verifier.checkpoint(checkpoint.map_or(FileState::Missing, FileState::Read));
    let needed =
        verifier.newest_size().unwrap_or(0).saturating_sub(1).min(oldest_open(dir, segments)?);
    let begins_late = |name: &String| segment::first_by_name(name).is_some_and(|n| n > needed);
    let from = segments.partition_point(|name| !begins_late(name)).saturating_sub(1);
    let mut needed = segments.get(from..).unwrap_or(segments);
    if let Some(name) = needed.first().filter(|_| from > 0) {
        match segment::header(&disk::read(&dir.join(name))?) {
            Some(header) => verifier.begin_at(&header),
            None => needed = segments,
        }
    }
    for name in needed {
        verifier.segment(name, &disk::read(&dir.join(name))?);
    }
    Ok(verifier.resume())
}

/// The index of the oldest request that may be open, by the newest header that can be read.
fn oldest_open(dir: &Path, segments: &[String]) -> Result<u64, AuditError> {
    for name in segments.iter().rev() {
        if let Some(header) = segment::header(&disk::read(&dir.join(name))?) {
            return Ok(header.oldest_open);
        }
    }
    Ok(0)
}

/// Only what a crash can leave, at the end of the last segment, is repaired; anything else is
/// evidence and is not written to.
fn refuse_damage(dir: &Path, found: &Resumption, last: Option<&String>) -> Result<(), AuditError> {
    match &found.fault {
        Some(fault) if !fault.torn || Some(&fault.file) != last => Err(AuditError::Damaged {
            file: dir.join(&fault.file),
            offset: fault.offset,
            reason: fault.sentence.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// A log without segments whose checkpoint covers entries has lost them.
fn refuse_lost_segments(dir: &Path, checkpoint: Option<&[u8]>) -> Result<(), AuditError> {
    let Some(checkpoint) = checkpoint else { return Ok(()) };
    let mut verifier = Verifier::new(None);
    verifier.key(FileState::Read(&disk::read(&dir.join(KEY_FILE))?));
    verifier.checkpoint(FileState::Read(checkpoint));
    match verifier.newest_size() {
        Some(0) => Ok(()),
        Some(_) | None => Err(AuditError::Damaged {
            file: dir.join(segment::file_name(0)),
            offset: 0,
            reason: "the segments that the checkpoint covers are missing".to_owned(),
        }),
    }
}

fn discard(path: &Path) -> Result<(), AuditError> {
    match fs::remove_file(path).map_err(disk::failed("remove", path)) {
        Ok(()) | Err(AuditError::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Blanks everything from `end` on; gives how many bytes had been written there.
fn cut(path: &Path, end: usize) -> Result<u64, AuditError> {
    let bytes = disk::read(path)?;
    let tail = bytes.get(end..).unwrap_or_default();
    let Some(torn) = tail.iter().rposition(|byte| *byte != 0).map(|last| last + 1) else {
        return Ok(0);
    };
    let at = u64::try_from(end).unwrap_or(u64::MAX);
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.write_all_at(&vec![0; torn], at).and_then(|()| file.sync_data()))
        .map_err(disk::failed("cut the torn end of", path))?;
    Ok(u64::try_from(torn).unwrap_or(u64::MAX))
}

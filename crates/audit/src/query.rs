//! Questions about journals, answered from their files: offline, or while gateways write.
//!
//! Each takes a data directory, with journals in `journal/*/`, or one journal. Nothing is written
//! and no lock is taken.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use ::journal::{
    FileState, LogReport, Verifier, VerifierKey, segment,
    verify::{CHECKPOINT_FILE, KEY_FILE, SIGNING_KEY_FILE, SPARE_FILE},
};
use vocab::RequestId;

use crate::{
    AuditError, disk,
    find::{self, Cursor, Located},
};

/// How often a log is read at most when it changes while it is read.
const READS_MAX: u32 = 5;

/// The entries that answer a question, and what stood in the way of more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The entries, in order of time.
    pub entries: Vec<Located>,
    /// Places that could not be read, each as a sentence; [`verify`] says more.
    pub gaps: Vec<String>,
}

/// All entries of a request, from every journal found.
///
/// # Errors
/// [`AuditError`] when the directory cannot be used.
pub fn show(dir: &Path, request: RequestId) -> Result<Answer, AuditError> {
    let mut answer = Answer::default();
    let needle = format!("\"request\":\"{request}\"");
    for log in find::journals(dir)? {
        for (first, path) in find::segments(&log)? {
            let entries = &mut answer.entries;
            let gap = read_on(&mut Cursor::at(first), &path, |origin, index, leaf| {
                if contains(leaf, needle.as_bytes()) {
                    entries.extend(find::locate(origin, index, leaf));
                }
            })?;
            answer.gaps.extend(gap);
        }
    }
    in_time_order(&mut answer.entries);
    Ok(answer)
}

/// Gives each leaf from the cursor on, and what stands in the way of more. A gap that a gateway
/// is closing while it is looked at is none.
fn read_on(
    cursor: &mut Cursor,
    path: &Path,
    mut each: impl FnMut(&str, u64, &[u8]),
) -> Result<Option<String>, AuditError> {
    let mut bytes = disk::read(path)?;
    for _ in 1..READS_MAX {
        let Some(gap) = cursor.advance(&bytes, &mut each) else { return Ok(None) };
        let again = disk::read(path)?;
        if again == bytes {
            return Ok(Some(format!("`{}`, {gap}", path.display())));
        }
        bytes = again;
    }
    Ok(None)
}

fn contains(leaf: &[u8], needle: &[u8]) -> bool {
    leaf.windows(needle.len()).any(|window| window == needle)
}

fn in_time_order(entries: &mut [Located]) {
    entries.sort_by(|a, b| {
        let key = |l: &Located| (l.entry.at(), l.index);
        key(a).cmp(&key(b)).then_with(|| a.origin.cmp(&b.origin))
    });
}

/// Reads the newest entries, and then what is added.
#[derive(Debug)]
pub struct TailReader {
    dir: PathBuf,
    logs: Vec<LogTail>,
}

#[derive(Debug)]
struct LogTail {
    dir: PathBuf,
    segment: u64,
    cursor: Cursor,
    /// The gap that was last told, so that it is told once.
    gap: Option<String>,
}

/// The newest `count` entries over every journal found, and a reader for what is added later.
///
/// # Errors
/// [`AuditError`] when the directory cannot be used.
pub fn tail(dir: &Path, count: usize) -> Result<(Answer, TailReader), AuditError> {
    let mut answer = Answer::default();
    let mut reader = TailReader { dir: dir.to_owned(), logs: Vec::new() };
    for log in find::journals(dir)? {
        reader.logs.push(newest(log, count, &mut answer)?);
    }
    in_time_order(&mut answer.entries);
    let surplus = answer.entries.len().saturating_sub(count);
    answer.entries.drain(..surplus);
    Ok((answer, reader))
}

/// Reads backwards, segment by segment, until there are enough entries.
fn newest(log: PathBuf, count: usize, answer: &mut Answer) -> Result<LogTail, AuditError> {
    let mut end = None;
    let mut found: Vec<Located> = Vec::new();
    for (first, path) in find::segments(&log)?.into_iter().rev() {
        let mut cursor = Cursor::at(first);
        let wanted = count.saturating_sub(found.len());
        let mut leaves = VecDeque::new();
        let gap = read_on(&mut cursor, &path, |origin, index, leaf| {
            leaves.push_back((origin.to_owned(), index, leaf.to_owned()));
            if leaves.len() > wanted {
                leaves.pop_front();
            }
        })?;
        answer.gaps.extend(gap);
        end.get_or_insert((first, cursor));
        let here = leaves.iter().filter_map(|(origin, at, leaf)| find::locate(origin, *at, leaf));
        found = here.chain(std::mem::take(&mut found)).collect();
        if found.len() >= count {
            break;
        }
    }
    answer.entries.append(&mut found);
    let (segment, cursor) = end.unwrap_or((0, Cursor::at(0)));
    Ok(LogTail { dir: log, segment, cursor, gap: None })
}

impl TailReader {
    /// What was added since the last look, in order of time; journals that are new since then
    /// included.
    ///
    /// # Errors
    /// [`AuditError`] when the directory cannot be used any more.
    pub fn added(&mut self) -> Result<Answer, AuditError> {
        let mut answer = Answer::default();
        for dir in find::journals(&self.dir)? {
            if !self.logs.iter().any(|log| log.dir == dir) {
                let cursor = Cursor::at(0);
                self.logs.push(LogTail { dir, segment: 0, cursor, gap: None });
            }
        }
        for log in &mut self.logs {
            log.added(&mut answer)?;
        }
        in_time_order(&mut answer.entries);
        Ok(answer)
    }
}

impl LogTail {
    fn added(&mut self, answer: &mut Answer) -> Result<(), AuditError> {
        for (first, path) in find::segments(&self.dir)? {
            if first < self.segment {
                continue;
            }
            if first > self.segment {
                (self.segment, self.cursor) = (first, Cursor::at(first));
            }
            let entries = &mut answer.entries;
            let gap = read_on(&mut self.cursor, &path, |origin, index, leaf| {
                entries.extend(find::locate(origin, index, leaf));
            })?;
            if gap != self.gap {
                answer.gaps.extend(gap.clone());
                self.gap = gap;
            }
        }
        Ok(())
    }
}

/// A journal and what verifying it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its directory.
    pub dir: PathBuf,
    /// What was found.
    pub report: LogReport,
}

/// Verifies every journal found. With a key from elsewhere, each journal must be signed by it.
///
/// # Errors
/// [`AuditError`] when the directory or a file of it cannot be read; a journal that is wrong is a
/// report, not an error.
pub fn verify(dir: &Path, trusted: Option<&VerifierKey>) -> Result<Vec<Verified>, AuditError> {
    let verify = |dir: PathBuf| {
        let report = verify_settled(&dir, trusted)?;
        Ok(Verified { dir, report })
    };
    find::journals(dir)?.into_iter().map(verify).collect()
}

/// A log can change while it is read. What looks wrong in a file that is another one when read
/// again, or is gone, says nothing; so then the log is read again.
fn verify_settled(dir: &Path, trusted: Option<&VerifierKey>) -> Result<LogReport, AuditError> {
    let (mut report, mut last) = verify_once(dir, trusted)?;
    for _ in 1..READS_MAX {
        let Some(fault) = &report.fault else { break };
        let in_last = last.file == fault.file;
        let settled = match disk::read_if_there(&dir.join(&fault.file))? {
            Some(bytes) => !in_last || bytes == last.bytes,
            None => fault.file != SPARE_FILE,
        };
        if settled {
            break;
        }
        (report, last) = verify_once(dir, trusted)?;
    }
    Ok(report)
}

/// A file that was read and that a gateway may be writing to.
#[derive(Debug, Default)]
struct Moving {
    file: String,
    bytes: Vec<u8>,
}

fn verify_once(
    dir: &Path,
    trusted: Option<&VerifierKey>,
) -> Result<(LogReport, Moving), AuditError> {
    let mut verifier = Verifier::new(trusted.cloned());
    let mut last = Moving::default();
    with_file(dir, KEY_FILE, |file| verifier.key(file));
    with_file(dir, SIGNING_KEY_FILE, |file| verifier.signing_key(file));
    // The checkpoint first: what it covers was on disk before it, so the segments have it.
    with_file(dir, CHECKPOINT_FILE, |file| verifier.checkpoint(file));
    for name in disk::names(dir)? {
        match name.as_str() {
            KEY_FILE | SIGNING_KEY_FILE | CHECKPOINT_FILE => {}
            SPARE_FILE => with_file(dir, &name, |file| {
                if let FileState::Read(bytes) = file {
                    verifier.spare(bytes);
                }
            }),
            "lock" => with_file(dir, &name, |file| {
                if let FileState::Read([_, ..]) = file {
                    verifier.note("`lock` is not empty".to_owned());
                }
            }),
            other if segment::first_by_name(other).is_some() => {
                let bytes = disk::read(&dir.join(other))?;
                verifier.segment(other, &bytes);
                last = Moving { file: name, bytes };
            }
            other => verifier.stray(other),
        }
    }
    Ok((verifier.finish(), last))
}

fn with_file(dir: &Path, name: &str, take: impl FnOnce(FileState<'_>)) {
    match disk::read_if_there(&dir.join(name)) {
        Ok(Some(bytes)) => take(FileState::Read(&bytes)),
        Ok(None) => take(FileState::Missing),
        Err(error) => take(FileState::Unreadable(&error.to_string())),
    }
}

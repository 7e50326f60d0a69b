//! A crash at any byte of the last write: nothing durable is lost, nothing torn is accepted.

use std::{fs, path::Path};

use audit::{AuditError, Journal};
use journal::{
    Entry,
    frame::FrameKind,
    segment::{self, Frames},
};
use proptest::prelude::*;
use tempfile::TempDir;
use transport::Env;

use crate::entries::{
    admission, at, at_rest, copy, leaves, open, options, outcome, refusal, request, scratch,
    verified, write,
};

/// A journal in the middle of its work.
struct Running {
    dir: TempDir,
    /// Its files when `durable_leaves` were on disk and nothing else was written.
    before: TempDir,
    /// The segment after one more write that is not known to be on disk.
    after: Vec<u8>,
    /// Where that write begins and ends in the segment.
    write: std::ops::Range<usize>,
    /// Every entry, those of the last write at the end.
    all: Vec<String>,
    durable: usize,
    journal: Journal,
}

async fn running() -> Running {
    loop {
        let dir = scratch();
        let (journal, _) = open(dir.path());
        write(&journal, [admission(1), outcome(1), admission(2)]).await;
        let before = scratch();
        copy(dir.path(), before.path());
        let durable = leaves(before.path()).len();
        write(&journal, [outcome(2), admission(3), refusal(4), admission(5)]).await;
        let path = dir.path().join(segment::file_name(0));
        let after = fs::read(&path).unwrap();
        let start = end_of(&fs::read(before.path().join(segment::file_name(0))).unwrap());
        // Only entries, all in one write: a checkpoint at rest may have come between.
        let mut frames = Frames::of(&after);
        let written: Vec<_> =
            frames.by_ref().map(Result::unwrap).filter(|placed| placed.offset >= start).collect();
        let one_write = written.iter().all(|placed| {
            placed.frame.kind == FrameKind::Entry && placed.frame.synced as usize == start
        });
        if one_write && written.len() == 4 {
            let write = start..frames.offset();
            let all = leaves(dir.path());
            return Running { dir, before, after, write, all, durable, journal };
        }
        journal.close().await.unwrap();
    }
}

fn end_of(segment: &[u8]) -> usize {
    let mut frames = Frames::of(segment);
    frames.by_ref().for_each(drop);
    frames.offset()
}

/// Opens what a crash left in `dir` and checks all that must hold then.
async fn recover(running: &Running, dir: &Path) -> Result<(), AuditError> {
    let torn_end = fs::read(dir.join(segment::file_name(0))).unwrap();
    let whole = end_of(&torn_end);
    let torn = torn_end.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let (journal, recovery) = Journal::open(dir, options(), Env::scripted(at(100), 2))?;
    assert_eq!(recovery.torn_bytes, torn.saturating_sub(whole) as u64);
    let found = leaves(dir);
    let kept = usize::try_from(recovery.entries).unwrap();
    assert!(kept >= running.durable, "kept {kept} of {}", running.durable);
    assert_eq!(found[..kept], running.all[..kept]);
    for orphan in &recovery.orphans {
        assert!(found.iter().any(|leaf| leaf.contains("orphan_closed")
            && leaf.contains("\"reason\":\"crash\"")
            && leaf.contains(&orphan.to_string())));
    }
    journal.close().await.unwrap();
    let report = verified(dir);
    assert!(report.holds() && report.unsealed() == 0, "{report:?}");
    Ok(())
}

#[tokio::test]
async fn a_crash_at_every_byte_of_the_last_write_loses_nothing_durable() {
    let running = running().await;
    for cut in running.write.clone() {
        let crashed = scratch();
        copy(running.before.path(), crashed.path());
        let mut bytes = running.after.clone();
        bytes[cut..].fill(0);
        fs::write(crashed.path().join(segment::file_name(0)), bytes).unwrap();
        recover(&running, crashed.path()).await.unwrap();
    }
    running.journal.close().await.unwrap();
    drop(running.dir);
}

#[test]
fn a_crash_that_keeps_any_sectors_of_the_last_write_loses_nothing_durable() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(running());
    let sectors = proptest::collection::vec(any::<bool>(), 64);
    proptest!(ProptestConfig::with_cases(150), |(kept in sectors, size in 32_usize..600)| {
        let crashed = scratch();
        copy(running.before.path(), crashed.path());
        let mut bytes = running.after.clone();
        for (sector, kept) in bytes[running.write.clone()].chunks_mut(size).zip(kept) {
            if !kept {
                sector.fill(0);
            }
        }
        fs::write(crashed.path().join(segment::file_name(0)), bytes).unwrap();
        runtime.block_on(recover(&running, crashed.path())).unwrap();
    });
    runtime.block_on(running.journal.close()).unwrap();
}

#[tokio::test]
async fn a_damaged_middle_is_evidence_and_is_not_written_to() {
    let running = running().await;
    let bytes = running.after.clone();
    for damaged in (0..running.write.start).step_by(13) {
        let crashed = scratch();
        copy(running.before.path(), crashed.path());
        let mut bytes = bytes.clone();
        bytes[damaged] ^= 4;
        let path = crashed.path().join(segment::file_name(0));
        fs::write(&path, &bytes).unwrap();
        let error = Journal::open(crashed.path(), options(), Env::scripted(at(9), 9)).unwrap_err();
        assert!(matches!(error, AuditError::Damaged { .. }), "{damaged}: {error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    running.journal.close().await.unwrap();
}

#[tokio::test]
async fn admissions_that_a_crash_left_open_are_closed_once() {
    let running = running().await;
    let crashed = scratch();
    copy(running.dir.path(), crashed.path());
    let before = verified(crashed.path());
    assert_eq!((before.requests.open, before.requests.orphans), (2, 0));
    let (journal, recovery) = open(crashed.path());
    assert_eq!(recovery.orphans, [request(3), request(5)]);
    journal.close().await.unwrap();
    let report = verified(crashed.path());
    assert!(report.holds());
    assert_eq!(report.requests.open, 0);
    let (journal, recovery) = open(crashed.path());
    assert!(recovery.orphans.is_empty() && recovery.torn_bytes == 0);
    journal.close().await.unwrap();
    let shown = audit::show(crashed.path(), request(3)).unwrap().entries;
    let kinds: Vec<_> = shown.iter().map(|located| located.entry.kind()).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&"admission") && kinds.contains(&"orphan_closed"));
    assert!(
        shown
            .iter()
            .all(|located| matches!(&located.entry, Entry::Admission(_) | Entry::OrphanClosed(_)))
    );
    running.journal.close().await.unwrap();
}

#[tokio::test]
async fn a_crash_between_making_a_segment_and_writing_to_it_is_nothing() {
    let dir = scratch();
    let (journal, _) = open(dir.path());
    write(&journal, [refusal(1), refusal(2)]).await;
    journal.close().await.unwrap();
    let entries = verified(dir.path()).entries;
    fs::write(dir.path().join(segment::file_name(entries)), vec![0; 64 << 10]).unwrap();
    assert!(verified(dir.path()).holds());
    let (journal, recovery) = open(dir.path());
    assert_eq!(recovery.entries, entries);
    write(&journal, [refusal(3)]).await;
    journal.close().await.unwrap();
    assert!(verified(dir.path()).holds());
    assert_eq!(verified(dir.path()).segments, 2);
}

#[tokio::test]
async fn opening_looks_as_far_back_as_the_oldest_open_request_and_no_further() {
    let dir = scratch();
    let (journal, _) = open(dir.path());
    write(&journal, (0..400).map(|n| refusal(10_000 + n))).await;
    write(&journal, [admission(1)]).await;
    write(&journal, (0..500).map(|n| refusal(20_000 + n))).await;
    at_rest(&journal).await;
    let crashed = scratch();
    copy(dir.path(), crashed.path());
    journal.close().await.unwrap();
    let names: Vec<_> = (0..).map(|n| dir.path().join(segment::file_name(n))).take(1_000).collect();
    let segments: Vec<_> = names.iter().filter(|path| path.exists()).collect();
    assert!(segments.len() > 3, "{}", segments.len());
    // Damage in what recovery need not read is left to `verify`, which places it.
    let name = segment::file_name(0);
    let mut bytes = fs::read(crashed.path().join(&name)).unwrap();
    bytes[1_000] ^= 1;
    fs::write(crashed.path().join(&name), bytes).unwrap();
    let (journal, recovery) = open(crashed.path());
    assert_eq!(recovery.orphans, [request(1)]);
    journal.close().await.unwrap();
    assert_eq!(verified(crashed.path()).fault.unwrap().file, name);
}

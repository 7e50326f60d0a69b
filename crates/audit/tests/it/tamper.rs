//! AUD-3: whatever is changed in the files of a closed journal, verification names the place.

use std::{fs, path::Path};

use journal::{
    FileState, LogReport, Verifier,
    frame::FRAME_HEAD,
    segment::{self, Frames},
};
use tempfile::TempDir;

use crate::entries::{admission, open, open_with, outcome, refusal, scratch, verified, write};

type Files = Vec<(String, Vec<u8>)>;

/// A closed journal with three entries per round, as data.
async fn closed_journal(rounds: u64, seed: u64) -> (TempDir, Files) {
    let dir = scratch();
    let (journal, _) = open_with(dir.path(), seed);
    for n in (0..rounds).map(|round| 10_000 * seed + round) {
        write(&journal, [admission(10 * n), outcome(10 * n), refusal(10 * n + 5)]).await;
    }
    journal.close().await.unwrap();
    let files = files(dir.path());
    assert!(check(&files).holds(), "{:?}", check(&files));
    (dir, files)
}

fn files(dir: &Path) -> Files {
    let mut files: Files = fs::read_dir(dir)
        .unwrap()
        .map(|item| item.unwrap())
        .map(|item| (item.file_name().into_string().unwrap(), fs::read(item.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn check(files: &Files) -> LogReport {
    let state = |wanted: &str| {
        let file = files.iter().find(|(name, _)| name == wanted);
        file.map_or(FileState::Missing, |(_, bytes)| FileState::Read(bytes))
    };
    let mut verifier = Verifier::new(None);
    verifier.key(state("key.pub"));
    verifier.signing_key(state("key"));
    verifier.checkpoint(state("checkpoint"));
    for (name, bytes) in files {
        if segment::first_by_name(name).is_some() {
            verifier.segment(name, bytes);
        } else if name == "spare" {
            verifier.spare(bytes);
        }
    }
    verifier.finish()
}

/// Where each frame of a segment begins, and where the last ends.
fn places(bytes: &[u8]) -> Vec<usize> {
    let mut frames = Frames::of(bytes);
    let mut places: Vec<_> = frames.by_ref().map(|frame| frame.unwrap().offset).collect();
    places.push(frames.offset());
    places
}

#[tokio::test]
async fn every_flipped_byte_of_every_file_is_found_and_placed() {
    let (_dir, mut files) = closed_journal(2, 1).await;
    for file in 0..files.len() {
        let (name, bytes) = files[file].clone();
        let is_segment = segment::first_by_name(&name).is_some();
        let places = if is_segment { places(&bytes) } else { Vec::new() };
        let end = places.last().copied().unwrap_or(bytes.len());
        // Every byte that was written, and a spread of those that were not.
        for at in (0..end).chain((end..bytes.len()).step_by(997)) {
            files[file].1[at] ^= 1 << (at % 8);
            let fault = check(&files).fault.unwrap_or_else(|| panic!("`{name}` byte {at}"));
            assert_eq!(fault.file, name, "byte {at}: {fault}");
            if is_segment {
                let frame = places.iter().rfind(|place| **place <= at).copied().unwrap();
                assert!(fault.offset >= frame as u64 && fault.offset <= at as u64, "{fault}");
                assert!(at >= end || !fault.torn, "byte {at}: {fault}");
            }
            files[file].1[at] = bytes[at];
        }
    }
}

#[tokio::test]
async fn every_frame_that_is_removed_repeated_or_swapped_is_found_and_placed() {
    let (_dir, mut files) = closed_journal(3, 1).await;
    let file = files.iter().position(|(name, _)| segment::first_by_name(name) == Some(0)).unwrap();
    let bytes = files[file].1.clone();
    let places = places(&bytes);
    let frame = |n: usize| bytes[places[n]..places[n + 1]].to_vec();
    let count = places.len() - 1;
    let rest = |n: usize| bytes[places[n]..places[count]].to_vec();
    for n in 0..count {
        let before = bytes[..places[n]].to_vec();
        let removed = [before.clone(), rest(n + 1)].concat();
        let repeated = [before.clone(), frame(n), rest(n)].concat();
        let truncated = before.clone();
        let mut all = vec![removed, repeated, truncated];
        if n + 1 < count {
            all.push([before, frame(n + 1), frame(n), rest(n + 2)].concat());
        }
        for mut changed in all {
            changed.resize(bytes.len(), 0);
            files[file].1 = changed;
            // Without its first frame a segment that was cut is blank: then the log ends early.
            let fault = check(&files).fault.unwrap();
            assert_eq!(fault.file, files[file].0);
            let expected = [places[n], places[n + 1]];
            assert!(expected.contains(&usize::try_from(fault.offset).unwrap()), "{n}: {fault}");
        }
    }
}

#[tokio::test]
async fn a_segment_cut_at_any_byte_or_made_longer_is_found() {
    let (_dir, mut files) = closed_journal(2, 1).await;
    let file = files.iter().position(|(name, _)| segment::first_by_name(name) == Some(0)).unwrap();
    let bytes = files[file].1.clone();
    let end = *places(&bytes).last().unwrap();
    for length in (0..end).step_by(7).chain((end..bytes.len()).step_by(997)) {
        files[file].1 = bytes[..length].to_vec();
        let fault = check(&files).fault.unwrap();
        assert!(fault.file.ends_with(".wal") && !fault.torn, "{length}: {fault}");
    }
    files[file].1 = [bytes.as_slice(), &[0]].concat();
    assert!(check(&files).fault.unwrap().sentence.contains("was made"));
}

#[tokio::test]
async fn every_file_that_is_removed_renamed_or_taken_from_another_journal_is_found() {
    let (_dir, files) = closed_journal(120, 1).await;
    let (_other_dir, mut other) = closed_journal(120, 2).await;
    let segments: Vec<_> =
        files.iter().filter(|(name, _)| segment::first_by_name(name).is_some()).collect();
    assert!(segments.len() > 2, "{}", segments.len());
    for (at, (name, _)) in files.iter().enumerate() {
        if ["lock", "spare", "key"].contains(&name.as_str()) {
            continue;
        }
        let mut fewer = files.clone();
        fewer.remove(at);
        let fault = check(&fewer).fault.unwrap_or_else(|| panic!("`{name}` removed"));
        assert!(!fault.torn && !fault.sentence.is_empty());
    }
    // The other journal has other entries, as many, under another key.
    for at in 0..files.len() {
        let (name, _) = &files[at];
        if ["lock", "spare"].contains(&name.as_str()) {
            continue;
        }
        let mut mixed = files.clone();
        std::mem::swap(&mut mixed[at].1, &mut other[at].1);
        assert!(check(&mixed).fault.is_some(), "`{name}` of another journal");
        std::mem::swap(&mut mixed[at].1, &mut other[at].1);
    }
    let mut renamed = files.clone();
    let last = renamed.iter().rposition(|(name, _)| name.ends_with(".wal")).unwrap();
    renamed[last].0 = segment::file_name(7);
    assert!(check(&renamed).fault.is_some());
}

#[tokio::test]
async fn a_copied_segment_beside_the_journal_is_a_fault_and_another_file_is_a_note() {
    let (dir, files) = closed_journal(1, 1).await;
    fs::write(dir.path().join("notes.txt"), "x").unwrap();
    let report = verified(dir.path());
    assert!(report.holds() && report.notes.iter().any(|note| note.contains("notes.txt")));
    fs::write(dir.path().join("copy.wal"), &files[0].1).unwrap();
    assert_eq!(verified(dir.path()).fault.unwrap().file, "copy.wal");
}

#[tokio::test]
async fn an_older_copy_of_the_last_segment_is_found_by_the_newest_checkpoint() {
    let dir = scratch();
    let (journal, _) = open(dir.path());
    write(&journal, [admission(1), outcome(1)]).await;
    let name = segment::file_name(0);
    let older = fs::read(dir.path().join(&name)).unwrap();
    write(&journal, [admission(2), outcome(2)]).await;
    journal.close().await.unwrap();
    fs::write(dir.path().join(&name), &older).unwrap();
    let fault = verified(dir.path()).fault.unwrap();
    assert!(fault.sentence.contains("entries 3 to 5 are missing"), "{fault}");
    assert!(fault.offset > FRAME_HEAD as u64 && !fault.torn);
}

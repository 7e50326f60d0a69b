//! AUD-3 against somebody who can write the files, and repairs every checksum and number: what a
//! checkpoint covers cannot change.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are tests: a surprise must end them at once"
)]

use journal::{
    Checkpoint, Entry, FileState, GatewayStopped, Hash, Head, LogReport, SigningKey, Tree,
    Verifier,
    frame::{self, FrameKind},
    segment::{self, SegmentHeader},
};
use vocab::Timestamp;

const ORIGIN: &str = "demo/eu-west/gw-1";
const CAPACITY: u32 = 8 << 10;

/// What a segment holds, in order.
#[derive(Clone)]
enum Content {
    Leaf(Vec<u8>),
    Note(String),
}

fn leaf(n: i64) -> Vec<u8> {
    let mut leaf = Vec::new();
    let at = Timestamp::from_unix_micros(n);
    let (gateway, region) = ("gw-1".into(), "eu-west".parse().unwrap());
    Entry::GatewayStopped(GatewayStopped { at, gateway, region }).encode(&mut leaf);
    leaf
}

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, [3; 32]).unwrap()
}

/// Three segments of four entries, with a checkpoint after every second one.
fn honest() -> Vec<Vec<Content>> {
    let mut tree = Tree::default();
    let segment = |first: i64| {
        let mut contents = Vec::new();
        for n in first..first + 4 {
            tree.push(Hash::leaf(&leaf(n)));
            contents.push(Content::Leaf(leaf(n)));
            if n % 2 == 1 {
                let head = Head { size: tree.size(), root: tree.root() };
                let note = Checkpoint { origin: ORIGIN.into(), head }.sign(&key());
                contents.push(Content::Note(note));
            }
        }
        contents
    };
    [0, 4, 8].map(segment).into()
}

/// Writes segments with everything right that needs no key: numbers, checksums, headers, names.
fn files(segments: &[Vec<Content>]) -> Vec<(String, Vec<u8>)> {
    let (mut tree, mut frames_before) = (Tree::default(), 0);
    let mut write = |contents: &Vec<Content>| {
        let name = segment::file_name(tree.size());
        let tree_before = tree.clone();
        let (origin, capacity) = (ORIGIN.to_owned(), CAPACITY);
        let oldest_open = tree_before.size();
        let header =
            SegmentHeader { origin, capacity, frames_before, oldest_open, tree: tree_before };
        let mut bytes = frame::sealed(FrameKind::Segment, header.to_text().as_bytes(), 0, 0);
        for (number, content) in (1..).zip(contents) {
            let (kind, payload) = match content {
                Content::Leaf(leaf) => {
                    tree.push(Hash::leaf(leaf));
                    (FrameKind::Entry, leaf.as_slice())
                }
                Content::Note(note) => (FrameKind::Checkpoint, note.as_bytes()),
            };
            bytes.extend(frame::sealed(kind, payload, number, 0));
        }
        frames_before = u32::try_from(contents.len()).unwrap() + 1;
        bytes.resize(CAPACITY as usize, 0);
        (name, bytes)
    };
    segments.iter().map(&mut write).collect()
}

fn newest(segments: &[Vec<Content>]) -> String {
    let mut notes = segments.iter().flatten().filter_map(|content| match content {
        Content::Note(note) => Some(note.clone()),
        Content::Leaf(_) => None,
    });
    notes.next_back().unwrap()
}

fn verify(files: &[(String, Vec<u8>)], checkpoint: &str) -> LogReport {
    let mut verifier = Verifier::new(None);
    verifier.key(FileState::Read(format!("{}\n", key().public()).as_bytes()));
    verifier.checkpoint(FileState::Read(checkpoint.as_bytes()));
    for (name, bytes) in files {
        verifier.segment(name, bytes);
    }
    verifier.finish()
}

/// Every place of an entry: segment, position in it, index in the log.
fn entries(segments: &[Vec<Content>]) -> Vec<(usize, usize, u64)> {
    let mut index = 0;
    let mut places = Vec::new();
    for (segment, contents) in segments.iter().enumerate() {
        for (position, content) in contents.iter().enumerate() {
            if matches!(content, Content::Leaf(_)) {
                places.push((segment, position, index));
                index += 1;
            }
        }
    }
    places
}

#[test]
fn an_honest_log_holds() {
    let report = verify(&files(&honest()), &newest(&honest()));
    assert!(report.holds(), "{report:?}");
    let counts = (report.segments, report.entries, report.checkpoints, report.unsealed());
    assert_eq!(counts, (3, 12, 6, 0));
}

#[test]
fn a_forged_log_is_placed_between_the_checkpoints_around_the_forgery() {
    type Forgery = fn(&mut Vec<Content>, usize);
    let forgeries: [(&str, Forgery); 4] = [
        ("changed", |contents, at| contents[at] = Content::Leaf(leaf(99))),
        ("removed", |contents, at| drop(contents.remove(at))),
        ("repeated", |contents, at| contents.insert(at, contents[at].clone())),
        ("added", |contents, at| contents.insert(at, Content::Leaf(leaf(99)))),
    ];
    for (name, forge) in forgeries {
        for (segment, position, index) in entries(&honest()) {
            let mut forged = honest();
            forge(&mut forged[segment], position);
            let fault = verify(&files(&forged), &newest(&honest())).fault.unwrap();
            let around = index - index % 2..=index - index % 2 + 3;
            let entry = fault.entry.unwrap();
            assert!(around.contains(&entry), "{name} {index}: {fault}");
            assert!(!fault.torn, "{name} {index}: {fault}");
        }
    }
}

#[test]
fn entries_that_change_places_are_found() {
    let places = entries(&honest());
    for pair in places.windows(2) {
        let [(segment, position, index), (other, place, _)] = pair else { continue };
        let mut forged = honest();
        let kept = forged[*segment][*position].clone();
        forged[*segment][*position] = forged[*other][*place].clone();
        forged[*other][*place] = kept;
        let fault = verify(&files(&forged), &newest(&honest())).fault.unwrap();
        assert!(fault.entry.unwrap() <= index - index % 2 + 4, "{index}: {fault}");
    }
}

#[test]
fn a_tail_cut_off_behind_the_newest_checkpoint_is_found_wherever_it_is_cut() {
    let honest = honest();
    for segment in 0..honest.len() {
        for keep in 0..honest[segment].len() {
            let mut forged = honest[..=segment].to_vec();
            forged[segment].truncate(keep);
            let report = verify(&files(&forged), &newest(&honest));
            assert!(report.fault.is_some(), "{segment} {keep}");
        }
    }
}

#[test]
fn what_is_newer_than_the_last_checkpoint_is_counted_as_unsealed() {
    let mut longer = honest();
    longer[2].push(Content::Leaf(leaf(12)));
    let report = verify(&files(&longer), &newest(&honest()));
    assert!(report.holds());
    assert_eq!((report.entries, report.sealed, report.unsealed()), (13, 12, 1));
}

#[test]
fn a_log_signed_with_another_key_is_not_this_log() {
    let other = SigningKey::from_seed(ORIGIN, [4; 32]).unwrap();
    let mut verifier = Verifier::new(Some(other.public().clone()));
    verifier.key(FileState::Read(format!("{}\n", key().public()).as_bytes()));
    assert_eq!(verifier.finish().fault.unwrap().file, "key.pub");
}

//! Questions answered from the files, of one journal and of several.

use std::fs;

use tempfile::TempDir;

use crate::entries::{admission, copy, open, outcome, refusal, request, write};

#[tokio::test]
async fn a_request_is_shown_with_all_its_entries_in_order_over_all_journals() {
    let data = TempDir::new().unwrap();
    let (here, there) = (data.path().join("journal/eu-west"), data.path().join("journal/us-east"));
    let (journal, _) = open(&here);
    write(&journal, [admission(1), refusal(2)]).await;
    let (other, _) = open(&there);
    write(&other, [outcome(1)]).await;
    // Both still run.
    let shown = audit::show(data.path(), request(1)).unwrap();
    assert_eq!(shown.gaps, Vec::<String>::new());
    let kinds: Vec<_> = shown.entries.iter().map(|located| located.entry.kind()).collect();
    assert_eq!(kinds, ["admission", "outcome"]);
    assert_eq!(shown.entries[0].entry, admission(1));
    assert_eq!(shown.entries[1].entry, outcome(1));
    assert!(audit::show(data.path(), request(77)).unwrap().entries.is_empty());
    assert_eq!(audit::show(&here, request(1)).unwrap().entries.len(), 1);
    journal.close().await.unwrap();
    other.close().await.unwrap();
    let verified = audit::verify(data.path(), None).unwrap();
    assert_eq!(verified.len(), 2);
    assert!(verified[0].report.holds());
    assert_eq!(verified[1].report.requests.unadmitted, 1);
    assert!(!verified[1].report.holds());
}

#[tokio::test]
async fn a_tail_gives_the_newest_and_then_what_is_added_across_segments() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    write(&journal, (0..200).map(|n| refusal(10 + n))).await;
    let (answer, mut reader) = audit::tail(dir.path(), 150).unwrap();
    let requests: Vec<_> = answer.entries.iter().filter_map(|l| l.entry.request()).collect();
    assert_eq!(requests, (60..210).map(request).collect::<Vec<_>>());
    assert!(reader.added().unwrap().entries.is_empty());
    write(&journal, (0..300).map(|n| refusal(1_000 + n))).await;
    let added = reader.added().unwrap();
    assert_eq!((added.entries.len(), added.gaps.len()), (300, 0));
    assert!(reader.added().unwrap().entries.is_empty());
    journal.close().await.unwrap();
    let report = audit::verify(dir.path(), None).unwrap().remove(0).report;
    assert!(report.segments > 2 && report.holds(), "{report:?}");
}

#[tokio::test]
async fn a_key_from_elsewhere_tells_a_journal_that_was_made_anew() {
    let (dir, anew) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (journal, recovery) = open(dir.path());
    journal.close().await.unwrap();
    let trusted = journal::VerifierKey::parse(&recovery.verifier_key).unwrap();
    let verify = |dir| audit::verify(dir, Some(&trusted)).unwrap().remove(0).report;
    assert!(verify(dir.path()).holds());
    let env = transport::Env::scripted(crate::entries::at(0), 99);
    let (journal, _) = audit::Journal::open(anew.path(), crate::entries::options(), env).unwrap();
    journal.close().await.unwrap();
    assert_eq!(verify(anew.path()).fault.unwrap().file, "key.pub");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verification_works_while_a_gateway_writes_and_on_a_copy_without_the_secret() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let writer = journal.clone();
    let writing = tokio::spawn(async move {
        for n in 0..3_000 {
            let ticket = writer.append(refusal(n)).unwrap();
            if n % 7 == 0 {
                writer.durable(ticket).await.unwrap();
            }
        }
    });
    let (_, mut tail) = audit::tail(dir.path(), 0).unwrap();
    let mut followed = Vec::new();
    while !writing.is_finished() {
        let report = audit::verify(dir.path(), None).unwrap().remove(0).report;
        assert!(report.holds(), "{report:?}");
        let added = tail.added().unwrap();
        assert_eq!(added.gaps, Vec::<String>::new());
        followed.extend(added.entries.into_iter().map(|located| located.index));
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
    journal.close().await.unwrap();
    followed.extend(tail.added().unwrap().entries.into_iter().map(|located| located.index));
    followed.sort_unstable();
    let seen = followed.len();
    followed.dedup();
    assert_eq!((followed.len(), followed.last()), (seen, Some(&3_001)));
    assert!(seen >= 3_000);
    let copied = TempDir::new().unwrap();
    copy(dir.path(), copied.path());
    fs::remove_file(copied.path().join("key")).unwrap();
    assert!(audit::verify(copied.path(), None).unwrap().remove(0).report.holds());
}

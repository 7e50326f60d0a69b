//! Many callers at once, and a disk that gives up.

use audit::AuditError;
use tempfile::TempDir;
use transport::Env;

use crate::entries::{admission, at, at_rest, open, options, outcome, refusal, verified, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_share_commits_and_each_entry_is_there_once() {
    let dir = TempDir::new().unwrap();
    let mut options = options();
    options.segment_size = 1 << 20;
    let (journal, _) = audit::Journal::open(dir.path(), options, Env::real()).unwrap();
    let tasks: Vec<_> = (0..64_u64)
        .map(|task| {
            let journal = journal.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    let id = task * 1_000 + n;
                    write(&journal, [admission(id)]).await;
                    write(&journal, [outcome(id)]).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let health = journal.health();
    assert!(health.ready() && health.durable == health.appended, "{health:?}");
    assert!(health.commits < 1_000, "{} commits for 2560 entries", health.commits);
    journal.close().await.unwrap();
    let report = verified(dir.path());
    assert!(report.holds() && report.unsealed() == 0, "{report:?}");
    assert_eq!((report.entries, report.requests.admitted), (2_560 + 2, 1_280));
}

#[tokio::test]
async fn entries_that_nobody_waits_for_are_written_and_sealed_at_rest() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    journal.append(refusal(1)).unwrap();
    at_rest(&journal).await;
    let report = verified(dir.path());
    assert!(report.holds());
    assert_eq!((report.entries, report.sealed), (2, 2));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn a_journal_whose_files_are_gone_stops_for_good_and_tells_every_caller() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    write(&journal, [refusal(1)]).await;
    std::fs::remove_dir_all(dir.path()).unwrap();
    let stopped = async {
        let mut n = 2;
        loop {
            match journal.append(refusal(n)) {
                Ok(ticket) if journal.durable(ticket).await.is_ok() => n += 1,
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    };
    let error = tokio::time::timeout(std::time::Duration::from_secs(60), stopped).await.unwrap();
    assert!(matches!(error, AuditError::Stopped { .. }), "{error}");
    assert!(!journal.health().ready());
    assert!(journal.health().stopped.unwrap().contains("does not exist"));
    assert!(journal.clone().close().await.is_err());
}

#[tokio::test]
async fn a_closed_journal_takes_nothing_and_a_dropped_one_closes_itself() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let other = journal.clone();
    journal.close().await.unwrap();
    let error = other.append(refusal(1)).unwrap_err().to_string();
    assert!(error.contains("closed"), "{error}");
    drop(other);
    let (journal, _) = open(dir.path());
    journal.append(refusal(2)).unwrap();
    drop(journal);
    let reopened = || audit::Journal::open(dir.path(), options(), Env::scripted(at(0), 1));
    let opened = async {
        loop {
            if let Ok((journal, recovery)) = reopened() {
                return (journal, recovery);
            }
            tokio::task::yield_now().await;
        }
    };
    let wait = tokio::time::timeout(std::time::Duration::from_secs(60), opened);
    let (journal, recovery) = wait.await.unwrap();
    assert_eq!(recovery.entries, 5);
    journal.close().await.unwrap();
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let dir = TempDir::new().unwrap();
    let mut options = options();
    options.queue_max = 100;
    let (journal, _) = audit::Journal::open(dir.path(), options, Env::scripted(at(0), 1)).unwrap();
    assert!(matches!(journal.append(refusal(1)), Err(AuditError::Full)));
    journal.close().await.unwrap();
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_is_not_ready_and_still_written_to() {
    let dir = TempDir::new().unwrap();
    let mut options = options();
    options.free_min = u64::MAX;
    let (journal, _) = audit::Journal::open(dir.path(), options, Env::scripted(at(0), 1)).unwrap();
    let health = journal.health();
    assert!(health.disk_low && !health.ready() && health.free_bytes > 0);
    write(&journal, [refusal(1)]).await;
    journal.close().await.unwrap();
}

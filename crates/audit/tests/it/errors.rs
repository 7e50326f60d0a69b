//! Errors name the path and the remedy.

use std::{fs, os::unix::fs::PermissionsExt as _};

use audit::{AuditError, Journal};
use tempfile::TempDir;
use transport::Env;

use crate::entries::{at, open, options};

fn env() -> Env {
    Env::scripted(at(0), 3)
}

#[test]
fn questions_about_what_is_no_journal_say_what_it_is() {
    let dir = TempDir::new().unwrap();
    let missing = dir.path().join("nowhere");
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let ask = |path| audit::verify(path, None).unwrap_err();
    assert!(matches!(ask(&missing), AuditError::Missing { .. }));
    assert!(matches!(ask(&file), AuditError::NotADirectory { .. }));
    assert!(matches!(ask(dir.path()), AuditError::NoJournal { .. }));
    for error in [ask(&missing), ask(&file), ask(dir.path())] {
        let text = error.to_string();
        assert!(text.contains(dir.path().to_str().unwrap()) && text.contains(':'), "{text}");
    }
}

#[test]
fn a_directory_without_rights_is_told_apart() {
    let dir = TempDir::new().unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        println!("SKIPPED: this user may read everything, so rights cannot be tested");
        return;
    }
    let error = audit::verify(&closed, None).unwrap_err();
    assert!(matches!(error, AuditError::Denied { .. }), "{error}");
    let error = Journal::open(&closed.join("j"), options(), env()).unwrap_err();
    assert!(matches!(error, AuditError::Denied { .. }), "{error}");
}

#[tokio::test]
async fn a_second_writer_is_refused_until_the_first_has_ended() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let error = Journal::open(dir.path(), options(), env()).unwrap_err();
    assert!(matches!(error, AuditError::Locked { .. }), "{error}");
    journal.close().await.unwrap();
    let (journal, _) = open(dir.path());
    journal.close().await.unwrap();
}

#[tokio::test]
async fn a_key_is_secret_and_must_be_the_one_that_signed() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    journal.close().await.unwrap();
    let key = dir.path().join("key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

    let mut renamed = options();
    renamed.origin = "demo/eu-west/gw-2".to_owned();
    let error = Journal::open(dir.path(), renamed, env()).unwrap_err();
    assert!(matches!(error, AuditError::Key { .. }), "{error}");

    let text = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let error = Journal::open(dir.path(), options(), env()).unwrap_err();
    assert!(error.to_string().contains("put it back"), "{error}");
    fs::write(&key, &text[1..]).unwrap();
    let error = Journal::open(dir.path(), options(), env()).unwrap_err();
    assert!(matches!(error, AuditError::Key { .. }), "{error}");
    fs::write(&key, &text).unwrap();
    fs::remove_file(dir.path().join("key.pub")).unwrap();
    let error = Journal::open(dir.path(), options(), env()).unwrap_err();
    assert!(matches!(error, AuditError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_key_may_be_kept_elsewhere() {
    let (dir, vault) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut elsewhere = options();
    elsewhere.key = Some(vault.path().join("journal.key"));
    let (journal, _) = Journal::open(dir.path(), elsewhere, env()).unwrap();
    journal.close().await.unwrap();
    assert!(!dir.path().join("key").exists() && vault.path().join("journal.key").exists());
    assert!(crate::entries::verified(dir.path()).holds());
}

#[test]
fn settings_that_cannot_work_are_named() {
    let dir = TempDir::new().unwrap();
    let mut small = options();
    small.segment_size = 100;
    let error = Journal::open(dir.path(), small, env()).unwrap_err();
    assert!(error.to_string().contains("segment_size"), "{error}");
    let mut odd = options();
    odd.origin = "a b".to_owned();
    let error = Journal::open(dir.path(), odd, env()).unwrap_err();
    assert!(error.to_string().contains("origin"), "{error}");
}

//! What cannot be read at all.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::tree::{Tree, plain, today};

#[test]
fn a_missing_directory_is_named() {
    let tree = Tree::sound();
    let missing = tree.path().join("nowhere");
    let report = bundle::load(&missing, today()).unwrap_err();
    assert_eq!(report.problems().len(), 1);
    assert!(report.to_string().contains("nowhere: error: there is no such directory"), "{report}");
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let tree = Tree::sound();
    let report = bundle::load(&tree.path().join("bundle.yaml"), today()).unwrap_err();
    assert!(report.to_string().contains("is not a directory"), "{report}");
}

#[test]
fn every_missing_file_is_named_and_the_others_are_still_checked() {
    let tree = Tree::sound().with("routes.yaml", "model: chat", "model: chta");
    fs::remove_file(tree.path().join("transfers.yaml")).unwrap();
    fs::remove_file(tree.path().join("workloads.yaml")).unwrap();
    assert_eq!(
        tree.problems(),
        [
            "E routes.yaml:2:10 there is no model `chta` (did you mean `chat`?)",
            "E transfers.yaml:0:0 the file is missing (create it; a file with nothing to say holds `[]`)",
            "E workloads.yaml:0:0 the file is missing (create it; a file with nothing to say holds `[]`)",
        ]
    );
}

#[test]
fn a_file_without_rights_is_named_with_the_remedy() {
    let tree = Tree::sound();
    let path = tree.path().join("models.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        println!("SKIPPED: this user may read everything, so rights cannot be tested");
        return;
    }
    let problems = tree.problems();
    assert!(problems[0].contains("no right to read the file"), "{problems:?}");
}

#[test]
fn a_file_that_is_too_large_is_not_read_to_its_end() {
    let tree = Tree::sound();
    fs::write(tree.path().join("models.yaml"), vec![b'#'; 8 * 1024 * 1024 + 1]).unwrap();
    let problems = tree.problems();
    assert!(problems[0].contains("larger than 8 MiB"), "{problems:?}");
}

#[test]
fn text_that_is_not_utf8_is_named_with_the_byte() {
    let tree = Tree::sound();
    fs::write(tree.path().join("models.yaml"), b"- id: ch\xe4t\n").unwrap();
    let problems = tree.problems();
    assert!(problems[0].contains("not UTF-8 text: byte 8"), "{problems:?}");
}

#[test]
fn a_directory_in_place_of_a_file_is_named() {
    let tree = Tree::sound();
    fs::remove_file(tree.path().join("models.yaml")).unwrap();
    fs::create_dir(tree.path().join("models.yaml")).unwrap();
    let problems = tree.problems();
    assert!(problems[0].contains("models.yaml:0:0"), "{problems:?}");
}

#[test]
fn broken_yaml_is_told_with_its_line() {
    let tree = Tree::sound().with("models.yaml", "description: Chat.", "description: [Chat.");
    let report = tree.load().unwrap_err();
    let problems = plain(&report, tree.path());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("E models.yaml:"), "{problems:?}");
    assert!(problems[0].contains("not valid YAML"), "{problems:?}");
}

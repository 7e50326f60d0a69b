//! What may not stand in a tracked file.
//!
//! Paths of one machine, names of package hosts, marks of unfinished work, tests that are switched
//! off, and Rust files so long that they hold a second idea.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::Finding;

/// Past this many lines a Rust file holds a second idea.
const LINES_MAX: usize = 600;

/// Folders that exist on somebody's machine and not in this repository.
const MACHINE_FOLDERS: [&str; 5] = ["work", "root", "tmp", "home", "Users"];

// Written in two parts, so that this file does not find itself.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const PACKAGE_HOSTS: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("debian", ".org"),
];
const SWITCHED_OFF: &str = concat!("#[ig", "nore");

/// One tracked file as text.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path relative to the repository, with `/`.
    pub path: String,
    /// Its content; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// Every tracked file that exists in the working tree.
///
/// # Errors
/// When git cannot be asked or a file cannot be read.
pub fn tracked(root: &Path) -> Result<Vec<File>> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .context("cannot run `git ls-files`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`git ls-files` failed: {said}");
    let names = String::from_utf8(output.stdout).context("a tracked path is not UTF-8")?;
    let names = names.split_terminator('\0').filter(|name| root.join(name).is_file());
    names
        .map(|name| {
            let bytes =
                std::fs::read(root.join(name)).with_context(|| format!("reading `{name}`"))?;
            Ok(File { path: name.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned() })
        })
        .collect()
}

/// Every line of the file that breaks a rule.
#[must_use]
pub fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Cargo writes its own source address into the lock file.
    let generated = file.path == "Cargo.lock";
    for (number, line) in (1..).zip(file.text.lines()) {
        let rules = [
            names_a_machine_path(line).then_some("names a path of one machine"),
            (!generated && PACKAGE_HOSTS.iter().any(|host| line.contains(host)))
                .then_some("names a package host; the clients know theirs"),
            UNFINISHED.iter().any(|mark| has_word(line, mark)).then_some("is marked unfinished"),
            line.trim_start().starts_with(SWITCHED_OFF).then_some("switches a test off"),
        ];
        let place = format!("{}:{number}", file.path);
        findings.extend(rules.into_iter().flatten().map(|what| Finding::new(&place, what)));
    }
    let lines = file.text.lines().count();
    if file.path.ends_with(".rs") && lines > LINES_MAX {
        let what = format!("has {lines} lines; past {LINES_MAX} a file holds a second idea");
        findings.push(Finding::new(&file.path, what));
    }
    findings
}

fn names_a_machine_path(line: &str) -> bool {
    line.match_indices('/').any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + 1..).unwrap_or_default();
        let absolute = !before.is_some_and(|c| c.is_ascii_lowercase() || c == '.');
        absolute
            && MACHINE_FOLDERS
                .iter()
                .any(|name| after.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_path_of_one_machine_is_found_and_a_relative_one_is_not() {
        let machine = format!("cd /{}/isobar", "home");
        assert_eq!(found("a.md", &machine), ["a.md:1: names a path of one machine"]);
        assert_eq!(found("a.md", "see docs/work/plan and ./tmp/x"), [""; 0]);
    }

    #[test]
    fn a_package_host_is_found_outside_the_lock_file_of_cargo() {
        let line = format!("see https://{}", PACKAGE_HOSTS[0]);
        assert_eq!(found("a.md", &line).len(), 1);
        assert_eq!(found("Cargo.lock", &line), [""; 0]);
    }

    #[test]
    fn unfinished_work_is_found_as_a_word_only() {
        assert_eq!(found("a.rs", &format!("// {}: later", UNFINISHED[0])).len(), 1);
        assert_eq!(found("a.rs", &format!("// {}S", UNFINISHED[0])), [""; 0]);
    }

    #[test]
    fn a_test_that_is_switched_off_is_found() {
        assert_eq!(found("a.rs", &format!("    {SWITCHED_OFF}]")).len(), 1);
    }

    #[test]
    fn a_rust_file_past_the_limit_is_found_and_other_files_may_be_longer() {
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(found("a.rs", &long).len(), 1);
        assert_eq!(found("a.rs", &"x\n".repeat(LINES_MAX)), [""; 0]);
        assert_eq!(found("a.md", &long), [""; 0]);
    }
}

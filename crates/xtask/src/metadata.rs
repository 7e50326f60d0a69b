//! What `cargo metadata` says about the workspace and its dependencies.
//!
//! Only the fields that a rule asks for are read. [`Scope::Workspace`] needs no network and no
//! resolution; [`Scope::Resolved`] lists every package that this host builds. `cargo metadata`
//! alone would also name what only a feature that is off would bring, so `cargo tree` narrows it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The crates of this repository.
    Workspace,
    /// Also everything they depend on, on this host.
    Resolved,
}

/// The packages in scope.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// All of them, in cargo's order.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Its name, as in its manifest.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it was fetched from; absent for crates of this repository.
    pub source: Option<String>,
    /// Its licence expression (SPDX).
    pub license: Option<String>,
    /// What its manifest declares.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// The place of its manifest.
    pub manifest_path: PathBuf,
}

impl Package {
    /// Whether it belongs to this repository.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.source.is_none()
    }

    /// `name@version`, as `deny.toml` writes it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// One declared dependency.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// The name it is used by, where that differs.
    pub rename: Option<String>,
    /// Absent for normal dependencies.
    pub kind: Option<Kind>,
    /// Set for crates of this repository.
    pub path: Option<PathBuf>,
}

/// The kinds of dependency that are not normal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// For tests, examples and benches.
    Dev,
    /// For build scripts.
    Build,
}

/// Asks the cargo that built this crate.
///
/// # Errors
/// When cargo cannot be run, fails (its message is in the error), or answers something else.
pub fn load(root: &Path, scope: Scope) -> Result<Metadata> {
    let metadata = ["metadata", "--format-version", "1"];
    let host = host()?;
    match scope {
        Scope::Workspace => read(root, &[&metadata[..], &["--no-deps"]].concat()),
        Scope::Resolved => {
            let here = ["--locked", "--filter-platform", &host];
            let mut all = read(root, &[&metadata[..], &here].concat())?;
            let built = built(root)?;
            all.packages.retain(|package| built.contains(&package.full_name()));
            Ok(all)
        }
    }
}

fn read(root: &Path, arguments: &[&str]) -> Result<Metadata> {
    let text = cargo(root, arguments)?;
    serde_json::from_slice(&text).context("the answer of `cargo metadata` was not understood")
}

/// The packages that are really built here, as `name@version`.
fn built(root: &Path) -> Result<BTreeSet<String>> {
    let flags = ["tree", "--workspace", "--locked", "--edges", "normal,build,dev"];
    let text = cargo(root, &[&flags[..], &["--prefix", "none", "--format", "{p}"]].concat())?;
    let text = String::from_utf8(text)?;
    let names = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some(format!("{name}@{version}"))
    });
    Ok(names.collect())
}

fn host() -> Result<String> {
    let text = String::from_utf8(cargo(Path::new("."), &["-vV"])?)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`cargo -vV` names no host")?.to_owned())
}

fn cargo(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .with_context(|| format!("cannot run `cargo {}`", arguments.join(" ")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo {}` failed: {said}", arguments.join(" "));
    Ok(output.stdout)
}

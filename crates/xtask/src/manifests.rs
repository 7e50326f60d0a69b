//! What every manifest of the workspace must say, and nothing it declares in vain.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::Finding;
use crate::metadata::Package;

/// Checks one crate: lints inherited, no `clippy.toml` of its own, every dependency used.
///
/// # Errors
/// When the manifest or a source file cannot be read.
pub fn check(package: &Package) -> Result<Vec<Finding>> {
    let path = &package.manifest_path;
    let folder = path.parent().context("a manifest lies in a folder")?;
    let manifest = fs::read_to_string(path).with_context(|| format!("cannot read {path:?}"))?;
    let mut findings = Vec::new();
    if !inherits_lints(&manifest)? {
        findings.push(Finding::new(&package.name, "does not say `[lints] workspace = true`"));
    }
    if folder.join("clippy.toml").exists() {
        let what = "has a `clippy.toml` of its own, which silently replaces the root's";
        findings.push(Finding::new(&package.name, what));
    }
    let source = source(folder)?;
    for dependency in &package.dependencies {
        let name = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
        if !names(&source, &name) {
            let what = format!("declares `{}` and never names it", dependency.name);
            findings.push(Finding::new(&package.name, what));
        }
    }
    Ok(findings)
}

/// Versions that the root manifest states for nobody.
///
/// # Errors
/// When the root manifest is not TOML.
pub fn check_root(manifest: &str, packages: &[Package]) -> Result<Vec<Finding>> {
    let table: toml::Table = manifest.parse().context("the root manifest is TOML")?;
    let stated = table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let stated = stated.and_then(toml::Value::as_table).context("it states versions")?;
    let used = |name: &str| {
        packages.iter().flat_map(|package| &package.dependencies).any(|d| d.name == name)
    };
    let idle = stated.keys().filter(|name| !used(name));
    let found = idle.map(|name| {
        Finding::new("Cargo.toml", format!("states a version of `{name}`, which no crate uses"))
    });
    Ok(found.collect())
}

fn inherits_lints(manifest: &str) -> Result<bool> {
    let table: toml::Table = manifest.parse().context("a manifest is TOML")?;
    let lints = table.get("lints").and_then(|lints| lints.get("workspace"));
    Ok(lints.and_then(toml::Value::as_bool) == Some(true))
}

/// All Rust code below `folder`, without comments, as one text.
fn source(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {folder:?}"))? {
        let path = entry?.path();
        if path.is_dir() {
            text.push_str(&source(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file =
                fs::read_to_string(&path).with_context(|| format!("cannot read {path:?}"))?;
            let code = file.lines().filter(|line| !line.trim_start().starts_with("//"));
            text.extend(code.flat_map(|line| [line, "\n"]));
        }
    }
    Ok(text)
}

/// Whether the word stands in the code as a path's head: `name::…`, `use name`, or `extern`.
fn names(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        let after = code.get(at + name.len()..).unwrap_or_default();
        let stands_alone = !before.is_some_and(|c| is_word(c) || c == '.');
        let heads_a_path = after.starts_with("::") || after.starts_with(';');
        stands_alone && (heads_a_path || after.starts_with(" as "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_table_that_says_so_inherits_the_lints() {
        assert!(inherits_lints("[lints]\nworkspace = true").unwrap());
        assert!(!inherits_lints("[lints]\nworkspace = false").unwrap());
        assert!(!inherits_lints("[package]\nname = 'x'").unwrap());
    }

    #[test]
    fn a_version_that_is_stated_for_nobody_is_found() {
        let found = check_root("[workspace.dependencies]\nhex = '0.4'", &[]).unwrap();
        assert_eq!(found.len(), 1);
        assert!(check_root("[workspace]", &[]).is_err());
    }

    #[test]
    fn a_dependency_is_used_when_it_heads_a_path() {
        assert!(names("use http::Uri;", "http"));
        assert!(names("let x = hex::encode(b);", "hex"));
        assert!(!names("let url = url.parse();", "url"));
        assert!(!names("use my_http::Uri;", "http"));
        assert!(!names("self.http::<u8>()", "http"));
    }
}

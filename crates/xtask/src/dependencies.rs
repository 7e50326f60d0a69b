//! What may come into the dependency tree: `deny.toml` against `cargo metadata`.
//!
//! cargo-deny checks more (advisories above all), but takes longer to build than the product, so
//! the rules that matter on every change are held here, from the same file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Finding;
use crate::metadata::Metadata;
use crate::spdx;

/// The parts of `deny.toml` that are enforced here; the rest is cargo-deny's own.
#[derive(Debug, Deserialize)]
pub struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Entry>,
    skip: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

impl Rules {
    /// Reads the text of `deny.toml`.
    ///
    /// # Errors
    /// When it is not TOML, or an entry lacks its reason.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("`deny.toml` was not understood")
    }

    /// Dependencies whose licence is not allowed.
    #[must_use]
    pub fn licences(&self, metadata: &Metadata) -> Vec<Finding> {
        let others = metadata.packages.iter();
        let refused = others.filter(|package| {
            let licence = package.license.as_deref().unwrap_or_default();
            !spdx::is_met(licence, &self.licenses.allow)
        });
        refused
            .map(|package| {
                let licence = package.license.as_deref().unwrap_or("no licence");
                Finding::new(package.full_name(), format!("`{licence}` is not in `licenses.allow`"))
            })
            .collect()
    }

    /// Dependencies that are banned, and those that do not come from a registry.
    #[must_use]
    pub fn bans(&self, metadata: &Metadata) -> Vec<Finding> {
        let banned = metadata.packages.iter().filter_map(|package| {
            let entry = self.bans.deny.iter().find(|entry| entry.name == package.name)?;
            Some(Finding::new(package.full_name(), format!("is banned: {}", entry.reason)))
        });
        let foreign = metadata.packages.iter().filter_map(|package| {
            let source = package.source.as_deref()?;
            let registry = source.starts_with("registry+") || source.starts_with("sparse+");
            (!registry).then(|| Finding::new(package.full_name(), format!("comes from `{source}`")))
        });
        banned.chain(foreign).collect()
    }

    /// Direct dependencies that are in the tree in more than one version, and entries of
    /// `bans.skip` that excuse nothing.
    #[must_use]
    pub fn versions(&self, metadata: &Metadata) -> Vec<Finding> {
        let direct: BTreeSet<&str> = metadata
            .packages
            .iter()
            .filter(|package| package.is_ours())
            .flat_map(|package| &package.dependencies)
            .map(|dependency| dependency.name.as_str())
            .collect();
        let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for package in metadata.packages.iter().filter(|p| direct.contains(p.name.as_str())) {
            versions.entry(&package.name).or_default().insert(package.full_name());
        }
        let skip: BTreeSet<String> = self.bans.skip.iter().map(|e| e.name.clone()).collect();
        let doubled = versions.values().filter(|found| found.difference(&skip).count() > 1);
        let twice = doubled.flat_map(|found| {
            found.iter().map(|one| Finding::new(one, "is one of several versions in the tree"))
        });
        let excused: BTreeSet<&String> =
            versions.values().filter(|found| found.len() > 1).flatten().collect();
        let idle = skip.iter().filter(|name| !excused.contains(name));
        let idle = idle.map(|name| Finding::new("deny.toml", format!("skips `{name}` idly")));
        twice.chain(idle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rules(skip: &str) -> Rules {
        let text = format!(
            "[licenses]\nallow = ['MIT']\n[bans]\ndeny = [{{ crate = 'bad', reason = 'worse' }}]\n\
             skip = [{skip}]"
        );
        Rules::parse(&text).unwrap()
    }

    fn tree(packages: &[Value]) -> Metadata {
        let mut packages = packages.to_vec();
        packages.push(json!({"name": "ours", "version": "0.1.0", "license": "MIT",
            "manifest_path": "Cargo.toml", "dependencies": [{"name": "direct"}]}));
        serde_json::from_value(json!({ "packages": packages })).unwrap()
    }

    fn package(name: &str, version: &str) -> Value {
        json!({"name": name, "version": version, "license": "MIT", "manifest_path": "Cargo.toml",
               "source": "registry+somewhere"})
    }

    #[test]
    fn a_licence_outside_the_list_and_a_missing_one_are_found() {
        let mut copyleft = package("a", "1.0.0");
        copyleft["license"] = json!("AGPL-3.0");
        let mut bare = package("b", "1.0.0");
        bare["license"] = Value::Null;
        let found = rules("").licences(&tree(&[copyleft, bare, package("c", "1.0.0")]));
        let places: Vec<&str> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["a@1.0.0", "b@1.0.0"]);
    }

    #[test]
    fn a_banned_crate_and_one_from_a_git_repository_are_found() {
        let mut forked = package("fork", "1.0.0");
        forked["source"] = json!("git+somewhere");
        let found = rules("").bans(&tree(&[package("bad", "1.0.0"), forked]));
        let expected = [
            Finding::new("bad@1.0.0", "is banned: worse"),
            Finding::new("fork@1.0.0", "comes from `git+somewhere`"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn two_versions_of_a_direct_dependency_are_found_unless_one_is_skipped() {
        let tree = tree(&[
            package("direct", "1.0.0"),
            package("direct", "2.0.0"),
            package("deep", "1.0.0"),
            package("deep", "2.0.0"),
        ]);
        assert_eq!(rules("").versions(&tree).len(), 2);
        let skip = "{ crate = 'direct@1.0.0', reason = 'old friend' }";
        assert_eq!(rules(skip).versions(&tree), []);
    }

    #[test]
    fn an_entry_that_excuses_nothing_is_found() {
        let skip = "{ crate = 'direct@1.0.0', reason = 'long gone' }";
        let found = rules(skip).versions(&tree(&[package("direct", "1.0.0")]));
        assert_eq!(found, [Finding::new("deny.toml", "skips `direct@1.0.0` idly")]);
    }
}

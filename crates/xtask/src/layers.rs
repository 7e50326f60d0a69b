//! The arrows between crates: `layers.toml` against the manifests.
//!
//! The list is exact in both directions, so that it can be read as the architecture: an arrow that
//! is not listed is a finding, and a listed arrow that nobody uses is one too.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Finding;
use crate::metadata::{Kind, Metadata, Package};

/// The words that every crate may speak; an arrow to it is not listed.
const WORDS: &str = "vocab";
const FILE: &str = "layers.toml";

/// The parsed `layers.toml`; its header documents the format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layers {
    arrows: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    dev_arrows: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    pure: Pure,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pure {
    crates: BTreeSet<String>,
    never: BTreeSet<String>,
}

impl Layers {
    /// Reads the text of `layers.toml`.
    ///
    /// # Errors
    /// When it is not TOML or holds a key that the format does not know.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("`layers.toml` was not understood")
    }

    /// Every difference between the file and the manifests.
    #[must_use]
    pub fn compare(&self, metadata: &Metadata) -> Vec<Finding> {
        let ours: Vec<&Package> = metadata.packages.iter().filter(|p| p.is_ours()).collect();
        let mut findings = self.unlisted_and_unused(&ours, &self.arrows, Use::Product);
        findings.extend(self.unlisted_and_unused(&ours, &self.dev_arrows, Use::Tests));
        findings.extend(self.listing(&ours));
        findings.extend(ours.iter().flat_map(|package| self.impure(package)));
        findings
    }

    fn unlisted_and_unused(
        &self,
        ours: &[&Package],
        listed: &BTreeMap<String, BTreeSet<String>>,
        of: Use,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for package in ours {
            let mut used = arrows_of(package, of);
            if of == Use::Tests {
                // A crate that the product already uses needs no second arrow for its tests.
                used.retain(|to| !arrows_of(package, Use::Product).contains(to));
            }
            let allowed = listed.get(&package.name).cloned().unwrap_or_default();
            for to in used.difference(&allowed) {
                let what = format!("depends on `{to}`{}, which `{FILE}` does not allow", of.why());
                findings.push(Finding::new(&package.name, what));
            }
            for to in allowed.difference(&used) {
                let what =
                    format!("lists `{} -> {to}`{}, which nobody uses", package.name, of.why());
                findings.push(Finding::new(FILE, what));
            }
        }
        findings
    }

    fn listing(&self, ours: &[&Package]) -> Vec<Finding> {
        let crates: BTreeSet<&String> = ours.iter().map(|package| &package.name).collect();
        let listed: BTreeSet<&String> = self.arrows.keys().collect();
        let missing = crates.difference(&listed).map(|name| ("has no line under [arrows]", *name));
        let strange = listed
            .iter()
            .copied()
            .chain(self.dev_arrows.keys())
            .chain(&self.pure.crates)
            .filter(|name| !crates.contains(*name))
            .map(|name| ("is named but is no crate here", name));
        let all = missing.chain(strange);
        all.map(|(what, name)| Finding::new(FILE, format!("`{name}` {what}"))).collect()
    }

    fn impure(&self, package: &Package) -> Vec<Finding> {
        if !self.pure.crates.contains(&package.name) {
            return Vec::new();
        }
        let effects = package.dependencies.iter().filter(|d| self.pure.never.contains(&d.name));
        effects
            .map(|d| Finding::new(&package.name, format!("is pure and depends on `{}`", d.name)))
            .collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Product,
    Tests,
}

impl Use {
    const fn why(self) -> &'static str {
        match self {
            Self::Product => "",
            Self::Tests => " for its tests",
        }
    }
}

fn arrows_of(package: &Package, of: Use) -> BTreeSet<String> {
    let inside = package.dependencies.iter().filter(|d| d.path.is_some() && d.name != WORDS);
    inside
        .filter(|d| (d.kind == Some(Kind::Dev)) == (of == Use::Tests))
        .map(|d| d.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace(arrows: &[(&str, &str, Option<&str>)]) -> Metadata {
        let names: BTreeSet<&str> = arrows.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        let packages: Vec<_> = names
            .into_iter()
            .map(|name| {
                let dependencies: Vec<_> = arrows
                    .iter()
                    .filter(|(from, ..)| *from == name)
                    .map(|(_, to, kind)| json!({"name": to, "kind": kind, "path": "x"}))
                    .collect();
                json!({"name": name, "version": "0", "dependencies": dependencies,
                       "manifest_path": "Cargo.toml"})
            })
            .collect();
        serde_json::from_value(json!({ "packages": packages })).unwrap()
    }

    fn findings(layers: &str, arrows: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let layers = Layers::parse(layers).unwrap();
        layers.compare(&workspace(arrows)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn listed_arrows_that_are_used_are_fine() {
        let layers = "[arrows]\na = ['b']\nb = []\nvocab = []";
        assert_eq!(findings(layers, &[("a", "b", None), ("b", "vocab", None)]), [""; 0]);
    }

    #[test]
    fn an_arrow_that_is_not_listed_is_found() {
        let found = findings("[arrows]\na = []\nb = []", &[("a", "b", None)]);
        assert_eq!(found, ["a: depends on `b`, which `layers.toml` does not allow"]);
    }

    #[test]
    fn a_listed_arrow_that_nobody_uses_is_found() {
        let found = findings(
            "[arrows]\na = ['b', 'c']\nb = []\nc = []",
            &[("a", "b", None), ("c", "vocab", None)],
        );
        assert!(
            found.contains(&"layers.toml: lists `a -> c`, which nobody uses".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn an_arrow_for_tests_needs_its_own_line() {
        let arrows = [("a", "b", Some("dev"))];
        let found = findings("[arrows]\na = []\nb = []", &arrows);
        assert_eq!(found, ["a: depends on `b` for its tests, which `layers.toml` does not allow"]);
        assert_eq!(findings("[arrows]\na = []\nb = []\n[dev-arrows]\na = ['b']", &arrows), [""; 0]);
    }

    #[test]
    fn a_crate_without_a_line_and_a_line_without_a_crate_are_found() {
        let found = findings("[arrows]\na = ['b']\nghost = []", &[("a", "b", None)]);
        let expected = [
            "layers.toml: `b` has no line under [arrows]",
            "layers.toml: `ghost` is named but is no crate here",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_pure_crate_that_takes_an_effect_is_found() {
        let mut metadata = workspace(&[("a", "vocab", None)]);
        let tokio = json!({"name": "tokio", "kind": "dev"});
        metadata.packages[0].dependencies.push(serde_json::from_value(tokio).unwrap());
        let text = "[arrows]\na = []\nvocab = []\n[pure]\ncrates = ['a']\nnever = ['tokio']";
        let found = Layers::parse(text).unwrap().compare(&metadata);
        assert_eq!(found, [Finding::new("a", "is pure and depends on `tokio`")]);
    }

    #[test]
    fn a_misspelt_table_is_an_error() {
        assert!(Layers::parse("[arows]\na = []").is_err());
    }
}

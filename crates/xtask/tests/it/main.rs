//! The rules of the house, applied to this repository.
#![expect(clippy::unwrap_used, reason = "clippy lets tests unwrap, and not what they share")]

use std::fs;
use std::path::PathBuf;

use xtask::dependencies::Rules;
use xtask::layers::Layers;
use xtask::metadata::{self, Metadata, Scope};
use xtask::{Finding, links, manifests, tree};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn metadata(scope: Scope) -> Metadata {
    metadata::load(&root(), scope).unwrap()
}

fn rules() -> Rules {
    Rules::parse(&fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap()
}

fn assert_none(mut findings: Vec<Finding>) {
    findings.sort();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn arrows_between_crates_are_those_that_layers_toml_lists() {
    let layers = fs::read_to_string(root().join("layers.toml")).unwrap();
    assert_none(Layers::parse(&layers).unwrap().compare(&metadata(Scope::Workspace)));
}

#[test]
fn every_crate_inherits_the_lints_and_uses_what_it_declares() {
    let packages = metadata(Scope::Workspace).packages;
    assert_none(packages.iter().flat_map(|package| manifests::check(package).unwrap()).collect());
}

#[test]
fn every_version_that_the_root_states_is_used() {
    let root_manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let packages = metadata(Scope::Workspace).packages;
    assert_none(manifests::check_root(&root_manifest, &packages).unwrap());
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    assert_none(rules().licences(&metadata(Scope::Resolved)));
}

#[test]
fn no_banned_dependency_is_in_the_tree_and_all_come_from_a_registry() {
    assert_none(rules().bans(&metadata(Scope::Resolved)));
}

#[test]
fn every_direct_dependency_is_in_the_tree_once() {
    assert_none(rules().versions(&metadata(Scope::Resolved)));
}

#[test]
fn tracked_files_hold_no_machine_path_package_host_or_unfinished_work() {
    let files = tree::tracked(&root()).unwrap();
    assert!(files.len() > 20, "git lists only {} files", files.len());
    assert_none(files.iter().flat_map(tree::check).collect());
}

#[test]
fn relative_links_lead_to_tracked_files() {
    assert_none(links::check(&tree::tracked(&root()).unwrap()));
}

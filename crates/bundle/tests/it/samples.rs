//! The bundles that ship with the project.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bundle::Bundle;
use identity::mint;
use policy::{Decision, Facts, PolicyNeeds, Tier};
use tempfile::TempDir;
use vocab::RefusalCode;

use crate::tree::{plain, today};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sample as `isobar up` writes it out, and its two keys.
fn sample() -> (TempDir, [String; 2]) {
    let (strict, strict_hash) = mint("sample", "acme-strict", [1; 32]);
    let (lenient, lenient_hash) = mint("sample", "acme-lenient", [2; 32]);
    let dir = TempDir::new().unwrap();
    for entry in fs::read_dir(repository().join("crates/isobar/sample-bundle")).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        let text = text
            .replace("@STRICT_KEY_SHA256@", &strict_hash)
            .replace("@LENIENT_KEY_SHA256@", &lenient_hash);
        fs::write(dir.path().join(entry.file_name()), text).unwrap();
    }
    (dir, [strict, lenient])
}

fn load(dir: &Path) -> Bundle {
    bundle::load(dir, today()).unwrap_or_else(|report| panic!("{report}"))
}

/// What a key gets at a gateway: the routes with their tier and mechanism, or the refusal.
fn ask(
    bundle: &Bundle,
    key: &str,
    gateway: &str,
) -> Result<Vec<(String, Tier, Option<String>)>, vocab::Refusal> {
    let caller = bundle.keys.verify(Some(key), today()).unwrap();
    let facts = Facts {
        gateway: &gateway.parse().unwrap(),
        tenant: &caller.tenant,
        workload: caller.workload(None).unwrap(),
        model: &"chat-large".parse().unwrap(),
        origin: &caller.origin,
        needs: PolicyNeeds { function_tools: true, hosted_tools: &[] },
    };
    match bundle.policy.decide(&facts, today()) {
        Decision::Refuse(refusal) => Err(refusal),
        Decision::Permit(terms) => Ok(terms
            .routes()
            .iter()
            .map(|p| {
                (p.route.id.to_string(), p.tier, p.mechanism.as_ref().map(ToString::to_string))
            })
            .collect()),
    }
}

#[test]
fn the_sample_has_one_warning_which_is_the_lesson_about_expiry() {
    let (dir, _) = sample();
    let bundle = load(dir.path());
    let problems = plain(&bundle.report, dir.path());
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].contains("the certificate expired on 2025-02-28"), "{problems:#?}");
    assert_eq!((bundle.regions.len(), bundle.endpoints.len(), bundle.routes.len()), (3, 6, 13));
}

#[test]
fn the_strict_key_gets_the_four_european_routes_nearest_first_and_no_other() {
    let (dir, [strict, _]) = sample();
    let routes = ask(&load(dir.path()), &strict, "eu-west").unwrap();
    let expected = [
        ("openai-eu-west-large", Tier::SameRegion),
        ("anthropic-eu-west-large", Tier::SameRegion),
        ("openai-eu-central-large", Tier::SameJurisdiction),
        ("anthropic-eu-central-large", Tier::SameJurisdiction),
    ];
    assert_eq!(routes, expected.map(|(route, tier)| (route.to_owned(), tier, None)));
}

#[test]
fn the_american_gateway_sends_the_strict_key_to_the_european_entries() {
    let (dir, [strict, _]) = sample();
    let refusal = ask(&load(dir.path()), &strict, "us-east").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::GatewayOutsideResidency);
    assert_eq!(
        refusal.remedy,
        "send it to http://127.0.1.1:8080 (eu-west) or http://127.0.2.1:8080 (eu-central)"
    );
}

#[test]
fn the_lenient_key_may_cross_and_the_mechanism_is_named_only_where_it_does() {
    let (dir, [_, lenient]) = sample();
    let bundle = load(dir.path());
    let dpf = || Some("eu-us-dpf".to_owned());
    let home = ask(&bundle, &lenient, "eu-west").unwrap();
    let shown: Vec<_> =
        home.iter().map(|(_, tier, mechanism)| (*tier, mechanism.clone())).collect();
    assert_eq!(
        shown,
        [
            (Tier::SameRegion, None),
            (Tier::SameRegion, None),
            (Tier::SameJurisdiction, None),
            (Tier::SameJurisdiction, None),
            (Tier::CrossBorder, dpf()),
            (Tier::CrossBorder, dpf()),
        ]
    );
    let away = ask(&bundle, &lenient, "us-east").unwrap();
    assert_eq!(away[0], ("openai-us-east-large".to_owned(), Tier::SameRegion, dpf()));
    // The gateway itself is across the border, so every route is.
    assert!(away.iter().all(|(_, _, mechanism)| *mechanism == dpf()));
}

#[test]
fn the_example_with_own_servers_has_nothing_to_complain_about() {
    let dir = repository().join("examples/own-servers/bundle");
    let bundle = load(&dir);
    assert!(bundle.report.problems().is_empty(), "{}", bundle.report);
    assert_eq!(bundle.routes.len(), 2);
}

#[test]
fn the_digest_follows_the_content_and_not_the_place() {
    let (here, _) = sample();
    let (there, _) = sample();
    let digest = load(here.path()).digest;
    assert_eq!(digest.len(), 64);
    assert_eq!(digest, load(there.path()).digest);
    let path = there.path().join("models.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text + "# one more line\n").unwrap();
    assert_ne!(digest, load(there.path()).digest);
}

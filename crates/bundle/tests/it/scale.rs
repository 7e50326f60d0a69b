//! Tens of thousands of tenants, thousands of routes (Q2).

use std::{fmt::Write, fs};

use identity::mint;
use policy::{Decision, Facts, PolicyNeeds};

use crate::tree::{Tree, today};

const TENANTS: usize = 10_000;
const ROUTES: usize = 2_000;

fn large() -> Tree {
    let tree = Tree::sound();
    let certificate = fs::read_to_string(tree.path().join("certificates.yaml")).unwrap();
    let (mut models, mut routes) = (String::new(), String::new());
    let (mut certificates, mut tenants) = (String::new(), String::new());
    for n in 0..ROUTES {
        let model = n / 10;
        if n % 10 == 0 {
            writeln!(models, "- id: m{model}").unwrap();
        }
        let endpoint = if n % 2 == 0 { "one" } else { "two" };
        write!(
            routes,
            "- id: r{n}\n  model: m{model}\n  endpoint: {endpoint}\n  upstream_model: u\n"
        )
        .unwrap();
        let own = certificate.replace("id: c-one", &format!("id: c{n}"));
        certificates += &own.replace("[r-one, r-two]", &format!("[r{n}]"));
    }
    for n in 0..TENANTS {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&n.to_be_bytes());
        let (_, hash) = mint("x", "k", random);
        write!(tenants, "- id: t{n}\n  keys:\n    - id: k{n}\n      secret_sha256: {hash}\n      workloads: [desk]\n      origin: EU\n      models: [m0, m1]\n").unwrap();
    }
    for (name, text) in [
        ("models.yaml", models),
        ("routes.yaml", routes),
        ("certificates.yaml", certificates),
        ("tenants.yaml", tenants),
    ] {
        fs::write(tree.path().join(name), text).unwrap();
    }
    tree
}

#[test]
fn ten_thousand_tenants_and_two_thousand_routes_are_one_bundle() {
    let bundle = large().load().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!((bundle.keys.len(), bundle.routes.len()), (TENANTS, ROUTES));
    let mut random = [0; 32];
    random[..8].copy_from_slice(&9_999_usize.to_be_bytes());
    let (key, _) = mint("x", "k9999", random);
    let caller = bundle.keys.verify(Some(&key), today()).unwrap();
    let facts = Facts {
        gateway: &"eu-west".parse().unwrap(),
        tenant: &caller.tenant,
        workload: caller.workload(None).unwrap(),
        model: &"m199".parse().unwrap(),
        origin: &caller.origin,
        needs: PolicyNeeds::default(),
    };
    let Decision::Permit(terms) = bundle.policy.decide(&facts, today()) else { panic!("refused") };
    assert_eq!(terms.routes().len(), 10);
}

//! Every kind of mistake, told with file, line, column and remedy.

use bundle::{Severity, Style};

use crate::tree::{Tree, plain};

/// One mistake, and the one line that tells it.
struct Mistake {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    told: &'static str,
}

const fn mistake(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    told: &'static str,
) -> Mistake {
    Mistake { file, from, to, told }
}

const ONE_LINE_EACH: &[Mistake] = &[
    mistake(
        "bundle.yaml",
        "generation: 3",
        "generation: 0",
        "E bundle.yaml:3:13 generations start at 1 (write 1, and a larger number with each change)",
    ),
    mistake(
        "bundle.yaml",
        "generation: 3\n",
        "",
        "E bundle.yaml:1:1 a bundle needs the field `generation` (add a line `generation: ...`)",
    ),
    mistake(
        "bundle.yaml",
        "generation: 3",
        "generation: three",
        "E bundle.yaml:3:13 expected a whole number, 0 or more, found a text (write a whole number, 0 or more here)",
    ),
    mistake(
        "bundle.yaml",
        "2027-06-01",
        "2026-11-20",
        "E bundle.yaml:5:10 the bundle expired on 2026-11-20 (review it, then give it a later `expires` and a larger `generation`)",
    ),
    mistake(
        "bundle.yaml",
        "2027-06-01",
        "2026-12-01",
        "W bundle.yaml:5:10 the bundle expires on 2026-12-01 (review it, then give it a later `expires` and a larger `generation`)",
    ),
    mistake(
        "bundle.yaml",
        "issued: 2026-01-01",
        "issued: 2026-11-21",
        "W bundle.yaml:4:9 the bundle is issued on 2026-11-21, which has not come (check the date, and the clock of this machine)",
    ),
    mistake(
        "bundle.yaml",
        "deployment: small",
        "deployment: a/b",
        "E bundle.yaml:2:13 `a/b` is not a name for a deployment (use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit)",
    ),
    mistake(
        "bundle.yaml",
        "issued: 2026-01-01",
        "issued: yesterday",
        "E bundle.yaml:4:9 `yesterday` is not a time (write it as RFC 3339, e.g. `2027-01-31T00:00:00Z`, or a date, e.g. `2027-01-31`)",
    ),
    mistake(
        "regions.yaml",
        "jurisdiction: EU\n    entry: http://127.0.2.1:8080",
        "jurisdiction: EUU\n    entry: http://127.0.2.1:8080",
        "E regions.yaml:7:19 there is no jurisdiction `EUU` (did you mean `EU`?)",
    ),
    mistake(
        "regions.yaml",
        "127.0.2.1",
        "127.0.1.1",
        "E regions.yaml:8:12 regions `eu-west` and `eu-central` have the same entry (give each gateway an address of its own)",
    ),
    mistake(
        "regions.yaml",
        "http://127.0.2.1:8080",
        "http://127.0.2.1:8080/v1",
        "E regions.yaml:8:12 the entry is not the address of a gateway (write scheme, host and port and nothing more, e.g. `https://eu-west.ai.example.com`)",
    ),
    mistake(
        "regions.yaml",
        "[EU, US]",
        "[EU, US, EU]",
        "E regions.yaml:1:25 jurisdiction `EU` is declared twice (rename or remove one; the other is on line 1)",
    ),
    mistake(
        "endpoints.yaml",
        "region: eu-central",
        "region: eu-centrl",
        "E endpoints.yaml:9:11 there is no region `eu-centrl` (did you mean `eu-central`?)",
    ),
    mistake(
        "endpoints.yaml",
        "openai-compatible",
        "openai_compatible",
        "E endpoints.yaml:3:13 there is no provider kind `openai_compatible` (did you mean `openai-compatible`?)",
    ),
    mistake(
        "endpoints.yaml",
        "http://127.0.0.1:8000/v1",
        "ftp://host",
        "E endpoints.yaml:5:13 `base_url` `ftp://host` is not an http or https address with a host (write it in full, e.g. `https://api.openai.com/v1`)",
    ),
    mistake(
        "endpoints.yaml",
        "vendor: openai\n",
        "vendr: openai\n",
        "E endpoints.yaml:2:3 an endpoint has no field `vendr` (did you mean `vendor`?)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{env: sk-abc123}",
        "E endpoints.yaml:6:7 the endpoint's `credential.env` is not the name of an environment variable (write the variable's name, e.g. `OPENAI_API_KEY`, never the credential itself)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{file: a, env: B}",
        "E endpoints.yaml:11:16 a credential is found in exactly one way (write e.g. `credential: {env: NAME}`, `{file: PATH}` or `{aws_instance: {}}`)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{env_: NAME}",
        "E endpoints.yaml:6:7 there is no kind of credential `env_` (did you mean `env`?)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{sk-hunter2: x}",
        "E endpoints.yaml:6:7 there is no such kind of credential (write one of `env`, `file`, `aws`, `aws_web_identity`, `aws_instance`, `google_service_account`, `google_metadata`, `azure_client`, `azure_federated`)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "sk-hunter2",
        "E endpoints.yaml:6:7 expected where the credential is found, found a text (write `credential: {env: NAME}` or `credential: {file: PATH}`, never the credential itself)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{aws: {access_key_id: {env: ID}, secret_access_key: hunter2}}",
        "E endpoints.yaml:6:7 a secret of the endpoint's credential is not named by exactly one of `env` and `file` (write `{env: NAME}` or `{file: PATH}`, never the secret itself)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{aws_web_identity: {role_arn: gateway}}",
        "E endpoints.yaml:11:45 this is not the ARN of a role (write it in full, e.g. `arn:aws:iam::123456789012:role/gateway`)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{google_service_account: {}}",
        "E endpoints.yaml:11:40 a Google service account's key is found in exactly one of `file` and `env` (write `google_service_account: {file: PATH}` with the JSON file of the key)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{azure_client: {client_id: a, secret: {env: S}}}",
        "E endpoints.yaml:11:31 an Azure client needs the field `tenant` (add a line `tenant: ...`)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{azure_federated: {tenant: a/b}}",
        "E endpoints.yaml:11:42 the text has a character that cannot stand here (write the directory's id or one of its domains)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{azure_federated: {tokenfile: a}}",
        "E endpoints.yaml:11:34 an Azure federated credential has no field `tokenfile` (did you mean `token_file`?)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{google_metadata: {metadata_url: ftp://h}}",
        "E endpoints.yaml:11:48 an address of the endpoint's credential is not http or https with a host (write scheme, host, port and path, without user, query or fragment)",
    ),
    mistake(
        "endpoints.yaml",
        "{file: secrets/two}",
        "{aws_instance: {}}",
        "E endpoints.yaml:11:15 the credential is not of a kind that this endpoint takes (write a key, by `env` or `file`)",
    ),
    mistake(
        "models.yaml",
        "description: Chat.\n",
        "description: Chat.\n- id: chat\n",
        "E models.yaml:3:7 model `chat` is declared twice (rename or remove one; the other is on line 1)",
    ),
    mistake(
        "routes.yaml",
        "upstream_model: m\n",
        "upstream_model: m\n  lacks: [tools, imges]\n",
        "E routes.yaml:5:18 `imges` is not a word for this field (did you mean `images`?)",
    ),
    mistake(
        "routes.yaml",
        "upstream_model: m\n",
        "upstream_model: m\n  has: [tools]\n",
        "E routes.yaml:5:9 `tools` is not a word for this field (write one of `late_instructions`)",
    ),
    mistake(
        "routes.yaml",
        "upstream_model: m\n",
        "upstream_model: m\n  context_max: 0\n",
        "E routes.yaml:5:16 a limit of 0 tokens serves nothing (write the model's limit, or leave the line out; `weight: 0` shuts a route)",
    ),
    mistake(
        "routes.yaml",
        "upstream_model: m\n",
        "upstream_model: m\n  context: 8192\n",
        "E routes.yaml:5:3 a route has no field `context` (did you mean `context_max`?)",
    ),
    mistake(
        "routes.yaml",
        "upstream_model: m\n",
        "upstream_model: 4.1\n",
        "E routes.yaml:4:19 expected a text, found a number (put the value in quotes)",
    ),
    mistake(
        "routes.yaml",
        "upstream_model: m\n",
        "upstream_model: m\n  weight: 1001\n",
        "E routes.yaml:5:11 1001 is too large (write at most 1000)",
    ),
    mistake(
        "routes.yaml",
        "endpoint: two",
        "endpoint: tow",
        "E routes.yaml:7:13 there is no endpoint `tow` (did you mean `two`?)",
    ),
    mistake(
        "certificates.yaml",
        "reviewer: Bob",
        "reviewer: ' ann'",
        "E certificates.yaml:5:13 the reviewer is the owner (have another person review the certificate and name that person)",
    ),
    mistake(
        "certificates.yaml",
        "evidence: [paper]",
        "evidence: []",
        "E certificates.yaml:1:3 the certificate rests on no evidence (name at least one document, contract or test under `evidence`)",
    ),
    mistake(
        "certificates.yaml",
        "expires: 2027-06-01",
        "expires: 2025-06-01",
        "E certificates.yaml:8:12 `expires` is not later than `issued` (write a time after 2026-01-01)",
    ),
    mistake(
        "certificates.yaml",
        "expires: 2027-06-01",
        "expires: 2026-12-01",
        "W certificates.yaml:8:12 the certificate expires on 2026-12-01 (ask Ann to renew it: its routes serve nothing after that)",
    ),
    mistake(
        "certificates.yaml",
        "[r-one, r-two]",
        "[r-one, r-two, r-three]",
        "E certificates.yaml:2:26 there is no route `r-three` (declare it in routes.yaml)",
    ),
    mistake(
        "certificates.yaml",
        "storage_regions: []",
        "storage_regions: [us-west]",
        "E certificates.yaml:11:21 there is no region `us-west` (did you mean `eu-west`?)",
    ),
    mistake(
        "certificates.yaml",
        "state: active",
        "state: valid",
        "E certificates.yaml:3:10 `valid` is not a word for this field (write one of `active`, `suspended`, `draft`)",
    ),
    mistake(
        "certificates.yaml",
        "content: 0,",
        "content: long,",
        "E certificates.yaml:13:29 expected a whole number, 0 or more, found a text (write a whole number, 0 or more here)",
    ),
    mistake(
        "certificates.yaml",
        "training: false",
        "training: no",
        "E certificates.yaml:16:13 expected true or false, found a text (write `true` or `false`)",
    ),
    mistake(
        "workloads.yaml",
        "data_classes: [internal]",
        "data_classes: [internall]",
        "E workloads.yaml:2:18 `internall` is not a word for this field (did you mean `internal`?)",
    ),
    mistake(
        "workloads.yaml",
        "cross_border: reject",
        "cross_border: {mechanisms: [dpf]}",
        "E workloads.yaml:7:31 there is no transfer mechanism `dpf` (declare it in transfers.yaml)",
    ),
    mistake(
        "workloads.yaml",
        "cross_border: reject",
        "cross_border: allow",
        "E workloads.yaml:7:17 not a cross-border rule (write `reject`, or `{mechanisms: [NAME]}` with names from transfers.yaml)",
    ),
    mistake(
        "workloads.yaml",
        "processing: [EU]",
        "processing: [EU, US]",
        "W workloads.yaml:5:24 `US` has no effect for origin EU, because `cross_border` is `reject` (remove it, or name a transfer mechanism under `cross_border`)",
    ),
    mistake(
        "workloads.yaml",
        "  training_allowed: false\n",
        "",
        "E workloads.yaml:1:3 a workload needs the field `training_allowed` (add a line `training_allowed: ...`)",
    ),
    mistake(
        "workloads.yaml",
        "evidence: local\n",
        "evidence: local\n  limits: {total: 10}\n",
        "E workloads.yaml:18:19 expected a text, found a number (put the value in quotes)",
    ),
    mistake(
        "workloads.yaml",
        "evidence: local\n",
        "evidence: local\n  limits: {total: 1h}\n",
        "E workloads.yaml:18:19 `1h` is not a span of time (write a whole number and a unit: `500ms`, `10s`, `2m`)",
    ),
    mistake(
        "tenants.yaml",
        "secret_sha256: e3b0",
        "secret_sha256: ",
        "E tenants.yaml:4:22 not the SHA-256 of a key's secret (it is 64 hexadecimal digits, as `printf %s SECRET | sha256sum` prints them)",
    ),
    mistake(
        "tenants.yaml",
        "workloads: [desk]",
        "workloads: [dsk]",
        "E tenants.yaml:5:19 there is no workload `dsk` (did you mean `desk`?)",
    ),
    mistake(
        "tenants.yaml",
        "workloads: [desk]",
        "workloads: []",
        "E tenants.yaml:5:18 key `k1` may act for no workload (name at least one; the first is meant when a request names none)",
    ),
    mistake(
        "tenants.yaml",
        "origin: EU",
        "origin: US",
        "W tenants.yaml:5:19 workload `desk` has no residency rule for origin US, so every such request of key `k1` is refused (add a rule to the workload, or correct the key's `origin`)",
    ),
];

#[test]
fn the_sound_bundle_has_no_problem() {
    assert_eq!(Tree::sound().problems(), [""; 0]);
}

#[test]
fn every_mistake_is_told_in_one_line_with_its_place_and_remedy() {
    let wrong: Vec<_> = ONE_LINE_EACH
        .iter()
        .map(|m| (Tree::sound().with(m.file, m.from, m.to).problems(), m.told))
        .filter(|(problems, told)| problems.as_slice() != [*told])
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_unknown_provider_is_told_all_there_are() {
    let names: Vec<_> =
        provider::catalog().iter().map(|provider| format!("`{}`", provider.name())).collect();
    let tree = Tree::sound().with("endpoints.yaml", "openai-compatible", "telegraph");
    let told = format!(
        "E endpoints.yaml:3:13 there is no provider kind `telegraph` (write one of {})",
        names.join(", ")
    );
    assert_eq!(tree.problems(), [told]);
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once_in_order() {
    let tree = Tree::sound()
        .with("workloads.yaml", "evidence: local", "evidance: local\n  training: true")
        .with("certificates.yaml", "owner: Ann", "owner: Bob")
        .with("routes.yaml", "id: r-one", "id: r one")
        .with("bundle.yaml", "name: small\n", "");
    let problems = tree.problems();
    assert_eq!(
        problems,
        [
            "E bundle.yaml:1:1 a bundle needs the field `name` (add a line `name: ...`)",
            "E certificates.yaml:2:12 there is no route `r-one` (declare it in routes.yaml)",
            "E certificates.yaml:5:13 the reviewer is the owner (have another person review the certificate and name that person)",
            "E routes.yaml:1:7 `r one` is not a valid route name (use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit)",
            "E workloads.yaml:17:3 a workload has no field `evidance` (did you mean `evidence`?)",
            "E workloads.yaml:18:3 a workload has no field `training` (did you mean `training_allowed`?)",
        ]
    );
}

#[test]
fn an_active_certificate_with_open_statements_is_told_that_unknown_means_no() {
    let tree = Tree::sound()
        .with("certificates.yaml", "training: false", "training: unknown")
        .with("certificates.yaml", "  hosting: shared\n", "")
        .with("certificates.yaml", "cached: 0", "cached: unknown");
    let problems = tree.problems();
    assert!(
        problems[0].contains("says nothing about `hosting`, `training`, `cached`"),
        "{problems:#?}"
    );
    assert!(problems[1].contains("has no eligible route now for `chat`"), "{problems:#?}");
    let draft = tree.with("certificates.yaml", "state: active", "state: draft").problems();
    assert_eq!(draft.len(), 1, "a draft may be incomplete: {draft:#?}");
}

#[test]
fn a_chain_of_one_endpoint_and_a_chain_in_one_region_are_warned_of() {
    let alone = Tree::sound().with("certificates.yaml", "[r-one, r-two]", "[r-one]").problems();
    assert_eq!(
        alone,
        [
            "W workloads.yaml:1:7 workload `desk` from origin EU has one eligible endpoint, nothing to fail over to, for `chat` (see each route's reason with `isobar policy explain`)"
        ]
    );
    let together = Tree::sound().with("endpoints.yaml", "region: eu-central", "region: eu-west");
    let problems = together.problems();
    assert!(problems[0].contains("eligible routes in one region only for `chat`"), "{problems:#?}");
}

#[test]
fn two_keys_with_one_secret_are_an_error() {
    let more = "    - id: k2\n      secret_sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n      workloads: [desk]\n      origin: EU\n";
    let problems = Tree::sound().and("tenants.yaml", more).problems();
    assert_eq!(
        problems,
        [
            "E tenants.yaml:8:22 key `k2` has the secret of another key (make a new key; the other is on line 4)"
        ]
    );
}

#[test]
fn mechanisms_are_checked_like_everything_else() {
    let tree = Tree::sound();
    std::fs::write(
        tree.path().join("transfers.yaml"),
        "- id: dpf\n  kind: adequcy\n  from: EU\n  to: [EU, UK]\n  tenants: [acmee]\n  valid_from: 2026-01-01\n  valid_until: 2025-01-01\n  evidence: []\n",
    )
    .unwrap();
    assert_eq!(
        tree.problems(),
        ["E transfers.yaml:2:9 `adequcy` is not a word for this field (did you mean `adequacy`?)"]
    );
    let tree = tree.with("transfers.yaml", "adequcy", "adequacy");
    assert_eq!(
        tree.problems(),
        [
            "E transfers.yaml:1:7 the mechanism rests on no evidence (name at least one document under `evidence`)",
            "E transfers.yaml:4:8 the mechanism leads from EU to itself (a mechanism is needed only across a border; remove it from `to`)",
            "E transfers.yaml:4:12 there is no jurisdiction `UK` (declare it in regions.yaml)",
            "E transfers.yaml:5:13 there is no tenant `acmee` (did you mean `acme`?)",
            "E transfers.yaml:7:16 `valid_until` is not later than `valid_from` (write a time after 2026-01-01)",
        ]
    );
}

#[test]
fn the_plain_form_is_one_line_per_problem_with_the_path_as_given() {
    let tree = Tree::sound().with("routes.yaml", "endpoint: two", "endpoint: tow");
    let report = tree.load().unwrap_err();
    let path = tree.path().join("routes.yaml");
    assert_eq!(
        report.to_string(),
        format!("{}:7:13: error: there is no endpoint `tow` (did you mean `two`?)", path.display())
    );
    assert_eq!(report.errors().count(), 1);
    assert_eq!(report.problems()[0].severity, Severity::Error);
}

#[test]
fn the_drawn_form_shows_the_line_and_underlines_the_place() {
    let tree = Tree::sound().with("routes.yaml", "endpoint: two", "endpoint: tow").with(
        "bundle.yaml",
        "2027-06-01",
        "2026-12-01",
    );
    let report = tree.load().unwrap_err();
    let drawn = report.draw(Style { colour: false, width: 80 });
    let drawn = drawn.replace(&format!("{}/", tree.path().display()), "");
    insta::assert_snapshot!(drawn);
    assert_eq!(plain(&report, tree.path()).len(), 2);
}

#[test]
fn a_name_that_leaves_the_certified_place_is_a_mistake_and_one_without_a_place_is_told() {
    let bedrock = |model: &str| {
        Tree::sound()
            .with(
                "endpoints.yaml",
                "  provider: openai-compatible\n  region: eu-west\n  base_url: http://127.0.0.1:8000/v1\n",
                "  provider: bedrock\n  region: eu-west\n  aws_region: eu-west-1\n",
            )
            .with("routes.yaml", "endpoint: one\n  upstream_model: m", &format!("endpoint: one\n  upstream_model: \"{model}\""))
            .problems()
    };
    assert_eq!(bedrock("anthropic.claude-sonnet-4-v1:0"), Vec::<String>::new());
    assert_eq!(bedrock("eu.anthropic.claude-sonnet-4-v1:0"), Vec::<String>::new());
    assert_eq!(
        bedrock("us.anthropic.claude-sonnet-4-v1:0"),
        [
            "E certificates.yaml:2:12 prompts of route `r-one` may be processed anywhere in `us`, which is US, and the certificate says EU (correct the endpoint or the model name, or certify where they really go)"
        ]
    );
    let global = bedrock("global.anthropic.claude-sonnet-4-v1:0");
    assert!(
        global[0].starts_with("W ") && global[0].contains("anywhere in the world"),
        "{global:?}"
    );
}

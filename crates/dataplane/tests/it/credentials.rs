//! I3: credentials are obtained, renewed ahead of their end and rotated while requests run; without
//! one nothing is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bundle::SecretSource;
use dataplane::{Metrics, Preparing, Renewer, Secrets, SecretsError, Serving};
use journal::Entry;
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use simulator::{FaultKind, FaultSpec, Vendor};
use transport::{Client, ClientOptions, Env};

use crate::lab::{Lab, Setup, VendorSetup, error_500};

const ENTRA: &str = "  credential: {azure_client: {tenant: acme.example, client_id: gateway, secret: {env: SECRET}, authority_url: http://@SIMULATOR@/tokens}}";
const GOOGLE: &str = "  credential: {google_metadata: {metadata_url: http://@SIMULATOR@/tokens}}";
const KEY: &str = "  credential: {env: SECRET}";

/// The environment of the process, in the test's hand.
#[derive(Default)]
struct Variables(Mutex<HashMap<&'static str, &'static str>>);

impl Variables {
    fn set(&self, name: &'static str, value: &'static str) {
        self.0.lock().unwrap().insert(name, value);
    }
}

impl Secrets for Variables {
    fn read(&self, source: &SecretSource) -> Result<SecretString, SecretsError> {
        let name = match source {
            SecretSource::Env(name) => name.as_str(),
            SecretSource::File(path) => path.to_str().unwrap(),
        };
        let found = self.variable(name).map(SecretString::from);
        found.ok_or_else(|| SecretsError(format!("`{name}` is not set")))
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.0.lock().unwrap().get(name).map(|value| (*value).to_owned())
    }
}

/// A lab whose endpoints have this credential, and the task that looks after it.
async fn lab(
    credential: &'static str,
    key: Option<&'static str>,
) -> (Lab, Renewer, Arc<Variables>) {
    set_up(Setup { credential, key, ..Setup::default() }).await
}

async fn set_up(setup: Setup) -> (Lab, Renewer, Arc<Variables>) {
    let lab = Lab::with("eu-west", setup).await;
    let variables = Arc::new(Variables::default());
    let secrets = Arc::clone(&variables) as Arc<dyn Secrets>;
    let client = Client::new(ClientOptions::default()).unwrap();
    let renewer = Renewer::new(Arc::clone(&lab.gateway), secrets, client);
    (lab, renewer, variables)
}

async fn look(lab: &Lab, renewer: &Renewer) {
    renewer.look(&lab.gateway.serving()).await;
}

async fn status(lab: &Lab) -> u16 {
    lab.chat(&lab.strict, false).await.status().as_u16()
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent_and_the_caller_is_told_at_once() {
    let (lab, renewer, _) = lab(ENTRA, None).await;
    look(&lab, &renewer).await;
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.headers()["isobar-refusal"], "upstream_auth");
    assert_eq!(answer.headers()["x-should-retry"], "false");
    assert!(!answer.headers().contains_key("retry-after"));
    assert_eq!(lab.reached().await, Vec::<String>::new());
    assert_eq!(lab.log.words(), ["refusal upstream_auth"]);
}

#[tokio::test]
async fn a_token_is_obtained_and_kept_until_it_nears_its_end() {
    for (credential, secret) in [(ENTRA, "s3cret"), (GOOGLE, "")] {
        let (lab, renewer, variables) = lab(credential, None).await;
        variables.set("SECRET", secret);
        look(&lab, &renewer).await;
        assert_eq!(status(&lab).await, 200);
        let asked = |reached: Vec<String>| reached.iter().filter(|name| *name == "tokens").count();
        let first = asked(lab.reached().await);
        look(&lab, &renewer).await;
        assert_eq!(asked(lab.reached().await), first, "nothing is near its end");
        lab.clock.set("2027-01-15T08:49:00Z");
        look(&lab, &renewer).await;
        assert_eq!(asked(lab.reached().await), 2 * first, "each endpoint asked anew");
    }
}

#[tokio::test]
async fn a_token_that_is_not_renewed_is_used_to_its_end_and_not_beyond() {
    let (lab, renewer, variables) = lab(ENTRA, None).await;
    variables.set("SECRET", "s3cret");
    look(&lab, &renewer).await;
    lab.fault(&FaultSpec::new("tokens", error_500())).await;
    lab.clock.set("2027-01-15T08:50:00Z");
    look(&lab, &renewer).await;
    assert_eq!(status(&lab).await, 200, "the last token still lives");
    lab.clock.set("2027-01-15T09:00:01Z");
    look(&lab, &renewer).await;
    let before = lab.reached().await.len();
    assert_eq!(status(&lab).await, 502);
    assert_eq!(lab.reached().await.len(), before, "nothing was sent");
    lab.heal().await;
    lab.clock.set("2027-01-15T09:01:01Z");
    look(&lab, &renewer).await;
    assert_eq!(status(&lab).await, 200);
}

#[tokio::test]
async fn a_key_that_changes_is_in_use_without_a_restart() {
    let (lab, renewer, variables) = lab(KEY, Some("second")).await;
    variables.set("SECRET", "first");
    look(&lab, &renewer).await;
    assert_ne!(status(&lab).await, 200);
    variables.set("SECRET", "second");
    look(&lab, &renewer).await;
    assert_eq!(
        status(&lab).await,
        200,
        "the provider's refusals closed the routes, but not to this key"
    );
}

#[tokio::test]
async fn a_key_that_is_taken_away_stays_in_use() {
    let (lab, renewer, variables) = lab(KEY, Some("first")).await;
    variables.set("SECRET", "first");
    look(&lab, &renewer).await;
    variables.0.lock().unwrap().clear();
    look(&lab, &renewer).await;
    assert_eq!(status(&lab).await, 200);
}

#[tokio::test]
async fn how_long_a_credential_is_still_good_is_told_while_it_has_an_end() {
    let series = "isobar_credential_expires_seconds{endpoint=\"openai-eu-west\"}";
    let failures = "isobar_credential_failures_total{endpoint=\"openai-eu-west\"}";
    let (lab, renewer, variables) = lab(ENTRA, None).await;
    look(&lab, &renewer).await;
    assert_eq!(lab.metric(series).as_deref(), Some("0"));
    assert_eq!(lab.metric(failures).as_deref(), Some("1"));
    variables.set("SECRET", "s3cret");
    look(&lab, &renewer).await;
    assert_eq!(lab.metric(series).as_deref(), Some("3600"));
}

#[tokio::test]
async fn nothing_is_told_of_a_key_that_does_not_end() {
    let series = "isobar_credential_expires_seconds{endpoint=\"openai-eu-west\"}";
    let (lab, renewer, variables) = lab(KEY, None).await;
    look(&lab, &renewer).await;
    assert_eq!(lab.metric(series).as_deref(), Some("0"));
    variables.set("SECRET", "key");
    look(&lab, &renewer).await;
    assert_eq!(lab.metric(series), None);
}

#[tokio::test]
async fn a_newer_bundle_takes_credentials_over() {
    let (lab, renewer, variables) = lab(ENTRA, None).await;
    variables.set("SECRET", "s3cret");
    look(&lab, &renewer).await;
    let now = lab.gateway.now();
    let metrics = Metrics::register(&mut Registry::default());
    let env = Env::scripted(now, 1);
    let preparing = Preparing { metrics: &metrics, env: &env };
    let prepared = |before: Option<&Serving>| {
        let bundle = bundle::load(lab.dir.path(), now).unwrap();
        Serving::prepare(bundle, lab.gateway.region(), &preparing, before).unwrap()
    };
    let all = |serving: &Serving| serving.upstreams().all(|upstream| upstream.has_credential(now));
    assert!(all(&prepared(Some(&lab.gateway.serving()))));
    assert!(!all(&prepared(None)));
}

/// Puts the bundle in force with one endpoint's credential changed.
fn replace_one(lab: &Lab, from: &str, to: &str) -> Serving {
    let file = lab.dir.path().join("endpoints.yaml");
    let changed = std::fs::read_to_string(&file).unwrap().replacen(from, to, 1);
    std::fs::write(file, changed).unwrap();
    let metrics = Metrics::register(&mut Registry::default());
    let env = Env::scripted(lab.gateway.now(), 1);
    let preparing = Preparing { metrics: &metrics, env: &env };
    let bundle = bundle::load(lab.dir.path(), lab.gateway.now()).unwrap();
    Serving::prepare(bundle, lab.gateway.region(), &preparing, None).unwrap()
}

#[tokio::test]
async fn a_route_without_a_credential_is_passed_over_on_the_record() {
    let (lab, renewer, variables) = lab(KEY, None).await;
    variables.set("SECRET", "key");
    let serving = replace_one(&lab, "env: SECRET", "env: ANOTHER");
    renewer.look(&serving).await;
    lab.gateway.replace(serving).unwrap();
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["isobar-attempts"], "1");
    let entries = lab.log.entries.lock().unwrap();
    let passed_over = entries.iter().rev().find_map(|entry| match entry {
        Entry::Admission(admission) => Some(&admission.passed_over),
        _ => None,
    });
    let without: Vec<_> =
        passed_over.unwrap().iter().filter(|over| &*over.reason == "no_credential").collect();
    assert_eq!(without.len(), 1);
    assert_eq!(without[0].route.as_str(), "openai-eu-west-large");
}

#[tokio::test]
async fn a_silent_token_service_holds_up_nobody_elses_credential() {
    let (lab, renewer, variables) = lab(KEY, None).await;
    lab.fault(&FaultSpec::new("tokens", FaultKind::HangBeforeHeaders)).await;
    let simulator = lab.simulator.trim_start_matches("http://");
    let silent = GOOGLE.trim_start_matches("  credential: ").replace("@SIMULATOR@", simulator);
    lab.gateway.replace(replace_one(&lab, "{env: SECRET}", &silent)).unwrap();
    let serving = lab.gateway.serving();
    let others = || {
        let now = lab.gateway.now();
        serving.upstreams().filter(|upstream| upstream.has_credential(now)).count()
    };
    let meanwhile = async {
        while !lab.reached().await.iter().any(|name| name == "tokens") {
            tokio::task::yield_now().await;
        }
        variables.set("SECRET", "key");
        renewer.look(&serving).await;
        assert_eq!(others(), 5);
    };
    tokio::select! {
        biased;
        () = renewer.look(&serving) => panic!("a silent service answered"),
        () = meanwhile => {}
    }
    assert_eq!(status(&lab).await, 200);
}

const INSTANCE: &str = "  credential: {aws_instance: {metadata_url: http://@SIMULATOR@/tokens}}";

/// A lab whose every upstream is Bedrock, with its keys in place.
pub(crate) async fn bedrock(setup: Setup) -> Lab {
    let setup = Setup { credential: INSTANCE, vendor: Some(BEDROCK), ..setup };
    let (lab, renewer, _) = set_up(setup).await;
    // The simulator compares signatures with the machine's clock.
    lab.clock.set(&Env::real().now().to_string());
    look(&lab, &renewer).await;
    lab
}

const BEDROCK: VendorSetup = VendorSetup {
    vendor: Vendor::Bedrock,
    provider: "bedrock\n  aws_region: ca-central-1",
    location: "ca-central-1",
};

/// A token as a cluster issues it, good for a century. The simulator reads its claims.
const CLUSTER_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YWk6aXNvYmFyIiwiZXhwIjo0OTQ4MDAwMDAwfQ.c2lnbmVk";

#[tokio::test]
async fn keys_of_a_role_sign_what_bedrock_accepts() {
    let web_identity = "  credential: {aws_web_identity: {role_arn: \"arn:aws:iam::123456789012:role/gateway\", sts_url: http://@SIMULATOR@/tokens}}";
    for credential in [web_identity, INSTANCE] {
        let setup = Setup { credential, vendor: Some(BEDROCK), ..Setup::default() };
        let (lab, renewer, variables) = set_up(setup).await;
        variables.set("AWS_WEB_IDENTITY_TOKEN_FILE", "token");
        variables.set("token", CLUSTER_TOKEN);
        // The simulator compares signatures with the machine's clock.
        lab.clock.set(&Env::real().now().to_string());
        look(&lab, &renewer).await;
        assert_eq!(status(&lab).await, 200, "{credential}");
        assert_eq!(lab.log.outcome().attempts.len(), 1);
    }
}

#[tokio::test]
async fn a_metadata_servers_token_opens_vertex() {
    // In no jurisdiction of the sample, so that no certificate of it says the contrary.
    let location = "northamerica-northeast1";
    let provider = "vertex\n  project: acme\n  location: northamerica-northeast1";
    let vendor = VendorSetup { vendor: Vendor::Vertex, provider, location };
    let setup = Setup { credential: GOOGLE, vendor: Some(vendor), ..Setup::default() };
    let (lab, renewer, _) = set_up(setup).await;
    lab.clock.set(&Env::real().now().to_string());
    look(&lab, &renewer).await;
    assert_eq!(status(&lab).await, 200);
    assert_eq!(lab.log.outcome().attempts.len(), 1);
}

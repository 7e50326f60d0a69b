//! Recorded requests that their vendors answered: the simulator must not be stricter than reality.
//!
//! The recordings lie outside the repository. Signatures in them are real and so not the
//! simulator's; those requests must be refused for that reason and no other.

use std::fs;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use serde_json::Value;

use crate::client::{Reply, World, request};

/// Fewer recordings than this, and the folder is not what it should be.
const LEAST: usize = 60;

fn root() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let root = option_env!("ISOBAR_FIXTURES").map_or_else(beside, PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    println!("NOT RUN: no fixtures at {}; set ISOBAR_FIXTURES", root.display());
    None
}

/// Name, and each exchange that succeeded.
fn recordings(root: &Path) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let files = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.extension().is_some_and(|end| end == "json")) {
            let Ok(value) = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()) else {
                continue;
            };
            let exchanges = value["interactions"].as_array().cloned().unwrap_or_default();
            let good = |one: &Value| {
                one["response"]["status"] == 200
                    && one["request"]["method"] == "POST"
                    && one["request"]["json"].is_object()
            };
            let name = file.display().to_string();
            found.extend(exchanges.into_iter().filter(good).map(|one| (name.clone(), one)));
        }
    }
    found
}

/// Where in the simulated world an address leads.
fn endpoint(host: &str, path: &str) -> Option<&'static str> {
    match host {
        "api.openai.com" => Some("locked-openai"),
        "api.anthropic.com" => Some("locked-anthropic"),
        "api.mistral.ai" => Some("mistral"),
        _ if host.contains("azure") => Some("azure"),
        _ if host.starts_with("bedrock-runtime.") => Some("bedrock"),
        // Google imitates OpenAI there, which is not simulated.
        _ if path.contains("/openai/") => None,
        _ if host.ends_with("googleapis.com") => Some("vertex"),
        _ => None,
    }
}

async fn ask(world: &World, exchange: &Value) -> Option<Reply> {
    let url = exchange["request"]["url"].as_str().unwrap();
    let (host, path) = url.split_once("://").unwrap().1.split_once('/').unwrap();
    let path = path.split('#').next().unwrap();
    let endpoint = endpoint(host, path)?;
    let dated = endpoint == "azure" && !path.contains("api-version");
    let query = if dated { "?api-version=2024-10-21" } else { "" };
    let path = format!("/{endpoint}/{path}{query}");
    let mut asked = request("POST", &path, &exchange["request"]["json"]);
    asked.headers_mut().insert("authorization", HeaderValue::from_static("Bearer secret"));
    Some(world.send(asked).await.unwrap())
}

fn is_about_a_signature(reply: &Reply) -> bool {
    let text = reply.text();
    ["Invalid `signature`", "encrypted content", "Thought signature"]
        .iter()
        .any(|words| text.contains(words))
}

#[tokio::test]
async fn what_a_vendor_answered_is_not_refused() {
    let Some(root) = root() else { return };
    let world = World::start().await;
    let mut asked = 0;
    for (name, exchange) in recordings(&root) {
        let Some(reply) = ask(&world, &exchange).await else { continue };
        asked += 1;
        assert!(reply.status == 200 || is_about_a_signature(&reply), "{name}: {reply:?}");
    }
    assert!(asked >= LEAST, "only {asked} recordings were found in {}", root.display());
}

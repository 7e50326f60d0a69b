//! A public price list, what it has for a bundle, and the file that comes of it.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use bundle::{
    Bundle,
    pricelist::{Change, Import, MARK, PriceList, Wish, look_up, written},
};
use proptest::prelude::*;
use vocab::RouteId;

use crate::tree::Tree;

const LIST: &str = r#"{
    "sample_spec": {"input_cost_per_token": 1},
    "gpt-x": {"litellm_provider": "openai", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-06, "source": "https://example.com/prices",
        "regional_processing_uplift_multiplier_eu": 1.1},
    "gpt-old": {"litellm_provider": "openai", "input_cost_per_token": 3e-05, "output_cost_per_token": 6e-05},
    "gpt-y-2026-03-05": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
    "claude-x": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
        "cache_creation_input_token_cost": 3.75e-06, "cache_read_input_token_cost": 3e-07,
        "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05},
    "someone/gpt-x": {"litellm_provider": "someone", "input_cost_per_token": 9e-06, "output_cost_per_token": 9e-06},
    "image-x": {"litellm_provider": "openai", "output_cost_per_image": 0.04}
}"#;

/// A bundle with one route per address, vendor and upstream model.
fn tree(places: &[(&str, &str, &str)]) -> Tree {
    let tree = Tree::sound();
    let (mut endpoints, mut routes, mut names) = (String::new(), String::new(), Vec::new());
    for (n, (base_url, vendor, model)) in places.iter().enumerate() {
        endpoints += &format!(
            "- id: e-{n}\n  vendor: {vendor}\n  provider: openai-compatible\n  region: eu-west\n  base_url: {base_url}\n"
        );
        routes += &format!(
            "- id: r-{n}\n  model: chat\n  endpoint: e-{n}\n  upstream_model: \"{model}\"\n"
        );
        names.push(format!("r-{n}"));
    }
    fs::write(tree.path().join("endpoints.yaml"), endpoints).unwrap();
    fs::write(tree.path().join("routes.yaml"), routes).unwrap();
    // A draft: prices are looked up whatever is certified.
    tree.with("certificates.yaml", "[r-one, r-two]", &format!("[{}]", names.join(", "))).with(
        "certificates.yaml",
        "state: active",
        "state: draft",
    )
}

fn load(tree: &Tree) -> Bundle {
    tree.load().unwrap_or_else(|report| panic!("{report}"))
}

fn text(tree: &Tree) -> String {
    fs::read_to_string(tree.path().join("prices.yaml")).unwrap_or_default()
}

fn import_with(tree: &Tree, list: &str, as_of: &str, keys: &BTreeMap<RouteId, String>) -> Import {
    let (bundle, text) = (load(tree), text(tree));
    let as_of = as_of.parse().unwrap();
    let wish = Wish { bundle: &bundle, text: &text, list_name: "list", as_of, keys };
    look_up(&wish, &PriceList::parse(list).unwrap())
}

fn import(tree: &Tree, list: &str) -> Import {
    import_with(tree, list, "2026-11-20", &BTreeMap::new())
}

fn write(tree: &Tree, import: &Import) -> String {
    let out = written(&text(tree), import).unwrap();
    fs::write(tree.path().join("prices.yaml"), &out).unwrap();
    load(tree);
    out
}

/// `route key input×multiplier` of everything that was found.
fn shown(import: &Import) -> Vec<String> {
    let line = |found: &bundle::pricelist::Found| {
        let by = found.entry.multiplier.map_or(String::new(), |by| format!("x{by}"));
        let route = found.routes.first().unwrap();
        format!("{route} {} {}{by}", found.key, found.entry.listed.base.input)
    };
    import.found.iter().map(line).collect()
}

#[test]
fn a_model_is_found_under_its_sellers_name_and_its_place_adds_what_it_adds() {
    let tree = tree(&[
        ("https://api.openai.com/v1", "openai", "gpt-x"),
        ("https://eu.api.openai.com/v1", "openai", "gpt-x"),
        ("https://jp.api.openai.com/v1", "openai", "gpt-x"),
        ("https://eu.api.openai.com/v1", "openai", "gpt-old"),
        ("https://eu.api.openai.com/v1", "openai", "gpt-y-2026-03-05"),
        ("http://127.0.0.1:8000/v1", "someone", "gpt-x"),
        ("http://127.0.0.1:8000/v1", "own", "gpt-x"),
        ("https://api.openai.com/v1", "openai", "image-x"),
        ("https://api.openai.com/v1", "openai", "claude-x"),
    ]);
    let import = import(&tree, LIST);
    assert_eq!(
        shown(&import),
        [
            "r-0 gpt-x 2.5",
            "r-1 gpt-x 2.5x1.1",
            "r-2 gpt-x 2.5x1.1",
            "r-3 gpt-old 30",
            "r-4 gpt-y-2026-03-05 1x1.1",
            "r-5 someone/gpt-x 9",
        ]
    );
    assert!(import.found.iter().all(|found| found.change == Change::New));
    let missing: Vec<_> = import.missing.iter().map(|missing| missing.tried.clone()).collect();
    assert_eq!(
        missing,
        [
            vec![("own/gpt-x".to_owned(), None)],
            vec![("image-x".to_owned(), Some("it is not sold by the token".to_owned()))],
            vec![("claude-x".to_owned(), Some("that is the price at `anthropic`".to_owned()))],
        ]
    );
}

#[test]
fn a_key_that_people_name_is_taken_whoever_sells_it() {
    let tree = tree(&[("https://x.openai.azure.com/openai/v1", "openai", "my-deployment")]);
    assert_eq!(import(&tree, LIST).missing.len(), 1);
    let keys = BTreeMap::from([("r-0".parse().unwrap(), "gpt-x".to_owned())]);
    let import = import_with(&tree, LIST, "2026-11-20", &keys);
    assert_eq!(shown(&import), ["r-0 gpt-x 2.5"]);
}

#[test]
fn what_is_written_reads_back_the_same_and_the_second_time_changes_nothing() {
    let tree = tree(&[
        ("https://eu.api.openai.com/v1", "openai", "gpt-x"),
        ("http://127.0.0.1:8000/v1", "anthropic", "claude-x"),
    ]);
    let first = write(&tree, &import(&tree, LIST));
    let again = import(&tree, LIST);
    assert!(again.found.iter().all(|found| found.change == Change::Same), "{again:#?}");
    assert_eq!(write(&tree, &again), first);
    let report = load(&tree).report;
    assert!(report.problems().iter().all(|problem| !problem.file.ends_with("prices.yaml")));
    let block = "- model: \"claude-x\"\n  endpoint: \"e-1\"\n  input: \"3\"\n  cache_read: \"0.3\"\n  \
                 cache_write: \"3.75\"\n  output: \"15\"\n  long_context:\n    above: 200000\n    \
                 input: \"6\"\n    cache_read: \"0.3\"\n    cache_write: \"3.75\"\n    output: \"22.5\"\n  \
                 source: \"list: claude-x\"\n  as_of: 2026-11-20\n";
    assert!(first.ends_with(block), "{first}");
}

#[test]
fn a_changed_price_is_told_with_what_it_was() {
    let tree = tree(&[("https://api.openai.com/v1", "openai", "gpt-old")]);
    write(&tree, &import(&tree, LIST));
    let dearer = LIST.replace("3e-05", "4e-05");
    let import = import(&tree, &dearer);
    let Change::Was(before) = import.found[0].change else { panic!("{import:#?}") };
    assert_eq!(before.base.input.to_string(), "30");
    assert_eq!(import.found[0].entry.price.base.input.to_string(), "40");
}

#[test]
fn what_people_wrote_stays_byte_for_byte_and_holds() {
    let tree = tree(&[
        ("https://api.openai.com/v1", "openai", "gpt-x"),
        ("https://api.openai.com/v1", "openai", "gpt-old"),
    ]);
    let mine = "# Our contract.\n- model: gpt-x   # by hand\n  vendor: openai\n  input: 1\n  output: 2\n  source: contract\n  as_of: 2026-10-01\n";
    fs::write(tree.path().join("prices.yaml"), mine).unwrap();
    let first = import(&tree, LIST);
    assert_eq!((first.kept.len(), first.kept[0].line), (1, 2));
    assert_eq!(shown(&first), ["r-1 gpt-old 30"]);
    let out = write(&tree, &first);
    assert!(out.starts_with(&format!("{mine}{MARK}\n")), "{out}");
    let again = import(&tree, LIST);
    assert_eq!(write(&tree, &again), out);
    let price = load(&tree).prices.of(&"r-0".parse().unwrap()).unwrap();
    assert_eq!(price.base.input.to_string(), "1");
}

#[test]
fn an_empty_file_is_filled_and_one_in_another_style_is_left_alone() {
    let tree = tree(&[("https://api.openai.com/v1", "openai", "gpt-x")]);
    fs::write(tree.path().join("prices.yaml"), "# none yet\n[]\n").unwrap();
    let out = write(&tree, &import(&tree, LIST));
    assert!(out.starts_with("# none yet\n# ----"), "{out}");
    let flow = "[{model: a, vendor: openai, input: 1, output: 1, source: x, as_of: 2026-11-01}]\n";
    fs::write(tree.path().join("prices.yaml"), flow).unwrap();
    let error = written(flow, &import(&tree, LIST)).unwrap_err().to_string();
    assert!(error.contains("each beginning with `- `"), "{error}");
}

#[test]
fn a_model_that_left_the_list_keeps_its_price_and_one_that_left_the_bundle_does_not() {
    let tree = tree(&[
        ("https://api.openai.com/v1", "openai", "gpt-x"),
        ("https://api.openai.com/v1", "openai", "gpt-old"),
    ]);
    write(&tree, &import(&tree, LIST));
    let gone = LIST.replace("\"gpt-old\"", "\"gpt-older\"");
    let next = import_with(&tree, &gone, "2026-11-19", &BTreeMap::new());
    assert_eq!(next.missing[0].earlier.as_ref().unwrap().as_of, "2026-11-20".parse().unwrap());
    let out = write(&tree, &next);
    assert!(out.contains("gpt-old\"") && out.contains("as_of: 2026-11-19"), "{out}");
    let tree = tree.with("routes.yaml", "upstream_model: \"gpt-old\"", "upstream_model: \"gpt-x\"");
    let last = import(&tree, LIST);
    assert_eq!(last.removed.len(), 1);
    assert!(!write(&tree, &last).contains("gpt-old"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_name_and_any_price_are_written_so_that_they_read_back_the_same(
        model in "[^\\p{C}]{0,12}[a-z:#@\"'\\\\/{}\\[\\]&*!|>%`-]{1,6}",
        micros in prop::array::uniform6(0..10_000_000_000_u64),
        above in 1..2_000_u64,
    ) {
        let [input, output, cache_read, cache_write, long_input, long_output] =
            micros.map(|micros| format!("{micros}e-12"));
        let list = format!(
            r#"{{{}: {{"input_cost_per_token": {input}, "output_cost_per_token": {output},
                "cache_read_input_token_cost": {cache_read},
                "cache_creation_input_token_cost": {cache_write},
                "input_cost_per_token_above_{above}k_tokens": {long_input},
                "output_cost_per_token_above_{above}k_tokens": {long_output}}}}}"#,
            serde_json::Value::from(format!("own/{model}")),
        );
        let quoted = serde_json::Value::from(model).to_string();
        let tree = tree(&[("http://127.0.0.1/v1", "own", "m")])
            .with("routes.yaml", "upstream_model: \"m\"", &format!("upstream_model: {quoted}"));
        let first = import(&tree, &list);
        prop_assert_eq!(first.found.len(), 1);
        write(&tree, &first);
        let read = load(&tree).prices.of(&"r-0".parse().unwrap());
        prop_assert_eq!(read, Some(first.found[0].entry.price));
        prop_assert_eq!(import(&tree, &list).found[0].change, Change::Same);
    }

    #[test]
    fn a_damaged_list_is_read_or_refused(
        start in 0..LIST.len(),
        gone in 0..20_usize,
        come in "[\\[\\]{}:,\"0-9eE.+n-]{0,4}",
    ) {
        let end = (start + gone).min(LIST.len());
        let damaged = format!("{}{come}{}", &LIST[..start], &LIST[end..]);
        let Ok(list) = PriceList::parse(&damaged) else { return Ok(()) };
        let tree = tree(&[
            ("https://eu.api.openai.com/v1", "openai", "gpt-x"),
            ("http://127.0.0.1/v1", "anthropic", "claude-x"),
        ]);
        let bundle = load(&tree);
        let (as_of, keys) = ("2026-11-20".parse().unwrap(), BTreeMap::new());
        let wish = Wish { bundle: &bundle, text: "", list_name: "list", as_of, keys: &keys };
        let import = look_up(&wish, &list);
        prop_assert_eq!(import.found.len() + import.missing.len(), 2);
        prop_assert!(written("", &import).is_ok());
    }
}

fn public_list() -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let fixtures = option_env!("ISOBAR_FIXTURES").map_or_else(beside, PathBuf::from);
    let file = fixtures.join("specs/pricing.litellm.model_prices_and_context_window.json.gz");
    let Ok(packed) = fs::File::open(&file) else {
        eprintln!("NOT CHECKED: no public price list at {} (set ISOBAR_FIXTURES)", file.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn the_public_list_has_the_models_of_every_seller_where_they_are_looked_for() {
    let Some(list) = public_list() else { return };
    let tree = tree(&[
        ("https://api.openai.com/v1", "openai", "gpt-4o-mini"),
        ("https://eu.api.openai.com/v1", "openai", "gpt-5.4"),
        ("https://eu.api.openai.com/v1", "openai", "gpt-4o-mini"),
        ("http://127.0.0.1/v1", "anthropic", "claude-sonnet-4-5"),
        ("http://127.0.0.1/v1", "bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (
            "http://127.0.0.1/v1",
            "bedrock",
            "arn:aws:bedrock:eu-west-1:1:inference-profile/global.anthropic.claude-opus-5",
        ),
        (
            "https://europe-west4-aiplatform.googleapis.com/v1",
            "google",
            "claude-sonnet-4-5@20250929",
        ),
        ("http://127.0.0.1/v1", "vertex", "gemini-2.5-pro"),
        ("http://127.0.0.1/v1", "gemini", "gemini-2.5-flash"),
        ("https://api.mistral.ai/v1", "mistral", "mistral-large-latest"),
        ("http://127.0.0.1/v1", "azure", "gpt-4o"),
        ("http://127.0.0.1/v1", "deepinfra", "Qwen/Qwen3-32B"),
    ]);
    let import = import(&tree, &list);
    assert!(import.missing.is_empty(), "{:#?}", import.missing);
    let found: Vec<_> = shown(&import);
    for line in [
        "r-0 gpt-4o-mini 0.15",
        "r-2 gpt-4o-mini 0.15",
        "r-3 claude-sonnet-4-5 3",
        "r-4 eu.anthropic.claude-sonnet-4-5-20250929-v1:0 3.3",
        "r-6 vertex_ai/claude-sonnet-4-5@20250929 3x1.1",
        "r-7 gemini-2.5-pro 1.25",
        "r-9 mistral/mistral-large-latest 0.5",
    ] {
        assert!(found.iter().any(|shown| shown == line), "{line}: {found:#?}");
    }
    assert!(found.iter().any(|shown| shown.starts_with("r-1 gpt-5.4 ") && shown.ends_with("x1.1")));
    write(&tree, &import);
}

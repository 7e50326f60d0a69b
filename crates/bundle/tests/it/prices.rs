//! `prices.yaml`: which entry holds, what is told about it, and that nobody needs one.

use std::fs;

use vocab::{MicroUsd, Usage};

use crate::tree::Tree;

fn tree(prices: &str) -> Tree {
    let tree = Tree::sound();
    fs::write(tree.path().join("prices.yaml"), prices).unwrap();
    tree
}

/// An entry for the model `m` with a scope and one figure by which it is told from the others.
fn entry(scope: &str, input: u32) -> String {
    format!(
        "- model: m\n  {scope}\n  input: {input}\n  output: 0\n  source: paper\n  as_of: 2026-11-01\n"
    )
}

/// What a million prompt tokens cost on each of the two routes, in dollars.
fn dollars(tree: &Tree) -> [Option<i64>; 2] {
    let bundle = tree.load().unwrap_or_else(|report| panic!("{report}"));
    let usage = Usage { input: Some(1_000_000), output: Some(0), ..Usage::default() };
    ["r-one", "r-two"].map(|route| {
        let cost = bundle.prices.of(&route.parse().unwrap())?.cost(&usage);
        cost.map(|MicroUsd(micros)| micros / 1_000_000)
    })
}

#[test]
fn a_bundle_without_prices_says_nothing_about_them_and_is_asked_nothing() {
    let bundle = Tree::sound().load().unwrap();
    assert!(!bundle.prices.stated() && bundle.prices.entries().is_empty());
    assert!(bundle.report.problems().is_empty());
}

#[test]
fn the_digest_of_a_bundle_covers_its_prices() {
    let digest = |tree: Tree| tree.load().unwrap().digest;
    let plain = digest(Tree::sound());
    let priced = digest(tree(&entry("vendor: openai", 1)));
    assert_ne!(plain, priced);
    assert_ne!(priced, digest(tree(&entry("vendor: openai", 2))));
}

#[test]
fn the_entry_that_names_endpoint_then_region_then_vendor_then_kind_wins_in_any_order() {
    let mut entries = [
        entry("provider: openai-compatible", 1),
        entry("vendor: openai", 2),
        entry("vendor: openai\n  provider: openai-compatible", 3),
        entry("region: eu-central\n  provider: openai-compatible", 4),
        entry("region: eu-central\n  vendor: openai", 5),
        entry("endpoint: two", 6),
    ];
    for held in [[3, 6], [3, 5], [3, 4], [3, 3], [2, 2], [1, 1]] {
        let count = entries.len() - usize::try_from(6 - held[1].max(held[0])).unwrap();
        let left = &mut entries[..count];
        assert_eq!(dollars(&tree(&left.concat())), held.map(Some));
        left.reverse();
        assert_eq!(dollars(&tree(&left.concat())), held.map(Some));
        left.reverse();
    }
}

#[test]
fn exact_decimals_a_multiplier_and_long_prompts_make_the_price() {
    let text = "- model: m\n  vendor: openai\n  currency: USD\n  input: \"2.5\"\n  cache_read: \"1.25\"\n  \
                output: 10\n  long_context:\n    above: 1000\n    input: \"5\"\n    output: \"15\"\n  \
                multiplier: \"1.1\"\n  source: a page\n  as_of: 2026-11-01\n";
    let bundle = tree(text).load().unwrap();
    let entry = bundle.prices.entry(&"r-one".parse().unwrap()).unwrap();
    assert_eq!((entry.source.as_str(), entry.line), ("a page", 1));
    let base = entry.price.base;
    let shown = [base.input, base.cache_read, base.cache_write, base.output, base.reasoning];
    assert_eq!(shown.map(|rate| rate.to_string()), ["2.75", "1.375", "2.75", "11", "11"]);
    let long = entry.price.long.unwrap();
    assert_eq!(long.above, 1_000);
    assert_eq!(
        (long.rates.input.to_string(), long.rates.cache_read.to_string()),
        ("5.5".into(), "5.5".into())
    );
    assert_eq!(entry.listed.base.input.to_string(), "2.5");
}

#[test]
fn routes_without_a_price_are_a_warning_and_never_an_error() {
    let problems = tree(&entry("endpoint: one", 1)).problems();
    assert_eq!(
        problems,
        [
            "W prices.yaml:0:0 there is no price for `r-two`, so its cost is not on record (look it up with `isobar prices import`, or write it; what costs nothing has the price 0)"
        ]
    );
    let problems = tree("[]\n").problems();
    assert!(problems[0].contains("no price for `r-one`, `r-two`"), "{problems:?}");
}

#[test]
fn prices_that_are_old_or_of_a_day_to_come_are_a_warning() {
    for (as_of, told) in [
        (
            "2025-11-19",
            "W prices.yaml:1:10 the price of `m` is of 2025-11-19, more than a year ago (look it up again, e.g. with `isobar prices import`, and correct `as_of`)",
        ),
        (
            "2026-11-21",
            "W prices.yaml:1:10 the price of `m` is of 2026-11-21, which has not come (check `as_of`, and the clock of this machine)",
        ),
    ] {
        let text = entry("vendor: openai", 1).replace("2026-11-01", as_of);
        assert_eq!(tree(&text).problems(), [told]);
    }
    let year = entry("vendor: openai", 1).replace("2026-11-01", "2025-11-20");
    assert!(tree(&year).problems().is_empty());
}

#[test]
fn every_mistake_in_a_price_is_told_with_its_place_and_remedy() {
    let sound = entry("vendor: openai", 1);
    for (from, to, told) in [
        (
            "input: 1",
            "input: 0.15",
            "E prices.yaml:3:10 a price with a fraction is written as a text, so that it is read exactly (put it in quotes, e.g. `\"0.15\"`, in dollars per million tokens)",
        ),
        (
            "input: 1",
            "input: \"-1\"",
            "E prices.yaml:3:10 `-1` is not a price (write dollars as a decimal number, e.g. `\"0.15\"`)",
        ),
        (
            "input: 1",
            "input: \"0.0000001\"",
            "E prices.yaml:3:10 `0.0000001` is finer than a millionth of a dollar (write at most six digits after the point)",
        ),
        (
            "input: 1",
            "input: 2000000",
            "E prices.yaml:3:10 `2000000` is more than a dollar per token (write dollars per million tokens)",
        ),
        (
            "  input: 1\n",
            "",
            "E prices.yaml:1:3 a price needs the field `input` (add a line `input: ...`)",
        ),
        (
            "input: 1",
            "input: 1\n  cashe_read: 1",
            "E prices.yaml:4:3 a price has no field `cashe_read` (did you mean `cache_read`?)",
        ),
        (
            "input: 1",
            "input: 1\n  currency: EUR",
            "E prices.yaml:4:13 `EUR` is not a word for this field (write one of `USD`)",
        ),
        (
            "input: 1",
            "input: 1\n  multiplier: \"0\"",
            "E prices.yaml:4:15 `0` is not a multiplier (write a decimal number from 0.001 to 100 with at most three digits after the point, e.g. `\"1.1\"`)",
        ),
        (
            "input: 1",
            "input: 1000000\n  multiplier: \"1.1\"",
            "E prices.yaml:4:15 times 1.1 the price is more than a dollar per token (correct the price, or the multiplier; 1 changes nothing)",
        ),
        (
            "input: 1",
            "input: 1\n  long_context: {input: 1, output: 1}",
            "E prices.yaml:4:18 a price for long prompts needs the field `above` (add a line `above: ...`)",
        ),
        (
            "as_of: 2026-11-01",
            "as_of: soon",
            "E prices.yaml:6:10 `soon` is not a time (write it as RFC 3339, e.g. `2027-01-31T00:00:00Z`, or a date, e.g. `2027-01-31`)",
        ),
        (
            "  vendor: openai\n",
            "",
            "E prices.yaml:1:10 the price of `m` does not say whose it is (add `endpoint`, `vendor` or `provider`)",
        ),
        (
            "vendor: openai",
            "endpoint: oen",
            "E prices.yaml:2:13 there is no endpoint `oen` (did you mean `one`?)",
        ),
        (
            "vendor: openai",
            "vendor: openai\n  region: eu-weast",
            "E prices.yaml:3:11 there is no region `eu-weast` (did you mean `eu-west`?)",
        ),
        (
            "vendor: openai",
            "vendor: opnai",
            "W prices.yaml:2:11 no endpoint has the vendor `opnai` (did you mean `openai`?)",
        ),
    ] {
        assert!(sound.contains(from), "{from}");
        let problems = tree(&sound.replace(from, to)).problems();
        assert!(problems.iter().any(|problem| problem == told), "{to}: {problems:#?}");
        assert!(
            problems.iter().filter(|problem| problem.starts_with('E')).count() <= 1,
            "{problems:#?}"
        );
    }
    let twice = tree(&[sound.clone(), sound].concat()).problems();
    assert_eq!(
        twice,
        [
            "E prices.yaml:7:10 there are two prices of `m` for the same routes (remove one; the other is on line 1)"
        ]
    );
}

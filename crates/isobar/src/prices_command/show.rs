//! `isobar prices show`: a table by route.

use bundle::PriceEntry;
use serde_json::{Value, json};

use super::{COLUMNS, cells, day, open, price_json, table};
use crate::{
    Verdict,
    cli::{BundleAt, Output},
    print,
};

/// Shows what each route costs.
pub(super) fn run(at: &BundleAt, output: Output) -> anyhow::Result<Verdict> {
    let (dir, bundle) = open(at)?;
    let routes = bundle.routes.iter().map(|route| (route, bundle.prices.entry(&route.id)));
    if output == Output::Json {
        let shown: Vec<Value> = routes
            .map(|(route, entry)| {
                json!({
                    "route": route.id,
                    "model": route.model,
                    "endpoint": route.endpoint,
                    "upstream_model": route.upstream_model,
                    "price": entry.map(|entry| price_json(&entry.price)),
                    "multiplier": entry.and_then(|entry| entry.multiplier).map(|by| by.to_string()),
                    "source": entry.map(|entry| &entry.source),
                    "as_of": entry.map(|entry| day(entry.as_of)),
                    "line": entry.map(|entry| entry.line),
                })
            })
            .collect();
        print::json(&json!({"generation": bundle.generation, "routes": shown}))?;
        return Ok(Verdict::Good);
    }
    let mut rows = Vec::new();
    for (route, entry) in routes {
        let name = vec![route.id.to_string(), route.upstream_model.clone()];
        match entry {
            Some(entry) => rows.extend(priced(name, entry)),
            None => rows.push([name, vec!["unknown".to_owned()]].concat()),
        }
    }
    print::line(format_args!("US dollars per million tokens, surcharges included\n"));
    let head = [&["route", "upstream model"], COLUMNS.as_slice(), &["as of", "source"]].concat();
    table(&head, &rows);
    if !bundle.prices.stated() {
        print::line(format_args!(
            "\n{} has no prices.yaml: no cost is on record; `isobar prices import --list FILE --write` makes one",
            dir.display()
        ));
    }
    Ok(Verdict::Good)
}

/// One line, and one more for long prompts.
fn priced(name: Vec<String>, entry: &PriceEntry) -> Vec<Vec<String>> {
    let from = vec![day(entry.as_of), entry.source.clone()];
    let mut rows = vec![[name, cells(&entry.price.base).to_vec(), from].concat()];
    if let Some(long) = &entry.price.long {
        let about = vec![String::new(), format!("prompts above {}", long.above)];
        rows.push([about, cells(&long.rates).to_vec()].concat());
    }
    rows
}

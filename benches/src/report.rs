//! Everything that was measured, as JSON, for those who want to compare runs.

use anyhow::Result;
use serde_json::{Value, json};

use crate::figures::{self, Figure, Limit, Spread};
use crate::results::{Measured, Results};
use crate::row::RowName;

/// One JSON object: circumstances, the figures of the table, and every single measurement.
pub(crate) fn json(results: &Results) -> Result<String> {
    let options = &results.options;
    let context = &results.context;
    let report = json!({
        "options": {
            "seconds": options.seconds,
            "rounds": options.rounds,
            "rate": options.rate,
            "connections": options.connections,
        },
        "context": {
            "processor": context.processor,
            "cores": context.cores,
            "kernel": context.kernel,
            "nginx": context.nginx,
            "sync_us": context.sync_us,
        },
        "failed": results.failed(),
        "figures": figures::all(results).iter().map(figure).collect::<Vec<_>>(),
        "measured": results.measured.iter().map(measured).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn figure(figure: &Figure) -> Value {
    let rows: serde_json::Map<String, Value> = RowName::ALL
        .into_iter()
        .zip(figure.cells)
        .map(|(row, cell)| (row.as_str().to_owned(), spread(cell)))
        .collect();
    let limit = figure.limit.map(|limit| match limit {
        Limit::RatioMax(max) => json!({ "ratio_max": max, "met": figure.met() }),
        Limit::ValueMax(max) => json!({ "value_max": max, "met": figure.met() }),
    });
    json!({
        "title": figure.title,
        "unit": figure.unit,
        "rows": rows,
        "ratio": spread(figure.ratio),
        "limit": limit,
    })
}

fn spread(spread: Option<Spread>) -> Value {
    spread.map_or(
        Value::Null,
        |Spread { median, min, max }| json!({ "median": median, "min": min, "max": max }),
    )
}

fn measured(measured: &Measured) -> Value {
    json!({
        "row": measured.row.as_str(),
        "load": measured.phase.name(),
        "round": measured.round,
        "seconds": measured.seconds,
        "answers": measured.answers,
        "events": measured.events,
        "failed": measured.failed,
        "fault": measured.fault,
        "cpu_us": measured.cpu_us,
        "generator_us": measured.generator_us,
        "upstream_us": measured.upstream_us,
        "others": measured.others,
        "whole_us": { "p50": measured.whole_us[0], "p99": measured.whole_us[1] },
        "first_us": { "p50": measured.first_us[0], "p99": measured.first_us[1] },
    })
}

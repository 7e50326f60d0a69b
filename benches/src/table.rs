//! The one table, as text.

use std::fmt::Write as _;

use crate::figures::{self, Figure, Limit, Spread};
use crate::options::Options;
use crate::phase;
use crate::results::Results;
use crate::row::RowName;

/// Above this part of the machine's time spent by others, figures are doubtful.
const OTHERS_MAX: f64 = 0.05;

/// Table, circumstances, and whatever should make a reader doubt them.
pub(crate) fn render(results: &Results) -> String {
    let figures = figures::all(results);
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = grid(&mut out, &figures);
    let _ = circumstances(&mut out, results);
    let _ = doubts(&mut out, results);
    out
}

fn grid(out: &mut String, figures: &[Figure]) -> std::fmt::Result {
    let [direct, nginx, gateway, buffered] = RowName::ALL.map(RowName::as_str);
    let mut lines =
        vec![["", direct, nginx, gateway, buffered, "isobar ÷ nginx", "limit"].map(str::to_owned)];
    for figure in figures {
        let [direct, nginx, gateway, buffered] =
            figure.cells.map(|cell| cell.map_or_else(|| "–".to_owned(), number));
        lines.push([
            format!("{}, {}", figure.title, figure.unit),
            direct,
            nginx,
            gateway,
            buffered,
            figure.ratio.map_or_else(|| "–".to_owned(), number),
            limit(figure),
        ]);
    }
    for line in &lines {
        for (column, text) in line.iter().enumerate() {
            let width = lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|text| text.chars().count())
                .max();
            let width = width.unwrap_or_default();
            if column == 0 {
                write!(out, "{text:<width$}")?;
            } else {
                write!(out, "  {text:>width$}")?;
            }
        }
        out.push('\n');
    }
    out.push('\n');
    Ok(())
}

fn number(spread: Spread) -> String {
    let digits = match spread.median.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 20.0 => 1,
        _ => 2,
    };
    let Spread { median, min, max } = spread;
    if min.total_cmp(&max).is_eq() {
        format!("{median:.digits$}")
    } else {
        format!("{median:.digits$} ({min:.digits$}…{max:.digits$})")
    }
}

fn limit(figure: &Figure) -> String {
    let bound = match figure.limit {
        None => return String::new(),
        Some(Limit::RatioMax(max)) => format!("≤ {max} × nginx"),
        Some(Limit::ValueMax(max)) => format!("≤ {max} {}", figure.unit),
    };
    let verdict = match figure.met() {
        None => "not measured",
        Some(true) => "met",
        Some(false) => "NOT MET",
    };
    format!("{bound}: {verdict}")
}

fn circumstances(out: &mut String, results: &Results) -> std::fmt::Result {
    let Options { seconds, rounds, rate, connections, .. } = &results.options;
    let context = &results.context;
    writeln!(
        out,
        "medians of {rounds} rounds of {seconds} s (smallest…largest); {connections} connections; \
         latency at {rate} requests/s, first chunk at {} streams/s, open loop",
        phase::stream_rate(&results.options)
    )?;
    writeln!(
        out,
        "{} cores of {}, Linux {}, {}; a synced write of 4 KiB takes {:.0} µs; load generator and \
         mock upstream share the cores",
        context.cores, context.processor, context.kernel, context.nginx, context.sync_us
    )
}

fn doubts(out: &mut String, results: &Results) -> std::fmt::Result {
    let others = results.measured.iter().map(|measured| measured.others).fold(0.0, f64::max);
    if others > OTHERS_MAX {
        writeln!(
            out,
            "DOUBTFUL: other processes took up to {:.0} % of the machine while this was measured",
            others * 100.0
        )?;
    }
    for measured in results.measured.iter().filter(|measured| measured.failed > 0) {
        writeln!(
            out,
            "FAILED: {} requests of {} through {} in round {}, the first with: {}",
            measured.failed,
            measured.phase.name(),
            measured.row.as_str(),
            measured.round,
            measured.fault.as_deref().unwrap_or_default()
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_whether_it_was_kept() {
        let spread = |median| Some(Spread { median, min: median, max: median });
        let figure = |gateway| Figure {
            title: "",
            unit: "MB",
            cells: [None, None, spread(gateway), None],
            ratio: None,
            limit: Some(Limit::ValueMax(40.0)),
        };
        assert_eq!(limit(&figure(39.5)), "≤ 40 MB: met");
        assert_eq!(limit(&figure(41.0)), "≤ 40 MB: NOT MET");
        let absent = Figure { cells: [None; 4], ..figure(1.0) };
        assert_eq!(limit(&absent), "≤ 40 MB: not measured");
    }

    #[test]
    fn numbers_have_the_digits_that_carry_meaning() {
        let spread = |median: f64| Spread { median, min: median / 2.0, max: median * 2.0 };
        assert_eq!(number(spread(14.0)), "14.00 (7.00…28.00)");
        assert_eq!(number(spread(40.0)), "40.0 (20.0…80.0)");
        assert_eq!(number(spread(30_000.0)), "30000 (15000…60000)");
        assert_eq!(number(Spread { median: 9.5, min: 9.5, max: 9.5 }), "9.50");
    }
}

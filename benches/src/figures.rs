//! From single measurements to the figures that people compare: medians over rounds, with their
//! spread, and the limits that the project has set itself.
//!
//! What is relative (a ratio to nginx, a latency added to that of no proxy) is taken within each
//! round, and the median of that is reported, so that a slow round does not count twice.

use crate::phase::Phase;
use crate::results::{Measured, Results};
use crate::row::RowName;

/// CPU time per request: at most this many times nginx's.
const REQUEST_RATIO_MAX: f64 = 3.0;
/// CPU time per streamed event: at most this many times nginx's.
const EVENT_RATIO_MAX: f64 = 2.5;
/// The first chunk of a stream: at most this much later than through nginx.
const FIRST_LATER_MAX_US: f64 = 150.0;
/// Memory of a gateway that has served nothing yet.
const IDLE_MAX_MB: f64 = 40.0;

/// One figure, for all rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// What it is.
    pub title: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// A value per row, in the order of `RowName::ALL`; `None` where it has no meaning.
    pub cells: [Option<Spread>; 4],
    /// The gateway's value divided by nginx's.
    pub ratio: Option<Spread>,
    /// What the gateway has to keep.
    pub limit: Option<Limit>,
}

/// A limit, and which of the gateway's values it binds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// At most this many times nginx's value.
    RatioMax(f64),
    /// At most this value.
    ValueMax(f64),
}

/// Values of several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// The one in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = values.get(middle).copied()?;
        let lower = match values.len() % 2 {
            0 => values.get(middle - 1).copied()?,
            _ => upper,
        };
        let (min, max) = (values.first().copied()?, values.last().copied()?);
        Some(Self { median: f64::midpoint(lower, upper), min, max })
    }
}

impl Figure {
    /// Whether the gateway kept the limit; `None` if there is no limit or no gateway.
    pub(crate) fn met(&self) -> Option<bool> {
        let [_, _, gateway, _] = self.cells;
        match self.limit? {
            Limit::RatioMax(max) => Some(self.ratio?.median <= max),
            Limit::ValueMax(max) => Some(gateway?.median <= max),
        }
    }
}

/// All figures of a run, in the order in which they are shown.
pub(crate) fn all(results: &Results) -> Vec<Figure> {
    let rounds = Rounds { measured: &results.measured };
    let (direct, nginx) = (RowName::Direct, RowName::Nginx);
    vec![
        rounds
            .figure("CPU per request", "µs", Phase::Work, cpu_per_answer)
            .limited(Limit::RatioMax(REQUEST_RATIO_MAX)),
        rounds.figure("throughput", "req/s", Phase::Work, answers_per_second),
        rounds.figure("latency, median", "µs", Phase::Latency, |m| m.whole_us[0]),
        rounds.figure("latency, p99", "µs", Phase::Latency, |m| m.whole_us[1]),
        rounds.added("added latency, median", Phase::Latency, direct, |m| m.whole_us[0]),
        rounds.added("added latency, p99", Phase::Latency, direct, |m| m.whole_us[1]),
        rounds
            .figure("CPU per event, paced", "µs", Phase::Paced, cpu_per_event)
            .limited(Limit::RatioMax(EVENT_RATIO_MAX)),
        rounds
            .figure("CPU per event, burst", "µs", Phase::Burst, cpu_per_event)
            .limited(Limit::RatioMax(EVENT_RATIO_MAX)),
        rounds.figure("throughput, burst", "events/s", Phase::Burst, events_per_second),
        rounds.figure("first chunk, median", "µs", Phase::First, |m| m.first_us[0]),
        rounds.figure("first chunk, p99", "µs", Phase::First, |m| m.first_us[1]),
        rounds.added("first chunk later, median", Phase::First, direct, |m| m.first_us[0]),
        rounds.added("first chunk later, p99", Phase::First, direct, |m| m.first_us[1]),
        rounds
            .added("first chunk later than nginx's, median", Phase::First, nginx, |m| m.first_us[0])
            .limited(Limit::ValueMax(FIRST_LATER_MAX_US)),
        memory(results, "memory, idle", |memory| memory.idle).limited(Limit::ValueMax(IDLE_MAX_MB)),
        memory(results, "memory, after load", |memory| memory.after),
    ]
}

struct Rounds<'a> {
    measured: &'a [Measured],
}

impl Rounds<'_> {
    /// One value per round.
    fn values(&self, row: RowName, phase: Phase, value: fn(&Measured) -> f64) -> Vec<f64> {
        let of_row = self.measured.iter().filter(|m| m.row == row && m.phase == phase);
        of_row.map(value).filter(|value| value.is_finite()).collect()
    }

    fn figure(
        &self,
        title: &'static str,
        unit: &'static str,
        phase: Phase,
        value: fn(&Measured) -> f64,
    ) -> Figure {
        let values = |row| self.values(row, phase, value);
        let pairs = values(RowName::Gateway).into_iter().zip(values(RowName::Nginx));
        Figure {
            title,
            unit,
            cells: RowName::ALL.map(|row| Spread::of(values(row))),
            ratio: Spread::of(pairs.map(|(gateway, nginx)| gateway / nginx).collect()),
            limit: None,
        }
    }

    /// How much more than `base` the rows after it have, in the same round.
    fn added(
        &self,
        title: &'static str,
        phase: Phase,
        base: RowName,
        value: fn(&Measured) -> f64,
    ) -> Figure {
        let bases = self.values(base, phase, value);
        let mut after = false;
        let cells = RowName::ALL.map(|row| {
            let compared = after;
            after |= row == base;
            let pairs = self.values(row, phase, value).into_iter().zip(&bases);
            let added: Vec<f64> = pairs.map(|(here, base)| here - base).collect();
            Spread::of(added).filter(|_| compared)
        });
        Figure { title, unit: "µs", cells, ratio: None, limit: None }
    }
}

impl Figure {
    fn limited(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

fn memory(
    results: &Results,
    title: &'static str,
    bytes: fn(&crate::results::Memory) -> u64,
) -> Figure {
    let cells = RowName::ALL.map(|row| {
        let of_row = results.memory.iter().filter(|memory| memory.row == row);
        Spread::of(of_row.map(|memory| float(bytes(memory)) / 1e6).collect())
    });
    Figure { title, unit: "MB", cells, ratio: None, limit: None }
}

/// Infinite where there is nothing to share: the row has no processes.
fn cpu_per_answer(measured: &Measured) -> f64 {
    per(measured, measured.answers)
}

fn cpu_per_event(measured: &Measured) -> f64 {
    per(measured, measured.events)
}

fn per(measured: &Measured, count: u64) -> f64 {
    match measured.row {
        RowName::Direct | RowName::Buffered => f64::NAN,
        RowName::Nginx | RowName::Gateway => float(measured.cpu_us) / float(count),
    }
}

fn answers_per_second(measured: &Measured) -> f64 {
    float(measured.answers) / measured.seconds
}

fn events_per_second(measured: &Measured) -> f64 {
    float(measured.events) / measured.seconds
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(row: RowName, round: u32, cpu_us: u64) -> Measured {
        Measured { answers: 100, cpu_us, ..Measured::blank(row, Phase::Work, round, 1.0) }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_ratios_within_rounds() {
        let measured = [
            work(RowName::Nginx, 1, 1_000),
            work(RowName::Gateway, 1, 2_000),
            work(RowName::Nginx, 2, 10_000),
            work(RowName::Gateway, 2, 30_000),
            work(RowName::Nginx, 3, 1_000),
            work(RowName::Gateway, 3, 4_000),
        ];
        let rounds = Rounds { measured: &measured };
        let figure = rounds.figure("", "", Phase::Work, cpu_per_answer);
        assert_eq!(figure.ratio, Some(Spread { median: 3.0, min: 2.0, max: 4.0 }));
        assert_eq!(figure.cells[2], Some(Spread { median: 40.0, min: 20.0, max: 300.0 }));
        assert_eq!(figure.cells[0], None);
        assert_eq!(figure.clone().limited(Limit::RatioMax(3.0)).met(), Some(true));
        assert_eq!(figure.limited(Limit::ValueMax(39.0)).met(), Some(false));
    }

    #[test]
    fn what_is_added_is_counted_within_rounds_and_only_after_the_base() {
        let latency = |row, round, median| Measured {
            whole_us: [median, 0.0],
            ..Measured::blank(row, Phase::Latency, round, 1.0)
        };
        let measured = [
            latency(RowName::Direct, 1, 100.0),
            latency(RowName::Nginx, 1, 130.0),
            latency(RowName::Gateway, 1, 150.0),
            latency(RowName::Direct, 2, 500.0),
            latency(RowName::Nginx, 2, 510.0),
            latency(RowName::Gateway, 2, 590.0),
        ];
        let rounds = Rounds { measured: &measured };
        let figure = rounds.added("", Phase::Latency, RowName::Nginx, |m| m.whole_us[0]);
        let gateway = Spread { median: 50.0, min: 20.0, max: 80.0 };
        assert_eq!(figure.cells, [None, None, Some(gateway), None]);
    }

    #[test]
    fn without_a_gateway_no_limit_is_met_or_missed() {
        let measured = [work(RowName::Nginx, 1, 1_000)];
        let rounds = Rounds { measured: &measured };
        let figure = rounds.figure("", "", Phase::Work, cpu_per_answer);
        assert_eq!(figure.limited(Limit::RatioMax(3.0)).met(), None);
    }

    #[test]
    fn the_middle_of_an_even_number_of_rounds_lies_between_two() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 3.0]);
        assert_eq!(spread, Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}

//! Order inside a tier: the better of two random routes first, then the same among the rest.
//!
//! Better is the smaller cost: peak-sensitive first-token time × (calls under way + 1) ÷ health ÷
//! weight.

use crate::{Candidate, Defaults, plan::Ranked};

/// Orders `tier` in place.
pub(crate) fn order(tier: &mut [Ranked], random: &mut dyn FnMut() -> u64) {
    let mut rest = tier;
    while rest.len() > 1 {
        let place = pick(rest, random);
        rest.swap(0, place);
        rest = rest.split_at_mut(1).1;
    }
}

/// The place of the better of two routes that are drawn by weight, without putting the first back.
fn pick(rest: &[Ranked], random: &mut dyn FnMut() -> u64) -> usize {
    let (first, second) = if rest.len() == 2 {
        (0, 1)
    } else {
        let first = draw(rest, None, random);
        (first, draw(rest, Some(first), random))
    };
    let at = |place: usize| rest.get(place).map(|route| &route.candidate);
    let (Some(a), Some(b)) = (at(first), at(second)) else { return 0 };
    let (a_wait, b_wait) = waits(a, b);
    // Equally busy and about equally quick: then configured weight alone decides the share, which
    // cost would give wholly to the heavier one.
    let alike = a.view.in_flight == b.view.in_flight
        && a_wait.max(b_wait) <= a_wait.min(b_wait) * Defaults::ALIKE;
    let a_wins = if alike {
        let weights = u64::from(a.weight) + u64::from(b.weight);
        random() % weights.max(1) < u64::from(a.weight)
    } else {
        a_wait * load(a) <= b_wait * load(b)
    };
    if a_wins { first } else { second }
}

/// A place drawn in proportion to weight, never `except`.
fn draw(rest: &[Ranked], except: Option<usize>, random: &mut dyn FnMut() -> u64) -> usize {
    let open = || rest.iter().enumerate().filter(|(place, _)| Some(*place) != except);
    let weights: u64 = open().map(|(_, route)| u64::from(route.candidate.weight)).sum();
    let mut left = random() % weights.max(1);
    for (place, route) in open() {
        match left.checked_sub(u64::from(route.candidate.weight)) {
            Some(less) => left = less,
            None => return place,
        }
    }
    open().map(|(place, _)| place).next().unwrap_or(0)
}

/// Expected first-token time ÷ health of both. What is unknown is taken to be as quick as its
/// rival, up to the assumed time.
fn waits(a: &Candidate, b: &Candidate) -> (f64, f64) {
    let assumed = |rival: Option<f64>| {
        let longest = Defaults::FIRST_TOKEN_ASSUMED.as_secs_f64();
        rival.map_or(longest, |rival| rival.min(longest))
    };
    let (a_time, b_time) = (a.view.first_token_seconds, b.view.first_token_seconds);
    (
        a_time.unwrap_or_else(|| assumed(b_time)) / health(a),
        b_time.unwrap_or_else(|| assumed(a_time)) / health(b),
    )
}

fn health(candidate: &Candidate) -> f64 {
    candidate.view.success.max(Defaults::HEALTH_FLOOR)
}

/// Calls under way and this one, ÷ weight.
fn load(candidate: &Candidate) -> f64 {
    (f64::from(candidate.view.in_flight) + 1.0) / f64::from(candidate.weight.max(1))
}

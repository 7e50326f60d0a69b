//! Order inside a tier: the better of two random routes first, then the same among the rest.

use crate::{Candidate, Defaults};

/// Orders `tier` in place.
pub(crate) fn order(tier: &mut [Candidate], random: &mut dyn FnMut() -> u64) {
    let mut rest = tier;
    while rest.len() > 1 {
        let place = pick(rest, random);
        rest.swap(0, place);
        rest = rest.split_at_mut(1).1;
    }
}

/// The place of the better of two routes that are drawn by weight, without putting the first back.
fn pick(rest: &[Candidate], random: &mut dyn FnMut() -> u64) -> usize {
    let (first, second) = if rest.len() == 2 {
        (0, 1)
    } else {
        let first = draw(rest, None, random);
        (first, draw(rest, Some(first), random))
    };
    let (Some(a), Some(b)) = (rest.get(first), rest.get(second)) else { return 0 };
    let a_wins = if alike(a, b) {
        let weights = u64::from(a.weight) + u64::from(b.weight);
        random() % weights.max(1) < u64::from(a.weight)
    } else {
        cost(a) <= cost(b)
    };
    if a_wins { first } else { second }
}

/// A place drawn in proportion to weight, never `except`.
fn draw(rest: &[Candidate], except: Option<usize>, random: &mut dyn FnMut() -> u64) -> usize {
    let open = || rest.iter().enumerate().filter(|(place, _)| Some(*place) != except);
    let weights: u64 = open().map(|(_, candidate)| u64::from(candidate.weight)).sum();
    let mut left = random() % weights.max(1);
    for (place, candidate) in open() {
        match left.checked_sub(u64::from(candidate.weight)) {
            Some(less) => left = less,
            None => return place,
        }
    }
    open().map(|(place, _)| place).next().unwrap_or(0)
}

/// Expected first-token time × (calls under way + 1) ÷ health ÷ weight.
fn cost(candidate: &Candidate) -> f64 {
    let load = f64::from(candidate.view.in_flight) + 1.0;
    wait(candidate) * load / f64::from(candidate.weight.max(1))
}

/// Cost of an idle route of weight 1.
fn wait(candidate: &Candidate) -> f64 {
    candidate.view.first_token_seconds / candidate.view.success.max(Defaults::HEALTH_FLOOR)
}

/// Equally busy and about equally quick: then configured weight alone decides the share, which
/// cost would give wholly to the heavier one.
fn alike(a: &Candidate, b: &Candidate) -> bool {
    let (a_wait, b_wait) = (wait(a), wait(b));
    a.view.in_flight == b.view.in_flight
        && a_wait.max(b_wait) <= a_wait.min(b_wait) * Defaults::ALIKE
}

//! What a call costs: a rate for each kind of token, and the one place where they are multiplied.
//!
//! The rounding rule: the parts of one call are added exactly, and the sum is rounded *up* to the
//! next micro-dollar, once. What costs something is never recorded as free, however small the call,
//! and the most that rounding adds is one micro-dollar per call.

use crate::{MicroUsd, Multiplier, Rate, Usage};

/// Tokens that a [`Rate`] is for.
const TOKENS: u128 = 1_000_000;

/// A rate for each kind of token. The kinds are those of [`Usage`] and do not overlap, except that
/// `reasoning` is taken out of `output` before both are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rates {
    /// Prompt tokens neither read from nor written to a cache.
    pub input: Rate,
    /// Prompt tokens read from a cache.
    pub cache_read: Rate,
    /// Prompt tokens written to a cache.
    pub cache_write: Rate,
    /// Answer tokens that are not reasoning.
    pub output: Rate,
    /// Answer tokens that are reasoning.
    pub reasoning: Rate,
}

impl Rates {
    /// Rates where a provider names only two: cached tokens cost what the prompt costs, and
    /// reasoning what the answer costs.
    #[must_use]
    pub const fn plain(input: Rate, output: Rate) -> Self {
        Self { input, cache_read: input, cache_write: input, output, reasoning: output }
    }

    fn times(self, by: Multiplier) -> Option<Self> {
        Some(Self {
            input: self.input.times(by)?,
            cache_read: self.cache_read.times(by)?,
            cache_write: self.cache_write.times(by)?,
            output: self.output.times(by)?,
            reasoning: self.reasoning.times(by)?,
        })
    }

    /// Micro-dollars times a million, exactly.
    fn sum(&self, usage: &Usage) -> Option<u128> {
        // A cache that the provider does not name was not billed apart: its tokens, if there were
        // any, stand in `input`.
        let read = part(self.cache_read, usage.cache_read.unwrap_or(0));
        let write = part(self.cache_write, usage.cache_write.unwrap_or(0));
        let input = known(self.input, usage.input)?;
        let answer = if self.reasoning == self.output {
            known(self.output, usage.output)?
        } else {
            let reasoning = usage.reasoning?;
            let rest = usage.output?.saturating_sub(reasoning);
            part(self.reasoning, reasoning) + part(self.output, rest)
        };
        Some(input + read + write + answer)
    }
}

/// What tokens cost from one deployment of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Price {
    /// What holds for most calls.
    pub base: Rates,
    /// What holds for a call with a long prompt, where the provider charges it differently.
    pub long: Option<LongContext>,
}

/// Rates for the whole of a call whose prompt is longer than a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LongContext {
    /// Prompt tokens, cached ones included, above which these rates hold for every token.
    pub above: u64,
    /// The rates.
    pub rates: Rates,
}

impl Price {
    /// What a call cost, rounded up to the next micro-dollar. Past the largest amount of money it
    /// stays there.
    ///
    /// `None` when it cannot be known: a kind that has a price and was not counted makes the whole
    /// unknown, never zero. A kind that costs nothing need not be known, unless nothing is.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<MicroUsd> {
        if *usage == Usage::default() {
            return None;
        }
        let rates = match &self.long {
            Some(long) if usage.prompt()? > long.above => &long.rates,
            Some(_) | None => &self.base,
        };
        let micros = rates.sum(usage)?.div_ceil(TOKENS);
        Some(MicroUsd(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// This price with a surcharge or a discount on every kind. `None` past [`Rate::MAX`].
    #[must_use]
    pub fn times(self, by: Multiplier) -> Option<Self> {
        let long = match self.long {
            Some(LongContext { above, rates }) => {
                Some(LongContext { above, rates: rates.times(by)? })
            }
            None => None,
        };
        Some(Self { base: self.base.times(by)?, long })
    }
}

/// At most 2⁴⁰ × 2⁶⁴, so that five of them fit into 128 bits.
const fn part(rate: Rate, tokens: u64) -> u128 {
    rate.micro_usd_per_million() as u128 * tokens as u128
}

fn known(rate: Rate, tokens: Option<u64>) -> Option<u128> {
    match tokens {
        Some(tokens) => Some(part(rate, tokens)),
        None => (rate == Rate::ZERO).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    fn price() -> Price {
        let base = Rates {
            input: rate("3"),
            cache_read: rate("0.3"),
            cache_write: rate("3.75"),
            output: rate("15"),
            reasoning: rate("15"),
        };
        let rates =
            Rates { input: rate("6"), output: rate("22.5"), reasoning: rate("22.5"), ..base };
        Price { base, long: Some(LongContext { above: 200_000, rates }) }
    }

    #[test]
    fn each_kind_is_counted_once_at_its_own_rate() {
        let usage = Usage {
            input: Some(100),
            cache_read: Some(1_000),
            cache_write: Some(10),
            output: Some(7),
            reasoning: Some(5),
        };
        // 300 + 300 + 37.5 + 105, rounded up once.
        assert_eq!(price().cost(&usage), Some(MicroUsd(743)));
    }

    #[test]
    fn reasoning_with_a_price_of_its_own_is_taken_out_of_the_answer() {
        let base = Rates { reasoning: rate("20"), ..Rates::plain(rate("1"), rate("10")) };
        let price = Price { base, long: None };
        let usage =
            |reasoning| Usage { input: Some(1), output: Some(10), reasoning, ..Usage::default() };
        assert_eq!(price.cost(&usage(Some(4))), Some(MicroUsd(1 + 80 + 60)));
        assert_eq!(price.cost(&usage(None)), None);
    }

    #[test]
    fn a_prompt_above_the_threshold_makes_the_whole_call_dearer_and_one_token_less_does_not() {
        let usage = |cached| Usage {
            input: Some(1_000),
            cache_read: Some(cached),
            output: Some(0),
            ..Usage::default()
        };
        assert_eq!(price().cost(&usage(199_000)), Some(MicroUsd(3_000 + 59_700)));
        assert_eq!(price().cost(&usage(199_001)), Some(MicroUsd(6_000 + 59_701)));
    }

    #[test]
    fn the_smallest_call_is_not_free() {
        let price = Price { base: Rates::plain(rate("0.02"), Rate::ZERO), long: None };
        let usage = Usage { input: Some(1), ..Usage::default() };
        assert_eq!(price.cost(&usage), Some(MicroUsd(1)), "an embedding has no output to count");
        assert_eq!(price.cost(&Usage { input: Some(0), ..usage }), Some(MicroUsd(0)));
    }

    #[test]
    fn what_was_not_counted_makes_the_cost_unknown_and_never_zero() {
        let full = Usage { input: Some(1), output: Some(1), ..Usage::default() };
        assert!(price().cost(&full).is_some());
        assert_eq!(price().cost(&Usage::default()), None);
        assert_eq!(price().cost(&Usage { output: None, ..full }), None);
        assert_eq!(price().cost(&Usage { input: None, ..full }), None);
        assert_eq!(Price::default().cost(&Usage::default()), None, "even where all is free");
    }

    fn count() -> impl Strategy<Value = u64> {
        prop_oneof![0..3_u64, 0..1_000_000_u64, any::<u64>()]
    }

    fn rates() -> impl Strategy<Value = Rates> {
        let most = Rate::MAX.micro_usd_per_million();
        let any = (0..=most).prop_map(|micros| Rate::from_usd_per_token(&format!("{micros}e-12")));
        let one = prop_oneof![Just(Rate::ZERO), any.prop_map(Result::unwrap), Just(Rate::MAX)];
        [one.clone(), one.clone(), one.clone(), one.clone(), one].prop_map(
            |[input, cache_read, cache_write, output, reasoning]| Rates {
                input,
                cache_read,
                cache_write,
                output,
                reasoning,
            },
        )
    }

    fn usage() -> impl Strategy<Value = Usage> {
        let counts = [count(), count(), count(), count(), count()];
        counts.prop_map(|[input, read, write, rest, reasoning]| Usage {
            input: Some(input),
            cache_read: Some(read),
            cache_write: Some(write),
            output: Some(rest.saturating_add(reasoning)),
            reasoning: Some(reasoning),
        })
    }

    proptest! {
        #[test]
        fn any_usage_at_any_price_has_a_cost(base in rates(), long in rates(), above in count(), usage in usage()) {
            let long = Some(LongContext { above, rates: long });
            let cost = Price { base, long }.cost(&usage);
            prop_assert!(cost.is_some_and(|cost| cost >= MicroUsd(0)));
        }

        #[test]
        fn more_tokens_never_cost_less(base in rates(), usage in usage(), more in 0..1_000_u64) {
            let price = Price { base, long: None };
            let add = |n: Option<u64>| n.map(|n| n.saturating_add(more));
            let dearer = [
                Usage { input: add(usage.input), ..usage },
                Usage { cache_read: add(usage.cache_read), ..usage },
                Usage { cache_write: add(usage.cache_write), ..usage },
                Usage { output: add(usage.output), ..usage },
            ];
            for more in dearer {
                prop_assert!(price.cost(&more) >= price.cost(&usage));
            }
        }

        #[test]
        fn two_calls_cost_what_their_sum_costs_and_at_most_one_micro_dollar_more(
            base in rates(),
            counts in prop::array::uniform8(0..1_000_000_u64),
        ) {
            let price = Price { base: Rates { reasoning: base.output, ..base }, long: None };
            let [a, b, c, d, e, f, g, h] = counts.map(Some);
            let one = Usage { input: a, cache_read: b, cache_write: c, output: d, reasoning: None };
            let two = Usage { input: e, cache_read: f, cache_write: g, output: h, reasoning: None };
            let apart = price.cost(&one).unwrap() + price.cost(&two).unwrap();
            let whole = price.cost(&(one + two)).unwrap();
            prop_assert!(apart == whole || apart == whole + MicroUsd(1));
        }
    }
}

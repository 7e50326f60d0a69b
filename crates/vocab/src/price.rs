//! What tokens cost: exact prices, and the one place where they are multiplied.
//!
//! A [`Rate`] is whole micro-dollars per million tokens, which is a trillionth of a dollar per
//! token: every price that a provider publishes is a whole number of them, so nothing here is a
//! float and nothing is rounded until the end.
//!
//! The rounding rule: the parts of one call are added exactly, and the sum is rounded *up* to the
//! next micro-dollar, once. What costs something is never recorded as free, however small the call,
//! and the most that rounding adds is one micro-dollar per call.

use std::{fmt, str::FromStr};

use crate::{MicroUsd, Usage};

/// The longest number that is read, in bytes.
const NUMBER_LENGTH_MAX: usize = 64;
/// The largest exponent that is read: far beyond any price.
const EXPONENT_MAX: u32 = 64;
/// Digits behind the point of a dollar that a [`Rate`] holds.
const RATE_DIGITS: i32 = 6;
/// Tokens that a [`Rate`] is for.
const TOKENS: u128 = 1_000_000;

/// The price of one kind of token: micro-dollars per million tokens, at most [`Rate::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(u64);

/// Why a text is not a price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not a decimal number, or a negative one.
    #[error("`{0}` is not a price: write dollars as a decimal number, e.g. `\"0.15\"`")]
    Syntax(String),
    /// It has more digits than a rate holds.
    #[error(
        "`{0}` is finer than a millionth of a dollar: write at most six digits after the point"
    )]
    TooFine(String),
    /// It is larger than [`Rate::MAX`].
    #[error("`{0}` is more than a dollar per token: write dollars per million tokens")]
    TooLarge(String),
}

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// A dollar per token. Bounded, so that no sum of parts can overflow.
    pub const MAX: Self = Self(1_000_000_000_000);

    /// Reads dollars per million tokens, exactly: `0.15`, `3`, `1.5e-1`.
    ///
    /// # Errors
    /// [`RateError`] when it is not a number, negative, too fine or too large.
    pub fn from_usd_per_million(text: &str) -> Result<Self, RateError> {
        Self::read(text, RATE_DIGITS)
    }

    /// Reads dollars per token, exactly, as public price lists write them: `1.5e-07`.
    ///
    /// # Errors
    /// [`RateError`] when it is not a number, negative, too fine or too large.
    pub fn from_usd_per_token(text: &str) -> Result<Self, RateError> {
        Self::read(text, 2 * RATE_DIGITS)
    }

    fn read(text: &str, shift: i32) -> Result<Self, RateError> {
        let most = u128::from(Self::MAX.0);
        match scaled(text, shift) {
            Ok(rate) if rate <= most => {
                u64::try_from(rate).map(Self).map_err(|_| RateError::TooLarge(shown(text)))
            }
            Ok(_) | Err(Unread::TooLarge) => Err(RateError::TooLarge(shown(text))),
            Err(Unread::TooFine) => Err(RateError::TooFine(shown(text))),
            Err(Unread::Syntax) => Err(RateError::Syntax(shown(text))),
        }
    }

    /// Micro-dollars per million tokens.
    #[must_use]
    pub const fn micro_usd_per_million(self) -> u64 {
        self.0
    }

    /// This rate with a surcharge or a discount; rounded up where it does not come out even.
    /// `None` past [`Rate::MAX`].
    #[must_use]
    pub fn times(self, by: Multiplier) -> Option<Self> {
        let product = u128::from(self.0) * u128::from(by.0);
        let rate = product.div_ceil(u128::from(Multiplier::ONE.0));
        u64::try_from(rate).ok().map(Self).filter(|rate| *rate <= Self::MAX)
    }
}

impl FromStr for Rate {
    type Err = RateError;
    /// [`Rate::from_usd_per_million`].
    fn from_str(text: &str) -> Result<Self, RateError> {
        Self::from_usd_per_million(text)
    }
}

impl fmt::Display for Rate {
    /// Dollars per million tokens with as many digits as it takes: `0.15`, `3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.0, 1_000_000, 6)
    }
}

/// A factor on a price, in thousandths: a regional uplift, an agreed discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u32);

/// Why a text is not a multiplier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a multiplier: write a decimal number from 0.001 to 100 with at most three digits after the point, e.g. `\"1.1\"`"
)]
pub struct MultiplierError(String);

impl Multiplier {
    /// No change.
    pub const ONE: Self = Self(1_000);
    /// A tenth more.
    pub const TEN_PERCENT_MORE: Self = Self(1_100);
    const MAX: u128 = 100_000;
}

impl FromStr for Multiplier {
    type Err = MultiplierError;
    fn from_str(text: &str) -> Result<Self, MultiplierError> {
        scaled(text, 3)
            .ok()
            .filter(|thousandths| (1..=Self::MAX).contains(thousandths))
            .and_then(|thousandths| u32::try_from(thousandths).ok())
            .map(Self)
            .ok_or_else(|| MultiplierError(shown(text)))
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, u64::from(self.0), 1_000, 3)
    }
}

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
    rate.0 as u128 * tokens as u128
}

fn known(rate: Rate, tokens: Option<u64>) -> Option<u128> {
    match tokens {
        Some(tokens) => Some(part(rate, tokens)),
        None => (rate == Rate::ZERO).then_some(0),
    }
}

/// Why a number could not be read.
enum Unread {
    Syntax,
    TooFine,
    TooLarge,
}

/// Reads a decimal number as JSON writes it and moves its point `shift` digits to the right; what
/// is left must be whole.
fn scaled(text: &str, shift: i32) -> Result<u128, Unread> {
    if text.len() > NUMBER_LENGTH_MAX {
        return Err(Unread::Syntax);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(Unread::Syntax),
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(Unread::Syntax);
    }
    let all = [whole, fraction].concat();
    let all = all.trim_start_matches('0');
    let kept = all.trim_end_matches('0');
    if kept.is_empty() {
        return Ok(0);
    }
    let length = |text: &str| i32::try_from(text.len()).map_err(|_| Unread::Syntax);
    let zeros = shift + exponent - length(fraction)? + length(all)? - length(kept)?;
    let zeros = u32::try_from(zeros).map_err(|_| Unread::TooFine)?;
    let number: u128 = kept.parse().map_err(|_| Unread::TooLarge)?;
    let power = 10_u128.checked_pow(zeros).ok_or(Unread::TooLarge)?;
    number.checked_mul(power).ok_or(Unread::TooLarge)
}

fn read_exponent(text: &str) -> Result<i32, Unread> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unread::Syntax);
    }
    let size: u32 = digits.parse().map_err(|_| Unread::Syntax)?;
    match i32::try_from(size) {
        Ok(size) if size.unsigned_abs() <= EXPONENT_MAX => Ok(if negative { -size } else { size }),
        Ok(_) | Err(_) => Err(if negative { Unread::TooFine } else { Unread::TooLarge }),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(NUMBER_LENGTH_MAX).collect()
}

/// `whole.fraction` without needless zeros.
fn decimal(f: &mut fmt::Formatter<'_>, value: u64, unit: u64, digits: usize) -> fmt::Result {
    let (whole, fraction) = (value / unit, value % unit);
    if fraction == 0 {
        return f.pad(&whole.to_string());
    }
    let text = format!("{whole}.{fraction:0digits$}");
    f.pad(text.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_is_read_exactly_in_dollars_per_million_and_per_token() {
        for (million, token, micros) in [
            ("0.15", "1.5e-07", 150_000),
            ("3", "3e-06", 3_000_000),
            ("3.000000", "0.000003", 3_000_000),
            ("0.000001", "1E-12", 1),
            ("10", "1.0e-5", 10_000_000),
            ("0", "0.0", 0),
            ("1000000", "1", 1_000_000_000_000),
            ("4.125", "41250e-10", 4_125_000),
        ] {
            let expected = Ok(micros);
            let read = Rate::from_usd_per_million(million);
            assert_eq!(read.map(Rate::micro_usd_per_million), expected, "{million}");
            let read = Rate::from_usd_per_token(token);
            assert_eq!(read.map(Rate::micro_usd_per_million), expected, "{token}");
        }
    }

    #[test]
    fn what_is_not_a_price_is_told_apart() {
        let told = |text: &str| Rate::from_usd_per_million(text).unwrap_err();
        let long = "1".repeat(65);
        for wrong in
            ["", "-1", "+1", ".5", "1.", "1,5", "$1", "1e", "1e+", "NaN", "0x1", " 1", &long]
        {
            assert!(matches!(told(wrong), RateError::Syntax(_)), "{wrong}");
        }
        for fine in ["0.0000001", "1e-7", "1e-99", "0.000015000020000000002"] {
            assert!(matches!(told(fine), RateError::TooFine(_)), "{fine}");
        }
        for large in ["1000000.000001", "1e64", "1e999", &"9".repeat(60)] {
            assert!(matches!(told(large), RateError::TooLarge(_)), "{large}");
        }
    }

    #[test]
    fn a_multiplier_is_exact_and_rounds_a_rate_up() {
        let tenth: Multiplier = "1.10".parse().unwrap();
        assert_eq!(tenth, Multiplier::TEN_PERCENT_MORE);
        assert_eq!(tenth.to_string(), "1.1");
        assert_eq!(rate("3.75").times(tenth), Some(rate("4.125")));
        assert_eq!(rate("0.000001").times(tenth), Some(rate("0.000002")));
        assert_eq!(Rate::MAX.times(tenth), None);
        for wrong in ["0", "0.0001", "101", "-1", "x"] {
            assert!(wrong.parse::<Multiplier>().is_err(), "{wrong}");
        }
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
        let one = prop_oneof![Just(Rate::ZERO), (0..=Rate::MAX.0).prop_map(Rate), Just(Rate::MAX)];
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
        fn a_rate_reads_as_it_is_written(micros in 0..=Rate::MAX.0) {
            prop_assert_eq!(Rate(micros).to_string().parse(), Ok(Rate(micros)));
            let per_token = format!("{micros}e-12");
            prop_assert_eq!(Rate::from_usd_per_token(&per_token), Ok(Rate(micros)));
        }

        #[test]
        fn any_text_is_a_rate_or_an_error(text in "[0-9eE.+-]{0,70}") {
            let _ = Rate::from_usd_per_million(&text);
        }

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

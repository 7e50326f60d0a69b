//! The price of one token, exactly: decimals read from their own text, and factors on them.
//!
//! A [`Rate`] is whole micro-dollars per million tokens, which is a trillionth of a dollar per
//! token: every price that a provider publishes is a whole number of them, so nothing here is a
//! float.

use std::{fmt, str::FromStr};

/// The longest number that is read, in bytes.
const NUMBER_LENGTH_MAX: usize = 64;
/// The largest exponent that is read: far beyond any price.
const EXPONENT_MAX: u32 = 64;
/// Digits behind the point of a dollar that a [`Rate`] holds.
const RATE_DIGITS: i32 = 6;

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
    }
}

//! When a provider says to come back: four ways of saying it, in order of precision.
//!
//! `retry-after-ms`, then `retry-after` (seconds, fractions, or an HTTP date), then, on a 429 that
//! has neither, the reset times of the limits: `x-ratelimit-reset-*` as a span (`6ms`, `8.64s`,
//! `1m2s`) or `anthropic-ratelimit-*-reset` as an RFC 3339 time. Nothing, zero and times past are
//! no hint, as in the official SDKs.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822;
use vocab::{HttpHead, Timestamp};

/// The longest hint that is believed: longer ones are taken as this much. A provider that is away
/// for longer is found by its breaker.
pub const RETRY_HINT_MAX: Duration = Duration::from_secs(300);

/// Names of limits whose reset is given as a span: (remaining, reset).
const SPAN_LIMITS: [(&str, &str); 2] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Names of limits whose reset is given as a time: (remaining, reset).
const TIME_LIMITS: [(&str, &str); 4] = [
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];

/// The provider's own hint of when to come back, at most [`RETRY_HINT_MAX`].
#[must_use]
pub fn retry_hint(head: &HttpHead, now: Timestamp) -> Option<Duration> {
    let headers = &head.headers;
    let stated = value(headers, "retry-after-ms")
        .and_then(|text| seconds(text, 0.001))
        .or_else(|| retry_after(value(headers, "retry-after")?, now));
    let hint = match stated {
        Some(hint) => Some(hint),
        None if head.status == StatusCode::TOO_MANY_REQUESTS => limits(headers, now),
        None => None,
    };
    hint.map(|hint| hint.min(RETRY_HINT_MAX))
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Some(hint) = seconds(text, 1.0) {
        return Some(hint);
    }
    let date = rfc2822::parse(text).ok()?.timestamp().as_microsecond();
    ahead(Timestamp::from_unix_micros(date), now)
}

fn ahead(time: Timestamp, now: Timestamp) -> Option<Duration> {
    Some(time.since(now)).filter(|left| !left.is_zero())
}

/// A positive decimal number of units of `scale` seconds.
fn seconds(text: &str, scale: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    let cap = RETRY_HINT_MAX.as_secs_f64();
    let positive = number > 0.0; // also false for NaN
    positive
        .then(|| Duration::try_from_secs_f64((number * scale).min(cap)).ok())
        .flatten()
        .filter(|hint| !hint.is_zero())
}

/// The latest reset among exhausted limits. If none is exhausted (the call needed more than was
/// left), the earliest reset of any.
fn limits(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let spans = SPAN_LIMITS.map(|(left, reset)| (left, value(headers, reset).and_then(span)));
    let times = TIME_LIMITS.map(|(left, reset)| {
        let time = value(headers, reset).and_then(|text| text.parse::<Timestamp>().ok());
        (left, time.and_then(|time| ahead(time, now)))
    });
    let known = || spans.iter().chain(&times).filter_map(|(left, reset)| Some((*left, (*reset)?)));
    let exhausted = |left: &str| value(headers, left) == Some("0");
    known()
        .filter(|(left, _)| exhausted(left))
        .map(|(_, reset)| reset)
        .max()
        .or_else(|| known().map(|(_, reset)| reset).min())
}

/// A span as OpenAI and its followers write it: numbers with units, largest first.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let scale = match unit {
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "" | "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            "ns" => 0.000_000_001,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    let total = Duration::try_from_secs_f64(total.min(RETRY_HINT_MAX.as_secs_f64())).ok()?;
    Some(total).filter(|total| !total.is_zero())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T16:00:00Z".parse().unwrap()
    }

    fn hint(status: u16, headers: &[(&'static str, &str)]) -> Option<Duration> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let head = HttpHead { status: StatusCode::from_u16(status).unwrap(), headers: map };
        retry_hint(&head, now())
    }

    fn ms(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        assert_eq!(hint(429, &[("retry-after-ms", "250")]), ms(250));
        assert_eq!(hint(503, &[("retry-after", "2")]), ms(2_000));
        assert_eq!(hint(503, &[("retry-after", " 1.5 ")]), ms(1_500));
        assert_eq!(hint(503, &[("retry-after", "Fri, 20 Nov 2026 16:00:07 GMT")]), ms(7_000));
    }

    #[test]
    fn milliseconds_are_more_precise_than_seconds() {
        assert_eq!(hint(429, &[("retry-after", "1"), ("retry-after-ms", "300")]), ms(300));
        assert_eq!(hint(429, &[("retry-after", "1"), ("retry-after-ms", "soon")]), ms(1_000));
    }

    #[test]
    fn zero_negative_past_and_nonsense_are_no_hint() {
        for text in ["0", "-3", "NaN", "", "soon", "Fri, 20 Nov 2026 15:59:59 GMT"] {
            assert_eq!(hint(429, &[("retry-after", text)]), None, "{text}");
        }
    }

    #[test]
    fn absurd_hints_are_capped() {
        for text in ["86400", "inf", "1e300", "Fri, 20 Nov 2099 16:00:00 GMT"] {
            assert_eq!(hint(429, &[("retry-after", text)]), Some(RETRY_HINT_MAX), "{text}");
        }
    }

    #[test]
    fn a_429_without_retry_after_takes_the_reset_of_the_exhausted_limit() {
        let headers = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "8.64s"),
            ("x-ratelimit-remaining-tokens", "1200"),
            ("x-ratelimit-reset-tokens", "1m2s"),
        ];
        assert_eq!(hint(429, &headers), ms(8_640));
        assert_eq!(hint(500, &headers), None, "resets are in every reply of a healthy server too");
    }

    #[test]
    fn with_no_limit_at_zero_the_earliest_reset_counts() {
        let headers = [("x-ratelimit-reset-requests", "6ms"), ("x-ratelimit-reset-tokens", "1m2s")];
        assert_eq!(hint(429, &headers), ms(6));
    }

    #[test]
    fn anthropic_resets_are_times() {
        let headers = [
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-20T16:00:12Z"),
            ("anthropic-ratelimit-requests-remaining", "5"),
            ("anthropic-ratelimit-requests-reset", "2026-11-20T16:00:01Z"),
        ];
        assert_eq!(hint(429, &headers), ms(12_000));
    }

    #[test]
    fn spans_are_read_as_openai_writes_them() {
        for (text, millis) in [("6ms", 6), ("8.64s", 8_640), ("1m2s", 62_000), ("12", 12_000)] {
            assert_eq!(span(text), ms(millis), "{text}");
        }
        assert_eq!(span("1h"), Some(RETRY_HINT_MAX));
        for text in ["", "0s", "s", "1x", "-1s", "1..2s"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_header_value_panics_or_exceeds_the_cap(text in "[ -~]{0,24}", other in ".{0,12}") {
            for name in ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens",
                "anthropic-ratelimit-tokens-reset"] {
                if let Ok(value) = HeaderValue::from_str(&text) {
                    let mut headers = HeaderMap::new();
                    headers.insert(name, value);
                    let head = HttpHead { status: StatusCode::TOO_MANY_REQUESTS, headers };
                    let hint = retry_hint(&head, now());
                    prop_assert!(hint.is_none_or(|h| !h.is_zero() && h <= RETRY_HINT_MAX));
                }
            }
            let _ = span(&other);
        }
    }
}

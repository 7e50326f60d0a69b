//! The vendor's own wall clock, for `created`, reset headers and the request log.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WallTime(pub(crate) u64);

impl WallTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "a vendor is an outside system with a clock of its own; nothing is decided by it"
    )]
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// RFC 3339 in UTC with microseconds.
    pub(crate) fn rfc3339(self) -> String {
        let (year, month, day) = civil(self.seconds() / 86_400);
        let second = self.seconds() % 86_400;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let micros = self.0 % 1_000_000;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{micros:06}Z",
            second % 60
        )
    }

    /// RFC 3339 in UTC, whole seconds, rounded down.
    pub(crate) fn rfc3339_seconds(self) -> String {
        let mut text = self.rfc3339();
        text.truncate(19);
        text.push('Z');
        text
    }

    /// `20260131T235959Z`, as AWS writes it.
    pub(crate) fn compact(self) -> String {
        self.rfc3339_seconds().replace(['-', ':'], "")
    }

    /// Reads what [`compact`](Self::compact) writes.
    pub(crate) fn from_compact(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        if text.len() != 16 || text.get(8..9) != Some("T") || !text.ends_with('Z') {
            return None;
        }
        let days = days(digits(0, 4)?, digits(4, 6)?, digits(6, 8)?)?;
        let second = digits(9, 11)? * 3600 + digits(11, 13)? * 60 + digits(13, 15)?;
        Some(Self((days * 86_400 + second).checked_mul(1_000_000)?))
    }
}

/// Days since the epoch (Howard Hinnant's `days_from_civil`, from 1970 on).
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

/// Days since the epoch to year, month, day (Howard Hinnant's `civil_from_days`, from 1970 on).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_rfc_3339() {
        assert_eq!(WallTime(0).rfc3339(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(WallTime(1_709_210_096_000_007).rfc3339(), "2024-02-29T12:34:56.000007Z");
        assert_eq!(WallTime(1_735_689_599_999_999).rfc3339_seconds(), "2024-12-31T23:59:59Z");
    }

    #[test]
    fn the_time_of_aws_is_read_as_written() {
        for seconds in [0, 1_709_210_096, 1_735_689_599, 4_102_444_800] {
            let time = WallTime(seconds * 1_000_000);
            assert_eq!(WallTime::from_compact(&time.compact()), Some(time), "{}", time.compact());
        }
        assert_eq!(WallTime::from_compact("20261301T000000Z"), None);
        assert_eq!(WallTime::from_compact("2026"), None);
    }
}

//! What was granted, and when to ask for the next.

use std::time::Duration;

use vocab::Timestamp;

use crate::Credential;

/// Ask for the next secret when this part of the life is left …
const AHEAD_PART: u32 = 5;

/// … and at least this long before the end: Google's and AWS's metadata services hand out the same
/// secret until about five minutes before it ends, so later is the first time that asking helps, and
/// five minutes are enough to retry in. A life too short for that is halved.
const AHEAD_MIN: Duration = Duration::from_secs(300);

/// The longest life that is believed. The longest that any of the services grants is a day.
const LIFE_MAX: Duration = Duration::from_secs(86_400);

/// A credential, and how long it is good.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The credential.
    pub credential: Credential,
    /// When it ends; `None` for one that does not end by itself.
    pub expires: Option<Timestamp>,
}

impl Granted {
    /// Something that ends `life` from now, or after the longest life that is believed.
    pub(super) fn lasting(credential: Credential, life: Duration, now: Timestamp) -> Self {
        Self { credential, expires: Some(now.after(life.min(LIFE_MAX))) }
    }

    /// Something that does not end by itself.
    pub(super) const fn lasting_on(credential: Credential) -> Self {
        Self { credential, expires: None }
    }

    /// Whether it can still be used.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// When to ask for the next one, if it was granted at `granted_at`; `None` when it does not end.
    ///
    /// The rule: at four fifths of its life, at least five minutes before its end, but never before
    /// half of its life; and up to a twentieth of the life earlier by `jitter` (any 64 random bits),
    /// so that gateways that started together do not ask together. An hour-long token is renewed 12
    /// to 15 minutes ahead.
    #[must_use]
    pub fn refresh_at(&self, granted_at: Timestamp, jitter: u64) -> Option<Timestamp> {
        let expires = self.expires?;
        let life = expires.since(granted_at);
        let ahead = (life / AHEAD_PART).max(AHEAD_MIN).min(life / 2);
        // The upper half of the bits as a part of one, in whole numbers.
        let part = u32::try_from(jitter >> 32).unwrap_or(u32::MAX);
        let spread = ((life / 20).as_micros() * u128::from(part)) >> 32;
        let spread = Duration::from_micros(u64::try_from(spread).unwrap_or(0));
        Some(granted_at.after(life - ahead.saturating_add(spread).min(life)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn granted(life: Duration, now: Timestamp) -> Granted {
        Granted::lasting(
            Credential::Token(crate::Issuer::Google, SecretString::from("t")),
            life,
            now,
        )
    }

    fn minutes(n: u64) -> Duration {
        Duration::from_secs(n * 60)
    }

    /// How long before the end the next one is asked for.
    fn ahead(life: Duration, jitter: u64) -> Duration {
        let now = Timestamp::default();
        let granted = granted(life, now);
        granted.expires.unwrap().since(granted.refresh_at(now, jitter).unwrap())
    }

    #[test]
    fn an_hour_long_token_is_renewed_twelve_to_fifteen_minutes_ahead() {
        assert_eq!(ahead(minutes(60), 0), minutes(12));
        assert_eq!(ahead(minutes(60), u64::MAX).as_secs().div_ceil(60), 15);
    }

    #[test]
    fn a_short_life_is_renewed_five_minutes_ahead_or_at_its_half() {
        assert_eq!(ahead(minutes(12), 0), minutes(5));
        assert_eq!(ahead(minutes(4), 0), minutes(2));
    }

    #[test]
    fn what_does_not_end_is_not_renewed() {
        let forever = Granted::lasting_on(Credential::Secret(SecretString::from("k")));
        assert_eq!(forever.refresh_at(Timestamp::default(), 7), None);
        assert!(forever.is_valid(Timestamp::from_unix_micros(i64::MAX)));
    }

    #[test]
    fn a_life_of_years_is_not_believed() {
        let granted = granted(Duration::from_secs(u64::MAX), Timestamp::default());
        assert_eq!(granted.expires, Some(Timestamp::default().after(LIFE_MAX)));
    }

    proptest! {
        #[test]
        fn the_next_is_asked_for_within_the_life_and_before_its_end(
            secs in 1_u64..90_000, jitter in any::<u64>(),
        ) {
            let now = Timestamp::from_unix_micros(1_795_000_000_000_000);
            let granted = granted(Duration::from_secs(secs), now);
            let at = granted.refresh_at(now, jitter).unwrap();
            prop_assert!(at >= now && at < granted.expires.unwrap());
        }
    }
}

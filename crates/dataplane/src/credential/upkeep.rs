//! When to ask for the next credential of one endpoint: arithmetic only.

use std::time::Duration;

use provider::auth::Granted;
use vocab::Timestamp;

/// The wait after the first failure; it doubles with each further one …
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// … up to this. Token services count refusals, and a repaired one is found within a minute.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// The least time between two tokens when the provider rejects the first: it may have been withdrawn
/// before its end, or the provider may reject every one.
const REJECTED_MIN: Duration = Duration::from_secs(60);

/// What is known about an endpoint's credential.
#[derive(Debug, Clone)]
pub(crate) struct Upkeep {
    granted: Option<Granted>,
    granted_at: Timestamp,
    /// The fingerprint of what was read for it.
    read: Option<u64>,
    /// When to ask again; `None` when only a change of what is read calls for it.
    next: Option<Timestamp>,
    failures: u32,
}

impl Upkeep {
    /// Nothing is known, so it is due.
    pub(crate) fn new() -> Self {
        Self {
            granted: None,
            granted_at: Timestamp::default(),
            read: None,
            next: None,
            failures: 0,
        }
    }

    /// What is in use.
    pub(crate) const fn granted(&self) -> Option<&Granted> {
        self.granted.as_ref()
    }

    /// Whether it is time, given what is read now.
    pub(super) fn is_due(&self, read: u64, now: Timestamp) -> bool {
        self.read != Some(read) || self.next.is_some_and(|next| next <= now)
    }

    /// Takes note of what was granted.
    pub(super) fn succeeded(&mut self, granted: Granted, read: u64, now: Timestamp, jitter: u64) {
        self.next = granted.refresh_at(now, jitter).map(|at| at.max(now.after(RETRY_FIRST)));
        self.granted = Some(granted);
        self.granted_at = now;
        self.read = Some(read);
        self.failures = 0;
    }

    /// The provider rejects what is in use. A token is asked for anew before its time; a key that
    /// does not end is what it is until somebody changes it.
    pub(crate) fn rejected(&mut self) {
        if self.granted.as_ref().is_some_and(|granted| granted.expires.is_some()) {
            let soonest = self.granted_at.after(REJECTED_MIN);
            self.next = Some(self.next.map_or(soonest, |next| next.min(soonest)));
        }
    }

    /// Takes note of a failure, and says after which wait it is tried again: half of the usual wait
    /// is drawn by `jitter`, so that gateways do not ask together.
    pub(super) fn failed(&mut self, read: u64, now: Timestamp, jitter: u64) -> Duration {
        let usual = RETRY_FIRST.saturating_mul(1 << self.failures.min(6)).min(RETRY_MAX);
        let drawn = (usual / 2).saturating_mul(u32::try_from(jitter % 1_024).unwrap_or(0)) / 1_024;
        let wait = usual / 2 + drawn;
        self.failures = self.failures.saturating_add(1);
        self.read = Some(read);
        self.next = Some(now.after(wait));
        wait
    }
}

#[cfg(test)]
mod tests {
    use provider::Credential;
    use secrecy::SecretString;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(seconds))
    }

    fn granted(seconds: Option<u64>) -> Granted {
        let credential = Credential::Token(provider::Issuer::Google, SecretString::from("t"));
        Granted { credential, expires: seconds.map(at) }
    }

    #[test]
    fn a_new_endpoint_is_due_and_one_with_a_lasting_key_is_not_until_it_changes() {
        let mut upkeep = Upkeep::new();
        assert!(upkeep.is_due(1, at(0)));
        upkeep.succeeded(granted(None), 1, at(0), 0);
        assert!(!upkeep.is_due(1, at(1_000_000)));
        assert!(upkeep.is_due(2, at(1)));
    }

    #[test]
    fn a_token_is_due_ahead_of_its_end() {
        let mut upkeep = Upkeep::new();
        upkeep.succeeded(granted(Some(3_600)), 1, at(0), 0);
        assert!(!upkeep.is_due(1, at(2_879)));
        assert!(upkeep.is_due(1, at(2_880)));
    }

    #[test]
    fn a_failure_keeps_what_was_granted_and_is_repeated_ever_later() {
        let mut upkeep = Upkeep::new();
        upkeep.succeeded(granted(Some(3_600)), 1, at(0), 0);
        let waits: Vec<_> =
            (0..9).map(|_| upkeep.failed(1, at(2_880), u64::MAX).as_secs()).collect();
        assert_eq!(waits, [0, 1, 3, 7, 15, 31, 59, 59, 59]);
        assert!(upkeep.granted().is_some());
        assert!(!upkeep.is_due(1, at(2_881)) && upkeep.is_due(1, at(2_940)));
    }

    #[test]
    fn a_changed_file_is_tried_at_once_although_a_failure_waits() {
        let mut upkeep = Upkeep::new();
        upkeep.failed(1, at(0), u64::MAX);
        assert!(upkeep.is_due(2, at(0)));
    }

    #[test]
    fn a_rejected_token_is_replaced_before_its_time_but_not_in_a_loop() {
        let mut upkeep = Upkeep::new();
        upkeep.succeeded(granted(Some(3_600)), 1, at(0), 0);
        upkeep.rejected();
        assert!(!upkeep.is_due(1, at(59)) && upkeep.is_due(1, at(60)));
        let mut lasting = Upkeep::new();
        lasting.succeeded(granted(None), 1, at(0), 0);
        lasting.rejected();
        assert!(!lasting.is_due(1, at(1_000_000)));
    }

    #[test]
    fn a_life_of_no_length_is_not_asked_for_in_a_loop() {
        let mut upkeep = Upkeep::new();
        upkeep.succeeded(granted(Some(0)), 1, at(0), 0);
        assert!(!upkeep.is_due(1, at(0)) && upkeep.is_due(1, at(1)));
    }
}

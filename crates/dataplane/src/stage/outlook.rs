//! What brings back routes that take no request now: time, or a person.

use std::time::Duration;

use routing::Gate;
use vocab::Timestamp;

/// When permitted routes may be asked again, as far as their health tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Not before a person has seen to an account.
    NeedsAPerson,
    /// After this time the first one.
    Back(Duration),
    /// Nothing holds them back, or it is not known how long.
    Unsaid,
}

/// What a caller is told when only the operator can help.
pub(super) const OPERATOR_MUST_ACT: &str = "the operator must act: no permitted route has a credential and a quota that its provider accepts";

impl Outlook {
    /// Of the routes with these gates; those that take no traffic anyhow are left out by the caller.
    pub(super) fn of(gates: impl IntoIterator<Item = Gate>, now: Timestamp) -> Self {
        let mut outlook: Option<Self> = None;
        for gate in gates {
            let of_one = match gate {
                Gate::Shut { cause, .. } if cause.needs_a_person() => Self::NeedsAPerson,
                Gate::Shut { until, .. } | Gate::Held { until } => Self::Back(until.since(now)),
                Gate::Open | Gate::ProbeDue | Gate::Probing => Self::Unsaid,
            };
            outlook = Some(outlook.map_or(of_one, |others| others.or_sooner(of_one)));
        }
        outlook.unwrap_or(Self::Unsaid)
    }

    fn or_sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::Back(one), Self::Back(another)) => Self::Back(one.min(another)),
            (Self::Back(time), _) | (_, Self::Back(time)) => Self::Back(time),
            (Self::Unsaid, _) | (_, Self::Unsaid) => Self::Unsaid,
            (Self::NeedsAPerson, Self::NeedsAPerson) => Self::NeedsAPerson,
        }
    }
}

#[cfg(test)]
mod tests {
    use routing::OpenCause;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).after(Duration::from_secs(seconds))
    }

    fn shut(cause: OpenCause, seconds: u64) -> Gate {
        Gate::Shut { cause, until: at(seconds) }
    }

    #[test]
    fn only_a_person_is_waited_for_when_no_route_waits_for_anything_else() {
        let of = |gates: &[Gate]| Outlook::of(gates.iter().copied(), at(1));
        let (key, credit) = (shut(OpenCause::Credential, 61), shut(OpenCause::Quota, 61));
        let broken = shut(OpenCause::FailuresInRow, 11);
        let held = Gate::Held { until: at(8) };
        assert_eq!(of(&[key, credit]), Outlook::NeedsAPerson);
        assert_eq!(of(&[key, broken, credit]), Outlook::Back(Duration::from_secs(10)));
        assert_eq!(of(&[held, key, broken]), Outlook::Back(Duration::from_secs(7)));
        for other in [Gate::Open, Gate::ProbeDue, Gate::Probing] {
            assert_eq!(of(&[key, other]), Outlook::Unsaid);
            assert_eq!(of(&[other, credit]), Outlook::Unsaid);
        }
        assert_eq!(of(&[]), Outlook::Unsaid);
    }
}

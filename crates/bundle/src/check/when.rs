//! Dates: order, and what is over or nearly.

use std::time::Duration;

use vocab::Timestamp;

use crate::read::{At, Notes};

/// Owners are told this long before something runs out.
const NOTICE: Duration = Duration::from_secs(30 * 86_400);

/// Notes an end that is not after its beginning; whether the two are in order.
pub(crate) fn ordered(
    begin: (&'static str, &At<Timestamp>),
    end: (&'static str, &At<Timestamp>),
    notes: &Notes,
) -> bool {
    let ((begin_name, begin), (end_name, end)) = (begin, end);
    if end.value <= begin.value {
        notes.error(
            end.place,
            format!("`{end_name}` is not later than `{begin_name}`"),
            format!("write a time after {}", date(begin.value)),
        );
        return false;
    }
    true
}

/// How near an end is.
pub(crate) enum End {
    Over,
    Near,
    Far,
}

/// How near an end is at `now`.
pub(crate) fn end(end: Timestamp, now: Timestamp) -> End {
    if end <= now {
        End::Over
    } else if end <= now.after(NOTICE) {
        End::Near
    } else {
        End::Far
    }
}

/// The day of a time, for messages.
pub(crate) fn date(time: Timestamp) -> String {
    time.to_string().split('T').next().unwrap_or_default().to_owned()
}

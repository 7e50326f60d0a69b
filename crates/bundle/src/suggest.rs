//! "Did you mean": the known name that is nearest to a mistyped one.

/// The nearest of `known` to `typed`, if it is near enough to be meant: at most a third of its
/// letters differ, and at least one edit is always forgiven.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    known
        .into_iter()
        .map(|name| (distance(&typed, &name.to_ascii_lowercase()), name))
        .filter(|(edits, name)| *edits <= (name.chars().count() / 3).max(1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// The Damerau–Levenshtein distance (optimal string alignment): insertions, deletions,
/// replacements and swaps of neighbours that turn one text into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, x) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
        let mut left = None;
        for (j, y) in b.iter().enumerate() {
            let replaced = at(&row, j) + usize::from(x != *y);
            let mut best = replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if previous == Some(*y) && left == Some(x) {
                best = best.min(at(&before, j.wrapping_sub(1)) + 1);
            }
            next.push(best);
            left = Some(*y);
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(x);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_one_edit() {
        assert_eq!(distance("region", "region"), 0);
        assert_eq!(distance("regoin", "region"), 1);
        assert_eq!(distance("regin", "region"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let known = ["retention_days_max", "residency", "region"];
        assert_eq!(nearest("retention_day_max", known), Some("retention_days_max"));
        assert_eq!(nearest("Region", known), Some("region"));
        assert_eq!(nearest("weight", known), None);
    }
}

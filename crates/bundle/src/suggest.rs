//! "Did you mean": the known name that is nearest to a mistyped one.

/// The name of `known` that was probably meant by `typed`: the nearest one, if at most a third of
/// the letters differ, or else the only one that goes on where `typed` ends.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let letters = |name: &str| name.chars().count().max(typed.chars().count());
    let near = known
        .clone()
        .into_iter()
        .map(|name| (distance(&typed, &name.to_ascii_lowercase()), name))
        .filter(|(edits, name)| *edits <= letters(name) / 3)
        .min();
    near.map(|(_, name)| name).or_else(|| {
        let mut longer =
            known.into_iter().filter(|name| typed.len() > 2 && name.starts_with(&typed));
        longer.next().filter(|_| longer.next().is_none())
    })
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
        assert_eq!(nearest("retention", known), Some("retention_days_max"));
        assert_eq!(nearest("re", known), None);
        assert_eq!(nearest("UK", ["EU", "US"]), None);
        assert_eq!(nearest("EUU", ["EU", "US"]), Some("EU"));
    }
}

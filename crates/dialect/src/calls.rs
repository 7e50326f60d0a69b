//! The calls of an answer that wait for their results, found by their ids.
//!
//! However many calls there are and in whatever order their results come, finding all of them costs
//! no more than sorting them. Of calls with the same id the earliest is answered first.

use std::collections::BTreeMap;

/// Calls without a result so far.
#[derive(Debug)]
pub(crate) struct Calls<'p, T> {
    // By id and place, so that those of one id stand together in their order.
    open: BTreeMap<(&'p str, usize), T>,
    made: usize,
}

impl<T> Default for Calls<'_, T> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), made: 0 }
    }
}

impl<'p, T> Calls<'p, T> {
    /// Adds the next call.
    pub(crate) fn add(&mut self, id: &'p str, call: T) {
        self.open.insert((id, self.made), call);
        self.made += 1;
    }

    /// The earliest call of this id and its place among all, which is answered now.
    pub(crate) fn answer(&mut self, id: &'p str) -> Option<(usize, T)> {
        let (&key, _) = self.open.range((id, 0)..=(id, usize::MAX)).next()?;
        let call = self.open.remove(&key)?;
        Some((key.1, call))
    }

    /// The earliest call that has no result.
    pub(crate) fn first(&self) -> Option<&T> {
        self.open.iter().min_by_key(|((_, place), _)| *place).map(|(_, call)| call)
    }

    /// Forgets them all.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        self.made = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_in_any_order_find_their_calls() {
        let mut calls = Calls::default();
        for (id, name) in [("b", 1), ("a", 2), ("b", 3)] {
            calls.add(id, name);
        }
        assert_eq!(calls.first(), Some(&1));
        assert_eq!(calls.answer("c"), None);
        assert_eq!(calls.answer("b"), Some((0, 1)));
        assert_eq!(calls.first(), Some(&2));
        assert_eq!(calls.answer("b"), Some((2, 3)));
        assert_eq!(calls.answer("b"), None);
        assert_eq!(calls.answer("a"), Some((1, 2)));
        assert_eq!(calls.first(), None);
    }

    #[test]
    fn a_great_many_reversed_results_are_found_in_time() {
        let ids: Vec<String> = (0..500_000).map(|number| number.to_string()).collect();
        let mut calls = Calls::default();
        for (place, id) in ids.iter().enumerate() {
            calls.add(id, place);
        }
        let found = ids.iter().rev().filter_map(|id| calls.answer(id));
        assert!(found.map(|(place, _)| place).eq((0..ids.len()).rev()));
    }
}

//! Whether a licence expression can be met by a list of allowed licences.
//!
//! Only what package manifests use: ids, `WITH`, `AND`, `OR`, parentheses, and the old `/` for
//! `OR`. `AND` binds tighter than `OR` (SPDX annex D).

use std::collections::BTreeSet;

/// True when some choice the expression leaves open is made of allowed licences only. An
/// expression that cannot be read is not met.
pub(crate) fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut reader = Reader { tokens: spaced.split_whitespace().collect(), at: 0, allowed };
    reader.any() == Some(true) && reader.at == reader.tokens.len()
}

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    allowed: &'a BTreeSet<String>,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.take("OR") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any()?;
            return self.take(")").then_some(met);
        }
        let id = *self.tokens.get(self.at)?;
        self.at += 1;
        if !self.take("WITH") {
            return Some(self.allowed.contains(id));
        }
        let exception = self.tokens.get(self.at)?;
        self.at += 1;
        Some(self.allowed.contains(&format!("{id} WITH {exception}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(expression: &str) -> bool {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
        is_met(expression, &allowed.into_iter().map(String::from).collect())
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        assert!(met("GPL-3.0 OR MIT"));
        assert!(met("MIT/GPL-3.0"));
        assert!(met("GPL-3.0 AND GPL-2.0 OR MIT"));
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_allowed() {
        assert!(met("MIT AND ISC"));
        assert!(!met("MIT AND GPL-3.0"));
        assert!(!met("(MIT OR ISC) AND GPL-3.0"));
        assert!(met("(GPL-3.0 OR ISC) AND MIT"));
    }

    #[test]
    fn an_exception_is_part_of_the_licence() {
        assert!(met("Apache-2.0 WITH LLVM-exception"));
        assert!(!met("Apache-2.0"));
        assert!(!met("MIT WITH LLVM-exception"));
    }

    #[test]
    fn what_cannot_be_read_is_not_met() {
        for broken in ["", "MIT OR", "(MIT", "MIT MIT", "OR MIT"] {
            assert!(!met(broken), "{broken}");
        }
    }
}

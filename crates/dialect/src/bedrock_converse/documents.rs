//! Formats and names of documents as Converse takes them.
//!
//! A name is required: letters, digits, single spaces, `-`, brackets; and no two documents of a
//! request have the same one.

use std::collections::{HashMap, HashSet};

/// Media types and the formats they are.
const FORMATS: [(&str, &str); 9] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
];
/// The longest name, with room for a number behind it.
const NAME_MAX: usize = 190;

/// The format of a media type, if Converse takes it.
pub(super) fn format(media_type: &str) -> Option<&'static str> {
    let named = media_type.split(';').next().unwrap_or_default().trim();
    FORMATS.iter().find(|(name, _)| *name == named).map(|(_, format)| *format)
}

/// The names given so far in one request.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: HashSet<String>,
    // The last number tried behind a name; every number before it is given.
    numbers: HashMap<String, usize>,
}

impl Names {
    /// The name of the next document, from its own if it has one.
    pub(super) fn next(&mut self, own: Option<&str>) -> String {
        let fit = |c: char| c.is_ascii_alphanumeric() || "-()[] ".contains(c);
        let fitted: String = own
            .unwrap_or_default()
            .chars()
            .take(NAME_MAX)
            .map(|c| if fit(c) { c } else { '-' })
            .collect();
        let words: Vec<&str> = fitted.split_whitespace().collect();
        let mut name = words.join(" ");
        if name.is_empty() {
            name.push_str("document");
        }
        if self.given.contains(&name) {
            let base = name.clone();
            let number = self.numbers.entry(base.clone()).or_insert(1);
            while self.given.contains(&name) {
                *number += 1;
                name = format!("{base} {number}");
            }
        }
        self.given.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_are_told_apart() {
        let mut names = Names::default();
        let mut next = |own| names.next(own);
        assert_eq!(next(Some("Q3  report (final).pdf")), "Q3 report (final)-pdf");
        assert_eq!(next(Some("Q3 report (final).pdf")), "Q3 report (final)-pdf 2");
        assert_eq!(next(None), "document");
        assert_eq!(next(Some(" ")), "document 2");
        assert_eq!(next(Some("é\n")), "--");
        assert!(next(Some(&"x".repeat(500))).len() <= 200);
    }

    #[test]
    fn a_number_that_a_document_has_of_its_own_is_not_given_again() {
        let mut names = Names::default();
        let given: Vec<String> = [Some("document 2"), None, None, Some("document 2"), None]
            .into_iter()
            .map(|own| names.next(own))
            .collect();
        let expected = ["document 2", "document", "document 3", "document 2 2", "document 4"];
        assert_eq!(given, expected);
    }

    #[test]
    fn a_great_many_unnamed_documents_are_named_in_time() {
        let mut names = Names::default();
        let last = (0..200_000).map(|_| names.next(None)).last();
        assert_eq!(last.as_deref(), Some("document 200000"));
    }

    #[test]
    fn a_format_is_known_by_its_media_type() {
        assert_eq!(format("text/plain; charset=utf-8"), Some("txt"));
        assert_eq!(format("application/pdf"), Some("pdf"));
        assert_eq!(format("application/zip"), None);
    }
}

//! Walking the tree of one file: fields, values, and a note for everything that is wrong.

use std::{cell::RefCell, collections::BTreeSet, str::FromStr, time::Duration};

use vocab::{
    Id, Timestamp,
    id::{IdError, Kind},
};

use crate::{
    node::{Entry, Node, Place, Value},
    report::{Problem, Severity},
    source::FileId,
    suggest::nearest,
};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// The notes taken on one file.
pub(crate) struct Notes {
    file: FileId,
    shown: String,
    problems: RefCell<Vec<Problem>>,
}

impl Notes {
    pub(crate) fn new(file: FileId, shown: String) -> Self {
        Self { file, shown, problems: RefCell::default() }
    }

    pub(crate) fn file(&self) -> FileId {
        self.file
    }

    pub(crate) fn error(
        &self,
        place: Place,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(Severity::Error, place, message.into(), remedy.into());
    }

    pub(crate) fn warn(&self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Warning, place, message.into(), remedy.into());
    }

    fn note(&self, severity: Severity, place: Place, message: String, remedy: String) {
        self.problems.borrow_mut().push(Problem {
            severity,
            file: self.shown.clone(),
            line: place.line,
            column: place.column,
            span: (place.start, place.length),
            message,
            remedy,
        });
    }

    /// Whether no error was noted.
    pub(crate) fn clean(&self) -> bool {
        self.problems.borrow().iter().all(|problem| problem.severity == Severity::Warning)
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// The fields of one map. Each is asked for once; [`Fields::finish`] names the ones nobody knows.
pub(crate) struct Fields<'a> {
    notes: &'a Notes,
    /// The map, or for an entry of a list its first key, which is what people look at.
    pub(crate) place: Place,
    /// What the map describes, e.g. `a route`.
    what: &'static str,
    entries: &'a [Entry],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Opens a map that describes `what`.
    pub(crate) fn open(node: &'a Node, notes: &'a Notes, what: &'static str) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong(node, notes, &format!("{what}, as `field: value` lines"));
            return None;
        };
        let place = entries.first().map_or(node.place, |entry| entry.place);
        Some(Self { notes, place, what, entries, known: Vec::new() })
    }

    fn find(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        self.entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node)
    }

    /// A field that must be there. `None` has been noted.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Node, &'a Notes) -> Option<T>,
    ) -> Option<T> {
        match self.find(name) {
            Some(node) => read(node, self.notes),
            None => {
                // A mistyped name is told where it stands, by `finish`.
                let mistyped = self.entries.iter().any(|entry| {
                    !self.known.contains(&entry.key.as_str())
                        && nearest(&entry.key, [name]).is_some()
                });
                if !mistyped {
                    self.notes.error(
                        self.place,
                        format!("{} needs the field `{name}`", self.what),
                        format!("add a line `{name}: ...`"),
                    );
                }
                None
            }
        }
    }

    /// A field that may be left out. `None` when it is, or when it is wrong, which has been noted.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Node, &'a Notes) -> Option<T>,
    ) -> Option<T> {
        self.find(name).and_then(|node| read(node, self.notes))
    }

    /// Names every field that nobody asked for.
    pub(crate) fn finish(self) {
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let remedy = match nearest(&entry.key, self.known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("remove it; known are {}", quoted(&self.known)),
            };
            let message = format!("{} has no field `{}`", self.what, entry.key);
            self.notes.error(entry.place, message, remedy);
        }
    }
}

/// Names in backticks with commas between them.
pub(crate) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

fn wrong(node: &Node, notes: &Notes, expected: &str) {
    let message = format!("expected {expected}, found {}", node.value.noun());
    let remedy = match (&node.value, expected) {
        (Value::Whole(_) | Value::Number | Value::Bool(_), "a text") => {
            "put the value in quotes".to_owned()
        }
        (Value::Text(text), "true or false") if is_yes_or_no(text) => {
            "write `true` or `false`".to_owned()
        }
        _ => format!("write {expected} here"),
    };
    notes.error(node.place, message, remedy);
}

fn is_yes_or_no(text: &str) -> bool {
    ["yes", "no", "on", "off", "y", "n"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A list of entries, each read by `read`; entries with mistakes are left out and noted.
pub(crate) fn list<'a, T>(
    node: &'a Node,
    notes: &'a Notes,
    read: impl Fn(&'a Node, &'a Notes) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.value {
        Value::List(items) => Some(items.iter().filter_map(|item| read(item, notes)).collect()),
        // An empty file, or a field with nothing behind it.
        Value::Null => Some(Vec::new()),
        Value::Bool(_) | Value::Whole(_) | Value::Number | Value::Text(_) | Value::Map(_) => {
            wrong(node, notes, "a list");
            None
        }
    }
}

/// A text that is not empty.
pub(crate) fn text(node: &Node, notes: &Notes) -> Option<At<String>> {
    match &node.value {
        Value::Text(text) if text.trim().is_empty() => {
            notes.error(node.place, "the text is empty", "write something here");
            None
        }
        Value::Text(text) => Some(At { value: text.clone(), place: node.place }),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Number => {
            wrong(node, notes, "a text");
            None
        }
        Value::List(_) | Value::Map(_) => {
            wrong(node, notes, "a text");
            None
        }
    }
}

/// Something written as a text that reads itself, and says what is wrong when it cannot.
pub(crate) fn parsed<T>(node: &Node, notes: &Notes, remedy: &str) -> Option<At<T>>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = text(node, notes)?;
    match text.value.parse() {
        Ok(value) => Some(At { value, place: text.place }),
        Err(error) => {
            let message = error.to_string();
            // The words' own errors end in what to write instead.
            let (message, own) = match message.split_once(": ") {
                Some((message, own)) => (message.to_owned(), Some(own.to_owned())),
                None => (message, None),
            };
            notes.error(text.place, message, own.unwrap_or_else(|| remedy.to_owned()));
            None
        }
    }
}

/// A name.
pub(crate) fn id<K: Kind>(node: &Node, notes: &Notes) -> Option<At<Id<K>>>
where
    Id<K>: FromStr<Err = IdError>,
{
    parsed(node, notes, "use a name")
}

/// A list of names.
pub(crate) fn ids<K: Kind>(node: &Node, notes: &Notes) -> Option<Vec<At<Id<K>>>> {
    list(node, notes, id)
}

/// A list of texts.
pub(crate) fn texts(node: &Node, notes: &Notes) -> Option<Vec<At<String>>> {
    list(node, notes, text)
}

/// A list of texts, each once.
pub(crate) fn text_set(node: &Node, notes: &Notes) -> Option<BTreeSet<String>> {
    Some(texts(node, notes)?.into_iter().map(|text| text.value).collect())
}

/// A time.
pub(crate) fn time(node: &Node, notes: &Notes) -> Option<At<Timestamp>> {
    parsed(node, notes, "write it as RFC 3339")
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, notes: &Notes) -> Option<bool> {
    match node.value {
        Value::Bool(value) => Some(value),
        Value::Null
        | Value::Whole(_)
        | Value::Number
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => {
            wrong(node, notes, "true or false");
            None
        }
    }
}

/// A whole number, 0 or more, at most `max`.
pub(crate) fn whole(node: &Node, notes: &Notes, max: u64) -> Option<At<u64>> {
    match node.value {
        Value::Whole(value) if value <= max => Some(At { value, place: node.place }),
        Value::Whole(value) => {
            let message = format!("{value} is too large");
            notes.error(node.place, message, format!("write at most {max}"));
            None
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => {
            wrong(node, notes, "a whole number, 0 or more");
            None
        }
    }
}

/// A span of time with its unit, e.g. `10s`, `500ms`, `2m`.
pub(crate) fn span(node: &Node, notes: &Notes) -> Option<Duration> {
    let text = text(node, notes)?;
    let found = parse_span(&text.value);
    if found.is_none() {
        let message = format!("`{}` is not a span of time", text.value);
        notes.error(text.place, message, "write a whole number and a unit: `500ms`, `10s`, `2m`");
    }
    found
}

fn parse_span(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let count: u64 = digits.parse().ok().filter(|count| (1..=86_400_000).contains(count))?;
    let span = match unit.trim() {
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(count * 60),
        _ => return None,
    };
    // A day is more than any request lasts.
    (span <= Duration::from_secs(86_400)).then_some(span)
}

/// One word of a closed set.
pub(crate) fn word<T: Copy>(
    node: &Node,
    notes: &Notes,
    words: &[(&'static str, T)],
) -> Option<At<T>> {
    let text = text(node, notes)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
        return Some(At { value: *value, place: text.place });
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let remedy = match nearest(&text.value, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write one of {}", quoted(&known)),
    };
    notes.error(text.place, format!("`{}` is not a word for this field", text.value), remedy);
    None
}

/// A statement that may be left open with the word `unknown`: `Some(None)` when it is.
pub(crate) fn or_unknown<'a, T>(
    node: &'a Node,
    notes: &'a Notes,
    read: impl FnOnce(&'a Node, &'a Notes) -> Option<T>,
) -> Option<Option<T>> {
    match &node.value {
        Value::Text(text) if text == "unknown" => Some(None),
        Value::Null
        | Value::Bool(_)
        | Value::Whole(_)
        | Value::Number
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => read(node, notes).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units_and_bounds() {
        assert_eq!(parse_span("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_span("10s"), Some(Duration::from_secs(10)));
        assert_eq!(parse_span("2m"), Some(Duration::from_secs(120)));
        for wrong in ["", "10", "s", "0s", "-1s", "1h", "1.5s", "99999999999s", "2000m"] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }
}

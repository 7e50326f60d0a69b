//! Which names a bundle declares, and notes for those it does not.

use std::collections::{HashMap, HashSet};

use vocab::{Id, id::Kind};

use crate::{
    node::{Node, Place, Value},
    read::{At, Notes},
    source::FileId,
    suggest::nearest,
};

/// With more names than this nobody is asked "did you mean": it would take too long.
const SUGGESTED_FROM_MAX: usize = 2_000;

/// The names that one file declares.
#[derive(Debug)]
pub(crate) struct Names {
    file: FileId,
    /// `None` when the file could not be read: then every name is taken on trust.
    names: Option<HashSet<String>>,
}

impl Names {
    /// The `id` of every entry of a list.
    pub(crate) fn of_entries(file: FileId, list: Option<&Node>) -> Self {
        let names = list.map(|list| items(list).iter().filter_map(entry_id).collect());
        Self { file, names }
    }

    /// Every text of a list.
    pub(crate) fn of_texts(file: FileId, list: Option<&Node>) -> Self {
        let text = |node: &Node| match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null
            | Value::Bool(_)
            | Value::Whole(_)
            | Value::Number
            | Value::List(_)
            | Value::Map(_) => None,
        };
        let names = list.map(|list| items(list).iter().filter_map(text).collect());
        Self { file, names }
    }

    /// Whether the file declares a name.
    pub(crate) fn declare(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }

    /// Notes a name that nothing declares.
    pub(crate) fn expect<K: Kind>(&self, name: &At<Id<K>>, notes: &Notes) {
        let Some(names) = self.names.as_ref().filter(|n| !n.contains(name.value.as_str())) else {
            return;
        };
        let valid = |name: &&str| Id::<K>::parse(name).is_ok();
        let near = (names.len() <= SUGGESTED_FROM_MAX)
            .then(|| nearest(name.value.as_str(), names.iter().map(String::as_str).filter(valid)))
            .flatten();
        let remedy = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it in {}", self.file.name()),
        };
        notes.error(name.place, format!("there is no {} `{}`", K::NOUN, name.value), remedy);
    }

    /// Notes every name of a list that nothing declares.
    pub(crate) fn expect_all<K: Kind>(&self, names: &[At<Id<K>>], notes: &Notes) {
        for name in names {
            self.expect(name, notes);
        }
    }
}

/// The value of a field of a map.
pub(crate) fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Whole(_)
        | Value::Number
        | Value::Text(_)
        | Value::List(_) => None,
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null
        | Value::Bool(_)
        | Value::Whole(_)
        | Value::Number
        | Value::Text(_)
        | Value::Map(_) => &[],
    }
}

fn entry_id(node: &Node) -> Option<String> {
    match &field(node, "id")?.value {
        Value::Text(text) => Some(text.clone()),
        Value::Null
        | Value::Bool(_)
        | Value::Whole(_)
        | Value::Number
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

/// Notes every name that stands twice.
pub(crate) fn unique<'a, K: Kind + 'a>(
    names: impl IntoIterator<Item = &'a At<Id<K>>>,
    notes: &Notes,
) {
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for name in names {
        if let Some(first) = seen.insert(name.value.as_str(), name.place) {
            notes.error(
                name.place,
                format!("{} `{}` is declared twice", K::NOUN, name.value),
                format!("rename or remove one; the other is on line {}", first.line),
            );
        }
    }
}

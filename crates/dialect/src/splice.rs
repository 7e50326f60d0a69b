//! Changes of a few bytes in a body that otherwise passes through (G5).

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use memchr::memrchr;
use serde_json::value::RawValue;

/// Replace these bytes by this text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) at: Range<usize>,
    pub(crate) text: Cow<'static, str>,
}

/// Where `part`, which was borrowed from `whole`, stands in it.
pub(crate) fn span(whole: &[u8], part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start.saturating_add(part.get().len())
}

/// Where the member of an object stands whose value stands at `value`: its name, the colon, the
/// value.
pub(crate) fn member(whole: &[u8], value: &Range<usize>) -> Range<usize> {
    let before = whole.get(..value.start).unwrap_or_default().trim_ascii_end();
    let before = before.strip_suffix(b":").unwrap_or(before).trim_ascii_end();
    // No name that is looked for has a quote in it, escaped or not.
    let name = before.strip_suffix(b"\"").and_then(|name| memrchr(b'"', name));
    name.unwrap_or(value.start)..value.end
}

/// The same with one comma, so that the object stays whole without the member.
pub(crate) fn member_with_comma(whole: &[u8], value: &Range<usize>) -> Range<usize> {
    let Range { start, end } = member(whole, value);
    let after = whole.get(end..).unwrap_or_default();
    let space = after.len() - after.trim_ascii_start().len();
    if after.get(space) == Some(&b',') {
        let rest = after.get(space + 1..).unwrap_or_default();
        // One space after the comma goes with it.
        return start..end + space + 1 + usize::from(rest.starts_with(b" "));
    }
    let before = whole.get(..start).unwrap_or_default().trim_ascii_end();
    before.strip_suffix(b",").map_or(start, <[u8]>::len)..end
}

/// The edits that take members of one object out and leave it whole; `values` stand in the order of
/// the object, and a member that stays is among them.
pub(crate) fn without(whole: &[u8], values: &[Range<usize>]) -> Vec<Edit> {
    let past_space = |at: usize| {
        let rest = whole.get(at..).unwrap_or_default();
        at + rest.len() - rest.trim_ascii_start().len()
    };
    // Where the members begin after which nothing stays: they take the comma before them.
    let mut last = None;
    let mut edits = Vec::with_capacity(values.len());
    for value in values.iter().rev() {
        let Range { start, end } = member(whole, value);
        let next = past_space(end);
        let is_last =
            whole.get(next) != Some(&b',') || last.is_some_and(|last| last == past_space(next + 1));
        let at = if is_last {
            last = Some(start);
            let before = whole.get(..start).unwrap_or_default().trim_ascii_end();
            before.strip_suffix(b",").map_or(start, <[u8]>::len)..end
        } else {
            member_with_comma(whole, value)
        };
        edits.push(Edit { at, text: Cow::Borrowed("") });
    }
    edits
}

/// The body with the edits made. Edits do not overlap; one outside the body is left out. Without
/// edits the body is shared, not copied.
pub(crate) fn splice(body: &Bytes, mut edits: Vec<Edit>) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    // What is put before a byte comes before what is done to it.
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = Vec::with_capacity(body.len().saturating_add(added));
    let mut done = 0;
    for edit in &edits {
        if let (Some(kept), true) = (body.get(done..edit.at.start), edit.at.end <= body.len()) {
            out.extend_from_slice(kept);
            out.extend_from_slice(edit.text.as_bytes());
            done = edit.at.end;
        }
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_stays_whole_whichever_members_are_taken_out() {
        for space in ["", " ", "\n  "] {
            for taken in 0..0b1111_u8 {
                let parts: Vec<String> = ["a", "b", "c", "d"]
                    .map(|key| format!("{space}\"{key}\"{space}:{space}1"))
                    .into();
                let body = Bytes::from(format!("{{{}{space}}}", parts.join(&format!("{space},"))));
                let ones = body.iter().enumerate().filter(|(_, byte)| **byte == b'1');
                let is_taken = |number: &usize| taken & (1 << number) != 0;
                let values: Vec<Range<usize>> = ones
                    .enumerate()
                    .filter(|(number, _)| is_taken(number))
                    .map(|(_, (at, _))| at..at + 1)
                    .collect();
                let mut edits = without(&body, &values);
                edits.push(Edit { at: 1..1, text: Cow::Borrowed("\"x\":1,") });
                let out = splice(&body, edits);
                let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
                let keys: Vec<&str> = read.as_object().unwrap().keys().map(|key| &**key).collect();
                let mut expected: Vec<&str> = ["a", "b", "c", "d"]
                    .into_iter()
                    .enumerate()
                    .filter(|(number, _)| !is_taken(number))
                    .map(|(_, key)| key)
                    .collect();
                expected.insert(0, "x");
                assert_eq!(keys, expected, "{out:?}");
            }
        }
    }

    #[test]
    fn edits_in_any_order_change_only_their_bytes() {
        let body = Bytes::from_static(b"0123456789");
        let edit = |at, text| Edit { at, text: Cow::Borrowed(text) };
        assert_eq!(splice(&body, vec![edit(7..8, "seven"), edit(1..1, "+")]), "0+123456seven89");
        assert_eq!(splice(&body, vec![]).as_ptr(), body.as_ptr());
    }
}

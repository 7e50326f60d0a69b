//! Links in Markdown that lead somewhere.
//!
//! Relative links only: the file must be tracked (or be a folder that holds a tracked file), and a
//! fragment must be a heading of the target. Code is skipped.

use std::collections::{BTreeMap, BTreeSet};

use crate::Finding;
use crate::tree::File;

/// Every relative link in a Markdown file of `files` that leads nowhere.
#[must_use]
pub fn check(files: &[File]) -> Vec<Finding> {
    let paths = paths_and_folders(files);
    let pages: Vec<&File> = files.iter().filter(|file| file.path.ends_with(".md")).collect();
    let headings: BTreeMap<&str, BTreeSet<String>> =
        pages.iter().map(|page| (page.path.as_str(), anchors(&page.text))).collect();
    let mut findings = Vec::new();
    for page in pages {
        for (line, link) in links(&page.text) {
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = resolve(&page.path, path);
            let place = format!("{}:{line}", page.path);
            if !paths.contains(&target) {
                findings.push(Finding::new(place, format!("`{link}` leads to no tracked file")));
            } else if let Some(known) = headings.get(target.as_str())
                && !fragment.is_empty()
                && !known.contains(fragment)
            {
                findings.push(Finding::new(place, format!("`{link}` names no heading there")));
            }
        }
    }
    findings
}

fn paths_and_folders(files: &[File]) -> BTreeSet<String> {
    let mut all = BTreeSet::from([String::new()]);
    for file in files {
        all.insert(file.path.clone());
        all.extend(
            file.path
                .match_indices('/')
                .filter_map(|(at, _)| file.path.get(..at).map(str::to_owned)),
        );
    }
    all
}

/// The lines of a page outside fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The targets of relative links, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Every second piece between backticks is code.
        let words: String = line.split('`').step_by(2).collect();
        let mut rest = words.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let (target, next) = after.split_once(')').unwrap_or((after, ""));
            let target = target.split(' ').next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push((number, target.to_owned()));
            }
            rest = next;
        }
    }
    found
}

/// The fragment names of a page's headings, as code hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| slug(line.trim_start_matches('#').trim())).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

fn resolve(page: &str, link: &str) -> String {
    if link.is_empty() {
        return page.to_owned();
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pages: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = pages
            .iter()
            .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        check(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_to_files_folders_and_headings_are_fine() {
        let text = "[a](docs/x.md#two-words-and-code) [b](docs) [c](#top) [d](https://a.b)\n# Top";
        let pages =
            [("README.md", text), ("docs/x.md", "## Two words, and `code`\n[up](../README.md)")];
        assert_eq!(found(&pages), [""; 0]);
    }

    #[test]
    fn a_link_to_nothing_is_found_with_its_line() {
        let found = found(&[("docs/x.md", "fine\n\n[a](gone.md)")]);
        assert_eq!(found, ["docs/x.md:3: `gone.md` leads to no tracked file"]);
    }

    #[test]
    fn a_missing_heading_is_found() {
        let found = found(&[("x.md", "# One\n[a](#two)")]);
        assert_eq!(found, ["x.md:2: `#two` names no heading there"]);
    }

    #[test]
    fn code_is_not_read_for_links() {
        assert_eq!(found(&[("x.md", "`[a](b)`\n```\n[c](d)\n```")]), [""; 0]);
    }
}

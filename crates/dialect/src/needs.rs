//! What a request asks for beyond text, as policy and routing need to know it.

/// Features that one request uses. Found in the cheap pass over the body, never from a model list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Tools that the caller runs: declared functions, or calls and results in the history.
    pub function_tools: bool,
    /// Tools that the provider runs, by type without its date, e.g. `web_search`; each once.
    pub hosted_tools: Vec<String>,
    /// Images in the prompt.
    pub images: bool,
    /// Documents or files in the prompt.
    pub documents: bool,
    /// Audio in the prompt or asked for in the answer.
    pub audio: bool,
    /// The answer must follow a JSON schema.
    pub json_schema: bool,
    /// Log probabilities are asked for.
    pub logprobs: bool,
    /// More than one answer is asked for.
    pub several_answers: bool,
    /// Reasoning is asked for, switched off, or replayed.
    pub reasoning: bool,
}

/// Stands for provider-run tools whose names are not kept.
const OTHER: &str = "other";
/// Longest name of a provider-run tool, in bytes.
const NAME_MAX: usize = 40;
/// Most names that are told apart.
const NAMES_MAX: usize = 32;

impl Needs {
    /// Adds what a part of the request needs.
    pub(crate) fn merge(&mut self, part: Self) {
        self.function_tools |= part.function_tools;
        self.images |= part.images;
        self.documents |= part.documents;
        self.audio |= part.audio;
        self.json_schema |= part.json_schema;
        self.logprobs |= part.logprobs;
        self.several_answers |= part.several_answers;
        self.reasoning |= part.reasoning;
        for kind in &part.hosted_tools {
            self.hosted(kind);
        }
    }

    /// Adds a tool that the provider runs; its version date is not part of the name.
    pub(crate) fn hosted(&mut self, kind: &str) {
        let name = strip_date(kind);
        // The name goes into records, so it must look like one (AUD-4); and a list without end
        // would cost time without end. What is past either bound is `other`, which no policy
        // permits.
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let fit = (1..=NAME_MAX).contains(&name.len())
            && name.bytes().all(plain)
            && self.hosted_tools.len() < NAMES_MAX;
        let known = self.hosted_tools.iter().any(|known| known == name);
        let name = if fit || known { name } else { OTHER };
        if !self.hosted_tools.iter().any(|known| known == name) {
            self.hosted_tools.push(name.to_owned());
        }
    }
}

/// `web_search_20250305` → `web_search`.
fn strip_date(kind: &str) -> &str {
    match kind.rsplit_once('_') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_text_and_names_without_end_are_other() {
        let mut needs = Needs::default();
        needs.hosted("Jane Doe, diagnosed");
        assert_eq!(needs.hosted_tools, ["other"]);
        (0..1000).for_each(|n| needs.hosted(&format!("tool_{n}")));
        assert_eq!(needs.hosted_tools.len(), NAMES_MAX);
        assert!(needs.hosted_tools.contains(&OTHER.to_owned()));
    }

    #[test]
    fn a_hosted_tool_is_named_once_and_without_its_date() {
        let mut needs = Needs::default();
        for kind in ["web_search_20250305", "web_search", "web_search_20260101", "mcp"] {
            needs.hosted(kind);
        }
        assert_eq!(needs.hosted_tools, ["web_search", "mcp"]);
    }
}

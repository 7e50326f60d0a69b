//! What a request asks for beyond text, as policy and routing need to know it.

use vocab::{Feature, FeatureSet};

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
    /// Reasoning is asked for, bounded, or replayed.
    pub reasoning: bool,
    /// Several tool calls in one answer, asked for in so many words.
    pub parallel_tools: bool,
    /// A tool must be called.
    pub forced_tool: bool,
    /// The answer must be a JSON object of any kind.
    pub json_object: bool,
    /// Temperature, nucleus or top-k are given.
    pub sampling: bool,
    /// The conversation ends in an answer of the model, to be continued.
    pub prefill: bool,
    /// Instructions come after the conversation has begun.
    pub late_instructions: bool,
    /// Vectors of a chosen size are asked for.
    pub dimensions: bool,
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
        self.parallel_tools |= part.parallel_tools;
        self.forced_tool |= part.forced_tool;
        self.json_object |= part.json_object;
        self.sampling |= part.sampling;
        self.prefill |= part.prefill;
        self.late_instructions |= part.late_instructions;
        self.dimensions |= part.dimensions;
        for kind in &part.hosted_tools {
            self.hosted(kind);
        }
    }

    /// The features among them. Tools that the provider runs are not: where they may run is
    /// policy's to say.
    pub(crate) fn features(&self) -> FeatureSet {
        let asked = [
            (Feature::Tools, self.function_tools),
            (Feature::ParallelTools, self.parallel_tools),
            (Feature::ForcedTool, self.forced_tool),
            (Feature::Images, self.images),
            (Feature::Documents, self.documents),
            (Feature::Audio, self.audio),
            (Feature::JsonSchema, self.json_schema),
            (Feature::JsonObject, self.json_object),
            (Feature::Logprobs, self.logprobs),
            (Feature::SeveralAnswers, self.several_answers),
            (Feature::Reasoning, self.reasoning),
            (Feature::Sampling, self.sampling),
            (Feature::Prefill, self.prefill),
            (Feature::LateInstructions, self.late_instructions),
            (Feature::Dimensions, self.dimensions),
        ];
        asked.into_iter().filter(|(_, asked)| *asked).map(|(feature, _)| feature).collect()
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

/// Who says one message of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The application.
    Instructions,
    /// The person, or a tool.
    Caller,
    /// The model.
    Model,
}

/// What the order of a conversation says: fed message by message.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Order {
    begun: bool,
    late: bool,
    ends_in_answer: bool,
}

impl Order {
    /// Takes note of the next message.
    pub(crate) fn add(&mut self, speaker: Speaker) {
        self.late |= self.begun && speaker == Speaker::Instructions;
        self.begun |= speaker != Speaker::Instructions;
        self.ends_in_answer = speaker == Speaker::Model;
    }

    /// What it needs.
    pub(crate) fn needs(self) -> Needs {
        Needs { prefill: self.ends_in_answer, late_instructions: self.late, ..Needs::default() }
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

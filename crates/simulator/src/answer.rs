//! What is said: a deterministic answer that names its place and echoes the caller.

use serde_json::{Value, json};

use crate::ask::{Ask, Calls, Choice, Shape, Thought, Tool, beginning};
use crate::random::Random;
use crate::schema::Sampler;

/// Longest run of characters that counts as one token where no blank comes first.
const TOKEN_CHARS_MAX: usize = 16;

/// Words in the last user text that a content filter takes offence at.
pub(crate) const FILTER_PROMPT: &str = "filter=prompt";
const FILTER_ANSWER: &str = "filter=answer";

const FILLER: &str = "Each further word of this answer is filler, so that a stream takes a while.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    StopSequence,
    Length,
    Calls,
    /// A content filter stopped the answer midway.
    Filtered,
    /// A content filter stopped the prompt; there is no answer.
    Blocked,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) text: Tokens,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
    /// The stop sequence that ended it.
    pub(crate) stop: Option<String>,
    /// Tokens of text and calls, thoughts not included.
    pub(crate) output_tokens: u64,
    /// What was thought before, if asked for.
    pub(crate) thought: Option<Tokens>,
}

impl Answer {
    pub(crate) fn thought_tokens(&self) -> u64 {
        let tokens = self.thought.as_ref().map_or(0, Tokens::len);
        u64::try_from(tokens).unwrap_or(u64::MAX)
    }

    /// Text, calls and thoughts.
    pub(crate) fn all_tokens(&self) -> u64 {
        self.output_tokens.saturating_add(self.thought_tokens())
    }
}

/// Text and where its tokens end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    text: String,
    ends: Vec<usize>,
}

impl Tokens {
    pub(crate) fn of(text: String) -> Self {
        let mut ends = Vec::with_capacity(text.len() / 4 + 1);
        let mut chars = 0;
        let mut after_word = false;
        for (place, c) in text.char_indices() {
            if chars > 0 && (chars >= TOKEN_CHARS_MAX || (c.is_whitespace() && after_word)) {
                ends.push(place);
                chars = 0;
            }
            chars += 1;
            after_word = !c.is_whitespace();
        }
        if !text.is_empty() {
            ends.push(text.len());
        }
        Self { text, ends }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.text.get(start..*end))
    }

    fn truncate(&mut self, tokens: usize) {
        self.ends.truncate(tokens);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// Where the answer comes from, and how long it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) region: &'a str,
    pub(crate) tokens: usize,
    pub(crate) tokens_max: usize,
}

impl Place<'_> {
    pub(crate) fn answer(&self, ask: &Ask) -> Answer {
        if ask.last_text.contains(FILTER_PROMPT) {
            return blocked();
        }
        let thought = self.think(ask);
        let calls = self.calls(ask);
        if calls.is_empty() {
            self.text_answer(ask, thought)
        } else {
            self.call_answer(ask, calls, thought)
        }
    }

    fn think(&self, ask: &Ask) -> Option<Tokens> {
        if ask.thought == Thought::Absent {
            return None;
        }
        let mut thought = Tokens::of(format!(
            "{} ({}) thinks about what was said: {}",
            self.endpoint,
            self.region,
            beginning(&ask.last_text)
        ));
        // A limit counts thoughts as well, and may leave nothing for the answer.
        thought.truncate(limit(ask));
        Some(thought)
    }

    fn call_answer(&self, ask: &Ask, calls: Vec<Call>, thought: Option<Tokens>) -> Answer {
        let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
        let said = format!("{} calls {}.", self.signature(ask), names.join(" and "));
        let weigh = |call: &Call| (call.name.len() + call.arguments.to_string().len()) / 4 + 8;
        let weight = calls.iter().map(weigh).sum::<usize>();
        Answer {
            text: Tokens::of(said),
            calls,
            finish: Finish::Calls,
            stop: None,
            output_tokens: u64::try_from(weight).unwrap_or(u64::MAX),
            thought,
        }
    }

    fn text_answer(&self, ask: &Ask, thought: Option<Tokens>) -> Answer {
        let mut text = self.say(ask);
        let stop = first_stop(&text, &ask.stops).map(|(place, stop)| {
            text.truncate(place);
            stop.to_owned()
        });
        let mut tokens = Tokens::of(text);
        let most = limit(ask).saturating_sub(thought.as_ref().map_or(0, Tokens::len));
        let mut finish = if stop.is_some() { Finish::StopSequence } else { Finish::Stop };
        if tokens.len() > most {
            tokens.truncate(most);
            finish = Finish::Length;
        }
        if ask.last_text.contains(FILTER_ANSWER) {
            tokens.truncate(tokens.len() / 2);
            finish = Finish::Filtered;
        }
        let stop = stop.filter(|_| finish == Finish::StopSequence);
        let output_tokens = u64::try_from(tokens.len()).unwrap_or(u64::MAX);
        Answer { text: tokens, calls: Vec::new(), finish, stop, output_tokens, thought }
    }

    fn say(&self, ask: &Ask) -> String {
        match &ask.shape {
            Shape::Text => self.prose(ask),
            Shape::Object => json!({
                "endpoint": self.endpoint, "region": self.region, "model": ask.model,
                "echo": beginning(&ask.last_text),
            })
            .to_string(),
            Shape::Schema(schema) => {
                let text = self.signature(ask);
                Sampler { root: schema, text: &text, variant: 0 }.sample().to_string()
            }
        }
    }

    fn prose(&self, ask: &Ask) -> String {
        let mut text = self.signature(ask);
        match ask.images {
            0 => {}
            1 => text.push_str(", saw 1 image"),
            many => text.push_str(&format!(", saw {many} images")),
        }
        if ask.tool_results.is_empty() {
            text.push_str(&format!(". You said: {}.", beginning(&ask.last_text).trim_end()));
        } else {
            let quoted: Vec<String> =
                ask.tool_results.iter().map(|one| format!("\"{}\"", beginning(one))).collect();
            text.push_str(&format!(". The tool said: {}.", quoted.join(" and ")));
        }
        let said = Tokens::of(text);
        let asked = asked_tokens(&ask.last_text);
        let wanted = asked.unwrap_or(self.tokens).min(self.tokens_max);
        let missing = wanted.saturating_sub(said.len());
        let mut text = said.text;
        for word in FILLER.split(' ').cycle().take(missing) {
            text.push(' ');
            text.push_str(word);
        }
        let mut all = Tokens::of(text);
        all.truncate(if asked.is_some() { wanted } else { self.tokens_max });
        all.text
    }

    /// Endpoint, region and upstream model: first in every answer, so that even a short one tells.
    fn signature(&self, ask: &Ask) -> String {
        format!("{} ({}) as {}", self.endpoint, self.region, ask.model)
    }

    fn calls(&self, ask: &Ask) -> Vec<Call> {
        let text = ask.last_text.to_ascii_lowercase();
        let prompted = text.contains("weather") || text.contains("tool");
        let wanted = match &ask.choice {
            Choice::Never => false,
            Choice::Any | Choice::Named(_) => true,
            Choice::Auto => prompted,
        };
        if !wanted || !ask.tool_results.is_empty() {
            return Vec::new();
        }
        let Some(first) = pick(ask, &text) else { return Vec::new() };
        let mut chosen = vec![first];
        if text.contains("both") && ask.calls == Calls::Parallel {
            let other = ask.tools.iter().find(|tool| tool.name != first.name);
            let named = matches!(ask.choice, Choice::Named(_));
            chosen.push(other.filter(|_| !named).unwrap_or(first));
        }
        let sampled = |(variant, tool): (usize, &&Tool)| Call {
            name: tool.name.clone(),
            arguments: Sampler { root: &tool.schema, text: self.endpoint, variant }.arguments(),
        };
        chosen.iter().enumerate().map(sampled).collect()
    }
}

impl Sampler<'_> {
    /// Arguments are always an object, whatever the schema.
    fn arguments(&self) -> Value {
        let value = self.sample();
        if value.is_object() { value } else { json!({}) }
    }
}

/// The longest answer the caller takes, in tokens.
fn limit(ask: &Ask) -> usize {
    ask.output_max.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}

fn blocked() -> Answer {
    Answer {
        text: Tokens::default(),
        calls: Vec::new(),
        finish: Finish::Blocked,
        stop: None,
        output_tokens: 0,
        thought: None,
    }
}

fn pick<'a>(ask: &'a Ask, text: &str) -> Option<&'a Tool> {
    if let Choice::Named(name) = &ask.choice {
        return ask.tools.iter().find(|tool| tool.name == *name);
    }
    let mentioned = |tool: &&Tool| text.contains(&tool.name.to_ascii_lowercase());
    let fitting = |tool: &&Tool| text.contains("weather") && tool.name.contains("weather");
    let tools = &ask.tools;
    tools.iter().find(mentioned).or_else(|| tools.iter().find(fitting)).or_else(|| tools.first())
}

/// `tokens=N` in the last user text.
fn asked_tokens(text: &str) -> Option<usize> {
    let (_, after) = text.split_once("tokens=")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn first_stop<'a>(text: &str, stops: &'a [String]) -> Option<(usize, &'a str)> {
    let found = stops.iter().filter(|stop| !stop.is_empty());
    found.filter_map(|stop| Some((text.find(stop.as_str())?, stop.as_str()))).min()
}

/// JSON arguments cut into the uneven fragments that vendors stream.
pub(crate) fn fragments(arguments: &str, random: &mut Random) -> Vec<String> {
    let mut fragments = Vec::new();
    let mut left = arguments.chars();
    loop {
        let size = usize::try_from(random.between(2, 9)).unwrap_or(5);
        let fragment: String = left.by_ref().take(size).collect();
        if fragment.is_empty() {
            return fragments;
        }
        fragments.push(fragment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> =
        Place { endpoint: "openai-eu", region: "eu-west", tokens: 40, tokens_max: 100 };

    fn ask(text: &str) -> Ask {
        Ask { model: "gpt-x".into(), last_text: text.into(), ..Ask::default() }
    }

    fn tool(name: &str) -> Tool {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        Tool { name: name.into(), schema }
    }

    #[test]
    fn an_answer_names_its_place_and_echoes_the_caller() {
        let answer = PLACE.answer(&ask("hello there"));
        assert!(answer.text.text().starts_with("openai-eu (eu-west) as gpt-x"));
        assert!(answer.text.text().contains("You said: hello there"));
        assert_eq!((answer.finish, answer.text.len()), (Finish::Stop, 40));
    }

    #[test]
    fn tokens_put_together_are_the_text() {
        let answer =
            PLACE.answer(&ask("  odd \n\n spacing, é and 日本語の長い文字列がここに続きます"));
        assert_eq!(answer.text.iter().collect::<String>(), answer.text.text());
    }

    #[test]
    fn the_limit_of_the_caller_is_kept_exactly() {
        let answer = PLACE.answer(&Ask { output_max: Some(5), ..ask("hello") });
        assert_eq!((answer.finish, answer.output_tokens), (Finish::Length, 5));
    }

    #[test]
    fn a_wished_length_is_met_within_the_bound() {
        assert_eq!(PLACE.answer(&ask("tokens=77 please")).output_tokens, 77);
        assert_eq!(PLACE.answer(&ask("tokens=9999")).output_tokens, 100);
    }

    #[test]
    fn a_stop_sequence_ends_the_answer_before_itself() {
        let stops = vec!["filler".to_owned(), "You".to_owned()];
        let answer = PLACE.answer(&Ask { stops, ..ask("hello") });
        assert_eq!(answer.text.text(), "openai-eu (eu-west) as gpt-x. ");
        assert_eq!((answer.finish, answer.stop.as_deref()), (Finish::StopSequence, Some("You")));
    }

    #[test]
    fn weather_calls_the_tool_and_both_calls_two() {
        let tools = vec![tool("get_time"), tool("get_weather")];
        let one = PLACE.answer(&Ask { tools: tools.clone(), ..ask("weather in Paris?") });
        assert_eq!(one.calls.len(), 1);
        assert_eq!(one.calls[0].name, "get_weather");
        let two = PLACE.answer(&Ask { tools, ..ask("weather in both cities") });
        assert_eq!(two.calls.len(), 2);
        assert_ne!(two.calls[0].arguments, two.calls[1].arguments);
        assert_eq!(two.finish, Finish::Calls);
    }

    #[test]
    fn a_tool_result_is_quoted_and_no_tool_called_again() {
        let asked = Ask {
            tools: vec![tool("get_weather")],
            tool_results: vec!["sunny, 21".into()],
            ..ask("weather?")
        };
        let answer = PLACE.answer(&asked);
        assert!(answer.calls.is_empty());
        assert!(answer.text.text().contains("The tool said: \"sunny, 21\""));
    }

    #[test]
    fn a_forced_choice_is_obeyed_and_none_is_too() {
        let tools = vec![tool("a"), tool("b")];
        let named = Choice::Named("b".into());
        let forced = Ask { tools: tools.clone(), choice: named, ..ask("hello") };
        assert_eq!(PLACE.answer(&forced).calls[0].name, "b");
        let never = Ask { tools, choice: Choice::Never, ..ask("weather") };
        assert!(PLACE.answer(&never).calls.is_empty());
    }

    #[test]
    fn a_limit_counts_thoughts_and_may_leave_nothing_else() {
        let asked = Ask { thought: Thought::Shown, output_max: Some(3), ..ask("hello") };
        let answer = PLACE.answer(&asked);
        assert_eq!((answer.finish, answer.output_tokens), (Finish::Length, 0));
        assert_eq!(answer.all_tokens(), 3);
    }

    #[test]
    fn a_filter_stops_the_prompt_or_the_answer() {
        let blocked = PLACE.answer(&ask("filter=prompt"));
        assert_eq!((blocked.finish, blocked.text.len()), (Finish::Blocked, 0));
        let filtered = PLACE.answer(&ask("filter=answer"));
        assert_eq!((filtered.finish, filtered.text.len()), (Finish::Filtered, 20));
    }

    #[test]
    fn fragments_put_together_are_the_arguments() {
        let arguments = r#"{"city":"Paris","unit":"c"}"#;
        let cut = fragments(arguments, &mut Random::new(1, 1));
        assert!(cut.len() > 2);
        assert_eq!(cut.concat(), arguments);
    }
}

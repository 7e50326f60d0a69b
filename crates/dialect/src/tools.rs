//! Who runs a tool (P4): the caller, or the provider, whose tools policy must permit by name.
//!
//! What the caller runs is known exactly, and everything else counts as the provider's.

use serde::de::MapAccess;

use crate::{
    Needs,
    scan::{Object, Sum, Walked},
    text::{Loose, Skip},
};

/// Stands for a tool that does not say what it is: no policy permits it by this name.
const UNNAMED: &str = "";

/// One tool of a body, in any dialect.
#[derive(Default)]
pub(crate) struct Tool {
    kind: Kind,
    /// It is declared as functions are.
    function: bool,
}

#[derive(Default)]
enum Kind {
    #[default]
    Absent,
    Own,
    Hosted(String),
}

impl<'de> Object<'de> for Tool {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => {
                self.kind = match map.next_value::<Loose<'de>>()? {
                    Loose::Absent => Kind::Absent,
                    Loose::Text(kind) if is_own(&kind) => Kind::Own,
                    Loose::Text(kind) => Kind::Hosted(kind.into_owned()),
                    Loose::Other => Kind::Hosted(UNNAMED.to_owned()),
                };
            }
            "name" | "function" => self.function |= map.next_value::<Skip>()?.some,
            _ => {
                map.next_value::<Skip>()?;
            }
        }
        Ok(())
    }
}

/// Whether the caller runs tools of this type; Anthropic defines some of those, by date.
fn is_own(kind: &str) -> bool {
    const DATED: [&str; 4] = ["bash_", "text_editor_", "computer_", "memory_"];
    let date = |date: &str| date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    matches!(kind, "function" | "custom")
        || DATED.iter().any(|own| kind.strip_prefix(own).is_some_and(date))
}

impl Sum<Walked<Tool>> for Needs {
    fn add(&mut self, _: usize, Walked(tool): Walked<Tool>) {
        match tool.kind {
            Kind::Hosted(kind) => self.hosted(&kind),
            Kind::Absent if !tool.function => self.hosted(UNNAMED),
            Kind::Own | Kind::Absent => self.function_tools = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Summed;

    fn needs(tool: &str) -> Needs {
        serde_json::from_str::<Summed<Needs, Walked<Tool>>>(&format!("[{tool}]")).unwrap().0
    }

    #[test]
    fn what_is_not_known_to_be_run_by_the_caller_is_the_providers() {
        for (tool, hosted) in [
            (r#"{"type":"function","function":{"name":"f"}}"#, None),
            (r#"{"type":"custom","name":"f"}"#, None),
            (r#"{"name":"f","input_schema":{}}"#, None),
            (r#"{"type":null,"name":"f"}"#, None),
            (r#"{"type":"bash_20250124","name":"bash"}"#, None),
            (r#"{"type":"text_editor_20250728","name":"e"}"#, None),
            (
                r#"{"type":"tool_search_tool_bm25_20251119","name":"t"}"#,
                Some("tool_search_tool_bm25"),
            ),
            (r#"{"type":"tool_search_tool_regex","name":"t"}"#, Some("tool_search_tool_regex")),
            (r#"{"type":"computer_anywhere","name":"c"}"#, Some("computer_anywhere")),
            (r#"{"type":"custom_search","name":"c"}"#, Some("custom_search")),
            (r#"{"type":["web_search"],"name":"w"}"#, Some("other")),
            (r#"{"googleSearch":{}}"#, Some("other")),
            ("{}", Some("other")),
        ] {
            let needs = needs(tool);
            assert_eq!(needs.hosted_tools.first().map(String::as_str), hosted, "{tool}");
            assert_eq!(needs.function_tools, hosted.is_none(), "{tool}");
        }
    }
}

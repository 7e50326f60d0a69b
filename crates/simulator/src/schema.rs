//! A small JSON value that fits a simple schema: arguments of tool calls and structured answers.

use serde_json::{Map, Number, Value};

const DEPTH_MAX: usize = 8;

/// `text` fills strings that nothing else determines; `variant` picks another value where there is
/// a choice, so that two calls of one tool differ.
pub(crate) struct Sampler<'a> {
    pub(crate) root: &'a Value,
    pub(crate) text: &'a str,
    pub(crate) variant: usize,
}

impl Sampler<'_> {
    pub(crate) fn sample(&self) -> Value {
        self.value(self.root, "", 0)
    }

    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let schema = self.resolve(schema);
        if depth >= DEPTH_MAX {
            return Value::Null;
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            let place = self.variant.checked_rem(choices.len()).unwrap_or(0);
            return choices.get(place).cloned().unwrap_or(Value::Null);
        }
        for word in ["anyOf", "oneOf", "allOf"] {
            let inner = schema.get(word).and_then(Value::as_array).and_then(|all| first_real(all));
            if let Some(inner) = inner {
                return self.value(inner, name, depth + 1);
            }
        }
        match type_of(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" => Value::from(self.number(schema)),
            "number" => Number::from_f64(self.decimal(schema)).map_or(Value::Null, Value::Number),
            "boolean" => Value::Bool(self.variant == 0),
            "null" => Value::Null,
            _ => Value::String(self.string(schema, name)),
        }
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| self.root.pointer(path.trim_start_matches('#')))
            .unwrap_or(schema)
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Value::Object(Map::new());
        };
        let sampled = properties
            .iter()
            .map(|(name, inner)| (name.clone(), self.value(inner, name, depth + 1)));
        Value::Object(sampled.collect())
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 16);
        let Some(items) = schema.get("items") else { return Value::Array(Vec::new()) };
        (0..least).map(|_| self.value(items, name, depth + 1)).collect()
    }

    fn number(&self, schema: &Value) -> i64 {
        let least = schema.get("minimum").and_then(Value::as_i64);
        let most = schema.get("maximum").and_then(Value::as_i64);
        let above = schema.get("exclusiveMinimum").and_then(Value::as_i64).map(|n| n + 1);
        let start = least.or(above).unwrap_or(1);
        let wanted = start.saturating_add(i64::try_from(self.variant).unwrap_or(0));
        most.map_or(wanted, |most| wanted.min(most))
    }

    fn decimal(&self, schema: &Value) -> f64 {
        let least = schema.get("minimum").and_then(Value::as_f64);
        let most = schema.get("maximum").and_then(Value::as_f64);
        let start = least.unwrap_or(1.5);
        most.map_or(start, |most| start.min(most))
    }

    fn string(&self, schema: &Value, name: &str) -> String {
        match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
            "date" => return "2026-01-31".to_owned(),
            "date-time" => return "2026-01-31T12:00:00Z".to_owned(),
            "email" => return "someone@example.com".to_owned(),
            "uri" => return "https://example.com/".to_owned(),
            "uuid" => return "00000000-0000-4000-8000-000000000000".to_owned(),
            _ => {}
        }
        let places = ["Paris", "Oslo", "Rome"];
        let place = places.get(self.variant).copied().unwrap_or("Paris");
        let name = name.to_ascii_lowercase();
        let is_place = ["location", "city", "place"].iter().any(|word| name.contains(word));
        let mut text = if is_place { place.to_owned() } else { self.text.to_owned() };
        let bound = |word| schema.get(word).and_then(Value::as_u64);
        if let Some(most) = bound("maxLength").and_then(|most| usize::try_from(most).ok()) {
            text = text.chars().take(most).collect();
        }
        if let Some(least) = bound("minLength").and_then(|least| usize::try_from(least).ok()) {
            let missing = least.min(10_000).saturating_sub(text.chars().count());
            text.extend(std::iter::repeat_n('x', missing));
        }
        text
    }
}

fn first_real(choices: &[Value]) -> Option<&Value> {
    choices.iter().find(|choice| type_of(choice) != "null").or_else(|| choices.first())
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(schema: &Value) -> Value {
        Sampler { root: schema, text: "here", variant: 0 }.sample()
    }

    #[test]
    fn an_object_gets_every_property() {
        let schema = json!({"type": "object", "properties": {
            "city": {"type": "string"}, "population": {"type": "integer", "minimum": 5},
            "unit": {"enum": ["c", "f"]}, "tags": {"type": "array", "items": {"type": "string"}},
            "note": {"type": ["null", "string"]}, "when": {"type": "string", "format": "date"},
        }});
        let expected = json!({"city": "Paris", "population": 5, "unit": "c", "tags": ["here"],
            "note": "here", "when": "2026-01-31"});
        assert_eq!(sample(&schema), expected);
    }

    #[test]
    fn references_and_choices_are_followed() {
        let schema = json!({"$defs": {"p": {"type": "object", "properties": {"x": {"const": 3}}}},
            "type": "object", "properties": {"p": {"$ref": "#/$defs/p"},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "boolean"}]}}});
        assert_eq!(sample(&schema), json!({"p": {"x": 3}, "maybe": true}));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(sample(&schema).to_string().len() < 1000);
    }
}

//! As much of JSON Schema as the vendors' published requests use, so that what is sent upstream can
//! be held against them.

use serde_json::Value;

/// Everything about `value` that `schema` does not allow, by its place. `spec` is the document that
/// references point into.
pub(crate) fn faults(spec: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(spec, schema, value, "$", &mut faults);
    faults
}

fn check(spec: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = spec.pointer(reference.trim_start_matches('#')).expect(reference);
        return check(spec, target, value, at, faults);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(spec, part, value, at, faults);
    }
    for key in ["anyOf", "oneOf"] {
        let Some(options) = schema[key].as_array() else { continue };
        let tried: Vec<Vec<String>> = options
            .iter()
            .map(|option| {
                let mut faults = Vec::new();
                check(spec, option, value, at, &mut faults);
                faults
            })
            .collect();
        // The nearest miss tells most.
        if let Some(nearest) = tried.into_iter().min_by_key(Vec::len) {
            faults.extend(nearest);
        }
    }
    if let Some(wanted) = schema.get("const")
        && wanted != value
    {
        faults.push(format!("{at}: is not {wanted}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        faults.push(format!("{at}: {value} is none of {words:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind, value)) {
        faults.push(format!("{at}: {value} is not {kinds:?}"));
        return;
    }
    bounds(schema, value, at, faults);
    match value {
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (number, item) in items.iter().enumerate() {
                    check(spec, schema, item, &format!("{at}[{number}]"), faults);
                }
            }
        }
        Value::Object(fields) => {
            for required in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(required.as_str().unwrap()) {
                    faults.push(format!("{at}: {required} is missing"));
                }
            }
            for (key, field) in fields {
                match (schema["properties"].get(key), schema.get("additionalProperties")) {
                    (Some(schema), _) => check(spec, schema, field, &format!("{at}.{key}"), faults),
                    (None, Some(Value::Bool(false))) => {
                        faults.push(format!("{at}.{key}: is not allowed"));
                    }
                    (None, Some(schema @ Value::Object(_))) => {
                        check(spec, schema, field, &format!("{at}.{key}"), faults);
                    }
                    (None, _) => {}
                }
            }
        }
        _ => {}
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => panic!("unknown type {kind}"),
    }
}

fn bounds(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let (size, low, high) = match value {
        Value::Number(number) => (number.as_f64().unwrap(), "minimum", "maximum"),
        #[expect(clippy::cast_precision_loss, reason = "lists in tests are short")]
        Value::Array(items) => (items.len() as f64, "minItems", "maxItems"),
        #[expect(clippy::cast_precision_loss, reason = "texts in tests are short")]
        Value::String(text) => (text.chars().count() as f64, "minLength", "maxLength"),
        _ => return,
    };
    let bound = |key: &str| schema[key].as_f64();
    if bound(low).is_some_and(|bound| size < bound)
        || bound(high).is_some_and(|bound| size > bound)
        || (value.is_number() && bound("exclusiveMinimum").is_some_and(|bound| size <= bound))
    {
        faults.push(format!("{at}: {value} is out of bounds"));
    }
}

#[test]
fn what_a_schema_does_not_allow_is_found_by_its_place() {
    let spec = serde_json::json!({"defs": {"a": {"type": "string", "const": "a"}}});
    let schema = serde_json::json!({
        "type": "object", "required": ["b"], "additionalProperties": false,
        "properties": {
            "a": {"anyOf": [{"$ref": "#/defs/a"}, {"type": "null"}]},
            "b": {"type": "array", "maxItems": 1, "items": {"type": "integer", "minimum": 1}},
        },
    });
    let found = |value: Value| faults(&spec, &schema, &value);
    assert_eq!(found(serde_json::json!({"a": "a", "b": [1]})), Vec::<String>::new());
    assert_eq!(found(serde_json::json!({"a": null, "b": []})), Vec::<String>::new());
    for (bad, count) in [
        (serde_json::json!({}), 1),
        (serde_json::json!({"a": "b", "b": [0]}), 2),
        (serde_json::json!({"b": [1, 2], "c": 1}), 2),
        (serde_json::json!([]), 1),
    ] {
        assert_eq!(found(bad.clone()).len(), count, "{bad}: {:?}", found(bad.clone()));
    }
}

"""The vendors' own request schemas: what the gateway sends must be valid by them.

OpenAI, Mistral and Anthropic have JSON Schemas; Amazon's service model and Google's discovery document
are walked by the few rules they have: every member is known, required ones are there, types agree.
"""

import functools
import gzip
import json

import jsonschema

from lab import recorded

SPECS = recorded.HOME / "specs"


def _json(name):
    path = SPECS / name
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


def _any_of(schema):
    """The schema with `oneOf` read as `anyOf`: in OpenAI's, a message with an image is two of them."""
    if isinstance(schema, list):
        return [_any_of(one) for one in schema]
    if isinstance(schema, dict):
        return {("anyOf" if key == "oneOf" else key): _any_of(one) for key, one in schema.items()}
    return schema


@functools.cache
def _openapi(file, schema):
    spec = _any_of(_json(file))
    document = {"$ref": f"#/components/schemas/{schema}", "components": spec["components"]}
    return jsonschema.Draft202012Validator(document)


@functools.cache
def _anthropic(schema):
    return jsonschema.Draft202012Validator(_json("anthropic.sdk-2.11.0.json-schemas.json")["schemas"][schema])


@functools.cache
def _amazon():
    return _json("aws.bedrock-runtime.service-2.json.gz")["shapes"]


@functools.cache
def _google():
    return _json("google.aiplatform.v1.trimmed.json")["schemas"]


def _problems(validator, body):
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]


AMAZON_TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "blob": str,
    "timestamp": (int, float, str),
}


def _amazon_problems(shape_name, value, at="$"):
    shape = _amazon()[shape_name]
    kind = shape["type"]
    if shape.get("document"):
        return []
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{at}: not an object"]
        members = shape["members"]
        found = [f"{at}: unknown member {name}" for name in value if name not in members]
        # What stands in the address or a header is not in the body.
        needed = [n for n in shape.get("required", []) if "location" not in members[n]]
        found += [f"{at}: {name} is missing" for name in needed if name not in value]
        if shape.get("union") and len(value) != 1:
            found.append(f"{at}: a union with {len(value)} members")
        for name, inner in value.items():
            if name in members:
                found += _amazon_problems(members[name]["shape"], inner, f"{at}.{name}")
        return found
    if kind == "list":
        low = shape.get("min", 0)
        found = [f"{at}: fewer than {low}"] if len(value) < low else []
        for index, inner in enumerate(value):
            found += _amazon_problems(shape["member"]["shape"], inner, f"{at}[{index}]")
        return found
    if kind == "map":
        return [p for inner in value.values() for p in _amazon_problems(shape["value"]["shape"], inner, at)]
    if not isinstance(value, AMAZON_TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
        return [f"{at}: not a {kind}"]
    if "enum" in shape and value not in shape["enum"]:
        return [f"{at}: {value} is not one of {shape['enum']}"]
    if kind == "string" and not shape.get("min", 0) <= len(value) <= shape.get("max", 1 << 40):
        return [f"{at}: a length of {len(value)}"]
    return []


GOOGLE_TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "any": object}


def _google_problems(schema, value, at="$"):
    if "$ref" in schema:
        schema = _google()[schema["$ref"]]
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{at}: not an object"]
        known = schema.get("properties")
        if known is None:
            return []
        found = [f"{at}: unknown field {name}" for name in value if name not in known]
        for name, inner in value.items():
            if name in known:
                found += _google_problems(known[name], inner, f"{at}.{name}")
        return found
    if kind == "array":
        inner = enumerate(value)
        return [p for n, one in inner for p in _google_problems(schema["items"], one, f"{at}[{n}]")]
    if not isinstance(value, GOOGLE_TYPES[kind]):
        return [f"{at}: not a {kind}"]
    # A JSON Schema may be any value, and these enums are closed.
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value} is not one of {schema['enum']}"]
    return []


def problems(api, body):
    """What a vendor's schema has against a body that was sent to this API."""
    match api:
        case "chat":
            return _problems(_openapi("openai.openapi.trimmed.json", "CreateChatCompletionRequest"), body)
        case "responses":
            return _problems(_openapi("openai.openapi.trimmed.json", "CreateResponse"), body)
        case "mistral":
            return _problems(_openapi("mistral.openapi.trimmed.json", "ChatCompletionRequest"), body)
        case "messages":
            streamed = "MessageCreateParamsStreaming" if body.get("stream") else "MessageCreateParamsNonStreaming"
            return _problems(_anthropic(streamed), body)
        case "converse":
            return _amazon_problems("ConverseRequest", body)
        case "gemini":
            schema = {"$ref": "GoogleCloudAiplatformV1GenerateContentRequest"}
            return _google_problems(schema, body)
    raise ValueError(api)

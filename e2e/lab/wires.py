"""What a recorded answer says, read from its vendor's wire without the gateway's help.

One small reader per wire gives the same plain facts: text, tool calls, usage, why it ended. They are
what every SDK must have understood after the gateway has put the answer into the caller's dialect.
"""

import base64
import json
import struct
from dataclasses import dataclass, field


@dataclass
class Facts:
    """What an answer says."""

    text: str = ""
    # (name, arguments as an object), in order.
    tools: list = field(default_factory=list)
    # The whole prompt, cached parts included; None when the vendor does not say.
    tokens_in: int | None = None
    tokens_out: int | None = None
    # stop, length, tools, filter
    finish: str | None = None


def arguments(text):
    """Tool arguments; no text means no arguments."""
    return json.loads(text) if text else {}


def sse(body):
    """The data of every server-sent event."""
    for frame in body.decode().replace("\r\n", "\n").split("\n\n"):
        data = [line[5:].removeprefix(" ") for line in frame.split("\n") if line.startswith("data:")]
        if data and data != ["[DONE]"]:
            yield json.loads("\n".join(data))


def event_stream(body):
    """The (type, payload) of every message of Amazon's binary framing."""
    while body:
        total, headers_size, _ = struct.unpack(">III", body[:12])
        headers, payload = body[12 : 12 + headers_size], body[12 + headers_size : total - 4]
        names = {}
        while headers:
            name_size = headers[0]
            name, kind = headers[1 : 1 + name_size].decode(), headers[1 + name_size]
            assert kind == 7, "only string headers are used here"
            (size,) = struct.unpack(">H", headers[2 + name_size : 4 + name_size])
            names[name] = headers[4 + name_size : 4 + name_size + size].decode()
            headers = headers[4 + name_size + size :]
        yield names.get(":event-type") or names.get(":exception-type"), json.loads(payload or b"{}")
        body = body[total:]


CHAT_FINISH = {
    "stop": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tools",
    "content_filter": "filter",
}


def _chat_usage(facts, usage):
    if usage:
        facts.tokens_in, facts.tokens_out = usage["prompt_tokens"], usage["completion_tokens"]


def _chat_text(content):
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if part["type"] == "text")
    return content or ""


def chat(body):
    """A whole Chat Completions answer; Mistral's too."""
    answer = json.loads(body)
    choice = answer["choices"][0]
    message = choice.get("message") or {}
    facts = Facts(_chat_text(message.get("content")) + (message.get("refusal") or ""))
    for call in message.get("tool_calls") or []:
        facts.tools.append((call["function"]["name"], arguments(call["function"]["arguments"])))
    facts.finish = "filter" if message.get("refusal") else CHAT_FINISH[choice["finish_reason"]]
    _chat_usage(facts, answer.get("usage"))
    return facts


def chat_stream(body):
    """A streamed Chat Completions answer; Mistral's too."""
    facts, calls = Facts(), {}
    for chunk in sse(body):
        _chat_usage(facts, chunk.get("usage"))
        for choice in chunk.get("choices", []):
            delta = choice.get("delta") or {}
            facts.text += _chat_text(delta.get("content")) + (delta.get("refusal") or "")
            for call in delta.get("tool_calls") or []:
                one = calls.setdefault(call.get("index", len(calls)), ["", ""])
                one[0] += call["function"].get("name") or ""
                one[1] += call["function"].get("arguments") or ""
            if choice.get("finish_reason"):
                facts.finish = CHAT_FINISH[choice["finish_reason"]]
    facts.tools = [(name, arguments(text)) for name, text in calls.values()]
    return facts


def _responses(answer):
    facts = Facts()
    refused = False
    for item in answer["output"]:
        if item["type"] == "message":
            for part in item["content"]:
                facts.text += part.get("text") or part.get("refusal") or ""
                refused |= part["type"] == "refusal"
        if item["type"] == "function_call":
            facts.tools.append((item["name"], arguments(item["arguments"])))
    if usage := answer.get("usage"):
        facts.tokens_in, facts.tokens_out = usage["input_tokens"], usage["output_tokens"]
    incomplete = (answer.get("incomplete_details") or {}).get("reason")
    facts.finish = {"max_output_tokens": "length", "content_filter": "filter"}.get(incomplete)
    facts.finish = facts.finish or ("filter" if refused else "tools" if facts.tools else "stop")
    return facts


def responses(body):
    """A whole Responses answer."""
    return _responses(json.loads(body))


def responses_stream(body):
    """A streamed Responses answer: its last event holds it all, or its deltas do."""
    facts, calls, whole, refused = Facts(), {}, None, False
    for event in sse(body):
        match event["type"]:
            case "response.output_text.delta" | "response.refusal.delta":
                facts.text += event["delta"]
                refused |= event["type"] == "response.refusal.delta"
            case "response.output_item.added" if event["item"]["type"] == "function_call":
                calls[event["output_index"]] = [event["item"]["name"], ""]
            # One server gives arguments only at their end.
            case "response.function_call_arguments.done":
                calls[event["output_index"]][1] = event["arguments"]
            case "response.completed" | "response.incomplete":
                whole = _responses(event["response"])
    facts.tools = [(name, arguments(text)) for name, text in calls.values()]
    if whole:
        facts.tokens_in, facts.tokens_out, facts.finish = whole.tokens_in, whole.tokens_out, whole.finish
    if refused:
        facts.finish = "filter"
    return facts


MESSAGES_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tools",
    "refusal": "filter",
}


def _messages_usage(facts, usage):
    cached = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    if usage.get("input_tokens") is not None:
        facts.tokens_in = sum(usage.get(name) or 0 for name in cached)
    facts.tokens_out = usage.get("output_tokens", facts.tokens_out)


def messages(body):
    """A whole Messages answer."""
    answer = json.loads(body)
    facts = Facts(finish=MESSAGES_FINISH[answer["stop_reason"]])
    for block in answer["content"]:
        if block["type"] == "text":
            facts.text += block["text"]
        if block["type"] == "tool_use":
            facts.tools.append((block["name"], block["input"]))
    _messages_usage(facts, answer["usage"])
    return facts


def messages_events(events):
    """The events of a streamed Messages answer."""
    facts, calls = Facts(), {}
    for event in events:
        match event["type"]:
            case "message_start":
                _messages_usage(facts, event["message"]["usage"])
            case "content_block_start" if event["content_block"]["type"] == "tool_use":
                calls[event["index"]] = [event["content_block"]["name"], ""]
            case "content_block_delta":
                delta = event["delta"]
                facts.text += delta.get("text", "")
                if delta["type"] == "input_json_delta" and event["index"] in calls:
                    calls[event["index"]][1] += delta["partial_json"]
            case "message_delta":
                facts.finish = MESSAGES_FINISH[event["delta"]["stop_reason"]]
                _messages_usage(facts, event.get("usage") or {})
    facts.tools = [(name, arguments(text)) for name, text in calls.values()]
    return facts


def messages_stream(body):
    """A streamed Messages answer."""
    return messages_events(sse(body))


def invoke_stream(body):
    """A streamed Messages answer in Amazon's framing."""
    return messages_events(
        json.loads(base64.b64decode(payload["bytes"])) for _, payload in event_stream(body)
    )


CONVERSE_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tools",
    "guardrail_intervened": "filter",
    "content_filtered": "filter",
}


def _converse_usage(facts, usage):
    cached = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
    facts.tokens_in = sum(usage.get(name) or 0 for name in cached)
    facts.tokens_out = usage["outputTokens"]


def converse(body):
    """A whole Converse answer."""
    answer = json.loads(body)
    facts = Facts(finish=CONVERSE_FINISH[answer["stopReason"]])
    for block in answer["output"]["message"]["content"]:
        facts.text += block.get("text", "")
        if call := block.get("toolUse"):
            facts.tools.append((call["name"], call["input"]))
    _converse_usage(facts, answer["usage"])
    return facts


def converse_stream(body):
    """A streamed Converse answer."""
    facts, calls = Facts(), {}
    for kind, event in event_stream(body):
        match kind:
            case "contentBlockStart" if "toolUse" in event["start"]:
                calls[event["contentBlockIndex"]] = [event["start"]["toolUse"]["name"], ""]
            case "contentBlockDelta":
                facts.text += event["delta"].get("text", "")
                if call := event["delta"].get("toolUse"):
                    calls[event["contentBlockIndex"]][1] += call["input"]
            case "messageStop":
                facts.finish = CONVERSE_FINISH[event["stopReason"]]
            case "metadata":
                _converse_usage(facts, event["usage"])
    facts.tools = [(name, arguments(text)) for name, text in calls.values()]
    return facts


# One client library writes its enums as numbers.
GEMINI_FINISH = {"STOP": "stop", 1: "stop", "MAX_TOKENS": "length", 2: "length"}


def _partial(call, arguments):
    """Adds pieces of arguments, each with the path of the top-level member it belongs to."""
    for piece in call.get("partialArgs", []):
        name = piece["jsonPath"].removeprefix("$.")
        for kind, value in piece.items():
            if kind == "stringValue":
                arguments[name] = arguments.get(name, "") + value
            elif kind.endswith("Value"):
                arguments[name] = value


def gemini_chunks(chunks):
    """An answer of Gemini, in as many pieces as it came."""
    facts, partial = Facts(), None
    for chunk in chunks:
        for candidate in chunk.get("candidates") or []:
            for part in (candidate.get("content") or {}).get("parts", []):
                if "text" in part and not part.get("thought"):
                    facts.text += part["text"]
                call = part.get("functionCall")
                if call is None:
                    continue
                if "args" in call or ("name" in call and "willContinue" not in call):
                    facts.tools.append((call["name"], call.get("args", {})))
                elif "name" in call:
                    partial = {}
                    facts.tools.append((call["name"], partial))
                else:
                    _partial(call, partial)
            if reason := candidate.get("finishReason"):
                facts.finish = GEMINI_FINISH.get(reason, "filter")
        if (chunk.get("promptFeedback") or {}).get("blockReason"):
            facts.finish = "filter"
        if usage := chunk.get("usageMetadata"):
            facts.tokens_in = usage.get("promptTokenCount", facts.tokens_in)
            out = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
            facts.tokens_out = out
    if facts.tools and facts.finish == "stop":
        facts.finish = "tools"
    return facts


def gemini(body):
    """A whole answer of Gemini."""
    return gemini_chunks([json.loads(body)])


def gemini_stream(body):
    """A streamed answer of Gemini."""
    return gemini_chunks(sse(body))

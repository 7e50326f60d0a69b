"""What the official SDKs understood of an answer, in the same words as `wires.Facts`.

Each function asks through one SDK, streamed or not, and gives its facts as a dict; an error that the
SDK raised is given by its status and class.
"""

import json

import anthropic
import openai

from lab import clients

FINISH = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tools",
    "content_filter": "filter",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tools",
    "refusal": "filter",
}


def _failed(error):
    return {"error": type(error).__name__, "status": getattr(error, "status_code", None)}


def openai_chat(door, model, streamed):
    """Chat Completions by the OpenAI SDK, through its own stream accumulator."""
    client = clients.openai_at(door)
    ask = {"model": model, "messages": clients.say("hello")}
    try:
        if not streamed:
            answer = client.chat.completions.create(**ask)
        else:
            options = {"include_usage": True}
            with client.chat.completions.stream(**ask, stream_options=options) as stream:
                answer = stream.until_done().get_final_completion()
    except openai.LengthFinishReasonError as error:
        answer = error.completion
    except openai.ContentFilterFinishReasonError:
        return {"finish": "filter"}
    except openai.OpenAIError as error:
        return _failed(error)
    choice = answer.choices[0]
    if choice.message is None:
        # Azure leaves the message out of an answer that its filter withheld.
        return {"finish": FINISH[choice.finish_reason]}
    calls = choice.message.tool_calls or []
    return {
        "text": (choice.message.content or "") + (choice.message.refusal or ""),
        "tools": [(c.function.name, json.loads(c.function.arguments or "{}")) for c in calls],
        "tokens_in": answer.usage and answer.usage.prompt_tokens,
        "tokens_out": answer.usage and answer.usage.completion_tokens,
        "finish": "filter" if choice.message.refusal else FINISH[choice.finish_reason],
    }


def openai_responses(door, model, streamed):
    """Responses by the OpenAI SDK."""
    client = clients.openai_at(door)
    ask = {"model": model, "input": "hello"}
    try:
        if not streamed:
            answer = client.responses.create(**ask)
        else:
            with client.responses.stream(**ask) as stream:
                # The SDK's own final response knows no incomplete ones.
                ends = ("response.completed", "response.incomplete")
                answer = [event.response for event in stream if event.type in ends][-1]
    except openai.OpenAIError as error:
        return _failed(error)
    text, tools, refused = "", [], False
    for item in answer.output:
        if item.type == "message":
            for part in item.content:
                text += part.text if part.type == "output_text" else part.refusal
                refused |= part.type == "refusal"
        if item.type == "function_call":
            tools.append((item.name, json.loads(item.arguments or "{}")))
    reason = answer.incomplete_details and answer.incomplete_details.reason
    finish = {"max_output_tokens": "length", "content_filter": "filter"}.get(reason)
    return {
        "text": text,
        "tools": tools,
        "tokens_in": answer.usage and answer.usage.input_tokens,
        "tokens_out": answer.usage and answer.usage.output_tokens,
        "finish": finish or ("filter" if refused else "tools" if tools else "stop"),
    }


def anthropic_messages(door, model, streamed):
    """Messages by the Anthropic SDK, through its own stream accumulator."""
    client = clients.anthropic_at(door)
    ask = {"model": model, "max_tokens": 4000, "messages": clients.say("hello")}
    try:
        if not streamed:
            answer = client.messages.create(**ask)
        else:
            with client.messages.stream(**ask) as stream:
                answer = stream.get_final_message()
    except anthropic.AnthropicError as error:
        return _failed(error)
    usage = answer.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return {
        "text": "".join(block.text for block in answer.content if block.type == "text"),
        "tools": [(b.name, b.input) for b in answer.content if b.type == "tool_use"],
        "tokens_in": usage.input_tokens + cached,
        "tokens_out": usage.output_tokens,
        "finish": FINISH[answer.stop_reason],
    }

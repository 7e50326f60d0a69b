"""Chat by Mistral's SDK, which the gateway knows by its name."""

import json

import httpx2
from mistralai.client import Mistral
from mistralai.client.errors.mistralerror import MistralError
from mistralai.client.utils import BackoffStrategy, RetryConfig

from lab import clients
from lab.callers import CITY, TOOL_NAME, TOOL_SAYS, Refusal, Reply

name = "mistral-chat"
Refused = MistralError
# The last one is no word of Mistral's; its SDK takes unknown ones.
FINISH = {
    "stop": "stop", "length": "length", "model_length": "length", "tool_calls": "tools",
    "content_filter": "filter",
}
TOOLS = [
    {
        "type": "function",
        "function": {"name": TOOL_NAME, "description": TOOL_SAYS, "parameters": CITY},
    }
]
FORMAT = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY, "strict": True}}
REASONING = {"reasoning_effort": "high"}
MISTAKE = ({"messages": []}, "message")


class Conversation:
    """A conversation that remembers its turns the way its SDK gave them."""

    def __init__(self, door, model, wire=None, retries=0):
        hooks = (wire or clients.Wire()).hooks()
        # It retries only when told to.
        backoff = BackoffStrategy(
            initial_interval=500, max_interval=2000, exponent=1.5, max_elapsed_time=10_000
        )
        retry = RetryConfig("backoff", backoff, retry_connection_errors=False) if retries else None
        self.client = Mistral(
            api_key=door.key, server_url=door.url, retry_config=retry,
            timeout_ms=clients.TIMEOUT_S * 1000, client=httpx2.Client(event_hooks=hooks),
        )
        self.model, self.turns, self.calls = model, [], []

    def say(self, text):
        """The user's turn."""
        self.turns.append({"role": "user", "content": text})

    def show(self, text, image):
        """The user's turn with a picture."""
        shown = {"type": "image_url", "image_url": f"data:image/png;base64,{image}"}
        self.turns.append({"role": "user", "content": [{"type": "text", "text": text}, shown]})

    def answer_calls(self, results):
        """What the tools said, in the order of the calls."""
        for call, result in zip(self.calls, results, strict=True):
            self.turns.append(
                {"role": "tool", "name": TOOL_NAME, "tool_call_id": call, "content": result}
            )

    def ask(self, streamed=False, tools=False, schema=False, limit=None, **more):
        """The next answer, which becomes a turn."""
        ask = {"model": self.model, "messages": self.turns, **more}
        ask |= {"tools": TOOLS} if tools else {}
        ask |= {"response_format": FORMAT} if schema else {}
        ask |= {"max_tokens": limit} if limit else {}
        content, calls, finish, usage = self._streamed(ask) if streamed else self._whole(ask)
        self.calls = [call["id"] for call in calls]
        self.turns.append({"role": "assistant", "content": content, "tool_calls": calls or None})
        return Reply(
            text=_text(content),
            calls=[(c["function"]["name"], _object(c["function"]["arguments"])) for c in calls],
            finish=FINISH[finish],
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
        )

    def _whole(self, ask):
        answer = self.client.chat.complete(**ask)
        choice = answer.choices[0]
        calls = [_call(call) for call in choice.message.tool_calls or []]
        return choice.message.content, calls, choice.finish_reason, answer.usage

    def _streamed(self, ask):
        text, calls, finish, usage = "", [], None, None
        with self.client.chat.stream(**ask) as stream:
            for event in stream:
                usage = event.data.usage or usage
                for choice in event.data.choices:
                    text += _text(choice.delta.content)
                    calls += [_call(call) for call in choice.delta.tool_calls or []]
                    finish = choice.finish_reason or finish
        return text, calls, finish, usage


def _call(call):
    function = {"name": call.function.name, "arguments": call.function.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _text(content):
    """What is said aloud: content may also be a list, in which thoughts have a place of their own."""
    if isinstance(content, list):
        return "".join(chunk.text for chunk in content if chunk.type == "text")
    return content or ""


def _object(arguments):
    return arguments if isinstance(arguments, dict) else json.loads(arguments)


def refusal(error):
    """What the SDK raised."""
    return Refusal(error.status_code, error.body)


def embedded(door, model, texts, dimensions=None, packed=False):
    """Vectors; packed ones are not for this SDK."""
    client = Mistral(api_key=door.key, server_url=door.url)
    more = {"output_dimension": dimensions} if dimensions else {}
    answer = client.embeddings.create(model=model, inputs=texts, **more)
    return [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]

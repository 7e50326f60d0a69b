"""Responses by the OpenAI SDK, stateless: the whole conversation goes with each request."""

import json

import openai

from lab import clients
from lab.callers import CITY, TOOL_NAME, TOOL_SAYS, Refusal, Reply

name = "openai-responses"
Refused = openai.APIStatusError
TOOLS = [
    {"type": "function", "name": TOOL_NAME, "description": TOOL_SAYS, "parameters": CITY, "strict": True}
]
FORMAT = {"format": {"type": "json_schema", "name": "city", "schema": CITY, "strict": True}}
CUT = {"max_output_tokens": "length", "content_filter": "filter"}
REASONING = {
    "reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"],
}
MISTAKE = ({"temperature": "hot"}, "temperature")


class Conversation:
    """A conversation that remembers its items the way its SDK gave them."""

    def __init__(self, door, model, wire=None, retries=0):
        self.client = clients.openai_at(door, wire, retries)
        self.model, self.items, self.calls = model, [], []

    def say(self, text):
        """The user's turn."""
        self.items.append({"role": "user", "content": text})

    def show(self, text, image):
        """The user's turn with a picture."""
        shown = {"type": "input_image", "image_url": f"data:image/png;base64,{image}", "detail": "auto"}
        self.items.append({"role": "user", "content": [{"type": "input_text", "text": text}, shown]})

    def answer_calls(self, results):
        """What the tools said, in the order of the calls."""
        for call, result in zip(self.calls, results, strict=True):
            self.items.append({"type": "function_call_output", "call_id": call, "output": result})

    def ask(self, streamed=False, tools=False, schema=False, limit=None, **more):
        """The next answer, whose items become part of the conversation."""
        ask = {"model": self.model, "input": self.items, "store": False, **more}
        ask |= {"tools": TOOLS} if tools else {}
        ask |= {"text": FORMAT} if schema else {}
        ask |= {"max_output_tokens": limit} if limit else {}
        if streamed:
            answer = self._streamed(ask)
        else:
            answer = self.client.responses.create(**ask)
        calls = [item for item in answer.output if item.type == "function_call"]
        self.calls = [call.call_id for call in calls]
        for item in answer.output:
            turn = item.model_dump(exclude_none=True)
            turn.pop("parsed_arguments", None)
            for part in turn.get("content", []):
                part.pop("parsed", None)
            self.items.append(turn)
        cut = answer.incomplete_details and CUT[answer.incomplete_details.reason]
        return Reply(
            text=answer.output_text,
            calls=[(call.name, json.loads(call.arguments)) for call in calls],
            finish=cut or ("tools" if calls else "stop"),
            tokens_in=answer.usage and answer.usage.input_tokens,
            tokens_out=answer.usage and answer.usage.output_tokens,
        )

    def _streamed(self, ask):
        with self.client.responses.stream(**ask) as stream:
            for event in stream:
                # The SDK's own helper knows only answers that were completed.
                if event.type == "response.incomplete":
                    return event.response
            return stream.get_final_response()


def refusal(error):
    """What the SDK raised."""
    return Refusal(error.status_code, str(error))

"""Chat Completions by the OpenAI SDK."""

import json

import openai

from lab import clients
from lab.callers import CITY, TOOL_NAME, TOOL_SAYS, Refusal, Reply

name = "openai-chat"
Refused = openai.APIStatusError
FINISH = {"stop": "stop", "length": "length", "tool_calls": "tools", "content_filter": "filter"}
TOOLS = [
    {
        "type": "function",
        "function": {"name": TOOL_NAME, "description": TOOL_SAYS, "parameters": CITY},
    }
]
FORMAT = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY, "strict": True}}
REASONING = {"reasoning_effort": "high"}
# A mistake, and the field that it is in.
MISTAKE = ({"temperature": "hot"}, "temperature")


class Conversation:
    """A conversation that remembers its turns the way its SDK gave them."""

    def __init__(self, door, model, wire=None, retries=0):
        self.client = clients.openai_at(door, wire, retries)
        self.model, self.turns, self.calls = model, [], []

    def say(self, text):
        """The user's turn."""
        self.turns.append({"role": "user", "content": text})

    def show(self, text, image):
        """The user's turn with a picture."""
        url = {"url": f"data:image/png;base64,{image}"}
        content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": url}]
        self.turns.append({"role": "user", "content": content})

    def answer_calls(self, results):
        """What the tools said, in the order of the calls."""
        for call, result in zip(self.calls, results, strict=True):
            self.turns.append({"role": "tool", "tool_call_id": call, "content": result})

    def ask(self, streamed=False, tools=False, schema=False, limit=None, **more):
        """The next answer, which becomes a turn."""
        ask = {"model": self.model, "messages": self.turns, **more}
        ask |= {"tools": TOOLS} if tools else {}
        ask |= {"response_format": FORMAT} if schema else {}
        ask |= {"max_completion_tokens": limit} if limit else {}
        if streamed:
            answer = self._streamed(ask)
        else:
            answer = self.client.chat.completions.create(**ask)
        choice = answer.choices[0]
        if choice.message is None:
            # Azure leaves the message out of an answer that its filter withheld.
            return Reply(finish=FINISH[choice.finish_reason])
        calls = choice.message.tool_calls or []
        self.calls = [call.id for call in calls]
        turn = choice.message.model_dump(exclude_none=True)
        turn.pop("parsed", None)
        for call in turn.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
            call.pop("index", None)
        self.turns.append(turn)
        return Reply(
            text=choice.message.content or "",
            calls=[(call.function.name, json.loads(call.function.arguments)) for call in calls],
            finish=FINISH[choice.finish_reason],
            tokens_in=answer.usage and answer.usage.prompt_tokens,
            tokens_out=answer.usage and answer.usage.completion_tokens,
        )

    def _streamed(self, ask):
        options = {"include_usage": True}
        with self.client.chat.completions.stream(**ask, stream_options=options) as stream:
            try:
                return stream.until_done().get_final_completion()
            except openai.LengthFinishReasonError as error:
                return error.completion


def refusal(error):
    """What the SDK raised."""
    return Refusal(error.status_code, str(error))


def embedded(door, model, texts, dimensions=None, packed=False):
    """Vectors; the SDK asks for base64 unless told otherwise."""
    ask = {"model": model, "input": texts} | ({"dimensions": dimensions} if dimensions else {})
    ask |= {} if packed else {"encoding_format": "float"}
    answer = clients.openai_at(door).embeddings.create(**ask)
    return [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]

"""Messages by the Anthropic SDK."""

import anthropic

from lab import clients
from lab.callers import CITY, TOOL_NAME, TOOL_SAYS, Refusal, Reply

name = "anthropic-messages"
Refused = anthropic.APIStatusError
FINISH = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tools",
    "refusal": "filter",
}
TOOLS = [{"name": TOOL_NAME, "description": TOOL_SAYS, "input_schema": CITY}]
FORMAT = {"format": {"type": "json_schema", "schema": CITY}}
LIMIT = 300
REASONING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "limit": 3000}
MISTAKE = ({"stop_sequences": "END"}, "stop_sequences")


class Conversation:
    """A conversation that remembers its turns the way its SDK gave them."""

    def __init__(self, door, model, wire=None, retries=0):
        self.client = clients.anthropic_at(door, wire, retries)
        self.model, self.turns, self.calls = model, [], []

    def say(self, text):
        """The user's turn."""
        self.turns.append({"role": "user", "content": text})

    def show(self, text, image):
        """The user's turn with a picture."""
        source = {"type": "base64", "media_type": "image/png", "data": image}
        content = [{"type": "image", "source": source}, {"type": "text", "text": text}]
        self.turns.append({"role": "user", "content": content})

    def answer_calls(self, results):
        """What the tools said, in the order of the calls."""
        content = [
            {"type": "tool_result", "tool_use_id": call, "content": result}
            for call, result in zip(self.calls, results, strict=True)
        ]
        self.turns.append({"role": "user", "content": content})

    def ask(self, streamed=False, tools=False, schema=False, limit=None, **more):
        """The next answer, which becomes a turn."""
        ask = {"model": self.model, "messages": self.turns, "max_tokens": limit or LIMIT, **more}
        ask |= {"tools": TOOLS} if tools else {}
        ask |= {"output_config": FORMAT} if schema else {}
        if streamed:
            with self.client.messages.stream(**ask) as stream:
                answer = stream.get_final_message()
        else:
            answer = self.client.messages.create(**ask)
        calls = [block for block in answer.content if block.type == "tool_use"]
        self.calls = [call.id for call in calls]
        content = [block.model_dump(exclude_none=True) for block in answer.content]
        self.turns.append({"role": "assistant", "content": content})
        return Reply(
            text="".join(block.text for block in answer.content if block.type == "text"),
            calls=[(call.name, call.input) for call in calls],
            finish=FINISH[answer.stop_reason],
            tokens_in=answer.usage.input_tokens,
            tokens_out=answer.usage.output_tokens,
        )


def refusal(error):
    """What the SDK raised."""
    return Refusal(error.status_code, str(error))


def counted(door, model, text):
    """How many tokens a prompt has."""
    client = clients.anthropic_at(door)
    return client.messages.count_tokens(model=model, messages=clients.say(text)).input_tokens

"""The official Python SDKs, pointed at a gateway, with every HTTP call they make written down."""

import uuid
from dataclasses import dataclass, field

import anthropic
import openai

TIMEOUT_S = 45
MODEL = "chat-large"
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
OPENAI_TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather of a city", "parameters": WEATHER},
}
ANTHROPIC_TOOL = {"name": "get_weather", "description": "Weather of a city", "input_schema": WEATHER}
# The smallest PNG there is: one transparent pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass
class Wire:
    """What went over the wire: one response per HTTP call that got one."""

    responses: list = field(default_factory=list)

    def hooks(self):
        """Event hooks for a synchronous HTTP client."""
        return {"response": [self.responses.append]}

    @property
    def calls(self):
        """How many HTTP calls were answered."""
        return len(self.responses)

    @property
    def last(self):
        """Headers of the last answer."""
        return self.responses[-1].headers


def openai_at(door, wire=None, retries=0, key=None):
    """The OpenAI SDK."""
    return openai.OpenAI(
        base_url=f"{door.url}/v1",
        api_key=key or door.key,
        max_retries=retries,
        timeout=TIMEOUT_S,
        http_client=openai.DefaultHttpxClient(event_hooks=(wire or Wire()).hooks()),
    )


def anthropic_at(door, wire=None, retries=0, key=None):
    """The Anthropic SDK."""
    return anthropic.Anthropic(
        base_url=door.url,
        api_key=key or door.key,
        max_retries=retries,
        timeout=TIMEOUT_S,
        http_client=anthropic.DefaultHttpxClient(event_hooks=(wire or Wire()).hooks()),
    )


def marker():
    """A text that no other request holds, to find a prompt again in a provider's log."""
    return f"mark-{uuid.uuid4().hex}"


def say(text):
    """A conversation of one user turn; the same in both dialects."""
    return [{"role": "user", "content": text}]

"""The official SDKs of each dialect, as callers that a claim can be about: each converses, and says in
the same words what its SDK understood.

A caller has `name`, `opened(door, model)` for a conversation, `embedded` where its SDK embeds, and
`Refused`, what its SDK raises when a gateway refuses. The environment decides which there are.
"""

import importlib.util
from dataclasses import dataclass, field

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL_NAME, TOOL_SAYS = "get_weather", "Weather of a city"


@dataclass
class Reply:
    """An answer as its SDK understood it."""

    text: str = ""
    # Names and arguments.
    calls: list = field(default_factory=list)
    # stop, length, tools or filter
    finish: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass
class Refusal:
    """A refusal as its SDK raised it."""

    status: int
    said: str


def here():
    """The callers of this environment: Mistral's SDK is alone in its own, so that no pair is asked twice."""
    if importlib.util.find_spec("mistralai"):
        from lab.callers import mistral_chat

        return [mistral_chat]
    from lab.callers import anthropic_messages, openai_chat, openai_responses

    return [openai_chat, openai_responses, anthropic_messages]

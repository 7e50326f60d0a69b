"""An upstream that nobody here wrote (aimock) is understood in every dialect that it speaks, by every
caller: text, two tool calls at once, the turn after them, embeddings, a refusal (G3, G4).

Streams of Bedrock are not asked of it: its framing is wrong (the recordings have real ones).
"""

from types import SimpleNamespace

import openai
import pytest

from lab import aimock, clients, solo, understood

ENDPOINTS = {
    "chat": ("openai-compatible", {"base_url": "/v1", "apis": "chat"}, "gpt-4o"),
    "responses": ("openai-compatible", {"base_url": "/v1", "apis": "responses"}, "gpt-4o"),
    "messages": ("anthropic", {"base_url": ""}, "claude-sonnet-4-5"),
    "gemini": ("gemini", {"base_url": ""}, "gemini-2.5-flash"),
    "converse": (
        "bedrock",
        {"base_url": "", "aws_region": "eu-west-1", "api": "converse"},
        "amazon.nova-lite-v1:0",
    ),
    "vertex": ("vertex", {"base_url": "", "project": "p", "location": "europe-west1"}, "gemini-2.5-pro"),
    "embeddings": ("openai-compatible", {"base_url": "/v1", "apis": "embeddings"}, "text-embedding-3-small"),
}
GENERATES = [name for name in ENDPOINTS if name != "embeddings"]
ASKS = {
    "openai-chat": understood.openai_chat,
    "openai-responses": understood.openai_responses,
    "anthropic-messages": understood.anthropic_messages,
}
TEXT = "Hello from afar. Ünïcødé 🎉 ok"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway in front of aimock."""
    folder = tmp_path_factory.mktemp("aimock")
    with aimock.running(folder) as base:
        endpoints = [
            {"id": name, "provider": kind, "credential": {"env": "KEY"}, **settings}
            | {"base_url": base + settings["base_url"]}
            for name, (kind, settings, _) in ENDPOINTS.items()
        ]
        routes = [
            {"model": name, "endpoint": name, "upstream_model": upstream}
            for name, (_, _, upstream) in ENDPOINTS.items()
        ]
        with solo.gateway(folder / "gateway", endpoints, routes, {"KEY": "any"}) as running:
            yield SimpleNamespace(url=running.url, key=running.key)


WAYS = [(name, way) for name in GENERATES for way in ("whole", "streamed")]
WAYS.remove(("converse", "streamed"))


@pytest.mark.parametrize(("upstream", "way"), WAYS)
@pytest.mark.parametrize("dialect", ASKS)
def its_answers_reach_every_caller(gateway, dialect, upstream, way):
    facts = ASKS[dialect](gateway, upstream, way == "streamed")
    assert facts.get("text") == TEXT, facts
    assert facts["finish"] == "stop"


@pytest.mark.parametrize("upstream", GENERATES)
def two_tool_calls_at_once_and_the_turn_after_them(gateway, upstream):
    client = clients.openai_at(gateway)
    messages = clients.say("what is the weather?")
    ask = {"model": upstream, "tools": [clients.OPENAI_TOOL]}
    first = client.chat.completions.create(**ask, messages=messages).choices[0]
    assert first.finish_reason == "tool_calls"
    calls = first.message.tool_calls
    assert [call.function.name for call in calls] == ["get_weather"] * 2
    assert len({call.id for call in calls}) == 2
    messages.append(first.message.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls]
    second = client.chat.completions.create(**ask, messages=messages).choices[0]
    assert (second.message.content, second.finish_reason) == ("Sunny in both.", "stop")


def its_embeddings_are_understood(gateway):
    client = clients.openai_at(gateway)
    answer = client.embeddings.create(model="embeddings", input=["embed this"])
    assert answer.data[0].embedding == [0.25, -0.5, 0.125]


@pytest.mark.parametrize("upstream", GENERATES)
def its_rate_limit_is_the_callers_rate_limit(gateway, upstream):
    client = clients.openai_at(gateway)
    with pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(model=upstream, messages=clients.say("busy"))
    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 60

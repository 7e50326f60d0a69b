"""Each client dialect is served by providers of the other one (G3, G4)."""

import json

import openai
import pytest

from lab import clients, installation


@pytest.fixture(scope="module")
def west(running):
    return installation.Door(running, "eu-west", "strict")


@pytest.fixture
def only_anthropic(west):
    with west.up.simulator.broken(west.up.endpoints("openai"), "status", code=503):
        yield west


@pytest.fixture
def only_openai(west):
    with west.up.simulator.broken(west.up.endpoints("anthropic"), "status", code=503):
        yield west


def _served_by(door, text):
    return door.up.simulator.requests(text)[-1]["endpoint"]


def an_openai_chat_is_served_by_an_anthropic_endpoint(only_anthropic):
    text = clients.marker()
    answer = clients.openai_at(only_anthropic).chat.completions.create(
        model=clients.MODEL,
        messages=[{"role": "system", "content": "Be brief."}, *clients.say(text)],
        stop=["END"],
        temperature=0.3,
    )
    assert _served_by(only_anthropic, text).startswith("anthropic-eu")
    assert text in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop" and answer.usage.total_tokens > 0


def an_openai_stream_is_served_by_an_anthropic_endpoint(only_anthropic):
    text = clients.marker()
    chunks = list(
        clients.openai_at(only_anthropic).chat.completions.create(
            model=clients.MODEL,
            messages=clients.say(text),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert _served_by(only_anthropic, text).startswith("anthropic-eu")
    assert text in "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert chunks[-1].usage.completion_tokens > 0


def openai_tools_and_their_results_are_served_by_an_anthropic_endpoint(only_anthropic):
    client = clients.openai_at(only_anthropic)
    ask = {"model": clients.MODEL, "tools": [clients.OPENAI_TOOL]}
    turns = clients.say("both: the weather in Oslo and in Rome")
    asked = client.chat.completions.create(**ask, messages=turns)
    calls = asked.choices[0].message.tool_calls
    assert asked.choices[0].finish_reason == "tool_calls" and len(calls) == 2
    assert all("city" in json.loads(call.function.arguments) for call in calls)

    turns.append(asked.choices[0].message.model_dump(exclude_none=True))
    turns += [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in calls]
    answer = client.chat.completions.create(**ask, messages=turns)
    assert answer.choices[0].finish_reason == "stop"


def an_openai_image_is_served_by_an_anthropic_endpoint(only_anthropic):
    text = clients.marker()
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{clients.PIXEL}"}},
        {"type": "text", "text": text},
    ]
    clients.openai_at(only_anthropic).chat.completions.create(
        model=clients.MODEL, messages=[{"role": "user", "content": content}]
    )
    assert _served_by(only_anthropic, text).startswith("anthropic-eu")


def an_anthropic_message_is_served_by_an_openai_endpoint(only_openai):
    text = clients.marker()
    answer = clients.anthropic_at(only_openai).messages.create(
        model=clients.MODEL,
        max_tokens=200,
        system="Be brief.",
        stop_sequences=["END"],
        messages=clients.say(text),
    )
    assert _served_by(only_openai, text).startswith("openai-eu")
    assert text in answer.content[0].text
    assert answer.stop_reason == "end_turn" and answer.usage.output_tokens > 0


def an_anthropic_stream_is_served_by_an_openai_endpoint(only_openai):
    text = clients.marker()
    with clients.anthropic_at(only_openai).messages.stream(
        model=clients.MODEL, max_tokens=200, messages=clients.say(text)
    ) as stream:
        final = stream.get_final_message()
    assert _served_by(only_openai, text).startswith("openai-eu")
    assert text in final.content[0].text and final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 0


def anthropic_tools_and_their_results_are_served_by_an_openai_endpoint(only_openai):
    client = clients.anthropic_at(only_openai)
    ask = {"model": clients.MODEL, "max_tokens": 200, "tools": [clients.ANTHROPIC_TOOL]}
    turns = clients.say("both: the weather in Oslo and in Rome")
    with client.messages.stream(**ask, messages=turns) as stream:
        asked = stream.get_final_message()
    calls = [block for block in asked.content if block.type == "tool_use"]
    assert asked.stop_reason == "tool_use" and len(calls) == 2
    assert all("city" in call.input for call in calls)

    results = [{"type": "tool_result", "tool_use_id": c.id, "content": "rain"} for c in calls]
    blocks = [block.model_dump(exclude_none=True) for block in asked.content]
    turns += [{"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
    answer = client.messages.create(**ask, messages=turns)
    assert answer.stop_reason == "end_turn"


def an_anthropic_image_is_served_by_an_openai_endpoint(only_openai):
    text = clients.marker()
    source = {"type": "base64", "media_type": "image/png", "data": clients.PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": text}]
    clients.anthropic_at(only_openai).messages.create(
        model=clients.MODEL, max_tokens=200, messages=[{"role": "user", "content": content}]
    )
    assert _served_by(only_openai, text).startswith("openai-eu")


def a_field_that_a_dialect_cannot_carry_never_reaches_its_endpoints(only_anthropic):
    """G4: nothing is silently dropped. The routes that could carry `n` are down."""
    text = clients.marker()
    with pytest.raises(openai.APIStatusError):
        clients.openai_at(only_anthropic).chat.completions.create(
            model=clients.MODEL, messages=clients.say(text), n=2
        )
    asked = {request["endpoint"] for request in only_anthropic.up.simulator.requests(text)}
    assert not [endpoint for endpoint in asked if endpoint.startswith("anthropic")]

"""Every SDK converses with every kind of provider: text whole and streamed, tools over turns, two calls at
once, images, schemas, limits (G2, G3).

The gateway is the worked example `examples/every-provider`; every environment runs these with its SDKs.
"""

import json

import pytest

from lab import callers, clients, every_provider

CALLERS = callers.here()
BY_CALLER = pytest.mark.parametrize("caller", CALLERS, ids=[caller.name for caller in CALLERS])
BY_ROUTE = pytest.mark.parametrize("route", every_provider.TALK)
BY_WAY = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@pytest.fixture
def opened(every, caller, route):
    """A conversation with one provider."""
    return caller.Conversation(every, every_provider.only(route))


@BY_WAY
@BY_ROUTE
@BY_CALLER
def a_text_is_answered_with_its_usage(every, caller, route, opened, streamed):
    text = clients.marker()
    opened.say(text)
    reply = opened.ask(streamed)
    assert text in reply.text and reply.finish == "stop"
    assert reply.tokens_in > 0 and reply.tokens_out > 0
    (asked,) = every.simulator.requests(text)
    assert (asked["endpoint"], asked["stream"]) == (every.endpoints[route], streamed)


@BY_WAY
@BY_ROUTE
@BY_CALLER
def two_calls_at_once_are_answered_in_the_next_turn_and_the_talk_goes_on(opened, streamed):
    opened.say("both: the weather in Oslo and in Rome")
    first = opened.ask(streamed, tools=True)
    assert first.finish == "tools"
    assert [name for name, _ in first.calls] == [callers.TOOL_NAME] * 2
    assert all(list(arguments) == ["city"] for _, arguments in first.calls)
    assert len(set(opened.calls)) == 2

    opened.answer_calls(["12 degrees, rain", "24 degrees, sun"])
    second = opened.ask(streamed, tools=True)
    assert second.finish == "stop" and not second.calls
    # In the order of the calls, though some vendors match results by it and others by ids.
    assert '"12 degrees, rain" and "24 degrees, sun"' in second.text

    text = clients.marker()
    opened.say(text)
    assert text in opened.ask(streamed, tools=True).text


@BY_ROUTE
@BY_CALLER
def one_tool_is_called_turn_after_turn(opened):
    for city in ("Oslo", "Rome"):
        opened.say(f"what is the weather in {city}?")
        asked = opened.ask(tools=True)
        assert (asked.finish, [name for name, _ in asked.calls]) == ("tools", [callers.TOOL_NAME])
        opened.answer_calls([f"{city}: fine"])
        answer = opened.ask(tools=True)
        assert answer.finish == "stop" and f"{city}: fine" in answer.text


@BY_ROUTE
@BY_CALLER
def an_image_is_seen(opened):
    opened.show("what is this?", clients.PIXEL)
    assert "saw 1 image" in opened.ask().text


@BY_WAY
@BY_ROUTE
@BY_CALLER
def a_schema_is_answered_with_json_that_fits(opened, streamed):
    opened.say("Where are you?")
    assert list(json.loads(opened.ask(streamed, schema=True).text)) == ["city"]


@BY_WAY
@BY_ROUTE
@BY_CALLER
def a_limit_ends_the_answer_and_says_so(opened, streamed):
    opened.say("tokens=200 go on and on")
    reply = opened.ask(streamed, limit=20)
    assert (reply.finish, reply.tokens_out) == ("length", 20)


@pytest.mark.parametrize("route", ["claude-anthropic", "claude-bedrock-geography", "claude-vertex",
                                   "gemini-vertex", "gemini-api", "nova-bedrock"])
@pytest.mark.parametrize("caller", [c for c in CALLERS if hasattr(c, "counted")], ids=lambda c: c.name)
def tokens_are_counted_where_a_vendor_counts(every, caller, route):
    endpoint = every.endpoints[route]
    model = every_provider.only(route)
    few, many = (caller.counted(every, model, "hello " * times) for times in (1, 100))
    assert 0 < few < many
    assert every.simulator.last(endpoint)["endpoint"] == endpoint

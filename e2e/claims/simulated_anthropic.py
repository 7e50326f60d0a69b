"""The Anthropic SDK reads what the simulator sends: counting, thinking, both versions' rules."""

import anthropic
import pytest

from lab import clients, vendors

MODEL = "claude-sonnet-4-6"
THINKING = {"type": "enabled", "budget_tokens": 1024}
OLD = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def client(simulated):
    return anthropic.Anthropic(
        base_url=simulated.at("anthropic"), api_key=vendors.ANTHROPIC_KEY, max_retries=0
    )


def _results_of(message):
    """Every call of a message, answered."""
    calls = [block.id for block in message.content if block.type == "tool_use"]
    return [{"type": "tool_result", "tool_use_id": one, "content": "sunny"} for one in calls]


def tokens_are_counted(client):
    counted = client.messages.count_tokens(model=MODEL, messages=clients.say("hello"))
    assert counted.input_tokens > 0


def the_geography_asked_for_is_told_back(simulated, client):
    text = clients.marker()
    how = {"model": MODEL, "max_tokens": 5, "messages": clients.say(text)}
    assert client.messages.create(inference_geo="us", **how).usage.inference_geo == "us"
    assert simulated.requests(text)[0]["marks"]["inference_geo"] == "us"
    with pytest.raises(anthropic.BadRequestError, match="inference_geo"):
        client.messages.create(inference_geo="eu", **how)


def thoughts_are_signed_and_must_come_back_unchanged(client):
    ask = clients.say("weather in both cities")
    how = {"model": MODEL, "max_tokens": 4000, "thinking": THINKING, "tools": [clients.ANTHROPIC_TOOL]}
    with client.messages.stream(messages=ask, **how) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    answered = {"role": "user", "content": _results_of(message)}
    turns = [*ask, {"role": "assistant", "content": message.content}, answered]
    answer = client.messages.create(messages=turns, **how)
    assert '"sunny" and "sunny"' in answer.content[-1].text
    without = [*ask, {"role": "assistant", "content": message.content[1:]}, answered]
    with pytest.raises(anthropic.BadRequestError, match="must start with a thinking block"):
        client.messages.create(messages=without, **how)
    message.content[0].signature = "forged"
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        client.messages.create(messages=turns, **how)


def sampling_is_refused_by_the_newer_version_only(client):
    how = {"model": MODEL, "max_tokens": 5, "messages": clients.say("x"), "extra_body": {"temperature": 1}}
    assert client.messages.create(extra_headers=OLD, **how).content
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        client.messages.create(**how)


def a_refusal_has_details(client):
    how = {"model": MODEL, "max_tokens": 50, "messages": clients.say("filter=prompt")}
    answer = client.messages.create(**how)
    assert (answer.stop_reason, answer.stop_details.type) == ("refusal", "refusal")
    assert answer.content == []


def a_schema_is_answered_with_json_that_fits(client):
    schema = {"type": "json_schema", "schema": clients.WEATHER}
    answer = client.messages.create(
        model=MODEL, max_tokens=50, messages=clients.say("x"), output_config={"format": schema}
    )
    assert answer.content[0].text == '{"city":"Paris"}'

"""With every EU endpoint down, policy decides who may cross the border (P3, P7)."""

import time

import anthropic
import openai
import pytest

from lab import clients, installation

QUICKLY_S = 3.0
REMEDY = "try again"
# The same code whether the routes were tried and failed, or are held back by their breakers.
CODE = "routes_unavailable"


@pytest.fixture(scope="module")
def outage(running):
    """Every endpoint in the EU answers 503."""
    with running.simulator.broken(running.endpoints(regions=installation.EU), "status", code=503):
        yield running


@pytest.fixture
def strict(outage):
    return installation.Door(outage, "eu-west", "strict")


@pytest.fixture
def lenient(outage):
    return installation.Door(outage, "eu-west", "lenient")


def the_strict_workload_is_refused_quickly_in_the_openai_dialect(strict):
    # From the first request, which tries the routes, to the last, which finds them held back.
    for _ in range(6):
        text, began = clients.marker(), time.monotonic()
        with pytest.raises(openai.InternalServerError) as refused:
            clients.openai_at(strict).chat.completions.create(
                model=clients.MODEL, messages=clients.say(text)
            )
        assert time.monotonic() - began < QUICKLY_S
        assert (refused.value.status_code, refused.value.code) == (503, CODE)
        assert REMEDY in refused.value.message
        _assert_inside_the_eu(strict, text)


def the_strict_workload_is_refused_quickly_in_the_anthropic_dialect(strict):
    for _ in range(6):
        text, began = clients.marker(), time.monotonic()
        with pytest.raises(anthropic.APIStatusError) as refused:
            clients.anthropic_at(strict).messages.create(
                model=clients.MODEL, max_tokens=9, messages=clients.say(text)
            )
        assert time.monotonic() - began < QUICKLY_S
        assert refused.value.response.headers["isobar-refusal"] == CODE
        assert refused.value.body["type"] == "error"
        assert REMEDY in refused.value.body["error"]["message"]
        _assert_inside_the_eu(strict, text)


def a_strict_stream_is_refused_before_it_begins(strict):
    with pytest.raises(openai.APIStatusError):
        clients.openai_at(strict).chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello"), stream=True
        )


def the_refusal_is_recorded_with_its_code(strict):
    wire = clients.Wire()
    with pytest.raises(openai.APIStatusError) as refused:
        clients.openai_at(strict, wire).chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello")
        )
    entries = strict.up.evidence.of(wire.last["x-request-id"])
    ends = [entry for entry in entries if entry["type"] in ("outcome", "refusal")]
    assert len(ends) == 1 and ends[0]["code"] == refused.value.code, entries


@pytest.mark.parametrize("stream", [False, True])
def the_lenient_workload_is_served_from_us_east_and_its_record_names_the_mechanism(lenient, stream):
    wire, text = clients.Wire(), clients.marker()
    answer = clients.openai_at(lenient, wire).chat.completions.create(
        model=clients.MODEL, messages=clients.say(text), stream=stream
    )
    if stream:
        assert [chunk for chunk in answer][-1].choices[0].finish_reason == "stop"
    assert wire.last["isobar-region"] == "us-east"
    assert lenient.up.simulator.requests(text)[-1]["region"] == "us-east"
    outcome = lenient.up.evidence.outcome_of(wire.last["x-request-id"])
    assert outcome["result"] == "served"
    assert outcome["served_region"] == "us-east" and outcome["tier"] == "cross_border"
    assert outcome["mechanism"]


def _assert_inside_the_eu(door, text):
    regions = {request["region"] for request in door.up.simulator.requests(text)}
    assert regions <= set(installation.EU)

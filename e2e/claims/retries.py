"""What the gateway answers makes the official SDKs retry when that helps and not otherwise (G7).

Counted on the wire: one entry per HTTP call the SDK made.
"""

import anthropic
import openai
import pytest

from lab import clients, installation

RETRIES = 2
PERMANENT = {
    401: {"key": "isb_demo_nobody_0000"},
    404: {"model": "no-such-model"},
    400: {"messages": "hello"},
}


@pytest.fixture(scope="module")
def west(running):
    return installation.Door(running, "eu-west", "strict")


@pytest.mark.parametrize("status", PERMANENT)
def the_openai_sdk_asks_once_when_a_retry_cannot_help(west, status):
    wire, change = clients.Wire(), dict(PERMANENT[status])
    client = clients.openai_at(west, wire, retries=RETRIES, key=change.pop("key", None))
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            **{"model": clients.MODEL, "messages": clients.say("hello"), **change}
        )
    assert (refused.value.status_code, wire.calls) == (status, 1)


@pytest.mark.parametrize("status", PERMANENT)
def the_anthropic_sdk_asks_once_when_a_retry_cannot_help(west, status):
    wire, change = clients.Wire(), dict(PERMANENT[status])
    client = clients.anthropic_at(west, wire, retries=RETRIES, key=change.pop("key", None))
    with pytest.raises(anthropic.APIStatusError) as refused:
        client.messages.create(
            **{"model": clients.MODEL, "max_tokens": 9, "messages": clients.say("hello"), **change}
        )
    assert (refused.value.status_code, wire.calls) == (status, 1)


def a_gateway_outside_the_residency_is_not_asked_again_and_names_the_right_one(running):
    """P2: the strict workload at a gateway that may not process it."""
    east = installation.Door(running, "us-east", "strict")
    wire, text = clients.Wire(), clients.marker()
    with pytest.raises(openai.PermissionDeniedError) as refused:
        clients.openai_at(east, wire, retries=RETRIES).chat.completions.create(
            model=clients.MODEL, messages=clients.say(text)
        )
    assert wire.calls == 1
    assert refused.value.code == "gateway_outside_residency"
    assert running.gateways["eu-west"] in refused.value.message
    assert running.simulator.requests(text) == []


def a_body_above_the_limit_is_refused_once_although_the_sdk_is_still_sending(west):
    """A refusal that is lost in a reset connection would be sent again, whole, twice."""
    wire = clients.Wire()
    with pytest.raises(openai.APIStatusError) as refused:
        clients.openai_at(west, wire, retries=RETRIES).chat.completions.create(
            model=clients.MODEL, messages=clients.say("x" * 24 * 1024 * 1024)
        )
    assert (refused.value.status_code, wire.calls) == (413, 1)


def a_fault_of_a_provider_is_hidden_from_the_sdk(fresh):
    west = installation.Door(fresh, "eu-west", "strict")
    wire = clients.Wire()
    with fresh.simulator.broken(fresh.endpoints(regions=["eu-west"]), "status", code=500):
        clients.openai_at(west, wire, retries=RETRIES).chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello")
        )
    assert [response.status_code for response in wire.responses] == [200]


def while_every_route_is_held_back_the_sdks_are_told_when_to_return_and_do(fresh, javascript):
    """After enough failures every breaker is open: a refusal that time cures."""
    west = installation.Door(fresh, "eu-west", "strict")

    def python():
        wire = clients.Wire()
        with pytest.raises(openai.APIStatusError):
            clients.openai_at(west, wire, retries=1).chat.completions.create(
                model=clients.MODEL, messages=clients.say("hello")
            )
        return [(response.status_code, response.headers) for response in wire.responses]

    def node():
        env = {"BASE_URL": west.url, "KEY": west.key, "MODEL": clients.MODEL, "RETRIES": "1"}
        seen = javascript.answers("retries.mjs", **env)
        return [(call["status"], call["headers"]) for call in seen["calls"]]

    with fresh.simulator.broken(fresh.endpoints(), "status", code=503):
        for ask in (python, node):
            _assert_obeyed(_once_held_back(ask), retries=1)


def _once_held_back(ask):
    """Asks until no route is tried any more: routes are held after failures, and let a trickle pass."""
    for _ in range(40):
        calls = ask()
        _, first = calls[0]
        if first["isobar-attempts"] == "0":
            assert first["isobar-refusal"] == "routes_unavailable"
            return calls
    raise AssertionError("routes are tried without end")


def _assert_obeyed(calls, retries):
    """A hint between a second and a minute, and the SDK used it, unless it was told not to."""
    for status, headers in calls:
        assert status == 503
        if headers.get("x-should-retry") == "false":
            assert "retry-after" not in headers
        else:
            assert 1 <= int(headers["retry-after"]) <= 60
            assert 1000 <= int(headers["retry-after-ms"]) <= 60_000
    told_to_return = [headers.get("x-should-retry") != "false" for _, headers in calls]
    assert told_to_return[0] and all(told_to_return[:-1])
    assert len(calls) == 1 + retries

"""What goes wrong is told in the caller's own dialect, and makes its SDK retry when that helps and not
otherwise, whatever vendor it came from (G7). Counted on the wire: one entry per HTTP call of the SDK.
"""

import pytest

from lab import callers, clients, every_provider

CALLERS = callers.here()
BY_CALLER = pytest.mark.parametrize("caller", CALLERS, ids=[caller.name for caller in CALLERS])
BY_ROUTE = pytest.mark.parametrize("route", every_provider.TALK)
RETRIES = 2
KINDS = ("throttled", "spent", "rejected-401", "rejected-403", "broken", "filtered")


def _model(kind, caller, route):
    return f"{kind}-{caller.name}-{route}"


# A model for each, so that no breaker is shared.
GROUPS = {
    _model(kind, caller, route): [route]
    for kind in KINDS for caller in CALLERS for route in every_provider.TALK
}


def _retries(caller):
    """How often to retry what a header says is in vain: Mistral's SDK goes by the status alone."""
    return 0 if caller.name == "mistral-chat" else RETRIES


def _refused(caller, talk, **ask):
    """The refusal of the next answer."""
    with pytest.raises(caller.Refused) as raised:
        talk.ask(**ask)
    return caller.refusal(raised.value)


@BY_ROUTE
@BY_CALLER
def a_mistake_of_the_caller_is_named_and_asked_once(every, caller, route):
    wire = clients.Wire()
    talk = caller.Conversation(every, every_provider.only(route), wire, RETRIES)
    talk.say("hello")
    ask, field = caller.MISTAKE
    refusal = _refused(caller, talk, **ask)
    assert refusal.status == 400 and field in refusal.said
    assert wire.calls == 1


@pytest.mark.parametrize("route", [route for route in every_provider.TALK if "bedrock" not in route])
@BY_CALLER
def a_throttled_vendor_is_asked_again_when_it_said_and_then_answers(every, caller, route):
    wire = clients.Wire()
    talk = caller.Conversation(every, _model("throttled", caller, route), wire, RETRIES)
    text = clients.marker()
    talk.say(text)
    with every.simulator.once(every.endpoints[route], "status", code=429, retry_after=1):
        assert text in talk.ask().text
    assert [response.status_code for response in wire.responses] == [429, 200]
    told = wire.responses[0].headers
    assert told["isobar-attempts"] == "1" and told["x-should-retry"] == "true"
    assert 1 <= int(told["retry-after"]) <= 60 and 500 <= int(told["retry-after-ms"]) <= 60_000
    assert len(every.simulator.requests(text)) == 2


@pytest.mark.parametrize("route", ["claude-bedrock-geography", "nova-bedrock"])
@BY_CALLER
def a_throttled_vendor_that_does_not_say_when_is_asked_again_after_the_gateways_rest(every, caller, route):
    """Amazon gives no hint, and here there is no other route: the gateway lets it rest for a second."""
    wire = clients.Wire()
    talk = caller.Conversation(every, _model("throttled", caller, route), wire, RETRIES)
    text = clients.marker()
    talk.say(text)
    with every.simulator.once(every.endpoints[route], "status", code=429):
        assert text in talk.ask().text
    assert [response.status_code for response in wire.responses] == [429, 200]
    told = wire.responses[0].headers
    assert (told["x-should-retry"], told["retry-after"]) == ("true", "1")


# Others have no word for it that is not a matter of time.
@pytest.mark.parametrize("route", ["gpt-openai", "gpt-azure", "house-own"])
@BY_CALLER
def credit_that_is_spent_is_not_waited_for(every, caller, route):
    wire = clients.Wire()
    talk = caller.Conversation(every, _model("spent", caller, route), wire, _retries(caller))
    talk.say("hello")
    with every.simulator.broken([every.endpoints[route]], "insufficient_quota"):
        _refused(caller, talk)
    told = wire.last
    assert told["x-should-retry"] == "false" and "retry-after" not in told
    assert wire.calls == 1


@pytest.mark.parametrize("status", [401, 403])
@BY_ROUTE
@BY_CALLER
def a_credential_that_a_vendor_rejects_is_not_the_callers(every, caller, route, status):
    wire = clients.Wire()
    talk = caller.Conversation(every, _model(f"rejected-{status}", caller, route), wire, _retries(caller))
    talk.say("hello")
    with every.simulator.broken([every.endpoints[route]], "status", code=status):
        refusal = _refused(caller, talk)
    assert (refusal.status, wire.calls) == (502, 1)
    assert wire.last["x-should-retry"] == "false"


@BY_ROUTE
@BY_CALLER
def a_stream_that_breaks_off_is_never_taken_for_whole(every, caller, route):
    talk = caller.Conversation(every, _model("broken", caller, route))
    talk.say("tokens=50 hello")
    fault = every.simulator.once(every.endpoints[route], "cut_after_tokens", n=5, ending="clean")
    with fault, pytest.raises(Exception) as raised:
        talk.ask(streamed=True)
    assert not isinstance(raised.value, AssertionError)


# Mistral has no filter that ends an answer.
@pytest.mark.parametrize("route", [route for route in every_provider.TALK if "mistral" not in route])
@BY_CALLER
def an_answer_that_a_vendors_filter_stops_says_so(every, caller, route):
    talk = caller.Conversation(every, _model("filtered", caller, route))
    talk.say("filter=answer")
    try:
        assert talk.ask().finish == "filter"
    except caller.Refused as error:
        assert caller.refusal(error).status == 400

"""A conversation that one vendor began, another goes on with: calls, their ids and results, whole and
streamed (G3, G4). The first vendor is broken between the question and the results.
"""

import pytest

from lab import callers, clients, every_provider

CALLERS = callers.here()
TALK = every_provider.TALK
# Every vendor hands over to its neighbour, and to one farther on.
PAIRS = [(one, TALK[(place + step) % len(TALK)]) for place, one in enumerate(TALK) for step in (1, 4)]


def _model(caller, pair):
    return f"switching-{caller.name}-{PAIRS.index(pair)}"


# A model for each, so that no breaker is shared.
GROUPS = {_model(caller, pair): pair for caller in CALLERS for pair in PAIRS}


@pytest.mark.parametrize("pair", PAIRS, ids="->".join)
@pytest.mark.parametrize("caller", CALLERS, ids=[caller.name for caller in CALLERS])
def another_vendor_goes_on_with_the_conversation(every, caller, pair):
    first, second = (every.endpoints[route] for route in pair)
    talk = caller.Conversation(every, _model(caller, pair))
    text = clients.marker()
    # Two routes may share an endpoint, and then only the way to the model differs.
    talk.say(f"{text} both: the weather in Oslo and in Rome")
    with every.simulator.broken([second] if second != first else [], "status", code=500):
        asked = talk.ask(streamed=True, tools=True)
    assert len(asked.calls) == 2
    if second != first:
        assert every.served_by(text) == first

    talk.answer_calls(["12 degrees, rain", "24 degrees, sun"])
    with every.simulator.broken([first] if second != first else [], "status", code=500):
        answer = talk.ask(tools=True)
    assert '"12 degrees, rain" and "24 degrees, sun"' in answer.text and answer.finish == "stop"
    if second != first:
        assert every.served_by(text) == second

    text = clients.marker()
    talk.say(text)
    assert text in talk.ask(streamed=True, tools=True).text

"""Reasoning goes back, unaltered, to the model that it is from, and to no other (G3).

The simulated vendors refuse a turn whose reasoning is missing where they want it, or is not theirs.
"""

import pytest

from lab import callers, clients, every_provider

CALLERS = callers.here()
BY_WAY = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
REASONS = (
    "gpt-openai", "claude-anthropic", "claude-bedrock-geography", "claude-vertex", "gemini-vertex",
    "gemini-api", "mistral-api",
)
# Between vendors; what one Claude signed is good at every place that has it, which is not simulated.
PAIRS = [
    ("gpt-openai", "claude-anthropic"), ("claude-anthropic", "gemini-vertex"),
    ("gemini-vertex", "claude-bedrock-geography"), ("claude-bedrock-geography", "mistral-api"),
    ("mistral-api", "claude-vertex"), ("claude-vertex", "gemini-api"), ("gemini-api", "gpt-openai"),
    ("mistral-api", "gpt-openai"),
]
# Callers of Messages bound reasoning in tokens, which these do not.
WITHOUT_BUDGETS = {"gpt-openai", "mistral-api"}


def _is_spoken(caller, routes):
    return caller.name != "anthropic-messages" or not WITHOUT_BUDGETS & set(routes)


ROUND = [(caller, route) for caller in CALLERS for route in REASONS if _is_spoken(caller, [route])]
ON = [(caller, pair) for caller in CALLERS for pair in PAIRS if _is_spoken(caller, pair)]


def _named(value):
    return getattr(value, "name", None) or (value if isinstance(value, str) else "->".join(value))


def _model(caller, pair):
    return f"reasoning-{caller.name}-{PAIRS.index(pair)}"


# A model for each, so that no breaker is shared.
GROUPS = {_model(caller, pair): pair for caller in CALLERS for pair in PAIRS}


@BY_WAY
@pytest.mark.parametrize(("caller", "route"), ROUND, ids=_named)
def reasoning_goes_round_with_two_calls(every, caller, route, streamed):
    talk = caller.Conversation(every, every_provider.only(route))
    talk.say("both: the weather in Oslo and in Rome")
    assert len(talk.ask(streamed, tools=True, **caller.REASONING).calls) == 2
    talk.answer_calls(["rain", "sun"])
    assert '"rain" and "sun"' in talk.ask(streamed, tools=True, **caller.REASONING).text
    text = clients.marker()
    talk.say(text)
    assert text in talk.ask(streamed, tools=True, **caller.REASONING).text


@pytest.mark.parametrize(("caller", "pair"), ON, ids=_named)
def another_vendor_goes_on_without_reasoning_that_is_not_its_own(every, caller, pair):
    first, second = (every.endpoints[route] for route in pair)
    talk = caller.Conversation(every, _model(caller, pair))
    talk.say("both: the weather in Oslo and in Rome")
    with every.simulator.broken([second], "status", code=500):
        talk.ask(streamed=True, tools=True, **caller.REASONING)
    talk.answer_calls(["rain", "sun"])
    text = clients.marker()
    with every.simulator.broken([first], "status", code=500):
        assert '"rain" and "sun"' in talk.ask(tools=True, **caller.REASONING).text
        talk.say(text)
        assert text in talk.ask(tools=True, **caller.REASONING).text
    assert every.served_by(text) == second


@pytest.mark.parametrize("route", sorted(WITHOUT_BUDGETS))
@pytest.mark.parametrize("caller", [c for c in CALLERS if c.name == "anthropic-messages"], ids=_named)
def a_bound_that_a_vendor_cannot_keep_is_refused_by_name(every, caller, route):
    talk = caller.Conversation(every, every_provider.only(route))
    talk.say("hello")
    with pytest.raises(caller.Refused) as raised:
        talk.ask(**caller.REASONING)
    refusal = caller.refusal(raised.value)
    assert refusal.status == 400 and "thinking.budget_tokens" in refusal.said

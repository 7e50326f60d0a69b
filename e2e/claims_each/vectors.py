"""Texts become vectors at every provider that has them (G2, G3)."""

import pytest

from lab import callers, clients, every_provider

CALLERS = [caller for caller in callers.here() if hasattr(caller, "embedded")]
BY_CALLER = pytest.mark.parametrize("caller", CALLERS, ids=[caller.name for caller in CALLERS])
BY_ROUTE = pytest.mark.parametrize("route", every_provider.EMBED)
# Cohere's third generation has one length only.
SHORTER = [route for route in every_provider.EMBED if route != "vectors-cohere"]


@BY_ROUTE
@BY_CALLER
def texts_are_embedded_in_their_order(every, caller, route):
    # Titan takes one text at a time.
    texts = [clients.marker() for _ in range(1 if route == "vectors-titan" else 3)]
    vectors = caller.embedded(every, every_provider.only(route), texts)
    assert len(vectors) == len(texts) and len({len(vector) for vector in vectors}) == 1
    assert every.served_by(texts[0]) == every.endpoints[route]
    alone = caller.embedded(every, every_provider.only(route), texts[-1:])
    assert vectors[-1] == pytest.approx(alone[0], abs=1e-6)


@BY_ROUTE
@BY_CALLER
def vectors_are_packed_when_the_sdk_wants_them_so(every, caller, route):
    text = [clients.marker()]
    plain, packed = (
        caller.embedded(every, every_provider.only(route), text, packed=packed)
        for packed in (False, True)
    )
    assert plain[0] == pytest.approx(packed[0], abs=1e-6)


@pytest.mark.parametrize("route", SHORTER)
@BY_CALLER
def vectors_are_as_short_as_asked(every, caller, route):
    vectors = caller.embedded(every, every_provider.only(route), ["a"], dimensions=256)
    assert [len(vector) for vector in vectors] == [256]

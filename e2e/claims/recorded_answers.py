"""What real vendors answered reaches every caller: the official SDKs understand the same text, tool
calls, usage and end that the vendor's own wire says (G4, G5).

The answers are recordings of real traffic (`lab/recorded.py`); a real gateway translates them.
"""

import dataclasses
import json
import warnings
from types import SimpleNamespace

import pytest

from lab import recorded, replay, understood

ANSWERS = recorded.answers() if recorded.available() else []
if not ANSWERS:
    warnings.warn("NO RECORDED TRAFFIC: set ISOBAR_FIXTURES, or these claims prove nothing")
ASKS = {
    "openai-chat": understood.openai_chat,
    "openai-responses": understood.openai_responses,
    "anthropic-messages": understood.anthropic_messages,
}
# The recorded API that a caller's dialect passes through.
SAME = {
    "openai-chat": ("chat",),
    "openai-responses": ("responses",),
    "anthropic-messages": ("messages", "invoke"),
}
# The vendor refused the prompt, on status 200: no answer, and the caller's own error.
PROMPT_REFUSED = {"vertex-gemini/prompt_blocked_min.json"}
# Content of tools that the vendor runs, or several answers: only callers of the same API can ask
# for it, so to any other caller it is an error and never half an answer.
OWN_CALLERS_ONLY = {
    "anthropic/sdk_server_tool_use.sse",
    "openai-chat/n2.json#0",
    "openai-responses/custom_tool.sse",
}
# Written by hand without the content of its last event, which is what the caller's SDK reads.
HOLLOW = {("openai-responses/stream_refusal.sse", "openai-responses")}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway in front of every recorded answer."""
    if not ANSWERS:
        pytest.skip("no recorded traffic: set ISOBAR_FIXTURES")
    with replay.gateway(tmp_path_factory.mktemp("replay"), ANSWERS) as running:
        yield running


def _check(name, api, dialect, expected, facts):
    """Whether an SDK understood what the wire says."""
    if (name, dialect) in HOLLOW:
        return
    if name in PROMPT_REFUSED:
        assert (facts.get("error"), facts.get("status")) == ("BadRequestError", 400), facts
        return
    if name in OWN_CALLERS_ONLY and api not in SAME[dialect]:
        assert "error" in facts, f"{name}: {facts}"
        return
    assert "error" not in facts, f"{name}: {facts}"
    for field in dataclasses.fields(expected):
        want, got = getattr(expected, field.name), facts.get(field.name)
        if field.name == "tools":
            want, got = [list(call) for call in want], [list(call) for call in got or []]
        # A caller that must be given a figure gets zero where the vendor said none.
        if want is None and field.name.startswith("tokens"):
            continue
        # An SDK that raises on a filtered answer shows nothing of it.
        if facts.keys() == {"finish"} and field.name != "finish":
            continue
        assert got == want, f"{name}: {field.name}"


@pytest.mark.parametrize("dialect", ASKS)
@pytest.mark.parametrize("number", range(len(ANSWERS)), ids=[one.name for one in ANSWERS])
def the_python_sdks_understand_every_recorded_answer(gateway, number, dialect):
    answer = ANSWERS[number]
    door = SimpleNamespace(url=gateway.url, key=gateway.key)
    facts = ASKS[dialect](door, replay.model(number), answer.streamed)
    _check(answer.name, answer.api, dialect, answer.facts(), facts)


@pytest.mark.parametrize("dialect", ASKS)
def the_javascript_sdks_understand_every_recorded_answer(gateway, javascript, dialect):
    jobs = [
        {"dialect": dialect, "model": replay.model(number), "streamed": answer.streamed}
        for number, answer in enumerate(ANSWERS)
    ]
    got = javascript.answers(
        "recorded.mjs", BASE_URL=gateway.url, KEY=gateway.key, JOBS=json.dumps(jobs)
    )
    for answer, facts in zip(ANSWERS, got, strict=True):
        _check(answer.name, answer.api, dialect, answer.facts(), facts)

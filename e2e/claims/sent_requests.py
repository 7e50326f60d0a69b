"""What callers say is what providers hear, in words that the provider's own schema allows; or the
caller is told which field cannot go (G4).

The requests are recordings of what real applications sent; each goes through a real gateway to every
kind of upstream, and the vendor's published schema judges what arrived.
"""

import httpx2
import pytest

from lab import recorded, replay, schemas

# Wrong on purpose, by values that only the vendor judges.
WRONG = {
    "openai-chat/err_400_unsupported_parameter.json#0",
    "openai-responses/err_400_temperature.json#0",
}
REQUESTS = [one for one in recorded.requests() if one.name not in WRONG] if recorded.available() else []
# For each API one recorded answer, whole and streamed, that will do for any question.
REPLIES = {
    "chat": ("openai-chat/plain.json#0", "openai-chat/stream_usage.json#0"),
    "responses": ("openai-responses/image_url.json#0", "openai-responses/logprobs_stream.json#0"),
    "messages": ("anthropic/stop_sequence.json#0", "anthropic/sdk_basic.sse"),
    "converse": ("bedrock/converse_text.json#0", "bedrock/converse_stream_text.json#0"),
    "gemini": ("vertex-gemini/text.json#0", "vertex-gemini/stream.json#0"),
    "mistral": ("mistral/plain.json#0", "mistral/stream.json#0"),
}
DOORS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "mistral": "/mistral/v1/chat/completions",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway in front of one answer of each kind."""
    if not REQUESTS:
        pytest.skip("NO RECORDED TRAFFIC: set ISOBAR_FIXTURES")
    named = {one.name: one for one in recorded.answers()}
    answers = [named[name] for pair in REPLIES.values() for name in pair]
    with replay.gateway(tmp_path_factory.mktemp("replay"), answers) as running:
        yield running


def _ask(gateway, asked, api):
    """The status and body of the answer, and what the vendor was sent, if anything."""
    number = 2 * list(REPLIES).index(api) + bool(asked.body.get("stream"))
    before = len(gateway.asked)
    response = httpx2.post(
        gateway.url + DOORS[asked.api],
        json={**asked.body, "model": replay.model(number)},
        headers={"authorization": f"Bearer {gateway.key}", "anthropic-version": "2023-06-01"}
        if asked.api == "messages"
        else {"authorization": f"Bearer {gateway.key}"},
        timeout=30,
    )
    sent = gateway.asked[before:]
    return response, sent[0][3] if sent else None


def _named(body):
    """The field that a refusal names."""
    error = body.get("error", body)
    return error.get("param") or error.get("details", {}).get("param")


@pytest.mark.parametrize("api", REPLIES)
@pytest.mark.parametrize("asked", REQUESTS, ids=[one.name for one in REQUESTS])
def every_recorded_request_is_sent_validly_or_refused_by_field(gateway, asked, api):
    response, sent = _ask(gateway, asked, api)
    if sent is None:
        assert response.status_code in (400, 403), response.text
        assert _named(response.json()) or response.status_code == 403, response.text
        return
    assert response.status_code == 200, response.text
    # What passes through is the caller's own body: no more wrong than it was.
    own = schemas.problems(api, asked.body) if api == asked.api else []
    assert [one for one in schemas.problems(api, sent) if one not in own] == []

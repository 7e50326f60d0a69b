"""mistralai reads what the simulated Mistral sends."""

import httpx2
import pytest
from mistralai.client import Mistral, errors

from lab import clients, vendors

MODEL = "mistral-large-latest"
TOOLS = [clients.OPENAI_TOOL]


@pytest.fixture
def mistral(simulated):
    return Mistral(api_key=vendors.MISTRAL_KEY, server_url=simulated.at("mistral"))


def a_text_is_answered_whole_and_streamed(mistral):
    text = clients.marker()
    answer = mistral.chat.complete(model=MODEL, messages=clients.say(text))
    assert text in answer.choices[0].message.content and answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    with mistral.chat.stream(model=MODEL, messages=clients.say(text), max_tokens=20) as stream:
        chunks = [event.data for event in stream]
    assert text in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "length"
    assert chunks[-1].usage.completion_tokens == 20


def thoughts_are_a_part_of_the_content(mistral):
    how = {"model": MODEL, "messages": clients.say("hello"), "reasoning_effort": "high"}
    content = mistral.chat.complete(**how).choices[0].message.content
    assert [chunk.type for chunk in content] == ["thinking", "text"]
    with mistral.chat.stream(**how) as stream:
        deltas = [event.data.choices[0].delta.content for event in stream]
    assert deltas[1][0].thinking[0].text


def calls_have_ids_of_nine_and_are_answered(mistral):
    ask = clients.say("weather in both cities")
    message = mistral.chat.complete(model=MODEL, messages=ask, tools=TOOLS).choices[0].message
    assert [len(call.id) for call in message.tool_calls] == [9, 9]
    results = [
        {"role": "tool", "name": "get_weather", "tool_call_id": call.id, "content": "sunny"}
        for call in message.tool_calls
    ]
    answer = mistral.chat.complete(model=MODEL, messages=[*ask, message, *results], tools=TOOLS)
    assert '"sunny" and "sunny"' in answer.choices[0].message.content
    message.tool_calls[0].id = "call_far_too_long"
    with pytest.raises(errors.SDKError, match="with a length of 9"):
        mistral.chat.complete(model=MODEL, messages=[*ask, message, *results], tools=TOOLS)


def texts_are_embedded_and_models_listed(mistral):
    vectors = mistral.embeddings.create(model="mistral-embed", inputs=["a", "b"], output_dimension=64)
    assert [len(one.embedding) for one in vectors.data] == [64, 64]
    assert mistral.models.list().data == []


def fields_of_other_vendors_are_refused_by_name(simulated):
    body = {"model": MODEL, "messages": clients.say("x"), "seed": 1, "stream_options": {}}
    refused = httpx2.post(
        simulated.at("mistral") + "/v1/chat/completions",
        json=body,
        headers={"authorization": f"Bearer {vendors.MISTRAL_KEY}"},
    )
    details = refused.json()["message"]["detail"]
    assert refused.status_code == 422
    assert [(one["type"], one["loc"][-1]) for one in details] == [
        ("extra_forbidden", "seed"),
        ("extra_forbidden", "stream_options"),
    ]


def limits_are_told_in_headers(simulated):
    told = httpx2.post(
        simulated.at("mistral") + "/v1/chat/completions",
        json={"model": MODEL, "messages": clients.say("x")},
        headers={"authorization": f"Bearer {vendors.MISTRAL_KEY}"},
    ).headers
    assert int(told["x-ratelimit-remaining-tokens-minute"]) > 0
    assert int(told["x-ratelimit-tokens-query-cost"]) > 0


def a_wrong_key_and_a_limit_are_errors(simulated, mistral):
    stranger = Mistral(api_key="wrong", server_url=simulated.at("mistral"))
    with pytest.raises(errors.SDKError) as refused:
        stranger.chat.complete(model=MODEL, messages=clients.say("x"))
    assert refused.value.status_code == 401
    with simulated.once("mistral", "status", code=429), pytest.raises(errors.SDKError) as failed:
        mistral.chat.complete(model=MODEL, messages=clients.say("x"))
    assert failed.value.status_code == 429 and '"code":"1300"' in failed.value.body

"""A real inference server behind the gateway: llama.cpp with random weights (G3, G4, G7).

What it says means nothing, and what it does around it is real: answers bound by a grammar, log
probabilities, seeds, stops, and a context that is too short.
"""

import json
from types import SimpleNamespace

import anthropic
import httpx2
import openai
import pytest

from lab import clients, llama, solo
from lab.callers import anthropic_messages, openai_chat, openai_responses

pytestmark = [pytest.mark.skipif(not llama.WANTED, reason="ISOBAR_E2E_LLAMA is not set")]
LIMIT = 24
TOO_LONG = "word " * llama.CONTEXT
# Random words would fill any text to the end of the context.
CHOICE = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}, "is_near": {"type": "boolean"}},
    "required": ["city", "is_near"],
}
TOOL = {"type": "function", "function": {"name": "choose", "description": "Chooses", "parameters": CHOICE}}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway in front of llama.cpp."""
    folder = tmp_path_factory.mktemp("llama")
    with llama.running(folder) as base:
        endpoint = {"id": "own", "provider": "openai-compatible", "base_url": f"{base}/v1", "apis": "chat"}
        route = {"model": "random", "endpoint": "own", "upstream_model": llama.MODEL}
        with solo.gateway(folder / "gateway", [endpoint], [route]) as running:
            yield SimpleNamespace(url=running.url, key=running.key, direct=base)


@pytest.fixture(params=[openai_chat, openai_responses, anthropic_messages], ids=lambda one: one.name)
def talk(request, gateway):
    """A conversation in each dialect."""
    return request.param.Conversation(gateway, "random")


def _complete(url, key, model, **ask):
    """A completion whose every bit is decided."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    ask = {"max_tokens": LIMIT, "temperature": 1, "seed": 11, **ask}
    return client.chat.completions.create(model=model, messages=clients.say("hello"), **ask)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def random_words_reach_every_caller_until_the_context_is_full(talk, streamed):
    talk.say("hello")
    reply = talk.ask(streamed)
    assert reply.finish == "length" and reply.text


def a_grammar_binds_even_random_words(gateway):
    """Its own way of asking for a schema, which passes through."""
    form = {"type": "json_object", "schema": CHOICE}
    answer = _complete(gateway.url, gateway.key, "random", max_tokens=100, response_format=form)
    said = json.loads(answer.choices[0].message.content)
    assert said["city"] in ("Oslo", "Rome") and isinstance(said["is_near"], bool)


def a_seed_repeats_an_answer_as_it_does_without_a_gateway(gateway):
    through = [_complete(gateway.url, gateway.key, "random") for _ in range(2)]
    direct = _complete(gateway.direct, "none", llama.MODEL)
    said = {answer.choices[0].message.content for answer in [*through, direct]}
    assert len(said) == 1
    other = _complete(gateway.url, gateway.key, "random", seed=12)
    assert other.choices[0].message.content not in said


def log_probabilities_pass_through(gateway):
    ask = {"logprobs": True, "top_logprobs": 3, "temperature": 0}
    through, direct = (
        _complete(url, key, model, **ask).choices[0].logprobs.content
        for url, key, model in [
            (gateway.url, gateway.key, "random"),
            (gateway.direct, "none", llama.MODEL),
        ]
    )
    assert len(through) == len(direct) == LIMIT
    assert [token.logprob for token in through] == [token.logprob for token in direct]
    assert all(token.top_logprobs for token in through)


def a_stop_cuts_the_answer_before_it(gateway):
    whole = _complete(gateway.url, gateway.key, "random").choices[0].message.content
    stop = whole[len(whole) // 2]
    cut = _complete(gateway.url, gateway.key, "random", stop=[stop]).choices[0]
    assert cut.message.content == whole.split(stop)[0] and cut.finish_reason == "stop"
    answer = clients.anthropic_at(gateway).messages.create(
        model="random", max_tokens=LIMIT, stop_sequences=[stop], messages=clients.say("hello")
    )
    assert stop not in "".join(block.text for block in answer.content)


def a_prompt_that_is_too_long_is_the_callers_own_mistake(gateway):
    chat = clients.openai_at(gateway)
    for ask in (
        lambda: chat.chat.completions.create(model="random", messages=clients.say(TOO_LONG)),
        lambda: chat.responses.create(model="random", input=TOO_LONG),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            ask()
        assert refused.value.code == "context_length_exceeded"
    with pytest.raises(anthropic.BadRequestError) as refused:
        clients.anthropic_at(gateway).messages.create(
            model="random", max_tokens=10, messages=clients.say(TOO_LONG)
        )
    error = refused.value.body["error"]
    assert error["type"] == "invalid_request_error"
    assert error["details"]["error_code"] == "context_length_exceeded"
    refused = httpx2.post(
        f"{gateway.url}/mistral/v1/chat/completions",
        json={"model": "random", "messages": clients.say(TOO_LONG)},
        headers={"authorization": f"Bearer {gateway.key}"},
    )
    assert (refused.status_code, refused.json()["object"]) == (400, "error")
    assert "context" in refused.text


def a_tool_that_must_be_called_is_called(gateway):
    choice = {"type": "function", "function": {"name": "choose"}}
    answer = _complete(
        gateway.url, gateway.key, "random", max_tokens=100, tools=[TOOL], tool_choice=choice
    )
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "choose"
    assert json.loads(call.function.arguments)["city"] in ("Oslo", "Rome")

"""The OpenAI SDK, at OpenAI's and at Azure's addresses, reads what the simulator sends."""

import httpx2
import openai
import pytest
from pydantic import BaseModel

from lab import clients, vendors

MODEL = "gpt-5"
TOOL = {"type": "function", "name": "get_weather", "parameters": clients.WEATHER, "strict": False}
REASONING = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}


class City(BaseModel):
    """A structured answer."""

    city: str
    population: int


def _openai_at(simulated):
    """OpenAI itself."""
    return openai.OpenAI(
        base_url=simulated.at("openai") + "/v1", api_key=vendors.OPENAI_KEY, max_retries=0
    )


def _azure_v1_at(simulated):
    """Azure's newer addresses, with the plain client."""
    url = simulated.at("azure") + "/openai/v1"
    return openai.OpenAI(base_url=url, api_key=vendors.AZURE_KEY, max_retries=0)


def _azure_dated_at(simulated, key=vendors.AZURE_KEY):
    """Azure's older addresses, with the client made for them."""
    return openai.AzureOpenAI(
        azure_endpoint=simulated.at("azure"), api_key=key, api_version="2024-10-21", max_retries=0
    )


@pytest.fixture(params=[_openai_at, _azure_v1_at, _azure_dated_at], ids=["openai", "azure-v1", "azure-dated"])
def client(request, simulated):
    return request.param(simulated)


@pytest.fixture(params=[_azure_v1_at, _azure_dated_at], ids=["v1", "dated"])
def azure(request, simulated):
    return request.param(simulated)


def _outputs(items):
    """Every call among the items, answered."""
    calls = [item.call_id for item in items if item.type == "function_call"]
    return [{"type": "function_call_output", "call_id": one, "output": "sunny"} for one in calls]


def a_response_is_whole_and_has_usage(client):
    text = clients.marker()
    answer = client.responses.create(model=MODEL, input=text)
    assert text in answer.output_text and answer.status == "completed"
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def a_streamed_response_has_every_event_numbered(client):
    text = clients.marker()
    events = list(client.responses.create(model=MODEL, input=text, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    names = list(dict.fromkeys(event.type.removeprefix("response.") for event in events))
    assert names == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text in said and events[-1].response.output_text == said


def reasoning_and_two_calls_are_answered_in_the_next_turn(client):
    ask = [{"role": "user", "content": "weather in both cities"}]
    how = {"model": MODEL, "tools": [TOOL], **REASONING}
    with client.responses.stream(input=ask, **how) as stream:
        items = stream.get_final_response().output if [*stream] else []
    assert [item.type for item in items] == ["reasoning", "function_call", "function_call"]
    kept = [item.model_dump(exclude_none=True) for item in items]
    for item in kept:
        item.pop("parsed_arguments", None)
    answer = client.responses.create(input=[*ask, *kept, *_outputs(items)], **how)
    assert '"sunny" and "sunny"' in answer.output_text
    kept[0]["encrypted_content"] += "x"
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(input=[*ask, *kept, *_outputs(items)], **how)
    assert refused.value.code == "invalid_encrypted_content"


def a_limit_makes_a_response_incomplete(client):
    answer = client.responses.create(model=MODEL, input="hello", max_output_tokens=16)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def a_schema_is_answered_with_json_that_fits(client):
    parsed = client.responses.parse(model=MODEL, input="x", text_format=City).output_parsed
    assert parsed == City(city="Paris", population=1)


def texts_and_tokens_are_embedded_in_either_form(client):
    model = "text-embedding-3-small"
    plain, packed = (
        client.embeddings.create(model=model, input=["a", "b"], dimensions=32, **form).data
        for form in ({"encoding_format": "float"}, {})
    )
    assert [len(one.embedding) for one in plain] == [32, 32]
    assert plain[0].embedding == pytest.approx(packed[0].embedding)
    tokens = client.embeddings.create(model=model, input=[[1, 2], [3]])
    assert (len(tokens.data), tokens.usage.prompt_tokens) == (2, 3)
    with pytest.raises(openai.BadRequestError, match="minimum of 1"):
        client.embeddings.create(model=model, input="a", dimensions=-1)


def server_state_and_foreign_fields_are_refused(client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=MODEL, input="x", previous_response_id="resp_1")
    assert refused.value.code == "previous_response_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=MODEL, input="x", extra_body={"stop": "y"})
    assert (refused.value.code, refused.value.param) == ("unknown_parameter", "stop")


def a_failing_response_says_so_in_its_last_events(simulated):
    client = _openai_at(simulated)
    with simulated.once("openai", "in_stream_error"):
        events = list(client.responses.create(model=MODEL, input="x", stream=True))
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.id == events[0].response.id
    with simulated.once("openai", "cut_after_tokens", ending="clean"):
        events = list(client.responses.create(model=MODEL, input="x", stream=True))
    assert events[-1].type == "response.output_text.delta"


def azure_filters_prompts_before_and_answers_midway(azure):
    with pytest.raises(openai.BadRequestError) as refused:
        azure.chat.completions.create(model=MODEL, messages=clients.say("filter=prompt"))
    assert refused.value.code == "content_filter"
    assert refused.value.body["innererror"]["content_filter_result"]["hate"]["filtered"]
    answer = azure.chat.completions.create(model=MODEL, messages=clients.say("filter=answer"))
    assert answer.choices[0].finish_reason == "content_filter" and answer.choices[0].message is None


def azure_begins_a_stream_without_a_choice(azure):
    chunks = list(azure.chat.completions.create(model=MODEL, messages=clients.say("x"), stream=True))
    assert chunks[0].choices == [] and chunks[0].id == "" and chunks[0].prompt_filter_results
    assert [chunk.choices[0].finish_reason for chunk in chunks[1:]][-1] == "stop"


def azure_says_where_it_is_and_which_deployment_is_asked(simulated):
    text = clients.marker()
    raw = _azure_dated_at(simulated).chat.completions.with_raw_response
    reply = raw.create(model="my-deployment", messages=clients.say(text))
    assert reply.headers["x-ms-region"] == vendors.AZURE_LOCATION
    (logged,) = simulated.requests(text)
    assert (logged["model"], logged["wire"]) == ("my-deployment", "azure.chat")
    assert logged["marks"]["api-version"] == "2024-10-21"
    assert logged["marks"]["credential"] == "api-key"


def azure_refuses_a_wrong_key_in_its_own_shape(simulated):
    with pytest.raises(openai.AuthenticationError) as refused:
        _azure_dated_at(simulated, "wrong").chat.completions.create(model=MODEL, messages=clients.say("x"))
    assert refused.value.body["code"] == "401" and "type" not in refused.value.body


def _token_of(simulated, endpoint, **fields):
    """What Azure AD says to a client that shows its credentials."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "gateway",
        "scope": "https://cognitiveservices.azure.com/.default",
        **fields,
    }
    return httpx2.post(simulated.at(endpoint) + "/tenant/oauth2/v2.0/token", data=form)


def azure_accepts_tokens_that_were_issued_and_are_fresh(simulated):
    def asked_with(token):
        client = openai.AzureOpenAI(
            azure_endpoint=simulated.at("azure-issued"), azure_ad_token=token,
            api_version="2024-10-21", max_retries=0,
        )
        return client.chat.completions.create(model=MODEL, messages=clients.say("x"))

    fresh = _token_of(simulated, "identity", client_secret=vendors.AZURE_SECRET).json()
    assert asked_with(fresh["access_token"]).choices
    stale = _token_of(simulated, "identity-stale", client_secret="any").json()
    with pytest.raises(openai.AuthenticationError, match="expired"):
        asked_with(stale["access_token"])
    refused = _token_of(simulated, "identity", client_secret="wrong")
    assert (refused.status_code, refused.json()["error_codes"]) == (401, [7000215])

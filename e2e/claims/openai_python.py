"""The unmodified `openai` SDK for Python works through every gateway (G2, G4, G7)."""

import json

import openai
import pytest

from lab import clients


def a_chat_is_answered_with_text_usage_and_a_finish_reason(door):
    text = clients.marker()
    answer = clients.openai_at(door).chat.completions.create(
        model=clients.MODEL, messages=clients.say(text)
    )
    assert text in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0
    assert answer._request_id


def a_streamed_chat_arrives_in_pieces_and_ends(door):
    text = clients.marker()
    chunks = list(
        clients.openai_at(door).chat.completions.create(
            model=clients.MODEL,
            messages=clients.say(text),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert len(pieces) > 3
    assert text in "".join(pieces)
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0


def usage_that_was_not_asked_for_is_not_streamed(door):
    chunks = clients.openai_at(door).chat.completions.create(
        model=clients.MODEL, messages=clients.say("hello"), stream=True
    )
    assert all(chunk.choices and not chunk.usage for chunk in chunks)


def the_streaming_helper_of_the_sdk_gathers_the_answer(door):
    text = clients.marker()
    with clients.openai_at(door).chat.completions.stream(
        model=clients.MODEL, messages=clients.say(text)
    ) as stream:
        stream.until_done()
        assert text in stream.get_final_completion().choices[0].message.content


def a_tool_is_called_and_its_result_is_answered(door):
    client = clients.openai_at(door)
    turns = clients.say("what is the weather in Oslo?")
    asked = client.chat.completions.create(
        model=clients.MODEL, messages=turns, tools=[clients.OPENAI_TOOL]
    )
    call = asked.choices[0].message.tool_calls[0]
    assert asked.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    assert "city" in json.loads(call.function.arguments)

    turns += [
        asked.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "12 degrees, rain"},
    ]
    answer = client.chat.completions.create(
        model=clients.MODEL, messages=turns, tools=[clients.OPENAI_TOOL]
    )
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content


def parallel_tool_calls_arrive_whole_in_a_stream(door):
    chunks = clients.openai_at(door).chat.completions.create(
        model=clients.MODEL,
        messages=clients.say("both: the weather in Oslo and in Rome"),
        tools=[clients.OPENAI_TOOL],
        stream=True,
    )
    calls = {}
    finish = None
    for chunk in chunks:
        finish = chunk.choices[0].finish_reason or finish
        for piece in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += piece.id or ""
            call["name"] += piece.function.name or ""
            call["arguments"] += piece.function.arguments or ""
    assert finish == "tool_calls"
    assert len(calls) == 2 and len({call["id"] for call in calls.values()}) == 2
    assert all("city" in json.loads(call["arguments"]) for call in calls.values())


def an_image_may_be_sent(door):
    content = [
        {"type": "text", "text": "what is in the picture?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{clients.PIXEL}"}},
    ]
    answer = clients.openai_at(door).chat.completions.create(
        model=clients.MODEL, messages=[{"role": "user", "content": content}]
    )
    assert answer.choices[0].message.content


def the_models_are_listed_and_one_can_be_asked_for(door):
    client = clients.openai_at(door)
    names = {model.id for model in client.models.list()}
    assert clients.MODEL in names and names <= set(door.up.ready["models"])
    assert client.models.retrieve(clients.MODEL).id == clients.MODEL


def a_wrong_key_is_an_authentication_error(door):
    with pytest.raises(openai.AuthenticationError) as refused:
        clients.openai_at(door, key="isb_demo_nobody_0000").chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello")
        )
    assert refused.value.code == "credential_unknown"
    assert refused.value.request_id


def an_unknown_model_is_a_not_found_error(door):
    with pytest.raises(openai.NotFoundError) as refused:
        clients.openai_at(door).chat.completions.create(
            model="no-such-model", messages=clients.say("hello")
        )
    assert refused.value.code == "model_not_allowed"


def a_malformed_request_is_a_bad_request_error_that_names_the_field(door):
    with pytest.raises(openai.BadRequestError) as refused:
        clients.openai_at(door).chat.completions.create(model=clients.MODEL, messages="hello")
    assert "messages" in str(refused.value)


def an_unknown_field_reaches_a_provider_of_the_same_dialect(door):
    text = clients.marker()
    with door.up.simulator.broken(door.up.endpoints("anthropic"), "status", code=503):
        clients.openai_at(door).chat.completions.create(
            model=clients.MODEL, messages=clients.say(text), extra_body={"x_future_field": {"a": 1}}
        )
    assert "x_future_field" in door.up.simulator.requests(text)[-1]["fields"]

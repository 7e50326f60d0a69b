"""The unmodified `anthropic` SDK for Python works through every gateway (G2, G4, G7)."""

import anthropic
import pytest

from lab import clients


def a_message_is_answered_with_text_usage_and_a_stop_reason(door):
    text = clients.marker()
    answer = clients.anthropic_at(door).messages.create(
        model=clients.MODEL, max_tokens=200, messages=clients.say(text)
    )
    assert text in answer.content[0].text
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0
    assert answer._request_id


def a_streamed_message_arrives_in_pieces_and_ends(door):
    text = clients.marker()
    with clients.anthropic_at(door).messages.stream(
        model=clients.MODEL, max_tokens=200, messages=clients.say(text)
    ) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_message()
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop"
    assert kinds.count("content_block_delta") > 3
    assert text in final.content[0].text
    assert final.stop_reason == "end_turn" and final.usage.output_tokens > 0


def a_system_prompt_and_stop_sequences_may_be_sent(door):
    answer = clients.anthropic_at(door).messages.create(
        model=clients.MODEL,
        max_tokens=200,
        system="Be brief.",
        stop_sequences=["END"],
        messages=clients.say("hello"),
    )
    assert answer.content[0].text


def a_tool_is_called_and_its_result_is_answered(door):
    client = clients.anthropic_at(door)
    ask = {"model": clients.MODEL, "max_tokens": 200, "tools": [clients.ANTHROPIC_TOOL]}
    turns = clients.say("what is the weather in Oslo?")
    asked = client.messages.create(**ask, messages=turns)
    call = next(block for block in asked.content if block.type == "tool_use")
    assert asked.stop_reason == "tool_use"
    assert call.name == "get_weather" and "city" in call.input

    result = {"type": "tool_result", "tool_use_id": call.id, "content": "12 degrees, rain"}
    turns += [
        {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in asked.content]},
        {"role": "user", "content": [result]},
    ]
    answer = client.messages.create(**ask, messages=turns)
    assert answer.stop_reason == "end_turn"
    assert answer.content[0].text


def parallel_tool_calls_arrive_whole_in_a_stream(door):
    with clients.anthropic_at(door).messages.stream(
        model=clients.MODEL,
        max_tokens=200,
        tools=[clients.ANTHROPIC_TOOL],
        messages=clients.say("both: the weather in Oslo and in Rome"),
    ) as stream:
        final = stream.get_final_message()
    calls = [block for block in final.content if block.type == "tool_use"]
    assert final.stop_reason == "tool_use"
    assert len(calls) == 2 and calls[0].id != calls[1].id
    assert all("city" in call.input for call in calls)


def an_image_may_be_sent(door):
    source = {"type": "base64", "media_type": "image/png", "data": clients.PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "what is this?"}]
    answer = clients.anthropic_at(door).messages.create(
        model=clients.MODEL, max_tokens=200, messages=[{"role": "user", "content": content}]
    )
    assert answer.content[0].text


def the_models_are_listed_and_one_can_be_asked_for(door):
    client = clients.anthropic_at(door)
    names = {model.id for model in client.models.list()}
    assert clients.MODEL in names and names <= set(door.up.ready["models"])
    assert client.models.retrieve(clients.MODEL).id == clients.MODEL


def a_wrong_key_is_an_authentication_error(door):
    with pytest.raises(anthropic.AuthenticationError) as refused:
        clients.anthropic_at(door, key="isb_demo_nobody_0000").messages.create(
            model=clients.MODEL, max_tokens=10, messages=clients.say("hello")
        )
    assert refused.value.body["error"]["type"] == "authentication_error"
    assert refused.value.response.headers["isobar-refusal"] == "credential_unknown"
    assert refused.value.request_id


def an_unknown_model_is_a_not_found_error(door):
    with pytest.raises(anthropic.NotFoundError) as refused:
        clients.anthropic_at(door).messages.create(
            model="no-such-model", max_tokens=10, messages=clients.say("hello")
        )
    assert refused.value.body["error"]["type"] == "not_found_error"
    assert refused.value.response.headers["isobar-refusal"] == "model_not_allowed"


def a_malformed_request_is_a_bad_request_error_that_names_the_field(door):
    with pytest.raises(anthropic.BadRequestError) as refused:
        clients.anthropic_at(door).messages.create(
            model=clients.MODEL, max_tokens=10, messages="hello"
        )
    assert "messages" in str(refused.value)

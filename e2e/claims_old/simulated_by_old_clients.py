"""The last majors read what the simulator sends, and put keys and versions where they used to."""

import anthropic
import openai

from lab import clients, vendors


def the_older_anthropic_sdk_sends_its_key_and_version_as_ever(simulated):
    text = clients.marker()
    client = anthropic.Anthropic(
        base_url=simulated.at("anthropic"), api_key=vendors.ANTHROPIC_KEY, max_retries=0
    )
    how = {"model": "claude-x", "max_tokens": 50, "messages": clients.say(text)}
    assert text in client.messages.create(temperature=0.5, **how).content[0].text
    with client.messages.stream(**how) as stream:
        assert stream.get_final_message().stop_reason == "end_turn"
    marks = simulated.requests(text)[0]["marks"]
    assert (marks["credential"], marks["anthropic-version"]) == ("x-api-key", "2023-06-01")


def the_older_openai_sdk_reads_chat_and_responses(simulated):
    text = clients.marker()
    url = simulated.at("openai") + "/v1"
    client = openai.OpenAI(base_url=url, api_key=vendors.OPENAI_KEY, max_retries=0)
    answer = client.chat.completions.create(model="gpt-x", messages=clients.say(text))
    assert text in answer.choices[0].message.content
    with client.responses.stream(model="gpt-x", input=text) as stream:
        assert [*stream] and text in stream.get_final_response().output_text

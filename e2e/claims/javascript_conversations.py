"""The SDKs for JavaScript converse with every kind of provider (G2, G3, G7)."""

import json

import pytest

from lab import clients, every_provider

DIALECTS = ("openai-chat", "openai-responses", "anthropic-messages")
MISTAKES = {"anthropic-messages": "stop_sequences"}
VECTORS = """
import OpenAI from "openai";
const { BASE_URL, KEY, MODEL } = process.env;
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: KEY, maxRetries: 0 });
const ask = async (form) => {
  const answer = await client.embeddings.create({ model: MODEL, input: ["a"], ...form });
  return answer.data[0].embedding;
};
console.log(JSON.stringify([await ask({}), await ask({ encoding_format: "float" })]));
"""


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """The example, where every route has a model to itself."""
    with every_provider.up(tmp_path_factory.mktemp("every")) as running:
        yield running


def _environment(every, route):
    return {"BASE_URL": every.url, "KEY": every.key, "MODEL": every_provider.only(route)}


@pytest.mark.parametrize("route", every_provider.TALK)
@pytest.mark.parametrize("dialect", DIALECTS)
def the_sdk_converses_with_every_provider(every, javascript, dialect, route):
    text = clients.marker()
    env = {**_environment(every, route), "DIALECT": dialect, "TEXT": text, "PIXEL": clients.PIXEL}
    got = javascript.answers("every_provider.mjs", **env)
    for answer in got["texts"]:
        assert text in answer["text"] and answer["finish"] == "stop" and answer["tokens"] > 0
    for asked, answered, gone_on in got["tools"]:
        assert asked["finish"] == "tools"
        assert [(name, list(arguments)) for name, arguments in asked["calls"]] == [
            ("get_weather", ["city"])
        ] * 2
        assert '"12 degrees, rain" and "24 degrees, sun"' in answered["text"]
        assert text in gone_on["text"]
    assert "saw 1 image" in got["image"]["text"]
    assert (got["limit"]["finish"], got["limit"]["tokens"]) == ("length", 20)
    assert [list(answer) for answer in got["schemas"]] == [["city"], ["city"]]
    refusal = got["refusal"]
    assert (refusal["status"], refusal["name"]) == (400, "BadRequestError")
    assert MISTAKES.get(dialect, "temperature") in refusal["said"]
    asked = {request["endpoint"] for request in every.simulator.requests(text)}
    assert asked == {every.endpoints[route]}


@pytest.mark.parametrize("route", every_provider.EMBED)
def the_sdk_embeds_at_every_provider_that_has_vectors(every, javascript, route):
    packed, plain = json.loads(javascript.run(VECTORS, **_environment(every, route)))
    assert packed == pytest.approx(plain, abs=1e-6)

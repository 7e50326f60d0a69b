"""The worked example of every kind of provider: it is a good bundle, and its names keep a prompt where
they say (`isobar serve`, P2).
"""

import openai
import pytest

from lab import cli, clients, every_provider

IN_THE_EU = {"openai-eu", "azure-west", "bedrock-west", "vertex-west", "mistral-eu", "own-west"}
# Models whose every route, or whose only one, is promised no place.
ANYWHERE = ("claude-anthropic", "claude-bedrock-world", "gemini-api", "assistant-anthropic")
ENOUGH = 12


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """The example, running."""
    with every_provider.up(tmp_path_factory.mktemp("every")) as running:
        yield running


def _ask(door, model, text):
    return clients.openai_at(door).chat.completions.create(
        model=model, messages=clients.say(f"tokens=5 {text}")
    )


def the_example_is_a_good_bundle_as_it_stands():
    done = cli.isobar("bundle", "check", every_provider.EXAMPLE / "bundle")
    assert done.code == 0, done


def the_example_has_each_kind_of_provider_once():
    endpoints = (every_provider.EXAMPLE / "bundle/endpoints.yaml").read_text().splitlines()
    kinds = [line.split()[1] for line in endpoints if line.startswith("  provider: ")]
    assert sorted(kinds) == [
        "anthropic", "azure-openai", "bedrock", "gemini", "mistral", "openai", "openai-compatible",
        "vertex",
    ]


@pytest.mark.parametrize("model", ["gpt", "claude", "gemini", "assistant", "nova", "mistral", "house"])
def a_model_of_many_vendors_is_served_where_the_workload_may_go(every, model):
    door, text = every.with_key(every.strict_key), clients.marker()
    for _ in range(ENOUGH):
        _ask(door, model, text)
    asked = {request["endpoint"] for request in every.simulator.requests(text)}
    assert asked and asked <= IN_THE_EU
    names = {request["model"] for request in every.simulator.requests(text)}
    assert not [name for name in names if name.startswith("global.")]


@pytest.mark.parametrize("route", ANYWHERE)
def a_name_that_promises_no_place_is_not_for_a_workload_that_needs_one(every, route):
    door, text = every.with_key(every.strict_key), clients.marker()
    with pytest.raises(openai.PermissionDeniedError):
        _ask(door, every_provider.only(route), text)
    assert every.simulator.requests(text) == []
    _ask(every, every_provider.only(route), text)
    assert every.served_by(text) == every.endpoints[route]


def the_ground_for_going_anywhere_is_on_record(every):
    raw = clients.openai_at(every).chat.completions.with_raw_response.create(
        model=every_provider.only("gemini-api"), messages=clients.say("tokens=5 hello")
    )
    entries = every.evidence.of(raw.headers["x-request-id"])
    assert "public-by-nature" in str(entries)


@pytest.mark.parametrize(("endpoint", "shown"), [
    ("openai-eu", "bearer"), ("azure-west", "bearer"), ("anthropic-world", "x-api-key"),
    ("bedrock-west", "sigv4"), ("vertex-west", "bearer"), ("gemini-world", "x-goog-api-key"),
    ("mistral-eu", "bearer"),
])
def each_vendor_is_shown_a_credential_in_the_way_it_knows(every, endpoint, shown):
    route = next(route for route in every_provider.TALK if every.endpoints[route] == endpoint)
    text = clients.marker()
    _ask(every, every_provider.only(route), text)
    assert every.simulator.requests(text)[-1]["marks"]["credential"] == shown

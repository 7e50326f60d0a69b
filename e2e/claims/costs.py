"""What an answer cost is on record, exactly (O3). The sample's prices are invented; so is the list here."""

import json
import shutil
from decimal import ROUND_CEILING, Decimal

import pytest

from lab import bundle, cli, clients, installation

KINDS = ("input", "cache_read", "cache_write", "output")
LIST = {
    "sample_spec": {"input_cost_per_token": 1},
    "gpt-sim-large": {
        "litellm_provider": "openai",
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "source": "https://example.com/prices",
    },
    "claude-sim-large": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "input_cost_per_token_above_200k_tokens": 6e-06,
        "output_cost_per_token_above_200k_tokens": 2.25e-05,
    },
    "claude-sim-small": {"litellm_provider": "anthropic", "output_cost_per_image": 0.04},
}


def _price(up, outcome):
    """The entry of prices.yaml that holds: the one for the region, else the one for the vendor."""
    vendor = outcome["endpoint"].split("-")[0]
    entries = [
        entry
        for entry in bundle.Bundle(up.data_dir / "bundle").read("prices")
        if (entry["model"], entry["vendor"]) == (outcome["upstream_model"], vendor)
        and entry.get("region") in (None, outcome["served_region"])
    ]
    return max(entries, key=lambda entry: "region" in entry)


def _micro_usd(price, usage):
    """Dollars per million tokens are micro-dollars per token; rounded up once."""
    rates = {"cache_read": price["input"], "cache_write": price["input"], **price}
    exact = sum(Decimal(rates[kind]) * usage.get(kind, 0) for kind in KINDS)
    return int(exact.to_integral_value(ROUND_CEILING))


def _outcome(door, wire):
    outcome = door.up.evidence.outcome_of(wire.last["x-request-id"])
    assert outcome["result"] == "served"
    return outcome


def an_answer_costs_what_the_bundle_says_of_the_tokens_the_provider_counted(door):
    for model in ("chat-large", "chat-small"):
        wire = clients.Wire()
        answer = clients.openai_at(door, wire).chat.completions.create(
            model=model, messages=clients.say("What does an isobar join? " * 20)
        )
        outcome = _outcome(door, wire)
        told, usage = answer.usage, outcome["usage"]
        assert told.completion_tokens == usage["output"]
        assert told.prompt_tokens == sum(usage.get(kind, 0) for kind in KINDS[:3])
        assert outcome["cost_micro_usd"] == _micro_usd(_price(door.up, outcome), usage) > 0


def cached_tokens_cost_what_cached_tokens_cost(running):
    """With a mark for the cache the simulated provider says that half of the prompt was read from it."""
    door, wire = installation.Door(running, "eu-west", "strict"), clients.Wire()
    marked = {"type": "text", "text": "word " * 400, "cache_control": {"type": "ephemeral"}}
    with running.simulator.broken(running.endpoints("openai"), "status", code=500):
        clients.anthropic_at(door, wire).messages.create(
            model=clients.MODEL, max_tokens=20, messages=[{"role": "user", "content": [marked]}]
        )
    outcome = _outcome(door, wire)
    usage = outcome["usage"]
    assert usage["cache_read"] > 0 and outcome["endpoint"].startswith("anthropic")
    assert outcome["cost_micro_usd"] == _micro_usd(_price(running, outcome), usage)


def a_stream_costs_the_same_as_a_whole_answer(door):
    wire = clients.Wire()
    list(
        clients.openai_at(door, wire).chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello"), stream=True
        )
    )
    outcome = _outcome(door, wire)
    assert outcome["cost_micro_usd"] == _micro_usd(_price(door.up, outcome), outcome["usage"])


def a_stream_that_broke_has_no_cost_rather_than_none_to_pay(running):
    door, wire = installation.Door(running, "eu-west", "strict"), clients.Wire()
    with running.simulator.broken(running.endpoints(), "cut_after_tokens", n=3):
        with pytest.raises(Exception):  # the SDK's own error for a stream that ends in an error
            list(
                clients.openai_at(door, wire).chat.completions.create(
                    model=clients.MODEL, messages=clients.say("hello"), stream=True
                )
            )
    outcome = running.evidence.outcome_of(wire.last["x-request-id"])
    assert outcome["result"] == "interrupted"
    assert "cost_micro_usd" not in outcome and "output" not in outcome["usage"]


def the_cost_is_shown_by_tail_and_counted_by_route(running):
    door, wire = installation.Door(running, "eu-west", "strict"), clients.Wire()
    clients.openai_at(door, wire).chat.completions.create(
        model=clients.MODEL, messages=clients.say("hello")
    )
    outcome = _outcome(door, wire)
    tail = cli.asked("audit", "tail", "-n", 1_000, "--data-dir", running.data_dir).out
    line = next(one for one in tail.splitlines() if outcome["request"] in one and " outcome " in one)
    assert f" cost_micro_usd={outcome['cost_micro_usd']} " in line
    counted = running.admin("eu-west", "/metrics").text.splitlines()
    name = f'isobar_cost_micro_usd_total{{route="{outcome["route"]}",model="chat-large",result="served"}}'
    assert any(one.startswith(name) and int(one.split()[-1]) > 0 for one in counted)


def the_prices_of_every_route_are_shown(running):
    shown = cli.asked("prices", "show", "--data-dir", running.data_dir, "--output", "json").json()
    assert all(route["price"] for route in shown["routes"])
    text = cli.asked("prices", "show", "--data-dir", running.data_dir).out
    assert "prompts above 200000" in text and "invented for the simulator" in text


@pytest.fixture
def own_bundle(running, tmp_path):
    """A copy of the sample bundle without prices."""
    folder = shutil.copytree(running.data_dir / "bundle", tmp_path / "bundle")
    (folder / "prices.yaml").unlink()
    return folder


@pytest.fixture
def price_list(tmp_path):
    file = tmp_path / "list.json"
    file.write_text(json.dumps(LIST))
    return file


def an_import_says_what_it_would_do_and_does_it_when_asked(own_bundle, price_list):
    words = ["prices", "import", "--list", price_list, "--bundle", own_bundle, "--as-of", "2026-11-01"]
    said = cli.asked(*words).out
    assert "nothing was written" in said and "it is not sold by the token" in said
    assert not (own_bundle / "prices.yaml").exists()
    wrote = cli.asked(*words, "--write", "--output", "json").json()
    assert wrote["written"] and {one["change"] for one in wrote["found"]} == {"new"}
    # Two large models at three endpoints each; the small ones are not in the list, or not by the token.
    assert (len(wrote["found"]), len(wrote["not_found"])) == (6, 6)
    first = (own_bundle / "prices.yaml").read_text()
    assert '"1.25"' in first and '"0.125"' in first and "200000" in first
    again = cli.asked(*words, "--write")
    assert "says all of this already" in again.out
    assert (own_bundle / "prices.yaml").read_text() == first


def a_price_written_by_hand_outlives_an_import(own_bundle, price_list):
    mine = (
        "# our contract\n- model: gpt-sim-large\n  vendor: openai\n  input: \"0.5\"\n  output: 1\n"
        "  source: contract\n  as_of: 2026-11-01\n"
    )
    (own_bundle / "prices.yaml").write_text(mine)
    cli.asked("prices", "import", "--list", price_list, "--bundle", own_bundle, "--write")
    assert (own_bundle / "prices.yaml").read_text().startswith(mine)
    shown = cli.asked("prices", "show", "--bundle", own_bundle, "--output", "json").json()["routes"]
    prices = {route["route"]: route["price"] for route in shown}
    assert prices["openai-eu-west-large"]["base"]["input"] == "0.5"
    assert prices["anthropic-eu-west-large"]["base"]["input"] == "3"


def routes_without_a_price_are_a_warning(own_bundle, price_list):
    cli.asked("prices", "import", "--list", price_list, "--bundle", own_bundle, "--write")
    done = cli.asked("bundle", "check", own_bundle)
    assert "there is no price for" in done.err and "isobar prices import" in done.err
    assert cli.isobar("bundle", "check", own_bundle, "--strict").code == 1


def a_list_that_is_none_is_explained(own_bundle, tmp_path):
    for name, content in [("a.json", b"[]"), ("b.gz", b"\x1f\x8bnonsense"), ("c.json", b"\xff")]:
        file = tmp_path / name
        file.write_bytes(content)
        done = cli.isobar("prices", "import", "--list", file, "--bundle", own_bundle)
        assert done.code == 2 and str(file) in done.err and "panicked" not in done.err, done

"""Every response says who served it, under what, and how well it is recorded (G7)."""

import re

import httpx2
import openai
import pytest

from lab import clients, installation

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{16,}")


def an_answer_names_request_region_route_generation_attempts_and_evidence(door):
    wire, text = clients.Wire(), clients.marker()
    clients.openai_at(door, wire).chat.completions.create(
        model=clients.MODEL, messages=clients.say(text)
    )
    served = door.up.simulator.requests(text)[-1]
    assert REQUEST_ID.fullmatch(wire.last["x-request-id"])
    assert wire.last["isobar-gateway"] == door.region
    assert wire.last["isobar-region"] == served["region"] == door.region
    assert int(wire.last["isobar-generation"]) >= 1
    assert wire.last["isobar-attempts"] == "1"
    assert wire.last["isobar-evidence"] in ("local", "buffered")
    outcome = door.up.evidence.outcome_of(wire.last["x-request-id"])
    assert outcome["route"] == wire.last["isobar-route"]
    assert outcome["endpoint"] == served["endpoint"]


def a_stream_carries_the_same_headers(door):
    wire = clients.Wire()
    list(
        clients.openai_at(door, wire).chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello"), stream=True
        )
    )
    names = ["x-request-id", "region", "route", "generation", "attempts", "evidence"]
    for name in names[:1] + [f"isobar-{name}" for name in names[1:]]:
        assert wire.last.get(name), name
    assert wire.last["content-type"].startswith("text/event-stream")


def an_anthropic_caller_finds_the_request_id_under_its_own_name(door):
    wire = clients.Wire()
    clients.anthropic_at(door, wire).messages.create(
        model=clients.MODEL, max_tokens=50, messages=clients.say("hello")
    )
    assert wire.last["request-id"] == wire.last["x-request-id"]


def a_refusal_carries_its_code_and_a_request_id_that_leads_to_its_record(door):
    wire = clients.Wire()
    with pytest.raises(openai.NotFoundError):
        clients.openai_at(door, wire).chat.completions.create(
            model="no-such-model", messages=clients.say("hello")
        )
    assert wire.last["isobar-refusal"] == "model_not_allowed"
    entries = door.up.evidence.of(wire.last["x-request-id"])
    assert [(entry["type"], entry["code"]) for entry in entries] == [("refusal", "model_not_allowed")]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/no-such-thing"])
def every_other_response_has_a_request_id_too(door, path):
    answer = httpx2.get(door.url + path, headers={"authorization": f"Bearer {door.key}"}, timeout=10)
    assert REQUEST_ID.fullmatch(answer.headers["x-request-id"])


def attempts_count_the_upstream_calls_that_were_made(fresh):
    west = installation.Door(fresh, "eu-west", "strict")
    wire, text = clients.Wire(), clients.marker()
    for vendor in ("openai", "anthropic"):
        fresh.simulator.set_fault(f"{vendor}-eu-west", "status", code=503)
    clients.openai_at(west, wire).chat.completions.create(
        model=clients.MODEL, messages=clients.say(text)
    )
    assert int(wire.last["isobar-attempts"]) == len(fresh.simulator.requests(text)) > 1
    assert wire.last["isobar-region"] == "eu-central"


def a_failed_answer_counts_its_attempts_too(fresh):
    west, wire = installation.Door(fresh, "eu-west", "strict"), clients.Wire()
    text = clients.marker()
    with fresh.simulator.broken(fresh.endpoints(), "status", code=500):
        with pytest.raises(openai.APIStatusError):
            clients.openai_at(west, wire).chat.completions.create(
                model=clients.MODEL, messages=clients.say(text)
            )
    assert int(wire.last["isobar-attempts"]) == len(fresh.simulator.requests(text)) > 0


def a_request_that_stays_in_its_jurisdiction_names_no_transfer_mechanism(running):
    west, wire = installation.Door(running, "eu-west", "lenient"), clients.Wire()
    clients.openai_at(west, wire).chat.completions.create(
        model=clients.MODEL, messages=clients.say("hello")
    )
    outcome = running.evidence.outcome_of(wire.last["x-request-id"])
    assert outcome["served_region"] in installation.EU and not outcome.get("mechanism")


def credentials_of_providers_and_their_account_headers_stay_inside(door):
    wire = clients.Wire()
    clients.openai_at(door, wire).chat.completions.create(
        model=clients.MODEL, messages=clients.say("hello")
    )
    leaked = [n for n in wire.last if n.startswith(("x-ratelimit", "anthropic-", "openai-org", "set-cookie"))]
    assert not leaked


def metrics_and_readiness_are_served_apart_from_callers(door):
    assert door.up.admin(door.region, "/live").status_code == 200
    assert door.up.admin(door.region, "/ready").status_code == 200
    assert "isobar_" in door.up.admin(door.region, "/metrics").text
    with httpx2.Client(timeout=10) as caller:
        assert caller.get(f"{door.url}/metrics").status_code == 404

"""A route that does not keep a workload's controls is never tried, and the control is named (P5, P7,
P11, EQV-1).
"""

import shutil

import openai
import pytest

from lab import bundle, cli, clients, installation

ENDPOINT = "openai-eu-west"
STRICT = "support-assistant"


def _expired(certificate):
    certificate["issued"] = "2020-01-01T00:00:00Z"
    certificate["expires"] = "2021-01-01T00:00:00Z"


def _set(name, value):
    def change(certificate):
        *path, last = name.split(".")
        place = certificate
        for step in path:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


# What is changed in the certificate: the control that then fails, and the change.
CHANGES = {
    "expired": ("certificate", _expired),
    "suspended": ("certificate", _set("state", "suspended")),
    "retention": ("retention_content", _set("retention_days.content", 400)),
    "metadata kept without end": ("retention_metadata", _set("retention_days.metadata", "unlimited")),
    "data class": ("data_classes", _set("data_classes", ["public"])),
    "storage region": ("storage", _set("storage_regions", ["eu-west", "us-east"])),
    "processing region": ("processing", _set("processing_regions", ["us-east"])),
    "tools": ("function_tools", _set("tools.functions", False)),
    "hosted tools": ("hosted_tools", _set("tools.hosted", ["web_search"])),
    "training": ("training", _set("training", True)),
    "unknown": ("training", _set("training", None)),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data directory as `isobar up` makes it, ended again."""
    data_dir = tmp_path_factory.mktemp("made") / "data"
    with installation.up(data_dir) as up:
        return data_dir, up.port


@pytest.fixture
def edited(made, tmp_path):
    """A copy of that data directory whose bundle may be edited."""
    data_dir, port = made
    shutil.copytree(data_dir, tmp_path / "data")
    return tmp_path / "data", port


def _explain(data_dir, *words):
    """What `policy explain` says; its exit code tells a request that is refused."""
    done = cli.isobar("policy", "explain", *words, "--data-dir", data_dir, "--output", "json")
    assert done.out, done
    explained = done.json()
    assert done.code == (1 if explained["refusal"] else 0), done
    return explained


def _hypothetical(data_dir, *words):
    return _explain(
        data_dir, "--gateway", "eu-west", "--tenant", "acme", "--workload", STRICT,
        "--model", clients.MODEL, "--origin", "EU", *words,
    )


def _failed(explained):
    """{route: names of the controls it does not keep}"""
    return {
        route["route"]: {check["control"] for check in route["checks"] if not check["met"]}
        for route in explained["routes"]
    }


@pytest.mark.parametrize("change", CHANGES)
def explain_names_the_control_that_a_route_fails(edited, change):
    data_dir, _ = edited
    control, edit = CHANGES[change]
    changed = bundle.Bundle(data_dir / "bundle")
    route = changed.route(clients.MODEL, ENDPOINT)
    assert _failed(_hypothetical(data_dir, "--tools"))[route] == set()
    changed.recertify(route, edit)
    failed = _failed(_hypothetical(data_dir, "--tools"))
    assert control in failed[route], failed


def the_sample_shows_a_route_whose_certificate_has_run_out(made):
    explained = _hypothetical(made[0])
    assert _failed(explained)["openai-eu-central-preview"] == {"certificate"}


def a_route_across_the_border_fails_on_where_it_processes(edited):
    data_dir, _ = edited
    route = bundle.Bundle(data_dir / "bundle").route(clients.MODEL, "openai-us-east")
    assert {"processing", "storage"} & _failed(_hypothetical(data_dir))[route]


def no_route_that_fails_a_control_is_tried_even_when_nothing_else_is_left(edited):
    """Every EU route gets a defect of its own: the strict workload is refused, nothing is sent."""
    data_dir, port = edited
    changed = bundle.Bundle(data_dir / "bundle")
    defects = ["expired", "retention", "data class", "storage region"]
    endpoints = [f"{v}-{r}" for v in ("openai", "anthropic") for r in installation.EU]
    for endpoint, defect in zip(endpoints, defects, strict=True):
        changed.recertify(changed.route(clients.MODEL, endpoint), CHANGES[defect][1])

    with installation.up(data_dir, port=port) as up:
        wire, text = clients.Wire(), clients.marker()
        west = installation.Door(up, "eu-west", "strict")
        for _ in range(5):
            with pytest.raises(openai.PermissionDeniedError) as refused:
                clients.openai_at(west, wire, retries=2).chat.completions.create(
                    model=clients.MODEL, messages=clients.say(text)
                )
        assert refused.value.code == "no_eligible_route"
        assert wire.calls == 5, "the SDK asked again"
        assert up.simulator.requests(text) == []

        # The past request is explained by its id alone.
        failed = _failed(_explain(data_dir, wire.last["x-request-id"]))
        for endpoint, defect in zip(endpoints, defects, strict=True):
            assert CHANGES[defect][0] in failed[changed.route(clients.MODEL, endpoint)], failed


def a_route_with_an_expired_certificate_is_never_tried_while_others_serve(edited):
    data_dir, port = edited
    changed = bundle.Bundle(data_dir / "bundle")
    changed.recertify(changed.route(clients.MODEL, ENDPOINT), _expired)
    with installation.up(data_dir, port=port) as up:
        west, text = installation.Door(up, "eu-west", "strict"), clients.marker()
        # Even when every other endpoint of the region is down.
        others = [name for name in up.endpoints(regions=["eu-west"]) if name != ENDPOINT]
        with up.simulator.broken(others, "status", code=503):
            for _ in range(6):
                clients.openai_at(west).chat.completions.create(
                    model=clients.MODEL, messages=clients.say(text)
                )
        assert ENDPOINT not in {request["endpoint"] for request in up.simulator.requests(text)}


def a_request_with_tools_is_served_only_where_tools_are_certified(edited):
    data_dir, port = edited
    changed = bundle.Bundle(data_dir / "bundle")
    changed.recertify(changed.route(clients.MODEL, ENDPOINT), _set("tools.functions", False))
    with installation.up(data_dir, port=port) as up:
        west, text = installation.Door(up, "eu-west", "strict"), clients.marker()
        for _ in range(6):
            clients.openai_at(west).chat.completions.create(
                model=clients.MODEL, messages=clients.say(text), tools=[clients.OPENAI_TOOL]
            )
        assert ENDPOINT not in {request["endpoint"] for request in up.simulator.requests(text)}

"""Fixtures: running installations, and what belongs to them.

An installation is a whole `isobar up` of its own. Tests that leave traces in breakers or journals
take `fresh`; the others share one per module as `running`.
"""

import os

import pytest

from lab import installation, node, vendors

NEEDED = ("ISOBAR_BIN", "ISOBAR_E2E_NODE")
DOORS = [("eu-west", "strict"), ("eu-central", "strict"), ("us-east", "lenient")]


def pytest_configure():
    """Says at once what is missing, instead of in every test."""
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        pytest.exit(f"run ./test e2e, which sets {' and '.join(missing)}", returncode=2)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One installation for a whole module; its faults are cleared by whoever sets them."""
    with installation.up(tmp_path_factory.mktemp("up") / "data") as up:
        yield up


@pytest.fixture
def fresh(tmp_path):
    """An installation for one test."""
    with installation.up(tmp_path / "data") as up:
        yield up


@pytest.fixture(params=DOORS, ids=[region for region, _ in DOORS])
def door(request, running):
    """Every gateway in turn, with a key that it may serve."""
    region, key = request.param
    return installation.Door(running, region, key)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Every vendor as the simulator plays it, without a gateway in front."""
    with vendors.up(tmp_path_factory.mktemp("vendors")) as up:
        yield up


@pytest.fixture(scope="session")
def javascript():
    """Runs a script of e2e/js with the JavaScript SDKs installed."""
    return node.Node()

"""The worked example: two servers of one's own, one gateway beside each (`isobar serve`, G6, REG-1)."""

import contextlib
import shutil
import signal
import subprocess
from pathlib import Path

import httpx2
import openai
import pytest
import yaml

from lab import bundle, cli, clients, installation, waiting

EXAMPLE = Path(__file__).parents[2] / "examples/own-servers"
REGIONS = {"north": "127.0.1.1", "south": "127.0.2.1"}


class _Example:
    """The example's folder on ports of its own, its servers played by simulators."""

    def __init__(self, folder):
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        self.folder, self.bundle = folder, bundle.Bundle(folder / "bundle")
        self.port, server_port = installation.free_port(), installation.free_port()
        self.servers = {"north": server_port, "south": server_port + 1}
        self.processes = {}
        made = cli.asked("key", "new", "team-a", "--output", "json").json()
        self.key = made["key"]
        tenants = self.bundle.read("tenants")
        tenants[0]["keys"][0]["secret_sha256"] = made["secret_sha256"]
        self.bundle.write("tenants", tenants)
        endpoints = self.bundle.read("endpoints")
        for endpoint in endpoints:
            # The simulator's endpoints have their name in front.
            endpoint["base_url"] = f"http://127.0.0.1:{self.servers[endpoint['region']]}/v1/v1"
        self.bundle.write("endpoints", endpoints)

    def start(self, name, *words):
        with open(self.folder / f"{name}.log", "wb") as log:
            started = subprocess.Popen([cli.BINARY, *map(str, words)], stdout=log, stderr=log)
        self.processes[name] = started

    def start_all(self):
        for region, address in REGIONS.items():
            listen = f"127.0.0.1:{self.servers[region]}"
            self.start(f"server {region}", "simulator", "--listen", listen, "--endpoint", f"v1={region}")
            config = self.folder / f"{region}.yaml"
            settings = yaml.safe_load(config.read_text())
            settings |= {"listen": f"{address}:{self.port}", "admin_listen": f"{address}:{self.port + 1}"}
            config.write_text(yaml.safe_dump(settings))
            self.start(f"gateway {region}", "serve", "--config", config)
        for region, address in REGIONS.items():
            waiting.until(f"gateway {region} ready", lambda at=address: self.is_ready(at))

    def is_ready(self, address):
        for name, process in self.processes.items():
            assert process.poll() is None, (self.folder / f"{name}.log").read_text()
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"http://{address}:{self.port + 1}/ready").status_code == 200

    def ask(self):
        """The headers of an answer of the gateway in the north."""
        wire = clients.Wire()
        client = openai.OpenAI(
            base_url=f"http://{REGIONS['north']}:{self.port}/v1",
            api_key=self.key,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(event_hooks=wire.hooks()),
        )
        client.chat.completions.create(model="chat", messages=clients.say("tokens=5 hello"))
        return wire.last

    def end(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(20) for name, process in self.processes.items()}


@pytest.fixture
def example(tmp_path):
    made = _Example(tmp_path / "own-servers")
    try:
        made.start_all()
        yield made
        codes = made.end()
        assert set(codes.values()) == {0}, codes
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()


def the_other_region_serves_when_ones_own_server_is_gone(example):
    assert example.ask()["isobar-region"] == "north"
    server = example.processes.pop("server north")
    server.kill()
    server.wait()
    answer = example.ask()
    assert (answer["isobar-gateway"], answer["isobar-region"]) == ("north", "south")
    assert cli.isobar("audit", "verify", example.folder / "data").code == 0


def a_newer_bundle_is_in_force_without_a_restart_and_a_broken_one_is_not(example):
    head = example.bundle.read("bundle")
    assert example.ask()["isobar-generation"] == "1"

    example.bundle.write("bundle", head | {"generation": 2})
    waiting.until("generation 2 in force", lambda: example.ask()["isobar-generation"] == "2")

    log = example.folder / "gateway north.log"
    example.bundle.write("bundle", head | {"generation": 1})
    waiting.until("older generation refused", lambda: "without a higher generation" in log.read_text())
    assert example.ask()["isobar-generation"] == "2"

    example.bundle.write("bundle", head | {"generation": 3, "nonsense": True})
    waiting.until("mistake explained", lambda: "nonsense" in log.read_text())
    assert example.ask()["isobar-generation"] == "2"


def the_example_is_a_good_bundle_as_it_stands():
    done = cli.isobar("bundle", "check", EXAMPLE / "bundle")
    assert done.code == 0, done

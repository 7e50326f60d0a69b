"""A whole installation: `isobar up` in a process of its own, ready, and ended in order."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess

import httpx2

from lab import cli, evidence, process, simulator, waiting

READY_LIMIT_S = 60
END_LIMIT_S = 25
GATEWAYS = {"eu-west": "127.0.1.1", "eu-central": "127.0.2.1", "us-east": "127.0.3.1"}
EU = ("eu-west", "eu-central")


@contextlib.contextmanager
def up(data_dir, **how):
    """An installation that is ended in order when the block is left; its output goes into any failure."""
    started = Installation(data_dir, **how)
    try:
        started.wait_until_ready()
        yield started
    except BaseException as error:
        error.add_note(f"isobar up said:\n{started.output()}\n{started.logs()}")
        started.kill()
        raise
    started.end()


class Installation:
    """A running `isobar up`, addressed by what its ready file says."""

    def __init__(self, data_dir, port=None):
        self.data_dir = data_dir
        self.port = port or free_port()
        self._ready_file = data_dir.parent / "ready.json"
        self._output = data_dir.parent / "up.out"
        self._client = httpx2.Client(timeout=10)
        words = ["up", "--data-dir", data_dir, "--ready-file", self._ready_file]
        with open(self._output, "wb") as output:
            self.process = subprocess.Popen(
                [cli.BINARY, *map(str, words), "--port", str(self.port)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self):
        """Reads the ready file; fails at once when the process ends first."""

        def ready():
            assert self.process.poll() is None, f"ended with {self.process.returncode}"
            return self._ready_file.exists()

        waiting.until("ready file written", ready, READY_LIMIT_S)
        self.ready = json.loads(self._ready_file.read_text())
        self.gateways = self.ready["gateways"]
        self.keys = self.ready["keys"]
        self.simulator = simulator.Simulator(self.ready["simulator"])
        self.evidence = evidence.Evidence(self.data_dir)

    def output(self):
        """What `isobar up` printed so far."""
        return self._output.read_text()

    def logs(self):
        """The last lines of every child's log."""
        ends = []
        for file in sorted((self.data_dir / "logs").glob("*.log")):
            lines = file.read_text().splitlines()[-15:]
            ends.append(f"--- {file.name}\n" + "\n".join(lines))
        return "\n".join(ends)

    def endpoints(self, provider=None, regions=None):
        """Names of endpoints, by vendor and by region."""
        return [
            endpoint["name"]
            for endpoint in self.ready["endpoints"]
            if provider in (None, endpoint["provider"])
            and (regions is None or endpoint["region"] in regions)
        ]

    def region_of(self, endpoint):
        """The region an endpoint stands in."""
        return next(e["region"] for e in self.ready["endpoints"] if e["name"] == endpoint)

    def admin(self, region, path):
        """GET on a gateway's admin listener."""
        return self._client.get(self.ready["admin"][region] + path)

    def is_ready(self, region):
        """Whether a gateway says it can take requests."""
        try:
            return self.admin(region, "/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def gateway_pid(self, region):
        """The process that serves a region, or None."""
        children = process.children(self.process.pid).items()
        return next((pid for pid, line in children if any(region in word for word in line)
                     and "simulator" not in line), None)

    def end(self):
        """Ctrl-C: everything must end, in order, and leave no child behind."""
        children = process.children(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(END_LIMIT_S)
        left = {pid: line for pid, line in children.items() if process.command(pid) == line}
        assert not left, f"left running: {left}"
        assert code == 0, f"ended with {code}:\n{self.output()}"

    def kill(self):
        """Ends it without ceremony, after a failure. Children leave when their parent is gone."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Door:
    """One gateway and a key that it serves."""

    def __init__(self, installation, region, key):
        self.up = installation
        self.region = region
        self.url = installation.gateways[region]
        self.key = installation.keys[key]


def free_port():
    """A base port whose neighbours that `isobar up` takes are free, below the ephemeral range."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for _ in range(100):
        # Workers draw from ranges of their own, so that two never take the same ports at once.
        base = 12_000 + 2_000 * worker + random.randrange(0, 2_000, 20)
        wanted = [(ip, base + offset) for ip in GATEWAYS.values() for offset in (0, 1)]
        if all(map(is_free, [*wanted, ("127.0.0.1", base + 10)])):
            return base
    raise AssertionError("no free ports")


def is_free(address):
    """Whether one can listen there."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listener.bind(address)
            return True
    return False

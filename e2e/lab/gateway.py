"""One gateway of its own: `isobar serve --config`, with the bundle and simulator of an installation."""

import contextlib
import shutil
import signal
import subprocess

import httpx2
import yaml

from lab import cli, installation, waiting

END_LIMIT_S = 20


def configure(folder, region, port, **settings):
    """Writes the configuration of a gateway whose bundle is in the same folder; returns the file."""
    address = installation.GATEWAYS[region]
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump({
        "region": region,
        "listen": f"{address}:{port}",
        "admin_listen": f"{address}:{port + 1}",
        "bundle": "bundle",
        "data_dir": "data",
        **settings,
    }))
    return file


@contextlib.contextmanager
def serving(up, folder, region="eu-west", **settings):
    """A second gateway of a region, on ports and with a journal of its own; yields its door."""
    shutil.copytree(up.data_dir / "bundle", folder / "bundle")
    port, address = installation.free_port(), installation.GATEWAYS[region]
    config = configure(folder, region, port, **settings)
    log = folder / "gateway.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [cli.BINARY, "serve", "--config", config], stdout=output, stderr=subprocess.STDOUT
        )

    def ready():
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"http://{address}:{port + 1}/ready").status_code == 200

    try:
        waiting.until("gateway ready", ready)
        door = installation.Door(up, region, "strict")
        door.url, door.address = f"http://{address}:{port}", (address, port)
        yield door
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_LIMIT_S) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()

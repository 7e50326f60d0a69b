"""One gateway with a generated bundle: any endpoints, a logical model for each route, one key.

For claims about dialects and providers, where policy permits everything.
"""

import contextlib
import re
import signal
import subprocess

import httpx2
import yaml

from lab import cli, installation, waiting

REGION = "here"
# A certificate that keeps everything, and a workload that needs little.
KEPT = {
    "data_classes": ["public"],
    "hosting": "own",
    "retention_days": dict.fromkeys(
        ("content", "metadata", "cached", "tool_outputs", "moderation_events"), 0
    ),
    "request_logging": False,
    "response_logging": False,
    "training": False,
    "customer_managed_keys": True,
    "moderation": {"level": "none", "parity": "not-measured"},
    "tools": {"functions": True, "hosted": ["web_search"], "plugins": False, "retrieval": False},
    "incident_visibility": "shared",
}
NEEDED = {
    "id": "reading",
    "data_classes": ["public"],
    "residency": [{"origin": "EU", "processing": ["EU"], "storage": ["EU"]}],
    "cross_border": "reject",
    "retention_days_max": 0,
    "request_logging_allowed": False,
    "response_logging_allowed": False,
    "training_allowed": False,
    "customer_managed_keys_required": False,
    "hosting_min": "own",
    "moderation_min": {"level": "none"},
    "tools_allowed": KEPT["tools"],
    "incident_visibility_min": "shared",
    "evidence": "buffered",
}


class Solo:
    """A gateway: `endpoints` are entries of endpoints.yaml without region and vendor, `routes` have a
    model, an endpoint and an upstream model."""

    def __init__(self, folder, endpoints, routes):
        self.folder = folder
        self.port = installation.free_port()
        self.url, self.admin = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.port + 1}"
        made = cli.asked("key", "new", "reader", "--output", "json").json()
        self.key = made["key"]
        self._write(endpoints, routes, made["secret_sha256"])

    def _write(self, endpoints, routes, secret_sha256):
        endpoints = [{"vendor": one["id"], "region": REGION, **one} for one in endpoints]
        routes = [{"id": route["model"], **route} for route in routes]
        key = {"id": "reader", "secret_sha256": secret_sha256, "workloads": ["reading"], "origin": "EU"}
        files = {
            "bundle": {
                "name": "solo",
                "deployment": "solo",
                "generation": 1,
                "issued": "2025-01-01",
                "expires": "2036-01-01",
            },
            "regions": {
                "jurisdictions": ["EU"],
                "regions": [{"id": REGION, "jurisdiction": "EU", "entry": self.url}],
            },
            "endpoints": endpoints,
            "models": [{"id": route["model"]} for route in routes],
            "routes": routes,
            "certificates": [
                {
                    "id": "everything",
                    "routes": [route["id"] for route in routes],
                    "state": "active",
                    "owner": "One",
                    "reviewer": "Another",
                    "evidence": ["none"],
                    "issued": "2025-01-01",
                    "expires": "2035-12-31",
                    "processing_regions": [REGION],
                    "storage_regions": [REGION],
                    **KEPT,
                }
            ],
            "workloads": [NEEDED],
            "tenants": [{"id": "readers", "keys": [key]}],
            "transfers": [],
        }
        bundle = self.folder / "bundle"
        bundle.mkdir(parents=True)
        for name, content in files.items():
            text = yaml.safe_dump(content, sort_keys=False)
            (bundle / f"{name}.yaml").write_text(re.sub(r"'(\d{4}-\d\d-\d\d)'", r"\1", text))
        config = {
            "region": REGION,
            "listen": f"127.0.0.1:{self.port}",
            "admin_listen": f"127.0.0.1:{self.port + 1}",
            "bundle": "bundle",
            "data_dir": "data",
            "log": "text",
        }
        (self.folder / "gateway.yaml").write_text(yaml.safe_dump(config))

    def is_ready(self):
        """Whether the gateway takes requests."""
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"{self.admin}/ready").status_code == 200


@contextlib.contextmanager
def gateway(folder, endpoints, routes, environment=None):
    """A running gateway; `environment` holds the credentials that endpoints name."""
    solo = Solo(folder, endpoints, routes)
    log = folder / "gateway.log"
    with log.open("wb") as out:
        command = [cli.BINARY, "serve", "--config", str(folder / "gateway.yaml")]
        environment = {"PATH": "/usr/bin:/bin", **(environment or {})}
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)

    def ready():
        assert process.poll() is None, log.read_text()
        return solo.is_ready()

    try:
        waiting.until("the gateway is ready", ready)
        yield solo
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)

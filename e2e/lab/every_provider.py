"""The worked example `examples/every-provider`, running: its endpoints are the simulated vendors, its
credentials are issued by the simulated token services, and every route also has a model to itself.
"""

import base64
import contextlib
import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx2
import yaml

from lab import bundle, cli, evidence, installation, vendors, waiting

EXAMPLE = Path(__file__).parents[2] / "examples/every-provider"
REGION, ADDRESS = "eu-west", "127.0.1.1"
END_LIMIT_S = 20
ENVIRONMENT = {
    "OPENAI_API_KEY": vendors.OPENAI_KEY,
    "ANTHROPIC_API_KEY": vendors.ANTHROPIC_KEY,
    "GEMINI_API_KEY": vendors.GOOGLE_KEY,
    "AZURE_CLIENT_SECRET": vendors.AZURE_SECRET,
}
# What plays each endpoint of the example: the vendor's manners, and where its API begins.
PLAYED = {
    "openai-eu": ({"vendor": "openai", "key": vendors.OPENAI_KEY}, "/v1"),
    "azure-west": ({"vendor": "azure", "issued_only": True, "location": "westeurope"}, ""),
    "own-west": ({"vendor": "openai"}, "/v1"),
    "anthropic-world": ({"vendor": "anthropic", "key": vendors.ANTHROPIC_KEY}, ""),
    "bedrock-west": ({"vendor": "bedrock", "issued_only": True, "location": "eu-west-1"}, ""),
    "vertex-west": ({"vendor": "vertex", "issued_only": True, "location": "europe-west1"}, ""),
    "gemini-world": ({"vendor": "vertex", "key": vendors.GOOGLE_KEY}, ""),
    "mistral-eu": ({"vendor": "mistral", "key": vendors.MISTRAL_KEY}, ""),
}
IDENTITY = {"name": "identity", "vendor": "identity", "region": REGION, "key": vendors.AZURE_SECRET}
# Settings that make the address, in place of which the simulator's is given.
MADE_OF = ("residency", "resource")
# One route for each thing that is spoken to a vendor.
TALK = (
    "gpt-openai", "gpt-azure", "house-own", "claude-anthropic", "claude-bedrock-geography", "nova-bedrock",
    "claude-vertex", "gemini-vertex", "gemini-api", "mistral-api",
)
EMBED = (
    "vectors-openai", "vectors-azure", "vectors-house", "vectors-titan", "vectors-cohere", "vectors-google",
    "vectors-mistral",
)


def only(route):
    """The model that one route of the example serves alone."""
    return f"only-{route}"


class Example:
    """The example's folder on ports of its own; `url` and `key` make it a door."""

    def __init__(self, folder, simulated, groups):
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        self.folder, self.simulator = folder, simulated
        self.bundle = bundle.Bundle(folder / "bundle")
        self.port = installation.free_port()
        self.url, self.admin = f"http://{ADDRESS}:{self.port}", f"http://{ADDRESS}:{self.port + 1}"
        self.evidence = evidence.Evidence(folder / "data")
        self._put_keys()
        self._put_credentials()
        self._point_endpoints()
        routes = self.bundle.read("routes")
        self.endpoints = {route["id"]: route["endpoint"] for route in routes}
        self._add({only(route): [route] for route in self.endpoints} | dict(groups))

    def _put_keys(self):
        tenants, keys = self.bundle.read("tenants"), {}
        for tenant in tenants:
            made = cli.asked("key", "new", tenant["id"], "--output", "json").json()
            tenant["keys"][0]["secret_sha256"] = made["secret_sha256"]
            keys[tenant["id"]] = made["key"]
        self.bundle.write("tenants", tenants)
        # Editors may ask every vendor; the service stays in the EU.
        self.key, self.strict_key = keys["editors"], keys["service"]

    def _put_credentials(self):
        """What the bundle's files of credentials hold."""
        identity = self.simulator.at("identity")
        secrets = self.folder / "bundle/secrets"
        secrets.mkdir()
        (secrets / "mistral").write_text(vendors.MISTRAL_KEY)
        pem = subprocess.run(
            ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-quiet"],
            capture_output=True, text=True, check=True,
        ).stdout
        account = {
            "type": "service_account",
            "project_id": "my-project",
            "private_key_id": "1",
            "private_key": pem,
            "client_email": "isobar@my-project.iam.gserviceaccount.com",
            "token_uri": f"{identity}/token",
        }
        (secrets / "google.json").write_text(json.dumps(account))
        (secrets / "aws-token").write_text(_web_identity())

    def _point_endpoints(self):
        identity, endpoints = self.simulator.at("identity"), self.bundle.read("endpoints")
        for endpoint in endpoints:
            for setting in MADE_OF:
                endpoint.pop(setting, None)
            endpoint["base_url"] = self.simulator.at(endpoint["id"]) + PLAYED[endpoint["id"]][1]
            credential = endpoint.get("credential", {})
            if azure := credential.get("azure_client"):
                azure["authority_url"] = identity
            if aws := credential.get("aws_web_identity"):
                aws |= {"sts_url": identity, "token_file": "secrets/aws-token"}
            if google := credential.get("google_service_account"):
                google["token_url"] = f"{identity}/token"
        self.bundle.write("endpoints", endpoints)

    def _add(self, groups):
        """Adds models, by name, that copies of routes serve, each under the certificate of its original."""
        models, routes = self.bundle.read("models"), self.bundle.read("routes")
        certificates = self.bundle.read("certificates")
        originals = {route["id"]: route for route in routes}
        held = {route: one["routes"] for one in certificates for route in one["routes"]}
        for model, copied in groups.items():
            models.append({"id": model})
            for original in copied:
                new = f"{model}.{original}" if len(copied) > 1 else model
                routes.append({**originals[original], "id": new, "model": model})
                held[original].append(new)
        for name, content in [("models", models), ("routes", routes), ("certificates", certificates)]:
            self.bundle.write(name, content)

    def served_by(self, text):
        """The endpoint that was asked last for a prompt that holds `text`."""
        return self.simulator.requests(text)[-1]["endpoint"]

    def is_ready(self):
        """Whether the gateway takes requests."""
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"{self.admin}/ready").status_code == 200

    def with_key(self, key):
        """The same door with another key."""
        return Door(self.url, key)


class Door:
    """An address and a key."""

    def __init__(self, url, key):
        self.url, self.key = url, key


def _web_identity():
    """A token as a cluster issues it; the simulator does not look at who signed it."""
    claims = {"iss": "https://cluster", "sub": "system:serviceaccount:a:b", "exp": int(time.time()) + 3600}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@contextlib.contextmanager
def up(folder, groups=()):
    """The example with simulators behind it; `groups` are more models, with the routes copied for each."""
    endpoints = [{"name": name, "region": REGION, **how} for name, (how, _) in PLAYED.items()]
    with vendors.up(folder, [*endpoints, IDENTITY]) as simulated:
        example = Example(folder / "example", simulated, groups)
        with _serving(example):
            yield example


@contextlib.contextmanager
def _serving(example):
    config = example.folder / "gateway.yaml"
    settings = yaml.safe_load(config.read_text())
    settings |= {"listen": f"{ADDRESS}:{example.port}", "admin_listen": f"{ADDRESS}:{example.port + 1}"}
    config.write_text(yaml.safe_dump(settings))
    log = example.folder / "gateway.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [cli.BINARY, "serve", "--config", str(config)],
            stdout=out, stderr=out, env={"PATH": "/usr/bin:/bin", **ENVIRONMENT},
        )

    def ready():
        assert process.poll() is None, log.read_text()
        return example.is_ready()

    try:
        waiting.until("the gateway is ready", ready)
        yield example
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_LIMIT_S) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()

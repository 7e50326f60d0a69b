"""Every vendor as the simulator plays it, in a process of its own, without a gateway in front."""

import contextlib
import json
import signal
import subprocess

from lab import cli, simulator

END_LIMIT_S = 10
OPENAI_KEY = "sk-simulated"
ANTHROPIC_KEY = "sk-ant-simulated"
AZURE_KEY = "azure-simulated"
AZURE_SECRET = "azure-app-secret"
BEDROCK_KEY = "bedrock-simulated"
AWS_KEY = {"access_key_id": "AKIASIMULATED", "secret_access_key": "simulated/secret+key"}
GOOGLE_KEY = "google-simulated"
MISTRAL_KEY = "mistral-simulated"
AWS_REGION = "eu-west-1"
GOOGLE_LOCATION = "europe-west1"
AZURE_LOCATION = "swedencentral"

ENDPOINTS = [
    {"name": "openai", "vendor": "openai", "key": OPENAI_KEY},
    {"name": "anthropic", "vendor": "anthropic", "key": ANTHROPIC_KEY},
    {"name": "azure", "vendor": "azure", "key": AZURE_KEY, "location": AZURE_LOCATION},
    {"name": "bedrock", "vendor": "bedrock", "key": BEDROCK_KEY, "aws": AWS_KEY, "location": AWS_REGION},
    {"name": "vertex", "vendor": "vertex", "key": GOOGLE_KEY, "location": GOOGLE_LOCATION},
    {"name": "mistral", "vendor": "mistral", "key": MISTRAL_KEY},
    # These accept only what `identity` issued.
    {"name": "azure-issued", "vendor": "azure", "issued_only": True},
    {"name": "bedrock-issued", "vendor": "bedrock", "issued_only": True},
    {"name": "vertex-issued", "vendor": "vertex", "issued_only": True},
    {"name": "identity", "vendor": "identity", "key": AZURE_SECRET},
    # What this one issues has run out at once.
    {"name": "identity-stale", "vendor": "identity", "lifetime_seconds": 0},
]


@contextlib.contextmanager
def up(folder, endpoints=ENDPOINTS):
    """The simulator alone, answering as fast as it can, ended when the block is left."""
    config = {"timing": {"scale": 0}, "endpoints": [{"region": "eu-west", **one} for one in endpoints]}
    file = folder / "simulator.json"
    file.write_text(json.dumps(config))
    words = [cli.BINARY, "simulator", "--listen", "127.0.0.1:0", "--config", str(file)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("simulator ready on "), line
        yield Vendors(line.split()[-1])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(END_LIMIT_S)
        process.stdout.close()


class Vendors(simulator.Simulator):
    """The simulated vendors and their control API."""

    def at(self, endpoint):
        """Where an endpoint is."""
        return f"{self.url}/{endpoint}"

    def last(self, endpoint):
        """The last request that an endpoint received."""
        return [one for one in self.requests() if one["endpoint"] == endpoint][-1]

    @contextlib.contextmanager
    def once(self, endpoint, kind, **parameters):
        """A fault that strikes the next request."""
        with self.broken([endpoint], kind, count=1, **parameters):
            yield

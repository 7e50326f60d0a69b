"""aimock, an upstream that nobody here wrote: it plays many vendors on one port."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

import httpx2

from lab import installation, waiting

# What it answers, by what the user says.
SAYS = {
    "fixtures": [
        {
            "match": {"userMessage": "weather", "hasToolResult": False},
            "response": {
                "toolCalls": [
                    {"id": "call_001", "name": "get_weather", "arguments": {"city": "Paris"}},
                    {"id": "call_002", "name": "get_weather", "arguments": {"city": "Rome"}},
                ]
            },
        },
        {
            "match": {"userMessage": "weather", "hasToolResult": True},
            "response": {"content": "Sunny in both."},
        },
        {
            "match": {"userMessage": "busy"},
            "response": {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429},
        },
        {"match": {"inputText": "embed"}, "response": {"embedding": [0.25, -0.5, 0.125]}},
        {"match": {}, "response": {"content": "Hello from afar. Ünïcødé 🎉 ok"}},
    ]
}


@contextlib.contextmanager
def running(folder):
    """Its base address."""
    home = Path(os.environ["ISOBAR_E2E_NODE"]) / "node_modules"
    (folder / "says.json").write_text(json.dumps(SAYS))
    port = installation.free_port()
    command = [home / "node/bin/node", home / "@copilotkit/aimock/dist/cli.js"]
    with (folder / "aimock.log").open("wb") as out:
        process = subprocess.Popen(
            [*command, "-p", str(port), "-f", str(folder / "says.json")], stdout=out, stderr=out
        )

    def ready():
        assert process.poll() is None, (folder / "aimock.log").read_text()
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{port}/v1/models").status_code < 500

    try:
        waiting.until("aimock answers", ready)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)

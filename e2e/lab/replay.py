"""A gateway in front of recorded vendors: each recorded answer is a logical model of its own.

One HTTP server plays every vendor: it gives the recorded answer whose number stands in the name of
the upstream model, and keeps what it was asked. The gateway is a real `isobar serve`.
"""

import contextlib
import http.server
import json
import re
import threading

from lab import solo

# For each wire: the provider kind, its settings, and how an upstream model must be called so that
# the endpoint speaks that wire.
ENDPOINTS = {
    "chat": ("openai-compatible", {"base_url": "/v1", "apis": "chat"}, "fx-{n}"),
    "responses": ("openai-compatible", {"base_url": "/v1", "apis": "responses"}, "fx-{n}"),
    "messages": ("anthropic", {"base_url": ""}, "fx-{n}"),
    "converse": (
        "bedrock",
        {"base_url": "", "aws_region": "eu-west-1", "api": "converse"},
        "amazon.nova-fx-{n}",
    ),
    "invoke": (
        "bedrock",
        {"base_url": "", "aws_region": "eu-west-1", "api": "invoke"},
        "anthropic.claude-fx-{n}",
    ),
    "gemini": (
        "vertex",
        {"base_url": "", "project": "lab", "location": "europe-west1"},
        "gemini-fx-{n}",
    ),
    "mistral": ("mistral", {"base_url": ""}, "fx-{n}"),
}
NUMBER = re.compile(r"fx-(\d+)")


class _Vendor(http.server.BaseHTTPRequestHandler):
    """Gives recorded answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["content-length"]))
        number = NUMBER.search(self.path) or NUMBER.search(json.loads(asked)["model"])
        self.server.asked.append((int(number[1]), self.path, dict(self.headers), json.loads(asked)))
        recorded = self.server.answers[int(number[1])]
        self.send_response(200)
        self.send_header("content-type", recorded.content_type)
        self.send_header("content-length", str(len(recorded.body)))
        self.end_headers()
        # In pieces that respect no boundary of the wire.
        for start in range(0, len(recorded.body), 97):
            self.wfile.write(recorded.body[start : start + 97])

    def log_message(self, *_):
        """Quiet."""


def model(number):
    """The logical model that gives this answer."""
    return f"recorded-{number}"


@contextlib.contextmanager
def gateway(folder, answers):
    """A gateway in front of these answers. Its `asked` has (number of the answer, path, headers,
    body) of every call that the vendors got."""
    vendors = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    vendors.answers, vendors.asked = answers, []
    threading.Thread(target=vendors.serve_forever, daemon=True).start()
    wanted = {recorded.api for recorded in answers}
    endpoints = [
        {
            "id": name,
            "provider": kind,
            "credential": {"env": "REPLAY_KEY"},
            **settings,
            "base_url": f"http://127.0.0.1:{vendors.server_port}{settings['base_url']}",
        }
        for name, (kind, settings, _) in ENDPOINTS.items()
        if name in wanted
    ]
    routes = [
        {
            "model": model(number),
            "endpoint": recorded.api,
            "upstream_model": ENDPOINTS[recorded.api][2].format(n=number),
        }
        for number, recorded in enumerate(answers)
    ]
    # Not a secret: the vendors take anything.
    with solo.gateway(folder, endpoints, routes, {"REPLAY_KEY": "recorded"}) as running:
        running.asked = vendors.asked
        yield running
    vendors.shutdown()

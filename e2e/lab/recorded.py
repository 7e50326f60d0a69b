"""Recorded traffic of real vendors, as answers that an upstream can give again.

The recordings lie outside this repository (`ISOBAR_FIXTURES`, or `shared/fixtures` beside it); where
they are absent the claims that need them say so and are skipped.
"""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path

from lab import wires

HOME = Path(os.environ.get("ISOBAR_FIXTURES") or Path(__file__).parents[3] / "shared/fixtures")
READERS = {
    ("chat", False): wires.chat,
    ("chat", True): wires.chat_stream,
    ("responses", False): wires.responses,
    ("responses", True): wires.responses_stream,
    ("messages", False): wires.messages,
    ("messages", True): wires.messages_stream,
    ("converse", False): wires.converse,
    ("converse", True): wires.converse_stream,
    ("invoke", False): wires.messages,
    ("invoke", True): wires.invoke_stream,
    ("gemini", False): wires.gemini,
    ("gemini", True): wires.gemini_stream,
    ("mistral", False): wires.chat,
    ("mistral", True): wires.chat_stream,
}
VENDORS = {
    "anthropic": "messages",
    "azure-openai": "chat",
    "bedrock": "converse",
    "mistral": "mistral",
    "openai-chat": "chat",
    "openai-compat": "chat",
    "openai-responses": "responses",
    "vertex-gemini": "gemini",
}
# Not an answer of a model, or broken on purpose (the unit tests have those).
NOT_ANSWERS = {
    "anthropic/spliced_message_start.sse",
    "anthropic/sdk_incomplete_partial_json.sse",
    "bedrock/detect_broken.bin",
    "bedrock/eventstream_vectors.json",
    "bedrock/sigv4_bedrock_mantle.json",
    "openai-compat/bad_200_json.json",
    "openai-compat/bad_200_text.json",
    "openai-responses/instream_error_quota.sse",
    "openai-responses/error_quota.json",
    # Shortened by whoever kept it: its deltas are not its text.
    "openai-responses/phase.sse",
    "vertex-gemini/embedding.json",
    "vertex-gemini/err_429_retry_info.json",
    # Only Converse has the manner of an early text model there.
    "bedrock/invoke_claude.json",
    "bedrock/invoke_stream_claude.json",
}


@dataclass(frozen=True)
class Recorded:
    """One recorded answer."""

    name: str
    # chat, responses, messages, converse, invoke, gemini, mistral
    api: str
    streamed: bool
    content_type: str
    body: bytes
    # The request that it answered, where that was recorded.
    asked: dict | None

    def facts(self):
        """What it says, read from the vendor's wire."""
        return READERS[self.api, self.streamed](self.body)


def available():
    """Whether the recordings are there."""
    return HOME.is_dir()


def _api(folder, url):
    if folder == "bedrock":
        return "invoke" if "/invoke" in url else "converse"
    if folder == "azure-openai":
        return "responses" if "responses" in url else "chat"
    return VENDORS[folder]


def _body(response):
    if "base64" in response:
        return base64.b64decode(response["base64"])
    if "text" in response:
        return response["text"].encode()
    return json.dumps(response["json"]).encode()


def _interaction(name, folder, exchange):
    request, response = exchange["request"], exchange["response"]
    api = _api(folder, request["url"])
    generates = not any(word in request["url"] for word in ("embed", "count", "predict"))
    if response["status"] != 200 or api is None or not generates:
        return None
    kind = (response.get("headers") or {}).get("content-type") or "application/json"
    return Recorded(name, api, "stream" in kind, kind, _body(response), request.get("json"))


def answers():
    """Every recorded answer of a model, in a stable order."""
    found = []
    for path in sorted(HOME.glob("*/*.*")):
        folder, name = path.parent.name, f"{path.parent.name}/{path.name}"
        if folder not in VENDORS or name in NOT_ANSWERS:
            continue
        if path.suffix == ".sse":
            body = path.read_bytes()
            found.append(Recorded(name, _api(folder, path.name), True, "text/event-stream", body, None))
            continue
        recording = json.loads(path.read_text())
        if "interactions" not in recording:
            body = path.read_bytes()
            found.append(Recorded(name, _api(folder, ""), False, "application/json", body, None))
            continue
        for number, exchange in enumerate(recording["interactions"]):
            found.append(_interaction(f"{name}#{number}", folder, exchange))
    return [one for one in found if one is not None]


@dataclass(frozen=True)
class Asked:
    """One recorded request."""

    name: str
    # chat, responses, messages, mistral
    api: str
    body: dict


def requests():
    """Every recorded request of an API that callers of the gateway speak, in a stable order."""
    found = []
    for path in sorted(HOME.glob("client-requests/*.json")):
        api = path.name.split("_")[0]
        found.append(Asked(f"client-requests/{path.name}", api, json.loads(path.read_text())))
    for path in sorted(HOME.glob("*/*.json")):
        folder = path.parent.name
        if VENDORS.get(folder) not in ("chat", "responses", "messages", "mistral"):
            continue
        for number, exchange in enumerate(json.loads(path.read_text()).get("interactions", [])):
            request = exchange["request"]
            if "json" in request and not any(w in request["url"] for w in ("embed", "count")):
                name = f"{folder}/{path.name}#{number}"
                found.append(Asked(name, _api(folder, request["url"]), request["json"]))
    return found

"""Makes seeds for a fuzz target from recorded traffic: seeds.py FIXTURES TARGET FOLDER.

A seed is a recorded body behind the bytes by which the target chooses dialects; every client dialect
gets one of each, and every upstream dialect too, because a body in the wrong dialect is good fuzz.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

CLIENTS, UPSTREAMS = 6, 18


def bodies(folder):
    """(recorded request, recorded answer) of every exchange; either may be missing."""
    for path in sorted(folder.glob("*/*.*")):
        if path.parent.name in ("specs", "LICENSES"):
            continue
        if path.suffix in (".sse", ".bin"):
            yield None, path.read_bytes()
            continue
        if path.suffix != ".json":
            continue
        recording = json.loads(path.read_text())
        if "interactions" not in recording:
            whole = path.read_bytes()
            yield whole, whole
            continue
        for exchange in recording["interactions"]:
            request, response = exchange["request"], exchange["response"]
            asked = json.dumps(request["json"]).encode() if "json" in request else None
            if "base64" in response:
                yield asked, base64.b64decode(response["base64"])
            elif "text" in response:
                yield asked, response["text"].encode()
            else:
                yield asked, json.dumps(response["json"]).encode()


def main():
    """Writes the seeds."""
    fixtures, target, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    for asked, answered in bodies(fixtures):
        if target == "request":
            body = asked
            heads = [bytes([client, version]) for client in range(CLIENTS) for version in range(3)]
        else:
            body = answered
            pairs = [(c, u) for c in range(CLIENTS) for u in range(UPSTREAMS)]
            heads = [bytes(pair) + (b"\x05" if target == "stream" else b"") for pair in pairs]
        if body is None or len(body) > 40_000:
            continue
        for head in heads:
            seed = head + body
            (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


main()

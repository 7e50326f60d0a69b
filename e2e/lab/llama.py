"""llama.cpp's server with a model of random weights, built by `e2e/llama/build`: a real inference server
that nobody here wrote. It stays out of the suite unless ISOBAR_E2E_LLAMA is set.
"""

import contextlib
import os
import subprocess
from pathlib import Path

import httpx2

from lab import installation, waiting

HOME = Path(__file__).parents[2] / "target/e2e/llama"
WANTED = bool(os.environ.get("ISOBAR_E2E_LLAMA"))
MODEL = "random"
# The smallest that it has. It knows no `max_completion_tokens`, so this is the limit of most answers, and
# while it streams it starves its own event loop: with twice as much, no token leaves it for 15 s.
CONTEXT = 256
READY_LIMIT_S = 60


@contextlib.contextmanager
def running(folder):
    """Its base address, without the version."""
    port = installation.free_port()
    command = [
        HOME / "venv/bin/python", "-m", "llama_cpp.server", "--model", HOME / "random.gguf",
        "--model_alias", MODEL, "--host", "127.0.0.1", "--port", port, "--n_ctx", CONTEXT,
        "--n_threads", 1,
    ]
    log = folder / "llama.log"
    with log.open("wb") as out:
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out)

    def ready():
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{port}/v1/models").status_code == 200

    try:
        waiting.until("llama.cpp answers", ready, READY_LIMIT_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)

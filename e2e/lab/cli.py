"""The `isobar` program, run to its end."""

import json
import os
import subprocess
from dataclasses import dataclass

BINARY = os.environ["ISOBAR_BIN"]
LIMIT_S = 60


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self):
        """Standard output as one JSON document."""
        return json.loads(self.out)

    def lines(self):
        """Standard output as one JSON document per line."""
        return [json.loads(line) for line in self.out.splitlines()]


def isobar(*words, user=None, env=None):
    """Runs `isobar WORDS…`; as another user where one is named."""
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    done = subprocess.run(
        [*as_user, BINARY, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **(env or {})},
    )
    return Done(done.returncode, done.stdout, done.stderr)


def asked(*words):
    """Runs a command that must succeed and returns how it ended."""
    done = isobar(*words)
    assert done.code == 0, f"isobar {' '.join(map(str, words))}: {done}"
    return done

"""The `isobar` program, run to its end."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass

BINARY = os.environ["ISOBAR_BIN"]
LIMIT_S = 60
NOBODY = 65534


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


def isobar(*words, program=BINARY, before=()):
    """Runs `isobar WORDS…`; `before` is what the command line begins with."""
    done = subprocess.run(
        [*before, program, *map(str, words)], capture_output=True, text=True, timeout=LIMIT_S
    )
    return Done(done.returncode, done.stdout, done.stderr)


def isobar_without_rights(folder, *words):
    """Runs `isobar WORDS…` as somebody whom file permissions bind; they do not bind root, so root
    becomes nobody, with a copy of the program in `folder`, which everybody may enter.
    """
    if os.geteuid() != 0:
        return isobar(*words)
    program = shutil.copy(BINARY, folder)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return isobar(*words, program=program, before=as_nobody)


def asked(*words):
    """Runs a command that must succeed and returns how it ended."""
    done = isobar(*words)
    assert done.code == 0, f"isobar {' '.join(map(str, words))}: {done}"
    return done

"""JavaScript clients: scripts of e2e/js, run by the Node that came with the clients."""

import json
import os
import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "js"
LIMIT_S = 60


class Node:
    """Runs scripts as modules that see the installed SDKs."""

    def __init__(self):
        self._home = Path(os.environ["ISOBAR_E2E_NODE"])
        self._program = self._home / "node_modules/node/bin/node"

    def run(self, script, **env):
        """Runs JavaScript text and returns what it printed."""
        done = subprocess.run(
            [self._program, "--input-type=module", "-"],
            input=script,
            cwd=self._home,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def answers(self, name, **env):
        """Runs a file of e2e/js and returns the JSON document it printed."""
        return json.loads(self.run((SCRIPTS / name).read_text(), **env))

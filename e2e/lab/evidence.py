"""Evidence, read the way an auditor would: with `isobar audit`, from the files alone."""

from collections import defaultdict

from lab import cli, waiting


class Evidence:
    """The journals of one data directory."""

    def __init__(self, data_dir):
        self.data_dir = data_dir

    def entries(self):
        """Every entry of every journal, in order of time."""
        done = cli.asked("audit", "tail", "-n", 1_000_000, "--data-dir", self.data_dir, "--output", "json")
        return [entry_of(line) for line in done.lines()]

    def by_request(self):
        """Entries grouped by the request they are about."""
        found = defaultdict(list)
        for entry in self.entries():
            if entry.get("request"):
                found[entry["request"]].append(entry)
        return found

    def of(self, request_id):
        """The entries of one request."""
        words = ["audit", "show", request_id, "--data-dir", self.data_dir, "--output", "json"]
        shown = cli.asked(*words).json()
        return [entry_of(one) for one in shown["entries"]]

    def outcome_of(self, request_id):
        """The one outcome of a request, as soon as it is written."""

        def written():
            return [entry for entry in self.of(request_id) if entry["type"] == "outcome"]

        outcomes = waiting.until(f"outcome of {request_id}", written)
        assert len(outcomes) == 1, outcomes
        return outcomes[0]

    def verify(self, place=None):
        """Runs `isobar audit verify` on the data directory, or on another place."""
        return cli.isobar("audit", "verify", place or self.data_dir, "--output", "json")


def entry_of(shown):
    """An entry without what the command line adds about its place."""
    return shown.get("entry", shown)

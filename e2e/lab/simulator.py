"""The simulated providers: what they received, and how to break them."""

import contextlib

import httpx2


class Simulator:
    """The control API of the simulator, over HTTP."""

    def __init__(self, url):
        self.url = url
        self._client = httpx2.Client(base_url=url, timeout=10)

    def requests(self, text=""):
        """Requests received so far whose last user text holds `text`, oldest first."""
        since, found = 0, []
        while True:
            page = self._client.get("/_sim/requests", params={"since": since}).raise_for_status()
            page = page.json()
            found += [one for one in page["requests"] if text in one["text"]]
            if not page["requests"] or page["next"] == since:
                return found
            since = page["next"]

    def set_fault(self, endpoint, kind, **parameters):
        """Makes an endpoint fail until the fault is cleared."""
        fault = {"endpoint": endpoint, "kind": kind, **parameters}
        return self._client.post("/_sim/faults", json=fault).raise_for_status().json()

    def faults(self):
        """The faults in force."""
        return self._client.get("/_sim/faults").raise_for_status().json()["faults"]

    def clear_faults(self):
        """Ends all faults."""
        self._client.delete("/_sim/faults").raise_for_status()

    @contextlib.contextmanager
    def broken(self, endpoints, kind, **parameters):
        """Endpoints that fail inside the block."""
        for endpoint in endpoints:
            self.set_fault(endpoint, kind, **parameters)
        try:
            yield
        finally:
            self.clear_faults()

"""Waiting for a state, with a limit. The only place that lets time pass."""

import time

LOOK_EVERY_S = 0.02


def until(what, state, limit_s=15.0):
    """Returns the first truthy `state()`; fails with `what` when the limit passes."""
    end = time.monotonic() + limit_s
    while True:
        found = state()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s} s: {what} (last seen: {found!r})")
        time.sleep(LOOK_EVERY_S)

"""With `openai` in `eu-west` failing in each typed way, the strict workload is served inside the EU.

Each kind of fault gets an installation of its own, so that every breaker starts closed, and 200
mixed requests through `eu-west`, half of them streamed (D4, R1, R3, R8, P1, AUD-2, RES-1).
"""

import pytest

from lab import installation, traffic

REQUESTS = 200
FAULTS = {
    "refuse": {},
    "reset": {},
    "hang_before_headers": {},
    "hang_after_tokens": {"n": 2},
    "cut_after_tokens": {"n": 2},
    "cut_cleanly_without_terminator": {"kind": "cut_after_tokens", "n": 2, "ending": "clean"},
    "status": {"code": 503},
    "throttled": {"kind": "status", "code": 429, "retry_after": 7},
    "slow_first_token": {},
    "malformed_event": {"n": 0},
    "in_stream_error": {"n": 0},
    "in_stream_error_after_tokens": {"kind": "in_stream_error", "n": 2},
    "bad_json": {},
    "insufficient_quota": {},
}


@pytest.mark.parametrize("fault", FAULTS)
def a_fault_costs_no_request_that_has_not_sent_a_byte_and_none_leaves_the_eu(fresh, fault):
    parameters = dict(FAULTS[fault])
    kind = parameters.pop("kind", fault)
    fresh.simulator.set_fault("openai-eu-west", kind, **parameters)

    got = traffic.burst(installation.Door(fresh, "eu-west", "strict"), REQUESTS)

    assert len(got) == REQUESTS and sum(one.stream for one in got) == REQUESTS / 2
    _assert_only_begun_streams_failed(got)
    received = _received(fresh, got)
    # The fault was met, else this shows nothing.
    assert sum(fault["hits"] for fault in fresh.simulator.faults()) > 0
    assert {request["region"] for request in received} <= set(installation.EU)
    _assert_recorded_once_each(fresh, got)


def _assert_only_begun_streams_failed(got):
    failed = [one for one in got if one.error or not one.finished]
    lost = [str(one) for one in failed if not (one.stream and one.pieces)]
    assert not lost, f"{len(lost)} failed before their first byte:\n" + "\n".join(lost[:10])
    # R8: a broken stream ends with an error, never as if it were whole.
    silent = [str(one) for one in failed if not one.error]
    assert not silent, f"{len(silent)} were truncated silently:\n" + "\n".join(silent[:10])


def _received(up, got):
    texts = {one.text for one in got}
    return [request for request in up.simulator.requests("mark-") if request["text"] in texts]


def _assert_recorded_once_each(up, got):
    records = up.evidence.by_request()
    for one in got:
        entries = records[one.request_id]
        kinds = sorted(entry["type"] for entry in entries)
        assert kinds == ["admission", "outcome"], f"{one}: {kinds}"
        outcome = next(entry for entry in entries if entry["type"] == "outcome")
        assert outcome["route"] == one.headers["isobar-route"], str(one)
        assert outcome["served_region"] == one.headers["isobar-region"], str(one)
        wanted = "interrupted" if one.error else "served"
        assert outcome["result"] == wanted, f"{one}: {outcome}"

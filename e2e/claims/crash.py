"""`kill -9` of a gateway under load: it comes back, and its evidence holds (A1, A3, AUD-1, AUD-2)."""

import os
import signal

import httpx2

from lab import installation, traffic, waiting

RESTART_LIMIT_S = 20


def a_killed_gateway_restarts_and_every_answered_request_has_its_entries(fresh):
    west = installation.Door(fresh, "eu-west", "strict")
    victim = fresh.gateway_pid("eu-west")
    killed = False

    def enough(got):
        nonlocal killed
        answered = sum(one.finished for one in got)
        if answered > 80 and not killed:
            os.kill(victim, signal.SIGKILL)
            killed = True
        # Callers keep calling through the crash, until the next process has answered some.
        return killed and fresh.is_ready("eu-west") and got[-60:-30] and all(
            one.finished for one in got[-60:-30]
        )

    got = traffic.until(west, enough)

    after = fresh.gateway_pid("eu-west")
    assert after and after != victim
    assert "gateway eu-west ended" in fresh.output()
    assert [one for one in got if one.error], "no request met the crash"

    verified = fresh.evidence.verify()
    assert verified.code == 0, verified
    records = fresh.evidence.by_request()
    for one in got:
        if one.finished:
            kinds = sorted(entry["type"] for entry in records[one.request_id])
            assert kinds == ["admission", "outcome"], f"{one}: {kinds}"
    _assert_each_admission_ended_once(records)


def _assert_each_admission_ended_once(records):
    orphans = 0
    for request, entries in records.items():
        kinds = sorted(entry["type"] for entry in entries)
        orphans += "orphan_closed" in kinds
        assert kinds in (["admission", "outcome"], ["admission", "orphan_closed"], ["refusal"]), (
            f"{request}: {kinds}"
        )
    assert orphans, "the crash left no orphan to close"


def the_other_gateways_go_on_serving_while_one_is_gone(fresh):
    central = installation.Door(fresh, "eu-central", "strict")
    os.kill(fresh.gateway_pid("eu-west"), signal.SIGKILL)
    got = traffic.burst(central, 40)
    assert all(one.finished for one in got), [str(one) for one in got if not one.finished]
    waiting.until("eu-west ready again", lambda: fresh.is_ready("eu-west"), RESTART_LIMIT_S)


def a_killed_simulator_is_restarted_too(fresh):
    children = installation.process.children(fresh.process.pid).items()
    victim = next(pid for pid, line in children if "simulator" in line)
    os.kill(victim, signal.SIGKILL)

    def answers():
        try:
            return httpx2.get(f"{fresh.simulator.url}/_sim/ready").status_code == 200
        except httpx2.TransportError:
            return False

    waiting.until("simulator ready again", answers, RESTART_LIMIT_S)

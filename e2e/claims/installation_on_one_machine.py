"""`isobar up`: one command, ready, explained, ended in order (U1)."""

import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap

import httpx2

from lab import cli, clients, installation, process, traffic, waiting


def _block(output, heading):
    """The indented lines below a heading that begins so."""
    begin = re.search(rf"^.*{re.escape(heading)}.*$", output, re.MULTILINE).end()
    lines = output[begin:].lstrip("\n").splitlines()
    end = next((n for n, line in enumerate(lines) if line and not line.startswith("  ")), len(lines))
    return textwrap.dedent("\n".join(lines[:end]))


def the_ready_file_says_where_everything_is(running):
    ready = running.ready
    assert set(ready["gateways"]) == {"eu-west", "eu-central", "us-east"}
    assert {"name", "region", "provider"} <= set(ready["endpoints"][0])
    assert clients.MODEL in ready["models"]
    assert set(ready["keys"]) == {"strict", "lenient"}
    assert {"simulator", "director", "data_dir"} <= set(ready)


def gateways_and_simulator_are_processes_of_their_own_on_addresses_of_their_own(running):
    assert len(process.children(running.process.pid)) == 4
    hosts = [httpx2.URL(url).host for url in running.gateways.values()]
    assert len(set(hosts)) == 3 and all(host.startswith("127.0.") for host in hosts)


def an_idle_gateway_takes_less_than_40_megabytes(running):
    for region in running.gateways:
        assert process.resident_mib(running.gateway_pid(region)) < 40


def the_printed_curl_answers(running):
    command = _block(running.output(), "with curl").replace("\\\n", " ")
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=30)
    assert done.stdout.startswith("HTTP/1.1 200"), done
    assert '"choices"' in done.stdout


def the_printed_python_answers_in_both_dialects(running):
    script = _block(running.output(), "Python SDKs")
    assert "from openai" in script and "from anthropic" in script
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and len(done.stdout) > 20, done


def the_printed_javascript_answers(running, javascript):
    script = _block(running.output(), "JavaScript")
    assert len(javascript.run(script)) > 20


def requests_in_flight_finish_when_it_is_told_to_stop(tmp_path):
    """Draining: what was begun is answered whole; then everything ends."""
    up = installation.Installation(tmp_path / "data")
    up.wait_until_ready()
    stopped = False

    def enough(got):
        nonlocal stopped
        if not stopped and sum(one.finished for one in got) >= 8:
            up.process.send_signal(signal.SIGINT)
            stopped = True
        return stopped

    got = traffic.until(installation.Door(up, "eu-west", "strict"), enough, at_once=8)
    assert up.process.wait(installation.END_LIMIT_S) == 0
    broken = [one for one in got if one.headers and not one.finished]
    assert not [one for one in broken if one.headers.get("isobar-refusal") != "draining"], list(map(str, broken))
    assert cli.isobar("audit", "verify", tmp_path / "data").code == 0


def a_second_start_keeps_keys_and_evidence(tmp_path):
    data_dir = tmp_path / "data"
    with installation.up(data_dir) as up:
        keys, port, wire = up.keys, up.port, clients.Wire()
        door = installation.Door(up, "eu-west", "strict")
        clients.openai_at(door, wire).chat.completions.create(
            model=clients.MODEL, messages=clients.say("hello")
        )
    with installation.up(data_dir, port=port) as up:
        assert up.keys == keys
        outcome = up.evidence.outcome_of(wire.last["x-request-id"])
        assert outcome["result"] == "served"
        assert up.evidence.verify().code == 0


def children_leave_when_their_parent_is_killed(tmp_path):
    up = installation.Installation(tmp_path / "data")
    up.wait_until_ready()
    children = process.children(up.process.pid)
    assert len(children) == 4
    os.kill(up.process.pid, signal.SIGKILL)
    up.process.wait()

    def gone():
        return not [pid for pid, line in children.items() if process.command(pid) == line]

    waiting.until("every child gone", gone, 30)

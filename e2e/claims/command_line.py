"""Mistakes at the command line and on disk: a clear sentence, a remedy, an exit code (U3, C1)."""

import re
import shutil
import socket
import tempfile
from pathlib import Path

import openai
import pytest

from lab import cli, clients, gateway, installation, journal, waiting


@pytest.fixture(scope="module")
def data_dir(running):
    return running.data_dir


def _assert_explained(done, code, *words):
    """A sentence about what is wrong, no trace of the program's insides."""
    said = done.out + done.err
    assert done.code == code, done
    for word in words:
        assert str(word) in said, said
    assert "panicked" not in said and "RUST_BACKTRACE" not in said
    assert "Error {" not in said and "Os {" not in said


@pytest.mark.parametrize("words", [("audit", "verify"), ("bundle", "check")], ids=" ".join)
def a_missing_directory_is_named(tmp_path, words):
    place = tmp_path / "nowhere"
    _assert_explained(cli.isobar(*words, place), 2, place)


@pytest.mark.parametrize("words", [("audit", "verify"), ("bundle", "check")], ids=" ".join)
def a_file_where_a_directory_is_expected_is_named(tmp_path, words):
    place = tmp_path / "file"
    place.write_text("not a directory")
    _assert_explained(cli.isobar(*words, place), 2, place)


@pytest.mark.parametrize("words", [("audit", "verify"), ("bundle", "check")], ids=" ".join)
def an_empty_directory_is_not_taken_for_a_good_one(tmp_path, words):
    done = cli.isobar(*words, tmp_path)
    assert done.code != 0 and str(tmp_path) in done.out + done.err, done


@pytest.mark.parametrize(
    "words, part", [(("audit", "verify"), "journal"), (("bundle", "check"), "bundle")]
)
def a_directory_without_rights_is_named(data_dir, words, part):
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder)
        outside.chmod(0o755)
        place = shutil.copytree(data_dir / part, outside / part)
        place.chmod(0)
        try:
            done = cli.isobar_without_rights(outside, *words, place)
        finally:
            place.chmod(0o755)
    _assert_explained(done, 2, place)
    assert re.search("permission|right to read", done.err, re.IGNORECASE), done


def a_missing_configuration_is_named(tmp_path):
    file = tmp_path / "gateway.yaml"
    _assert_explained(cli.isobar("serve", "--config", file), 2, file)


def a_typo_in_a_configuration_is_shown_with_its_line(data_dir, tmp_path):
    file = tmp_path / "gateway.yaml"
    text = (data_dir / "gateways" / "eu-west.yaml").read_text()
    file.write_text(text.replace("admin_listen", "admin_lisen"))
    line = 1 + text[: text.index("admin_listen")].count("\n")
    _assert_explained(cli.isobar("serve", "--config", file), 2, file, "admin_lisen", line)


def a_typo_in_a_bundle_is_shown_with_file_line_and_remedy(data_dir, tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(data_dir / "bundle", bundle)
    file = bundle / "workloads.yaml"
    text = file.read_text()
    assert "retention" in text
    file.write_text(text.replace("retention", "retension", 1))
    line = 1 + text[: text.index("retention")].count("\n")
    _assert_explained(
        cli.isobar("bundle", "check", bundle), 1, "workloads.yaml", f":{line}", "retension", "retention"
    )


def a_bundle_that_is_not_yaml_is_shown_with_file_and_line(data_dir, tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(data_dir / "bundle", bundle)
    file = bundle / "routes.yaml"
    file.write_text(file.read_text() + "\n  - : [\n")
    _assert_explained(cli.isobar("bundle", "check", bundle), 1, "routes.yaml")


def a_gateway_with_a_broken_bundle_does_not_start(data_dir, tmp_path):
    shutil.copytree(data_dir / "bundle", tmp_path / "bundle")
    file = tmp_path / "bundle" / "workloads.yaml"
    file.write_text(file.read_text().replace("retention", "retension", 1))
    config = gateway.configure(tmp_path, "eu-west", installation.free_port())
    done = cli.isobar("serve", "--config", config)
    assert done.code != 0
    _assert_explained(done, done.code, "workloads.yaml", "retension")


def the_sample_bundle_is_good(data_dir):
    assert cli.isobar("bundle", "check", data_dir / "bundle").code == 0


def a_port_in_use_is_named_by_a_gateway(running, tmp_path):
    """The address of a gateway that already runs, with a data directory of its own."""
    shutil.copytree(running.data_dir / "bundle", tmp_path / "bundle")
    done = cli.isobar("serve", "--config", gateway.configure(tmp_path, "eu-west", running.port))
    assert done.code != 0
    _assert_explained(done, done.code, "in use", running.port)


def a_port_in_use_is_named_by_up(tmp_path):
    port = installation.free_port()
    with socket.create_server(("127.0.2.1", port)):
        done = cli.isobar("up", "--data-dir", tmp_path / "data", "--port", port)
    _assert_explained(done, done.code, "in use", port, "--port")
    assert done.code != 0


def a_data_directory_is_not_started_twice(running, tmp_path):
    done = cli.isobar("up", "--data-dir", running.data_dir, "--port", running.port)
    assert done.code != 0
    _assert_explained(done, done.code, "in use")


def a_truncated_segment_stops_a_gateway_with_the_place(tmp_path):
    """A journal that was damaged on disk is not written on."""
    with installation.up(tmp_path / "data") as up:
        port = up.port
    [segment, *_] = journal.segments(tmp_path / "data", "eu-west")
    whole = journal.Segment(segment)
    segment.write_bytes(whole.bytes[: whole.offset(1) + 5])
    done = cli.isobar("up", "--data-dir", tmp_path / "data", "--port", port)
    assert done.code != 0
    _assert_explained(done, done.code, segment.name)


def an_unknown_command_teaches(tmp_path):
    done = cli.isobar("bundel", "check", tmp_path)
    assert done.code == 2 and "bundle" in done.err


@pytest.mark.parametrize(
    "words", ["", "up", "serve", "bundle check", "policy explain", "prices show", "prices import", "audit verify", "fault set", "key new"]
)
def help_is_offered_everywhere(words):
    done = cli.isobar(*words.split(), "--help")
    assert done.code == 0 and "Usage" in done.out


def a_fault_is_set_listed_and_cleared_from_the_command_line(running):
    at = ["--simulator", running.ready["simulator"]]
    cli.asked("fault", "set", "openai-eu-west", "status", "--param", "code=503", "--count", 3, *at)
    listed = cli.asked("fault", "list", "--output", "json", *at).out
    assert "openai-eu-west" in listed and "503" in listed
    cli.asked("fault", "clear", "openai-eu-west", *at)
    assert running.simulator.faults() == []


def a_fault_with_a_typo_lists_what_exists(running):
    done = cli.isobar("fault", "set", "openai-eu-west", "explode", "--simulator", running.ready["simulator"])
    assert done.code != 0 and "hang_before_headers" in done.out + done.err


def a_new_key_is_shown_once_with_the_hash_for_the_bundle():
    done = cli.asked("key", "new", "support-prod")
    key = next(word for word in done.out.split() if word.startswith("isb_live_support-prod_"))
    assert done.out.count(key) == 1 and "sha256" in done.out


def an_unknown_request_id_is_said_to_be_unknown(data_dir):
    done = cli.isobar("audit", "show", "req_" + "0" * 26, "--data-dir", data_dir)
    assert done.code != 0 and done.err.strip()


def completions_are_printed_for_a_shell():
    assert "isobar" in cli.asked("completions", "bash").out


def nothing_waits_for_ever_when_the_simulator_is_gone():
    done = cli.isobar("fault", "list", "--simulator", f"http://127.0.0.1:{installation.free_port()}")
    assert done.code != 0 and "isobar up" in done.err


def logs_name_the_request_and_hold_neither_prompt_nor_key(running):
    """O1, AUD-4: in no log, and in no file of the journal."""
    door = installation.Door(running, "eu-west", "strict")
    wire, text = clients.Wire(), clients.marker()
    client = clients.openai_at(door, wire)
    client.chat.completions.create(model=clients.MODEL, messages=clients.say(text))
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="no-such-model", messages=clients.say(text))
    request_id, log = wire.last["x-request-id"], running.data_dir / "logs" / "eu-west.log"
    waiting.until("refused request in the log", lambda: request_id in log.read_text())
    secret = door.key.rpartition("_")[2].encode()
    for file in [*running.data_dir.glob("logs/*"), *running.data_dir.glob("journal/**/*")]:
        if file.is_file():
            content = file.read_bytes()
            assert text.encode() not in content and secret not in content, file

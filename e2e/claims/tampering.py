"""Whatever is done to a journal, `isobar audit verify` fails and names the place (A3, AUD-3)."""

import json
import re
import shutil

import openai
import pytest

from lab import cli, clients, installation, journal, traffic

REGION = "eu-west"
PLACE = re.compile(r"\S+, byte \d+")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The data directory of an installation that served requests and ended in order."""
    data_dir = tmp_path_factory.mktemp("kept") / "data"
    with installation.up(data_dir) as up:
        west = installation.Door(up, REGION, "strict")
        traffic.burst(west, 24)
        with pytest.raises(openai.NotFoundError):
            clients.openai_at(west).chat.completions.create(
                model="no-such-model", messages=clients.say("hello")
            )
    return data_dir


@pytest.fixture
def copied(kept, tmp_path):
    """A copy of that journal to tamper with."""
    place = tmp_path / "data"
    shutil.copytree(kept / "journal", place / "journal")
    return place


def an_untouched_journal_verifies_offline_as_data_directory_and_alone(copied):
    for place in (copied, copied / "journal" / REGION):
        done = cli.isobar("audit", "verify", place)
        assert done.code == 0, done


def any_flipped_bit_is_found(copied):
    """One bit in every frame, in the tail of each segment, and in every small file."""
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    offsets = [segment.offset(at) + 11 * at % 17 for at in range(0, len(segment.frames), 5)]
    offsets += [segment.offset(at) + 40 for at in range(1, len(segment.frames), 7)]
    offsets += [segment.end + 1000, len(segment.bytes) - 1]
    for offset in offsets:
        segment.flip(offset, bit=offset % 8)
        found = _assert_found(copied)
        assert segment.path.name in found, f"byte {offset}: {found}"
        segment.flip(offset, bit=offset % 8)
    for name in ("checkpoint", "key.pub"):
        path = copied / "journal" / REGION / name
        whole = path.read_bytes()
        for offset in range(0, len(whole), 23):
            path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
            _assert_found(copied)
        path.write_bytes(whole)
    assert cli.isobar("audit", "verify", copied).code == 0


@pytest.mark.parametrize("repaired", [False, True], ids=["as found", "numbers repaired"])
def a_removed_entry_is_found(copied, repaired):
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    victim = segment.entries()[7]
    del segment.frames[victim]
    segment.write_repaired() if repaired else segment.write_as_found()
    assert segment.path.name in _assert_found(copied)


@pytest.mark.parametrize("repaired", [False, True], ids=["as found", "numbers repaired"])
def reordered_entries_are_found(copied, repaired):
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    one, other = segment.entries()[5], segment.entries()[9]
    frames = segment.frames
    frames[one], frames[other] = frames[other], frames[one]
    segment.write_repaired() if repaired else segment.write_as_found()
    assert segment.path.name in _assert_found(copied)


def a_repeated_entry_is_found(copied):
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    at = segment.entries()[6]
    segment.frames.insert(at, segment.frames[at])
    segment.write_repaired()
    assert segment.path.name in _assert_found(copied)


def a_rewritten_entry_with_a_fitting_checksum_is_found(copied):
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    frame = next(f for f in segment.frames if b'"tenant"' in f.payload)
    entry = json.loads(frame.payload)
    tenant = json.dumps(entry["tenant"]).encode()
    assert tenant in frame.payload
    frame.payload = frame.payload.replace(tenant, b'"' + b"x" * (len(tenant) - 2) + b'"')
    segment.write_repaired()
    assert segment.path.name in _assert_found(copied)


def a_truncated_segment_is_found(copied):
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    segment.path.write_bytes(segment.bytes[: segment.offset(len(segment.frames) // 2) + 5])
    assert segment.path.name in _assert_found(copied)


def a_tail_cut_off_and_filled_with_zeros_is_found(copied):
    segment = journal.Segment(journal.segments(copied, REGION)[0])
    segment.write(segment.bytes[: segment.offset(len(segment.frames) // 2)])
    _assert_found(copied)


@pytest.mark.parametrize("name", ["checkpoint", "key.pub", "*.wal"])
def a_missing_file_is_found(copied, name):
    victim = next((copied / "journal" / REGION).glob(name))
    victim.unlink()
    done = cli.isobar("audit", "verify", copied)
    assert done.code != 0, done


def _assert_found(place):
    """Verification fails with exit code 1 and names a place, in text and in JSON."""
    done = cli.isobar("audit", "verify", place)
    assert done.code == 1, done
    said = done.out + done.err
    assert PLACE.search(said), said
    return said

"""Journal files taken apart and put together again, by somebody who knows the format.

Written from the description of the format (crates/journal), so that tampering is done as an attacker
would: checksums and numbers repaired.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

HEAD = struct.Struct("<IIIIB")
ENTRY = 2


def segments(data_dir, region):
    """Segment files of one journal, in order."""
    return sorted((Path(data_dir) / "journal" / region).glob("*.wal"))


@dataclass
class Frame:
    """One frame of a segment."""

    number: int
    synced: int
    kind: int
    payload: bytes

    def sealed(self, number=None):
        """The frame's bytes, with a checksum that fits."""
        number = self.number if number is None else number
        length = struct.pack("<I", len(self.payload))
        rest = struct.pack("<IIB", number, self.synced, self.kind)
        checksum = crc32c(length + rest + self.payload)
        return length + struct.pack("<I", checksum) + rest + self.payload


class Segment:
    """A segment file: its frames, and the size it must keep."""

    def __init__(self, path):
        self.path = path
        self.bytes = path.read_bytes()
        self.frames = []
        self.end = 0
        while True:
            length, _, number, synced, kind = HEAD.unpack_from(self.bytes, self.end)
            if not length:
                break
            start = self.end + HEAD.size
            self.end = start + length
            self.frames.append(Frame(number, synced, kind, self.bytes[start : self.end]))
            if self.end + HEAD.size > len(self.bytes):
                break

    def entries(self):
        """Places of the entries among the frames."""
        return [at for at, frame in enumerate(self.frames) if frame.kind == ENTRY]

    def offset(self, at):
        """Where a frame begins in the file."""
        return sum(HEAD.size + len(frame.payload) for frame in self.frames[:at])

    def write(self, data):
        """Writes the file, filled up with zeros to its old size."""
        self.path.write_bytes(data.ljust(len(self.bytes), b"\0"))

    def write_as_found(self):
        """Writes the frames with the numbers they have."""
        self.write(b"".join(frame.sealed() for frame in self.frames))

    def write_repaired(self):
        """Writes the frames with numbers and checksums that fit their new places."""
        self.write(b"".join(frame.sealed(at) for at, frame in enumerate(self.frames)))

    def flip(self, offset, bit=0):
        """Changes one bit of the file."""
        changed = bytearray(self.path.read_bytes())
        changed[offset] ^= 1 << bit
        self.path.write_bytes(changed)


def crc32c(data):
    """CRC-32C (Castagnoli)."""
    register = 0xFFFFFFFF
    for byte in data:
        register = TABLE[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def _table():
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


TABLE = list(_table())
assert crc32c(b"123456789") == 0xE3069283

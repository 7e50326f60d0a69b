"""Processes as the kernel shows them: children, command lines, whether one still lives."""

from pathlib import Path


def command(pid):
    """The command line, or None once the process is gone (a zombie counts as gone)."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return None
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid):
    """Living children of a process: {pid: command line}."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and (line := command(folder.name)):
            found[int(folder.name)] = line
    return found


def resident_mib(pid):
    """Memory a process holds, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024

"""What the kernel tells of a process: memory, CPU time, open files, threads (Linux, /proc)."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_RESET_PEAK = "5"
_A_LOOK, _IDLE = 1.0, 0.1


def tree(pid: int) -> list[int]:
    """The process and those that it has started, theirs too."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            found += tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process tree so far, children that have ended included; ticks of 10 ms."""
    spent = 0
    for each in tree(pid):
        fields = _read(Path(f"/proc/{each}/stat")).rpartition(")")[2].split()
        spent += sum(int(value) for value in fields[11:15]) if fields else 0
    return spent / _TICKS


def settle(pid: int, *, seconds: float = 120) -> None:
    """Wait, so long at most, until the process tree has next to nothing to do: what it was sent has to be digested."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = cpu_seconds(pid)
        time.sleep(_A_LOOK)
        if cpu_seconds(pid) - before < _IDLE * _A_LOOK:
            return


def resident(pid: int) -> int:
    """Bytes of memory that the process tree has resident now."""
    return sum(_status(each, "VmRSS") for each in tree(pid)) * 1024


def peak(pid: int) -> int:
    """The most bytes that were resident since `reset_peak`, summed over the process tree."""
    return sum(_status(each, "VmHWM") for each in tree(pid)) * 1024


def reset_peak(pid: int) -> None:
    """Let `peak` begin anew, from what is resident now."""
    for each in tree(pid):
        Path(f"/proc/{each}/clear_refs").write_text(_RESET_PEAK)


def threads(pid: int) -> int:
    """Threads of the process tree."""
    return sum(_status(each, "Threads") for each in tree(pid))


def open_files(pid: int) -> int:
    """File descriptors of the process tree."""
    return sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in tree(pid))


def _status(pid: int, key: str) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""

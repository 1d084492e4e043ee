"""The DICOM node under `strace`: what it really asks of the system, SQLite's calls too, as calls for LossyDisk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lossy_disk import Call
from tests.support.node_process import ROOT
from tests.support.waiting import until

_CALLS = (
    "openat,write,writev,pwrite64,pwritev2,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,fsync,fdatasync,"
    "syncfs,ftruncate,sendto,sendmsg"
)
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
_OFFSET_AND_FLAGS = re.compile(r"\], \d+, (\d+), (\w+)")
_RESULT = re.compile(r"= (-?\d+)")

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


class TracedNode:
    """Starts the node over an existing database and waits until it listens."""

    def __init__(self, data: Path, trace: Path) -> None:
        self._trace = trace
        self._strace = subprocess.Popen(
            ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={_CALLS}", "-e", "signal=none", "-o", trace,
             sys.executable, "-m", "tests.support.node_process", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )  # fmt: skip
        assert self._strace.stdout is not None
        line = self._strace.stdout.readline()
        if not line:
            self._strace.wait(30)
            self._strace.stdout.close()
            pytest.skip("this container may not trace")
        self.address = ("127.0.0.1", int(line))

    def kill(self) -> None:
        """SIGKILL; the trace is whole when this returns."""
        children = Path(f"/proc/{self._strace.pid}/task/{self._strace.pid}/children")
        [node] = until(lambda: children.read_text().split(), what="the node below strace")
        os.kill(int(node), signal.SIGKILL)
        self._strace.wait(60)
        assert self._strace.stdout is not None
        self._strace.stdout.close()

    def calls(self) -> list[Call]:
        """What happened, in order; `send` calls hold what went to a peer."""
        with self._trace.open(encoding="utf-8") as lines:
            return list(_calls(lines))


def _calls(lines: Iterator[str] | object) -> Iterator[Call]:
    begun: dict[str, tuple[str, str]] = {}
    for line in lines:  # type: ignore[attr-defined]
        if found := _LINE.match(line):
            thread, name, rest = found.groups()
            yield from _begins(name, rest, thread)
            if "<unfinished ...>" in rest[-40:]:
                begun[thread] = name, rest
            else:
                yield from _ends(name, rest, rest, thread)
        elif found := _RESUMED.match(line):
            thread, name, rest = found.groups()
            if thread in begun:
                yield from _ends(name, begun.pop(thread)[1], rest, thread)


def _begins(name: str, rest: str, thread: str) -> Iterator[Call]:
    if name in {"fsync", "fdatasync"}:
        yield Call("sync begins", _path(rest), thread)
    elif name == "syncfs":
        yield Call("syncfs begins", "", thread)


def _ends(name: str, rest: str, result: str, thread: str) -> Iterator[Call]:
    found = _RESULT.search(result.rpartition(")")[2])
    if found is None or int(found[1]) < 0:
        return
    number = int(found[1])
    strings = [bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(rest)]
    if name in {"fsync", "fdatasync"}:
        yield Call("sync ends", _path(rest), thread)
    elif name == "syncfs":
        yield Call("syncfs ends", "", thread)
    elif name == "openat" and "O_CREAT" in rest:
        yield Call("create", os.fsdecode(strings[0]))
        if "O_TRUNC" in rest:
            yield Call("truncate", os.fsdecode(strings[0]), 0)
    elif name in {"mkdir", "mkdirat"}:
        yield Call("create", os.fsdecode(strings[0]))
    elif name in {"write", "writev"}:
        yield Call("write", _path(rest), b"".join(strings)[:number])
    elif name in {"pwrite64", "pwritev2"}:
        yield from _written_at(name, rest, b"".join(strings)[:number], thread)
    elif name == "ftruncate":
        yield Call("truncate", _path(rest), _last_number(rest))
    elif name.startswith("rename"):
        yield Call("rename", os.fsdecode(strings[0]), os.fsdecode(strings[1]))
    elif name.startswith("unlink"):
        yield Call("unlink", os.fsdecode(strings[0]))
    elif name in {"sendto", "sendmsg"}:
        yield Call("send", "", b"".join(strings))


def _written_at(name: str, rest: str, data: bytes, thread: str) -> Iterator[Call]:
    if name == "pwrite64":
        yield Call("pwrite", _path(rest), (_last_number(rest), data))
        return
    found = _OFFSET_AND_FLAGS.search(rest)
    assert found is not None
    yield Call("pwrite", _path(rest), (int(found[1]), data))
    if "RWF_DSYNC" in found[2]:
        yield Call("sync begins", _path(rest), thread)
        yield Call("sync ends", _path(rest), thread)


def _last_number(rest: str) -> int:
    """The last argument of a call, which may have been interrupted in the trace."""
    found = re.search(r", (\d+)(?:\)| <unfinished)", rest)
    assert found is not None
    return int(found[1])


def _path(rest: str) -> str:
    found = _DESCRIPTOR.match(rest)
    if found is None:
        return "?"
    text = found[1]
    return os.fsdecode(bytes.fromhex(text.replace("\\x", ""))) if text.startswith("\\x") else text

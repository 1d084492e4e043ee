"""The DICOM node in processes that die at a named step: `python -m tests.support.mortal_node DATA`.

One process imports everything and then makes each node by fork, so that a life begins in a fraction of a second. A
node dies by SIGKILL, its own hand holding the knife: before, after or in the middle of the n-th call of a system
call's name, or some milliseconds after a statement of SQL has begun.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3.dbapi2
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.support.node_process import ROOT, main

_LONGEST_LIFE = 60


@dataclass(frozen=True)
class Death:
    """When a node dies: at the `nth` call of `step`, and not by itself if `step` is empty."""

    step: str = ""
    nth: int = 1
    when: str = "before"
    """`before` the call, `after` it, or in the `middle`: half of the bytes written, or `delay` seconds into it."""
    delay: float = 0.0


class Nursery:
    """Starts nodes over one data folder, one after another."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.mortal_node", str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )

    def start(self, death: Death) -> Life:
        """A node that listens; or one that has died before it did (`address` is None then)."""
        self._tell(json.dumps(asdict(death)))
        said = self._line()
        return Life(self, ("127.0.0.1", int(said)) if said else None)

    def end(self) -> None:
        """Kill the node if it lives; nothing of it runs any more when this returns."""
        self._tell("end")
        assert self._line() == "dead"

    def close(self) -> None:
        """End the process that makes the nodes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that makes the nodes has ended"
        return line.strip()


@dataclass
class Life:
    """One node's life."""

    nursery: Nursery
    address: tuple[str, int] | None
    _ended: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def end(self) -> None:
        """Kill the node if it lives, and wait until it is dead."""
        with self._guard:
            if not self._ended:
                self._ended = True
                self.nursery.end()


def _nurse(data: Path) -> None:
    while line := sys.stdin.readline():
        heard, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(_LONGEST_LIFE)
            os.dup2(said, 1)
            os.closerange(3, said + 1)
            _arm(Death(**json.loads(line)))
            main(data)
        os.close(said)
        with os.fdopen(heard) as child:
            _say(child.readline().strip())
        sys.stdin.readline()
        os.kill(pid, signal.SIGKILL)  # it may be dead already, but its number is not given away before the next line
        os.waitpid(pid, 0)
        _say("dead")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _arm(death: Death) -> None:
    """Let this process die as is asked for."""
    if not death.step:
        return
    knife = _Knife(death)
    if death.step.startswith("sql:"):
        _arm_sqlite(death.step.removeprefix("sql:"), knife)
    else:
        setattr(os, death.step, _mortal(getattr(os, death.step), knife))


class _Knife:
    def __init__(self, death: Death) -> None:
        self.death = death
        self._calls = 0
        self._guard = threading.Lock()

    def is_due(self) -> bool:
        """Whether this call is the one."""
        with self._guard:
            self._calls += 1
            return self._calls == self.death.nth

    @staticmethod
    def strike() -> None:
        """Die."""
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(_LONGEST_LIFE)


def _mortal(call: Callable[..., Any], knife: _Knife) -> Callable[..., Any]:
    def mortal(*arguments: Any, **named: Any) -> Any:
        if not knife.is_due():
            return call(*arguments, **named)
        if knife.death.when == "middle" and isinstance(arguments[-1], bytes | memoryview):
            call(*arguments[:-1], arguments[-1][: len(arguments[-1]) // 2])
        elif knife.death.when == "middle" and len(arguments) > 1 and isinstance(arguments[1], list):
            call(arguments[0], arguments[1][: len(arguments[1]) // 2], *arguments[2:])
        elif knife.death.when == "after":
            call(*arguments, **named)
        knife.strike()
        return None

    return mortal


def _arm_sqlite(statement: str, knife: _Knife) -> None:
    connect = sqlite3.dbapi2.connect

    def mortal(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.set_trace_callback(told)
        return connection

    def told(begun: str) -> None:
        if begun.startswith(statement) and knife.is_due():
            if not knife.death.delay:
                knife.strike()
            threading.Timer(knife.death.delay, knife.strike).start()

    sqlite3.dbapi2.connect = mortal  # type: ignore[assignment]


if __name__ == "__main__":
    _nurse(Path(sys.argv[1]))

"""Commands of `dokuei` one after the other in one process, where starting a process for each would take longer."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed behind `dokuei`, and what it reads from standard input."""

    words: Sequence[str]
    stdin: str = ""


def run(commands: Sequence[Command], environ: Mapping[str, str] | None = None) -> list[str]:
    """What each printed. Raises RuntimeError with what the first one said that failed; those behind it were not run."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.commands"],
        input=json.dumps([asdict(each) for each in commands]),
        capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=ROOT, env={**os.environ, **(environ or {})},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    printed: list[str] = json.loads(done.stdout)
    return printed


def _run_here(commands: Sequence[Mapping[str, object]]) -> int:
    # Only in the process that is started for it: the benchmarks themselves know none of the hub's code.
    main = importlib.import_module("dokuei.cli.main").main
    printed = []
    for each in commands:
        command = Command(**each)  # type: ignore[arg-type]
        done = CliRunner().invoke(main, list(command.words), input=command.stdin, prog_name="dokuei")
        if done.exit_code:
            why = done.stderr.strip() or repr(done.exception)
            sys.stderr.write(f"dokuei {' '.join(command.words)}: {why}\n")
            return 1
        printed.append(done.stdout.strip())
    print(json.dumps(printed))
    return 0


if __name__ == "__main__":
    sys.exit(_run_here(json.load(sys.stdin)))

"""`python -m tests.fuzz [TARGET] [--minutes N]`: a target, or one after the other, driven by atheris.

What is found lies in the corpus folder and is used again the next time; an input that fails is written to
`crash-…` there, and the run ends with its traceback. Each target has a process of its own, as libFuzzer wants it.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

_LONGEST_INPUT = 4096
_MOST_MEGABYTES = 1024
_SECONDS_FOR_ONE = 10


def main() -> int:
    """Read the words of the command line and fuzz; returns the exit code."""
    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    words.add_argument("target", nargs="?", help="one target; else all")
    words.add_argument("--minutes", type=float, default=5.0, help="for each target")
    words.add_argument("--runs", type=int, default=-1, help="inputs for each target, if fewer")
    words.add_argument("--corpus", type=Path, default=Path("artefacts/fuzz"), help="a folder of the corpus")
    said = words.parse_args()
    atheris = _atheris()
    if said.target is None:
        return _all(said.minutes, said.corpus)
    with atheris.instrument_imports(include=["pacs_node"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - atheris sees what is imported here
    if said.target not in TARGETS:
        words.error(f"no such target: {said.target}; there are {', '.join(TARGETS)}")
    target, folder = TARGETS[said.target], said.corpus / said.target
    folder.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    options = {
        "max_total_time": int(60 * said.minutes),
        "runs": said.runs,
        "max_len": _LONGEST_INPUT,
        "rss_limit_mb": _MOST_MEGABYTES,
        "timeout": _SECONDS_FOR_ONE,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
        "verbosity": 1,
    }
    atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(folder)], target.run)
    atheris.Fuzz()
    return 0


def _all(minutes: float, corpus: Path) -> int:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - only their names are wanted in this process

    failed = []
    for name in TARGETS:
        words = [sys.executable, "-m", "tests.fuzz", name, "--minutes", str(minutes), "--corpus", str(corpus)]
        if subprocess.run(words, check=False, timeout=60 * minutes + 300).returncode:
            failed.append(name)
    return len(failed)


def _atheris() -> ModuleType:
    try:
        import atheris  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - of an extra of its own
    except ImportError as error:
        sys.exit(f"atheris is missing ({error}); it comes with the extra 'fuzz': uv pip install -e '.[fuzz]'")
    return atheris  # type: ignore[no-any-return, unused-ignore]


if __name__ == "__main__":
    sys.exit(main())

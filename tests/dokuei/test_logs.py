"""Log lines: one JSON object each, whoever writes them, and the last `configure` counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def lines(program: str) -> list[dict[str, Any]]:
    """What a program of its own writes to standard error, each line read as JSON."""
    preface = "import logging, warnings, structlog\nfrom dokuei import logs\nlog = structlog.get_logger('ours')\n"
    done = subprocess.run(
        [sys.executable, "-c", preface + program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_one_json_object() -> None:
    told = lines("""
logs.configure("INFO")
log.info("ours.said", thing="読影", odd=object)
logging.getLogger("pynetdicom.acse").warning("two\\nlines %d", 2)
logging.getLogger("uvicorn.error").error("theirs")
warnings.warn("careful")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("ours.failed")
    logging.getLogger("uvicorn.error").exception("theirs.failed")
""")
    assert [(each["level"], each.get("logger"), each["event"].splitlines()[0][-13:]) for each in told] == [
        ("info", None, "ours.said"),
        ("warning", "pynetdicom.acse", "two"),
        ("error", "uvicorn.error", "theirs"),
        ("warning", "py.warnings", "ning: careful"),
        ("error", None, "ours.failed"),
        ("error", "uvicorn.error", "theirs.failed"),
    ]
    assert told[0]["thing"] == "読影"
    assert ["ZeroDivisionError" in each["exception"] for each in told[4:]] == [True, True]
    assert all(each["timestamp"].endswith("Z") for each in told)


def test_the_last_call_counts() -> None:
    told = lines("""
logs.configure("WARNING")
log.info("not heard")
logs.configure("DEBUG")
log.debug("heard")
logs.configure("ERROR")
log.warning("not heard")
logging.getLogger("library").warning("not heard")
logging.getLogger("library").error("heard too")
""")
    assert [each["event"] for each in told] == ["heard", "heard too"]


def test_libraries_are_heard_from_warning_on() -> None:
    told = lines("""
logs.configure("DEBUG")
logging.getLogger("library").info("not heard")
logging.getLogger("library").warning("heard")
""")
    assert [each["event"] for each in told] == ["heard"]


def test_what_is_bound_to_a_request_stands_in_libraries_lines_too() -> None:
    told = lines("""
logs.configure("INFO")
with structlog.contextvars.bound_contextvars(request_id="abc"):
    log.info("ours")
    logging.getLogger("library").warning("theirs")
""")
    assert [each["request_id"] for each in told] == ["abc", "abc"]

"""The locks pin every package with its hash, fit what is asked for, and name no place to download from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("uv", "runtime", "dev")
BUILD_TOOLS = {"editables", "hatchling"}


def _pins(name: str) -> dict[str, str]:
    """Each pinned package with the text of its entry; one package may be pinned once for each Python version."""
    pins: dict[str, str] = {}
    for entry in re.split(r"^(?=[A-Za-z0-9])", (REQUIREMENTS / f"{name}.lock").read_text(), flags=re.MULTILINE):
        if match := re.match(r"([A-Za-z0-9._-]+)==", entry):
            pins[match[1]] = pins.get(match[1], "") + entry
    return pins


def _wanted(name: str) -> set[str]:
    lines = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    return {re.split(r"[=<>\[ ]", line)[0] for line in lines if line and line[0] not in "#-"}


def _versions(pins: dict[str, str]) -> dict[str, list[str]]:
    return {name: re.findall(r"^[A-Za-z0-9._-]+==([^ ;\\]+)", text, re.MULTILINE) for name, text in pins.items()}


def _node_packages() -> dict[str, Any]:
    packages = json.loads((ROOT / "viewer_static/package-lock.json").read_text())["packages"]
    return {name: entry for name, entry in packages.items() if name}


@pytest.mark.parametrize("name", LOCKS)
def test_a_python_lock_pins_everything_by_hash(name: str) -> None:
    pins = _pins(name)
    without = [package for package, text in pins.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", text)]
    assert pins
    assert [] == without


@pytest.mark.parametrize("name", LOCKS)
def test_a_python_lock_names_no_host(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.lock").read_text()
    assert [] == re.findall(r"\S*://\S*|--(?:extra-)?index-url.*|--find-links.*", text)


@pytest.mark.parametrize("name", LOCKS)
def test_a_python_lock_holds_what_is_asked_for(name: str) -> None:
    assert set() == _wanted(name) - set(_pins(name))


def test_tests_run_on_the_versions_that_the_hub_runs_on() -> None:
    runtime, dev = _versions(_pins("runtime")), _versions(_pins("dev"))
    assert runtime == {name: dev.get(name) for name in runtime}


def test_the_project_asks_for_what_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[=<>\[ ]", dependency)[0] for dependency in project["dependencies"]}
    assert named == _wanted("runtime") - BUILD_TOOLS


def test_every_runtime_package_stands_with_its_licence_in_the_records() -> None:
    record = (ROOT / "docs/decisions/0008-dependencies.md").read_text()
    assert set(_pins("runtime")) == set(
        re.findall(r"^\| `([a-z0-9._-]+)` \| .+ \| [^|]*[A-Za-z]", _python_part(record), re.MULTILINE)
    )


def _python_part(record: str) -> str:
    return record.partition("## In the browser")[0]


def test_the_browser_lock_pins_everything_by_hash() -> None:
    packages = _node_packages()
    assert packages
    assert [] == [name for name, entry in packages.items() if not entry.get("link") and "integrity" not in entry]


def test_the_browser_lock_names_no_host_to_download_from() -> None:
    assert [] == [name for name, entry in _node_packages().items() if "resolved" in entry]

"""No tracked file names a folder of somebody's machine or a host that packages come from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Put together from pieces, so that this file does not hold what it looks for.
HOSTS = [
    ("registry", "npmjs"),
    ("registry", "yarnpkg"),
    ("npmmirror", "com"),
    ("pypi", "org"),
    ("files", "pythonhosted"),
    ("deb", "debian"),
    ("pkg", "dev"),
    ("jfrog", "io"),
]
FOLDERS = [("home", r"[a-z][a-z0-9_-]*/"), ("Users", r"[A-Za-z]"), ("root", r"[\w.]"), ("work", r"[\w.]")]
PATTERNS = [rf"\b{first}\.{second}\b" for first, second in HOSTS] + [
    rf"(?<![\w.$}}~/-])/{top}/{below}" for top, below in FOLDERS
]


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_there_are_files_to_look_at() -> None:
    assert ROOT / "pyproject.toml" in _tracked()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_tracked_file_holds(pattern: str) -> None:
    sought = re.compile(pattern.encode())
    found = []
    for path in _tracked():
        content = path.read_bytes()
        if b"\0" not in content and (match := sought.search(content)):
            found.append(f"{path.relative_to(ROOT)}: {match[0].decode()}")
    assert [] == found


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("see " + "/" + "home/somebody/project", True),
        ("file://" + "/" + "root/.cache", False),  # a URL's third slash; no reader mistakes it for ours
        ("GET /dicomweb/studies", False),
        ("https://files." + "pythonhosted.org/x", True),
        ("docs/home/page/", False),
    ],
)
def test_the_patterns_find_what_they_should(text: str, foreign: bool) -> None:
    assert foreign is any(re.search(pattern, text) for pattern in PATTERNS)

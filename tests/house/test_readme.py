"""The README is short and true: every command in it exists, and every path that a document links to is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from dokuei.cli.main import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MOST_LINES = 60


def _code(document: Path) -> str:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)
    return "\n".join(code for language, code in blocks if language == "sh")


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _known(words: list[str]) -> bool:
    """Whether the words after `dokuei` lead to a command, options and arguments aside."""
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group):
            return True
        found = command.get_command(click.Context(command), word)
        if found is None:
            return False
        command = found
    return not isinstance(command, click.Group)


def test_the_readme_is_short() -> None:
    assert MOST_LINES >= len(README.read_text().splitlines())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_code_block_exists(document: Path) -> None:
    code = _code(document)
    unknown_targets = set(re.findall(r"^make ([a-z]+)", code, re.MULTILINE)) - _targets()
    commands = re.findall(r"^(?:\S*/)?dokuei +(.+)$", code, re.MULTILINE)
    unknown_commands = [line for line in commands if not _known(line.split())]
    assert (set(), []) == (unknown_targets, unknown_commands)


def test_the_readme_shows_the_two_commands() -> None:
    assert {"run", "test"} <= set(re.findall(r"^make ([a-z]+)", _code(README), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_is_linked_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [] == [link for link in local if not (document.parent / link).exists()]


def _anchors(document: Path) -> set[str]:
    """Where a link may point to within a page, as GitHub and others name its headings."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_heading_that_is_linked_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", document.read_text())
    target = {(page, to): (document.parent / page) if page else document for page, to in links}
    assert [] == [link for link, there in target.items() if link[1] not in _anchors(there)]


def test_every_page_is_reached_from_the_readme() -> None:
    reached, left = set(), [README]
    while left:
        page = left.pop()
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s:]+)[^)]*\)", page.read_text())
        linked = {(page.parent / link).resolve() for link in links}
        linked |= {page for folder in linked if folder.is_dir() for page in folder.glob("README.md")}
        left += sorted(path for path in linked - reached if path.suffix == ".md")
    assert set(DOCUMENTS) - reached == set()


def test_the_readme_maps_every_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/py.typed")} | {"viewer_static", "test_data", "benchmarks"}
    mapped = set(re.findall(r"^\| `([a-z_]+)/`", README.read_text(), re.MULTILINE))
    assert packages == mapped


def test_make_says_what_it_can_do() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert _targets() - {"help"} <= set(re.findall(r"make ([a-z]+)", told.stdout))

"""Every event that a room tells of stands in docs/architecture.md beside the room's name, and no other does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _told() -> set[tuple[str, str]]:
    found = set()
    for path in ROOT.glob("*/events.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.add((node.name, path.parent.name))
    return found


def test_the_table_of_events_is_true() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert _told() == set(re.findall(r"^\| `([A-Z]\w+)` \| `(\w+)` \|", page, re.MULTILINE))

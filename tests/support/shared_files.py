"""The real DICOM files beside the repository, for tests that want them; none of them is ever copied here."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("DOKUEI_TEST_DICOM") or Path(__file__).parents[3] / "shared" / "dicom")

needs_shared_files = pytest.mark.skipif(
    not (FOLDER / "index.csv").is_file(),
    reason="the folder of real DICOM files is not beside the repository (DOKUEI_TEST_DICOM names another)",
)


def index() -> list[dict[str, str]]:
    """The lines of index.csv; none where the folder is absent."""
    if not (FOLDER / "index.csv").is_file():
        return []
    with (FOLDER / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def charset_expected() -> Mapping[str, Mapping[str, str]]:
    """The texts that a correct reader shows, by file and keyword."""
    if not (FOLDER / "charset_expected.json").is_file():
        return {}
    expected: Mapping[str, Mapping[str, str]] = json.loads((FOLDER / "charset_expected.json").read_text("utf-8"))
    return expected

"""Demo studies, drawn once for all the tests that look at them."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import pydicom
import pytest
from pydicom.dataset import FileDataset

from test_data.catalogue import study_named
from test_data.generate import generate


@cache
def _files(name: str) -> tuple[tuple[str, bytes], ...]:
    return tuple(generate(study_named(name)))


@pytest.fixture(scope="session")
def files_of() -> Callable[[str], tuple[tuple[str, bytes], ...]]:
    """The files of a demo study by its name."""
    return _files


@pytest.fixture(scope="session")
def images_of() -> Callable[[str], list[FileDataset]]:
    """The instances of a demo study by its name, read anew for each caller."""
    return lambda name: [pydicom.dcmread(io.BytesIO(content)) for _, content in _files(name)]

"""Proves that metadata of every character set come as the text that they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom import dcmread

from dicomweb.dicom_json.dataset import DatasetWriter
from tests.support.shared_files import FOLDER, charset_expected, needs_shared_files

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def texts(answer: dict[str, Any]) -> Iterator[object]:
    """Every value of a data set and its items; names with their groups between `=`."""
    for element in answer.values():
        for value in element.get("Value", []):
            if element["vr"] == "SQ":
                yield from texts(value)
            elif isinstance(value, dict):
                yield "=".join(value.get(group, "") for group in _GROUPS).rstrip("=")
            else:
                yield value


@needs_shared_files
@pytest.mark.parametrize("path", list(charset_expected()))
def test_the_texts_of_a_real_file(path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom tells of odd names of sets, and reads them
        told = set(texts(DatasetWriter(lambda element: element).write(dcmread(FOLDER / path))))
    assert set(charset_expected()[path].values()) <= told

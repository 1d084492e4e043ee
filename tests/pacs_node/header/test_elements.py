"""Proves that the walk over a data set ends after a bounded number of elements, whatever was sent."""

from __future__ import annotations

import io

import pytest

from pacs_node.header.elements import MOST_ELEMENTS, BrokenDataSet, read_elements

_STUDY = 0x0020000D
_AFTER = b"\x20\0\x0d\0\x04\0\0\x001.2\0"
_OPEN, _CLOSE = b"\x08\0\x40\x11\xff\xff\xff\xff", b"\xfe\xff\xdd\xe0\0\0\0\0"
_EMPTY_ITEM = b"\xfe\xff\0\xe0\0\0\0\0"
_EMPTY_ELEMENT = b"\x08\0\x18\0\0\0\0\0"


def walk(file: io.BytesIO) -> dict[int, bytes]:
    """What is found of StudyInstanceUID."""
    found, _ = read_elements(file, explicit=False, big_endian=False, wanted={_STUDY}, last_tag=_STUDY)
    return found


@pytest.mark.parametrize(("before", "one", "after"), [(_OPEN, _EMPTY_ITEM, _CLOSE), (b"", _EMPTY_ELEMENT, b"")])
def test_many_elements_are_read_but_not_any_number(before: bytes, one: bytes, after: bytes) -> None:
    assert {_STUDY: b"1.2\0"} == walk(io.BytesIO(before + one * (MOST_ELEMENTS - 3) + after + _AFTER))
    endless = io.BytesIO(before + one * (5 * MOST_ELEMENTS) + after + _AFTER)
    with pytest.raises(BrokenDataSet):
        walk(endless)
    assert endless.tell() <= (MOST_ELEMENTS + 1) * len(one)

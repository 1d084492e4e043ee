"""Proves that a range gives the bytes that a slice gives, and that what is no range gives the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from dicomweb.errors import BrokenPixelData, RangeNotThere
from dicomweb.http.pieces import FileRange, NotAtOnce, Piece, read, read_at_once, total
from dicomweb.http.ranges import asked_range, part_of

TAG = '"tag"'


def asked(header: str, length: int = 100, **others: str) -> tuple[int, int] | None:
    headers = {"range": header, **others}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return asked_range(Request({"type": "http", "method": "GET", "headers": raw}), TAG, length)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=99-99", (99, 100)),
        ("BYTES = 1 - 2", (1, 3)),
        ("bytes=0-1,3-4", None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("", None),
    ],
)
def test_a_range_is_read(header: str, found: tuple[int, int] | None) -> None:
    assert asked(header) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(RangeNotThere) as raised:
        asked(header)
    assert raised.value.details == {"length": 100}


def test_a_range_of_another_version_is_passed_over() -> None:
    assert asked("bytes=0-1", if_range=TAG) == (0, 2)
    assert asked("bytes=0-1", if_range='"other"') is None
    assert asked("bytes=0-1", if_range=f"W/{TAG}") is None


@given(data=st.data())
def test_a_part_of_pieces_is_a_slice_of_their_bytes(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "file"
    content = bytes(range(200))
    path.write_bytes(content)
    pieces: list[Piece] = []
    together = b""
    for _ in range(data.draw(st.integers(1, 5))):
        offset, length = data.draw(st.integers(0, 100)), data.draw(st.integers(0, 100))
        if data.draw(st.booleans()):
            pieces.append(FileRange(path, offset, length))
        else:
            pieces.append(content[offset : offset + length])
        together += content[offset : offset + length]
    assert total(pieces) == len(together)
    assert bytes(read(pieces)) == together
    first = data.draw(st.integers(0, len(together)))
    end = data.draw(st.integers(first, len(together)))
    assert bytes(read([*part_of(pieces, first, end)])) == together[first:end]


def test_a_file_that_is_too_short_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with pytest.raises(BrokenPixelData):
        read([FileRange(tmp_path / "file", 0, 6)])
    with pytest.raises(NotAtOnce):
        read_at_once([FileRange(tmp_path / "file", 0, 6)])
    with pytest.raises(NotAtOnce):
        read_at_once([FileRange(tmp_path / "none", 0, 6)])
    with pytest.raises(FileNotFoundError):
        read([FileRange(tmp_path / "none", 0, 6)])

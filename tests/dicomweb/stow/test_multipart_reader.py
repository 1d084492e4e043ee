"""Proves that multipart bodies are read the same however they are cut, and that a cut-off one is noticed."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicomweb.errors import BrokenMultipart
from dicomweb.stow.multipart_reader import MultipartReader, PartBegun, PartData, PartEnded

BOUNDARY = "b0undary"
Part = tuple[dict[str, str], bytes]


def read(chunks: list[bytes], boundary: str = BOUNDARY) -> list[Part]:
    """The whole parts; raises BrokenMultipart at the end of a body that is cut off."""
    reader = MultipartReader(boundary)
    parts: list[Part] = []
    headers: dict[str, str] = {}
    content = b""
    for chunk in chunks:
        for told in reader.feed(chunk):
            match told:
                case PartBegun():
                    headers, content = told.headers, b""
                case PartData(data):
                    content += data
                case PartEnded():
                    parts.append((headers, content))
    reader.close()
    return parts


def body(*contents: bytes, preamble: bytes = b"", epilogue: bytes = b"") -> bytes:
    parts = b"".join(b"--b0undary\r\nContent-Type: application/dicom\r\n\r\n" + each + b"\r\n" for each in contents)
    return preamble + parts + b"--b0undary--" + epilogue


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


# Contents made of what boundaries are made of, so that almost-boundaries are common.
_PIECES = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"-", b"\r\n--", b"b0undary", b"\r\n--b0undar", b"\r\n--b0undaryX", b"x", b"\0" * 50]
    ),
    max_size=12,
)
_CONTENT = _PIECES.map(b"".join).filter(
    lambda content: not re.search(rb"\r\n--b0undary(--|[ \t]*\r\n)", content + b"\r\n")
)


@given(
    st.lists(_CONTENT, max_size=4),
    st.lists(st.integers(0, 2000), max_size=8),
    st.sampled_from([b"", b"\r\n", b"hi\r\n"]),
)
@example([b"\r\n--b0undaryX"], [], b"")
@example([b""], [1, 2, 3, 4], b"")
def test_any_cut_gives_the_same_parts(contents: list[bytes], places: list[int], preamble: bytes) -> None:
    data = body(*contents, preamble=preamble, epilogue=b"\r\nepilogue")
    assert contents == [content for _, content in read(cut(data, places))]
    assert contents == [content for _, content in read([data[i : i + 1] for i in range(len(data))])]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_cut_anywhere_come_to_the_same_end(data: bytes, places: list[int]) -> None:
    def end_of(chunks: list[bytes]) -> object:
        try:
            return read(chunks)
        except BrokenMultipart as error:
            return error.details

    framed = b"--b0undary" + data
    assert end_of([framed]) == end_of(cut(framed, places))


@given(st.lists(_CONTENT, min_size=1, max_size=3), st.integers(1, 10_000))
def test_a_body_that_ends_early_is_noticed(contents: list[bytes], place: int) -> None:
    data = body(*contents)
    with pytest.raises(BrokenMultipart):
        read([data[: place % len(data)]])


def test_headers_are_read_in_any_case_and_padding_after_a_boundary_is_allowed() -> None:
    data = b"--b0undary \t\r\nCONTENT-type:  application/dicom \r\nX-Other: a:b\r\n\r\nhello\r\n--b0undary--"
    assert read([data]) == [({"content-type": "application/dicom", "x-other": "a:b"}, b"hello")]


def test_a_part_without_headers() -> None:
    assert read([b"--b0undary\r\n\r\nhello\r\n--b0undary--"]) == [({}, b"hello")]


@pytest.mark.parametrize("boundary", ["", " ", "a" * 71, "ends with space ", 'quo"te', "日本"])
def test_a_boundary_that_is_none(boundary: str) -> None:
    with pytest.raises(BrokenMultipart):
        MultipartReader(boundary)


def test_headers_without_end_do_not_fill_the_memory() -> None:
    with pytest.raises(BrokenMultipart):
        read([b"--b0undary\r\n", *[b"X: " + b"y" * 1000] * 20])


def test_a_header_line_without_a_name() -> None:
    with pytest.raises(BrokenMultipart):
        read([b"--b0undary\r\nnothing\r\n\r\nhello\r\n--b0undary--"])

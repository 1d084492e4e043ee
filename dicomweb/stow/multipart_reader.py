"""Reading multipart/related (RFC 2046 section 5.1, RFC 2387) from chunks as the network cuts them.

Nothing is kept but the headers of one part and the last few bytes that may begin a boundary, so a part
may be of any size. What is told depends on the bytes only, never on where they were cut. The bytes of a part
are told as views of the chunks they came in: nothing is copied but what lies across the edge of two chunks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from dicomweb.errors import BrokenMultipart

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_MOST_HEADER_BYTES = 8192
_MOST_PADDING = 256


@dataclass(frozen=True, slots=True)
class PartBegun:
    """A part begins; header names are in lower case."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """More bytes of the part."""

    data: memoryview


@dataclass(frozen=True, slots=True)
class PartEnded:
    """The part is whole."""


Told = PartBegun | PartData | PartEnded


class _State(Enum):
    PREAMBLE = auto()
    AFTER_DELIMITER = auto()
    HEADERS = auto()
    BODY = auto()
    END = auto()


class MultipartReader:
    """Fed with chunks, tells of parts; `close` says whether the body was whole."""

    def __init__(self, boundary: str) -> None:
        if not _BOUNDARY.fullmatch(boundary):
            raise BrokenMultipart(reason="the boundary parameter is missing or not valid")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # The first boundary may stand at the very beginning, where no line end comes before it.
        self._held = b"\r\n"
        """What has been read and not been decided on: a few bytes, or the headers of a part as far as they came."""
        self._at = 0
        """How far the bytes in hand have been told of."""
        self._state = _State.PREAMBLE
        self._in_part = False

    def feed(self, chunk: bytes) -> Iterator[Told]:
        """Take the next bytes. Raises BrokenMultipart where they can't be multipart."""
        data = self._held + chunk if self._held else chunk
        self._at = 0
        while True:
            before = self._state, self._at
            match self._state:
                case _State.PREAMBLE | _State.BODY:
                    yield from self._until_delimiter(data)
                case _State.AFTER_DELIMITER:
                    yield from self._after_delimiter(data)
                case _State.HEADERS:
                    yield from self._headers(data)
                case _State.END:
                    self._held = b""
                    return
            if before == (self._state, self._at):
                self._held = data[self._at :]
                return

    def close(self) -> None:
        """Say that no more bytes come. Raises BrokenMultipart unless the closing boundary was there."""
        # The line end after the closing boundary is optional, so `--` alone has ended it already.
        if self._state is not _State.END:
            raise BrokenMultipart(reason="the body ends before its closing boundary")

    def _until_delimiter(self, data: bytes) -> Iterator[Told]:
        begin, place = self._at, data.find(self._delimiter, self._at)
        if place >= 0:
            end, self._at = place, place + len(self._delimiter)
            self._state = _State.AFTER_DELIMITER
        else:
            self._at = end = self._undecided(data)
        if end > begin and self._in_part:
            yield PartData(memoryview(data)[begin:end])

    def _undecided(self, data: bytes) -> int:
        """Where the tail begins that may be the beginning of a delimiter whose rest has not come yet."""
        place = data.find(b"\r", max(self._at, len(data) - len(self._delimiter) + 1))
        while place >= 0:
            if self._delimiter.startswith(data[place:]):
                return place
            place = data.find(b"\r", place + 1)
        return len(data)

    def _after_delimiter(self, data: bytes) -> Iterator[Told]:
        begin = self._at
        if data.startswith(b"--", begin):
            yield from self._end_part()
            self._state, self._at = _State.END, len(data)
            return
        line_end = data.find(b"\r\n", begin, begin + _MOST_PADDING + 2)
        if line_end < 0:
            undecided = data[begin : begin + _MOST_PADDING + 2].removesuffix(b"\r")
            if undecided == b"-" or (not undecided.strip(b" \t") and len(undecided) <= _MOST_PADDING):
                return
        elif not data[begin:line_end].strip(b" \t"):
            yield from self._end_part()
            self._state, self._at = _State.HEADERS, line_end + 2
            return
        # A longer word that only begins like the boundary: these bytes are data after all.
        self._state = _State.BODY if self._in_part else _State.PREAMBLE
        if self._in_part:
            yield PartData(memoryview(self._delimiter))

    def _headers(self, data: bytes) -> Iterator[Told]:
        begin = self._at
        if data.startswith(b"\r\n", begin):
            end, rest = begin, begin + 2
        else:
            end = data.find(b"\r\n\r\n", begin, begin + _MOST_HEADER_BYTES + 4)
            if end < 0:
                if len(data) - begin >= _MOST_HEADER_BYTES + 4:
                    raise BrokenMultipart(reason="the headers of a part do not end")
                return
            rest = end + 4
        headers = _read_headers(data[begin:end])
        self._at, self._state, self._in_part = rest, _State.BODY, True
        yield PartBegun(headers)

    def _end_part(self) -> Iterator[Told]:
        if self._in_part:
            self._in_part = False
            yield PartEnded()


def _read_headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split(b"\r\n") if block else []:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name.strip():
            raise BrokenMultipart(reason="a part has a header line without a name")
        headers[name.strip().lower()] = value.strip()
    return headers

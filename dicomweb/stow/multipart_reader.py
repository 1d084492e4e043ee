"""Reading multipart/related (RFC 2046 section 5.1, RFC 2387) from chunks as the network cuts them.

Nothing is kept but the headers of one part and the last few bytes that may begin a boundary, so a part
may be of any size. What is told depends on the bytes only, never on where they were cut.
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

    data: bytes


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
        self._state = _State.PREAMBLE
        self._in_part = False

    def feed(self, chunk: bytes) -> Iterator[Told]:
        """Take the next bytes. Raises BrokenMultipart where they can't be multipart."""
        self._held += chunk
        while True:
            before = self._state, len(self._held)
            match self._state:
                case _State.PREAMBLE | _State.BODY:
                    yield from self._until_delimiter()
                case _State.AFTER_DELIMITER:
                    yield from self._after_delimiter()
                case _State.HEADERS:
                    yield from self._headers()
                case _State.END:
                    self._held = b""
                    return
            if before == (self._state, len(self._held)):
                return

    def close(self) -> None:
        """Say that no more bytes come. Raises BrokenMultipart unless the closing boundary was there."""
        # The line end after the closing boundary is optional, so `--` alone has ended it already.
        if self._state is not _State.END:
            raise BrokenMultipart(reason="the body ends before its closing boundary")

    def _until_delimiter(self) -> Iterator[Told]:
        place = self._held.find(self._delimiter)
        if place >= 0:
            data, self._held = self._held[:place], self._held[place + len(self._delimiter) :]
            self._state = _State.AFTER_DELIMITER
        else:
            # The tail may be the beginning of a delimiter whose rest has not come yet.
            keep = min(len(self._held), len(self._delimiter) - 1)
            cut = self._held.find(b"\r", len(self._held) - keep)
            cut = len(self._held) if cut < 0 else cut
            data, self._held = self._held[:cut], self._held[cut:]
        if data and self._in_part:
            yield PartData(data)

    def _after_delimiter(self) -> Iterator[Told]:
        if self._held.startswith(b"--"):
            yield from self._end_part()
            self._state, self._held = _State.END, b""
            return
        padding, line_end, rest = self._held.partition(b"\r\n")
        if not line_end:
            undecided = self._held.removesuffix(b"\r")
            if undecided == b"-" or (not undecided.strip(b" \t") and len(undecided) <= _MOST_PADDING):
                return
        if line_end and len(padding) <= _MOST_PADDING and not padding.strip(b" \t"):
            yield from self._end_part()
            self._state, self._held = _State.HEADERS, rest
            return
        # A longer word that only begins like the boundary: these bytes are data after all.
        self._state = _State.BODY if self._in_part else _State.PREAMBLE
        if self._in_part:
            yield PartData(self._delimiter)

    def _headers(self) -> Iterator[Told]:
        if self._held.startswith(b"\r\n"):
            block, rest = b"", self._held[2:]
        else:
            block, end, rest = self._held.partition(b"\r\n\r\n")
            if not end:
                if len(self._held) > _MOST_HEADER_BYTES + len(b"\r\n\r"):
                    raise BrokenMultipart(reason="the headers of a part do not end")
                return
        if len(block) > _MOST_HEADER_BYTES:
            raise BrokenMultipart(reason="the headers of a part are too long")
        headers = _read_headers(block)
        self._held, self._state, self._in_part = rest, _State.BODY, True
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

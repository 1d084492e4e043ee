"""Writing multipart/related (RFC 2387) piece by piece, so that a body of any size needs little memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers and its bytes in pieces."""

    content_type: str
    pieces: Iterable[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


class MultipartWriter:
    """One multipart/related body; `content_type` goes into the header, `body` on the wire."""

    def __init__(self, kind: str) -> None:
        # 128 random bits: no pixel data can be made to contain it.
        self._boundary = secrets.token_hex(16)
        self.content_type = f'multipart/related; type="{kind}"; boundary={self._boundary}'

    def opening(self, content_type: str, headers: Mapping[str, str], *, first: bool) -> bytes:
        """What stands before a part's bytes."""
        named = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        before = "" if first else "\r\n"
        return f"{before}--{self._boundary}\r\nContent-Type: {content_type}\r\n{named}\r\n".encode()

    @property
    def closing(self) -> bytes:
        """What stands behind the last part."""
        return f"\r\n--{self._boundary}--\r\n".encode()

    def body(self, parts: Iterable[Part]) -> Iterator[bytes]:
        """The bytes, each part's pieces as they come."""
        first = True
        for part in parts:
            yield self.opening(part.content_type, part.headers, first=first)
            yield from part.pieces
            first = False
        yield self.closing

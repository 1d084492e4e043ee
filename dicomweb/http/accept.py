"""Reading the Accept header (RFC 9110 section 12.5.1, PS3.18 sections 8.3.3.1 and 8.7.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110's word for a bare value
_TYPE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*")
# A bare value may hold a slash here: clients leave out the quotes that RFC 9110 asks for in type=application/dicom.
_PARAMETER = re.compile(rf';\s*(?:({_TOKEN})\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*)\s*)?')
_MOST_RANGES = 64
_KEPT_LENGTH = 500  # clients say the same few headers all day; nobody's long one is remembered
ANY = "*/*"


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One thing that a client accepts.

    For `multipart/related; type="image/jpeg"` the media type is `image/jpeg` and `multipart` is true.
    """

    media_type: str
    multipart: bool
    transfer_syntax: str | None
    q: float

    def matches(self, media_type: str) -> bool:
        """Whether a concrete media type falls under this range."""
        kind, _, subtype = self.media_type.partition("/")
        offered_kind, _, offered_subtype = media_type.partition("/")
        return kind in ("*", offered_kind) and subtype in ("*", offered_subtype)

    @property
    def is_anything(self) -> bool:
        """Whether the client leaves the choice to us entirely: `*/*`, not inside a multipart."""
        return self.media_type == ANY and not self.multipart and self.transfer_syntax is None

    @property
    def specificity(self) -> int:
        """How exactly it is said: more parts named, more exact."""
        named = sum(part != "*" for part in self.media_type.split("/"))
        return named + (self.transfer_syntax not in (None, "*"))


def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """What a client accepts, in its order; what can't be read is passed over, an empty header means `*/*`."""
    return _parsed_before(header) if len(header) <= _KEPT_LENGTH else _parsed(header)


def _parsed(header: str) -> tuple[MediaRange, ...]:
    if not header.strip():
        return (MediaRange(ANY, False, None, 1.0),)
    ranges: list[MediaRange] = []
    for element in _elements(header):
        found = _range(element)
        if found is not None:
            ranges.append(found)
        if len(ranges) == _MOST_RANGES:
            break
    return tuple(ranges)


_parsed_before = lru_cache(maxsize=1024)(_parsed)


def choose(ranges: Iterable[MediaRange], offer: Callable[[MediaRange], T | None]) -> T | None:
    """The best of what `offer` has for any range: by q, then by exactness, then in the client's order."""
    ranked = sorted((item for item in ranges if item.q > 0), key=lambda item: (-item.q, -item.specificity))
    return next((found for found in map(offer, ranked) if found is not None), None)


def _elements(header: str) -> Iterator[str]:
    """Split at commas that stand outside quotes."""
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(header):
        if escaped:
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            yield header[start:place]
            start = place + 1
    yield header[start:]


def parse_media_type(text: str) -> tuple[str, dict[str, str]] | None:
    """`type/subtype` in lower case and its parameters (names in lower case, quotes taken off); None if unreadable."""
    match = _TYPE.match(text)
    if match is None:
        return None
    media_type = f"{match[1]}/{match[2]}".lower()
    parameters: dict[str, str] = {}
    place = match.end()
    while place < len(text):
        found = _PARAMETER.match(text, place)
        if found is None:
            return None
        if found[1]:
            parameters.setdefault(found[1].lower(), _unquoted(found[2]))
        place = found.end()
    return media_type, parameters


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _range(element: str) -> MediaRange | None:
    parsed = parse_media_type(element)
    if parsed is None:
        return None
    media_type, parameters = parsed
    try:
        q = float(parameters.get("q", "1"))
    except ValueError:
        return None
    if not 0 <= q <= 1:
        return None
    multipart = media_type in {"multipart/related", "multipart/*"}
    if multipart:
        inner = parse_media_type(parameters.get("type", ANY))
        if inner is None:
            return None
        media_type = inner[0]
    return MediaRange(media_type, multipart, parameters.get("transfer-syntax") or None, q)

"""A data set in another of the native encodings (PS3.5 section 7), element by element, without decoding its values.

Texts keep their bytes, whatever they declare; numbers are turned round where the byte order changes; pixels are copied
in pieces. Sequences come out with undefined lengths, so that nothing need be known before it is written. Group
lengths, which are retired and would be wrong, are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import BinaryIO, Protocol

import numpy as np
from pydicom.datadict import dictionary_VR

from pacs_node.header.elements import BrokenDataSet, looks_explicit

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_WIDTHS = {"US": 2, "SS": 2, "OW": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "OF": 4, "OL": 4}
_WIDTHS |= {"FD": 8, "SV": 8, "UV": 8, "OD": 8, "OV": 8}
_DEEPEST = 64
_PIECE = 1 * 2**20
_LONGEST_SHORT = 0xFFFF
_PIXEL_REPRESENTATION = 0x00280103
_ICON_IMAGE_SEQUENCE = 0x00880200
_LONGEST_ICON = 16 * 2**20


class Out(Protocol):
    """What can be written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of it."""
        ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """One of the native encodings."""

    explicit: bool
    big_endian: bool = False

    @property
    def order(self) -> str:
        """Byte order as `struct` names it."""
        return ">" if self.big_endian else "<"


ENCODINGS = {
    "1.2.840.10008.1.2": Encoding(explicit=False),
    "1.2.840.10008.1.2.1": Encoding(explicit=True),
    "1.2.840.10008.1.2.2": Encoding(explicit=True, big_endian=True),
}
"""The native transfer syntaxes that are not deflated."""


def encoding_of(source: BinaryIO, offset: int, declared: Encoding) -> Encoding:
    """How the data set from `offset` on is encoded: some devices declare explicit VR and send implicit."""
    source.seek(offset)
    return declared if not declared.explicit or looks_explicit(source) else replace(declared, explicit=False)


Value = tuple[str, bytes]
"""VR and value, encoded for the output."""
Stream = tuple[str, int, Callable[[Out], None]]
"""VR, length in bytes, and what writes so many bytes."""
Changes = Mapping[int, Value | Stream | None]
"""By tag; None leaves the element out."""


@dataclass(slots=True)
class Rewriter:
    """Reads a data set from `source` in one encoding and writes it to `out` in another.

    `changes` are elements of the data set itself that are written instead of those that it has (or beside them); None
    leaves one out. `icon` gives those of an item of IconImageSequence whose pixels are compressed, as they may be where
    those of the data set are (PS3.5 section A.4), from its bytes and their encoding. `pixel_width` is the bytes of a
    word of PixelData that is turned round. With `fragments`, what is written is of the same encapsulated transfer
    syntax as what is read: compressed pixels, those of icons, are copied.
    """

    source: BinaryIO
    out: Out
    stored: Encoding
    wanted: Encoding
    changes: Changes = field(default_factory=dict)
    pixel_width: int = 2
    fragments: bool = False
    icon: Callable[[bytes, Encoding], Changes] | None = None
    _signed: bool = False

    def run(self, end: int) -> None:
        """Rewrite up to the position `end` of the source. Raises BrokenDataSet."""
        self._elements(end, self.stored, self.changes, depth=0)

    def _elements(self, end: int | None, encoding: Encoding, changes: Changes, depth: int) -> None:
        """Those up to `end`, or up to the end of their item."""
        due = sorted(changes)
        while end is None or self.source.tell() < end:
            tag, vr, length, inside = self.head(encoding)
            if tag == _ITEM_END and depth:
                break
            while due and due[0] < tag:
                self._write_change(due[0], changes[due.pop(0)])
            if due and due[0] == tag:
                self.skip(length, inside)
                self._write_change(tag, changes[due.pop(0)])
            else:
                self._element(tag, vr, length, inside, depth)
        for tag in due:
            self._write_change(tag, changes[tag])

    def _write_change(self, tag: int, change: Value | Stream | None) -> None:
        if change is None:
            return
        if len(change) == 2:  # noqa: PLR2004 - a value, not a stream
            vr, value = change
            self._write_head(tag, vr, len(value) + len(value) % 2)
            self.out.write(value + (b"\0" if vr in ("UI", "OB") else b" ") * (len(value) % 2))
            return
        vr, length, write = change
        self._write_head(tag, vr, length + length % 2)
        write(self.out)
        self.out.write(b"\0" * (length % 2))

    def head(self, encoding: Encoding) -> tuple[int, str, int, Encoding]:
        """Tag, VR, length and the encoding of what is inside, for a sequence or item."""
        head = self._read(8)
        group, number = struct.unpack_from(encoding.order + "HH", head)
        tag = group << 16 | number
        if group == 0xFFFE:  # noqa: PLR2004 - items and delimiters have no VR
            return tag, "", struct.unpack_from(encoding.order + "I", head, 4)[0], encoding
        if not encoding.explicit:
            return tag, self._vr_of(tag), struct.unpack_from(encoding.order + "I", head, 4)[0], encoding
        vr = head[4:6].decode("latin-1")
        if not (vr.isascii() and vr.isalpha() and vr.isupper()):
            raise BrokenDataSet(f"no value representation at ({group:04X},{number:04X})")
        if vr not in _LONG_VRS:
            return tag, vr, struct.unpack_from(encoding.order + "H", head, 6)[0], encoding
        length = struct.unpack(encoding.order + "I", self._read(4))[0]
        if vr == "UN" and length == UNDEFINED:
            # It holds a sequence in implicit VR little endian (PS3.5 section 6.2.2 note 4).
            return tag, "SQ", length, Encoding(explicit=False)
        return tag, vr, length, encoding

    def _element(self, tag: int, vr: str, length: int, encoding: Encoding, depth: int) -> None:
        if tag & 0xFFFF == 0 and length != UNDEFINED:
            self.skip(length, encoding)
            return
        if self.fragments and length == UNDEFINED and vr in ("OB", "OW"):
            self._copy_fragments(tag, vr, encoding)
            return
        if length == UNDEFINED and tag == PIXEL_DATA:
            raise BrokenDataSet("compressed pixels where none can be decoded")
        if vr == "SQ" or length == UNDEFINED:
            self._sequence(tag, length, encoding, depth)
            return
        if tag == _PIXEL_REPRESENTATION and depth == 0:
            self._signed = self._peek_number() == 1
        if self.wanted.explicit and vr not in _LONG_VRS and length > _LONGEST_SHORT:
            vr = "UN"
        self._write_head(tag, vr, length)
        width = self.pixel_width if tag == PIXEL_DATA and vr != "OB" else _WIDTHS.get(vr, 1)
        turned = encoding.big_endian is not self.wanted.big_endian and width > 1 and length % width == 0
        self._copy(length, width if turned else 1)

    def _sequence(self, tag: int, length: int, encoding: Encoding, depth: int) -> None:
        if depth >= _DEEPEST:
            raise BrokenDataSet("sequences are nested too deeply")
        self._write_head(tag, "SQ", UNDEFINED)
        end = None if length == UNDEFINED else self.source.tell() + length
        while end is None or self.source.tell() < end:
            inner, _, size, _ = self.head(encoding)
            if inner == _SEQUENCE_END:
                break
            if inner != _ITEM:
                raise BrokenDataSet("something else than an item in a sequence")
            self._write_head(_ITEM, "", UNDEFINED)
            changes = self._icon(size, encoding) if tag == _ICON_IMAGE_SEQUENCE and self.icon else {}
            self._item(size, encoding, depth, changes)
            self._write_head(_ITEM_END, "", 0)
        self._write_head(_SEQUENCE_END, "", 0)

    def _icon(self, length: int, encoding: Encoding) -> Changes:
        """What changes in the item of an icon that begins here; goes back to its beginning."""
        start, compressed = self.source.tell(), False
        end = None if length == UNDEFINED else start + length
        while end is None or self.source.tell() < end:
            tag, _, size, inside = self.head(encoding)
            if tag == _ITEM_END:
                self.source.seek(-8, 1)
                break
            compressed = compressed or (tag == PIXEL_DATA and size == UNDEFINED)
            self.skip(size, inside)
        size = self.source.tell() - start
        self.source.seek(start)
        if self.icon is None or not compressed:
            return {}
        if size > _LONGEST_ICON:
            raise BrokenDataSet(f"an icon of more than {_LONGEST_ICON} bytes")
        item = self._read(size)
        self.source.seek(start)
        return self.icon(item, encoding)

    def _copy_fragments(self, tag: int, vr: str, encoding: Encoding) -> None:
        """Encapsulated pixels as they are (PS3.5 section A.4)."""
        self._write_head(tag, vr, UNDEFINED)
        while True:
            inner, _, size, _ = self.head(encoding)
            if inner == _SEQUENCE_END:
                break
            if inner != _ITEM or size == UNDEFINED:
                raise BrokenDataSet("something else than a fragment in compressed pixels")
            self._write_head(_ITEM, "", size)
            self._copy(size, 1)
        self._write_head(_SEQUENCE_END, "", 0)

    def _item(self, length: int, encoding: Encoding, depth: int, changes: Changes | None = None) -> None:
        end = None if length == UNDEFINED else self.source.tell() + length
        self._elements(end, encoding, changes or {}, depth + 1)

    def skip(self, length: int, encoding: Encoding) -> None:
        """Go behind a value; one of undefined length is fragments of pixels or a sequence."""
        if length != UNDEFINED:
            self.source.seek(length, 1)
            return
        nowhere = Rewriter(self.source, Nowhere(), encoding, encoding, fragments=True)
        while True:
            tag, _, size, _ = nowhere.head(encoding)
            if tag == _SEQUENCE_END:
                return
            if size == UNDEFINED:
                nowhere._item(size, encoding, 0)
            else:
                self.source.seek(size, 1)

    def _write_head(self, tag: int, vr: str, length: int) -> None:
        order = self.wanted.order
        start = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
        if not vr or not self.wanted.explicit:
            self.out.write(start + struct.pack(order + "I", length))
        elif vr in _LONG_VRS:
            self.out.write(start + vr.encode("ascii") + b"\0\0" + struct.pack(order + "I", length))
        else:
            self.out.write(start + vr.encode("ascii") + struct.pack(order + "H", length))

    def _copy(self, length: int, width: int) -> None:
        while length:
            piece = self._read(min(length, _PIECE))
            self.out.write(np.frombuffer(piece, f"<u{width}").byteswap().tobytes() if width > 1 else piece)
            length -= len(piece)

    def _peek_number(self) -> int:
        value = self._read(2)
        self.source.seek(-2, 1)
        return int(struct.unpack(self.stored.order + "H", value)[0])

    def _read(self, count: int) -> bytes:
        data = self.source.read(count)
        if len(data) < count:
            raise BrokenDataSet("the data set ends in the middle of an element")
        return data

    def _vr_of(self, tag: int) -> str:
        vr = _dictionary_vr(tag)
        if vr == "US or SS":
            return "SS" if self._signed else "US"
        return "OW" if vr.endswith("OW") else vr.split(" ", maxsplit=1)[0]


class Nowhere:
    """Takes everything and keeps nothing."""

    def write(self, data: bytes, /) -> int:
        """Forget it."""
        return 0


@lru_cache(maxsize=10_000)
def _dictionary_vr(tag: int) -> str:
    """VR by the standard's dictionary; private elements and unknown ones are UN, their creators LO."""
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"  # noqa: PLR2004 - PS3.5 section 7.8.1
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"

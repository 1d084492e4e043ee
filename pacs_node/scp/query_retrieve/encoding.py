"""Writing elements of identifiers in the three syntaxes that they are exchanged in (PS3.5 section 7)."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.charset import convert_encodings, encode_string
from pydicom.datadict import dictionary_VR, tag_for_keyword

TextEncoder = Callable[[str], bytes]

_IMPLICIT = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_LONGEST_SHORT = 0xFFFE
_DELIMITERS = re.compile(r"([\\^=])")
# Python's codecs return to ASCII before every ASCII character, the delimiters among them, as PS3.5 6.1.2.5.3 wants.
_CODECS = {
    "": "ascii",
    "ISO_IR 100": "latin_1",
    "ISO_IR 192": "utf_8",
    "\\ISO 2022 IR 87": "iso2022_jp",
    "\\ISO 2022 IR 87\\ISO 2022 IR 159": "iso2022_jp_1",
}


def text_encoder(character_set: str) -> TextEncoder:
    """From text to bytes in a SpecificCharacterSet; only for sets and texts that `header.outgoing_text` has matched."""
    codec = _CODECS.get(character_set)
    if codec is not None:
        return lambda text: text.encode(codec, "replace")
    terms = convert_encodings(character_set.split("\\"))

    def encode(text: str) -> bytes:
        # Sets are designated anew behind each delimiter.
        parts = _DELIMITERS.split(text)
        return b"".join(part.encode("ascii") if part.isascii() else encode_string(part, terms) for part in parts)

    return encode


@dataclass(frozen=True, slots=True)
class ElementWriter:
    """Heads of elements in one transfer syntax."""

    transfer_syntax_uid: str

    def element(self, tag: int, vr: str, value: bytes) -> bytes:
        """A whole element of a short VR; the value is padded to even length and cut where it can't be so long."""
        if len(value) % 2:
            value += b"\0" if vr == "UI" else b" "
        value = value[:_LONGEST_SHORT]
        order = ">" if self.transfer_syntax_uid == _BIG_ENDIAN else "<"
        if self.transfer_syntax_uid == _IMPLICIT:
            return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
        return struct.pack(f"{order}HH2sH", tag >> 16, tag & 0xFFFF, vr.encode("ascii"), len(value)) + value

    def number(self, value: int) -> bytes:
        """The value of an US."""
        return struct.pack(">H" if self.transfer_syntax_uid == _BIG_ENDIAN else "<H", value & 0xFFFF)


def tag_and_vr(keyword: str) -> tuple[int, str]:
    """Tag and VR of a keyword of the standard."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"no attribute of the standard: {keyword}")
    return tag, dictionary_VR(tag)

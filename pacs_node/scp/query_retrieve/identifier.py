"""The Identifier of a request (PS3.4 section C.4): which attributes are asked for, and with which values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag

from pacs_node.header.character_set import CharacterSet
from pacs_node.header.elements import BrokenDataSet
from pacs_node.header.whole import read_whole

_SPECIFIC_CHARACTER_SET = 0x00080005
_MOST_KEYS = 500
_ABOUT_THE_REQUEST = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC"})
_IMPLICIT = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A request's identifier: `keys` are keywords (eight hexadecimal digits where the tag has none) to text."""

    level: str
    character_set: str
    """SpecificCharacterSet as declared, values between backslashes."""
    timezone: str | None
    """TimezoneOffsetFromUTC; None when it was not in the request, empty when it is asked for."""
    keys: Mapping[str, str]


def read_identifier(data: bytes, transfer_syntax_uid: str, character_set: str = "") -> Identifier:
    """Read an identifier; its text by `character_set` where given, whatever it declares.

    Every key is there, or the identifier is refused: one that got lost would make the answer wider. A sequence has
    the value "": nothing in it is matched. Raises BrokenDataSet.
    """
    elements = read_whole(
        data, explicit=transfer_syntax_uid != _IMPLICIT, big_endian=transfer_syntax_uid == _BIG_ENDIAN
    )
    found = {
        element.tag: element.value if isinstance(element.value, bytes) else b""
        for element in elements
        if element.tag & 0xFFFF
    }
    if len(found) > _MOST_KEYS:
        raise BrokenDataSet(f"more than {_MOST_KEYS} keys")
    declared = found.get(_SPECIFIC_CHARACTER_SET, b"")
    read_by = CharacterSet(character_set.encode("ascii", "replace") or declared)
    values = {
        keyword_for_tag(tag) or f"{tag:08X}": read_by.decode(value).rstrip(" \0")
        for tag, value in sorted(found.items())
    }
    return Identifier(
        level=values.get("QueryRetrieveLevel", "").strip(),
        character_set=declared.decode("ascii", "replace").strip(" \0"),
        timezone=values.get("TimezoneOffsetFromUTC"),
        keys={key: value for key, value in values.items() if key not in _ABOUT_THE_REQUEST},
    )

"""The same walk as `elements`, over the first bytes of a little-endian data set that are in memory already.

Most instances are read here, in some microseconds an element; whatever is unusual is left to `elements`,
which alone decides what is broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct, error

_HEAD = Struct("<HH2sH").unpack_from
_PLAIN_HEAD = Struct("<HHI").unpack_from
_LENGTH = Struct("<I").unpack_from
_UNDEFINED = 0xFFFFFFFF
_DELIMITERS = 0xFFFE
_ITEM = 0xE000
_SEQUENCE_END = 0xE0DD
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UR", b"UT", b"UV"))
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())


def read_head(
    head: bytes, start: int, *, explicit: bool, slots: Mapping[int, int], last_tag: int
) -> list[bytes] | None:
    """Raw values of the tags in `slots`, each at its place, empty where absent; None if `head` does not suffice.

    It suffices when an element behind `last_tag` begins in it.
    """
    values = [b""] * len(slots)
    try:
        whole = (_explicit if explicit else _implicit)(head, start, slots, last_tag, values)
    except error:  # the head ends inside an element
        return None
    return values if whole else None


def _explicit(head: bytes, at: int, slots: Mapping[int, int], last_tag: int, values: list[bytes]) -> bool:
    end, before = len(head), -1
    while True:
        group, number, vr, length = _HEAD(head, at)
        tag = group << 16 | number
        if tag <= before:
            return False
        before = tag
        if vr in _SHORT_VRS:
            at += 8
        elif vr in _LONG_VRS:
            (length,) = _LENGTH(head, at + 8)
            at += 12
        else:
            return False
        if tag > last_tag:
            return True
        if length == _UNDEFINED:
            at = _behind_sequence(head, at, explicit=True)
            continue
        slot = slots.get(tag)
        if slot is not None:
            if at + length > end:
                return False
            values[slot] = head[at : at + length]
        at += length


def _implicit(head: bytes, at: int, slots: Mapping[int, int], last_tag: int, values: list[bytes]) -> bool:
    end, before = len(head), -1
    while True:
        group, number, length = _PLAIN_HEAD(head, at)
        tag = group << 16 | number
        if tag <= before:
            return False
        before = tag
        if tag > last_tag:
            return True
        at += 8
        if length == _UNDEFINED:
            at = _behind_sequence(head, at, explicit=False)
            continue
        slot = slots.get(tag)
        if slot is not None:
            if at + length > end:
                return False
            values[slot] = head[at : at + length]
        at += length


def _behind_sequence(head: bytes, at: int, *, explicit: bool) -> int:
    """The place behind the delimiter that closes the sequence of undefined length just opened at `at`."""
    still_open = 1
    while still_open:
        group, number, length = _PLAIN_HEAD(head, at)
        if group == _DELIMITERS:
            at += 8
            if number == _SEQUENCE_END:
                still_open -= 1
            elif number == _ITEM and length != _UNDEFINED:
                at += length
            continue
        at += 8
        if explicit:
            vr = head[at - 4 : at - 2]
            if vr in _SHORT_VRS:
                length >>= 16
            elif vr in _LONG_VRS:
                (length,) = _LENGTH(head, at)
                at += 4
            else:
                raise error("an element that is left to the thorough walk")
        if length == _UNDEFINED:
            still_open += 1
        else:
            at += length
    return at

"""The same walk as `elements`, over the first bytes of a little-endian data set that are in memory already.

Most instances are read here, in some microseconds an element; whatever is unusual is left to `elements`,
which alone decides what is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from struct import Struct, error
from typing import NamedTuple

_HEAD = Struct("<HH2sH").unpack_from
_PLAIN_HEAD = Struct("<HHI").unpack_from
_LENGTH = Struct("<I").unpack_from
_UNDEFINED = 0xFFFFFFFF
_DELIMITERS = 0xFFFE
_ITEM = 0xE000
_SEQUENCE_END = 0xE0DD
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UR", b"UT", b"UV"))
_MOST_LAYOUTS = 8
_FEWEST = 8
"""Elements; a shorter data set is walked over as quickly."""
_MOST_CREDIT = 64
_PAUSE = 2000
"""Data sets walked over without learning, when the layouts learnt lately were of no use."""
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())


def read_head(
    head: bytes, start: int, *, explicit: bool, slots: Mapping[int, int], last_tag: int
) -> list[bytes] | None:
    """Raw values of the tags in `slots`, each at its place, empty where absent; None if `head` does not suffice.

    It suffices when an element behind `last_tag` begins in it.
    """
    if (known := _layouts.matching(head, start, explicit)) is not None:
        return known
    walk = _Walk(head, start)
    try:
        whole = walk.explicit(slots, last_tag) if explicit else walk.implicit(slots, last_tag)
    except error:  # the head ends inside an element
        return None
    if not whole:
        return None
    _layouts.learn(head, start, explicit, walk, len(slots))
    values = [b""] * len(slots)
    for slot, (begin, end) in walk.found.items():
        values[slot] = head[begin:end]
    return values


class _Walk:
    """Over the elements of one data set."""

    def __init__(self, head: bytes, at: int) -> None:
        self._head = head
        self._at = at
        self.heads: list[slice] = []
        """The head of every element and item met, up to the first one behind the last tag."""
        self.found: dict[int, tuple[int, int]] = {}
        """Begin and end of the wanted values, by slot."""

    def explicit(self, slots: Mapping[int, int], last_tag: int) -> bool:
        """Walk to the first element behind `last_tag`; False where that is not for this walk."""
        head, at, before = self._head, self._at, -1
        while True:
            group, number, vr, length = _HEAD(head, at)
            tag = group << 16 | number
            if tag <= before:
                return False
            before, begin = tag, at
            if vr in _SHORT_VRS:
                at += 8
            elif vr in _LONG_VRS:
                (length,) = _LENGTH(head, at + 8)
                at += 12
            else:
                return False
            self.heads.append(slice(begin, at))
            if tag > last_tag:
                return True
            if length == _UNDEFINED:
                at = self._behind_sequence(at, explicit=True)
                continue
            if tag in slots and not self._note(slots[tag], at, at + length):
                return False
            at += length

    def implicit(self, slots: Mapping[int, int], last_tag: int) -> bool:
        """The same for implicit VR."""
        head, at, before = self._head, self._at, -1
        while True:
            group, number, length = _PLAIN_HEAD(head, at)
            tag = group << 16 | number
            if tag <= before:
                return False
            before = tag
            self.heads.append(slice(at, at + 8))
            if tag > last_tag:
                return True
            at += 8
            if length == _UNDEFINED:
                at = self._behind_sequence(at, explicit=False)
                continue
            if tag in slots and not self._note(slots[tag], at, at + length):
                return False
            at += length

    def _note(self, slot: int, begin: int, end: int) -> bool:
        self.found[slot] = begin, end
        return end <= len(self._head)

    def _behind_sequence(self, at: int, *, explicit: bool) -> int:
        """The place behind the delimiter that closes the sequence of undefined length just opened at `at`."""
        head, still_open = self._head, 1
        while still_open:
            group, number, length = _PLAIN_HEAD(head, at)
            begin = at
            at += 8
            if group == _DELIMITERS:
                if number == _SEQUENCE_END:
                    still_open -= 1
                elif number == _ITEM and length != _UNDEFINED:
                    self.heads.append(slice(begin, at))
                    at += length
                    continue
            else:
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
                    self.heads.append(slice(begin, at))
                    at += length
                    continue
            self.heads.append(slice(begin, at))
        return at


class _Layout(NamedTuple):
    """Where the elements of one data set were. Another one whose heads are the same has them there too."""

    start: int
    explicit: bool
    last: slice
    last_head: bytes
    heads: Callable[[bytes], tuple[bytes, ...]]
    expected: tuple[bytes, ...]
    values: Callable[[bytes], tuple[bytes, ...]]


class _Layouts:
    """Those met lately. In one series they are often alike, and comparing heads is quicker than walking."""

    def __init__(self) -> None:
        self._known: tuple[_Layout, ...] = ()
        self._credit = _MOST_CREDIT

    def matching(self, head: bytes, start: int, explicit: bool) -> list[bytes] | None:
        """The values where a known layout fits."""
        for layout in self._known:
            if (
                layout.start == start
                and layout.explicit is explicit
                and head[layout.last] == layout.last_head
                and layout.heads(head) == layout.expected
            ):
                if self._credit < _MOST_CREDIT:
                    self._credit += 1
                return list(layout.values(head))
        return None

    def learn(self, head: bytes, start: int, explicit: bool, walk: _Walk, slots: int) -> None:
        """Remember where everything was, as long as that has been of use."""
        if self._credit <= 0:
            self._credit -= 1
            if self._credit < -_PAUSE:
                self._credit = _MOST_CREDIT
            return
        self._credit -= 1
        if len(walk.heads) < _FEWEST:
            return
        heads = itemgetter(*walk.heads)
        places = [slice(*walk.found.get(slot, (0, 0))) for slot in range(slots)]
        last = walk.heads[-1]
        layout = _Layout(start, explicit, last, head[last], heads, heads(head), itemgetter(*places))
        self._known = (layout, *self._known[: _MOST_LAYOUTS - 1])


_layouts = _Layouts()

"""What the first instance of a series says of it beyond `scan`: station, protocol, performed step, what was requested.

Read once a series, from the bytes that are in memory already; nothing of it decides whether an instance is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import Struct, error

from pacs_node.header.character_set_repair import read_texts
from pacs_node.header.values import da, indexed_text, tm

_HEAD = Struct("<HH2sH").unpack_from
_PLAIN_HEAD = Struct("<HHI").unpack_from
_LENGTH = Struct("<I").unpack_from
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_DEEPEST = 16
_MOST_REQUESTS = 32

_CHARACTER_SET = 0x00080005
_INSTITUTION, _STATION, _PROTOCOL, _LATERALITY = 0x00080080, 0x00081010, 0x00181030, 0x00200060
_STEP_DATE, _STEP_TIME, _REQUESTS = 0x00400244, 0x00400245, 0x00400275
_STEP_ID, _PROCEDURE_ID = 0x00400009, 0x00401001
_TEXTS = (_INSTITUTION, _STATION, _PROTOCOL, _LATERALITY, _STEP_DATE, _STEP_TIME)
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesWords:
    """Texts decoded and clean, date `YYYYMMDD` and time `HHMMSS.ffffff`; all empty where not said."""

    institution_name: str = ""
    station_name: str = ""
    protocol_name: str = ""
    laterality: str = ""
    step_date: str = ""
    """PerformedProcedureStepStartDate."""
    step_time: str = ""
    requests: tuple[tuple[str, str], ...] = ()
    """Of each item of RequestAttributesSequence: ScheduledProcedureStepID and RequestedProcedureID."""


NO_WORDS = SeriesWords()


def series_words(head: bytes, start: int, *, explicit: bool, character_set: str = "") -> SeriesWords:
    """What the data set beginning at `start` says; what does not lie in `head`, or can't be read, is not said."""
    found: dict[int, bytes] = {}
    requested: list[dict[int, bytes]] = []
    try:
        for tag, begin, end in _elements(head, start, len(head), explicit):
            if tag > _REQUESTS:
                break
            if tag == _REQUESTS:
                requested = [_ids(head, *item, explicit=explicit) for item in _items(head, begin, end, explicit)]
            elif tag in _TEXTS or tag == _CHARACTER_SET:
                found[tag] = head[begin:end]
    except (error, RecursionError):
        pass  # the head ends within an element, or it is no element: what came before is what is known
    declared = found.pop(_CHARACTER_SET, b"")
    if not found and not requested:
        return NO_WORDS
    texts = _decoded(found, declared, character_set)
    pairs = (_decoded(item, declared, character_set) for item in requested[:_MOST_REQUESTS])
    requests = [(pair.get(_STEP_ID, "")[:_LONGEST_ID], pair.get(_PROCEDURE_ID, "")[:_LONGEST_ID]) for pair in pairs]
    return SeriesWords(
        institution_name=texts.get(_INSTITUTION, ""),
        station_name=texts.get(_STATION, "")[:64],
        protocol_name=texts.get(_PROTOCOL, ""),
        laterality=texts.get(_LATERALITY, "")[:16],
        step_date=da(texts.get(_STEP_DATE, "")),
        step_time=tm(texts.get(_STEP_TIME, "")),
        requests=tuple(dict.fromkeys(pair for pair in requests if any(pair))),
    )


def _decoded(raw: Mapping[int, bytes], declared: bytes, character_set: str) -> dict[int, str]:
    texts = read_texts(raw, declared, character_set).by_key
    return {tag: indexed_text(text.split("\\")[0], 255) for tag, text in texts.items()}


def _ids(head: bytes, begin: int, end: int, *, explicit: bool) -> dict[int, bytes]:
    wanted = (_STEP_ID, _PROCEDURE_ID)
    return {tag: head[at:stop] for tag, at, stop in _elements(head, begin, end, explicit) if tag in wanted}


def _items(head: bytes, begin: int, end: int, explicit: bool) -> Iterator[tuple[int, int]]:
    at = begin
    while at < end:
        group, number, length = _PLAIN_HEAD(head, at)
        if group << 16 | number != _ITEM:
            return
        stop = _behind_items(head, at + 8, explicit, _ITEM_END) if length == _UNDEFINED else at + 8 + length
        yield at + 8, stop
        at = stop


def _elements(head: bytes, at: int, end: int, explicit: bool, deep: int = 0) -> Iterator[tuple[int, int, int]]:
    """Tag, begin and end of the value of each element; a sequence's value ends where its delimiter does."""
    if deep > _DEEPEST:
        raise error("nested too deeply")
    while at < end:
        group, number, vr, length = _HEAD(head, at)
        tag = group << 16 | number
        if tag in (_ITEM_END, _SEQUENCE_END):
            return
        if not explicit:
            (length,) = _LENGTH(head, at + 4)
            at += 8
        elif vr in _LONG_VRS:
            (length,) = _LENGTH(head, at + 8)
            at += 12
        elif vr.isalpha():
            at += 8
        else:
            raise error("no element")
        stop = at + length
        if length == _UNDEFINED:
            stop = _behind_items(head, at, explicit and vr != b"UN", _SEQUENCE_END, deep)
        elif stop > len(head):
            raise error("the head ends")
        yield tag, at, stop
        at = stop


def _behind_items(head: bytes, at: int, explicit: bool, delimiter: int, deep: int = 0) -> int:
    """The place behind the delimiter of a sequence, or of an item, of undefined length."""
    while True:
        group, number, length = _PLAIN_HEAD(head, at)
        tag = group << 16 | number
        if tag == delimiter:
            return at + 8
        if delimiter == _SEQUENCE_END:
            if tag != _ITEM:
                raise error("no item")
            at = _behind_items(head, at + 8, explicit, _ITEM_END, deep + 1) if length == _UNDEFINED else at + 8 + length
        else:
            element = next(_elements(head, at, len(head), explicit, deep + 1), None)
            if element is None:
                raise error("a delimiter of something else")
            at = element[2]

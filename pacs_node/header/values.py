"""Raw values of elements to what the index keeps; whatever can't be read becomes None or empty, never an error."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, time

_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
# The dotted form is from ACR-NEMA.
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})\.(\d{2})\.(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{2}):?(?:(\d{2})(?::?(\d{2})(?:\.(\d{1,6})\d*)?)?)?", re.ASCII)
# Embeddings, overrides and isolates can make an id or a name look like another one.
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_CONTROLS = {"Cc", "Cs"}
_LONGEST_TEXT = 1024
_HIGHEST_SECOND = 59
_LARGEST_STORED = 2**31 - 1


def indexed_text(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Text for lists: control characters gone, outer spaces gone, never longer than `longest` characters.

    The controls of writing direction (U+202A to U+202E, U+2066 to U+2069) are among those; the file keeps all.
    """
    kept = "".join(
        character
        for character in text
        if unicodedata.category(character) not in _CONTROLS and character not in _TURNING
    )
    return kept.strip()[:longest].rstrip()


def integer(raw: bytes | None) -> int | None:
    """The first value of an IS."""
    if not raw:
        return None
    text = raw.split(b"\\")[0].decode("ascii", "replace").strip(" \0")
    number = int(text) if _INTEGER.fullmatch(text) else None
    return number if number is not None and abs(number) <= _LARGEST_STORED else None


def unsigned_short(raw: bytes | None, *, big_endian: bool) -> int | None:
    """The first value of a US."""
    return int.from_bytes(raw[:2], "big" if big_endian else "little") if raw and len(raw) > 1 else None


def da(text: str) -> str:
    """A date as `YYYYMMDD`, or empty when it is no day of the calendar (PS3.5 section 6.2, VR DA)."""
    match = _DATE.fullmatch(text.strip())
    if not match:
        return ""
    parts = [part for part in match.groups() if part]
    try:
        date(*(int(part) for part in parts))
    except ValueError:
        return ""
    return "".join(parts)


def tm(text: str) -> str:
    """A time as `HHMMSS.ffffff`, or empty when it is none (PS3.5 section 6.2, VR TM); a leap second is second 59."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        return ""
    hour, minute, second, fraction = (part or "0" for part in match.groups())
    try:
        at = time(int(hour), int(minute), min(int(second), _HIGHEST_SECOND), int(fraction.ljust(6, "0")))
    except ValueError:
        return ""
    return f"{at:%H%M%S.%f}" if int(second) <= _HIGHEST_SECOND + 1 else ""


def as_date(value: str) -> date | None:
    """A date of the index as Python has it."""
    return date(int(value[:4]), int(value[4:6]), int(value[6:])) if value else None


def as_time(value: str) -> time | None:
    """A time of the index as Python has it."""
    return time(int(value[:2]), int(value[2:4]), int(value[4:6]), int(value[7:])) if value else None

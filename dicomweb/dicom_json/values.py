"""Single values as DICOM JSON writes them (PS3.18 section F.2.3)."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any

from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName as PydicomName

from pacs_node.model import PersonName

_INTEGERS = frozenset({"IS", "SL", "SS", "SV", "UL", "US", "UV"})
_DECIMALS = frozenset({"DS", "FL", "FD"})
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# Larger integers lose digits in JavaScript; section F.2.3.1 lets DS, IS, SV and UV be strings instead.
_LARGEST_EXACT = 2**53 - 1


def json_value(vr: str, value: Any) -> Any:
    """One value; None stands for an empty one among several.

    A number that JSON can't write, or text where a number should be, is told as it is, as a string.
    """
    if value is None or value == "":
        return None
    if vr == "PN":
        return person_name(value)
    if vr in _INTEGERS:
        return _integer(value)
    if vr in _DECIMALS:
        return _decimal(value)
    if vr == "AT":
        return f"{int(value):08X}"
    return str(value)


def person_name(value: Any) -> dict[str, str] | None:
    """The three groups, those that are empty left out (PS3.18 section F.2.2)."""
    if isinstance(value, PersonName):
        groups = astuple(value)
    elif isinstance(value, PydicomName):
        groups = (value.alphabetic, value.ideographic, value.phonetic)
    else:
        groups = tuple(str(value).split("="))
    return {name: group for name, group in zip(_GROUPS, groups, strict=False) if group} or None


def values_of(value: Any) -> list[Any]:
    """An element's value as a list, whatever its multiplicity."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple | MultiValue) else [value]


def _integer(value: Any) -> int | str:
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        return str(value)
    return number if -_LARGEST_EXACT <= number <= _LARGEST_EXACT else str(number)


def _decimal(value: Any) -> float | str:
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError):
        return str(value)
    if math.isfinite(number):
        # Sixteen digits of a DS are more than a number keeps: what was written is told then.
        written = getattr(value, "original_string", "") if abs(number) > _LARGEST_EXACT else ""
        return str(written).strip() or number
    return "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"

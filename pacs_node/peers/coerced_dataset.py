"""Outgoing coercion: a data set on its way to a peer, changed by the rules for that peer."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from pydicom.charset import convert_encodings, custom_encoders
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from pacs_node.peers.coercion import Direction, fits, parsed

_ONE_VALUE = frozenset({"LT", "ST", "UT"})
"""VRs in which a backslash is a character (PS3.5 section 6.4)."""
_WHOLE = frozenset({"ISO_IR 192", "GB18030"})
"""Sets that hold every character."""

log = structlog.get_logger(__name__)


def coerce_outgoing(dataset: Dataset, rules: tuple[str, ...]) -> tuple[str, ...]:
    """Change a data set in place by the `out` rules of the peer that it goes to; returns the changed keywords.

    `rules` is `IntakeRules.coercions`; those for incoming instances are passed over. Attributes of the data
    set itself are changed, none inside sequences, and never a UID. Conditions look at the data set as it was.
    A value that would be longer than its VR allows is left as it was, and logged. Text that the data set's
    SpecificCharacterSet can't hold turns the whole data set into ISO_IR 192, and that keyword is among the
    changed ones. Raises WrongCoercion for a rule that should never have been stored.
    """
    outgoing = parsed(rules, Direction.OUTGOING) if rules else ()
    wanted = [rule for rule in outgoing if rule.when is None or rule.when.value in _values(dataset, rule.when.keyword)]
    changes: dict[str, list[str]] = {}
    for rule in wanted:
        before = changes.get(rule.keyword, _values(dataset, rule.keyword))
        after = [rule.applied(value) for value in before or [""]]
        if not all(fits(rule.vr, value) for value in after):
            log.warning("coercion.too_long", keyword=rule.keyword, rule=str(rule))
        elif after != (before or [""]):
            changes[rule.keyword] = after
    if not changes:
        return ()
    told = list(changes)
    if not _holds(dataset, (value for values in changes.values() for value in values)):
        _to_utf8(dataset)
        told.append("SpecificCharacterSet")
    for keyword, values in changes.items():
        setattr(dataset, keyword, values[0] if len(values) == 1 else values)
    return tuple(told)


def _values(dataset: Dataset, keyword: str) -> list[str]:
    if keyword not in dataset:
        return []
    element = dataset[keyword]
    if element.value is None:
        return []
    if isinstance(element.value, MultiValue) and element.VR not in _ONE_VALUE:
        return [str(value) for value in element.value]
    text = str(element.value)
    return [text] if text else []


def _holds(dataset: Dataset, values: Iterable[str]) -> bool:
    """Whether the declared sets have every character of the values; otherwise pydicom would write `?`."""
    characters = {character for value in values if not value.isascii() for character in value}
    if not characters:
        return True
    declared = dataset.get("SpecificCharacterSet") or []
    terms = [declared] if isinstance(declared, str) else list(declared)
    if _WHOLE & set(terms):
        return True
    # The basic set is ASCII, whatever more its codec could write.
    terms = [term for term in terms if term.strip() not in {"", "ISO_IR 6", "ISO 2022 IR 6"}]
    encodings = convert_encodings(terms) if terms else []
    return all(any(_can(encoding, character) for encoding in encodings) for character in characters)


def _can(encoding: str, character: str) -> bool:
    try:
        if encoding in custom_encoders:
            custom_encoders[encoding](character, "strict")
        else:
            character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _to_utf8(dataset: Dataset) -> None:
    dataset.decode()
    dataset.walk(_undeclare)
    dataset.SpecificCharacterSet = "ISO_IR 192"


def _undeclare(dataset: Dataset, element: object) -> None:
    if getattr(element, "keyword", "") == "SpecificCharacterSet":
        del dataset.SpecificCharacterSet

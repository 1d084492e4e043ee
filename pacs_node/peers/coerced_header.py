"""Incoming coercion: what the index says of an instance, changed by the sender's rules; the file is not touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from pacs_node.header.person_name import encoded, person_name
from pacs_node.header.scan import Header
from pacs_node.header.values import da, indexed_text, tm
from pacs_node.model import PersonName
from pacs_node.peers.coercion import INDEXED, Direction, Rule, parsed

# Keyword to the field of Header, and the most characters that the index keeps of it (see `header.scan`).
_FIELDS = {
    "StudyDate": ("study_date", 8),
    "StudyTime": ("study_time", 13),
    "SeriesDate": ("series_date", 8),
    "SeriesTime": ("series_time", 13),
    "AccessionNumber": ("accession_number", 64),
    "Modality": ("modality", 32),
    "ReferringPhysicianName": ("referring_physician", 1024),
    "StudyDescription": ("study_description", 255),
    "SeriesDescription": ("series_description", 255),
    "PatientName": ("patient_name", 1024),
    "PatientID": ("patient_id", 128),
    "PatientBirthDate": ("birth_date", 8),
    "PatientSex": ("sex", 16),
    "BodyPartExamined": ("body_part", 64),
    "StudyID": ("study_id", 64),
}
assert set(_FIELDS) == set(INDEXED)  # noqa: S101  # the notation and the index know the same attributes

log = structlog.get_logger(__name__)


def coerce_header(header: Header, rules: tuple[str, ...]) -> tuple[Header, tuple[str, ...]]:
    """The header as the sender's rules want the index to have it, and the keywords that changed.

    `rules` is `IntakeRules.coercions`; those for outgoing data sets are passed over. Conditions look at what
    was received. A value that grows longer than the index keeps is left as it was, and logged: an id that is
    cut short could be another patient's. Raises WrongCoercion for a rule that should never have been stored.
    """
    if not rules:
        return header, ()
    changes: dict[str, Any] = {}
    changed: list[str] = []
    for rule in parsed(rules, Direction.INCOMING):
        if rule.when and _text(header, {}, rule.when.keyword) != rule.when.value:
            continue
        field, longest = _FIELDS[rule.keyword]
        before = _text(header, changes, rule.keyword)
        after = _cleaned(rule, rule.applied(before), longest)
        if after is None:
            log.warning("coercion.too_long", keyword=rule.keyword, rule=str(rule))
        elif after != before:
            changes[field] = person_name(after) if rule.vr == "PN" else after
            changed.append(rule.keyword)
    return (replace(header, **changes) if changes else header), tuple(dict.fromkeys(changed))


def _text(header: Header, changes: dict[str, Any], keyword: str) -> str:
    if keyword == "SOPClassUID":
        return header.sop_class_uid
    field, _ = _FIELDS[keyword]
    value = changes.get(field, getattr(header, field))
    return encoded(value) if isinstance(value, PersonName) else str(value)


def _cleaned(rule: Rule, value: str, longest: int) -> str | None:
    """The value as the index writes it; None if it is longer than that."""
    if rule.vr in {"DA", "TM"}:
        return (da if rule.vr == "DA" else tm)(value)
    cleaned = indexed_text(value, longest + 1)
    return cleaned if len(cleaned) <= longest else None

"""Worklist matching: an identifier of C-FIND against an item (PS3.4 sections K.2.2.1.1 and C.2.2.2). Pure.

Only what a planned examination really has is matched. Any other key with a value is answered, not matched,
and `unmatched` names it, so that pending responses say so by status FF01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from pacs_node.archive.matching import parse_date_range, parse_time_range, refuse
from pacs_node.header.values import as_date
from pacs_node.procedures.ports import Wanted
from shared_kernel.japanese.search_key import search_key

STEP = "ScheduledProcedureStepSequence"
_START_DATE, _START_TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"

MATCHED = frozenset(
    {
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "RequestedProcedureID",
        "RequestedProcedureDescription",
        "RequestedProcedurePriority",
        "RequestingPhysician",
        "StudyInstanceUID",
    }
)
MATCHED_IN_STEP = frozenset(
    {
        "ScheduledStationAETitle",
        _START_DATE,
        _START_TIME,
        "Modality",
        "ScheduledProcedureStepID",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepStatus",
    }
)
_ABOUT_THE_QUERY = frozenset({"SpecificCharacterSet", "TimezoneOffsetFromUTC"})
_LONGEST_KEY = 1024
_GROUPS = 3


def check(keys: Dataset) -> None:
    """Raise InvalidInput where a key can't be one: a malformed range, more than one item in a sequence key."""
    for element in keys:
        if element.VR == "SQ":
            if len(element.value) > 1:
                raise refuse(element.keyword, "one item in a sequence of keys")
            for item in element.value:
                check(item)
        elif len(value := _value(element)) > _LONGEST_KEY:
            raise refuse(element.keyword, f"at most {_LONGEST_KEY} characters")
        elif element.VR == "PN" and value.count("=") >= _GROUPS:
            raise refuse(element.keyword, "a name of at most three groups")
        elif value and element.keyword in {_START_DATE, "PatientBirthDate"}:
            parse_date_range(element.keyword, value)
        elif value and element.keyword == _START_TIME:
            parse_time_range(element.keyword, value)


def wanted(keys: Dataset, site_code: str) -> Wanted:
    """What of the keys columns can say. The keys have passed `check`."""
    step = _only_item(keys)
    first = last = ""
    if dates := _value(step.get(_START_DATE)):
        first, last = parse_date_range(_START_DATE, dates)
    return Wanted(
        site_code=site_code,
        first_day=as_date(first),
        last_day=as_date(last),
        modality=_single(step, "Modality"),
        patient_id=_single(keys, "PatientID"),
        accession_number=_single(keys, "AccessionNumber"),
        study_uid=_single(keys, "StudyInstanceUID"),
    )


def matches(keys: Dataset, item: Dataset, *, any_station: bool = False, any_time: bool = False) -> bool:
    """Whether the item is asked for.

    `any_station`: the examination is bound to no scanner, so every ScheduledStationAETitle finds it;
    `any_time`: it has no time of day, so its date alone counts.
    """
    step_keys, step = _only_item(keys), item[STEP].value[0]
    return (
        all(_one(element, item) for element in _keys(keys, MATCHED))
        and all(
            _one(element, step)
            for element in _keys(step_keys, MATCHED_IN_STEP - {_START_DATE, _START_TIME})
            if not (any_station and element.keyword == "ScheduledStationAETitle")
        )
        and _at(step_keys, step, any_time=any_time)
    )


def answered(keys: Dataset, item: Dataset) -> Dataset:
    """What of the item goes back: the keys that were asked for; all of a sequence that was asked for whole."""
    answer = Dataset()
    for element in keys:
        tag = element.tag
        if element.keyword in _ABOUT_THE_QUERY or tag.element == 0:
            continue
        there: DataElement | None = item.get(tag, None)
        if element.VR == "SQ":
            inside = list(there.value) if there is not None else []
            if element.value and len(element.value[0]):
                inside = [answered(element.value[0], each) for each in inside]
            answer.add(DataElement(tag, "SQ", Sequence(inside)))
        else:
            answer.add(
                DataElement(tag, there.VR, there.value) if there is not None else DataElement(tag, element.VR, None)
            )
    return answer


def unmatched(keys: Dataset) -> list[str]:
    """Keywords of keys with a value that are not matched (status FF01)."""
    found = [
        element.keyword or str(element.tag)
        for element in keys
        if element.VR != "SQ" and element.keyword not in MATCHED | _ABOUT_THE_QUERY and _value(element).strip("*")
    ]
    return found + [
        element.keyword or str(element.tag)
        for element in _only_item(keys)
        if element.VR != "SQ" and element.keyword not in MATCHED_IN_STEP and _value(element).strip("*")
    ]


def _only_item(keys: Dataset) -> Dataset:
    element = keys.get(STEP)
    items = element.value if isinstance(element, DataElement) else element
    return items[0] if items else Dataset()


def _keys(keys: Dataset, known: frozenset[str]) -> Iterator[DataElement]:
    return (element for element in keys if element.keyword in known and _value(element))


def _value(element: Any) -> str:
    """The key as DICOM writes it, several values parted by backslashes."""
    value = element.value if isinstance(element, DataElement) else element
    if value is None:
        return ""
    if isinstance(value, list | tuple | MultiValue):
        return "\\".join(str(each) for each in value).strip(" \0")
    return str(value).strip(" \0")


def _single(keys: Dataset, keyword: str) -> str:
    """A key that is one plain value, else empty."""
    value = _value(keys.get(keyword))
    return "" if any(special in value for special in "*?\\") else value


def _one(key: DataElement, item: Dataset) -> bool:
    there = item.get(key.keyword)
    value = _value(there)
    if key.VR == "PN":
        return _same_name(_value(key), value)
    if key.VR == "DA":
        first, last = parse_date_range(key.keyword, _value(key))
        return bool(value) and (first or "0") <= value <= (last or "9")
    if key.VR == "UI":
        return value in _value(key).split("\\")
    return any(glob(pattern.strip(), value) for pattern in _value(key).split("\\") if pattern.strip())


def _at(keys: Dataset, step: Dataset, *, any_time: bool) -> bool:
    """Start date and time; ranges of both are one range from moment to moment (PS3.4 table K.6-1)."""
    dates, times = _value(keys.get(_START_DATE)), _value(keys.get(_START_TIME))
    day, moment = _value(step.get(_START_DATE)), _value(step.get(_START_TIME)) + ".000000"
    first_day, last_day = parse_date_range(_START_DATE, dates) if dates else ("", "")
    if not (first_day or "0") <= day <= (last_day or "9"):
        return False
    if not times or any_time:
        return True
    first, last = parse_time_range(_START_TIME, times)
    first, last = first or "0", last or "9"
    if "-" in dates and "-" in times:
        return (first_day or "0", first) <= (day, moment) <= (last_day or "9", last)
    return first <= moment <= last


def _same_name(pattern: str, name: str) -> bool:
    """Each group that is given matches any group: by its letters, or by its search key (たかはし finds 髙橋's kana)."""
    groups = name.split("=")
    return all(
        any(
            glob(asked.casefold(), group.rstrip("^").casefold()) or _same_key(asked, group) for group in groups if group
        )
        for asked in (part.strip(" ").rstrip("^") for part in pattern.split("="))
        if asked
    )


def _same_key(asked: str, group: str) -> bool:
    parts = "".join(part if part in "*?" else search_key(part) for part in _split(asked))
    return bool(parts.strip("*?")) and glob(parts, search_key(group))


def _split(asked: str) -> Iterator[str]:
    piece = ""
    for character in asked:
        if character in "*?":
            yield piece
            yield character
            piece = ""
        else:
            piece += character
    yield piece


def glob(pattern: str, text: str) -> bool:
    """Wildcard matching (PS3.4 section C.2.2.2.4) in time of at most the product of both lengths."""
    at = place = 0
    star, back = -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, back = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at, place = at + 1, place + 1
        elif star >= 0:
            back += 1
            at, place = star + 1, back
        else:
            return False
    return not pattern[at:].strip("*")

"""From an identifier to what the index is asked, by the rules of its information model (PS3.4 section C.4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pacs_node.archive.matching import parse_date_range, parse_time_range, refuse
from pacs_node.archive.paging import ATTRIBUTES, Find, FindLevel, Moments
from pacs_node.header.scan import uid
from pacs_node.scp.query_retrieve.answers import TIMEZONE
from pacs_node.scp.query_retrieve.errors import NoMatchOfModel
from pacs_node.scp.query_retrieve.extended import Extended
from pacs_node.scp.query_retrieve.identifier import Identifier
from pacs_node.scp.query_retrieve.models import InformationModel

# In every answer, asked for or not; TimezoneOffsetFromUTC is in those that ask for it.
_ANSWERED_ALWAYS = frozenset({"RetrieveAETitle", "InstanceAvailability"})
_DAY_END = "235959.999999"
_OFFSET = {"+": 1, "-": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the index is asked, and the keys that were asked for and are not there."""

    find: Find
    unsupported: tuple[str, ...] = ()


def understood(
    identifier: Identifier, model: InformationModel, extended: Extended, sites: frozenset[str], *, fuzzy: bool = False
) -> Question:
    """The question. Raises NoMatchOfModel, and InvalidInput for a malformed date or time."""
    level = level_of(identifier, model)
    if not extended.relational:
        for keyword in model.keys_above(level):
            require_single(keyword, identifier.keys.get(keyword, ""))
    attributes = ATTRIBUTES[level]
    keys: dict[str, str] = {}
    unsupported = []
    for keyword, value in identifier.keys.items():
        if keyword in _ANSWERED_ALWAYS:
            continue
        if keyword not in attributes:
            unsupported.append(keyword)
        elif value not in ("", "*"):
            if attributes[keyword].match is None:
                unsupported.append(keyword)
            keys[keyword] = value
    unique = [model.unique_key(above) for above in model.levels[: model.levels.index(level) + 1]]
    wanted = dict.fromkeys([*unique, *(keyword for keyword in identifier.keys if keyword in attributes)])
    shift = _shift(identifier, extended)
    moments = _moments(keys, "Study", shift) if shift or extended.combined_date_time else None
    series_moments = _moments(keys, "Series", shift) if shift else None
    return Question(
        find=Find(
            level=level,
            sites=sites,
            keys=keys,
            wanted=tuple(wanted),
            fuzzy=fuzzy or extended.fuzzy,
            moments=moments,
            series_moments=series_moments,
        ),
        unsupported=tuple(unsupported),
    )


def level_of(identifier: Identifier, model: InformationModel) -> FindLevel:
    """The level of a request. Raises NoMatchOfModel for one that the model lacks."""
    try:
        level = FindLevel(identifier.level)
    except ValueError:
        raise NoMatchOfModel(f"QueryRetrieveLevel {identifier.level[:16]!r} is none.") from None
    if level not in model.levels:
        raise NoMatchOfModel(f"{model.name} has no level {level}.")
    return level


def require_single(keyword: str, value: str) -> None:
    """Raise NoMatchOfModel unless a unique key has one value without wildcards."""
    if not value or any(wildcard in value for wildcard in "*?\\"):
        raise NoMatchOfModel(f"{keyword} must have a single value here.")
    if keyword.endswith("UID") and uid(value) is None:
        raise NoMatchOfModel(f"{keyword} is no UID.")


def _shift(identifier: Identifier, extended: Extended) -> timedelta:
    """How far the request's clocks are behind the index's (timezone query adjustment, section C.5.1.1.5)."""
    if not (extended.timezone and identifier.timezone):
        return timedelta(0)
    return _offset(TIMEZONE) - _offset(identifier.timezone)


def _offset(value: str) -> timedelta:
    digits = value[1:]
    if value[:1] not in _OFFSET or len(digits) != 4 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004
        raise refuse("TimezoneOffsetFromUTC", "&ZZXX, such as +0900")
    return _OFFSET[value[0]] * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _moments(keys: dict[str, str], of: str, shift: timedelta) -> Moments | None:
    """StudyDate and StudyTime, or those of a series, taken out of the keys as one range (section C.2.2.2.5.1).

    None without a date; raises InvalidInput for a time of another zone without one, as midnight may lie within.
    """
    date, time = f"{of}Date", f"{of}Time"
    if date not in keys:
        if time in keys and shift:
            raise refuse(date, f"a date with {time} of another time zone")
        return None
    times = keys.pop(time, "")
    first_day, last_day = parse_date_range(date, keys.pop(date))
    first_time, last_time = parse_time_range(time, times) if times not in ("", "*") else ("", "")
    return Moments(
        first=_moved(date, first_day, first_time or "000000.000000", shift) if first_day else None,
        last=_moved(date, last_day, last_time or _DAY_END, shift) if last_day else None,
    )


def _moved(keyword: str, day: str, moment: str, shift: timedelta) -> tuple[str, str]:
    if not shift:
        return day, moment
    at = datetime.strptime(f"{day}{moment}", "%Y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    try:
        at += shift
    except OverflowError as error:
        raise refuse(keyword, "a date within the calendar") from error
    return f"{at:%Y%m%d}", f"{at:%H%M%S.%f}"

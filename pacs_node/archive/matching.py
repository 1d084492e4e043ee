"""Attribute matching of queries (PS3.4 section C.2.2.2): from a key's value to a condition on a column.

Every parser raises InvalidInput naming the key when its value can't be one; none ever raises anything else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from pacs_node.header.person_name import FENCE
from pacs_node.header.scan import uid
from pacs_node.header.values import da, tm
from shared_kernel.errors import InvalidInput
from shared_kernel.japanese.search_key import search_key

Column = InstrumentedAttribute[Any]
Condition = ColumnElement[bool]

_LONGEST_VALUE = 16 * 1024
_MOST_UIDS = 5000
"""As many as a retrieval may name; three such lists stay below what SQLite and PostgreSQL take as parameters."""
_LONGEST_UIDS = _MOST_UIDS * 65
_MOST_CHOICES = 100
"""Values of a list that is not of UIDs; each is a condition, and databases nest no more than some hundred."""
_GROUPS = 3
_WILDCARDS = ("*", "?")
_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_FIRST_SURROGATE, _BEHIND_SURROGATES = 0xD800, 0xE000
LARGEST_INTEGER = 2**31 - 1
"""What a number column holds on every database."""


@dataclass(frozen=True, slots=True)
class Looking:
    """What the conditions need to know of the query and the database."""

    dialect: str
    fuzzy: bool = False


Matcher = Callable[[Looking, str, str], Condition]
"""From how to look, the keyword and its value (never empty) to a condition."""


def refuse(keyword: str, rule: str) -> InvalidInput:
    """The error for a key whose value can't be one."""
    return InvalidInput(key=keyword, rule=rule)


def text(column: Column) -> Matcher:
    """Single value or wildcard matching, as the letters are."""

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        return _wildcard(looking, column, _value(keyword, value).strip())

    return match


def choices(column: Column) -> Matcher:
    """Like `text`, for a column of values between backslashes; several values mean any of them."""

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        parts = (part.strip() for part in re.split(r"[\\,]", _value(keyword, value)))
        wanted = [part for part in dict.fromkeys(parts) if part]
        if len(wanted) > _MOST_CHOICES:
            raise refuse(keyword, f"at most {_MOST_CHOICES} values")
        return or_(false(), *(_wildcard(looking, column, f"*\\{part}\\*") for part in wanted))

    return match


def uids(column: Column) -> Matcher:
    """Single UID or list of UID matching; a list is parted by backslashes or commas."""

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        wanted = [part.strip(" \0") for part in re.split(r"[\\,]", _value(keyword, value, _LONGEST_UIDS))]
        if len(wanted) > _MOST_UIDS or any(uid(part) is None for part in wanted):
            raise refuse(keyword, f"1-{_MOST_UIDS} UIDs")
        return column.in_(wanted)

    return match


def dates(column: Column) -> Matcher:
    """Single value and range matching of a DA."""

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        first, last = parse_date_range(keyword, value)
        return _between(column, first, last)

    return match


def times(column: Column) -> Matcher:
    """Single value and range matching of a TM; `10` means the whole of the eleventh hour."""

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        first, last = parse_time_range(keyword, value)
        return _between(column, first, last)

    return match


def integers(column: Column) -> Matcher:
    """Single value matching of an IS."""

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        number = _value(keyword, value).strip()
        if not _INTEGER.fullmatch(number):
            raise refuse(keyword, "a whole number")
        return column == int(number) if abs(int(number)) <= LARGEST_INTEGER else false()

    return match


def names(match_column: Column, key_column: Column, later_groups: tuple[Column, ...] = ()) -> Matcher:
    """Matching of a PN: each group that is given matches any group of the name, whatever the case.

    Fuzzy, the search keys are compared instead, and what is given need only be the beginning. With
    `later_groups`, the columns of the second and third group, a pattern that begins with letters is looked up in
    indexes; Latin letters of those groups then match as given, in lower, upper and title case.
    """

    def match(looking: Looking, keyword: str, value: str) -> Condition:
        groups = [group.strip(" ") for group in _value(keyword, value).split("=")]
        if len(groups) > _GROUPS:  # PS3.5 section 6.2.1
            raise refuse(keyword, "a name of at most three groups")
        conditions: list[Condition] = []
        for group in groups:
            if looking.fuzzy:
                key = "".join(part if part in _WILDCARDS else search_key(part) for part in re.split(r"([*?])", group))
                if key.strip("*"):
                    conditions.append(_wildcard(looking, key_column, f"*{FENCE}{key}*"))
            elif pattern := group.rstrip("^").casefold():
                if later_groups and not pattern.startswith(_WILDCARDS):
                    written = {form(group.rstrip("^")) for form in (str, str.lower, str.upper, str.title)}
                    found = [_wildcard(looking, match_column, f"{FENCE}{pattern}{FENCE}*")]
                    found += [_wildcard(looking, column, each) for column in later_groups for each in sorted(written)]
                    conditions.append(or_(*found))
                else:
                    conditions.append(_wildcard(looking, match_column, f"*{FENCE}{pattern}{FENCE}*"))
        if not conditions:
            # Nothing but delimiters was given; a key of stars alone is universal.
            return and_(func.length(match_column) >= 0)
        return and_(*conditions)

    return match


def parse_date_range(keyword: str, value: str) -> tuple[str, str]:
    """First and last day as `YYYYMMDD`; empty where open."""
    return _parse_range(keyword, value, "a date YYYYMMDD or a range of two", _one_date)


def parse_time_range(keyword: str, value: str) -> tuple[str, str]:
    """First and last moment as `HHMMSS.ffffff`; empty where open."""
    return _parse_range(keyword, value, "a time HHMMSS or a range of two", _one_time)


def _parse_range(keyword: str, value: str, rule: str, one: Callable[[str], tuple[str, str] | None]) -> tuple[str, str]:
    first, dash, last = _value(keyword, value).strip().partition("-")
    if not dash:
        last = first
    bounds = ["", ""]
    for at, bound in enumerate((first.strip(), last.strip())):
        if bound:
            parsed = one(bound)
            if parsed is None:
                raise refuse(keyword, rule)
            bounds[at] = parsed[at]
    if not any(bounds):
        raise refuse(keyword, rule)
    return bounds[0], bounds[1]


def _one_date(value: str) -> tuple[str, str] | None:
    day = da(value)
    return (day, day) if day else None


def _one_time(value: str) -> tuple[str, str] | None:
    """The first and the last moment that a time with fewer digits stands for."""
    first = tm(value)
    if not first:
        return None
    whole, _, fraction = value.replace(":", "").partition(".")
    if fraction:
        return first, first[: 7 + len(fraction[:6])].ljust(13, "9")
    return first, {2: f"{first[:2]}5959", 4: f"{first[:4]}59", 6: first[:6]}[len(whole)] + ".999999"


def _between(column: Column, first: str, last: str) -> Condition:
    """Within a range; an instance without a value is within none."""
    return and_(column >= (first or "0"), *([column <= last] if last else []))


def _value(keyword: str, value: str, longest: int = _LONGEST_VALUE) -> str:
    if len(value) > longest or "\0" in value:
        raise refuse(keyword, f"at most {longest} characters, none of them NUL")
    return value


def _wildcard(looking: Looking, column: Column, pattern: str) -> Condition:
    """`*` any characters, `?` one character (PS3.4 C.2.2.2.4); without them, equality."""
    if not any(wildcard in pattern for wildcard in _WILDCARDS):
        return column == pattern
    if looking.dialect == "sqlite":
        # GLOB compares letter by letter, LIKE of SQLite does not; the range is what finds its way into an index.
        found: list[Condition] = [column.op("GLOB", is_comparison=True)(pattern.replace("[", "[[]"))]
        if prefix := re.split(r"[*?]", pattern, maxsplit=1)[0]:
            found += [column >= prefix, *([column < behind] if (behind := _behind(prefix)) else [])]
        return and_(*found)
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%").replace("?", "_")
    return column.like(escaped, escape="\\")


def _behind(prefix: str) -> str:
    """The first text in the order of code points that is behind all texts with this prefix; empty: there is none."""
    last = ord(prefix[-1]) + 1
    if last > sys.maxunicode:
        return ""
    return prefix[:-1] + chr(_BEHIND_SURROGATES if last == _FIRST_SURROGATE else last)

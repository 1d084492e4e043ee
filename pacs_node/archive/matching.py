"""Attribute matching of queries (PS3.4 section C.2.2.2): from a key's value to a condition on columns.

A condition comes in two halves, its form and its values: conditions of equal forms are the same SQL, so that a
statement is made once and run with other values ever after.
Every parser raises InvalidInput naming the key when its value can't be one; none ever raises anything else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, and_, false, func, literal, or_, true
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
MOST_CHOICES = 100
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


class Stretch(NamedTuple):
    """A part of the index of a column: the value itself, or all that begin with a prefix."""

    column: Column
    first: str
    behind: str
    """The first value behind it; empty: there is none, or it is this one value (`is_single`)."""
    is_single: bool


class Criterion(NamedTuple):
    """One condition: equal forms are equal SQL, into which the values go in their order."""

    form: Hashable
    values: tuple[Any, ...]
    build: Callable[..., Condition]
    """From one SQL expression for each value to the condition."""
    within: tuple[Stretch, ...] = ()
    """Where to look: whatever matches lies in one of these; empty where no index knows."""
    is_all_within: bool = False
    """Whether all that lies there matches, so that nothing else needs to be looked at."""

    def condition(self) -> Condition:
        """The condition with its values in it."""
        return self.build(*(literal(value) for value in self.values))


NOTHING = Criterion("nothing", (), false)
Matcher = Callable[[Looking, str, str], Criterion]
"""From how to look, the keyword and its value (never empty) to a condition."""


def refuse(keyword: str, rule: str) -> InvalidInput:
    """The error for a key whose value can't be one."""
    return InvalidInput(key=keyword, rule=rule)


def text(column: Column) -> Matcher:
    """Single value or wildcard matching, as the letters are."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        return wildcard(looking, column, value_of(keyword, value).strip())

    return match


def listed(keyword: str, value: str) -> list[str]:
    """The values of a list, parted by backslashes or commas, each once."""
    parts = (part.strip() for part in re.split(r"[\\,]", value_of(keyword, value)))
    wanted = [part for part in dict.fromkeys(parts) if part]
    if len(wanted) > MOST_CHOICES:
        raise refuse(keyword, f"at most {MOST_CHOICES} values")
    return wanted


def uids(column: Column) -> Matcher:
    """Single UID or list of UID matching; a list is parted by backslashes or commas."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        wanted = [part.strip(" \0") for part in re.split(r"[\\,]", value_of(keyword, value, _LONGEST_UIDS))]
        if len(wanted) > _MOST_UIDS or any(uid(part) is None for part in wanted):
            raise refuse(keyword, f"1-{_MOST_UIDS} UIDs")
        return in_list(column, wanted)

    return match


def dates(column: Column) -> Matcher:
    """Single value and range matching of a DA."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        return _between(column, *parse_date_range(keyword, value))

    return match


def times(column: Column) -> Matcher:
    """Single value and range matching of a TM; `10` means the whole of the eleventh hour."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        return _between(column, *parse_time_range(keyword, value))

    return match


def integers(column: Column) -> Matcher:
    """Single value matching of an IS."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        number = value_of(keyword, value).strip()
        if not _INTEGER.fullmatch(number):
            raise refuse(keyword, "a whole number")
        return equal(column, int(number)) if abs(int(number)) <= LARGEST_INTEGER else NOTHING

    return match


def names(
    match_column: Column,
    key_column: Column,
    later_groups: tuple[Column, ...] = (),
    later_keys: tuple[Column, ...] = (),
) -> Matcher:
    """Matching of a PN: each group that is given matches any group of the name, whatever the case.

    Fuzzy, the search keys are compared instead, and what is given need only be the beginning. With
    `later_groups` and `later_keys`, the columns of the second and third group, a pattern that begins with letters
    is looked up in indexes; Latin letters of those groups then match as given, in lower, upper and title case.
    """

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        groups = [group.strip(" ") for group in value_of(keyword, value).split("=")]
        if len(groups) > _GROUPS:  # PS3.5 section 6.2.1
            raise refuse(keyword, "a name of at most three groups")
        tests: list[Criterion] = []
        for group in groups:
            if looking.fuzzy:
                key = "".join(part if part in _WILDCARDS else search_key(part) for part in re.split(r"([*?])", group))
                if key.strip("*"):
                    tests.append(_any_group(looking, key_column, f"{key}*", later_keys, [f"{key}*"], open_ended=True))
            elif pattern := group.rstrip("^").casefold():
                written = sorted({form(group.rstrip("^")) for form in (str, str.lower, str.upper, str.title)})
                tests.append(_any_group(looking, match_column, pattern, later_groups, written))
        if not tests:
            # Nothing but delimiters was given; a key of stars alone is universal.
            return Criterion(("any", match_column), (), lambda: and_(func.length(match_column) >= 0))
        return tests[0] if len(tests) == 1 else all_of(tests)

    return match


def _any_group(
    looking: Looking,
    all_groups: Column,
    pattern: str,
    later: tuple[Column, ...],
    written: Sequence[str],
    *,
    open_ended: bool = False,
) -> Criterion:
    """A pattern for any group: in the column that has all, between fences, and for an index in those of later ones."""
    # Every name ends with a fence: a pattern that ends with a star needs none, and is the beginning of an index.
    behind = "" if open_ended or pattern.endswith("*") else f"{FENCE}*"
    if not later or pattern.startswith(_WILDCARDS):
        return wildcard(looking, all_groups, f"*{FENCE}{pattern}{behind}")
    first = wildcard(looking, all_groups, f"{FENCE}{pattern}{behind}")
    return any_of([first, *(wildcard(looking, column, each) for column in later for each in written)])


def any_of(tests: Sequence[Criterion]) -> Criterion:
    """What matches one of them; none of nothing."""
    if len(tests) == 1:
        return tests[0]
    found = _joined(tests, lambda conditions: or_(false(), *conditions), "or")
    if not tests or not all(test.within for test in tests):
        return found
    return found._replace(
        within=tuple(stretch for test in tests for stretch in test.within),
        is_all_within=all(test.is_all_within for test in tests),
    )


def all_of(tests: Sequence[Criterion]) -> Criterion:
    """What matches each of them; looked for where the first with an index says."""
    found = _joined(tests, lambda conditions: and_(true(), *conditions), "and")
    return found._replace(within=next((test.within for test in tests if test.within), ()))


def _joined(tests: Sequence[Criterion], join: Callable[[list[Condition]], Condition], name: str) -> Criterion:
    ends: list[int] = []
    for test in tests:
        ends.append((ends[-1] if ends else 0) + len(test.values))

    def build(*values: Any) -> Condition:
        begins = [0, *ends]
        return join([test.build(*values[at:end]) for test, at, end in zip(tests, begins, ends, strict=False)])

    return Criterion(
        (name, *(test.form for test in tests)), tuple(value for test in tests for value in test.values), build
    )


def parse_date_range(keyword: str, value: str) -> tuple[str, str]:
    """First and last day as `YYYYMMDD`; empty where open."""
    return _parse_range(keyword, value, "a date YYYYMMDD or a range of two", _one_date)


def parse_time_range(keyword: str, value: str) -> tuple[str, str]:
    """First and last moment as `HHMMSS.ffffff`; empty where open."""
    return _parse_range(keyword, value, "a time HHMMSS or a range of two", _one_time)


def _parse_range(keyword: str, value: str, rule: str, one: Callable[[str], tuple[str, str] | None]) -> tuple[str, str]:
    first, dash, last = value_of(keyword, value).strip().partition("-")
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


def none(column: Column) -> Criterion:
    """No value: empty, and NULL for a number."""
    if isinstance(column.type, Integer):
        return Criterion(("null", column), (), lambda: column.is_(None))
    return equal(column, "")


def in_list(column: Column, wanted: Sequence[str]) -> Criterion:
    """One of these values. Lists of about the same length have one form: the last value fills it up."""
    if len(wanted) == 1:
        return equal(column, wanted[0])
    values = filled_up(wanted)
    return Criterion(("in", column, len(values)), values, lambda *each: column.in_(each))


def filled_up(wanted: Sequence[str]) -> tuple[str, ...]:
    """The values, the last one again and again up to the next power of two: few lengths make few statements."""
    room = 1 << (len(wanted) - 1).bit_length()
    return (*wanted, *[wanted[-1]] * (room - len(wanted)))


def equal(column: Column, value: Any) -> Criterion:
    """This one value."""
    within = (Stretch(column, value, "", True),) if isinstance(value, str) else ()
    return Criterion(("=", column), (value,), lambda wanted: column == wanted, within, True)


def _between(column: Column, first: str, last: str) -> Criterion:
    """Within a range; an instance without a value is within none."""
    if first and first == last:
        return equal(column, first)
    if last:
        build = lambda low, high: and_(column >= low, column <= high)  # noqa: E731 - a form, as the others here
        return Criterion(("between", column), (first or "0", last), build)
    return Criterion((">=", column), (first or "0",), lambda low: column >= low)


def value_of(keyword: str, value: str, longest: int = _LONGEST_VALUE) -> str:
    """The value itself. Raises InvalidInput for one that is too long or has a NUL."""
    if len(value) > longest or "\0" in value:
        raise refuse(keyword, f"at most {longest} characters, none of them NUL")
    return value


def wildcard(looking: Looking, column: Column, pattern: str) -> Criterion:
    """`*` any characters, `?` one character (PS3.4 C.2.2.2.4); without them, equality."""
    if not any(letter in pattern for letter in _WILDCARDS):
        return equal(column, pattern)
    prefix = re.split(r"[*?]", pattern, maxsplit=1)[0]
    behind = _behind(prefix) if prefix else ""
    within = (Stretch(column, prefix, behind, False),) if prefix else ()
    is_all = pattern.strip("*") == prefix
    if looking.dialect == "sqlite":
        # GLOB compares letter by letter, LIKE of SQLite does not; the range is what finds its way into an index.
        if is_all and behind:
            build = lambda low, high: and_(column >= low, column < high)  # noqa: E731
            return Criterion(("prefix", column), (prefix, behind), build, within, True)
        values = (pattern.replace("[", "[[]"), *([prefix] if prefix else []), *([behind] if behind else []))

        def glob(like: Any, *bounds: Any) -> Condition:
            conditions: list[Condition] = [column.op("GLOB", is_comparison=True)(like)]
            for bound, compared in zip(bounds, (column.__ge__, column.__lt__), strict=False):
                conditions.append(compared(bound))
            return and_(*conditions)

        return Criterion(("glob", column, len(values)), values, glob, within, is_all)
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%").replace("?", "_")
    return Criterion(("like", column), (escaped,), lambda like: column.like(like, escape="\\"), within, is_all)


def _behind(prefix: str) -> str:
    """The first text in the order of code points that is behind all texts with this prefix; empty: there is none."""
    last = ord(prefix[-1]) + 1
    if last > sys.maxunicode:
        return ""
    return prefix[:-1] + chr(_BEHIND_SURROGATES if last == _FIRST_SURROGATE else last)

"""Reading the query of a search (PS3.18 sections 8.3.4 and 10.6.1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from dicomweb.errors import BadParameter

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 5000
_LARGEST_OFFSET = 2**53
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NUMBER = re.compile(r"[0-9]{1,16}")
_ALL = "all"
# Said about the request, not about what is searched.
_ABOUT_THE_REQUEST = frozenset({"accept", "charset"})
_NOT_SUPPORTED = frozenset({"timezoneadjustment"})
_FLAGS = ("fuzzymatching", "emptyvaluematching", "multiplevaluematching")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameters:
    """What a client asks for; keys are DICOM keywords with their values as DICOM writes them."""

    keys: dict[str, str] = field(default_factory=dict)
    include: frozenset[str] = frozenset()
    include_all: bool = False
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    fuzzy: bool = False
    empty_values: bool = False
    """`""` asks for an empty value (PS3.4 section C.2.2.2.7)."""
    multiple_values: bool = False
    """Values between backslashes mean any of them (PS3.4 section C.2.2.2.8)."""
    ignored: tuple[str, ...] = ()
    """Parameters that had no effect, to be named in a warning."""


def parse_search(pairs: Iterable[tuple[str, str]]) -> SearchParameters:
    """Read the pairs of a query string. Raises BadParameter naming the parameter that is wrong."""
    keys: dict[str, str] = {}
    include: set[str] = set()
    single: dict[str, str] = {}
    ignored: list[str] = []
    for name, value in pairs:
        if name == "includefield":
            include.update(_include_fields(value))
        elif name in {"limit", "offset", *_FLAGS}:
            if name in single:
                raise BadParameter(parameter=name, rule="given once")
            single[name] = value
        elif name in _NOT_SUPPORTED:
            ignored.append(name)
        elif name not in _ABOUT_THE_REQUEST:
            keyword = _path(name)
            if keyword in keys:
                raise BadParameter(parameter=_short(name), rule="given once")
            keys[keyword] = value
    limit = _number("limit", single.get("limit", str(DEFAULT_LIMIT)), 10**16)
    flags = {name: _flag(name, single.get(name, "false")) for name in _FLAGS}
    if limit > LARGEST_LIMIT:
        ignored.append(f"limit over {LARGEST_LIMIT}")
    return SearchParameters(
        keys=keys,
        include=frozenset(include - {_ALL}),
        include_all=_ALL in include,
        limit=min(limit, LARGEST_LIMIT),
        offset=_number("offset", single.get("offset", "0"), _LARGEST_OFFSET),
        fuzzy=flags["fuzzymatching"],
        empty_values=flags["emptyvaluematching"],
        multiple_values=flags["multiplevaluematching"],
        ignored=tuple(ignored),
    )


def _include_fields(value: str) -> Iterable[str]:
    for item in value.split(","):
        name = item.strip()
        if name == _ALL:
            yield _ALL
        elif name:
            yield _path(name, parameter="includefield")


def _path(name: str, parameter: str | None = None) -> str:
    """Keywords for an attribute, or for one inside sequences (`00400275.00400007`)."""
    return ".".join(_keyword(part, parameter or _short(name)) for part in name.split("."))


def _keyword(name: str, parameter: str) -> str:
    if _TAG.fullmatch(name):
        keyword = keyword_for_tag(int(name, 16))
        # A private attribute has no keyword; it stands for itself and is not indexed.
        return keyword or name.upper()
    # pydicom knows some retired tags by an empty keyword.
    if not name or tag_for_keyword(name) is None:
        raise BadParameter(parameter=parameter, rule="a DICOM keyword or eight hexadecimal digits", value=_short(name))
    return name


def _number(parameter: str, text: str, largest: int) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > largest:
        raise BadParameter(parameter=parameter, rule="a whole number, 0 or more")
    return int(text)


def _flag(parameter: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise BadParameter(parameter=parameter, rule="true or false")
    return text == "true"


def _short(name: str) -> str:
    """What is repeated to the client of a name that it made up."""
    return name[:64]

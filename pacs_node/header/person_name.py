"""VR PN (PS3.5 section 6.2.1): three component groups `alphabetic=ideographic=phonetic`, components parted by `^`."""

from __future__ import annotations

from dataclasses import astuple

from pacs_node.model import PersonName
from shared_kernel.japanese.search_key import search_key

_GROUPS = 3
FENCE = "\x1f"
"""Stands before, between and after the groups in the columns made for comparison; no indexed text has one."""


def person_name(value: str) -> PersonName:
    """The groups of a decoded PN value, `^` kept, outer spaces and trailing `^` gone. Never raises."""
    groups = [group.strip(" ").rstrip("^ ") for group in value.split("=", _GROUPS)]
    groups += [""] * (_GROUPS - len(groups))
    return PersonName(alphabetic=groups[0], ideographic=groups[1], phonetic=groups[2])


def shown(name: PersonName) -> PersonName:
    """The same name as people read it: `^` as a space."""
    return PersonName(
        alphabetic=_spaced(name.alphabetic), ideographic=_spaced(name.ideographic), phonetic=_spaced(name.phonetic)
    )


def encoded(name: PersonName) -> str:
    """The value as DICOM writes it, without empty groups at the end."""
    return "=".join(astuple(name)).rstrip("=")


def match_form(name: PersonName) -> str:
    """The groups, each between fences, case folded: what wildcard matching looks at (PS3.4 C.2.2.2.4)."""
    return _fenced([group.casefold() for group in astuple(name)])


def key_form(name: PersonName) -> str:
    """The search keys of the groups, each between fences: what fuzzy matching looks at."""
    return _fenced([search_key(group) for group in astuple(name)])


def _spaced(group: str) -> str:
    return " ".join(part for part in group.replace("^", " ").split(" ") if part)


def _fenced(groups: list[str]) -> str:
    known = [group for group in groups if group]
    return FENCE + FENCE.join(known) + FENCE if known else ""

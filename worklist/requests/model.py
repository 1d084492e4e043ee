"""What a reading request is, how it moves, and what may stand in it. Pure values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from shared_kernel.plain_text import cleaned
from shared_kernel.settings import ae_title
from worklist.requests.errors import WrongRequest

_SPACES = re.compile(r"[\s\u3000]+")
_CODE = re.compile(r"[A-Z0-9_ ]{1,16}", re.ASCII)
_ACCESSION = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")
_NO_NAME = re.compile(r"[\\=^\n\t]")
_LONGEST_GROUP = 64
LONGEST_LO = 64
"""Characters of a VR LO (PS3.5 section 6.2)."""


class RequestState(StrEnum):
    """Where a reading request stands."""

    OPEN = "open"
    """Entered: the scanner finds it in its worklist, and no image has come."""
    DONE = "done"
    """Images came for it: it goes on as a reading case."""
    CANCELLED = "cancelled"
    """The clinic took it back."""


class RequestStep(StrEnum):
    """What can happen to a reading request."""

    CHANGE = "change"
    CANCEL = "cancel"
    IMAGES_CAME = "images_came"


# Images count even for a cancelled request: they are there, and somebody must read them.
TRANSITIONS: Mapping[RequestState, Mapping[RequestStep, RequestState]] = {
    RequestState.OPEN: {
        RequestStep.CHANGE: RequestState.OPEN,
        RequestStep.CANCEL: RequestState.CANCELLED,
        RequestStep.IMAGES_CAME: RequestState.DONE,
    },
    RequestState.CANCELLED: {RequestStep.IMAGES_CAME: RequestState.DONE},
    RequestState.DONE: {RequestStep.IMAGES_CAME: RequestState.DONE},
}


class Priority(StrEnum):
    """通常, 至急, 緊急."""

    ROUTINE = "routine"
    URGENT = "urgent"
    STAT = "stat"


def after(state: RequestState, step: RequestStep) -> RequestState | None:
    """The state after a step; None where the table has no such step."""
    return TRANSITIONS[state].get(step)


def line(field: str, text: str, longest: int = LONGEST_LO, *, needed: bool = False) -> str:
    """One line of text that VR LO, SH or PN can carry. Raises WrongRequest."""
    text = _SPACES.sub(" ", cleaned(text)).strip()
    if len(text) > longest or "\\" in text:
        raise WrongRequest(field=field, rule=f"at most {longest} characters, no backslash")
    if needed and not text:
        raise WrongRequest(field=field, rule="must not be empty")
    return text


def name_group(field: str, text: str) -> str:
    """One group of a person's name with single spaces. Raises WrongRequest."""
    text = line(field, text, _LONGEST_GROUP)
    if _NO_NAME.search(text):
        raise WrongRequest(field=field, rule="a name without \\ = ^")
    return text


def roman_group(field: str, text: str) -> str:
    """The alphabetic group, which the scanner's own screen shows: Latin letters (PS3.5 section 6.2.1.2)."""
    text = name_group(field, text)
    if not text.isascii():
        raise WrongRequest(field=field, rule="Latin letters only")
    return text


def code(field: str, text: str, *, needed: bool = False) -> str:
    """A value of VR CS, in capitals. Raises WrongRequest."""
    text = text.strip().upper()
    if not text and not needed:
        return ""
    if not _CODE.fullmatch(text):
        raise WrongRequest(field=field, rule="1-16 letters, digits, spaces or _")
    return text


def station(text: str) -> str:
    """The scanner's AE title, or empty. Raises WrongRequest."""
    if not text.strip():
        return ""
    try:
        return ae_title(text)
    except ValueError as error:
        raise WrongRequest(field="station_ae_title", rule=str(error)) from error


def accession(text: str) -> str:
    """An accession number that somebody has given, or empty. Raises WrongRequest."""
    text = text.strip()
    if text and not _ACCESSION.fullmatch(text):
        raise WrongRequest(field="accession_number", rule="1-16 printable ASCII characters, no backslash")
    return text

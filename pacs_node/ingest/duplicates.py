"""The same SOP Instance UID again: the same bytes are a resend, others a version where the peer's rules allow that."""

from __future__ import annotations

import os
from enum import Enum, auto
from pathlib import Path

_CHUNK = 1 * 2**20


class Again(Enum):
    """What came under a SOP Instance UID that the index knows."""

    STORED = auto()
    """What is stored, byte for byte."""
    MENDS = auto()
    """What was received once, and is missing or damaged now."""
    OTHER = auto()
    """Other content."""
    OVERTAKEN = auto()
    """Nobody knows: another file has become the current one meanwhile, and is to be compared with."""


def same_dataset(one: str | Path, one_offset: int, other: str | Path, other_offset: int) -> bool:
    """Whether two Part 10 files hold the same data set, byte for byte; file meta may differ."""
    if os.stat(one).st_size - one_offset != os.stat(other).st_size - other_offset:
        return False
    with open(one, "rb") as first, open(other, "rb") as second:
        first.seek(one_offset)
        second.seek(other_offset)
        while True:
            chunk = first.read(_CHUNK)
            if chunk != second.read(_CHUNK):
                return False
            if not chunk:
                return True

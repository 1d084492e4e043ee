"""The same SOP Instance UID again: the same bytes are a resend, other bytes are refused."""

from __future__ import annotations

import os
from pathlib import Path

_CHUNK = 1 * 2**20


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

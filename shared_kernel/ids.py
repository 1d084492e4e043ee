"""Identifiers that sort by the time of their making (UUID version 7, RFC 9562 section 5.7)."""

from __future__ import annotations

import os
import time
import uuid

_VERSION_7 = 0x7 << 76
_VARIANT_RFC = 0x2 << 62


def new_id() -> str:
    """A fresh id of 32 hexadecimal digits: 48 bits of milliseconds, 74 random bits.

    Rows made one after another stand side by side in a B-tree, which random ids would scatter.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10)) >> 6
    value = (milliseconds << 80) | _VERSION_7 | ((random_bits >> 62) << 64) | _VARIANT_RFC
    return f"{value | (random_bits & ((1 << 62) - 1)):032x}"


def new_uid() -> str:
    """A fresh DICOM UID under the root 2.25 (PS3.5 section B.2), at most 44 characters."""
    return f"2.25.{uuid.uuid4().int}"

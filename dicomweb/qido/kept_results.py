"""Results that are kept as they were written, of all shapes together within one bound."""

from __future__ import annotations

import sys
import threading
from typing import Any

Row = tuple[Any, ...]

_LARGEST = 16 * 2**10
_ENTRY = 128
"""Bytes that a dictionary needs for an entry."""


class KeptResults:
    """Two generations by shape and row; the older one goes when the newer has half of the bytes.

    Safe to share between threads. What a shape wrote that nobody asks for any more goes with its generation.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes // 2
        self._now: dict[object, dict[Row, str]] = {}
        self._before: dict[object, dict[Row, str]] = {}
        self._size = 0
        self._size_before = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes that rows and results take."""
        return self._size + self._size_before

    def of(self, shape: object) -> dict[Row, str]:
        """The shape's results of the newer generation, to look at without a lock."""
        return self._now.get(shape, {})

    def older(self, shape: object, row: Row) -> str | None:
        """A result of the older generation."""
        return self._before.get(shape, {}).get(row)

    def put(self, shape: object, row: Row, written: str) -> None:
        """Keep a result, unless it is out of all proportion."""
        if len(written) > _LARGEST:
            return
        size = sys.getsizeof(written) + sys.getsizeof(row) + sum(map(sys.getsizeof, row)) + _ENTRY
        with self._lock:
            if self._size + size > self._most:
                self._before, self._now = self._now, {}
                self._size_before, self._size = self._size, 0
            if size > self._most:
                return
            kept = self._now.setdefault(shape, {})
            if row not in kept:
                self._size += size
            kept[row] = written

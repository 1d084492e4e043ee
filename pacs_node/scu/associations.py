"""Associations that are open just now, so that somebody else can end them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pacs_node.upper_layer.requestor import Requestor


class OpenAssociations:
    """Safe between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: set[Requestor] = set()

    @contextmanager
    def holding(self, association: Requestor) -> Iterator[None]:
        """It is open for the block."""
        with self._guard:
            self._open.add(association)
        try:
            yield
        finally:
            with self._guard:
                self._open.discard(association)

    def cut(self) -> None:
        """End all of them at once: whoever reads or sends there raises ConnectionLost."""
        with self._guard:
            for association in self._open:
                association.cut()

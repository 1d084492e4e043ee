"""Counting the sub-operations of a retrieval (PS3.4 sections C.4.2.1.5 to C.4.2.1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pacs_node.scu.model import Fate, Sent
from pacs_node.upper_layer.command_set import (
    COMPLETED_SUBOPERATIONS,
    FAILED_SUBOPERATIONS,
    REMAINING_SUBOPERATIONS,
    WARNING_SUBOPERATIONS,
)

SUCCESS = 0x0000
CANCELLED = 0xFE00
PENDING = 0xFF00
SOME_FAILED = 0xB000
ALL_FAILED = 0xA702
_LONGEST_LIST = 0xFFFE


@dataclass(slots=True)
class SubOperations:
    """How far a retrieval of `total` instances is."""

    total: int
    completed: int = 0
    warning: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def remaining(self) -> int:
        """Not begun yet."""
        return self.total - self.completed - self.warning - len(self.failed)

    def take(self, sent: Sent) -> None:
        """Count one."""
        if sent.fate is Fate.SENT:
            self.completed += 1
        elif sent.fate is Fate.WARNING:
            self.warning += 1
        else:
            self.failed.append(sent.sop_instance_uid)

    def counts(self, *, remaining: bool) -> Mapping[int, int]:
        """Elements of the response; the number of those remaining belongs into pending and cancelled ones only."""
        told = {
            COMPLETED_SUBOPERATIONS: self.completed,
            FAILED_SUBOPERATIONS: len(self.failed),
            WARNING_SUBOPERATIONS: self.warning,
        }
        return {REMAINING_SUBOPERATIONS: self.remaining, **told} if remaining else told

    def final_status(self, *, cancelled: bool) -> int:
        """Of the last response."""
        if cancelled:
            return CANCELLED
        if self.failed and not (self.completed or self.warning):
            return ALL_FAILED
        return SOME_FAILED if self.failed or self.warning else SUCCESS

    def failed_list(self) -> bytes:
        """The value of FailedSOPInstanceUIDList; one that no element could hold is cut behind a UID."""
        value = "\\".join(uid for uid in self.failed if uid and uid.isascii()).encode("ascii")
        if len(value) <= _LONGEST_LIST:
            return value
        return value[: value.rindex(b"\\", 0, _LONGEST_LIST)]

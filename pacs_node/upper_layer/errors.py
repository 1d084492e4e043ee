"""What can go wrong on an association.

AssociationError (OSError)
├── MalformedPdu (ValueError)       bytes that PS3.8 section 9.3 or PS3.7 section 6.3 don't allow: A-ABORT follows
├── Refused                         the peer rejected the association: result, source, reason
├── Aborted                         the peer sent A-ABORT
├── ConnectionLost                  the connection ended, or could not be opened
├── NoAnswer (TimeoutError)         nothing came in time
└── NotAccepted                     no presentation context for what is to be sent
"""

from __future__ import annotations


class AssociationError(OSError):
    """The association is of no use any more; its connection has been or is to be closed."""


class MalformedPdu(AssociationError, ValueError):
    """Raised while decoding; `reason` is that of the A-ABORT which answers it (PS3.8 table 9-26)."""

    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6

    def __init__(self, what: str, reason: int = INVALID_PARAMETER) -> None:
        super().__init__(what)
        self.reason = reason


class Refused(AssociationError):
    """The peer rejected the association (PS3.8 table 9-21); a transient one (`result` 2) may be tried again."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        super().__init__(f"the association was rejected: result {result}, source {source}, reason {reason}")
        self.why = (result, source, reason)

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.why[0] == 2  # noqa: PLR2004 - rejected-transient


class Aborted(AssociationError):
    """The peer sent A-ABORT."""

    def __init__(self, source: int, reason: int) -> None:
        super().__init__(f"the peer aborted the association: source {source}, reason {reason}")
        self.why = (source, reason)


class ConnectionLost(AssociationError):
    """The connection could not be opened, or ended in the middle of something."""


class NoAnswer(AssociationError, TimeoutError):
    """The peer said nothing, or took nothing, for as long as it is waited for."""


class NotAccepted(AssociationError):
    """The peer accepted no presentation context for this SOP class and transfer syntax."""

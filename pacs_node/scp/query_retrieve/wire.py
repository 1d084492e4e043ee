"""Sending responses past pynetdicom's queues: many PDUs in one write.

pynetdicom takes about a millisecond for each message that it sends; a query has hundreds of answers. While a
request is served, nothing else is sent on its association but an abort, so the serving thread writes itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

COMMAND, LAST = 0x01, 0x02
NO_DATA_SET = 0x0101
_DATA_SET = 0x0001
_P_DATA = 0x04
_SMALLEST_FRAGMENT = 1
_LARGEST = 256 * 1024
_GATHERED = 128 * 1024
_LONGEST_COMMENT = 64
_ESTABLISHED = "Sta6"
"""Ready for data transfer (PS3.8 section 9.2)."""

_COMMAND_GROUP_LENGTH = 0x0000
_AFFECTED_SOP_CLASS = 0x0002
_COMMAND_FIELD = 0x0100
_MESSAGE_ID_RESPONDED_TO = 0x0120
_DATA_SET_TYPE = 0x0800
_STATUS = 0x0900
_ERROR_COMMENT = 0x0902


class ConnectionGone(Exception):
    """The peer is no longer there, or has aborted; nobody reads an answer."""


def command_set(elements: Mapping[int, bytes]) -> bytes:
    """A command set (PS3.7 section 6.3.1): implicit little endian, in the order of tags, with its length."""
    encoded = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in sorted(elements.items()))
    return struct.pack("<HHII", 0, _COMMAND_GROUP_LENGTH, 4, len(encoded)) + encoded


def us(value: int) -> bytes:
    """The value of an US in a command set."""
    return struct.pack("<H", value)


def text(value: str, padding: bytes = b"\0") -> bytes:
    """The value of a UI, AE or LO in a command set."""
    encoded = value.encode("ascii", "replace")
    return encoded + padding * (len(encoded) % 2)


class Responses:
    """Writes the responses to one request."""

    def __init__(self, association: Any, request: Any, context_id: int, command_field: int) -> None:
        self._association = association
        self._context_id = context_id
        self._base = {
            _AFFECTED_SOP_CLASS: text(str(request.AffectedSOPClassUID)),
            _COMMAND_FIELD: us(command_field),
            _MESSAGE_ID_RESPONDED_TO: us(request.MessageID),
        }
        self.fragment = fragment_size(association)
        self._plain: dict[tuple[int, bool], bytes] = {}

    def response(
        self, status: int, data_set: bytes = b"", comment: str = "", counts: Mapping[int, int] | None = None
    ) -> bytes:
        """One response as PDUs; `counts` are elements of the command set with a number each."""
        if comment or counts:
            pdus = self._command(status, bool(data_set), comment, counts)
        elif (status, bool(data_set)) in self._plain:
            # Hundreds of answers to a query differ in their data sets alone.
            pdus = self._plain[status, bool(data_set)]
        else:
            pdus = self._plain[status, bool(data_set)] = self._command(status, bool(data_set))
        return pdus + fragments(self._context_id, 0, data_set, self.fragment) if data_set else pdus

    def _command(
        self, status: int, has_data_set: bool, comment: str = "", counts: Mapping[int, int] | None = None
    ) -> bytes:
        elements = self._base | {
            _STATUS: us(status),
            _DATA_SET_TYPE: us(_DATA_SET if has_data_set else NO_DATA_SET),
            **{tag: us(min(number, 0xFFFF)) for tag, number in (counts or {}).items()},
        }
        if comment:
            elements[_ERROR_COMMENT] = text(comment[:_LONGEST_COMMENT], b" ")
        return fragments(self._context_id, COMMAND, command_set(elements), self.fragment)

    def send(self, responses: Iterable[bytes]) -> None:
        """Write responses, several together. Raises ConnectionGone."""
        gathered = bytearray()
        for response in responses:
            gathered += response
            if len(gathered) >= _GATHERED:
                send(self._association, gathered)
                gathered = bytearray()
        if gathered:
            send(self._association, gathered)


def fragment_size(association: Any) -> int:
    """How many bytes of a message go into one PDU for this peer; it may set no limit (PS3.8 annex D.1)."""
    # However much a peer takes at once, no more than this is kept in memory for it.
    return max(min(association.requestor.maximum_length or _LARGEST, _LARGEST) - 6, _SMALLEST_FRAGMENT)


def fragments(context_id: int, control: int, message: bytes, size: int) -> bytes:
    """A command set or data set as P-DATA-TF PDUs of one fragment each (PS3.8 section 9.3.5)."""
    out = bytearray()
    for start in range(0, len(message), size):
        part = message[start : start + size]
        last = LAST if start + size >= len(message) else 0
        out += struct.pack(">BBIIBB", _P_DATA, 0, len(part) + 6, len(part) + 2, context_id, control | last)
        out += part
    return bytes(out)


def is_gone(association: Any) -> bool:
    """Whether the association has ended; its own thread, which would note that, is the one that serves."""
    return not association.is_established or association.dul.state_machine.current_state != _ESTABLISHED


def send(association: Any, data: bytes | bytearray | memoryview) -> None:
    """Write to the association's connection; it has as long as a peer may be silent. Raises ConnectionGone."""
    connection = association.dul.socket
    if connection is None or is_gone(association):
        raise ConnectionGone("the association has ended")
    try:
        connection.send_all(data, lambda: not is_gone(association))
    except OSError as error:
        raise ConnectionGone(str(error)) from error

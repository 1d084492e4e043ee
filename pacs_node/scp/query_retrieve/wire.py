"""Sending responses past pynetdicom's queues: many PDUs in one write.

pynetdicom takes about a millisecond for each message that it sends; a query has hundreds of answers. While a
request is served, nothing else is sent on its association but an abort, so the serving thread writes itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer import pdu

_LARGEST = 256 * 1024
_GATHERED = 128 * 1024
_MOST = 0xFFFF
_ESTABLISHED = "Sta6"
"""Ready for data transfer (PS3.8 section 9.2)."""


class ConnectionGone(Exception):
    """The peer is no longer there, or has aborted; nobody reads an answer."""


class Responses:
    """Writes the responses to one request."""

    def __init__(self, association: Any, request: Any, context_id: int, command_field: int) -> None:
        self._association = association
        self._context_id = context_id
        self._base: Mapping[int, int | str | bytes] = {
            cs.AFFECTED_SOP_CLASS_UID: str(request.AffectedSOPClassUID),
            cs.COMMAND_FIELD: command_field,
            cs.MESSAGE_ID_BEING_RESPONDED_TO: int(request.MessageID),
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
        elements = {
            **self._base,
            cs.STATUS: status,
            cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET if has_data_set else cs.NO_DATA_SET,
            **{tag: min(number, _MOST) for tag, number in (counts or {}).items()},
        }
        if comment:
            elements[cs.ERROR_COMMENT] = comment[: cs.LONGEST_COMMENT]
        return fragments(self._context_id, pdu.COMMAND, cs.encode(elements), self.fragment)

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
    return max(min(association.requestor.maximum_length or _LARGEST, _LARGEST) - pdu.PDV_HEADER, 1)


def fragments(context_id: int, control: int, message: bytes, size: int) -> bytes:
    """A command set or data set as P-DATA-TF PDUs of one fragment each (PS3.8 section 9.3.5)."""
    return b"".join(
        pdu.encode_data(
            context_id, control | (pdu.LAST if start + size >= len(message) else 0), message[start : start + size]
        )
        for start in range(0, len(message), size)
    )


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

"""DIMSE command sets (PS3.7 sections 6.3 and 9.3, annex E): implicit VR little endian, group 0000 alone.

An element is named by its number in group 0000, so `0x0110` is Message ID (0000,0110).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pacs_node.upper_layer.errors import MalformedPdu

AFFECTED_SOP_CLASS_UID = 0x0002
REQUESTED_SOP_CLASS_UID = 0x0003
COMMAND_FIELD = 0x0100
MESSAGE_ID = 0x0110
MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
MOVE_DESTINATION = 0x0600
PRIORITY = 0x0700
COMMAND_DATA_SET_TYPE = 0x0800
STATUS = 0x0900
OFFENDING_ELEMENT = 0x0901
ERROR_COMMENT = 0x0902
AFFECTED_SOP_INSTANCE_UID = 0x1000
REQUESTED_SOP_INSTANCE_UID = 0x1001
EVENT_TYPE_ID = 0x1002
ACTION_TYPE_ID = 0x1008
REMAINING_SUBOPERATIONS = 0x1020
COMPLETED_SUBOPERATIONS = 0x1021
FAILED_SUBOPERATIONS = 0x1022
WARNING_SUBOPERATIONS = 0x1023
MOVE_ORIGINATOR_AE_TITLE = 0x1030
MOVE_ORIGINATOR_MESSAGE_ID = 0x1031

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_GET_RQ, C_GET_RSP = 0x0010, 0x8010
C_FIND_RQ, C_FIND_RSP = 0x0020, 0x8020
C_MOVE_RQ, C_MOVE_RSP = 0x0021, 0x8021
C_ECHO_RQ, C_ECHO_RSP = 0x0030, 0x8030
N_EVENT_REPORT_RQ, N_EVENT_REPORT_RSP = 0x0100, 0x8100
N_GET_RQ, N_GET_RSP = 0x0110, 0x8110
N_SET_RQ, N_SET_RSP = 0x0120, 0x8120
N_ACTION_RQ, N_ACTION_RSP = 0x0130, 0x8130
N_CREATE_RQ, N_CREATE_RSP = 0x0140, 0x8140
N_DELETE_RQ, N_DELETE_RSP = 0x0150, 0x8150
C_CANCEL_RQ = 0x0FFF
RESPONSE = 0x8000
"""The bit that tells responses from requests."""

NO_DATA_SET = 0x0101
DATA_SET = 0x0001
MEDIUM = 0x0000
LONGEST_COMMENT = 64

_HEAD = struct.Struct("<HHI")
_GROUP_LENGTH = struct.Struct("<HHII")
_US = struct.Struct("<H")
_SHORT = 2
_UIDS = {0x0002, 0x0003, 0x1000, 0x1001}


class CommandSet(dict[int, bytes]):
    """The elements of a command set, their values as they came."""

    def number(self, element: int, default: int | None = None) -> int:
        """The value of an element of VR US. Raises MalformedPdu when it is none, or missing without a `default`."""
        value = self.get(element)
        if value is None and default is not None:
            return default
        if value is None or len(value) != _SHORT:
            raise MalformedPdu(f"a command set without a number in (0000,{element:04X})")
        return value[0] | value[1] << 8

    def text(self, element: int) -> str:
        """The value of an element of VR UI, AE or LO without its padding; empty when it is missing."""
        return self.get(element, b"").rstrip(b"\0 ").decode("latin-1")

    @property
    def field(self) -> int:
        """Command Field (0000,0100)."""
        return self.number(COMMAND_FIELD)

    @property
    def message_id(self) -> int:
        """Message ID (0000,0110)."""
        return self.number(MESSAGE_ID)

    @property
    def status(self) -> int:
        """Status (0000,0900)."""
        return self.number(STATUS)

    @property
    def has_data_set(self) -> bool:
        """Whether a data set follows."""
        return self.number(COMMAND_DATA_SET_TYPE) != NO_DATA_SET


def decode(data: bytes | bytearray | memoryview) -> CommandSet:
    """Take a whole command set apart. Raises MalformedPdu."""
    # Slices of bytes are twice as fast as those of a memoryview that become bytes.
    encoded = bytes(data)
    found = CommandSet()
    unpack, end, at = _HEAD.unpack_from, len(encoded), 0
    try:
        while at < end:
            group, element, length = unpack(encoded, at)
            at += 8
            if group or length > end - at:
                raise MalformedPdu("a command set with an element that does not belong or fit there")
            found[element] = encoded[at : at + length]
            at += length
    except struct.error:
        raise MalformedPdu("a command set that is cut off") from None
    return found


def encode(elements: Mapping[int, int | str | bytes]) -> bytes:
    """A command set with its group length: numbers as US, strings as UI, AE or LO, bytes as they are."""
    parts = []
    for element in sorted(elements):
        value = elements[element]
        encoded = value if isinstance(value, bytes) else _US.pack(value) if isinstance(value, int) else b""
        if isinstance(value, str):
            encoded = value.encode("ascii", "replace")
            if len(encoded) % 2:
                encoded += b"\0" if element in _UIDS else b" "
        parts.append(_HEAD.pack(0, element, len(encoded)) + encoded)
    body = b"".join(parts)
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body

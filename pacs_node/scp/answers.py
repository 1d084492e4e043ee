"""How a C-STORE is answered: one function for both lanes, and the bytes of its response."""

from __future__ import annotations

import struct

import structlog

from pacs_node.errors import InstanceRefused, StorageFull
from pacs_node.ingest.reception import Reception
from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer.pdu import COMMAND, LAST, encode_data
from shared_kernel.errors import Forbidden, Unavailable

SUCCESS = 0x0000
NOT_AUTHORISED = 0x0124
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
UNEXPECTED = 0xC0FF
"""Our own failure (of the range C000-CFFF, PS3.4 table B.2-1); the log says which."""

_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<HHIH")
_GROUP_LENGTH = struct.Struct("<HHII")
_NO_DATA_SET = _US.pack(0, cs.COMMAND_DATA_SET_TYPE, 2, cs.NO_DATA_SET)
_RESPONSE = _US.pack(0, cs.COMMAND_FIELD, 2, cs.C_STORE_RSP)

log = structlog.get_logger(__name__)


def stored(reception: Reception | None, *, calling: str, sop_instance_uid: str) -> tuple[int, str]:
    """Store what was received; returns the status and the comment of the response (PS3.4 table B.2-1)."""
    if reception is None:
        return CANNOT_UNDERSTAND, "There is no data set in the request."
    try:
        reception.store()
    except InstanceRefused as refusal:
        # Of a full disk the archive tells once; a line an instance would fill what is left of it.
        tell = log.debug if isinstance(refusal, StorageFull) else log.info
        tell("scp.instance_refused", code=refusal.code, calling_ae=calling, **refusal.details)
        return refusal.dimse_status, _ascii(refusal)
    except Forbidden as refusal:
        return NOT_AUTHORISED, _ascii(refusal)
    except Unavailable as refusal:
        return OUT_OF_RESOURCES, _ascii(refusal)
    except Exception:
        log.exception("scp.store_failed", calling_ae=calling, sop_instance_uid=sop_instance_uid)
        return UNEXPECTED, "The hub failed; its log says why."
    return SUCCESS, ""


def store_response(context_id: int, request: cs.CommandSet, status: int, comment: str) -> bytes:
    """The P-DATA-TF with the C-STORE-RSP; the UIDs go back as they came (PS3.7 section 9.3.1.2)."""
    sop_class, sop_instance = request[cs.AFFECTED_SOP_CLASS_UID], request[cs.AFFECTED_SOP_INSTANCE_UID]
    said = _element(cs.ERROR_COMMENT, _padded(comment)) if comment else b""
    body = b"".join(
        (
            _ELEMENT.pack(0, cs.AFFECTED_SOP_CLASS_UID, len(sop_class)),
            sop_class,
            _RESPONSE,
            _US.pack(0, cs.MESSAGE_ID_BEING_RESPONDED_TO, 2, request.message_id),
            _NO_DATA_SET,
            _US.pack(0, cs.STATUS, 2, status),
            said,
            _ELEMENT.pack(0, cs.AFFECTED_SOP_INSTANCE_UID, len(sop_instance)),
            sop_instance,
        )
    )
    return encode_data(context_id, COMMAND | LAST, _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body)


def echo_response(context_id: int, request: cs.CommandSet) -> bytes:
    """The P-DATA-TF with the C-ECHO-RSP (PS3.7 section 9.3.5.2)."""
    command: dict[int, int | str | bytes] = {
        cs.AFFECTED_SOP_CLASS_UID: request.get(cs.AFFECTED_SOP_CLASS_UID, b""),
        cs.COMMAND_FIELD: cs.C_ECHO_RSP,
        cs.MESSAGE_ID_BEING_RESPONDED_TO: request.message_id,
        cs.COMMAND_DATA_SET_TYPE: cs.NO_DATA_SET,
        cs.STATUS: SUCCESS,
    }
    return encode_data(context_id, COMMAND | LAST, cs.encode(command))


def _element(element: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, element, len(value)) + value


def _padded(comment: str) -> bytes:
    value = comment[: cs.LONGEST_COMMENT].encode("ascii", "replace")
    return value + b" " * (len(value) % 2)


def _ascii(error: Exception) -> str:
    return str(error).encode("ascii", "replace").decode("ascii")

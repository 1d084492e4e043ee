"""C-GET SCP (PS3.4 section C.4.3): sub-operations on the association of the request itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from pynetdicom.dimse_primitives import C_GET, C_STORE

from access_control.gate import AccessGate
from pacs_node.archive.catalogue import Catalogue
from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Service
from pacs_node.scp.query_retrieve.retrieval import Retrieval
from pacs_node.scp.query_retrieve.selection import Selection
from pacs_node.scp.query_retrieve.wire import ConnectionGone, fragment_size, fragments, send
from pacs_node.scu.contexts import chosen
from pacs_node.scu.model import Fate, Sent, fate_of
from pacs_node.transcoding.codec_pool import CodecsBusy
from pacs_node.transcoding.errors import NotTranscodable
from pacs_node.transcoding.outgoing import Outgoing, outgoing
from pacs_node.transcoding.workspace import SYSTEM, Workspace
from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer.pdu import COMMAND, LAST, pdv_header
from pacs_node.upper_layer.requestor import AcceptedContext
from shared_kernel.database import Database

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

_MOST_MESSAGE_ID = 0xFFFF

log = structlog.get_logger(__name__)


class GetService(Retrieval):
    """Sends instances to the asker, on the storage contexts for which it proposed to be the SCP."""

    service = Service.GET
    response_field = cs.C_GET_RSP
    request_type = C_GET

    def __init__(self, database: Database, catalogue: Catalogue, gate: AccessGate, *, work: Workspace = SYSTEM) -> None:
        super().__init__(database, catalogue, gate)
        self._work = work

    def check(self, association: NodeAssociation, request: Any, selection: Selection) -> None:
        """Nothing: a class that the asker has no context for fails by itself."""

    def deliver(self, association: NodeAssociation, request: Any, records: Sequence[InstanceRecord]) -> Iterator[Sent]:
        """Send them, each answered before the next."""
        contexts = accepted_to_store(association)
        for number, record in enumerate(records):
            if self.is_cancelled(association, request):
                return
            message_id = (int(request.MessageID) + number) % _MOST_MESSAGE_ID + 1
            yield _store(association, contexts, record, message_id, work=self._work)


def accepted_to_store(association: NodeAssociation) -> list[AcceptedContext]:
    """The contexts on which we may be the storage SCU (PS3.7 annex D.3.3.4)."""
    return [
        AcceptedContext(number, str(context.abstract_syntax), str(context.transfer_syntax[0]))
        for number, context in association._accepted_cx.items()
        if context.as_scu
    ]


def _store(
    association: NodeAssociation,
    contexts: Sequence[AcceptedContext],
    record: InstanceRecord,
    message_id: int,
    *,
    work: Workspace,
) -> Sent:
    context = chosen(record, contexts)
    if context is None:
        return _failed(record, "the asker takes no transfer syntax that it can be given in")
    try:
        with outgoing(record, context.transfer_syntax, association.peer.intake.coercions, work) as data:
            _send(association, context.context_id, record, message_id, data)
    except (NotTranscodable, CodecsBusy) as error:
        return _failed(record, str(error))
    except OSError as error:
        log.exception("retrieve.unreadable", sop_instance_uid=record.sop_instance_uid)
        if isinstance(error, _Cut):
            # The message has begun, and can't be ended.
            association.abort()
            raise ConnectionGone(str(error)) from error
        return _failed(record, f"the stored file can't be read: {error}")
    status = _answer(association, message_id)
    return Sent(sop_instance_uid=record.sop_instance_uid, fate=fate_of(status), status=status)


def _send(
    association: NodeAssociation, context_id: int, record: InstanceRecord, message_id: int, data: Outgoing
) -> None:
    size = fragment_size(association)
    command = cs.encode(
        {
            cs.AFFECTED_SOP_CLASS_UID: record.sop_class_uid,
            cs.COMMAND_FIELD: cs.C_STORE_RQ,
            cs.MESSAGE_ID: message_id,
            cs.PRIORITY: cs.MEDIUM,
            cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET,
            cs.AFFECTED_SOP_INSTANCE_UID: record.sop_instance_uid,
        }
    )
    before = fragments(context_id, COMMAND, command, size)
    for start in range(0, data.length, size):
        length = min(size, data.length - start)
        piece = os.pread(data.file, length, data.offset + start)
        if len(piece) < length:
            raise _Cut(f"the file of {record.sop_instance_uid} is shorter than it was")
        last = LAST if start + length >= data.length else 0
        send(association, before + pdv_header(context_id, last, length) + piece)
        before = b""


class _Cut(OSError):
    """A file became shorter while it was sent."""


def _answer(association: NodeAssociation, message_id: int) -> int:
    """The status of the response to a sub-operation. Raises ConnectionGone."""
    _, message = association.dimse.get_msg(block=True)
    answered: Any = message
    if isinstance(answered, C_STORE) and answered.MessageIDBeingRespondedTo == message_id:
        return int(answered.Status or 0)
    if association.is_established:
        association.abort()
    raise ConnectionGone("no response to a sub-operation")


def _failed(record: InstanceRecord, reason: str) -> Sent:
    log.info("retrieve.not_sent", sop_instance_uid=record.sop_instance_uid, reason=reason)
    return Sent(sop_instance_uid=record.sop_instance_uid, fate=Fate.FAILED, reason=reason)

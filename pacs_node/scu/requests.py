"""C-STORE requests on one association: while one is taken in, the next is made ready."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from pacs_node.model import InstanceRecord
from pacs_node.scu.contexts import chosen
from pacs_node.scu.model import Fate, Sent, fate_of, may_go_better
from pacs_node.transcoding.codec_pool import CodecsBusy
from pacs_node.transcoding.errors import NotTranscodable
from pacs_node.transcoding.outgoing import outgoing
from pacs_node.transcoding.workspace import Workspace
from pacs_node.upper_layer.command_set import ERROR_COMMENT
from pacs_node.upper_layer.requestor import AcceptedContext, FilePart, Requestor

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Request:
    """One instance, its file open; `failure` says why it can't be sent, None when it can."""

    record: InstanceRecord
    context_id: int = 0
    data: FilePart | None = None
    failure: Sent | None = None
    files: ExitStack = field(default_factory=ExitStack)


class StoreRequests:
    """Stores instances on one association; `accepts` and `rules` are the peer's settings.

    `originator` is the AE title and message id of the C-MOVE behind them, `work` says where changed copies are made.
    A context manager, which leaves no file open at its end.
    """

    def __init__(
        self,
        association: Requestor,
        accepts: Sequence[str],
        rules: Sequence[str],
        originator: tuple[str, int] | None,
        work: Workspace,
    ) -> None:
        self._association = association
        self._accepts = accepts
        self._rules = rules
        self._originator = originator
        self._work = work
        self._contexts: dict[tuple[str, str], AcceptedContext | None] = {}
        self._ahead: _Request | None = None

    def __enter__(self) -> StoreRequests:
        return self

    def __exit__(self, *_: object) -> None:
        self._turn(None)

    def store(self, record: InstanceRecord, following: InstanceRecord | None = None) -> Sent:
        """Store an instance; while the peer takes it in, `following` is made ready. Raises AssociationError."""
        request = self._turn(record) or self._ready(record)
        if request.failure is not None:
            return request.failure
        with request.files:
            message_id = self._association.ask_to_store(
                request.context_id,
                record.sop_class_uid,
                record.sop_instance_uid,
                request.data,
                originator=self._originator,
            )
        if following is not None and self._goes_as_stored(following):
            self._ahead = self._ready(following)
        response = self._association.answer_to_store(message_id)
        status = response.status
        fate = fate_of(status)
        return Sent(
            sop_instance_uid=record.sop_instance_uid,
            fate=fate,
            status=status,
            reason=response.text(ERROR_COMMENT),
            again=fate is Fate.FAILED and may_go_better(status),
            reached=True,
        )

    def _turn(self, record: InstanceRecord | None) -> _Request | None:
        """What was made ready, if it is for this instance; what is for another one is closed."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.record is record:
            return ahead
        ahead.files.close()
        return None

    def _ready(self, record: InstanceRecord) -> _Request:
        """Open the instance, put into another transfer syntax and changed by the rules where that must be."""
        context = self._context(record)
        request = _Request(record)
        if context is None:
            request.failure = failed(record, "the peer takes no transfer syntax that it can be given in", reached=True)
            return request
        try:
            data = request.files.enter_context(outgoing(record, context.transfer_syntax, self._rules, self._work))
        except NotTranscodable as error:
            request.failure = failed(record, str(error), reached=True)
        except CodecsBusy as error:
            request.failure = failed(record, str(error), again=True, reached=True)
        except OSError as error:
            log.exception("scu.unreadable", sop_instance_uid=record.sop_instance_uid)
            request.failure = failed(record, f"the stored file can't be read: {error}", again=True, reached=True)
        else:
            request.context_id = context.context_id
            request.data = FilePart(data.file, data.offset, data.length)
        return request

    def _goes_as_stored(self, record: InstanceRecord) -> bool:
        """Whether making it ready is no more than opening its file: nothing that the peer would wait for."""
        context = self._context(record)
        return not self._rules and context is not None and context.transfer_syntax == record.transfer_syntax_uid

    def _context(self, record: InstanceRecord) -> AcceptedContext | None:
        kind = (record.sop_class_uid, record.transfer_syntax_uid)
        if kind not in self._contexts:
            self._contexts[kind] = chosen(record, self._association.accepted.values(), self._accepts)
        return self._contexts[kind]


def failed(record: InstanceRecord, reason: str, *, again: bool = False, reached: bool | None = None) -> Sent:
    """One that was not sent; `again`: it may go better another time."""
    uid = record.sop_instance_uid
    return Sent(sop_instance_uid=uid, fate=Fate.FAILED, reason=reason, again=again, reached=reached)

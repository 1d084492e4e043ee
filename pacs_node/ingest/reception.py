"""A data set on its way in through the DICOM port: fragment by fragment to a spool, decoded by nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from access_control.model import Actor
from pacs_node.ingest.part10 import FileMeta, header_bytes
from pacs_node.ingest.spool import Spool
from pacs_node.ingest.work import Incoming, Stored
from pacs_node.peers.model import IntakeRules
from shared_kernel.errors import DokueiError, Unavailable

if TYPE_CHECKING:
    from pacs_node.ingest.service import IngestService

log = structlog.get_logger(__name__)


class Reception:
    """One instance being received by C-STORE; made by `IngestService.receive`.

    `write` never raises: after an error the rest is thrown away, and `store` raises what went wrong, so
    that the peer gets an answer and the association goes on. May be discarded from another thread.
    """

    def __init__(
        self,
        ingest: IngestService,
        *,
        sender: Actor,
        rules: IntakeRules,
        transfer_syntax_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
    ) -> None:
        self._ingest = ingest
        self._sender = sender
        self._rules = rules
        self._header: bytes | None = header_bytes(transfer_syntax_uid, sop_class_uid, sop_instance_uid, sender.name)
        self._meta = FileMeta(
            transfer_syntax_uid=transfer_syntax_uid,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            dataset_offset=len(self._header),
        )
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self._spool: Spool | None = None
        self.kept = 0
        """Bytes of the data set that were kept."""
        try:
            self._spool = ingest.spool(limit=rules.max_instance)
        except Exception as error:
            self._give_up(error)

    def write(self, fragment: bytes | memoryview) -> None:
        """Append a fragment of the data set; the bytes are used up when this returns."""
        with self._lock:
            if self._spool is None:
                return
            try:
                if self._header is not None:
                    self._spool.write(self._header, fragment)
                    self._header = None
                else:
                    self._spool.write(fragment)
                self.kept += len(fragment)
            except Exception as error:
                self._give_up(error)

    def store(self) -> Stored:
        """All of it is here: store it; see `IngestService.store`. Raises also what went wrong while receiving."""
        if self._error is not None:
            raise self._error
        if self._spool is None:
            raise Unavailable(reason="the association is closing")
        return self._ingest.store(
            Incoming(
                sender=self._sender,
                spool=self._spool,
                channel="c-store",
                sop_class_uid=self._meta.sop_class_uid,
                sop_instance_uid=self._meta.sop_instance_uid,
                rules=self._rules,
                meta=self._meta,
            )
        )

    def discard(self) -> None:
        """Leave nothing behind; harmless when it has been stored."""
        with self._lock:
            if self._spool is not None:
                self._spool.discard()
                self._spool = None

    def _give_up(self, error: Exception) -> None:
        if not isinstance(error, DokueiError):
            log.exception("scp.receive_failed", exc_info=error)
        self._error = error
        if self._spool is not None:
            self._spool.discard()
            self._spool = None

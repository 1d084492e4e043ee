"""A data set on its way in through the DICOM port: fragment by fragment to a spool, decoded by nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from access_control.model import Actor
from pacs_node.errors import InstanceRefused
from pacs_node.header.scan import Header, scan_head
from pacs_node.ingest.part10 import FileMeta, header_bytes
from pacs_node.ingest.spool import HEAD, Spool
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
        self._header = header_bytes(transfer_syntax_uid, sop_class_uid, sop_instance_uid, sender.name)
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
        self._found: Header | None = None
        self._discarded = False

    def write(self, fragment: bytes | memoryview) -> None:
        """Append a fragment of the data set; the bytes are used up when this returns."""
        with self._lock:
            if self._error is not None or self._discarded:
                return
            try:
                if self._spool is None:
                    self._begin(fragment)
                else:
                    self._spool.write(fragment)
                self.kept += len(fragment)
            except Exception as error:
                self._give_up(error)

    def _begin(self, fragment: bytes | memoryview) -> None:
        """Open the file once it is known where it will stay, which the first fragment says as a rule."""
        head = self._header + bytes(fragment[:HEAD])
        meta = self._meta
        try:
            self._found = scan_head(
                head,
                meta.dataset_offset,
                meta.transfer_syntax_uid,
                meta.sop_class_uid,
                character_set=self._rules.character_set,
            )
        except InstanceRefused:
            self._found = None  # said when all of it is here, as of an instance that comes in many fragments
        study_uid = self._found.study_uid if self._found else ""
        self._spool = self._ingest.spool(limit=self._rules.max_instance, study_uid=study_uid)
        self._spool.write(self._header, fragment)

    def store(self) -> Stored:
        """All of it is here: store it; see `IngestService.store`. Raises also what went wrong while receiving."""
        if not self.kept:
            self.write(b"")  # a data set of nothing is refused by the same rules
        if self._error is not None:
            raise self._error
        with self._lock:  # from here on the spool is the archive's, whoever discards this meanwhile
            spool, self._spool = self._spool, None
        if spool is None:
            raise Unavailable(reason="the association is closing")
        return self._ingest.store(
            Incoming(
                sender=self._sender,
                spool=spool,
                channel="c-store",
                sop_class_uid=self._meta.sop_class_uid,
                sop_instance_uid=self._meta.sop_instance_uid,
                rules=self._rules,
                meta=self._meta,
                header=self._found,
            )
        )

    def discard(self) -> None:
        """Leave nothing behind; harmless when it has been stored."""
        with self._lock:
            self._discarded = True
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

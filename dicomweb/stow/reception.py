"""One Part 10 file on its way in: its first bytes say where it will stay, so it is written there at once."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

from access_control.model import Actor
from pacs_node.errors import InstanceRefused, NotDicom
from pacs_node.header.scan import Header, scan_head
from pacs_node.ingest.part10 import PREAMBLE, FileMeta, read_header
from pacs_node.ingest.service import Incoming, IngestService, Spool, Stored
from pacs_node.ingest.spool import HEAD
from shared_kernel.errors import Unavailable

Piece = bytes | bytearray | memoryview
_PREFIX = b"DICM"


class FileReception:
    """One instance being received; used by worker threads, one after the other, and discarded by any.

    `write` never raises: after an error the rest is thrown away, and `store` raises what went wrong.
    """

    def __init__(self, ingest: IngestService, sender: Actor, study_uid: str | None) -> None:
        self._ingest = ingest
        self._sender = sender
        self._study_uid = study_uid
        self._lock = threading.Lock()
        self._spool: Spool | None = None
        self._meta: FileMeta | None = None
        self._header: Header | None = None
        self._error: Exception | None = None
        self._discarded = False

    @property
    def claimed(self) -> tuple[str, str]:
        """SOP Class and SOP Instance UID that the file itself claims, empty where it can't be read."""
        if self._header is not None:
            return self._header.sop_class_uid, self._header.sop_instance_uid
        meta = self._meta
        return (meta.sop_class_uid, meta.sop_instance_uid) if meta else ("", "")

    def write(self, pieces: Sequence[Piece]) -> None:
        """Append bytes; the first ones must be at least HEAD, or all there are."""
        with self._lock:
            if self._error is not None or self._discarded:
                return
            try:
                if self._spool is None:
                    self._begin(pieces)
                else:
                    self._spool.write(*pieces)  # type: ignore[arg-type]  # a bytearray is as good as bytes
            except Exception as error:
                self._error = error
                self._let_go()

    def store(self) -> Stored:
        """All of it is here: store it; see `IngestService.store`. Raises also what went wrong before."""
        with self._lock:  # from here on the spool is the archive's, whoever discards this meanwhile
            spool, self._spool = self._spool, None
        if self._error is not None:
            raise self._error
        if spool is None:
            raise Unavailable(reason="the request is over")
        return self._ingest.store(
            Incoming(
                sender=self._sender,
                spool=spool,
                channel="stow-rs",
                study_uid=self._study_uid,
                meta=self._meta,
                header=self._header,
            )
        )

    def discard(self) -> None:
        """Leave nothing behind; harmless when it has been stored."""
        with self._lock:
            self._discarded = True
            self._let_go()

    def _begin(self, pieces: Sequence[Piece]) -> None:
        head = _first(pieces, HEAD)
        if head[len(PREAMBLE) : len(PREAMBLE) + len(_PREFIX)] != _PREFIX:
            raise NotDicom(found="no DICM prefix")
        try:
            self._meta = read_header(io.BytesIO(head))
        except NotDicom:
            if len(head) < HEAD:
                raise
            # File meta information beyond the head, or none: ingest reads it from the file.
            self._spool = self._ingest.spool()
            self._spool.write(*pieces)  # type: ignore[arg-type]
            return
        self._header = self._scanned(head, self._meta)
        self._spool = self._ingest.spool(study_uid=self._header.study_uid if self._header else "")
        # A preamble can make the file a program for another system (PS3.10 section 7.1); ours is empty.
        if not head.startswith(PREAMBLE):
            self._spool.write(PREAMBLE)
            pieces = _without_first(pieces, len(PREAMBLE))
        self._spool.write(*pieces)  # type: ignore[arg-type]

    @staticmethod
    def _scanned(head: bytes, meta: FileMeta) -> Header | None:
        try:
            return scan_head(head, meta.dataset_offset, meta.transfer_syntax_uid, meta.sop_class_uid)
        except InstanceRefused:
            return None  # ingest says so when all of it is here

    def _let_go(self) -> None:
        if self._spool is not None:
            self._spool.discard()
            self._spool = None


def _first(pieces: Sequence[Piece], count: int) -> bytes:
    head = b""
    for piece in pieces:
        head += piece[: count - len(head)]
        if len(head) == count:
            break
    return head


def _without_first(pieces: Sequence[Piece], count: int) -> list[Piece]:
    rest: list[Piece] = []
    for piece in pieces:
        rest.append(piece[count:])
        count = max(0, count - len(piece))
    return rest

"""Each part into a spool, each whole spool to the archive while the next part is still arriving."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import structlog

from access_control.model import Actor
from dicomweb.http.accept import parse_media_type
from dicomweb.stow.multipart_reader import MultipartReader, PartBegun, PartData, PartEnded, Told
from dicomweb.stow.results import Refused, Result, not_dicom, refused
from pacs_node.errors import InstanceTooLarge, NotDicom, StorageFull
from pacs_node.ingest.part10 import read_header
from pacs_node.ingest.service import Incoming, IngestService, Spool
from shared_kernel.errors import DokueiError

_IN_FLIGHT = 8
_DICOM = "application/dicom"

log = structlog.get_logger(__name__)


class Intake:
    """The parts of one request, in order; used by one worker thread."""

    def __init__(self, ingest: IngestService, pool: ThreadPoolExecutor, sender: Actor, study_uid: str | None) -> None:
        self._ingest = ingest
        self._pool = pool
        self._sender = sender
        self._study_uid = study_uid
        self._spool: Spool | None = None
        self._pending: list[Future[Result] | Result] = []
        self._room = threading.BoundedSemaphore(_IN_FLIGHT)

    def take_multipart(self, batches: Iterable[bytes], boundary: str) -> None:
        """Read a multipart body to its end. Raises BrokenMultipart, and what reading and spooling raise."""
        reader = MultipartReader(boundary)
        for batch in batches:
            for told in reader.feed(batch):
                self._take(told)
        reader.close()

    def take_single(self, batches: Iterable[bytes]) -> None:
        """Read a body that is one instance."""
        self._take(PartBegun({"content-type": _DICOM}))
        for batch in batches:
            self._take(PartData(batch))
        self._take(PartEnded())

    def results(self) -> list[Result]:
        """What became of each part, in order; waits for those still being stored."""
        return [part.result() if isinstance(part, Future) else part for part in self._pending]

    def abandon(self) -> None:
        """Forget the part that is not whole, and leave no file of it."""
        if self._spool is not None:
            self._spool.discard()
            self._spool = None

    def _take(self, told: Told) -> None:
        match told:
            case PartBegun(headers):
                content_type = headers.get("content-type", _DICOM)
                parsed = parse_media_type(content_type)
                if parsed is None or parsed[0] != _DICOM:
                    self._pending.append(not_dicom(content_type))
                else:
                    self._begin()
            case PartData(data):
                self._write(data)
            case PartEnded():
                self._store()

    def _begin(self) -> None:
        try:
            self._spool = self._ingest.spool()
        except StorageFull as error:
            self._pending.append(refused(error))

    def _write(self, data: bytes) -> None:
        if self._spool is None:
            return  # the rest of a part that is refused already
        try:
            self._spool.write(data)
        except StorageFull as error:
            # Only this part fails: there may be room for a smaller one, and the client is told of each.
            self.abandon()
            self._pending.append(refused(error))
        except InstanceTooLarge:
            self.abandon()
            raise

    def _store(self) -> None:
        spool, self._spool = self._spool, None
        if spool is None:
            return
        self._room.acquire()
        try:
            self._pending.append(self._pool.submit(self._store_one, spool))
        except BaseException:
            self._room.release()
            spool.discard()
            raise

    def _store_one(self, spool: Spool) -> Result:
        sop_class_uid = sop_instance_uid = ""
        try:
            spool.close()
            sop_class_uid, sop_instance_uid = _claimed(Path(spool.path))
            return self._ingest.store(
                Incoming(
                    sender=self._sender,
                    spool=spool,
                    channel="stow-rs",
                    sop_class_uid=None,
                    sop_instance_uid=None,
                    study_uid=self._study_uid,
                )
            )
        except DokueiError as error:
            return refused(error, sop_class_uid, sop_instance_uid)
        except Exception as error:
            log.exception("stow.store_failed", sop_instance_uid=sop_instance_uid)
            return refused(error, sop_class_uid, sop_instance_uid)
        finally:
            spool.discard()
            self._room.release()


def _claimed(path: Path) -> tuple[str, str]:
    """The UIDs that the file itself claims, to name it in the answer; empty where it can't be read."""
    try:
        with path.open("rb") as file:
            meta = read_header(file)
    except (NotDicom, OSError):
        return "", ""
    return meta.sop_class_uid or "", meta.sop_instance_uid or ""


def all_refused_alike(results: list[Result]) -> int | None:
    """The HTTP status that every part was refused with, when there is only one."""
    statuses = {result.http_status if isinstance(result, Refused) else None for result in results}
    return statuses.pop() if len(statuses) == 1 else None

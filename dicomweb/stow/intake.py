"""Each part to the archive while the next one is still arriving.

The event loop only finds out where parts begin and end, and gathers views of what came: a part of up to a
MiB goes to a worker thread whole, in one step; a larger one goes there MiB by MiB.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import structlog

from access_control.model import Actor
from dicomweb.errors import BrokenMultipart
from dicomweb.http.accept import parse_media_type
from dicomweb.stow.multipart_reader import MultipartReader, PartBegun, PartData, PartEnded, Told
from dicomweb.stow.reception import FileReception, Piece
from dicomweb.stow.results import Refused, Result, not_dicom, refused
from dicomweb.stow.room import Room
from pacs_node.archive.staging import STAGED
from pacs_node.errors import InstanceTooLarge
from pacs_node.ingest.service import IngestService
from shared_kernel.errors import DokueiError

MOST_PARTS = 50_000
"""Parts of one request: each leaves a line in the answer, which is made in memory."""
_IN_FLIGHT = 8
_STORING_AT_ONCE = 8
_WAITING_IN_ALL = 32
_WORTH_A_VIEW = 16 * 1024
DICOM = "application/dicom"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Stores:
    """The threads that store, and how many parts may wait for them: those of all requests share the memory."""

    def __init__(self, ingest: IngestService, *, max_instance: int) -> None:
        self.ingest = ingest
        self.max_instance = max_instance
        self.pool = ThreadPoolExecutor(_STORING_AT_ONCE, thread_name_prefix="stow")
        self.room = Room(_WAITING_IN_ALL)


class Gathered:
    """The bytes of a part that wait to be passed on."""

    __slots__ = ("held", "pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.held = 0
        self.size = 0
        """Of the whole part, as far as it came."""

    def add(self, data: memoryview) -> None:
        """One more piece; small ones are copied together, so that nothing is kept alive for their sake."""
        count = len(data)
        self.held += count
        self.size += count
        if count >= _WORTH_A_VIEW:
            self.pieces.append(data)
        elif self.pieces and isinstance(self.pieces[-1], bytearray):
            self.pieces[-1] += data
        else:
            self.pieces.append(bytearray(data))

    def take(self) -> list[Piece]:
        """What waits, which does so no longer."""
        pieces, self.pieces, self.held = self.pieces, [], 0
        return pieces


async def outcome_of(work: Future[T]) -> T:
    """What a worker thread makes of it; when the task is cancelled meanwhile, the work is done all the same.

    Work that never ran would leave its place taken and its file behind.
    """
    return await asyncio.shield(asyncio.wrap_future(work))


class Intake:
    """The parts of one request, in order; used by one task."""

    def __init__(self, stores: Stores, sender: Actor, study_uid: str | None) -> None:
        self._stores = stores
        self._sender = sender
        self._study_uid = study_uid
        self._room = Room(_IN_FLIGHT)
        self._gathered = Gathered()
        self._reception: FileReception | None = None
        self._writing: Future[None] | None = None
        self._pending: list[Future[Result] | Result] = []

    async def take_multipart(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        """Read a multipart body to its end. Raises BrokenMultipart, InstanceTooLarge, and what reading raises."""
        reader = MultipartReader(boundary)
        async for chunk in chunks:
            for told in reader.feed(chunk):
                await self._take(told)
        reader.close()

    async def take_single(self, chunks: AsyncIterator[bytes]) -> None:
        """Read a body that is one instance."""
        await self._take(PartBegun({"content-type": DICOM}))
        async for chunk in chunks:
            await self._take(PartData(memoryview(chunk)))
        await self._take(PartEnded())

    async def results(self) -> list[Result]:
        """What became of each part, in order; waits for those still being stored."""
        told: list[Result] = []
        for part in self._pending:
            if isinstance(part, Future):
                told.append(part.result() if part.done() else await outcome_of(part))
            else:
                told.append(part)
        return told

    async def abandon(self) -> None:
        """Forget the part that is not whole, and leave no file of it; goes on when the task is cancelled."""
        reception, self._reception = self._reception, None
        if reception is not None and self._writing is not None:
            await outcome_of(self._stores.pool.submit(reception.discard))

    async def _take(self, told: Told) -> None:
        match told:
            case PartData(data):
                if self._reception is not None:
                    self._gathered.add(data)
                    if self._gathered.size > self._stores.max_instance:
                        raise InstanceTooLarge(limit_bytes=self._stores.max_instance)
                    if self._gathered.held >= STAGED:
                        await self._pass_on(self._reception)
            case PartBegun(headers):
                self._begin(headers.get("content-type", DICOM))
            case PartEnded():
                await self._end()

    def _begin(self, content_type: str) -> None:
        if len(self._pending) >= MOST_PARTS:
            raise BrokenMultipart(reason=f"more than {MOST_PARTS} parts")
        parsed = parse_media_type(content_type)
        if parsed is None or parsed[0] != DICOM:
            self._pending.append(not_dicom(content_type))
        else:
            self._gathered = Gathered()
            self._reception = FileReception(self._stores.ingest, self._sender, self._study_uid)

    async def _pass_on(self, reception: FileReception) -> None:
        """Let what is here be written while more comes, but never be further ahead of the disk than that."""
        await self._written()
        self._writing = self._stores.pool.submit(reception.write, self._gathered.take())

    async def _written(self) -> None:
        if self._writing is not None and not self._writing.done():
            await outcome_of(self._writing)

    async def _end(self) -> None:
        reception = self._reception
        if reception is None:
            return
        await self._written()
        await self._room.take()
        try:
            await self._stores.room.take()
        except BaseException:
            self._room.give()
            raise
        self._reception = self._writing = None
        self._pending.append(self._stores.pool.submit(self._store, reception, self._gathered.take()))

    def _store(self, reception: FileReception, last: list[Piece]) -> Result:
        """On a worker thread."""
        try:
            reception.write(last)
            last.clear()
            return reception.store()
        except DokueiError as error:
            return refused(error, *reception.claimed)
        except Exception as error:
            log.exception("stow.store_failed", sop_instance_uid=reception.claimed[1])
            return refused(error, *reception.claimed)
        finally:
            self._stores.room.give()
            self._room.give()


def all_refused_alike(results: list[Result]) -> int | None:
    """The HTTP status that every part was refused with, when there is only one."""
    statuses = {result.http_status if isinstance(result, Refused) else None for result in results}
    return statuses.pop() if len(statuses) == 1 else None

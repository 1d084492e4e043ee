"""From the asynchronous stream of a request to a plain loop on a worker thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from anyio import from_thread
from starlette.requests import ClientDisconnect

from dicomweb.errors import BodyTooLarge

_BATCH_BYTES = 512 * 1024


class Body:
    """The bytes of a request in batches, counted against the limit.

    The batches are pulled by the worker thread, so that a slow disk slows the client down instead of
    filling the memory; small chunks are gathered because each change of threads has its price.
    """

    def __init__(self, stream: AsyncIterator[bytes], limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._taken = 0
        self._gone: ClientDisconnect | None = None

    def batches(self) -> Iterator[bytes]:
        """Every byte once, on a worker thread. Raises BodyTooLarge, and ClientDisconnect when the client leaves."""
        while batch := from_thread.run(self._gather):
            self._taken += len(batch)
            if self._taken > self._limit:
                raise BodyTooLarge(limit_bytes=self._limit)
            yield batch

    async def _gather(self) -> bytes:
        chunks: list[bytes] = []
        gathered = 0
        try:
            async for chunk in self._stream:
                chunks.append(chunk)
                gathered += len(chunk)
                if gathered >= _BATCH_BYTES:
                    break
        except ClientDisconnect as gone:
            self._gone = gone
        # What came before the client left is dealt with first: an instance may be whole by then.
        if self._gone is not None and not chunks:
            raise self._gone
        return b"".join(chunks)

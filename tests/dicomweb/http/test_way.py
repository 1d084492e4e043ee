"""Proves that slow codecs keep nobody waiting who needs none: they work on threads of limits of their own."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import numpy as np
import pytest
from anyio import to_thread
from pydicom.uid import HTJ2KLosslessRPCL
from starlette.testclient import TestClient

from dicomweb.rendering.rendition import Renditions
from pacs_node.model import InstanceRecord
from test_data.small import small_instance
from tests.dicomweb.support import Hub
from tests.dicomweb.wado.test_instances import BIG_ENDIAN, DICOM, stored_at
from tests.dicomweb.wado.test_rendered import picture

FRAME = f'multipart/related; type="application/octet-stream"; transfer-syntax={HTJ2KLosslessRPCL}'
SHARED = 2
AT_MOST = 60


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Semaphore]]:
    """Whatever is transcoded waits for the event; the semaphore counts how many have begun."""
    go, begun = threading.Event(), threading.Semaphore(0)

    def waits(real: Callable[..., object]) -> Callable[..., object]:
        def held_up(*args: object) -> object:
            begun.release()
            assert go.wait(AT_MOST)
            return real(*args)

        return held_up

    for name in ("dicomweb.pixels.transcoded.transcoded_frame", "dicomweb.wado.transcode._made_native"):
        module, _, function = name.rpartition(".")
        monkeypatch.setattr(name, waits(getattr(__import__(module, fromlist=[function]), function)))
    drawn = Renditions.drawn

    def drawn_later(self: Renditions, record: InstanceRecord, number: int, *args: Any) -> bytes:
        if number > 1:  # the first one is drawn before the answer begins
            begun.release()
            assert go.wait(AT_MOST)
        return drawn(self, record, number, *args)

    monkeypatch.setattr(Renditions, "drawn", drawn_later)
    yield go, begun
    go.set()


@asynccontextmanager
async def reader(hub: Hub) -> AsyncIterator[httpx2.AsyncClient]:
    to_thread.current_default_thread_limiter().total_tokens = SHARED
    transport = httpx2.ASGITransport(hub.app)
    headers = {"Authorization": "Bearer sender"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example", headers=headers) as client:
        yield client


def in_time(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        with anyio.fail_after(AT_MOST):
            await work()

    anyio.run(bounded)


@pytest.mark.parametrize("what", ["frames", "several frames", "rendered", "instance", "series"])
def test_searches_go_on_while_codecs_are_busy(
    sender: TestClient, hub: Hub, held: tuple[threading.Event, threading.Semaphore], what: str
) -> None:
    go, begun = held
    if what in {"frames", "several frames", "rendered"}:
        samples = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
        frames = np.stack([samples] * 6)
        url = stored_at(sender, picture(samples, NumberOfFrames=6, PixelData=frames.tobytes()))
        urls, accept = [f"{url}/frames/{number}" for number in range(1, 7)], FRAME
        if what == "several frames":
            urls = [f"{url}/frames/{number},{number}" for number in range(1, 7)]
        elif what == "rendered":
            urls, accept = [f"{url}/rendered"] * 6, 'multipart/related; type="image/png"'
    else:
        url = stored_at(sender, small_instance(transfer_syntax=BIG_ENDIAN))
        urls = [url if what == "instance" else url.partition("/instances/")[0]] * 6
        accept = "application/dicom" if what == "instance" else DICOM
    found: list[int] = []

    async def work() -> None:
        async with reader(hub) as client, anyio.create_task_group() as group:

            async def ask(address: str) -> None:
                found.append((await client.get(address, headers={"Accept": accept})).status_code)

            for address in urls:
                group.start_soon(ask, address)
            try:
                for _ in range(SHARED):
                    assert await to_thread.run_sync(begun.acquire, True, AT_MOST, limiter=anyio.CapacityLimiter(1))
                with anyio.fail_after(20):
                    assert (await client.get("/dicomweb/studies")).status_code == 200
                assert found == []
            finally:
                go.set()

    in_time(work)
    assert found == [200] * 6

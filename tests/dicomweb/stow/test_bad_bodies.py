"""Proves that a body that is too slow, too many, compressed or odd gets an answer, and leaves nothing half stored."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from access_control.gate import AccessGate
from access_control.web.errors import error_response
from dicomweb.stow.handler import StoreHandler
from pacs_node.ingest.service import IngestService
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import DokueiError
from shared_kernel.settings import Settings
from test_data.small import small_instance
from tests.dicomweb.stow.test_handler import header
from tests.dicomweb.support import PEOPLE, STOW_TYPE, Hub, assemble, dataset_of, multipart, parts_of, store
from tests.support.waiting import until

STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
LARGE = small_instance(seed=5, rows=1200, columns=1200)
"""More than two MiB, so that it reaches the disk in several steps."""


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "identity, gzip"])
def test_a_compressed_body_is_refused(hub: Hub, sender: TestClient, encoding: str) -> None:
    headers = {"Content-Type": STOW_TYPE, "Content-Encoding": encoding}
    answer = sender.post("/dicomweb/studies", content=gzip.compress(multipart(small_instance())), headers=headers)
    assert (answer.status_code, answer.json()["error"]["details"]) == (415, {"content_encoding": encoding})
    assert hub.left_behind() == []


def test_headers_of_a_part_of_a_megabyte(hub: Hub, sender: TestClient) -> None:
    body = multipart(small_instance(), content_type="application/dicom; x=" + "y" * 2**20)
    answer = sender.post("/dicomweb/studies", content=body, headers={"Content-Type": STOW_TYPE})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_multipart")
    assert sender.get("/dicomweb/instances").json() == []
    assert hub.left_behind() == []


@given(st.lists(st.integers(0, len(LARGE) + 6000), max_size=12))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_however_it_is_cut_the_same_is_stored(hub: Hub, sender: TestClient, places: list[int]) -> None:
    """The same instances again and again: stored once, and compared with what is there ever after."""
    body = multipart(small_instance(seed=1), LARGE, b"nothing", small_instance(seed=2))
    ends = [0, *sorted(min(place, len(body)) for place in places), len(body)]
    chunks = (body[start:end] for start, end in pairwise(ends))
    answer = sender.post("/dicomweb/studies", content=chunks, headers={"Content-Type": STOW_TYPE})
    assert answer.status_code == 202
    assert (len(answer.json()["00081199"]["Value"]), len(answer.json()["0008119A"]["Value"])) == (3, 1)
    assert len(sender.get("/dicomweb/instances").json()) == 3
    assert hub.left_behind() == []


def test_a_large_one_in_small_chunks_comes_back_as_it_was(hub: Hub, sender: TestClient) -> None:
    body = multipart(LARGE)
    chunks = (body[start : start + 5000] for start in range(0, len(body), 5000))
    answer = sender.post("/dicomweb/studies", content=chunks, headers={"Content-Type": STOW_TYPE})
    url = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    ((_, content),) = parts_of(sender.get(url, headers=STORED))
    assert dataset_of(content) == dataset_of(LARGE)
    assert hub.left_behind() == []


def test_a_preamble_that_is_a_program_is_not_kept(hub: Hub, sender: TestClient) -> None:
    answer = store(sender, b"#!/bin/sh\nexit 0\n".ljust(128, b"x") + small_instance()[128:])
    assert answer.status_code == 200
    (record,) = hub.catalogue.instances(header(small_instance()).StudyInstanceUID)
    stored = record.path
    assert stored.read_bytes() == bytes(128) + small_instance()[128:]


@pytest.fixture
def impatient(database: Database, settings: Settings, clock: SetClock) -> Iterator[tuple[Starlette, Hub]]:
    """An application that waits a quarter of a second for a client, beside a hub to look into."""
    hub, ingest = assemble(database, settings, clock)

    def told(request: Any, error: Any) -> Any:
        return error_response(request, error)

    with ingest:
        yield _slow_application(ingest, AccessGate(database, clock), told), hub


def _slow_application(ingest: IngestService, gate: AccessGate, told: Any) -> Starlette:
    handler = StoreHandler(
        ingest=ingest,
        gate=gate,
        authenticate=lambda _: PEOPLE["sender"],
        max_body=2**30,
        max_instance=2**30,
        patience=0.25,
    )
    routes = [Route("/dicomweb/studies", handler.receive, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={DokueiError: told})


@pytest.mark.parametrize("part", [small_instance(seed=2), LARGE])
def test_a_client_that_stops_sending_is_not_waited_for(impatient: tuple[Starlette, Hub], part: bytes) -> None:
    """Spoken as plain ASGI: one instance, most of a second one, and then nothing more."""
    app, hub = impatient
    body = multipart(small_instance(seed=1), part)
    answered: list[dict[str, Any]] = []

    async def coming() -> AsyncIterator[bytes]:
        yield body[: len(body) * 9 // 10]
        await asyncio.Event().wait()

    async def speak() -> None:
        chunks = coming()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(chunks), "more_body": True}

        async def send(message: Any) -> None:
            answered.append(message)

        scope = {"type": "http", "method": "POST", "path": "/dicomweb/studies", "root_path": "", "query_string": b""}
        headers = [(b"host", b"hub"), (b"content-type", STOW_TYPE.encode())]
        await asyncio.wait_for(app({**scope, "headers": headers}, receive, send), 30)

    asyncio.run(speak())
    assert answered[0]["status"] == 408
    assert (b"connection", b"close") in answered[0]["headers"]
    assert small_instance_uid(hub) in answered[1]["body"].decode()
    assert hub.left_behind() == []


def small_instance_uid(hub: Hub) -> str:
    (found,) = hub.client("sender").get("/dicomweb/instances").json()
    uid: str = found["00080018"]["Value"][0]
    return uid


def test_five_hundred_at_once(hub: Hub) -> None:
    """Spoken as plain ASGI on one loop: each is answered, and each instance is there."""
    bodies = [multipart(small_instance(seed=seed % 50)) for seed in range(500)]

    async def post(body: bytes) -> int:
        status: list[int] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            status.extend([message["status"]] if "status" in message else [])

        scope = {"type": "http", "method": "POST", "path": "/dicomweb/studies", "root_path": "", "query_string": b""}
        headers = [(b"host", b"hub"), (b"authorization", b"Bearer sender"), (b"content-type", STOW_TYPE.encode())]
        await asyncio.wait_for(hub.app({**scope, "headers": headers}, receive, send), 120)
        return status[0]

    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*map(post, bodies)))

    assert set(asyncio.run(all_of_them())) == {200}
    assert len(hub.client("sender").get("/dicomweb/instances?limit=1000").json()) == 50
    assert hub.left_behind() == []


def scope() -> dict[str, Any]:
    """A store request of the sender as ASGI has it."""
    headers = [(b"host", b"hub"), (b"authorization", b"Bearer sender"), (b"content-type", STOW_TYPE.encode())]
    made = {"type": "http", "method": "POST", "path": "/dicomweb/studies", "root_path": "", "query_string": b""}
    return {**made, "headers": headers}


def test_requests_that_are_cancelled_take_no_place_for_good(hub: Hub) -> None:
    """Spoken as plain ASGI, ended from outside while parts are being stored, more often than there are places."""
    content = multipart(*[small_instance(seed=seed) for seed in range(12)], LARGE[:-10])

    async def post_and_leave(turn: int) -> None:
        asked = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            if asked > 1:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": content[:-200], "more_body": True}

        async def send(_message: Any) -> None:
            """Nobody listens."""

        task = asyncio.ensure_future(hub.app(scope(), receive, send))
        await asyncio.wait([task], timeout=0.02 * turn)
        for _ in range(3):  # also while it waits for what it has begun
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task], timeout=60)
        assert task.done()

    async def all_of_them() -> None:
        for _ in range(3):
            await asyncio.gather(*map(post_and_leave, range(12)))

    asyncio.run(all_of_them())
    assert store(hub.client("sender"), *[small_instance(seed=seed) for seed in range(12)]).status_code == 200
    until(lambda: hub.left_behind() == [], what="the files of those that were cancelled to go")


@pytest.fixture
def model() -> dict[str, str]:
    """What the hub should hold, name by UID; as the hub, it goes on from one example to the next."""
    return {}


_SENT = st.lists(st.lists(st.sampled_from(["one", "two", "other two", "nothing", "three"]), max_size=5), max_size=6)


@given(_SENT)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_requests_behave_as_a_dictionary_would(
    hub: Hub, sender: TestClient, model: dict[str, str], requests: list[list[str]]
) -> None:
    """The first content of a UID stays; the same again is stored, another is refused, the rest goes on."""
    contents = {
        "one": small_instance(seed=1),
        "two": small_instance(seed=2),
        "other two": small_instance(seed=2, PatientName="OTHER^NAME"),
        "three": small_instance(seed=3),
        "nothing": b"nothing",
    }
    for drawn in requests:
        # Of two contents in one request either may be the first: parts are stored side by side.
        request = [name for name in drawn if name != "other two" or "two" not in drawn]
        expected = []
        for name in request:
            if name != "nothing":
                told = header(contents[name])
                expected.append(model.setdefault(str(told.SOPInstanceUID), str(told.PatientName)) == told.PatientName)
            else:
                expected.append(False)
        answer = store(sender, *[contents[name] for name in request])
        assert answer.status_code == (
            400 if not request else 200 if all(expected) else 202 if any(expected) else 409
        ), answer.text
        if request:
            assert len(answer.json().get("00081199", {}).get("Value", [])) == sum(expected)
    assert {each["00080018"]["Value"][0] for each in sender.get("/dicomweb/instances").json()} == set(model)
    assert hub.left_behind() == []

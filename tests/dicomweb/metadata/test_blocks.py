"""Proves that metadata made beforehand are those of today's files, for every address, and are made again if need be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.testclient import TestClient

from access_control.gate import AccessGate
from access_control.web.authentication import note_moment
from dicomweb.access import Door
from dicomweb.metadata import instance
from dicomweb.metadata.worker import MetadataWorker
from dicomweb.routes import metadata_worker_over
from dicomweb.subscribers import subscribers
from dicomweb.wado.metadata import MetadataHandler
from pacs_node.events import InstanceReplaced, StudyArrived, StudyGrew
from pacs_node.model import InstanceRecord
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.event import Event
from shared_kernel.events.outbox import publish
from shared_kernel.settings import Settings
from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import PEOPLE, Hub, store
from tests.support.waiting import until


@pytest.fixture
def worker(hub: Hub, settings: Settings) -> MetadataWorker:
    return metadata_worker_over(hub.catalogue, settings, lambda: False)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """SOP Instance UIDs of the files that are read for metadata, as it happens."""
    found: list[str] = []
    look_into = instance.look_into

    def looked(record: InstanceRecord) -> Any:
        found.append(record.sop_instance_uid)
        return look_into(record)

    monkeypatch.setattr(instance, "look_into", looked)
    return found


def url_of_study(client: TestClient) -> str:
    (study,) = client.get("/dicomweb/studies").json()
    return str(study["00081190"]["Value"][0])


def make(worker: MetadataWorker, url: str) -> int:
    worker.ask(url.rpartition("/")[2])
    return worker.run_once()


def blocks(settings: Settings) -> list[Path]:
    return sorted((settings.data / "metadata").rglob("*.block"))


def test_the_first_request_reads_no_file(
    sender: TestClient, worker: MetadataWorker, settings: Settings, read: list[str]
) -> None:
    other = small_instance(SeriesInstanceUID="1.2.3.77", SOPInstanceUID="1.2.3.78", SeriesNumber=2, rows=64, columns=64)
    store(sender, *small_ct_series(), other)
    url = url_of_study(sender)
    assert make(worker, url) == 2
    assert len(blocks(settings)) == 2
    assert len(read) == 4
    zipped = sender.get(f"{url}/metadata", headers={"Accept-Encoding": "gzip"})
    plain = sender.get(f"{url}/metadata", headers={"Accept-Encoding": "identity"})
    assert len(read) == 4
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.json() == plain.json()
    assert [found["00200013"]["Value"][0] for found in plain.json()][:3] == [1, 2, 3]
    for found in plain.json():
        instance_url = found["7FE00010"]["BulkDataURI"].partition("/bulkdata/")[0]
        assert instance_url.startswith(f"{url}/series/")
        assert sender.get(f"{instance_url}/metadata").json() == [found]


def test_every_address_gets_its_own_links_and_no_text_is_changed(
    sender: TestClient, worker: MetadataWorker, read: list[str]
) -> None:
    odd = '"BulkDataURI":"/studies/ "BulkDataURI":"http://one.example/dicomweb/studies/'
    store(sender, small_instance(StudyDescription=None, ImageComments=odd))
    url = url_of_study(sender)
    path = url.removeprefix("http://testserver")
    make(worker, url)
    for host in ("one.example", "two.example:8443", "one.example"):
        (found,) = sender.get(f"{path}/metadata", headers={"Host": host}).json()
        assert found["00204000"]["Value"] == [odd]
        assert found["7FE00010"]["BulkDataURI"].startswith(f"http://{host}{path}/series/")
    assert len(read) == 1


def test_images_that_come_later_count_at_once_and_only_their_series_is_made_anew(
    sender: TestClient, worker: MetadataWorker, read: list[str]
) -> None:
    store(sender, *small_ct_series(slices=2), small_instance(SeriesInstanceUID="1.2.3.77", SOPInstanceUID="1.2.3.78"))
    url = url_of_study(sender)
    make(worker, url)
    assert len(sender.get(f"{url}/metadata").json()) == 3
    read.clear()
    store(sender, *small_ct_series(slices=3))
    assert len(sender.get(f"{url}/metadata").json()) == 4
    assert len(read) == 3
    assert make(worker, url) == 0


def test_another_file_of_an_image_is_another_block(
    hub: Hub, sender: TestClient, worker: MetadataWorker, settings: Settings
) -> None:
    store(sender, small_instance())
    url = url_of_study(sender)
    make(worker, url)
    before = sender.get(f"{url}/metadata")
    (record,) = hub.catalogue.instances(url.rpartition("/")[2])
    record.path.with_name("0.dcm").write_bytes(small_instance(SliceThickness="7"))
    name = hub.files.name_of(record.path).replace(record.path.name, "0.dcm")
    with hub.database.write() as session:
        session.execute(
            text("UPDATE instance SET file = :name, received_at = :at"),
            {"name": name, "at": "2030-01-01 00:00:00.000000"},
        )
    assert before.json()[0]["00180050"]["Value"] == [5]
    assert sender.get(f"{url}/metadata").json()[0]["00180050"]["Value"] == [7]


@pytest.mark.parametrize(
    "damage", [lambda kept: b"", lambda kept: kept[:-9], lambda kept: kept[:-9] + b"!" + kept[-8:]]
)
def test_a_damaged_block_is_made_again(
    sender: TestClient, worker: MetadataWorker, settings: Settings, damage: Callable[[bytes], bytes]
) -> None:
    store(sender, *small_ct_series())
    url = url_of_study(sender)
    make(worker, url)
    (block,) = blocks(settings)
    kept = block.read_bytes()
    block.write_bytes(damage(kept))
    assert len(sender.get(f"{url}/metadata").json()) == 3
    assert block.read_bytes() != damage(kept)


def test_a_file_that_can_not_be_read_is_read_again_the_next_time(
    hub: Hub, sender: TestClient, worker: MetadataWorker, settings: Settings
) -> None:
    store(sender, *small_ct_series())
    url = url_of_study(sender)
    broken = hub.catalogue.instances(url.rpartition("/")[2])[1].path
    good = broken.read_bytes()
    broken.chmod(0o600)
    broken.write_bytes(good[:300])
    make(worker, url)
    assert blocks(settings) == []
    while_broken = sender.get(f"{url}/metadata", headers={"Accept-Encoding": "gzip"})
    assert ["00280010" in found for found in while_broken.json()] == [True, False, True]
    assert "etag" not in while_broken.headers
    broken.write_bytes(good)
    for _ in range(2):
        mended = sender.get(f"{url}/metadata", headers={"Accept-Encoding": "gzip"})
        assert all("00280010" in found for found in mended.json())
    assert len(blocks(settings)) == 1


def test_a_disk_that_takes_no_blocks_keeps_nobody_from_an_answer(
    sender: TestClient, worker: MetadataWorker, settings: Settings
) -> None:
    (settings.data / "metadata").write_bytes(b"a file where the folder should be")
    store(sender, *small_ct_series())
    url = url_of_study(sender)
    assert make(worker, url) == 1
    assert len(sender.get(f"{url}/metadata").json()) == 3


@pytest.mark.parametrize(
    "event",
    [
        StudyArrived(study_uid="1.2.3", site_code="clinic", instances=1),
        StudyGrew(study_uid="1.2.3", site_code="clinic", instances=1, added=1),
        InstanceReplaced(study_uid="1.2.3", site_code="clinic", sop_instance_uid="1.2.4", version=2),
    ],
)
def test_the_events_of_a_study_ask_for_it(database: Database, clock: SetClock, event: Event) -> None:
    asked: list[str] = []
    dispatcher = Dispatcher(database, clock, subscribers(asked.append))
    dispatcher.drain()
    with database.write() as session:
        publish(session, event, at=clock.now(), actor="system")
    dispatcher.drain()
    assert asked == ["1.2.3"]


def test_the_thread_makes_what_is_asked_for_and_ends(
    sender: TestClient, worker: MetadataWorker, settings: Settings
) -> None:
    store(sender, *small_ct_series())
    worker.start()
    try:
        worker.ask(url_of_study(sender).rpartition("/")[2])
        until(lambda: len(blocks(settings)) == 1)
    finally:
        worker.stop()
    assert not worker.alive


@pytest.mark.only_sqlite("the moment of a file")
def test_what_was_given_once_is_given_at_once_until_something_changes(
    hub: Hub, sender: TestClient, worker: MetadataWorker, clock: SetClock
) -> None:
    store(sender, *small_ct_series())
    path = url_of_study(sender).removeprefix("http://testserver")
    handler = MetadataHandler(Door(hub.catalogue, AccessGate(hub.database, clock)), worker)

    def asked(**headers: str) -> Request:
        told = {"host": "testserver", **headers}
        encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]
        scope = {"type": "http", "method": "GET", "path": f"{path}/metadata", "query_string": b"", "scheme": "http"}
        request = Request({**scope, "headers": encoded, "path_params": {"study": path.split("/")[3]}})
        note_moment(request, hub.database.watch)
        return request

    reader = PEOPLE["reader"]
    assert handler.at_once(asked(accept_encoding="gzip"), reader) is None
    handler(asked(accept_encoding="gzip"), reader)  # writes into the trail, which is a change too
    long = handler(asked(accept_encoding="gzip"), reader)
    at_once = handler.at_once(asked(accept_encoding="gzip"), reader)
    assert at_once is not None
    assert bytes(at_once.body) == bytes(long.body)
    assert dict(at_once.headers) == dict(long.headers)
    same = handler.at_once(asked(accept_encoding="gzip", if_none_match=long.headers["etag"]), reader)
    assert same is not None
    assert same.status_code == 304
    assert handler.at_once(asked(accept_encoding="identity"), reader) is None
    assert handler.at_once(asked(accept_encoding="gzip", host="other.example"), reader) is None
    for stranger in ("sender", "stranger", "secretary"):
        assert handler.at_once(asked(accept_encoding="gzip"), PEOPLE[stranger]) is None
    store(sender, *small_ct_series(slices=4))
    assert handler.at_once(asked(accept_encoding="gzip"), reader) is None

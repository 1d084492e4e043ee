"""Proves that a study arrives once, after the quiet period, and grows with later images; also after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from pacs_node.completion import CompletionWorker
from pacs_node.ingest.service import Incoming
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from shared_kernel.events.tables import OutboxRow
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct, data_set_of

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"


def _worker(hub: Hub) -> CompletionWorker:
    return CompletionWorker(hub.database, hub.clock, hub.settings)


def _told(hub: Hub) -> list[tuple[str, str]]:
    with hub.database.read() as session:
        rows = session.execute(select(OutboxRow.name, OutboxRow.payload).order_by(OutboxRow.sequence)).all()
    return [(name, payload) for name, payload in rows if name != "InstancesStored"]


def test_a_study_arrives_once_and_grows_later(hub: Hub) -> None:
    study = ct().study
    quiet = timedelta(seconds=hub.settings.quiet_period)
    worker = _worker(hub)
    hub.store(ct(StudyInstanceUID=study).file)
    assert worker.run_once() == 0
    hub.clock.move(quiet / 2)
    hub.store(ct(StudyInstanceUID=study).file)
    hub.clock.move(quiet / 2)
    assert worker.run_once() == 0
    hub.clock.move(quiet / 2)
    assert worker.run_once() == 1
    assert [("StudyArrived", f'{{"study_uid":"{study}","site_code":"CLINIC","instances":2}}')] == _told(hub)
    summary = hub.catalogue.study(study)
    assert summary is not None
    assert summary.arrived_at == hub.clock.now()
    hub.clock.move(quiet * 10)
    assert worker.run_once() == 0

    arrived = summary.arrived_at
    hub.store(ct(StudyInstanceUID=study).file)
    hub.clock.move(quiet)
    # Another process: all that is known is in the database.
    assert _worker(hub).run_once() == 1
    assert ("StudyGrew", f'{{"study_uid":"{study}","site_code":"CLINIC","instances":3,"added":1}}') == _told(hub)[-1]
    summary = hub.catalogue.study(study)
    assert summary is not None
    assert arrived == summary.arrived_at


def test_a_resend_does_not_make_a_study_grow(hub: Hub) -> None:
    sent = ct()
    hub.store(sent.file)
    hub.clock.move(timedelta(hours=1))
    assert _worker(hub).run_once() == 1
    hub.store(sent.file)
    hub.clock.move(timedelta(hours=1))
    assert _worker(hub).run_once() == 0


def test_it_looks_in_the_background(hub: Hub) -> None:
    hub.store(ct().file)
    hub.clock.move(timedelta(hours=1))
    worker = _worker(hub)
    worker.start()
    assert hub.database.published.wait(20)
    for _ in range(2000):
        if _told(hub):
            break
    worker.stop()
    assert ["StudyArrived"] == [name for name, _ in _told(hub)]


@pytest.mark.parametrize(
    "keywords",
    [
        {"SOPClassUID": HANGING_PROTOCOL, "StudyInstanceUID": None, "SeriesInstanceUID": None},
        {"SOPClassUID": HANGING_PROTOCOL},
        {"StudyInstanceUID": None, "SeriesInstanceUID": None, "PatientID": None, "PatientName": None},
    ],
)
def test_an_object_of_no_patient_is_kept_and_told_to_nobody(hub: Hub, keywords: dict[str, Any]) -> None:
    sent = ct(**keywords)
    stored = hub.store(sent.file)
    hub.clock.move(timedelta(hours=1))
    assert _worker(hub).run_once() == 0
    with hub.database.read() as session:
        assert session.scalars(select(OutboxRow)).all() == []
    [record] = hub.catalogue.instances(stored.study_uid)
    assert sent.data_set == data_set_of(record.path.read_bytes())


def test_an_image_that_names_somebody_but_no_study_is_told(hub: Hub) -> None:
    hub.store(ct(StudyInstanceUID=None, SeriesInstanceUID=None).file)
    hub.clock.move(timedelta(hours=1))
    assert _worker(hub).run_once() == 1


def test_images_beside_an_object_of_no_patient_are_told(hub: Hub) -> None:
    first = ct(SOPClassUID=HANGING_PROTOCOL)
    hub.store(first.file)
    hub.store(ct(StudyInstanceUID=first.study).file)
    hub.clock.move(timedelta(hours=1))
    assert _worker(hub).run_once() == 1
    assert ["StudyArrived"] == [name for name, _ in _told(hub)]


def _slow(hub: Hub, ae_title: str, quiet_period: float) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, ae_title, "CLINIC", quiet_period=quiet_period)


def test_who_sent_last_is_looked_up_before_anybody_has_to_wait(hub: Hub) -> None:
    _slow(hub, "CLINIC_CT", 60)
    hub.store(ct().file)
    hub.clock.move(timedelta(seconds=61))
    while_writing: list[str] = []

    @event.listens_for(hub.database.engine, "before_cursor_execute")
    def heard(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if connection.get_execution_options().get("dokuei_write"):
            while_writing.append(statement)

    assert 1 == _worker(hub).run_once()
    assert while_writing
    assert [] == [statement for statement in while_writing if "received_from" in statement]


def test_an_image_that_comes_between_looking_and_telling_keeps_the_study_waiting(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, write = ct().study, hub.database.write
    hub.store(ct(StudyInstanceUID=study).file)
    hub.clock.move(timedelta(hours=1))

    @contextmanager
    def late() -> Iterator[Session]:
        monkeypatch.setattr(hub.database, "write", write)
        hub.store(ct(StudyInstanceUID=study).file)
        with write() as session:
            yield session

    monkeypatch.setattr(hub.database, "write", late)
    assert 0 == _worker(hub).run_once()
    assert [] == _told(hub)
    hub.clock.move(timedelta(hours=1))
    assert 1 == _worker(hub).run_once()
    assert '"instances":2' in _told(hub)[0][1]


def test_the_one_who_sent_last_may_have_sent_a_new_version(hub: Hub) -> None:
    _slow(hub, "SLOW_CT", 600)
    first = ct()
    hub.store(first.file)
    [record] = hub.catalogue.instances(first.study)
    hub.clock.move(timedelta(seconds=1))
    hub.store(ct(StudyInstanceUID=first.study).file)
    hub.clock.move(timedelta(seconds=1))
    corrected = ct(
        pixels=bytes([1]) * 512,
        SOPInstanceUID=first.sop_instance,
        StudyInstanceUID=first.study,
        SeriesInstanceUID=record.series_uid,
    )
    with hub.ingest.spool() as spool:
        spool.write(corrected.file)
        rules = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
        sender = replace(peer(), login="ae:SLOW_CT")
        hub.ingest.store(Incoming(sender=sender, spool=spool, channel="c-store", rules=rules))
    hub.clock.move(timedelta(seconds=500))
    assert 0 == _worker(hub).run_once()
    hub.clock.move(timedelta(seconds=100))
    assert 1 == _worker(hub).run_once()

"""Proves that other content under a known UID is refused unless the sender's rules keep it as a new version."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from pacs_node.archive.sweep import sweep
from pacs_node.archive.versions import versions
from pacs_node.errors import DifferentContent
from pacs_node.events import InstanceReplaced
from pacs_node.ingest.service import Incoming, Stored
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from shared_kernel.audit.tables import AuditRow
from shared_kernel.events.tables import OutboxRow
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import Part10, ct

KEEPING = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
SAME = {"SOPInstanceUID": "2.25.1", "StudyInstanceUID": "2.25.2", "SeriesInstanceUID": "2.25.3"}


def send(hub: Hub, sent: Part10, rules: IntakeRules = KEEPING) -> Stored:
    with hub.ingest.spool() as spool:
        spool.write(sent.file)
        return hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import", rules=rules))


def corrected(number: int) -> Part10:
    return ct(pixels=bytes([number]) * 512, StudyDescription=f"訂正 {number}", **SAME)


def test_a_new_version_becomes_current_and_the_old_one_is_kept(hub: Hub) -> None:
    first, second = ct(**SAME), corrected(2)
    send(hub, first)
    assert not send(hub, second).duplicate
    [record] = hub.catalogue.instances("2.25.2")
    assert record.path.read_bytes()[record.dataset_offset :] == second.data_set
    with hub.database.read() as session:
        [old] = versions(session, hub.files, "2.25.1")
        [told] = session.scalars(select(OutboxRow).filter_by(name=InstanceReplaced.name())).all()
        reasons = list(session.scalars(select(AuditRow.reason).filter_by(resource="instance/2.25.1")))
    assert (old.number, old.received_from, old.replaced_by) == (1, "ae:CLINIC_CT", "ae:CLINIC_CT")
    assert hub.catalogue.replaced("2.25.2") == [("2.25.1", old.replaced_at)]
    assert hub.catalogue.replaced("2.25.7") == []
    assert old.path.read_bytes()[old.dataset_offset :] == first.data_set
    assert '"version":2' in told.payload
    assert reasons == ["version 2 by import"]
    study = hub.catalogue.study("2.25.2")
    assert study is not None
    assert (study.instance_count, study.study_description) == (1, "訂正 2")


def test_a_resend_of_the_current_version_makes_no_other(hub: Hub) -> None:
    for sent in (ct(**SAME), corrected(2)):
        send(hub, sent)
    assert send(hub, corrected(2)).duplicate
    assert len(hub.files_on_disk()) == 2


def test_by_default_the_first_one_stays(hub: Hub) -> None:
    send(hub, ct(**SAME))
    with pytest.raises(DifferentContent):
        send(hub, corrected(2), IntakeRules())
    assert len(hub.files_on_disk()) == 1


def test_another_series_is_no_version(hub: Hub) -> None:
    send(hub, ct(**SAME))
    with pytest.raises(DifferentContent):
        send(hub, ct(**{**SAME, "SeriesInstanceUID": "2.25.9"}))
    assert len(hub.files_on_disk()) == 1


def test_versions_at_once_are_all_kept_in_an_order(hub: Hub) -> None:
    send(hub, ct(**SAME))
    barrier = threading.Barrier(6)
    results: list[Stored] = []

    def one(number: int) -> None:
        barrier.wait(20)
        results.append(send(hub, corrected(number)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 6
    with hub.database.read() as session:
        kept = versions(session, hub.files, "2.25.1")
    assert [version.number for version in kept] == [1, 2, 3, 4, 5, 6]
    [record] = hub.catalogue.instances("2.25.2")
    data_sets = {version.path.read_bytes()[version.dataset_offset :] for version in kept}
    data_sets.add(record.path.read_bytes()[record.dataset_offset :])
    assert data_sets == {ct(**SAME).data_set, *(corrected(number).data_set for number in range(2, 8))}


def test_the_sweep_knows_earlier_versions(hub: Hub) -> None:
    for sent in (ct(**SAME), corrected(2), corrected(3)):
        send(hub, sent)
    before = hub.files_on_disk()
    hub.ingest.stop()
    assert sweep(hub.files, hub.database, hub.clock.now()) == []
    assert hub.files_on_disk() == before

"""Proves that a resend mends a stored file which is missing or damaged, and nothing but what was received does."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from pacs_node.archive.sweep import sweep
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.archive_care.entries import wrong
from pacs_node.errors import DifferentContent, RootAway, StorageFull
from pacs_node.ingest.service import Incoming, Stored
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from shared_kernel.audit.tables import AuditRow
from tests.pacs_node.archive_care.conftest import Archive
from tests.pacs_node.archive_care.test_mounting import Disks
from tests.pacs_node.archive_care.test_verification import HARM, cut, flip, name_another
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import association

KEEPING = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)


def again(hub: Hub, sent: Part10, rules: IntakeRules | None = None) -> Stored:
    with hub.ingest.spool() as spool:
        spool.write(sent.file)
        return hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import", rules=rules or IntakeRules()))


def mended(archive: Archive) -> list[str]:
    with archive.hub.database.read() as session:
        reasons = select(AuditRow.reason).where(AuditRow.reason.contains("mended"))
        return list(session.scalars(reasons.order_by(AuditRow.number)))


@pytest.mark.parametrize(("harm", "damage"), HARM)
@pytest.mark.parametrize("verified", [True, False], ids=["found before", "not found yet"])
def test_a_resend_mends_a_damaged_file(
    archive: Archive, harm: Callable[[Path], None], damage: str, verified: bool
) -> None:
    archive.digesting().run()
    image = archive.images[1]
    before = archive.path(image)
    harm(before)
    if verified:
        assert {image.sop_instance: damage} == archive.verify()
    elif damage == "header":
        archive.verify()  # the data set is whole: nothing else tells

    with capture_logs() as logs:
        assert again(archive.hub, image).duplicate

    after = archive.path(image)
    assert (True, image.file, False) == (after != before, after.read_bytes(), before.exists())
    assert ["archive.instance_mended"] == [entry["event"] for entry in logs]
    assert {} == archive.verify()
    with archive.hub.database.read() as session:
        assert [] == wrong(session, most=10)
        assert 0 == len(session.scalars(select(InstanceVersionRow)).all())
    assert 1 == len(mended(archive))
    assert hashlib.sha256(image.data_set).hexdigest() in {row.sha256 for row in archive.rows()}
    assert 5 == len(archive.rows())
    assert again(archive.hub, image).duplicate
    assert after == archive.path(image)
    assert 1 == len(mended(archive))


def test_it_is_mended_over_the_dicom_port_too(archive: Archive) -> None:
    archive.digesting().run()
    image = archive.images[0]
    flip(archive.path(image))
    with archive.hub.database.write() as session:
        archive.hub.peers.add(session, "CLINIC_CT", "CLINIC")
    node = archive.hub.node()
    try:
        with association(tuple(node.start()), [(CT, [EXPLICIT])], calling="CLINIC_CT") as scu:
            assert 0 == scu.store(1, CT, image.sop_instance, image.data_set).status
    finally:
        node.stop()
    assert archive.path(image).read_bytes().endswith(image.data_set)
    assert ["stored file mended by c-store: content"] == mended(archive)
    assert {} == archive.verify()


def test_what_is_left_of_the_damaged_file_is_kept_and_taken_for_no_image(archive: Archive) -> None:
    archive.digesting().run()
    image = archive.images[0]
    flip(archive.path(image))
    broken = archive.path(image).read_bytes()
    again(archive.hub, image)
    [left] = archive.hub.files.orphans.rglob("*.damaged")
    assert broken == left.read_bytes()
    assert 0 == archive.hub.files.count_orphans()
    archive.hub.ingest.stop()
    assert [] == sweep(archive.hub.files, archive.hub.database, archive.hub.clock.now())


def test_what_the_index_says_of_the_instance_stays(archive: Archive) -> None:
    archive.digesting().run()
    image = archive.images[0]
    archive.path(image).unlink()

    def said() -> tuple[object, ...]:
        with archive.hub.database.read() as session:
            row = session.scalars(select(InstanceRow).filter_by(sop_instance_uid=image.sop_instance)).one()
            return row.id, row.received_at, row.received_from, row.size, row.transfer_syntax_uid

    before = said()
    archive.hub.clock.move(timedelta(days=2))
    again(archive.hub, image)
    assert before == said()
    study = archive.hub.catalogue.study(image.study)
    assert study is not None
    assert 3 == study.instance_count


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink, name_another])
def test_other_content_mends_nothing(archive: Archive, harm: Callable[[Path], None]) -> None:
    archive.digesting().run()
    image = archive.images[0]
    [record] = archive.hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
    harm(record.path)
    archive.verify()
    other = ct(
        pixels=bytes([7]) * 512,
        SOPInstanceUID=image.sop_instance,
        StudyInstanceUID=image.study,
        SeriesInstanceUID=record.series_uid,
    )
    with pytest.raises(DifferentContent):
        again(archive.hub, other)
    assert record.path == archive.path(image)
    assert not again(archive.hub, other, KEEPING).duplicate
    with archive.hub.database.read() as session:
        [found] = wrong(session, most=10)
    assert record.path == archive.hub.files.path_of(found.file)  # an earlier version now, and still not well


@pytest.mark.parametrize("harm", [flip, Path.unlink])
def test_without_a_digest_it_is_the_rules_of_versions_that_decide(
    archive: Archive, harm: Callable[[Path], None]
) -> None:
    image = archive.images[0]
    harm(archive.path(image))
    with pytest.raises(DifferentContent):
        again(archive.hub, image)
    assert not again(archive.hub, image, KEEPING).duplicate
    assert image.file == archive.path(image).read_bytes()
    assert [] == mended(archive)


def test_the_same_data_set_in_another_transfer_syntax_mends_nothing(archive: Archive) -> None:
    archive.digesting().run()
    image = archive.images[0]
    archive.path(image).unlink()
    # A sender that calls the same bytes something else: RLE, which nothing in the header contradicts.
    said = image.file.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    with pytest.raises(DifferentContent):
        archive.hub.store(said)
    assert [] == mended(archive)


def test_resends_at_once_mend_once(archive: Archive) -> None:
    archive.digesting().run()
    image = archive.images[0]
    archive.path(image).unlink()
    barrier, answers = threading.Barrier(6), list[Stored]()

    def one() -> None:
        barrier.wait(20)
        answers.append(again(archive.hub, image))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [True] * 6 == [answer.duplicate for answer in answers]
    assert (1, 5) == (len(mended(archive)), len(archive.hub.files_on_disk()))
    assert {} == archive.verify()


def test_a_copy_that_can_not_be_made_durable_mends_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.digesting().run()
    image = archive.images[0]
    path = archive.path(image)
    flip(path)
    broken, sync, calls = path.read_bytes(), archive.hub.files.sync, list[int]()

    def full(path: str, file: int | None = None) -> None:
        calls.append(1)
        if len(calls) > 1:  # the first is the ordinary way in
            raise OSError(28, os.strerror(28))
        sync(path, file)

    monkeypatch.setattr(archive.hub.files, "sync", full)
    with pytest.raises(StorageFull):
        again(archive.hub, image)
    assert (path, broken, []) == (archive.path(image), path.read_bytes(), mended(archive))
    assert 5 == len(archive.hub.files_on_disk())


def test_a_root_that_goes_while_an_instance_is_received_takes_nothing_into_its_mount_point(
    make_hub: Callable[..., Hub], tmp_path: Path
) -> None:
    disks = Disks(make_hub, tmp_path)
    image = ct()
    hub = disks.hub(disks.one, disks.data)
    with hub.ingest:
        with hub.ingest.spool(study_uid=image.study) as spool:
            spool.write(image.file)
            disks.one.rename(disks.data / "unplugged")
            disks.one.mkdir()
            with pytest.raises(RootAway):
                hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import"))
        assert [] == list(disks.one.iterdir())
        assert hub.catalogue.study(image.study) is None


def test_a_root_that_is_away_is_no_damage(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    disks = Disks(make_hub, tmp_path)
    image = ct()
    hub = disks.hub(disks.one, disks.data)
    with hub.ingest:
        hub.store(image.file)
        disks.one.rename(disks.data / "unplugged")
        disks.one.mkdir()
        with pytest.raises(RootAway):
            hub.store(image.file)
        assert [] == list(disks.one.iterdir())

"""Proves that each file gets the digest of its data set as received, and only when nobody waits for the disk."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from pacs_node.archive_care.entries import wrong
from pacs_node.archive_care.model import Damage
from pacs_node.ingest.service import Incoming
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from tests.pacs_node.archive_care.conftest import Archive
from tests.pacs_node.conftest import peer
from tests.support.objects import Part10, ct


def test_the_digest_is_that_of_the_data_set_as_it_was_sent(archive: Archive) -> None:
    archive.digesting().run()
    expected = [(hashlib.sha256(image.data_set).hexdigest(), len(image.data_set)) for image in archive.images]
    assert expected == [(row.sha256, row.size) for row in archive.rows()]
    assert {("ok", archive.hub.clock.now(), archive.hub.clock.now())} == {
        (row.state, row.digested_at, row.checked_at) for row in archive.rows()
    }


def test_it_waits_until_nothing_comes_in(archive: Archive) -> None:
    digesting = archive.digesting()
    assert not digesting.due()
    archive.hub.clock.move(timedelta(seconds=11))
    assert digesting.due()
    digesting.run()
    assert not digesting.due()


def test_it_goes_on_beside_ingest_when_it_is_far_behind(archive: Archive) -> None:
    digesting = archive.digesting()
    archive.hub.clock.move(timedelta(minutes=9))
    archive.receive()
    assert not digesting.due()
    archive.hub.clock.move(timedelta(minutes=2))
    archive.receive()
    assert digesting.due()


def test_what_comes_later_is_digested_by_another_process_too(archive: Archive) -> None:
    archive.digesting().run()
    archive.receive(2)
    assert 5 == len(archive.rows())
    archive.digesting().run()
    assert 7 == len(archive.rows())
    assert 0 == archive.digesting().run()


def test_an_instance_that_is_verified_first_is_not_digested_twice(archive: Archive) -> None:
    archive.verify()
    assert 0 == archive.digesting().run()


def test_a_file_that_is_gone_before_its_digest_does_not_stop_the_others(archive: Archive) -> None:
    archive.path(archive.images[1]).unlink()
    archive.digesting().run()
    assert ["ok", "missing", "ok", "ok", "ok"] == [row.state for row in archive.rows()]
    assert 0 == archive.digesting().run()


def corrected(archive: Archive, image: Part10, number: int) -> Part10:
    """Send the image with other pixels, as a new version."""
    [record] = archive.hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
    other = ct(
        pixels=bytes([number]) * 512,
        SOPInstanceUID=image.sop_instance,
        StudyInstanceUID=image.study,
        SeriesInstanceUID=record.series_uid,
    )
    with archive.hub.ingest.spool() as spool:
        spool.write(other.file)
        rules = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
        archive.hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import", rules=rules))
    return other


@pytest.mark.parametrize("digested_before", [True, False])
def test_a_version_that_was_replaced_before_its_turn_gets_its_digest(archive: Archive, digested_before: bool) -> None:
    if digested_before:
        archive.digesting().run()
        [late] = archive.receive()
    else:
        late = archive.images[0]
    first = archive.path(late)
    versions = [late, *(corrected(archive, late, number) for number in range(1, 80))]
    archive.digesting().run()
    expected = {hashlib.sha256(image.data_set).hexdigest() for image in (*archive.images, *versions)}
    assert expected == {row.sha256 for row in archive.rows()}
    assert 0 == archive.digesting().run()

    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(content)
    archive.verify()
    with archive.hub.database.read() as session:
        [found] = wrong(session, most=10)
    assert (first, Damage.CONTENT) == (archive.hub.files.path_of(found.file), found.damage)

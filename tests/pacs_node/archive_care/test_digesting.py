"""Proves that each file gets the digest of its data set as received, and only when nobody waits for the disk."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from tests.pacs_node.archive_care.conftest import Archive


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

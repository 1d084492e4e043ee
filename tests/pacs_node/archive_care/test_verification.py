"""Proves that all damage is found, marked and told once, that restoring mends it, and that a round goes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacs_node.archive_care.entries import ALL, Selection, count_wrong, wrong
from pacs_node.archive_care.model import FileState
from pacs_node.ingest.service import Incoming
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from tests.pacs_node.archive_care.conftest import Archive
from tests.pacs_node.conftest import peer
from tests.support.objects import ct


def flip(path: Path) -> None:
    """Turn one bit of a file."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 2)


def swap(path: Path) -> None:
    """Another image in the place of this one, as a copy that went wrong leaves it."""
    other = sorted(each for each in path.parent.glob("*.dcm") if each != path)[0]
    path.write_bytes(other.read_bytes())


def name_another(path: Path) -> None:
    """Spoil the SOP Instance UID of the file meta information, and leave the data set alone."""
    content = bytearray(path.read_bytes())
    at = content.index(b"\x02\x00\x03\x00UI") + 8
    content[at : at + 4] = b"1.9."
    path.write_bytes(content)


def into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARM: list[tuple[Callable[[Path], None], str]] = [
    (flip, "content"),
    (cut, "size"),
    (Path.unlink, "gone"),
    (swap, "content"),
    (name_another, "header"),
    (into_a_folder, "unreadable"),
]


def test_a_sound_archive_has_nothing_wrong(archive: Archive) -> None:
    archive.digesting().run()
    assert {} == archive.verify()
    assert 0 == archive.told()


@pytest.mark.parametrize(("harm", "damage"), HARM)
def test_damage_is_found_marked_and_told_once(archive: Archive, harm: Callable[[Path], None], damage: str) -> None:
    archive.digesting().run()
    image = archive.images[1]
    harm(archive.path(image))
    with capture_logs() as logs:
        assert {image.sop_instance: damage} == archive.verify()
        assert {image.sop_instance: damage} == archive.verify()
    [told] = [entry for entry in logs if entry["event"] == "archive.instance_damaged"]
    assert (image.sop_instance, image.study, "CLINIC") == (told["sop_instance_uid"], told["study_uid"], told["site"])
    assert 1 == archive.told()
    with archive.hub.database.read() as session:
        [found] = wrong(session, most=10)
        counts = count_wrong(session)
    assert (image.sop_instance, image.study, "CLINIC") == (found.sop_instance_uid, found.study_uid, found.site_code)
    assert damage == found.damage
    missing = damage == "gone"
    assert {FileState.DAMAGED: int(not missing), FileState.MISSING: int(missing)} == counts


@pytest.mark.parametrize(("harm", "damage"), [(cut, "size"), (Path.unlink, "gone"), (swap, "header")])
def test_damage_from_before_the_first_digest_is_found_by_size_and_header(
    archive: Archive, harm: Callable[[Path], None], damage: str
) -> None:
    image = archive.images[0]
    harm(archive.path(image))
    assert {image.sop_instance: damage} == archive.verify()
    assert [""] == [row.sha256 for row in archive.rows() if row.state != "ok"]


def test_a_restored_file_is_well_again_by_the_digest_of_its_day(archive: Archive) -> None:
    archive.digesting().run()
    image = archive.images[0]
    path = archive.path(image)
    good = path.read_bytes()
    flip(path)
    archive.verify()
    with capture_logs() as logs:
        assert {image.sop_instance: "content"} == archive.verify()
        path.write_bytes(good)
        assert {} == archive.verify()
    assert ["archive.instance_mended"] == [entry["event"] for entry in logs]
    with archive.hub.database.read() as session:
        assert [] == wrong(session, most=10)


def test_a_round_goes_on_behind_what_was_written_down(archive: Archive) -> None:
    first = archive.verification()
    assert not first.begin()
    run = first.run()
    seen = [next(run).entry.sop_instance_uid for _ in range(2)]
    run.close()  # type: ignore[attr-defined]  # as at Ctrl-C; what a kill -9 takes with it is read again
    again = archive.verification()
    assert again.begin()
    assert 3 == again.remaining()
    seen += [verdict.entry.sop_instance_uid for verdict in again.run()]
    assert [image.sop_instance for image in archive.images] == seen
    row = again.round()
    assert row is not None
    assert (5, 0, True) == (row.looked_at, row.wrong, row.finished_at is not None)
    assert not again.begin()
    assert 5 == again.remaining()


def test_what_comes_during_a_round_belongs_to_the_next(archive: Archive) -> None:
    verification = archive.verification()
    verification.begin()
    archive.receive(2)
    assert 5 == len(list(verification.run()))


def test_a_part_of_the_archive(archive: Archive) -> None:
    archive.hub.clock.move(timedelta(days=1))
    day = archive.hub.clock.now()
    [late] = archive.receive()
    for image in archive.images:
        archive.path(image).unlink()
    study = archive.images[3].study
    assert {image.sop_instance for image in archive.images[3:5]} == set(archive.verify(Selection(study_uid=study)))
    assert {late.sop_instance} == set(archive.verify(Selection(since=day)))
    assert 6 == len(archive.verify(ALL))


def test_earlier_versions_are_looked_after_too(archive: Archive) -> None:
    same = {"SOPInstanceUID": "2.25.1", "StudyInstanceUID": "2.25.2", "SeriesInstanceUID": "2.25.3"}
    first, second = ct(**same), ct(pixels=bytes([1]) * 512, **same)
    archive.hub.store(first.file)
    archive.digesting().run()
    old = archive.path(first)
    with archive.hub.ingest.spool() as spool:
        spool.write(second.file)
        rules = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
        archive.hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import", rules=rules))
    assert 6 == len(archive.rows())
    archive.digesting().run()
    assert {hashlib.sha256(image.data_set).hexdigest() for image in (*archive.images, first, second)} == {
        row.sha256 for row in archive.rows()
    }
    assert 0 == archive.digesting().run()
    verification = archive.verification()
    verification.begin()
    assert 7 == verification.remaining()
    assert {} == archive.verify()
    flip(old)
    assert {"2.25.1": "content"} == archive.verify()
    with archive.hub.database.read() as session:
        [found] = wrong(session, most=10)
    assert archive.hub.files.path_of(found.file) == old

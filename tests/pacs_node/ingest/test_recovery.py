"""Starting on what a failure has left: each acknowledged instance is there once, its file whole."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from access_control.model import Actor, ActorKind, Role
from pacs_node.archive.landing import LandingLog
from pacs_node.archive.segment import Segment
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow, PatientRow, SeriesRow, StudyRow
from pacs_node.errors import DifferentContent, ForeignStudy, StorageFull
from pacs_node.ingest import holding
from pacs_node.ingest.landed import Facts, Landed, read_facts
from pacs_node.ingest.service import IngestService
from pacs_node.ingest.work import Incoming
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from shared_kernel.database import DatabaseUnavailable
from shared_kernel.events.outbox import OutboxRow
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import Part10, ct, new_uid
from tests.support.waiting import until

_TEXT = st.text(max_size=20)
_TEXTS = st.frozensets(_TEXT, max_size=3)


@pytest.fixture
def fallen(make_hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Hub]:
    """Stores images and stops without settling anything, as a machine whose power fails; the log stays."""

    def fall(*images: Part10, rules: IntakeRules | None = None) -> Hub:
        hub = make_hub()
        with monkeypatch.context() as patch:
            patch.setattr(LandingLog, "_settle", _never)
            with hub.ingest:
                for image in images:
                    received(hub, image, rules or IntakeRules())
        return hub

    return fall


def _never(*_: Any) -> None:
    raise OSError("no power")


def received(hub: Hub, image: Part10, rules: IntakeRules, site: str = "CLINIC") -> None:
    """Store as the DICOM port does."""
    reception = hub.ingest.receive(
        peer(site),
        transfer_syntax_uid=image.syntax,
        sop_class_uid=image.sop_class,
        sop_instance_uid=image.sop_instance,
        rules=rules,
    )
    reception.write(image.data_set)
    reception.store()


def two_of_one() -> tuple[Part10, Part10]:
    """Two images that say that they are the same."""
    uids = {"SOPInstanceUID": new_uid(), "StudyInstanceUID": new_uid(), "SeriesInstanceUID": new_uid()}
    return ct(**uids), ct(pixels=bytes([1]) * 512, **uids)


def forget_rows(hub: Hub) -> None:
    with hub.database.write() as session:
        for table in (InstanceVersionRow, InstanceRow, SeriesRow, StudyRow, PatientRow):
            session.execute(delete(table))


def stored(hub: Hub, image: Part10) -> bytes:
    """The data set as the archive has it; fails unless it is there once."""
    [record] = hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
    return record.path.read_bytes()[record.dataset_offset :]


def started(make_hub: Callable[..., Hub]) -> Hub:
    hub = make_hub()
    with hub.ingest:
        pass
    return hub


@pytest.mark.parametrize("lost", ["nothing", "rows", "file", "end of file", "rows and file"])
def test_what_a_failure_took_is_there_again(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], lost: str
) -> None:
    image, other = ct(), ct()
    hub = fallen(image, other)
    for path in map(Path, hub.files_on_disk()):
        if lost == "end of file":
            path.write_bytes(path.read_bytes()[:-100])
        elif "file" in lost:
            path.unlink()
    if "rows" in lost:
        forget_rows(hub)
    hub = started(make_hub)
    assert [image.data_set, other.data_set] == [stored(hub, image), stored(hub, other)]
    assert len(hub.files_on_disk()) == 2
    assert hub.files.count_orphans() == 0
    again = started(make_hub)
    assert again.files_on_disk() == hub.files_on_disk()


def test_rules_and_sender_are_those_by_which_it_came(make_hub: Callable[..., Hub], fallen: Callable[..., Hub]) -> None:
    image = ct(StudyDescription="A")
    hub = fallen(image, rules=IntakeRules(coercions=('StudyDescription: prefix "B"',)))
    described = select(StudyRow.study_description, StudyRow.site_code, InstanceRow.received_from).join_from(
        StudyRow, InstanceRow, InstanceRow.file != ""
    )
    with hub.database.read() as session:
        before = session.execute(described).all()
    forget_rows(hub)
    hub = started(make_hub)
    with hub.database.read() as session:
        assert before == session.execute(described).all()


def test_of_two_with_one_uid_the_first_stays(make_hub: Callable[..., Hub], fallen: Callable[..., Hub]) -> None:
    image, other = two_of_one()
    hub = make_hub()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LandingLog, "_settle", _never)
        with hub.ingest:
            received(hub, image, IntakeRules())
            with pytest.raises(DifferentContent):
                received(hub, other, IntakeRules())
    forget_rows(hub)
    hub = started(make_hub)
    assert image.data_set == stored(hub, image)
    assert hub.files.count_orphans() == 1, "what was refused is set aside, not thrown away"


def test_a_superseded_version_stays_one_though_it_came_again(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub]
) -> None:
    image, other = two_of_one()
    rules = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
    before = fallen(image, image, other, rules=rules).files_on_disk()
    for _ in range(2):
        hub = started(make_hub)
        assert other.data_set == stored(hub, other)
        assert before == hub.files_on_disk()
        assert hub.files.count_orphans() == 0
    with hub.database.read() as session:
        assert [1] == list(session.scalars(select(InstanceVersionRow.number)))


def test_an_image_of_another_sites_study_leaves_nothing(
    make_hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ct()
    other = ct(StudyInstanceUID=image.study, PatientID="OTHER-9")
    hub = make_hub()
    with monkeypatch.context() as patch:
        patch.setattr(LandingLog, "_settle", _never)
        with hub.ingest:
            received(hub, image, IntakeRules())
            with pytest.raises(ForeignStudy):
                received(hub, other, IntakeRules(), site="OTHER")
    hub = started(make_hub)
    assert image.data_set == stored(hub, image)
    assert len(hub.files_on_disk()) == 1
    assert hub.files.count_orphans() == 0


def test_a_new_version_stays_one(make_hub: Callable[..., Hub], fallen: Callable[..., Hub]) -> None:
    image, other = two_of_one()
    rules = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
    hub = fallen(image, other, rules=rules)
    for path in map(Path, hub.files_on_disk()):
        path.unlink()
    hub = started(make_hub)
    assert other.data_set == stored(hub, other)
    assert len(hub.files_on_disk()) == 2
    forget_rows(hub)


def test_the_study_is_told_of_again(make_hub: Callable[..., Hub], fallen: Callable[..., Hub]) -> None:
    hub = fallen(ct())
    with hub.database.write() as session:
        session.execute(delete(OutboxRow))
    forget_rows(hub)
    hub = started(make_hub)
    with hub.database.read() as session:
        assert ["InstancesStored"] == [row.name for row in session.scalars(select(OutboxRow))]


def test_a_failure_in_the_middle_of_it_changes_nothing(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, other = ct(), ct()
    hub = fallen(image, other)
    forget_rows(hub)
    with monkeypatch.context() as patch:
        patch.setattr(LandingLog, "forget", _never)
        with pytest.raises(OSError, match="no power"):
            make_hub().ingest.start()
    hub = started(make_hub)
    assert [image.data_set, other.data_set] == [stored(hub, image), stored(hub, other)]
    assert len(hub.files_on_disk()) == 2


def test_bytes_of_a_record_that_says_nothing_known_are_kept_aside(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ct()
    monkeypatch.setattr(Facts, "of", lambda *_: b"../of a later version\nwith other facts")
    hub = fallen(image)
    monkeypatch.undo()
    hub = started(make_hub)
    assert image.data_set == stored(hub, image)
    [orphan] = hub.files.orphans.rglob("*.dcm")
    assert orphan.read_bytes().endswith(image.data_set)
    assert orphan.with_suffix(".facts").read_bytes() == b"../of a later version\nwith other facts"


@pytest.mark.parametrize("rows", ["kept", "lost"])
def test_a_file_is_whole_again_though_another_release_wrote_the_record(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch, rows: str
) -> None:
    image = ct()
    facts = Facts.of

    def of_a_later_release(self: Facts, file: str, incoming: Incoming) -> bytes:
        said = json.loads(facts(self, file, incoming).partition(b"\n")[2])
        said["sender"]["clearance"] = 1
        return f"{file}\n{json.dumps({**said, 'version': 99})}".encode()

    with monkeypatch.context() as patch:
        patch.setattr(Facts, "of", of_a_later_release)
        hub = fallen(image)
    [file] = map(Path, hub.files_on_disk())
    file.write_bytes(b"")
    if rows == "lost":
        forget_rows(hub)
    hub = started(make_hub)
    if rows == "kept":
        assert image.data_set == stored(hub, image)
    else:
        [orphan] = hub.files.orphans.rglob("*.dcm")
        assert orphan.read_bytes().endswith(image.data_set)


def test_a_full_disk_with_everything_in_its_place_starts(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ct()
    before = fallen(image).files_on_disk()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _full)
        hub = started(make_hub)
    assert image.data_set == stored(hub, image)
    assert before == hub.files_on_disk()


def test_a_file_that_can_not_be_written_again_leaves_no_half_one(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ct()
    [file] = map(Path, fallen(image).files_on_disk())
    file.write_bytes(b"")
    hub = make_hub()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _full)
        with hub.ingest:
            pass
    assert [str(file)] == hub.files_on_disk()
    assert image.data_set == stored(started(make_hub), image)


def test_a_full_disk_keeps_images_out_and_nothing_else_until_there_is_space(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_AGAIN_SECONDS", 0.01)
    image, other = ct(), ct()
    forget_rows(fallen(image))
    hub = make_hub()

    def is_taken() -> bool:
        try:
            received(hub, other, IntakeRules())
        except StorageFull:
            return False
        return True

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _full)
        hub.ingest.start()
        assert not is_taken()
        assert hub.files.count_orphans() == 0, "nothing is swept that is still to be taken up"
    try:
        until(is_taken, what="an image to be taken in again")
        assert [image.data_set, other.data_set] == [stored(hub, image), stored(hub, other)]
    finally:
        hub.ingest.stop()
    assert image.data_set == stored(started(make_hub), image)


def test_a_log_that_another_process_has_is_had_as_soon_as_that_lets_go(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(holding, "_PATIENCE_SECONDS", 0.0)
    left, image = ct(), ct()
    hub = fallen(left)
    forget_rows(hub)
    other = LandingLog(hub.files, hub.database)
    assert other.take()
    hub = make_hub()
    landed: list[object] = []
    append = Segment.append

    def noted(segment: Segment, *arguments: Any) -> None:
        landed.append(arguments)
        append(segment, *arguments)

    monkeypatch.setattr(Segment, "append", noted)
    with hub.ingest:
        received(hub, image, IntakeRules())
        assert landed == []
        other.leave()

        def lands() -> bool:
            received(hub, ct(), IntakeRules())
            return bool(landed)

        until(lands, what="the landing log to be had")
        assert [left.data_set, image.data_set] == [stored(hub, left), stored(hub, image)]


def _full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_sector_that_can_not_be_read_ends_the_log_and_keeps_it_aside(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ct()
    hub = fallen(image)
    forget_rows(hub)
    [file] = map(Path, hub.files_on_disk())
    end = 4096 + -(-file.stat().st_size // 4096) * 4096
    file.unlink()
    pread = os.pread

    def unreadable(file: int, size: int, at: int) -> bytes:
        if at >= end:
            raise OSError(errno.EIO, "Input/output error")
        return pread(file, size, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", unreadable)
        hub = started(make_hub)
    assert image.data_set == stored(hub, image)
    landing = hub.files.landing_folder
    assert len(list(landing.glob("*.unreadable"))) == 1
    hub, other = make_hub(), ct()
    with hub.ingest:
        received(hub, other, IntakeRules())
    assert other.data_set == stored(hub, other)


def test_what_goes_wrong_with_one_instance_keeps_no_hub_from_starting(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, other = ct(), ct()
    hub = fallen(image, other)
    forget_rows(hub)
    for path in map(Path, hub.files_on_disk()):
        path.unlink()
    store = IngestService.store

    def one_fails(ingest: IngestService, incoming: Incoming) -> Any:
        if other.sop_instance.encode() not in incoming.spool.head:
            raise ZeroDivisionError
        return store(ingest, incoming)

    with monkeypatch.context() as patch:
        patch.setattr(IngestService, "store", one_fails)
        hub = started(make_hub)
    assert other.data_set == stored(hub, other)
    [orphan] = hub.files.orphans.rglob("*.dcm")
    assert orphan.read_bytes().endswith(image.data_set)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), DatabaseUnavailable()])
def test_what_keeps_everything_from_being_taken_up_stops_the_start(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    image = ct()
    forget_rows(fallen(image))

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(IngestService, "store", fail)
        with pytest.raises(type(error)):
            make_hub().ingest.start()
    hub = started(make_hub)
    assert image.data_set == stored(hub, image)


def test_a_command_takes_up_what_is_there_and_leaves_the_log_to_the_server(
    make_hub: Callable[..., Hub], fallen: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, other = ct(), ct()
    forget_rows(fallen(image))
    command = make_hub()
    landed: list[object] = []
    monkeypatch.setattr(Segment, "append", lambda *arguments: landed.append(arguments))
    with command.ingest.beside_the_server():
        assert image.data_set == stored(command, image)
        received(command, other, IntakeRules())
        assert landed == []
        with make_hub().ingest as server:
            assert isinstance(server, IngestService)
            received(command, ct(), IntakeRules())
            assert landed == []


@given(
    login=_TEXT, role=st.none() | st.sampled_from(Role), kind=st.sampled_from(ActorKind), sites=_TEXTS,
    rules=st.builds(
        IntakeRules, character_set=_TEXT, on_different_content=st.sampled_from(OnDifferentContent),
        max_instance=st.none() | st.integers(0, 2**40), coercions=st.lists(_TEXT, max_size=3).map(tuple),
        issuers=st.lists(_TEXT, max_size=3).map(tuple),
    ),
)  # fmt: skip
def test_facts_are_read_as_they_were_written(
    login: str, role: Role | None, kind: ActorKind, sites: frozenset[str], rules: IntakeRules
) -> None:
    sender = Actor(
        kind=kind, login=login, name="名", role=role, site_code="CLINIC", site_name="医院", session_id="1",
        reads_for=sites, follows=sites,
    )  # fmt: skip
    incoming: Any = Incoming(sender=sender, spool=None, channel="c-store", rules=rules)  # type: ignore[arg-type]
    facts = Facts()
    written = [facts.of(file, incoming) for file in ("a", "b")]
    expected = [Landed(file=file, sender=sender, channel="c-store", rules=rules) for file in ("a", "b")]
    assert expected == [read_facts(each) for each in written]


@pytest.mark.parametrize("wrong", [b"", b"a\n{}", b"a\n[]", b"a\n1", b"\xff\n{}", b'a\n{"sender": 1}'])
def test_what_are_no_facts_is_a_value_error(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_facts(wrong)

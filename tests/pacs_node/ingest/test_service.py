"""Proves the promises of ingest: durable before acknowledged, nothing half done, one bad instance harms no other."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from access_control.model import Actor, ActorKind, Role
from pacs_node.archive.files import FileStore
from pacs_node.archive.index import IndexWriter
from pacs_node.archive.tables import InstanceRow, PatientRow
from pacs_node.errors import (
    DifferentContent,
    ForeignStudy,
    IdentifierMismatch,
    InstanceTooLarge,
    MissingIdentifier,
    NotDicom,
    StorageFull,
)
from pacs_node.events import InstancesStored
from pacs_node.ingest.service import Stored
from shared_kernel.audit.tables import AuditRow
from shared_kernel.audit.trail import first_broken_link
from shared_kernel.errors import Forbidden, Unavailable
from shared_kernel.events.tables import OutboxRow
from shared_kernel.prepared import Prepared
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import BIG_ENDIAN, IMPLICIT, ct

MakeHub = Callable[..., Hub]


def test_stored_file_keeps_its_bytes_behind_an_empty_preamble(hub: Hub) -> None:
    sent = ct()
    hub.store(b"MZ a program" + bytes(116) + sent.file[128:])
    [record] = hub.catalogue.instances(sent.study)
    assert record.path.read_bytes() == bytes(128) + sent.file[128:]


def test_names_on_disk_are_ours(hub: Hub) -> None:
    sent = ct(StudyInstanceUID="1.2.3.4444", PatientID="../../etc/passwd")
    hub.store(sent.file.replace(b"1.2.3.4444", b"1.2.3-NAME"))
    [record] = hub.catalogue.instances("1.2.3-NAME")
    name = record.path.relative_to(hub.files.archive).as_posix()
    assert name.startswith("2026/03/28/")
    assert "NAME" not in name
    assert ".." not in name


@pytest.mark.parametrize("uid", ["../../../etc/cron.d/x", "1.2/3", "..", "1..2", "1.2\\3", "1 2"])
def test_hostile_uid_is_refused_and_harmless(hub: Hub, uid: str) -> None:
    sent = ct()
    # Put in by hand: pydicom would complain.
    hostile = sent.file.replace(sent.study.encode(), uid.encode().ljust(len(sent.study), b"\0"))
    with pytest.raises(MissingIdentifier):
        hub.store(hostile)
    assert hub.files_on_disk() == []


def test_one_event_a_study_and_commit_and_an_audit_line(hub: Hub) -> None:
    sent = ct()
    hub.store(sent.file)
    with hub.database.read() as session:
        [row] = session.scalars(select(OutboxRow)).all()
        deeds = session.execute(select(AuditRow.outcome, AuditRow.reason).order_by(AuditRow.number)).all()
        assert first_broken_link(session) is None
    assert row.name == InstancesStored.name()
    assert row.actor == "ae:CLINIC_CT"
    assert f'"study_uid":"{sent.study}"' in row.payload
    assert '"added":1,"total":1' in row.payload
    assert [("done", "storing by import")] == [tuple(deed) for deed in deeds]


def test_study_belongs_to_the_senders_site(hub: Hub) -> None:
    sent = ct()
    hub.store(sent.file)
    assert hub.catalogue.site_of(sent.study) == "CLINIC"


@pytest.mark.parametrize("kind", ["peer", "person", "operator"])
def test_nobody_adds_to_another_sites_study(hub: Hub, kind: str) -> None:
    first = ct()
    hub.store(first.file)
    other = replace(
        peer("OTHER"), kind=ActorKind(kind), role=Role.TECHNOLOGIST if kind == "person" else None, session_id=kind
    )
    with pytest.raises(ForeignStudy) as refused:
        hub.store(ct(StudyInstanceUID=first.study).file, other)
    assert refused.value.details == {}
    assert len(hub.files_on_disk()) == 1
    with hub.database.read() as session:
        assert session.scalars(select(AuditRow.outcome).order_by(AuditRow.number.desc())).first() == "denied"


def test_another_sites_instance_uid_is_not_even_confirmed(hub: Hub) -> None:
    first = ct()
    hub.store(first.file)
    with pytest.raises(ForeignStudy):
        hub.store(ct(SOPInstanceUID=first.sop_instance).file, peer("OTHER"))


def test_a_role_that_may_not_store_is_forbidden(hub: Hub) -> None:
    secretary = Actor(
        kind=ActorKind.PERSON,
        login="jimu",
        name="大谷 千夏",
        role=Role.SECRETARIAT,
        site_code="CLINIC",
        site_name="",
        session_id="s",
    )
    with pytest.raises(Forbidden):
        hub.store(ct().file, secretary)
    assert hub.files_on_disk() == []


def test_resend_is_a_duplicate_even_behind_another_file_meta(hub: Hub) -> None:
    sent = ct()
    assert not hub.store(sent.file).duplicate
    again = sent.file.replace(b"PYDICOM", b"ANOTHER")
    assert again != sent.file
    assert hub.store(again).duplicate
    assert len(hub.files_on_disk()) == 1


def test_other_bytes_under_a_known_uid_are_refused(hub: Hub) -> None:
    first = ct()
    hub.store(first.file)
    with pytest.raises(DifferentContent):
        hub.store(ct(pixels=b"\7" * 512, SOPInstanceUID=first.sop_instance, StudyInstanceUID=first.study).file)
    [record] = hub.catalogue.instances(first.study)
    assert record.path.read_bytes()[record.dataset_offset :] == first.data_set


def test_file_meta_that_names_another_instance_is_replaced_by_ours(hub: Hub) -> None:
    sent = ct()
    wrong = sent.sop_instance[:-1] + ("1" if sent.sop_instance[-1] != "1" else "2")
    file = sent.file.replace(sent.sop_instance.encode(), wrong.encode(), 1)
    hub.store(file)
    [record] = hub.catalogue.instances(sent.study)
    kept = record.path.read_bytes()
    assert kept[record.dataset_offset :] == sent.data_set
    assert wrong.encode() not in kept
    assert record.size == len(kept)


@pytest.mark.parametrize(
    ("said", "keyword"),
    [
        ({"sop_instance_uid": "2.25.1"}, "SOPInstanceUID"),
        ({"sop_class_uid": "2.25.1"}, "SOPClassUID"),
        ({"study_uid": "2.25.1"}, "StudyInstanceUID"),
    ],
)
def test_a_request_that_names_something_else_is_refused(hub: Hub, said: dict[str, str], keyword: str) -> None:
    with pytest.raises(IdentifierMismatch) as refused:
        hub.store(ct().file, **said)
    assert refused.value.details == {"keyword": keyword}
    assert hub.files_on_disk() == []


@pytest.mark.parametrize("content", [b"", b"x" * 131, bytes(128) + b"DICM", b"\xff\xd8\xff\xe0" * 100])
def test_what_is_no_dicom_is_refused(hub: Hub, content: bytes) -> None:
    with pytest.raises(NotDicom):
        hub.store(content)
    assert hub.files_on_disk() == []


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_an_image_without_a_uid_that_is_needed_is_refused(hub: Hub, keyword: str) -> None:
    sent = ct()
    tag = {"SOPInstanceUID": b"\x08\0\x18\0UI", "StudyInstanceUID": b"\x20\0\x0d\0UI"}.get(keyword, b"\x20\0\x0e\0UI")
    at = sent.file.rindex(tag)
    length = int.from_bytes(sent.file[at + 6 : at + 8], "little")
    with pytest.raises(MissingIdentifier) as refused:
        hub.store(sent.file[:at] + sent.file[at + 8 + length :])
    assert refused.value.details == {"keyword": keyword}
    assert hub.files_on_disk() == []


def test_an_object_of_no_study_stands_alone(hub: Hub) -> None:
    stored = hub.store(ct(StudyInstanceUID=None, SeriesInstanceUID=None).file)
    assert stored.study_uid.startswith("2.25.")
    assert len(hub.catalogue.instances(stored.study_uid, stored.series_uid)) == 1


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN, "1.2.840.10008.1.2.1.99"])
def test_every_encoding_is_indexed(hub: Hub, syntax: str) -> None:
    sent = ct(syntax)
    hub.store(sent.file)
    study = hub.catalogue.study(sent.study)
    assert study is not None
    assert study.patient.name.ideographic == "山田 太郎"
    [record] = hub.catalogue.instances(sent.study)
    assert (record.rows, record.columns, record.number_of_frames) == (16, 16, 1)


def test_nothing_is_taken_over_the_limit(make_hub: MakeHub) -> None:
    hub = make_hub(max_instance=500)
    with hub.ingest, pytest.raises(InstanceTooLarge) as refused:
        hub.store(ct().file)
    assert refused.value.details == {"limit_bytes": 500}
    assert hub.files_on_disk() == []


def test_too_little_free_space_is_refused(make_hub: MakeHub) -> None:
    hub = make_hub(min_free_disk=2**60)
    with hub.ingest, pytest.raises(StorageFull):
        hub.store(ct().file)
    assert hub.files_on_disk() == []


class FullDisk(FileStore):
    """A disk that is full while `full` says where."""

    full: str = ""

    def create(self, path: str) -> int:
        self._fail("create")
        return super().create(path)

    def move(self, source: str | Path, target: str) -> None:
        self._fail("move")
        super().move(source, target)

    def sync(self, path: str, file: int | None = None) -> None:
        self._fail("sync")
        super().sync(path, file)

    def sync_names(self, paths: Iterable[str]) -> None:
        self._fail("sync_names")
        super().sync_names(paths)

    def _fail(self, where: str) -> None:
        if self.full == where:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["create", "move", "sync", "sync_names"])
def test_a_full_disk_refuses_leaves_nothing_and_recovers(make_hub: MakeHub, tmp_path: Path, where: str) -> None:
    files = FullDisk(tmp_path)
    hub = make_hub(files)
    sent = ct()
    with hub.ingest:
        files.full = where
        with pytest.raises(StorageFull):
            hub.store(sent.file)
        assert hub.files_on_disk() == []
        assert hub.catalogue.study(sent.study) is None
        files.full = ""
        hub.store(sent.file)
    assert len(hub.catalogue.instances(sent.study)) == 1


def test_a_disk_too_full_for_the_index_is_the_same_refusal(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise full

    sent = ct()
    with monkeypatch.context() as patch:
        patch.setattr(Prepared, "run_many", fail)
        patch.setattr(IndexWriter, "finish", fail)
        with pytest.raises(StorageFull):
            hub.store(sent.file)
    assert hub.files_on_disk() == []
    hub.store(sent.file)


def test_a_real_full_disk(make_hub: MakeHub, tmp_path: Path) -> None:
    # A file-size limit is what an ordinary process can make its kernel refuse; a full tmpfs needs root.
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=256k tmpfs {small} 2>/dev/null") != 0:  # noqa: S605
        pytest.skip("this container may not mount")
    try:
        hub = make_hub(FileStore(small))
        fits, too_much = ct(), ct(pixels=bytes(300_000))
        with hub.ingest:
            with pytest.raises(StorageFull):
                hub.store(too_much.file)
            assert hub.files_on_disk() == []
            hub.store(fits.file)
        assert len(hub.catalogue.instances(fits.study)) == 1
    finally:
        os.system(f"umount {small}")  # noqa: S605


def _store_together(hub: Hub, files: list[bytes]) -> list[Stored | Exception]:
    results: list[Stored | Exception] = [RuntimeError()] * len(files)
    together = threading.Barrier(len(files))

    def one(at: int) -> None:
        together.wait(20)
        try:
            results[at] = hub.store(files[at])
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_the_same_instance_many_times_at_once_is_stored_once(hub: Hub) -> None:
    sent = ct()
    results = _store_together(hub, [sent.file] * 8)
    assert [isinstance(result, Stored) for result in results] == [True] * 8
    assert sorted(result.duplicate for result in results if isinstance(result, Stored)) == [False] + [True] * 7
    assert len(hub.files_on_disk()) == 1


def test_other_bytes_at_once_leave_one_winner(hub: Hub) -> None:
    first = ct()
    others = [
        ct(pixels=bytes([at]) * 512, SOPInstanceUID=first.sop_instance, StudyInstanceUID=first.study) for at in range(6)
    ]
    results = _store_together(hub, [other.file for other in others])
    assert sum(isinstance(result, Stored) for result in results) == 1
    assert sum(isinstance(result, DifferentContent) for result in results) == 5
    assert len(hub.files_on_disk()) == 1


def test_a_failure_of_one_does_not_fail_its_neighbours(make_hub: MakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make_hub()
    # Of no patient: the short way is not for them.
    bad = ct(PatientID="")
    good = [ct(PatientID="") for _ in range(7)]

    def refuse(_self: object, new: object) -> None:
        if new.header.sop_instance_uid == bad.sop_instance:  # type: ignore[attr-defined]
            raise RuntimeError("the database says no")
        added(_self, new)

    added = IndexWriter.add
    monkeypatch.setattr(IndexWriter, "add", refuse)
    with hub.ingest:
        results = _store_together(hub, [bad.file, *(one.file for one in good)])
    assert isinstance(results[0], RuntimeError)
    assert all(isinstance(result, Stored) for result in results[1:])
    assert len(hub.files_on_disk()) == 7
    with hub.database.read() as session:
        assert len(session.scalars(select(InstanceRow)).all()) == 7


def test_two_people_without_an_id_stay_two(hub: Hub) -> None:
    for _ in range(2):
        hub.store(ct(PatientID="").file)
    with hub.database.read() as session:
        assert len(session.scalars(select(PatientRow)).all()) == 2


def test_the_same_id_at_two_sites_is_two_patients(hub: Hub) -> None:
    hub.store(ct(PatientID="7").file)
    hub.store(ct(PatientID="7").file, peer("OTHER"))
    with hub.database.read() as session:
        assert {"CLINIC", "OTHER"} == set(session.scalars(select(PatientRow.issuer)).all())


def test_a_later_object_that_says_nothing_takes_nothing_away(hub: Hub) -> None:
    first = ct()
    hub.store(first.file)
    hub.store(ct(StudyInstanceUID=first.study, Modality="PR", StudyDescription="", PatientName="").file)
    study = hub.catalogue.study(first.study)
    assert study is not None
    assert study.study_description == "頭部単純ＣＴ"
    assert study.patient.name.alphabetic == "Yamada Taro"
    assert ("CT", "PR") == study.modalities
    assert (2, 2) == (study.series_count, study.instance_count)


def test_a_stopped_ingest_takes_nothing(hub: Hub) -> None:
    hub.ingest.stop()
    with pytest.raises(Unavailable):
        hub.store(ct().file)
    assert hub.files_on_disk() == []

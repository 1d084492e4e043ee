"""Proves that the short way into the index keeps what the long way keeps, and that the lead always passes on."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select

from access_control.model import Actor
from pacs_node.archive.appending import Appender
from pacs_node.archive.founding import Founder
from pacs_node.archive.index import IndexWriter
from pacs_node.archive.sweep import sweep
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.errors import DifferentContent
from pacs_node.ingest.service import Stored
from pacs_node.ingest.spool import Spool
from pacs_node.patients.revision import decided_anew
from shared_kernel.audit.tables import AuditRow
from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.errors import Unavailable
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import Part10, ct

STUDY, SERIES = "2.25.71", "2.25.72"


def one_more(**more: Any) -> Part10:
    """One more slice of the same series."""
    return ct(**{"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, **more})


@contextmanager
def long_ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The instances that take the long way meanwhile."""
    taken: list[str] = []
    add = IndexWriter.add

    def noted(self: IndexWriter, new: Any) -> Any:
        taken.append(new.header.sop_instance_uid)
        return add(self, new)

    with monkeypatch.context() as patch:
        patch.setattr(IndexWriter, "add", noted)
        yield taken


def rows(hub: Hub) -> tuple[list[Any], list[Any], list[Any]]:
    """Everything of the index but keys, files and times."""
    with hub.database.read() as session:
        return tuple(  # type: ignore[return-value]
            [
                {
                    column.name: getattr(row, column.name)
                    for column in kind.__table__.columns
                    if column.name not in {"id", "file"}
                }
                for row in session.scalars(select(kind).order_by(kind.id))
            ]
            for kind in (StudyRow, SeriesRow, InstanceRow)
        )


def test_the_short_way_leaves_the_rows_that_the_long_way_leaves(
    make_hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    slices = [one_more(InstanceNumber=number) for number in range(1, 6)]
    hub = make_hub()
    with hub.ingest, long_ways(monkeypatch) as taken:
        for sent in slices:
            hub.store(sent.file)
    assert taken == []
    short = rows(hub)
    with hub.database.write() as session:
        for table in (InstanceRow, SeriesRow, StudyRow, PatientRow):
            session.execute(delete(table))
    again = make_hub()
    monkeypatch.setattr(Appender, "append", lambda *_, **__: [])
    with again.ingest, long_ways(monkeypatch) as taken:
        for sent in slices:
            again.store(sent.file)
    assert len(taken) == len(slices)
    long = rows(again)
    for table in (*short, *long):
        for row in table:
            for key in ("study_row", "series_row", "patient_row"):
                row.pop(key, None)
    assert short == long


def test_what_says_something_new_takes_the_long_way(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.store(one_more().file)
    with long_ways(monkeypatch) as taken:
        hub.store(one_more().file)
        assert taken == []
        hub.store(one_more(StudyDescription="腹部").file)
        assert len(taken) == 1
    study = hub.catalogue.study(STUDY)
    assert study is not None
    assert (study.study_description, study.instance_count) == ("腹部", 3)


def test_a_contradiction_is_looked_at_each_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.store(one_more().file)
    with long_ways(monkeypatch) as taken:
        for _ in range(3):
            hub.store(one_more(PatientID="SOMEBODY-ELSE").file)
    assert len(taken) == 3


def test_each_session_is_audited_once_for_a_study(hub: Hub) -> None:
    for session_id in ("a", "b", "a", "b"):
        hub.store(one_more().file, peer(session_id=session_id))
    with hub.database.read() as session:
        deeds = session.execute(
            select(AuditRow.session_id, AuditRow.reason).where(AuditRow.outcome == "done").order_by(AuditRow.number)
        ).all()
    assert [tuple(deed) for deed in deeds] == [("a", "storing by import"), ("b", "storing by import")]


def test_it_is_busy_while_images_come_and_shortly_after(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not hub.ingest.busy
    hub.store(one_more().file, peer())
    assert hub.ingest.busy
    monkeypatch.setattr("pacs_node.ingest.writer._BUSY_SECONDS", 0.0)
    assert not hub.ingest.busy


def test_a_resend_among_new_ones_is_told_apart(hub: Hub) -> None:
    first, second = one_more(), one_more()
    hub.store(first.file)
    hub.store(second.file)
    results = together(hub, [second.file, *(one_more().file for _ in range(6)), first.file])
    assert [result.duplicate for result in results if isinstance(result, Stored)].count(True) == 2
    study = hub.catalogue.study(STUDY)
    assert study is not None
    assert study.instance_count == len(hub.catalogue.instances(STUDY)) == len(hub.files_on_disk()) == 8


def test_other_bytes_on_the_short_way_are_refused(hub: Hub) -> None:
    first = one_more()
    for sent in (first, one_more()):
        hub.store(sent.file)
    with pytest.raises(DifferentContent):
        hub.store(one_more(SOPInstanceUID=first.sop_instance, pixels=b"\7" * 512).file)
    assert len(hub.files_on_disk()) == 2


def test_rows_that_somebody_has_removed_are_made_again(hub: Hub) -> None:
    for _ in range(2):
        hub.store(one_more().file)
    with hub.database.write() as session:
        for table in (InstanceRow, SeriesRow, StudyRow):
            session.execute(delete(table))
    hub.store(one_more().file)
    study = hub.catalogue.study(STUDY)
    assert study is not None
    assert study.instance_count == 1


def test_counts_are_right_after_many_at_once(hub: Hub) -> None:
    hub.store(one_more().file)
    series = [f"2.25.9{number}" for number in range(4)]
    files = [one_more(SeriesInstanceUID=series[number % 4]).file for number in range(32)]
    results = together(hub, files)
    assert all(isinstance(result, Stored) for result in results)
    with hub.database.read() as session:
        counts = {row.series_uid: row.instance_count for row in session.scalars(select(SeriesRow))}
        study = session.scalars(select(StudyRow)).one()
    assert counts == {SERIES: 1, **dict.fromkeys(series, 8)}
    assert (study.instance_count, study.series_count) == (33, 5)


def test_a_waiting_thread_that_is_interrupted_leaves_no_gap(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    # The leader is held up, a second one waits and is struck by Ctrl-C, a third one waits behind it.
    held, reached = threading.Event(), threading.Event()
    sync_names = hub.files.sync_names

    def slow(*args: Any) -> None:
        reached.set()
        held.wait(20)
        sync_names(*args)

    monkeypatch.setattr(hub.files, "sync_names", slow)
    results: list[Any] = []
    first = threading.Thread(target=lambda: results.append(hub.store(one_more().file)))
    first.start()
    reached.wait(20)

    class Struck:
        """A lock at which the signal arrives."""

        def acquire(self) -> None:
            raise KeyboardInterrupt

        def release(self) -> None:
            """Nobody waits."""

    from pacs_node.ingest import work as module  # noqa: PLC0415 - patched below

    make = module.Work.__init__

    def struck(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.turn = Struck()

    with monkeypatch.context() as patch:
        patch.setattr(module.Work, "__init__", struck)
        with pytest.raises(KeyboardInterrupt):
            hub.store(one_more().file)
    third = threading.Thread(target=lambda: results.append(hub.store(one_more().file)))
    third.start()
    held.set()
    first.join(20)
    third.join(20)
    assert [isinstance(result, Stored) for result in results] == [True, True]
    assert len(hub.catalogue.instances(STUDY)) == 2
    hub.ingest.stop()
    # The struck one's file is nobody's: it is set aside when the archive is swept, never mixed up with the others.
    assert len(sweep(hub.files, hub.database, hub.clock.now())) == 1
    assert len(hub.files_on_disk()) == 2


def test_stopping_waits_for_those_that_are_under_way(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    held, reached = threading.Event(), threading.Event()
    sync_names = hub.files.sync_names

    def slow(*args: Any) -> None:
        reached.set()
        held.wait(20)
        sync_names(*args)

    monkeypatch.setattr(hub.files, "sync_names", slow)
    results: list[Any] = []
    storing = threading.Thread(target=lambda: results.append(hub.store(one_more().file)))
    storing.start()
    reached.wait(20)
    stopping = threading.Thread(target=hub.ingest.stop)
    stopping.start()
    assert stopping.is_alive()
    held.set()
    for thread in (storing, stopping):
        thread.join(20)
    assert isinstance(results[0], Stored)
    with pytest.raises(Unavailable):
        hub.store(one_more().file)


def test_another_site_is_refused_on_the_short_way_too(hub: Hub) -> None:
    for _ in range(2):
        hub.store(one_more().file)
    stranger: Actor = replace(peer("OTHER"), login="ae:OTHER_CT", session_id="x")
    with pytest.raises(Exception, match=r"can.t be added"):
        hub.store(one_more().file, stranger)
    assert len(hub.files_on_disk()) == 2


def together(hub: Hub, files: list[bytes]) -> list[Stored | Exception]:
    """Store all at the same moment."""
    results: list[Stored | Exception] = [RuntimeError()] * len(files)
    barrier = threading.Barrier(len(files))

    def one(at: int) -> None:
        barrier.wait(20)
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


def test_an_error_behind_the_commit_costs_no_file(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Appender.append

    def committed_and_lost(self: Appender, *args: Any) -> None:
        append(self, *args)
        raise RuntimeError("the connection was lost when the commit was done")

    first = one_more()
    hub.store(first.file)
    monkeypatch.setattr(Appender, "append", committed_and_lost)
    assert not hub.store(one_more().file).duplicate
    records = hub.catalogue.instances(STUDY)
    assert len(records) == 2
    assert all(record.path.is_file() for record in records)


def test_a_folder_that_fails_once_is_asked_for_each_file(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    sync_names = hub.files.sync_names

    def fails_at_first(paths: Iterable[str]) -> None:
        asked.append(len(list(paths)))
        if len(asked) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync_names(paths)

    monkeypatch.setattr(hub.files, "sync_names", fails_at_first)
    with pytest.raises(OSError, match="Input/output"):
        hub.store(one_more().file)
    assert hub.files_on_disk() == []
    hub.store(one_more().file)
    assert asked == [1, 1]


def test_a_file_that_the_disk_does_not_take_is_refused_alone(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fails)
        with pytest.raises(OSError, match="Input/output"):
            hub.store(one_more().file)
    assert hub.files_on_disk() == []
    hub.store(one_more().file)
    assert len(hub.catalogue.instances(STUDY)) == 1


@contextmanager
def appended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many instances each transaction of the short way takes meanwhile."""
    sizes: list[int] = []
    append = Appender.append

    def noted(self: Appender, instances: Any, *args: Any, **named: Any) -> Any:
        sizes.append(len(instances))
        return append(self, instances, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Appender, "append", noted)
        yield sizes


def test_nobody_waits_long_for_a_file_that_is_still_being_written(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick = one_more(), one_more()
    writing, go_on = threading.Event(), threading.Event()
    move, results = Spool.move, list[Stored]()

    def held(self: Spool, target: str) -> None:
        if not writing.is_set():
            writing.set()
            go_on.wait(20)
        move(self, target)

    monkeypatch.setattr(Spool, "move", held)
    other = threading.Thread(target=lambda: results.append(hub.store(slow.file)))
    other.start()
    writing.wait(20)
    assert not hub.store(quick.file).duplicate
    assert results == []
    go_on.set()
    other.join(20)
    assert [False] == [stored.duplicate for stored in results]
    assert len(hub.catalogue.instances(STUDY)) == 2


def test_a_file_that_is_just_being_written_goes_into_the_same_transaction(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.store(one_more().file)
    monkeypatch.setattr("pacs_node.ingest.writer._WORTH_WAITING_SECONDS", 20)
    writing, leader_waits = threading.Event(), threading.Event()
    move, wait = Spool.move, threading.Condition.wait

    def held(self: Spool, target: str) -> None:
        if not writing.is_set():
            writing.set()
            leader_waits.wait(20)
        move(self, target)

    def noted(self: threading.Condition, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread():
            leader_waits.set()
        return wait(self, timeout)

    monkeypatch.setattr(Spool, "move", held)
    other = threading.Thread(target=hub.store, args=(one_more().file,))
    with appended(monkeypatch) as sizes:
        other.start()
        writing.wait(20)
        monkeypatch.setattr(threading.Condition, "wait", noted)
        hub.store(one_more().file)
        other.join(20)
    assert sizes == [2]
    assert len(hub.catalogue.instances(STUDY)) == 3


def test_the_first_image_of_a_series_needs_no_long_way(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with long_ways(monkeypatch) as taken:
        hub.store(one_more().file)
        hub.store(one_more(SeriesInstanceUID="2.25.73", Modality="MR").file)
        hub.store(one_more(StudyInstanceUID="2.25.74", SeriesInstanceUID="2.25.75").file)
    assert taken == []
    study = hub.catalogue.study(STUDY)
    assert study is not None
    assert (study.series_count, study.instance_count, set(study.modalities)) == (2, 2, {"CT", "MR"})
    with hub.database.read() as session:
        assert len(session.scalars(select(PatientRow)).all()) == 1


@pytest.mark.parametrize(
    "said", [{"PatientName": "Sato^Jiro"}, {"PatientBirthDate": "19000101"}, {"PatientID": ""}, {"PatientSex": "F"}]
)
def test_a_patient_who_is_not_exactly_known_takes_the_long_way(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, said: dict[str, str]
) -> None:
    hub.store(one_more().file)
    with long_ways(monkeypatch) as taken:
        hub.store(one_more(StudyInstanceUID="2.25.76", SeriesInstanceUID="2.25.77", **said).file)
    assert len(taken) == 1


def test_another_site_s_study_is_refused_to_the_first_image_too(hub: Hub) -> None:
    hub.store(one_more().file)
    stranger: Actor = replace(peer("OTHER"), login="ae:OTHER_CT", session_id="x")
    with pytest.raises(Exception, match=r"can.t be added"):
        hub.store(one_more(SeriesInstanceUID="2.25.78").file, stranger)


def test_what_is_remembered_does_not_outlive_a_decision(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.store(one_more().file)
    asked: list[int] = []
    found = Founder.found

    def noted(self: Founder, *args: Any) -> Any:
        asked.append(1)
        return found(self, *args)

    monkeypatch.setattr(Founder, "found", noted)
    hub.store(one_more().file)
    assert asked == []
    with hub.database.write() as session:
        decided_anew(session)
    hub.store(one_more().file)
    assert asked == [1]


def test_a_database_that_can_t_be_had_holds_up_a_batch_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def busy(where: str) -> Callable[..., Any]:
        def write(*_: Any, **__: Any) -> Any:
            asked.append(where)
            raise DatabaseUnavailable(reason="another program is writing")

        return write

    monkeypatch.setattr(Database, "write_lean", busy("short"))
    monkeypatch.setattr(Database, "write", busy("long"))
    results = together(hub, [one_more().file for _ in range(6)])
    assert all(isinstance(result, DatabaseUnavailable) for result in results)
    assert set(asked) == {"short"}
    assert len(asked) <= 6
    assert hub.files_on_disk() == []


def test_no_neighbour_believes_a_folder_that_failed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def fails(paths: Iterable[str]) -> None:
        batches.append(len(list(paths)))
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(hub.files, "sync_names", fails)
    results = together(hub, [one_more().file for _ in range(4)])
    assert all(isinstance(result, OSError) for result in results)
    assert sum(batches) == 4
    assert hub.files_on_disk() == []

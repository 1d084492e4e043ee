"""Proves the order in which things become durable: a power failure at any moment keeps what was answered.

An ingest is recorded, call by call, and every beginning of the recording is replayed onto a disk that forgets what
was not synced. That the test sees a wrong order is shown by making the order wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from sqlalchemy import text

from pacs_node.archive.files import FileStore
from pacs_node.archive.roots import Root, sync_folder
from pacs_node.archive.segment import Segment
from pacs_node.archive_care.mounting import mount
from pacs_node.ingest.writer import Writer
from shared_kernel.database import Database
from tests.pacs_node.conftest import Hub, peer
from tests.support.lossy_disk import Recorder, losses
from tests.support.objects import Part10, ct

_SENDERS = 3
_STUDIES = 2


def play(
    make_hub: Callable[..., Hub], folder: Path, files: FileStore | None = None, *, lands: bool = True
) -> tuple[list[str], int]:
    """Record some senders at once, as the DICOM port stores; returns what would be lost, and how many were answered.

    Without the landing log where it does not `lands`.
    """
    recorder = Recorder(folder)
    with recorder.recording():
        database = Database.in_folder(folder)
        hub = make_hub(files, database)
        studies = [ct().study for _ in range(_STUDIES)]
        with hub.ingest if lands else hub.ingest.beside_the_server():
            there = [str(path) for path in folder.rglob("*")]
            recorder.calls.clear()
            threads = [
                threading.Thread(target=_send, args=(hub, recorder, f"session {number}", studies))
                for number in range(_SENDERS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        database.close()
    answers = sum(call.what == "answer" for call in recorder.calls)
    return losses(recorder.calls, folder, hub.files.path_of, there), answers


def _send(hub: Hub, recorder: Recorder, session: str, studies: list[str]) -> None:
    for study in studies * 3:
        image: Part10 = ct(StudyInstanceUID=study)
        reception = hub.ingest.receive(
            peer(session_id=session),
            transfer_syntax_uid=image.syntax,
            sop_class_uid=image.sop_class,
            sop_instance_uid=image.sop_instance,
        )
        half = len(image.data_set) // 2
        reception.write(image.data_set[:half])
        reception.write(image.data_set[half:])
        reception.store()
        [record] = hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
        recorder.answer(record.path, image.data_set)


@pytest.fixture(params=[True, False], ids=["landing log", "synced at once"])
def lands(request: pytest.FixtureRequest) -> bool:
    """Whether the landing log is used."""
    return bool(request.param)


def test_nothing_that_was_answered_is_lost_at_any_moment(
    make_hub: Callable[..., Hub], tmp_path: Path, lands: bool
) -> None:
    assert ([], _SENDERS * _STUDIES * 3) == play(make_hub, tmp_path, lands=lands)


def test_nor_on_another_storage_root(make_hub: Callable[..., Hub], tmp_path: Path, lands: bool) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    files = FileStore(tmp_path, [root, tmp_path])
    hub = make_hub(files)
    mount(files, hub.database, hub.clock)
    assert ([], _SENDERS * _STUDIES * 3) == play(make_hub, tmp_path, files, lands=lands)
    assert _SENDERS * _STUDIES * 3 == len(list(root.rglob("*.dcm")))


def test_nor_where_one_root_fills_and_the_next_takes_over(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for root in (one, two):
        root.mkdir()
    files = FileStore(tmp_path, [one, two, tmp_path])
    hub = make_hub(files)
    mount(files, hub.database, hub.clock)
    free = Root.free
    monkeypatch.setattr(
        Root, "free", lambda root: 0 if len(list(one.rglob("*.dcm"))) > 6 and root.path == one else free(root)
    )
    assert ([], _SENDERS * _STUDIES * 3) == play(make_hub, tmp_path, files)
    assert 6 < len(list(one.rglob("*.dcm")))
    assert list(two.rglob("*.dcm"))


class NoFolders(FileStore):
    """Forgets that a name is in its folder, and that in the one above."""

    def sync_names(self, paths: Iterable[str]) -> None:
        """Do nothing."""


class LowestFolderAlone(FileStore):
    def sync_names(self, paths: Iterable[str]) -> None:
        for path in paths:
            sync_folder(Path(path).parent)


class NoFiles(FileStore):
    def sync(self, path: str, file: int | None = None) -> None:
        """Do nothing."""


@pytest.mark.parametrize("wrong", [NoFolders, LowestFolderAlone, NoFiles])
def test_a_sync_that_is_left_out_is_seen(
    make_hub: Callable[..., Hub], tmp_path: Path, wrong: type[FileStore], lands: bool
) -> None:
    recorded, _ = play(make_hub, tmp_path, wrong(tmp_path), lands=lands)
    assert recorded


def test_a_commit_before_the_bytes_have_landed_is_seen(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Segment, "append", lambda *_: None)
    recorded, _ = play(make_hub, tmp_path)
    assert "the index names" in recorded[0]


def test_a_landing_log_that_is_emptied_before_the_database_lasts_is_seen(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "make_lasting", lambda _: None)
    recorded, _ = play(make_hub, tmp_path)
    assert "the row of" in recorded[0]


def test_a_commit_before_the_sync_is_seen(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FileStore(tmp_path)
    late: list[str] = []
    sync_names, store = files.sync_names, Writer.store
    monkeypatch.setattr(files, "sync_names", late.extend)

    def store_then_sync(writer: Writer, work: object) -> None:
        store(writer, work)  # type: ignore[arg-type]
        sync_names(list(late))

    monkeypatch.setattr(Writer, "store", store_then_sync)
    recorded, _ = play(make_hub, tmp_path, files, lands=False)
    assert recorded
    assert "the index names" in recorded[0]


def test_an_answer_before_the_commit_is_seen(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.answer(tmp_path / "archive" / "file", b"")
    assert losses(recorder.calls, tmp_path, tmp_path.joinpath, [])


def test_sqlite_is_told_to_sync_each_commit_but_those_that_say_otherwise(database: Database) -> None:
    with database.write() as session:
        assert (2, "wal") == (session.scalar(text("PRAGMA synchronous")), session.scalar(text("PRAGMA journal_mode")))
    with database.write_lean() as cursor:
        assert (2,) == cursor.execute("PRAGMA synchronous").fetchone()
    with database.write_lean(lasting=False) as cursor:
        assert (1,) == cursor.execute("PRAGMA synchronous").fetchone()
    with pytest.raises(ZeroDivisionError), database.write_lean(lasting=False):
        raise ZeroDivisionError
    with database.write_lean() as cursor:
        assert (2,) == cursor.execute("PRAGMA synchronous").fetchone()

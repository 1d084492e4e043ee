"""The landing log: when it takes records, and when it lets go of them."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pacs_node.archive import landing as module
from pacs_node.archive.files import FileStore
from pacs_node.archive.landing import LARGEST, LandingLog
from pacs_node.archive.segment import LONGEST_FACTS, Segment
from shared_kernel.database import Database
from tests.support.waiting import until


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path)
    store.prepare()
    return store


@pytest.fixture
def landing(files: FileStore, database: Database) -> Iterator[LandingLog]:
    made = LandingLog(files, database)
    assert made.take()
    made.begin()
    yield made
    made.leave()


def file_of(files: FileStore, content: bytes) -> str:
    """A new file in the archive, not synced."""
    path = f"{files.archive}/2026/11/21/study/{content.hex()[:40]}.dcm"
    os.close(files.create(path))
    Path(path).write_bytes(content)
    return path


def land(landing: LandingLog, path: str, content: bytes) -> Segment | None:
    return landing.append([(path, b"facts", memoryview(content))])


def left(files: FileStore, database: Database) -> list[bytes]:
    """What another process would find."""
    other = LandingLog(files, database)
    assert other.take()
    try:
        return [record.content for record in other.records()]
    finally:
        other.leave()


def test_one_process_has_it_at_a_time(files: FileStore, database: Database, landing: LandingLog) -> None:
    other = LandingLog(files, database)
    assert not other.take()
    other.leave()
    landing.leave()
    assert other.take()
    other.leave()


def test_what_is_settled_is_forgotten(
    files: FileStore, database: Database, landing: LandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(files, "sync_names", synced.extend)
    path, gone = file_of(files, b"one"), f"{files.archive}/2026/11/21/study/gone.dcm"
    for each, content in ((path, b"one"), (gone, b"was taken back")):
        segment = land(landing, each, content)
        assert segment is not None
        landing.release(segment)
    until(lambda: synced, what="the log to settle")
    assert synced == [path]
    landing.leave()
    assert [] == left(files, database)


def test_it_settles_by_itself_nothing_whose_rows_are_not_committed(
    files: FileStore, database: Database, landing: LandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SETTLE_SECONDS", 0.0)
    settled = threading.Event()
    monkeypatch.setattr(database, "make_lasting", settled.set)
    one, two = (file_of(files, content) for content in (b"one", b"two"))
    segment = land(landing, one, b"one")
    assert segment is not None
    until(lambda: landing._current is not segment, what="the segment to be sealed")
    other = land(landing, two, b"two")
    assert other is not None
    assert other is not segment
    landing.release(other)
    assert not settled.is_set()
    assert [b"one"] == [record.content for record in segment.records()]
    landing.release(segment)
    assert settled.wait(20)


def test_what_finds_no_room_is_synced_by_itself(
    files: FileStore, landing: LandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacs_node.archive.segment.MOST", 16 * 4096)
    path = file_of(files, b"one")
    assert landing.takes(1)
    segments = [land(landing, path, bytes(4096)) for _ in range(20)]
    has_room = landing.takes(1)
    taken = [segment for segment in segments if segment is not None]
    for segment in taken:
        landing.release(segment)
    assert not has_room
    assert 14 <= len(taken) <= 16  # two segments, of which the first may have been sealed when it was two thirds full
    assert segments[len(taken) :] == [None] * (20 - len(taken))
    until(lambda: landing.takes(1), what="a segment to be free again")


def test_what_is_large_or_says_much_is_synced_by_itself(files: FileStore, landing: LandingLog) -> None:
    assert landing.takes(LARGEST)
    assert not landing.takes(LARGEST + 1)
    path = file_of(files, b"one")
    assert landing.append([(path, bytes(LONGEST_FACTS + 1), memoryview(b"one"))]) is None
    segment = landing.append([(path, bytes(LONGEST_FACTS), memoryview(b"one"))])
    assert segment is not None
    assert [b"one"] == [record.content for record in segment.records()]
    landing.release(segment)


def test_a_full_disk_is_asked_again_later(
    files: FileStore, landing: LandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(files, b"one")
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "make_room", _failing(errno.ENOSPC))
        assert land(landing, path, b"one") is None
    assert land(landing, path, b"one") is None
    monkeypatch.setattr(landing, "_full_until", 0.0)
    segment = land(landing, path, b"one")
    assert segment is not None
    landing.release(segment)


def test_what_the_disk_refuses_in_the_log_ends_its_use(
    files: FileStore, landing: LandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(files, b"one")
    monkeypatch.setattr(Segment, "append", _failing(errno.EIO))
    assert land(landing, path, b"one") is None
    assert not landing.takes(1)
    monkeypatch.undo()
    assert land(landing, path, b"one") is None


@pytest.mark.parametrize("where", ["sync", "sync_names", "open_written", "make_lasting"])
def test_what_can_t_be_made_to_last_in_its_place_stays_in_the_log(
    files: FileStore, database: Database, landing: LandingLog, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(database if where == "make_lasting" else files, where, _failing(errno.EIO))
    segment = land(landing, file_of(files, b"one"), b"one")
    assert segment is not None
    landing.release(segment)
    until(lambda: not landing.takes(1), what="the log to be given up")
    assert land(landing, "another", b"two") is None
    landing.leave()
    assert [b"one"] == left(files, database)


def test_a_disk_that_is_gone_is_no_file_that_was_taken_back(
    files: FileStore, database: Database, landing: LandingLog
) -> None:
    path = file_of(files, b"one")
    files.archive.rename(files.archive.with_name("elsewhere"))
    segment = land(landing, path, b"one")
    assert segment is not None
    landing.release(segment)
    until(lambda: not landing.takes(1), what="the log to be given up")
    landing.leave()
    assert [b"one"] == left(files, database)


def _failing(number: int) -> Any:
    def failing(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return failing

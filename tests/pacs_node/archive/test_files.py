"""Proves which folders have to be synced before a file may be called durable, also beside another process."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pacs_node.archive.files import FileStore

_AT = datetime(2026, 3, 28, tzinfo=UTC)


def received(files: FileStore) -> tuple[Path, Path]:
    """A received file, and its place in the archive."""
    files.prepare()
    source = Path(files.new_incoming())
    source.write_bytes(b"image")
    return source, Path(files.place_for("1.2.3", _AT))


def chain(files: FileStore, study: Path) -> set[Path]:
    """The study's folder with all above it, up to the archive."""
    return {study, *study.parents[:3], files.archive}


def test_the_first_file_of_a_study_needs_every_folder_above_it(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    source, target = received(files)
    assert chain(files, target.parent) == files.move(source, target)
    assert target.read_bytes() == b"image"


def test_a_folder_of_another_process_is_synced_by_each(tmp_path: Path) -> None:
    one, other = FileStore(tmp_path), FileStore(tmp_path)
    # The other has made the folders, and is about to sync them.
    other.move(*received(other))
    source, target = received(one)
    assert chain(one, target.parent) == one.move(source, target)


def test_folders_are_synced_with_those_above_them_once(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    files.sync_all([], files.move(*received(files)))
    source, target = received(files)
    assert {target.parent} == files.move(source, target)


def test_a_sync_of_the_lowest_folder_alone_is_not_enough(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    source, target = received(files)
    files.move(source, target)
    files.sync_all([], [target.parent])
    source, target = received(files)
    assert chain(files, target.parent) == files.move(source, target)

"""Proves which folders are synced before a file may be called durable, also beside another process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pacs_node.archive.files import FileStore

_AT = datetime(2026, 3, 28, tzinfo=UTC)


def archived(files: FileStore) -> Path:
    """A file that was received, in its place in the archive."""
    files.prepare()
    source, target = files.new_incoming(), files.place_for("1.2.3", _AT)
    Path(source).write_bytes(b"image")
    files.move(source, target)
    return Path(target)


def chain(files: FileStore, study: Path) -> set[Path]:
    """The study's folder with all above it, up to the archive."""
    return {study, *study.parents[:3], files.archive}


def synced(files: FileStore, *targets: Path) -> set[Path]:
    """The folders that syncing these names syncs."""
    seen: set[Path] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        seen.add(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noted)
        files.sync_names([str(target) for target in targets])
    return seen


def test_the_first_file_of_a_study_needs_every_folder_above_it(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    target = archived(files)
    assert target.read_bytes() == b"image"
    assert chain(files, target.parent) == synced(files, target)


def test_a_folder_of_another_process_is_synced_by_each(tmp_path: Path) -> None:
    one, other = FileStore(tmp_path), FileStore(tmp_path)
    archived(other)  # the other has made the folders, and is about to sync them
    target = archived(one)
    assert chain(one, target.parent) == synced(one, target)


def test_folders_are_synced_with_those_above_them_once(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    synced(files, archived(files))
    first, second = archived(files), archived(files)
    assert {first.parent} == synced(files, first, second)


def test_what_was_refused_once_is_synced_whole_the_next_time(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    target = archived(files)

    def refused(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", refused)
        with pytest.raises(OSError, match="Input/output"):
            files.sync_names([str(target)])
    assert chain(files, target.parent) == synced(files, target)

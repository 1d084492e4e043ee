"""Proves that a start removes half files only: what no row names is set aside whole, and an import takes it back."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from access_control.model import ActorKind
from dokuei.migrations.upgrade import upgrade
from pacs_node.importer import Fate, import_paths
from shared_kernel.database import Database
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct


def test_a_start_removes_half_files_and_sets_aside_what_is_not_indexed(make_hub: Callable[..., Hub]) -> None:
    hub, kept = make_hub(), ct()
    with hub.ingest:
        hub.store(kept.file)
    [record] = hub.catalogue.instances(kept.study)
    half = hub.files.incoming / "half.part"
    half.write_bytes(b"half")
    beside = record.path.with_name("orphan.dcm")
    beside.write_bytes(ct().file)
    alone = Path(hub.files.place_for("1.2.3", hub.clock.now()))
    alone.parent.mkdir(parents=True)
    alone.write_bytes(ct().file)
    unnamed = {beside.read_bytes(), alone.read_bytes()}
    assert hub.files.count_orphans() == 0
    with capture_logs() as logs, make_hub().ingest:
        assert [str(record.path)] == hub.files_on_disk()
        assert not alone.parent.exists()
    assert unnamed == {_aside(hub, path).read_bytes() for path in (beside, alone)}
    assert hub.files.count_orphans() == 2
    assert [2] == [entry["count"] for entry in logs if entry["event"] == "archive.orphans_set_aside"]


def test_a_name_that_is_set_aside_twice_replaces_nothing(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    path = Path(hub.files.place_for("1.2.3", hub.clock.now()))
    contents = {ct().file, ct().file}
    for content in contents:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        with make_hub().ingest:
            pass
    assert contents == {found.read_bytes() for found in hub.files.orphans.rglob("*.dcm")}


def test_no_image_is_lost_to_a_database_that_does_not_know_it(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    hub, images = make_hub(), [ct(), ct()]
    with hub.ingest:
        for image in images:
            hub.store(image.file)
    places = [hub.catalogue.instances(image.study)[0].path for image in images]
    other = _other_database(tmp_path / "elsewhere")
    with make_hub(using=other).ingest:
        pass
    assert [image.file for image in images] == [_aside(hub, path).read_bytes() for path in places]
    # The operator's way back: whatever database it is now, it is told of the images.
    restored = make_hub(using=other)
    operator = replace(peer(), kind=ActorKind.OPERATOR, login="operator")
    with restored.ingest:
        outcomes = list(import_paths([hub.files.orphans], restored.ingest, operator))
    assert [Fate.STORED, Fate.STORED] == [outcome.fate for outcome in outcomes]
    for image in images:
        [record] = restored.catalogue.instances(image.study)
        assert image.file == record.path.read_bytes()
    other.close()


def test_the_right_database_gets_its_files_back_by_itself(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    hub, image = make_hub(), ct()
    with hub.ingest:
        hub.store(image.file)
    [record] = hub.catalogue.instances(image.study)
    wrong = _other_database(tmp_path / "elsewhere")
    with make_hub(using=wrong).ingest:
        assert not record.path.exists()
    wrong.close()
    with make_hub().ingest:
        assert image.file == record.path.read_bytes()
    assert hub.files.count_orphans() == 0


@pytest.mark.only_sqlite("a copy of the file")
def test_what_came_after_an_older_database_is_set_aside_however_old(
    make_hub: Callable[..., Hub], tmp_path: Path
) -> None:
    hub, before, since = make_hub(), ct(), ct()
    with hub.ingest:
        hub.store(before.file)
        backup = _other_database(tmp_path / "backup", copy_of=tmp_path)
        hub.clock.move(timedelta(days=1))
        hub.store(since.file)
    hub.clock.move(timedelta(days=30))
    with make_hub().ingest:
        pass
    [kept], [lost] = hub.catalogue.instances(before.study), hub.catalogue.instances(since.study)
    with make_hub(using=backup).ingest:
        assert (True, False) == (kept.path.exists(), lost.path.exists())
    assert since.file == _aside(hub, lost.path).read_bytes()
    backup.close()


def _other_database(folder: Path, copy_of: Path | None = None) -> Database:
    folder.mkdir()
    if copy_of:
        source, target = (sqlite3.connect(place / "hub.sqlite") for place in (copy_of, folder))
        with closing(source), closing(target):
            source.backup(target)
    made = Database.in_folder(folder)
    upgrade(made, folder)
    return made


def _aside(hub: Hub, path: Path) -> Path:
    return hub.files.orphans / hub.files.name_of(path)


def test_a_second_process_does_not_sweep_the_first_ones_files(make_hub: Callable[..., Hub]) -> None:
    first, second = make_hub(), make_hub()
    with first.ingest, first.ingest.spool() as spool:
        spool.write(b"on its way")
        spool.close()
        with second.ingest:
            assert [str(spool.path)] == first.files_on_disk()


def test_days_before_the_last_sweep_are_left_alone(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    old = Path(hub.files.place_for("1.2.3", hub.clock.now()))
    with hub.ingest:
        pass
    hub.clock.move(timedelta(days=3))
    with make_hub().ingest:
        pass
    old.parent.mkdir(parents=True)
    old.write_bytes(b"put there by an operator, long after")
    with make_hub().ingest:
        assert [str(old)] == hub.files_on_disk()


def test_what_a_power_failure_has_cut_short_is_no_image(make_hub: Callable[..., Hub]) -> None:
    hub, whole, many_frames = make_hub(), ct().file, encapsulated()
    cuts = [
        b"",
        bytes(len(whole)),
        whole[:100],
        whole[:-1],
        whole[: len(whole) // 2],
        many_frames[:-8],
        many_frames[:-20],
    ]
    contents = [*cuts, whole, many_frames]
    for content in contents:
        path = Path(hub.files.place_for("1.2.3", hub.clock.now()))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with make_hub().ingest:
        pass
    assert {whole, many_frames} == {found.read_bytes() for found in hub.files.orphans.rglob("*.dcm")}
    assert sorted(cuts) == sorted(found.read_bytes() for found in hub.files.orphans.rglob("*.cut"))
    assert hub.files.count_orphans() == 2


def encapsulated() -> bytes:
    """A file whose pixel data is of undefined length: it ends with a sequence delimiter."""
    sent = ct("1.2.840.10008.1.2.1", pixels=b"")
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    frame = struct.pack("<HHI", 0xFFFE, 0xE000, 4) + b"\xff\xd8\xff\xd9"
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    head = sent.file[: sent.file.rindex(b"\xe0\x7f\x10\x00")]
    return head + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + item + frame + end


def test_a_stray_file_in_a_days_folder_stops_no_start(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    with hub.ingest:
        hub.store(ct().file)
    [day] = hub.files.archive.glob("*/*/*")
    (day / "note.txt").write_text("moved on Monday")
    with make_hub().ingest:
        pass
    assert (day / "note.txt").is_file()

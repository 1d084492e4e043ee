"""Proves where files go with several storage roots, and that a root that is away stops everything before a byte is
written in its place.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pacs_node.archive.files import FileStore
from pacs_node.archive.roots import MARKER, Root
from pacs_node.archive_care.reading import inspect
from pacs_node.archive_care.verification import Verification
from pacs_node.errors import RootAway, StorageFull
from tests.pacs_node.conftest import Hub
from tests.support.objects import Part10, ct


class Disks:
    """Two more roots, and a hub that has them."""

    def __init__(self, make_hub: Callable[..., Hub], tmp_path: Path) -> None:
        self.data = tmp_path
        self.one, self.two = tmp_path / "disks" / "one", tmp_path / "disks" / "two"
        self.make_hub = make_hub
        for folder in (self.one, self.two):
            folder.mkdir(parents=True)

    def hub(self, *roots: Path, min_free: int = 0) -> Hub:
        return self.make_hub(FileStore(self.data, roots, min_free), min_free_disk=min_free)

    def stored(self, hub: Hub, image: Part10) -> Path:
        with hub.ingest:
            hub.store(image.file)
        [record] = hub.catalogue.instances(image.study)
        return record.path


@pytest.fixture
def disks(make_hub: Callable[..., Hub], tmp_path: Path) -> Disks:
    return Disks(make_hub, tmp_path)


def test_the_first_root_with_space_is_filled_first(disks: Disks, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [ct() for _ in range(4)]
    free = {disks.data: 10**9, disks.one: 10**9, disks.two: 10**9}
    monkeypatch.setattr(Root, "free", lambda root: free[root.path])
    hub = disks.hub(disks.one, disks.two, min_free=1000)
    paths = [disks.stored(hub, images[0])]
    for filled, image in zip((disks.data, disks.one, disks.two), images[1:], strict=True):
        free[filled] = 999 if filled != disks.two else 1001
        paths.append(disks.stored(hub, image))
    expected = [disks.data, disks.one, disks.two, disks.two]
    assert [True] * 4 == [path.is_relative_to(root / "archive") for root, path in zip(expected, paths, strict=True)]
    assert [image.file for image in images] == [path.read_bytes() for path in paths]
    free[disks.two] = 999
    with hub.ingest, pytest.raises(StorageFull):
        hub.store(ct().file)
    assert [] == [path for root in hub.files.roots for path in root.incoming.iterdir()]


def test_the_data_folder_can_be_the_last_one(disks: Disks) -> None:
    path = disks.stored(disks.hub(disks.one, disks.data), ct())
    assert path.is_relative_to(disks.one / "archive")


def test_a_file_is_found_by_its_roots_marker_wherever_the_disk_is_mounted(disks: Disks) -> None:
    image = ct()
    disks.stored(disks.hub(disks.one, disks.data), image)
    disks.one.rename(disks.data / "disks" / "elsewhere")
    moved = disks.hub(disks.data / "disks" / "elsewhere", disks.data)
    with moved.ingest:
        [record] = moved.catalogue.instances(image.study)
        assert image.file == record.path.read_bytes()
        assert moved.store(image.file).duplicate


def test_a_disk_that_is_not_mounted_stops_the_start_and_nothing_is_written(disks: Disks) -> None:
    disks.stored(disks.hub(disks.one, disks.data), ct())
    shutil.move(disks.one, disks.data / "unplugged")
    disks.one.mkdir()
    hub = disks.hub(disks.one, disks.data)
    with pytest.raises(RootAway, match="not mounted"):
        hub.ingest.start()
    assert [] == list(disks.one.iterdir())
    shutil.rmtree(disks.one)
    with pytest.raises(RootAway):
        disks.hub(disks.one, disks.data).ingest.start()


def test_a_root_with_images_that_the_settings_forget_stops_the_start(disks: Disks) -> None:
    disks.stored(disks.hub(disks.one, disks.data), ct())
    with pytest.raises(RootAway, match="storage_roots misses it"):
        disks.hub().ingest.start()


def test_a_root_without_images_may_go(disks: Disks) -> None:
    disks.stored(disks.hub(disks.one), ct())  # the data folder had space
    with disks.hub().ingest:
        pass


def another_disk(place: Path) -> None:
    """Take out the disk at this place and put in a new one."""
    place.rename(place.with_name(f"{place.name} taken out"))
    place.mkdir()


def test_a_new_disk_may_take_the_place_of_one_that_was_given_up(disks: Disks) -> None:
    disks.stored(disks.hub(disks.two, disks.one, disks.data), ct())
    with disks.hub(disks.two, disks.data).ingest:  # storage_roots names it no longer
        pass
    another_disk(disks.one)
    path = disks.stored(disks.hub(disks.one, disks.two, disks.data), ct())
    assert path.is_relative_to(disks.one / "archive")


def test_a_new_disk_may_take_the_place_of_an_empty_one_at_once(disks: Disks, monkeypatch: pytest.MonkeyPatch) -> None:
    disks.stored(disks.hub(disks.two, disks.one, disks.data), ct())
    another_disk(disks.one)
    with pytest.raises(RootAway, match="not mounted"):  # nothing says that it is no bare mount point
        disks.hub(disks.one, disks.two, disks.data).ingest.start()
    monkeypatch.setattr(Path, "is_mount", lambda path: path in {disks.one, disks.two})
    path = disks.stored(disks.hub(disks.one, disks.two, disks.data), ct())
    assert path.is_relative_to(disks.one / "archive")
    another_disk(disks.two)
    with pytest.raises(RootAway, match="not mounted"):  # images are named there
        disks.hub(disks.one, disks.two, disks.data).ingest.start()


@pytest.mark.parametrize("what", ["other things", "the same root twice"])
def test_a_folder_that_is_no_root_is_not_taken_for_one(disks: Disks, what: str) -> None:
    if what == "other things":
        (disks.two / "letters").mkdir()
    else:
        disks.stored(disks.hub(disks.one), ct())
        shutil.copy(disks.one / MARKER, disks.two / MARKER)
    with pytest.raises(RootAway, match=r"no storage root|the same root"):
        disks.hub(disks.one, disks.two).ingest.start()


def test_each_root_is_swept_and_gets_its_own_back(disks: Disks) -> None:
    image = ct()
    path = disks.stored(disks.hub(disks.one, disks.data), image)
    beside = path.with_name("unnamed.dcm")
    beside.write_bytes(image.file)
    (disks.one / "incoming" / "half.part").write_bytes(b"half")
    hub = disks.hub(disks.one, disks.data)
    with hub.ingest:
        assert (1, True, False) == (hub.files.count_orphans(), path.exists(), beside.exists())
        assert [] == list((disks.one / "incoming").iterdir())
    aside = disks.one / "orphans" / path.relative_to(disks.one / "archive")
    path.rename(aside)
    with disks.hub(disks.one, disks.data).ingest:
        assert image.file == path.read_bytes()


def test_a_header_of_ours_is_written_on_the_same_disk(disks: Disks) -> None:
    image = ct()
    other_meta = image.file.replace(image.sop_instance.encode(), image.sop_instance[:-1].encode() + b"\0", 1)
    path = disks.stored(disks.hub(disks.one, disks.data), replace(image, file=other_meta))
    assert path.is_relative_to(disks.one)
    assert path.read_bytes().endswith(image.data_set)


def test_a_disk_that_goes_while_the_hub_runs_is_one_sentence_and_no_damage(disks: Disks) -> None:
    image = ct()
    hub = disks.hub(disks.one, disks.data)
    with hub.ingest:
        hub.store(image.file)
        verification = Verification(hub.database, hub.files, hub.clock, "all")
        verification.begin()
        [entry] = verification.next()
        disks.one.rename(disks.data / "unplugged")
        disks.one.mkdir()
        with pytest.raises(RootAway):
            inspect(entry, hub.files)
        hub.store(ct().file)  # the next root takes it
        assert [] == list(disks.one.iterdir())

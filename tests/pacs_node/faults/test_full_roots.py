"""Proves what happens when one of several disks fills up or goes away: the others go on, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dokuei.migrations.upgrade import upgrade
from pacs_node.archive.files import FileStore
from pacs_node.errors import RootAway, StorageFull
from pacs_node.ingest.spool import Spool
from shared_kernel.database import Database
from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import association

_OUT_OF_RESOURCES = 0xA700
_MIB = 2**20
Mount = Callable[..., Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts small file systems, or a folder over another, below the test's folder."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    with ExitStack() as stack:

        def mounted(name: str, *, mib: int = 0, source: Path | None = None) -> Path:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            what = ["--bind", str(source)] if source else ["-t", "tmpfs", "-o", f"size={mib}m", "tmpfs"]
            if subprocess.run(["mount", *what, str(folder)], capture_output=True, check=False).returncode != 0:
                pytest.skip("this container may not mount")
            # Lazily: the hub holds its disks open.
            stack.callback(subprocess.run, ["umount", "-l", str(folder)], capture_output=True, check=False)
            return folder

        yield mounted


def image(kib: int = 256, **keywords: object) -> Part10:
    return ct(pixels=os.urandom(kib * 1024), **keywords)


def arrive(spool: Spool, file: bytes) -> None:
    """As it comes over a network: piece by piece."""
    for start in range(0, len(file), _MIB):
        spool.write(file[start : start + _MIB])


def lost(hub: Hub, acknowledged: list[Part10]) -> list[str]:
    """Those that are not here as they were sent."""
    found = []
    for each in acknowledged:
        records = hub.catalogue.instances(each.study)
        if [each.data_set] != [record.path.read_bytes()[record.dataset_offset :] for record in records]:
            found.append(each.sop_instance)
    return found


def roots_of(hub: Hub, images: list[Part10]) -> list[Path]:
    """Where they are, each root once, in the order in which they were filled."""
    paths = [hub.catalogue.instances(each.study)[0].path for each in images]
    found = [next(root.path for root in hub.files.roots if root.holds(path)) for path in paths]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("min_free", [0, 1 * _MIB])
def test_a_root_that_fills_hands_on_to_the_next(
    make_hub: Callable[..., Hub], tmp_path: Path, mount: Mount, min_free: int
) -> None:
    one, two = mount("one", mib=6), mount("two", mib=6)
    hub = make_hub(FileStore(tmp_path, [one, two, tmp_path], min_free), min_free_disk=min_free)
    acknowledged: list[Part10] = []
    refused = 0
    with hub.ingest:
        for sent in [image() for _ in range(60)]:
            for _attempt in range(4):
                try:
                    hub.store(sent.file)
                except StorageFull:
                    refused += 1
                else:
                    acknowledged.append(sent)
                    break
        assert 60 == len(acknowledged)
        filled = roots_of(hub, acknowledged)
        if min_free:
            assert [one, two, tmp_path] == filled
        else:  # for a while after a refusal whichever has most space
            assert (one, True) == (filled[0], tmp_path in filled)
        assert [] == lost(hub, acknowledged)
        assert refused <= 2  # at the end of each of the two, if at all
        assert [] == [path for root in hub.files.roots for path in root.path.rglob("*.part")]


def test_an_instance_that_is_too_large_for_what_is_left_goes_to_the_next_root_when_it_is_sent_again(
    make_hub: Callable[..., Hub], tmp_path: Path, mount: Mount
) -> None:
    one, two = mount("one", mib=80), mount("two", mib=160)
    large = ct(pixels=bytes(100 * _MIB))
    hub = make_hub(FileStore(tmp_path, [one, two, tmp_path], 20 * _MIB), min_free_disk=20 * _MIB)
    with hub.ingest:
        with hub.ingest.spool() as spool, pytest.raises(StorageFull):
            arrive(spool, large.file)
        hub.files.space._last = 0.0  # long ago: a scanner may take its time
        assert not hub.store(large.file).duplicate
        assert [two] == roots_of(hub, [large])


def test_a_root_that_is_unmounted_under_the_running_hub(
    make_hub: Callable[..., Hub], tmp_path: Path, mount: Mount
) -> None:
    (tmp_path / "disk").mkdir()
    one, two = mount("one", source=tmp_path / "disk"), mount("two", mib=8)
    hub = make_hub(FileStore(tmp_path, [one, two, tmp_path]))
    with hub.ingest:
        before, after = [image() for _ in range(3)], [image() for _ in range(3)]
        for each in before:
            hub.store(each.file)
        assert [one] == roots_of(hub, before)
        subprocess.run(["umount", "-l", str(one)], check=True)
        for each in after:
            hub.store(each.file)
        assert [two] == roots_of(hub, after)
        with pytest.raises(RootAway):
            hub.store(before[0].file)  # no damage, and no second copy
        assert [] == list(one.iterdir())
        mount("one", source=tmp_path / "disk")
        assert hub.store(before[0].file).duplicate
        assert [] == lost(hub, before + after)
    subprocess.run(["umount", "-l", str(one)], check=True)
    with pytest.raises(RootAway):
        make_hub(FileStore(tmp_path, [one, two, tmp_path])).ingest.start()
    assert [] == list(one.iterdir())


def test_a_full_disk_of_the_database_alone_refuses_and_goes_on_by_itself(
    make_hub: Callable[..., Hub], tmp_path: Path, mount: Mount
) -> None:
    data = mount("data", mib=12)
    root = tmp_path / "root"
    root.mkdir()
    database = Database.in_folder(data)
    upgrade(database, data)
    hub = make_hub(FileStore(data, [root, data]), database, data=data)
    with database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    images = [image(4) for _ in range(40)]
    statuses: list[int] = []
    with hub.ingest:
        node = hub.node()
        address = tuple(node.start())
        try:
            with association(address, [(CT, [EXPLICIT])], calling=CLINIC_AE) as scu:

                def send(some: list[Part10]) -> list[int]:
                    return [scu.store(1, CT, each.sop_instance, each.data_set).status for each in some]

                assert {0} == set(send(images[:10]))
                ballast = data / "ballast"
                with ballast.open("wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(bytes(4096))
                    except OSError:
                        pass
                for number in range(200):  # what SQLite has set aside for itself is used up first
                    status = send([image(4)])[0]
                    statuses.append(status)
                    if status and number > 20:
                        break
                assert statuses[-1] == _OUT_OF_RESOURCES
                assert {0, _OUT_OF_RESOURCES} >= set(statuses)
                assert {_OUT_OF_RESOURCES} == set(send(images[10:20]))
                unacknowledged = list(root.rglob("*.part"))
                ballast.unlink()
                assert {0} == set(send(images[10:]))
        finally:
            node.stop()
        assert [] == unacknowledged
        assert [] == lost(hub, images)
        named = 40 + statuses.count(0)
        assert named == len(list(root.rglob("*.dcm")))
    database.close()

"""Proves that a root can be emptied for good: nothing lost, nothing read twice, and broken off at any moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from access_control.model import OPERATOR
from pacs_node.archive.files import FileStore
from pacs_node.archive.roots import Root
from pacs_node.archive.versions import versions
from pacs_node.archive_care.digesting import Digesting
from pacs_node.archive_care.emptying import Emptying, Moved
from pacs_node.archive_care.verification import Verification
from pacs_node.errors import RootAway, StorageFull
from pacs_node.ingest.service import Incoming
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from shared_kernel.audit.tables import AuditRow
from tests.pacs_node.archive_care.test_verification import cut, flip, into_a_folder
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import Part10, ct

SAME = {"SOPInstanceUID": "2.25.1", "StudyInstanceUID": "2.25.2", "SeriesInstanceUID": "2.25.3"}


class Filled:
    """Two roots beside the data folder; all images are in the first."""

    def __init__(self, make_hub: Callable[..., Hub], folder: Path) -> None:
        self.data, self.one, self.two = folder, folder / "one", folder / "two"
        self.make_hub = make_hub
        for root in (self.one, self.two):
            root.mkdir()
        hub = self.hub(self.one, self.two, self.data)
        self.images = [ct() for _ in range(5)]
        self.version, self.current = ct(**SAME), ct(pixels=bytes([1]) * 512, **SAME)
        with hub.ingest:
            for image in (*self.images, self.version):
                hub.store(image.file)
            with hub.ingest.spool() as spool:
                spool.write(self.current.file)
                rules = IntakeRules(on_different_content=OnDifferentContent.NEW_VERSION)
                hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import", rules=rules))
        Digesting(hub.database, hub.files, hub.clock).run()
        assert 7 == len(list(self.one.rglob("*.dcm")))

    def hub(self, *roots: Path) -> Hub:
        return self.make_hub(FileStore(self.data, roots))

    def emptying(self, hub: Hub, min_free: int = 0) -> Emptying:
        return Emptying(hub.database, hub.files, hub.clock, self.one, min_free=min_free)

    def empty(self, hub: Hub) -> list[Moved]:
        with hub.ingest:
            return list(self.emptying(hub).run(OPERATOR))

    def path(self, hub: Hub, image: Part10) -> Path:
        [record] = hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
        return record.path

    def verified(self, hub: Hub) -> list[str]:
        verification = Verification(hub.database, hub.files, hub.clock, "all")
        verification.begin(anew=True)
        return [verdict.damage.value for verdict in verification.run() if verdict.damage]


def audited(hub: Hub) -> int:
    """How many files the audit trail says were moved."""
    with hub.database.read() as session:
        reasons = session.scalars(select(AuditRow.reason).filter_by(action="archive.empty"))
        return sum(int(reason.removeprefix("files moved to other roots: ")) for reason in reasons)


@pytest.fixture
def filled(make_hub: Callable[..., Hub], tmp_path: Path) -> Filled:
    return Filled(make_hub, tmp_path)


def test_everything_is_there_when_the_root_has_gone(filled: Filled) -> None:
    hub = filled.hub(filled.two, filled.data, filled.one)
    was = filled.path(hub, filled.images[0])
    assert [""] * 7 == [moved.why for moved in filled.empty(hub)]
    assert 0 == filled.emptying(hub).remaining()
    assert filled.images[0].file == was.read_bytes()  # whoever was reading it goes on
    filled.one.rename(filled.data / "wiped")

    without = filled.hub(filled.two, filled.data)
    with without.ingest:
        for image in (*filled.images, filled.current):
            assert image.file == filled.path(without, image).read_bytes()
            assert without.store(image.file).duplicate
        with without.database.read() as session:
            [old] = versions(session, without.files, "2.25.1")
        assert filled.version.file == old.path.read_bytes()
        assert 7 == audited(without)
        assert [] == filled.verified(without)
        assert 0 == Digesting(without.database, without.files, without.clock).run()  # digests came along
        assert 0 == without.files.count_orphans()


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (flip, "not what was received"),
        (cut, "not what was received"),
        (Path.unlink, "missing"),
        (into_a_folder, "can't be read"),
    ],
)
def test_what_is_not_well_stays_until_it_is(filled: Filled, harm: Callable[[Path], None], why: str) -> None:
    hub = filled.hub(filled.two, filled.data, filled.one)
    image = filled.images[2]
    path = filled.path(hub, image)
    harm(path)
    assert [why] == [moved.why for moved in filled.empty(hub) if moved.why]
    assert (1, path) == (filled.emptying(hub).remaining(), filled.path(hub, image))
    with filled.hub(filled.two, filled.data, filled.one).ingest, pytest.raises(RootAway, match="misses it"):
        filled.hub(filled.two, filled.data).ingest.start()
    with hub.ingest:
        hub.store(image.file)  # the device sends it again
    filled.empty(hub)
    assert 0 == filled.emptying(hub).remaining()
    assert [] == filled.verified(hub)


def test_without_space_elsewhere_nothing_is_lost_and_it_goes_on_later(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = filled.hub(filled.two, filled.data, filled.one)
    room = [3]

    def free(root: Root) -> int:
        if root.path == filled.one:
            return 10**9
        room[0] -= root.path == filled.two
        return 10**9 if root.path == filled.two and room[0] >= 0 else 0

    monkeypatch.setattr(Root, "free", free)
    with pytest.raises(StorageFull):
        list(filled.emptying(hub).run(OPERATOR))
    assert (4, 3) == (filled.emptying(hub).remaining(), audited(hub))
    assert [] == filled.verified(hub)
    room[0] = 100
    assert 4 == len(list(filled.emptying(hub).run(OPERATOR)))
    assert 7 == audited(hub)
    assert [] == filled.verified(hub)


def test_what_is_mended_meanwhile_is_not_told_as_moved(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = filled.hub(filled.two, filled.data, filled.one)
    image = filled.images[2]
    mended: list[Path] = []

    def meanwhile(path: str, *others: bool) -> None:
        if not mended:
            mended.append(filled.path(hub, image))
            mended[0].unlink()
            hub.store(image.file)
        sync(path, *others)

    sync = hub.files.sync
    monkeypatch.setattr(hub.files, "sync", meanwhile)
    told = filled.empty(hub)
    assert filled.path(hub, image) not in mended
    assert (6, 6) == (len(told), audited(hub))
    assert mended[0].name not in {Path(each.file).name for each in told}
    assert [] == filled.verified(hub)


def test_a_failing_disk_names_nothing_that_is_not_durable(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = filled.hub(filled.two, filled.data, filled.one)

    def fails(paths: object) -> None:
        raise OSError(5, os.strerror(5))

    with monkeypatch.context() as patch:
        patch.setattr(hub.files, "sync_names", fails)
        with pytest.raises(OSError, match="Input/output"):
            list(filled.emptying(hub).run(OPERATOR))
    assert (7, 0) == (filled.emptying(hub).remaining(), audited(hub))
    assert [] == filled.verified(hub)


def test_only_a_storage_root_can_be_emptied(filled: Filled) -> None:
    hub = filled.hub(filled.one, filled.two, filled.data)
    for path in (filled.data, filled.data / "nowhere"):
        with pytest.raises(RootAway):
            Emptying(hub.database, hub.files, hub.clock, path, min_free=0)

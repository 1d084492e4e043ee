"""Proves that a start removes what a crash left, nothing that a row names, and nothing of another process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.pacs_node.conftest import Hub
from tests.support.objects import ct


def test_a_start_removes_leftovers_and_keeps_what_is_indexed(make_hub: Callable[..., Hub]) -> None:
    hub, kept = make_hub(), ct()
    with hub.ingest:
        hub.store(kept.file)
    [record] = hub.catalogue.instances(kept.study)
    half = hub.files.incoming / "half.part"
    half.write_bytes(b"half")
    beside = record.path.with_name("orphan.dcm")
    beside.write_bytes(b"orphan")
    alone = hub.files.place_for("1.2.3", hub.clock.now())
    alone.parent.mkdir(parents=True)
    alone.write_bytes(b"orphan")
    with make_hub().ingest:
        assert [str(record.path)] == hub.files_on_disk()
        assert not alone.parent.exists()


def test_a_second_process_does_not_sweep_the_first_ones_files(make_hub: Callable[..., Hub]) -> None:
    first, second = make_hub(), make_hub()
    with first.ingest, first.ingest.spool() as spool:
        spool.write(b"on its way")
        with second.ingest:
            assert [str(spool.path)] == first.files_on_disk()


def test_days_before_the_last_sweep_are_left_alone(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    old = hub.files.place_for("1.2.3", hub.clock.now())
    with hub.ingest:
        pass
    hub.clock.move(timedelta(days=3))
    with make_hub().ingest:
        pass
    old.parent.mkdir(parents=True)
    old.write_bytes(b"put there by an operator, long after")
    with make_hub().ingest:
        assert [str(old)] == hub.files_on_disk()

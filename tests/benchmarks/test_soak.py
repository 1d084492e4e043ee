"""Proves that a small soak plays every deed against a real hub and loses nothing, and that its judges see faults."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from benchmarks import objects
from benchmarks.sink import Received
from benchmarks.soak import verdict
from benchmarks.soak.__main__ import soak
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.watch import Sample, growth


def test_nothing_is_lost_and_nothing_stays_open(tmp_path: Path) -> None:
    told = soak(seed=20261121, scanners=1, go_on=lambda number: number < 6, folder=tmp_path)
    assert [] == told.wrong
    played = {"stored", "sent again", "other content", "foreign study", "mismatch", "aborted", "vanished", "half open"}
    assert played | {"echo", "found", "moved", "QIDO-RS", "WADO-RS"} <= told.ledger.done.keys()
    assert told.ledger.all()
    assert max(sample.wal for sample in told.samples) <= verdict.LARGEST_WAL
    assert [] == list(tmp_path.iterdir())


def test_growth_is_what_the_later_samples_rise_by() -> None:
    def samples(*resident: int) -> list[Sample]:
        return [Sample(at, each, 1, 1, 0) for at, each in enumerate(resident)]

    assert 0 == growth(samples(1, 5, 9, 9, 9, 9, 9, 9, 9))
    assert 5 == pytest.approx(growth(samples(0, 0, 0, 10, 11, 12, 13, 14, 15)))
    assert [] == verdict.grown(samples(*[2**20] * 9))
    rising = verdict.grown(samples(*range(0, 9 * 10 * 2**20, 10 * 2**20)))
    assert ["resident memory rises: 50.0 MiB over the later two thirds"] == rising
    full = [Sample(at, 0, 1, 1, 2**27) for at in range(3)]
    assert ["the write-ahead log grew to 128 MiB"] == verdict.grown(full)


def test_the_archive_is_read_by_its_files_alone(tmp_path: Path) -> None:
    made, [identity] = objects.small(), objects.series(1)
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "1.dcm").write_bytes(objects.part10(made, identity))
    assert [(identity.instance, made.digest(identity))] == list(verdict.archived(tmp_path))


def test_what_was_moved_otherwise_is_told() -> None:
    made, [identity] = objects.small(), objects.series(1, source=Random(1))
    ledger = Ledger()
    ledger.keep(made, identity, "SOAK1")
    assert [] == verdict.moved(Received(digests={identity.instance: made.digest(identity)}), ledger)
    assert 1 == len(verdict.moved(Received(digests={identity.instance: "0"}), ledger))
    assert 1 == len(verdict.moved(Received(digests={"2.25.1": made.digest(identity)}), ledger))

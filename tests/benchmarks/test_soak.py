"""Proves that a small soak plays every deed against a real hub and loses nothing, and that its judges see faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from benchmarks import objects
from benchmarks.sink import Received
from benchmarks.soak import table, verdict
from benchmarks.soak.__main__ import soak
from benchmarks.soak.ledger import Abandoned, Examined, Ledger
from benchmarks.soak.reports import Reports
from benchmarks.soak.scanner import KINDS
from benchmarks.soak.watch import Sample, at_intervals, growth
from benchmarks.targets import Hub


def test_nothing_is_lost_and_nothing_stays_open(tmp_path: Path) -> None:
    told = soak(seed=20261121, scanners=1, go_on=lambda number: number < 6, folder=tmp_path)
    assert [] == told.wrong
    played = {"stored", "sent again", "other content", "foreign study", "mismatch", "aborted", "vanished", "half open"}
    assert played | {"echo", "found", "moved", "QIDO-RS", "WADO-RS"} <= told.ledger.done.keys()
    planned = {"request entered", "worklist query", "MPPS IN PROGRESS", "examination stored", "MPPS COMPLETED"}
    proven = {"commitment told, same association", "commitment told, new association"}
    assert planned | proven | {"commitment asked", "C-FIND before C-GET", "C-GET"} <= told.ledger.done.keys()
    assert told.ledger.done["C-GET bytes"] >= told.ledger.done["C-GET instances"] * min(made.size for made in KINDS)
    assert told.ledger.done["commitment instances"] == told.ledger.done["examination stored"]
    assert told.ledger.all()
    assert told.ledger.examined()
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
    assert [
        "3 samples are too few to say whether memory rises",
        "the write-ahead log grew to 128 MiB",
    ] == verdict.grown(full)


def test_the_table_tells_counts_failures_memory_and_the_verdict() -> None:
    ledger = Ledger()
    ledger.expect("stored", 0, 0)
    with pytest.raises(Abandoned):
        ledger.demand("worklist query", 1, 0)
    with pytest.raises(Abandoned), ledger.attempt("C-GET"):
        raise TimeoutError("no answer")
    flat = [Sample(at, 200 * 2**20, 30, 90, 2**20) for at in range(100)]
    lines = table.markdown(ledger.done, ledger.failed, {"proof": 1.25}, flat, ledger.wrong).splitlines()
    assert {"| stored | 1 | 0 |", "| worklist query | 0 | 1 |", "| C-GET | 0 | 1 |"} <= set(lines)
    assert {"| 0 | 200 | 30 | 90 | 1.0 |", "| 99 | 200 | 30 | 90 | 1.0 |"} <= set(lines)
    assert "Memory is flat: +0.0 MiB over the later two thirds, at most 24." in lines
    assert ["2 things are wrong.", "- worklist query: expected 1, got 0", "- C-GET: TimeoutError: no answer"] == lines[
        -3:
    ]
    rising = [Sample(at, at * 2**20, 30, 90, 2**20) for at in range(100)]
    assert "Memory is not flat: +66.0 MiB over the later two thirds, at most 24." in table.markdown(
        ledger.done, ledger.failed, {}, rising, []
    )
    assert [0, 33, 66, 99] == [each.at for each in at_intervals(rising, 4)]


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


class Forgetful(Hub):
    """A hub that shows every request with one image less than MPPS named."""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """What the clinic is shown."""
        if path.endswith("gone"):
            return 404, b"{}"
        told = {"state": "done", "performed": "COMPLETED", "instance_count": 2, "expected_count": 3}
        return 200, json.dumps(told).encode()


def test_an_examination_that_is_not_shown_as_it_was_is_told(tmp_path: Path) -> None:
    hub, ledger = Forgetful(tmp_path), Ledger()
    hub.tokens["SOAK1"] = "of nobody"
    assert [] == verdict.unfinished(hub, ledger)
    ledger.complete(Examined("1", 3, "SOAK1"))
    ledger.complete(Examined("gone", 3, "SOAK1"))
    short, gone = verdict.unfinished(hub, ledger, seconds=0)
    assert "request 1: 3 images were sent and named, told is ('done', 'COMPLETED', 2, 3)" == short
    assert gone.startswith("request gone: 3 images were sent and named, told is (404, ")


def test_a_proof_that_does_not_come_is_missed() -> None:
    with closing(Reports()) as reports, pytest.raises(TimeoutError, match="no N-EVENT-REPORT within 0 s"):
        reports.wait("2.25.1", 0)

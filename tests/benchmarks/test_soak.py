"""Proves that a small soak plays every deed against a real hub and loses nothing, and that its judges see faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from math import exp, sin
from pathlib import Path
from random import Random

import pytest

from benchmarks import objects
from benchmarks.commands import Command, run
from benchmarks.sink import Received
from benchmarks.soak import table, verdict
from benchmarks.soak.__main__ import soak
from benchmarks.soak.ledger import Abandoned, Examined, Ledger
from benchmarks.soak.reports import Reports
from benchmarks.soak.scanner import KINDS
from benchmarks.soak.watch import Sample, at_intervals, later, slope
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


MIB = 2**20


def series(resident: Callable[[float], float], *, minutes: float = 10) -> list[Sample]:
    """Two samples a second; `resident` in MiB by seconds."""
    return [Sample(each / 2, int(resident(each / 2) * MIB), 1, 1, 0) for each in range(int(minutes * 120))]


def plateau(at: float) -> float:
    """Rises by 60 MiB at first; then 8 MiB come and go, by the work of the moment and by a collector's turn."""
    return 200 - 60 * exp(-at / 45) + 4 * sin(at * 7) + (at % 50) / 50 * 4


def test_the_slope_is_what_the_later_half_rises_by_in_a_minute() -> None:
    assert 0 == slope([])
    assert 0 == slope(later(series(lambda at: 5 * min(at, 300))))
    assert 3 * MIB == pytest.approx(slope(later(series(lambda at: at / 20))), rel=1e-3)
    assert -3 * MIB == pytest.approx(slope(later(series(lambda at: 900 - at / 20))), rel=1e-3)


@pytest.mark.parametrize("minutes", [4.5, 10, 60])
def test_a_plateau_is_flat_and_a_leak_is_not(minutes: float) -> None:
    assert [] == verdict.grown(series(plateau, minutes=minutes))
    [said] = verdict.grown(series(lambda at: plateau(at) + at / 60 * 1.5, minutes=minutes))
    assert re.fullmatch(r"resident memory rises by [12]\.\d\d MiB a minute over the later half", said)


def test_a_leak_that_a_short_soak_hid_is_found() -> None:
    # Twelve MiB in ten minutes: half of what was once allowed, whatever the length.
    assert 1 == len(verdict.grown(series(lambda at: plateau(at) + at / 60 * 1.2)))


def test_too_short_a_time_is_not_judged() -> None:
    assert [
        "the later 60 s are too short to say whether memory rises: 120 s are wanted",
    ] == verdict.grown(series(plateau, minutes=2))
    assert [
        "the later 0 s are too short to say whether memory rises: 120 s are wanted",
        "the write-ahead log grew to 128 MiB",
    ] == verdict.grown([Sample(0, 0, 1, 1, 2**27)])


def test_the_table_tells_counts_failures_memory_and_the_verdict() -> None:
    ledger = Ledger()
    ledger.expect("stored", 0, 0)
    with pytest.raises(Abandoned):
        ledger.demand("worklist query", 1, 0)
    with pytest.raises(Abandoned), ledger.attempt("C-GET"):
        raise TimeoutError("no answer")
    flat = [Sample(at, 200 * 2**20, 30, 90, 2**20) for at in range(600)]
    lines = table.markdown(ledger.done, ledger.failed, {"proof": 1.25}, flat, ledger.wrong).splitlines()
    assert {"| stored | 1 | 0 |", "| worklist query | 0 | 1 |", "| C-GET | 0 | 1 |"} <= set(lines)
    assert {"| 0 | 200 | 30 | 90 | 1.0 |", "| 599 | 200 | 30 | 90 | 1.0 |"} <= set(lines)
    assert "Memory is flat: +0.00 MiB a minute over the later 299 s, at most 1.0." in lines
    assert ["2 things are wrong.", "- worklist query: expected 1, got 0", "- C-GET: TimeoutError: no answer"] == lines[
        -3:
    ]
    rising = [Sample(at, at * 2**20, 30, 90, 2**20) for at in range(601)]
    assert "Memory is not flat: +60.00 MiB a minute over the later 300 s, at most 1.0." in table.markdown(
        ledger.done, ledger.failed, {}, rising, []
    )
    short = table.markdown(ledger.done, ledger.failed, {}, rising[:100], [])
    assert "Memory is not judged: +60.00 MiB a minute over the later 49 s, at most 1.0." in short
    assert [0, 200, 400, 600] == [each.at for each in at_intervals(rising, 4)]


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


def test_commands_are_run_in_order_until_one_fails(tmp_path: Path) -> None:
    environ = {"DOKUEI_DATA": str(tmp_path / "data")}
    site = Command(["site", "add", "MINATO", "みなと診療所", "--ae-title", "MINATO_CT"])
    person = ["person", "add", "minato", "湊 一朗", "--site", "MINATO", "--role", "referring_doctor"]
    made, _, token = run(
        [site, Command([*person, "--password-stdin"], stdin="six words that nobody guesses"),
         Command(["token", "issue", "minato"])], environ,
    )  # fmt: skip
    assert "MINATO" in made
    assert token
    with pytest.raises(RuntimeError, match=r"^dokuei peer set NOBODY --services store: ") as failed:
        run([Command(["peer", "set", "NOBODY", "--services", "store"]), site], environ)
    assert "site add" not in str(failed.value)

"""`dokuei archive`: what an operator sees of sound and of harmed files, and the exit status that a script sees."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dokuei.cli.main import main
from dokuei.cli.operator import operator_at
from dokuei.doctor import examine
from dokuei.hub import Hub
from pacs_node.archive_care.tables import ArchiveRoundRow
from pacs_node.archive_care.worker import SCHEDULED
from pacs_node.ingest.service import Incoming
from shared_kernel.settings import Settings
from tests.support.objects import Part10, ct

OPERATOR = operator_at("MINATO", "みなと診療所")
Run = Callable[..., Result]


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    """A hub with one site, opened and taking instances."""
    with Hub.opened(settings) as hub:
        with hub.database.write() as session:
            hub.directory.add_site(session, "MINATO", "みなと診療所")
        with hub.ingest:
            yield hub


@pytest.fixture
def run(hub: Hub) -> Run:
    """Runs `dokuei archive` on the hub's data folder."""

    def run(*words: str) -> Result:
        runner = CliRunner()
        return runner.invoke(main, ["archive", *words, "--data", str(hub.settings.data)], catch_exceptions=False)

    return run


def stored(hub: Hub, **keywords: object) -> tuple[Part10, Path]:
    """A new image, and its file."""
    image = ct(**keywords)
    with hub.ingest.spool() as spool:
        spool.write(image.file)
        hub.ingest.store(Incoming(sender=OPERATOR, spool=spool, channel="import"))
    return image, hub.catalogue.instances(image.study)[0].path


def test_a_sound_archive(hub: Hub, run: Run) -> None:
    stored(hub)
    done = run("verify")
    assert (0, "検証 1 件、破損 0 件、欠落 0 件 / verified 1, damaged 0, missing 0\n") == (done.exit_code, done.stdout)


def test_damage_is_named_by_instance_study_and_site_and_the_doctor_tells_of_it(hub: Hub, run: Run) -> None:
    stored(hub)
    image, path = stored(hub)
    path.unlink()
    done = run("verify", "--all")
    assert 1 == done.exit_code
    for word in (image.sop_instance, image.study, "MINATO", "ファイルがありません", "欠落 1 件", "missing 1"):
        assert word in done.stdout
    [finding] = [each for each in examine(hub.settings) if each.subject == "archive"]
    assert (False, True) == (finding.well, image.sop_instance in finding.told)
    path.write_bytes(image.file)
    assert 0 == run("verify").exit_code
    assert [True] == [each.well for each in examine(hub.settings) if each.subject == "archive"]


def test_one_study_alone(hub: Hub, run: Run) -> None:
    _, path = stored(hub)
    image, _ = stored(hub)
    path.unlink()
    done = run("verify", "--study", image.study)
    assert (0, True) == (done.exit_code, "verified 1, damaged 0, missing 0" in done.stdout)
    unknown = run("verify", "--study", "1.2.3")
    assert (1, True) == (unknown.exit_code, "この検査はありません" in unknown.stderr)


def test_a_run_that_was_broken_off_goes_on(hub: Hub, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        stored(hub)
    calls = []

    def interrupted(*_: object, **__: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("rich.progress.Progress.advance", interrupted)
    assert 1 == run("verify").exit_code
    monkeypatch.undo()
    done = run("verify")
    assert "前回の続きから" in done.stderr
    assert "検証 3 件" in done.stdout
    assert "前回の続きから" not in run("verify").stderr


def test_days_are_those_of_japan(hub: Hub, run: Run) -> None:
    stored(hub)
    assert "検証 0 件" in run("verify", "--since", "2999-01-01").stdout
    assert "検証 1 件" in run("verify", "--since", "2020-01-01").stdout


@pytest.mark.parametrize("words", [("--all", "--study", "1.2"), ("--since", "yesterday")])
def test_wrong_words_are_answered_with_a_sentence(run: Run, words: tuple[str, ...]) -> None:
    assert 2 == run("verify", *words).exit_code


@pytest.fixture
def aside(hub: Hub) -> tuple[Part10, Path]:
    """An image that the index does not name, set aside."""
    image, path = ct(), hub.files.orphans / "2026" / "03" / "28" / "study" / "image.dcm"
    path.parent.mkdir(parents=True)
    path.write_bytes(image.file)
    return image, path


def test_no_orphans(run: Run) -> None:
    assert 0 == run("orphans").exit_code


def test_orphans_are_listed_and_left_alone(hub: Hub, run: Run, aside: tuple[Part10, Path]) -> None:
    image, path = aside
    path.with_name("letter.dcm").write_text("no image")
    done = run("orphans")
    assert 1 == done.exit_code
    for word in (image.study, image.sop_instance, str(path), f"{len(image.file)} B", "DICOM ではない", "2 件"):
        assert word in done.stdout
    assert image.file == path.read_bytes()
    assert hub.catalogue.study(image.study) is None


def test_orphans_are_taken_back_whole(hub: Hub, run: Run, aside: tuple[Part10, Path]) -> None:
    image, path = aside
    again = path.with_name("again.dcm")
    again.write_bytes(image.file)
    letter, cut = path.with_name("letter.dcm"), path.with_name("half.cut")
    letter.write_text("no image")
    cut.write_bytes(image.file[:-10])
    done = run("orphans", "--import", "--site", "MINATO")
    assert (1, True) == (done.exit_code, "残り 2 件" in done.stdout)
    assert "letter.dcm" in done.stderr
    [record] = hub.catalogue.instances(image.study)
    assert (image.file, "MINATO") == (record.path.read_bytes(), record.site_code)
    assert [False, False, True, True] == [each.exists() for each in (path, again, letter, cut)]


def test_a_file_that_lies_unnamed_in_the_archive(hub: Hub, run: Run) -> None:
    _, path = stored(hub)
    image, beside = ct(), path.with_name("unnamed.dcm")
    beside.write_bytes(image.file)
    assert 0 == run("orphans", "--everywhere").exit_code  # it may be on its way into the index
    os.utime(beside, (0, 0))
    assert 0 == run("orphans").exit_code
    assert str(beside) in run("orphans", "--everywhere").stdout
    assert 0 == run("orphans", "--everywhere", "--import", "--site", "MINATO").exit_code
    assert 1 == len(hub.catalogue.instances(image.study))
    assert not beside.exists()


def test_whose_studies_they_are_must_be_said(run: Run) -> None:
    assert 2 == run("orphans", "--import").exit_code


def test_the_doctor_tells_how_far_the_digests_are_and_of_a_round_that_takes_too_long(hub: Hub, run: Run) -> None:
    stored(hub)
    stored(hub)
    assert (True, "0 of 2 files have a digest") == _verification(hub)
    hub.care.run_once()  # too early for digests; the round begins
    with hub.database.write() as session:
        row = session.get_one(ArchiveRoundRow, SCHEDULED)
        row.started_at, row.finished_at = datetime(2020, 1, 1, tzinfo=UTC), None
    well, told = _verification(hub)
    assert (False, True) == (well, "round of 2020-01-01" in told)


def _verification(hub: Hub) -> tuple[bool, str]:
    [finding] = [each for each in examine(replace(hub.settings, verify_days=30)) if each.subject == "verification"]
    return finding.well, finding.told


def test_a_root_is_emptied_by_the_documented_steps(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    first, last = (root, settings.data), (settings.data, root)

    def on_root(roots: tuple[Path, ...], *words: str) -> Result:
        told = {"DOKUEI_STORAGE_ROOTS": ":".join(map(str, roots))}
        return CliRunner().invoke(main, ["archive", *words, "--data", str(settings.data)], env=told)

    with Hub.opened(replace(settings, storage_roots=first)) as hub:
        with hub.database.write() as session:
            hub.directory.add_site(session, "MINATO", "みなと診療所")
        with hub.ingest:
            image, path = stored(hub)
            broken, harmed = stored(hub)
    assert path.is_relative_to(root)
    good = harmed.read_bytes()
    harmed.unlink()

    done = on_root(last, "empty", str(root))
    assert (1, True) == (done.exit_code, "移動 1 件、残り 1 件 / moved 1, left 1" in done.stdout)
    harmed.parent.mkdir(parents=True, exist_ok=True)
    harmed.write_bytes(good)
    done = on_root(last, "empty", str(root))
    assert (0, True) == (done.exit_code, "移動 1 件、残り 0 件 / moved 1, left 0" in done.stdout)
    assert 0 == on_root(last, "verify").exit_code
    root.rename(tmp_path / "taken out")
    assert 0 == on_root((), "verify").exit_code
    with Hub.opened(settings) as hub, hub.ingest:
        for each in (image, broken):
            assert each.file == hub.catalogue.instances(each.study)[0].path.read_bytes()

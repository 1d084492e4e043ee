"""Proves that an operator can answer questions about patients, merge, look back, and have texts read anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dokuei.cli.main import main
from shared_kernel.clock import JST
from tests.support.objects import ct

Run = Callable[..., Result]
SATO = {"PatientName": "Sato^Jiro=佐藤^次郎", "PatientBirthDate": "19800505"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`dokuei` on a data folder with one site and two studies of one id that name two people."""

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *words])

    assert call("site", "add", "MINATO", "みなと診療所", "--ae-title", "MINATO_CT").exit_code == 0
    images = tmp_path / "images"
    images.mkdir()
    (images / "1.dcm").write_bytes(ct(StudyInstanceUID="1.2.1").file)
    assert call("study", "import", str(images / "1.dcm")).exit_code == 0
    (images / "2.dcm").write_bytes(ct(StudyInstanceUID="1.2.2", **SATO).file)
    assert call("study", "import", str(images / "2.dcm")).exit_code == 0
    return call


def question(run: Run) -> str:
    return run("patient", "questions").output.split()[0]


def test_a_question_tells_both_sides(run: Run) -> None:
    shown = run("patient", "questions").output
    differs = "氏名 / name, 生年月日 / birth date"
    for words in ("MINATO", "1.2.2", differs, "山田^太郎", "佐藤^次郎", "1970-01-02", "要確認 / open: 1"):
        assert words in shown


def test_matching_and_taking_back(run: Run) -> None:
    matched = run("patient", "match", question(run), "--holds", "known", "--reason", "改姓")
    assert (matched.exit_code, "open: 0" in run("patient", "questions").output) == (0, True)
    assert "改姓" in run("patient", "questions", "--resolved").output
    number = matched.output.split()[0]
    assert "同一患者 / match" in matched.output
    assert 0 == run("patient", "undo", number, "--reason", "取り違え").exit_code
    assert "open: 1" in run("patient", "questions").output
    history = run("patient", "history", "--study", "1.2.2").output.splitlines()
    assert [True, True] == [f"takes back {number}" in history[0], "taken back" in history[1]]


def test_times_are_japan_s(run: Run) -> None:
    before = datetime.now(JST)
    done = run("patient", "separate", "1.2.1", "--reason", "別人").output
    possible = {f"{at:%Y-%m-%d %H:%M}" for at in (before, datetime.now(JST))}
    assert possible & set(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?= )", done))


def test_correcting_and_separating(run: Run) -> None:
    said = ("--id", "P-9", "--ideographic", "佐藤^次郎", "--birth-date", "1980-05-05", "--reason", "誤入力")
    assert 0 == run("patient", "correct", "1.2.2", *said).exit_code
    assert re.search(r"P-9 +=佐藤\^次郎 +1980-05-05", run("patient", "find", "P-9").output)
    assert 0 == run("patient", "separate", "1.2.1", "--reason", "別人").exit_code


def test_merging_and_unmerging(run: Run) -> None:
    said = ("--id", "P-9", "--ideographic", "佐藤^次郎", "--reason", "誤入力")
    run("patient", "correct", "1.2.2", *said)
    numbers = [run("patient", "find", key).output.split()[0] for key in ("P-1", "P-9")]
    assert 0 == run("patient", "merge", *numbers, "--reason", "同一").exit_code
    assert f"one person with {numbers[1]}" in run("patient", "find", "P-1").output
    again = run("patient", "merge", *numbers, "--reason", "同一")
    assert (1, True) == (again.exit_code, "統合できません" in again.output)
    assert 0 == run("patient", "unmerge", numbers[0], "--reason", "誤り").exit_code
    assert 2 == len(run("patient", "history", "--patient", numbers[0]).output.splitlines())


@pytest.mark.parametrize(
    "words",
    [
        ("patient", "match", "nobody", "--holds", "known", "--reason", "x"),
        ("patient", "separate", "9.9", "--reason", "x"),
        ("patient", "separate", "1.2.1", "--reason", " "),
        ("patient", "undo", "77", "--reason", "x"),
        ("patient", "history"),
        ("study", "reindex"),
        ("study", "reindex", "--peer", "NOBODY"),
        ("study", "reindex", "--study", "9.9"),
    ],
)
def test_what_is_wrong_is_said(run: Run, words: tuple[str, ...]) -> None:
    failed = run(*words)
    assert failed.exit_code in {1, 2}
    assert "Traceback" not in failed.output
    assert isinstance(failed.exception, SystemExit)


def test_texts_are_read_anew(run: Run) -> None:
    assert "read 2, changed 0, unreadable files 0" in run("study", "reindex", "--since", "2020-01-01").output
    assert "read 1, changed 0, unreadable files 0" in run("study", "reindex", "--study", "1.2.1").output

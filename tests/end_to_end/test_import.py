"""`dokuei study import` beside a running hub: files and folders, each with its fate, by the rules of a C-STORE."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest

from test_data.small import small_ct_series
from tests.support.cases import case_of
from tests.support.hub_process import HubProcess, command
from tests.support.waiting import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with four instances in two levels, a text file and an empty one."""
    series = tmp_path / "disc" / "series"
    series.mkdir(parents=True)
    for number, data in enumerate(small_ct_series(seed=401, slices=4)):
        (series if number else series.parent).joinpath(f"{number}.dcm").write_bytes(data)
    (series / "readme.txt").write_text("これは画像ではありません")
    (series / "empty.dcm").write_bytes(b"")
    return tmp_path / "disc"


def test_a_folder_becomes_a_case_of_the_only_clinic_under_contract(hub: HubProcess, folder: Path) -> None:
    done = command(hub.data, "study", "import", str(folder))
    assert done.returncode == 1  # two files were refused, and a script should notice
    assert done.stdout.strip() == "stored 4, already there 0, refused 2"
    assert "readme.txt" in done.stderr
    assert "empty.dcm" in done.stderr
    assert "MINATO" in done.stderr

    study_uid = str(pydicom.dcmread(io.BytesIO(small_ct_series(seed=401)[0])).StudyInstanceUID)
    with hub.client("isha") as doctor:
        case = until(lambda: case_of(doctor, study_uid, "unread"), what="the imported study's case")
    assert case["instance_count"] == 4

    again = command(hub.data, "study", "import", str(folder / "series" / "1.dcm"), str(folder / "0.dcm"))
    assert (again.returncode, again.stdout.strip()) == (0, "stored 0, already there 2, refused 0")


def test_a_site_that_is_not_there_is_named(hub: HubProcess, folder: Path) -> None:
    failed = command(hub.data, "study", "import", "--site", "NOWHERE", str(folder))
    assert failed.returncode == 1
    assert "No site has this code" in failed.stderr


def test_without_any_site_it_says_what_to_do(tmp_path: Path, folder: Path) -> None:
    failed = command(tmp_path / "data", "study", "import", str(folder))
    assert failed.returncode == 2
    assert "dokuei site add" in failed.stderr
